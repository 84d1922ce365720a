/// Stretches of a day as a clock on the wall shows them: sorted, disjoint, not touching; none crosses midnight.
package struct DayHours: Hashable, Sendable {
  /// Minutes of the day, from 0 to 1440.
  package private(set) var ranges: [Range<Int>]

  package static let none = DayHours([])

  /// The union of `ranges` within the day.
  package init(_ ranges: some Sequence<Range<Int>>) {
    self.ranges = []
    for range in ranges.map({ $0.clamped(to: 0..<1440) }).filter({ !$0.isEmpty }).sorted(by: {
      $0.lowerBound < $1.lowerBound
    }) {
      if let last = self.ranges.last, range.lowerBound <= last.upperBound {
        self.ranges[self.ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        self.ranges.append(range)
      }
    }
  }

  /// The same; what is in order already, as a store gives it, is taken as it is.
  package init(_ ranges: [Range<Int>]) {
    self.ranges = Self.areInOrder(ranges) ? ranges : DayHours(AnySequence(ranges)).ranges
  }

  private static func areInOrder(_ ranges: [Range<Int>]) -> Bool {
    var end = -1
    for range in ranges {
      guard range.lowerBound > end, range.upperBound <= 1440, !range.isEmpty else { return false }
      end = range.upperBound
    }
    return true
  }

  package var isEmpty: Bool { ranges.isEmpty }
  package var minutes: Int { ranges.reduce(0) { $0 + $1.count } }
  package func contains(minute: Int) -> Bool { ranges.contains { $0.contains(minute) } }
}

/// The hours of an ordinary week.
package struct WeeklyHours: Hashable, Sendable {
  private var days: [DayHours]

  package init() { days = Array(repeating: .none, count: 7) }

  /// Hours as people say them: from one time to another. An end that is not after its start means the next day, so that
  /// Sunday 22:00–02:00 also opens two hours of Monday; 00:00–00:00 is the whole day. Monday is 1.
  package init(_ hours: some Sequence<(weekday: Int, start: CivilTime, end: CivilTime)>) {
    var days = Array(repeating: [Range<Int>](), count: 7)
    for (weekday, start, end) in hours {
      let today = modulo(weekday - 1, 7)
      if start < end {
        days[today].append(start.minutes..<end.minutes)
      } else {
        days[today].append(start.minutes..<1440)
        days[(today + 1) % 7].append(0..<end.minutes)
      }
    }
    self.days = days.map { DayHours($0) }
  }

  /// Monday is 1.
  package subscript(weekday: Int) -> DayHours {
    get { days[weekday - 1] }
    set { days[weekday - 1] = newValue }
  }

  package var isEmpty: Bool { days.allSatisfy(\.isEmpty) }
  package var minutes: Int { days.reduce(0) { $0 + $1.minutes } }
}
