import Core
import Time

/// The days a calendar shows.
struct CalendarSpan: Equatable, Sendable {
  enum View: String, Sendable { case day, week }

  let view: View
  let first: CivilDate

  /// - Parameter date: any day of the span.
  /// - Parameter firstWeekday: what the reader's weeks begin with; Monday is 1.
  init(_ view: View, holding date: CivilDate, firstWeekday: Int) {
    self.view = view
    first = view == .day ? date : date - (date.weekday - firstWeekday + 7) % 7
  }

  var count: Int { view == .day ? 1 : 7 }
  var days: [CivilDate] { (0..<count).map { first + $0 } }
  var previous: CivilDate { first - count }
  var next: CivilDate { first + count }

  func range(in zone: Zone) -> Range<Instant> { zone.day(first).lowerBound..<zone.day(first + (count - 1)).upperBound }
}

/// A lesson as a calendar shows it.
struct PlannedLesson: Equatable, Sendable {
  let id: ID<Booking>
  let party: Party
  let state: Reservation.State
  let during: Range<Instant>
  /// `during` with the buffers agreed with it; they are the tutor's.
  let blocked: Range<Instant>
  let subject: String
  /// The other of the two.
  let name: String

  var bufferBefore: Int { party == .tutor ? minutes(blocked.lowerBound..<during.lowerBound) : 0 }
  var bufferAfter: Int { party == .tutor ? minutes(during.upperBound..<blocked.upperBound) : 0 }
  private func minutes(_ range: Range<Instant>) -> Int {
    Int((range.upperBound - range.lowerBound).microseconds / 60_000_000)
  }
}

/// One day of a calendar, laid out by the clock on the wall: minute 540 of every day is nine o'clock, also on the days
/// when clocks are changed, so that the days of a week stand beside each other. A skipped hour is a hole; what happens in a
/// repeated one stands side by side.
struct CalendarDay: Equatable, Sendable {
  /// A stretch of the day's wall clock, in minutes; at least ``shortest`` long, so that it can be read and touched.
  struct Stretch: Equatable, Sendable {
    var start: Int
    var end: Int
    var length: Int { end - start }
  }

  struct Entry: Equatable, Sendable {
    let lesson: PlannedLesson
    let stretch: Stretch
    /// It began the day before; it goes on the day after.
    let comesOver: Bool
    let goesOver: Bool
    /// Which of how many beside each other, from 0.
    var lane = 0
    var lanes = 1
  }

  static let shortest = 15

  let date: CivilDate
  let entries: [Entry]
  /// Time kept free round a tutor's lessons.
  let buffers: [Stretch]
  /// Minutes of the wall clock that this day does not have.
  let skipped: Stretch?
  /// Minutes by which clocks jump forward (or back, below zero) on this day.
  let clockChange: Int

  init(_ date: CivilDate, in zone: Zone, _ lessons: [PlannedLesson]) {
    self.date = date
    let day = zone.day(date)
    func stretch(_ range: Range<Instant>, atLeast least: Int) -> Stretch? {
      let part = range.clamped(to: day)
      guard !part.isEmpty else { return nil }
      let start = zone.local(part.lowerBound).time.minutes
      let end = part.upperBound == day.upperBound ? 1440 : zone.local(part.upperBound).time.minutes
      // In a repeated hour the wall clock says too little of a length; then the length itself does.
      let real = Int((part.upperBound - part.lowerBound).microseconds / 60_000_000)
      return Stretch(start: start, end: min(1440, max(end > start ? end : start + real, start + least)))
    }
    var entries = lessons.compactMap { lesson -> Entry? in
      guard let stretch = stretch(lesson.during, atLeast: Self.shortest) else { return nil }
      return Entry(
        lesson: lesson, stretch: stretch, comesOver: lesson.during.lowerBound < day.lowerBound,
        goesOver: lesson.during.upperBound > day.upperBound)
    }
    Self.setLanes(&entries)
    self.entries = entries
    buffers = lessons.filter { $0.party == .tutor }.flatMap { lesson in
      [lesson.blocked.lowerBound..<lesson.during.lowerBound, lesson.during.upperBound..<lesson.blocked.upperBound]
        .compactMap { stretch($0, atLeast: 0) }
    }
    let changes = zone.transitions(in: day)
    clockChange = changes.reduce(0) { $0 + zone.offset($1) - zone.offset($1 - .microseconds(1)) } / 60
    if let change = changes.first, clockChange > 0 {
      let end = zone.local(change).time.minutes
      skipped = end >= clockChange ? Stretch(start: end - clockChange, end: end) : nil
    } else {
      skipped = nil
    }
  }

  /// What overlaps is put beside each other: each in the first lane that is free, and all that hang together in lanes of
  /// one width.
  static func setLanes(_ entries: inout [Entry]) {
    entries.sort { ($0.stretch.start, -$0.stretch.end) < ($1.stretch.start, -$1.stretch.end) }
    var group = 0
    var ends: [Int] = []
    func close(_ upTo: Int, _ entries: inout [Entry]) { for at in group..<upTo { entries[at].lanes = ends.count } }
    for at in entries.indices {
      let stretch = entries[at].stretch
      if let last = ends.max(), last <= stretch.start {
        close(at, &entries)
        group = at
        ends = []
      }
      if let lane = ends.firstIndex(where: { $0 <= stretch.start }) {
        entries[at].lane = lane
        ends[lane] = stretch.end
      } else {
        entries[at].lane = ends.count
        ends.append(stretch.end)
      }
    }
    close(entries.count, &entries)
  }

  /// The hours worth showing: the working day, and more where something happens earlier or later.
  static func hours(of days: [CalendarDay]) -> Range<Int> {
    let stretches = days.flatMap { $0.entries.map(\.stretch) + $0.buffers }
    let first = min(8, (stretches.map(\.start).min() ?? 1440) / 60)
    let last = max(20, ((stretches.map(\.end).max() ?? 0) + 59) / 60)
    return first..<last
  }
}
