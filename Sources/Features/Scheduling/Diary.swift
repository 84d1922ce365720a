package import Core
package import Postgres
package import Time

/// A tutor's rules and what tutor and learner have on around a time: everything that says whether that time can be had,
/// as one moment of the store knew it. Other rooms load it with what else they need, by ``Postgres/SQL/diary(around:for:ignoring:now:)``.
package struct Diary: Sendable, RowDecodable {
  /// Nothing while the tutor has set none: then no time can be had.
  package let rules: Availability.Rules?
  let taken: [Taken]

  static let empty = Diary()
  private init() { (rules, taken) = (nil, []) }

  package init(row: inout RowReader) throws {
    rules = try Availability.Rules(row: &row)
    taken = try row.next(rows: Taken.self)
  }

  /// Whether the tutor limits the lessons of a day or a week. What is counted must be kept from changing
  /// (``TutorTimes/lock(_:in:)``) until the lesson that is judged by it is stored: no constraint knows of it.
  package var hasLimits: Bool { rules?.dailyLimit != nil || rules?.weeklyLimit != nil }

  package func availability(lasting duration: Duration) -> Availability? {
    guard let rules else { return nil }
    return Availability(
      rules: rules, duration: duration, busy: taken.filter(\.isTutors).map(\.busy),
      own: taken.filter { !$0.isTutors }.map(\.busy.blocked))
  }

  /// Whether this stretch can be had, and every reason why not. A tutor without rules is never free.
  package func answer(for stretch: Range<Instant>, lasting duration: Duration? = nil, now: Instant)
    -> Availability.Answer
  {
    let length = duration ?? (stretch.isEmpty ? .minutes(1) : stretch.upperBound - stretch.lowerBound)
    guard let availability = availability(lasting: length) else {
      return .refused([.outsideHours(Zone.utc.date(stretch.lowerBound))])
    }
    return availability.answer(for: stretch, now: now)
  }
}
