import Time

/// A week of hours as a form holds it: texts in rows, right or wrong. Reading it gives hours or sentences, never both.
struct WeekDraft: Equatable, Sendable {
  struct Row: Equatable, Sendable {
    var start: String
    var end: String
    var isBlank: Bool { start.isEmpty && end.isEmpty }
  }

  enum Refusal: Error, Equatable, Sendable {
    /// One of the two times is missing, or neither can be read.
    case incomplete
    case endsBeforeStart
    /// It shares time with an earlier row of its day.
    case overlaps
    /// The day has more rows than ``mostRows``.
    case tooMany
  }

  /// Where a refusal belongs.
  struct Place: Hashable, Sendable {
    /// Monday is 1; 0 where there is one day only.
    let weekday: Int
    let row: Int
  }

  struct Refusals: Error, Equatable, Sendable {
    var byPlace: [Place: Refusal]
  }

  static let mostRows = 8

  /// Seven lists of rows, Monday first.
  var days: [[Row]]

  init(days: [[Row]] = Array(repeating: [], count: 7)) { self.days = days }

  init(_ hours: WeeklyHours) { days = (1...7).map { Self.rows(hours[$0]) } }

  static func rows(_ hours: DayHours) -> [Row] {
    hours.ranges.map { Row(start: Self.text($0.lowerBound), end: Self.text($0.upperBound)) }
  }

  /// Browsers know no 24:00: as an end, 00:00 stands for it.
  private static func text(_ minutes: Int) -> String {
    CivilTime(minutes: minutes % 1440)?.description ?? ""
  }

  subscript(weekday: Int) -> [Row] {
    get { days[weekday - 1] }
    set { days[weekday - 1] = newValue }
  }

  /// The same rows on other days, in place of theirs.
  mutating func copy(_ weekday: Int, to others: Set<Int>) {
    for other in others where other != weekday && (1...7).contains(other) {
      self[other] = self[weekday].filter { !$0.isBlank }
    }
  }

  /// The hours that the rows say. Blank rows say nothing.
  func read() throws(Refusals) -> WeeklyHours {
    var hours = WeeklyHours()
    var refusals = Refusals(byPlace: [:])
    for weekday in 1...7 {
      do throws(Refusals) { hours[weekday] = try Self.read(self[weekday], weekday: weekday) } catch {
        refusals.byPlace.merge(error.byPlace) { first, _ in first }
      }
    }
    guard refusals.byPlace.isEmpty else { throw refusals }
    return hours
  }

  /// The hours of one day.
  static func read(_ rows: [Row], weekday: Int = 0) throws(Refusals) -> DayHours {
    var ranges: [Range<Int>] = []
    var refusals = Refusals(byPlace: [:])
    for (at, row) in rows.enumerated() where !row.isBlank {
      let place = Place(weekday: weekday, row: at)
      guard let start = CivilTime(row.start), start < .endOfDay, let end = CivilTime(row.end) else {
        refusals.byPlace[place] = .incomplete
        continue
      }
      let last = end == .midnight ? 1440 : end.minutes
      guard start.minutes < last else {
        refusals.byPlace[place] = .endsBeforeStart
        continue
      }
      let range = start.minutes..<last
      if ranges.contains(where: { $0.overlaps(range) }) { refusals.byPlace[place] = .overlaps }
      ranges.append(range)
      if ranges.count > mostRows { refusals.byPlace[place] = .tooMany }
    }
    guard refusals.byPlace.isEmpty else { throw refusals }
    return DayHours(ranges)
  }
}
