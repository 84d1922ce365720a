package import Core
package import Time

/// What is stored of a tutor's rules, and which version of it this is.
package struct Timetable: Equatable, Sendable {
  package let tutor: ID<User>
  package let rules: Availability.Rules
  /// When the rules were last saved; a form gives it back, so that two tabs do not undo each other unseen.
  package let savedAt: Instant
  /// Words to the dates in ``Availability/Rules/overrides``.
  let notes: [CivilDate: String]
}

/// What search wants to know of a tutor: kept beside the tutor's listing, refreshed when rules or bookings change.
package struct OpeningFigures: Equatable, Sendable {
  /// The first three starts.
  package let next: [Instant]
  /// The hours of the week, in UTC from Monday 00:00, in which something can be begun during the coming two weeks: 168 of `0` and `1`,
  /// as PostgreSQL writes a `bit(168)`.
  package let mask: String
  /// When the figures stop being true by the mere passing of time.
  package let staleAt: Instant

  package static let lookahead: Duration = .days(14)

  init(_ availability: Availability, now: Instant) {
    let next = availability.next(3, now: now)
    self.next = next.map(\.starts)
    var hours = [UInt8](repeating: UInt8(ascii: "0"), count: 168)
    for opening in availability.openings(in: now..<now + Self.lookahead, now: now) {
      hours[Self.hourOfWeek(opening.starts)] = UInt8(ascii: "1")
    }
    mask = String(decoding: hours, as: UTF8.self)
    let tomorrow = now + .hours(24)
    staleAt =
      next.first.map { min(tomorrow, max(now, $0.starts - availability.rules.notice) + .seconds(1)) } ?? tomorrow
  }

  /// Nobody can book: there are no rules.
  init(noneAt now: Instant) {
    next = []
    mask = String(repeating: "0", count: 168)
    staleAt = now + .hours(24)
  }

  /// 0 is Monday 00:00 UTC.
  package static func hourOfWeek(_ instant: Instant) -> Int {
    let local = Zone.utc.local(instant)
    return (local.date.weekday - 1) * 24 + local.time.hour
  }
}
