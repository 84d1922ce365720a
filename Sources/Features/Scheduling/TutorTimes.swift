package import Core
import Jobs
package import Postgres
package import Time

/// What other rooms ask about a tutor's time. Everybody asks here, so that what is listed, held and confirmed is judged
/// by the same rules (``Availability``).
///
/// Every question takes what answers queries: the database, or the transaction in which the answer must hold.
package struct TutorTimes: Sendable {
  package init() {}

  /// The lengths a lesson may have, in minutes.
  package static let durations = [15, 30, 45, 60, 90, 120]

  /// A tutor's rules, or nothing while there are none. Single dates are those from the week before `now` on.
  package func timetable(of tutor: ID<User>, now: Instant, in store: some Querying) async throws -> Timetable? {
    try await store.first(.timetable(of: tutor, since: Zone.utc.date(now) - 8))
  }

  /// Every time of that length that begins in `range` and can be had, for `learner`'s own times too when one is given.
  package func openings(
    of tutor: ID<User>, lasting duration: Duration, in range: Range<Instant>, for learner: ID<User>? = nil,
    now: Instant,
    limit: Int = .max, in store: some Querying
  ) async throws -> [Availability.Opening] {
    guard
      let availability = try await availability(
        of: tutor, lasting: duration, around: range, for: learner, now: now, in: store)
    else { return [] }
    return availability.openings(in: range, now: now, limit: limit)
  }

  /// Whether this stretch can be had, and every reason why not. A tutor without rules is never free.
  ///
  /// - Parameter booking: one that is about to move, and therefore is not in its own way.
  package func answer(
    of tutor: ID<User>, for stretch: Range<Instant>, lasting duration: Duration? = nil, learner: ID<User>? = nil,
    ignoring booking: ID<Booking>? = nil, now: Instant, in store: some Querying
  ) async throws -> Availability.Answer {
    try await diary(of: tutor, around: stretch, for: learner, ignoring: booking, now: now, in: store)
      .answer(for: stretch, lasting: duration, now: now)
  }

  /// What is known of a tutor's time around `range`, and of the learner's. Empty without rules.
  package func diary(
    of tutor: ID<User>, around range: Range<Instant>, for learner: ID<User>? = nil,
    ignoring booking: ID<Booking>? = nil,
    now: Instant, in store: some Querying
  ) async throws -> Diary {
    try await store.first(.diary(of: tutor, around: range, for: learner, ignoring: booking, now: now)) ?? .empty
  }

  /// The next times of that length, from `now` or from a later instant on.
  package func next(
    _ count: Int, of tutor: ID<User>, lasting duration: Duration, from start: Instant? = nil,
    for learner: ID<User>? = nil,
    now: Instant, in store: some Querying
  ) async throws -> [Availability.Opening] {
    let range = (start ?? now)..<(start ?? now) + .days(366)
    guard
      let availability = try await availability(
        of: tutor, lasting: duration, around: range, for: learner, now: now, in: store)
    else { return [] }
    guard let start else { return availability.next(count, now: now) }
    var found: [Availability.Opening] = []
    var from = start
    let horizon = now + availability.rules.horizon
    while found.count < count, from < horizon {
      found += availability.openings(in: from..<from + .days(7), now: now, limit: count - found.count)
      from += .days(7)
    }
    return found
  }

  /// The rules with what is booked around `range`: for who asks several questions at once. Nothing without rules.
  package func availability(
    of tutor: ID<User>, lasting duration: Duration, around range: Range<Instant>, for learner: ID<User>? = nil,
    ignoring booking: ID<Booking>? = nil, now: Instant, in store: some Querying
  ) async throws -> Availability? {
    try await diary(of: tutor, around: range, for: learner, ignoring: booking, now: now, in: store)
      .availability(lasting: duration)
  }

  /// The figures for a tutor's listing. `duration` is the shortest lesson on offer.
  package func figures(
    of tutor: ID<User>, lasting duration: Duration = .hours(1), now: Instant, in store: some Querying
  ) async throws -> OpeningFigures {
    let range = now..<now + .days(366)
    guard let availability = try await availability(of: tutor, lasting: duration, around: range, now: now, in: store)
    else {
      return OpeningFigures(noneAt: now)
    }
    return OpeningFigures(availability, now: now)
  }

  /// Keeps the tutor's rules as they are, and others who ask for this waiting, until the transaction ends. The store's
  /// constraints refuse overlap by themselves; a limit holds only for who has asked for this before loading what it is
  /// judged by (``Diary/hasLimits``).
  package func lock(_ tutor: ID<User>, in tx: Transaction) async throws {
    _ = try await tx.all(Query<Instant>.lockedVersion(of: tutor))
  }

  /// Says that a tutor's bookings have changed; the listing follows soon after the commit. Rooms that write bookings call
  /// it in their transaction. Calling it often costs one job.
  package func changed(_ tutor: ID<User>, in tx: Transaction) async throws {
    try await tx.enqueue(RefreshFigures(tutor: tutor), key: tutor.description)
  }
}
