import Core
import Postgres
import Scheduling
import Time

/// Making a booking, from the page and from the API alike: judged by the tutor's rules, refused by the store, tried again
/// when only an overdue hold was in the way, and answered once however often the same request comes.
struct Making: Sendable {
  let database: Database
  let bookings: Bookings

  enum Outcome: Sendable {
    case made(Booked, KeptAnswer)
    /// This very request had been answered before.
    case repeated(KeptAnswer)
    /// The key names another request.
    case keyReused
  }

  /// - Parameters:
  ///   - diary: what is known of both people's time; loaded when it is not given.
  ///   - key: names the attempt; without one nothing is kept.
  ///   - request: what the attempt asks for, in full; not asked for without a key.
  ///   - answer: what is answered for a booking that was made.
  func make(
    _ new: NewBooking, knowing diary: Diary? = nil, channel: Channel, key: String?, request: @autoclosure () -> String,
    answer: @Sendable (Booked) -> KeptAnswer
  ) async throws -> Outcome {
    let request = key == nil ? "" : request()
    if let key, let earlier = try await earlier(new.learner, key, request) { return earlier }
    var known = diary
    var tries = 0
    while true {
      do {
        let diary = if let known { known } else { try await bookings.diary(for: new, in: database) }
        known = nil
        try bookings.judge(new.during, by: diary)
        let (booked, kept) = try await store(
          new, isLimited: diary.hasLimits, channel: channel, key: key, request: request, answer: answer)
        return .made(booked, kept)
      } catch let taken as Bookings.SlotTaken {
        // The same request may have been quicker than itself.
        if let key, let earlier = try await earlier(new.learner, key, request) { return earlier }
        // The store does not say whose time it was; the rules do, when they are asked again.
        tries += 1
        let isFreed = try await bookings.expireOverdue(
          in: new.blocked, of: new.offer.tutor, or: new.learner, database: database)
        guard tries < 3, isFreed || taken.isByStore else { throw taken }
      } catch let error as PostgresError where error.constraint == "one_answer_per_key" {
        guard let key, let earlier = try await earlier(new.learner, key, request) else { throw error }
        return earlier
      }
    }
  }

  /// A hold is one statement, and needs no transaction around it. What goes with a booking makes one: the answer that is
  /// kept, the letters of a free lesson, the limits that no constraint knows of.
  private func store(
    _ new: NewBooking, isLimited: Bool, channel: Channel, key: String?, request: String,
    answer: @Sendable (Booked) -> KeptAnswer
  ) async throws -> (Booked, KeptAnswer) {
    if key == nil, !isLimited, !new.reservation.price.isFree {
      let booked = try await bookings.hold(new, channel: channel, in: database)
      return (booked, answer(booked))
    }
    return try await database.transaction { tx in
      if isLimited { try await bookings.judgeAlone(new, in: tx) }
      let booked = try await bookings.book(new, channel: channel, in: tx)
      let kept = answer(booked)
      if let key { try tx.send(.keep(kept, of: new.learner, under: key, to: request, at: bookings.clock.now)) }
      return (booked, kept)
    }
  }

  private func earlier(_ user: ID<User>, _ key: String, _ request: String) async throws -> Outcome? {
    guard let (isSame, status, body) = try await database.first(.answer(of: user, under: key, to: request)) else {
      return nil
    }
    return isSame ? .repeated(KeptAnswer(status: status, body: body)) : .keyReused
  }
}
