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
  ///   - key: names the attempt; without one nothing is kept.
  ///   - request: what the attempt asks for, in full.
  ///   - answer: what is answered for a booking that was made.
  func make(
    _ new: NewBooking, channel: Channel, key: String?, request: String, answer: @Sendable (Booked) -> KeptAnswer
  ) async throws -> Outcome {
    if let key, let earlier = try await earlier(new.learner, key, request) { return earlier }
    var isSecondTry = false
    while true {
      do {
        let during = new.reservation.startsAt..<new.reservation.endsAt
        try await bookings.ensureOffered(during, of: new.offer.tutor, for: new.learner, in: database)
        let (booked, kept) = try await database.transaction { tx in
          let booked = try await bookings.book(new, channel: channel, in: tx)
          let kept = answer(booked)
          if let key { try await tx.run(.keep(kept, of: new.learner, under: key, to: request, at: bookings.clock.now)) }
          return (booked, kept)
        }
        return .made(booked, kept)
      } catch let taken as Bookings.SlotTaken {
        // The same request may have been quicker than itself.
        if let key, let earlier = try await earlier(new.learner, key, request) { return earlier }
        guard !isSecondTry,
          try await bookings.expireOverdue(in: new.blocked, of: new.offer.tutor, or: new.learner, database: database)
        else { throw taken }
        isSecondTry = true
      } catch let error as PostgresError where error.constraint == "one_answer_per_key" {
        guard let key, let earlier = try await earlier(new.learner, key, request) else { throw error }
        return earlier
      }
    }
  }

  private func earlier(_ user: ID<User>, _ key: String, _ request: String) async throws -> Outcome? {
    guard let (isSame, status, body) = try await database.first(.answer(of: user, under: key, to: request)) else {
      return nil
    }
    return isSame ? .repeated(KeptAnswer(status: status, body: body)) : .keyReused
  }
}
