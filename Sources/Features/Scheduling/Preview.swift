import Core
import Time

/// One coming day as the tutor's page shows it.
struct DayPreview: Equatable, Sendable {
  let date: CivilDate
  let hours: DayHours
  /// The date has hours of its own, or none.
  let isOverride: Bool
  /// One-hour lessons that can still be begun.
  let openings: Int
  let lessons: Int

  static func days(
    _ count: Int, of availability: Availability, lessons: [Range<Instant>], now: Instant
  ) -> [DayPreview] {
    let rules = availability.rules
    let today = rules.zone.date(now)
    let range = now..<rules.zone.day(today + count).lowerBound
    let starts = availability.openings(in: range, now: now).map { rules.zone.date($0.starts) }
    let open = starts.reduce(into: [CivilDate: Int]()) { $0[$1, default: 0] += 1 }
    let booked = lessons.map { rules.zone.date($0.lowerBound) }.reduce(into: [CivilDate: Int]()) {
      $0[$1, default: 0] += 1
    }
    return (0..<count).map { today + $0 }.map { date in
      DayPreview(
        date: date, hours: rules.hours(on: date), isOverride: rules.overrides[date] != nil,
        openings: open[date, default: 0],
        lessons: booked[date, default: 0])
    }
  }
}

/// A lesson booked for a time that the rules no longer offer. It stays; the tutor should know.
struct OutsideLesson: Equatable, Sendable {
  let booking: ID<Booking>
  let during: Range<Instant>

  static func among(_ taken: [Taken], rules: Availability.Rules, now: Instant) -> [OutsideLesson] {
    taken.filter { $0.isTutors && $0.busy.isLesson && $0.busy.during.upperBound > now }
      .filter { !rules.open(in: $0.busy.during).contains($0.busy.during) }
      .map { OutsideLesson(booking: $0.booking, during: $0.busy.during) }
      .sorted { $0.during.lowerBound < $1.during.lowerBound }
  }
}
