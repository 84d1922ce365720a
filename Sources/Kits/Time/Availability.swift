package import Core

/// When somebody's time can be had. The one place that knows: lists, holds, confirmations and the answer to "why not?"
/// all come from here, so that they cannot disagree.
///
/// An instant is *open* when the clock on the wall of the rules' zone then shows a time inside the hours of its date: the
/// date's override if there is one, its weekday's hours otherwise. So a skipped hour is never open, and a repeated one is
/// open twice. A stretch is *free* when
///
/// * it lasts ``duration``, in real time, also across a change of clocks;
/// * it begins on the grid: at a wall-clock minute of the day that is a whole multiple of the step;
/// * all of it is open;
/// * widened by the buffers it touches none of the ``Busy/blocked`` times, and bare it touches none of the asker's own;
/// * it begins no sooner than the notice and before the horizon, both counted from now in real time;
/// * its day and its week have not reached their limits; days and weeks (from Monday) are those of the rules' zone.
///
/// Values in, values out: it reads no clock and no store.
package struct Availability: Sendable {
  package struct Rules: Hashable, Sendable {
    package var zone: Zone
    package var hours: WeeklyHours
    /// What a date has instead of its weekday's hours; ``DayHours/none`` closes it.
    package var overrides: [CivilDate: DayHours]
    package var bufferBefore: Duration
    package var bufferAfter: Duration
    /// A start is at least so far off.
    package var notice: Duration
    /// A start is less than so far off.
    package var horizon: Duration
    /// Minutes from one possible start to the next; divides a day.
    package var step: Int
    /// Lessons that may begin in a day, in a week.
    package var dailyLimit: Int?
    package var weeklyLimit: Int?

    /// Traps when `step` does not divide a day: such a grid would not be the same on two days.
    package init(
      zone: Zone, hours: WeeklyHours, overrides: [CivilDate: DayHours] = [:], bufferBefore: Duration = .zero,
      bufferAfter: Duration = .zero, notice: Duration = .zero, horizon: Duration = .days(60), step: Int = 30,
      dailyLimit: Int? = nil, weeklyLimit: Int? = nil
    ) {
      precondition(step > 0 && 1440.isMultiple(of: step), "a step of \(step) minutes does not divide a day")
      self.zone = zone
      self.hours = hours
      self.overrides = overrides
      self.bufferBefore = bufferBefore
      self.bufferAfter = bufferAfter
      self.notice = notice
      self.horizon = horizon
      self.step = step
      self.dailyLimit = dailyLimit
      self.weeklyLimit = weeklyLimit
    }

    package func hours(on date: CivilDate) -> DayHours { overrides[date] ?? hours[date.weekday] }

    /// All open instants of `range`.
    package func open(in range: Range<Instant>) -> InstantSet {
      var ranges: [Range<Instant>] = []
      for segment in zone.segments(in: range) {
        // Inside a segment clocks run evenly, so that wall clock and time line differ by a constant.
        let offset = Int64(segment.offset)
        var date = CivilDate(dayNumber: Int(floorDivide(segment.range.lowerBound.seconds + offset, 86_400)))
        while true {
          let midnight = Int64(date.dayNumber) * 86_400 - offset
          guard Instant(seconds: midnight) < segment.range.upperBound else { break }
          for hours in hours(on: date).ranges {
            let start = Instant(seconds: midnight + Int64(hours.lowerBound) * 60)
            let end = Instant(seconds: midnight + Int64(hours.upperBound) * 60)
            let clipped = (start..<end).clamped(to: segment.range)
            if !clipped.isEmpty { ranges.append(clipped) }
          }
          date = date + 1
        }
      }
      return InstantSet(ranges)
    }

    /// Whether a clock on the wall shows a multiple of the step, and no seconds, at `instant`.
    package func isOnGrid(_ instant: Instant) -> Bool {
      instant.microseconds % 1_000_000 == 0
        && modulo(instant.seconds + Int64(zone.offset(instant)), Int64(step) * 60) == 0
    }

    /// All grid points in `range`, in order.
    package func grid(in range: Range<Instant>) -> [Instant] {
      let step = Int64(step) * 60
      var points: [Instant] = []
      for segment in zone.segments(in: range) {
        let offset = Int64(segment.offset)
        // The first whole second in the segment, then up to the next multiple.
        let first = segment.range.lowerBound.seconds + (segment.range.lowerBound.microseconds % 1_000_000 == 0 ? 0 : 1)
        var at = first + modulo(-(first + offset), step)
        while Instant(seconds: at) < segment.range.upperBound {
          points.append(Instant(seconds: at))
          at += step
        }
      }
      return points
    }
  }

  /// Time that is taken already.
  package struct Busy: Hashable, Sendable {
    package let during: Range<Instant>
    /// `during` with the buffers that were agreed with it.
    package let blocked: Range<Instant>
    /// Whether it counts against the daily and weekly limits.
    package let isLesson: Bool

    package init(during: Range<Instant>, blocked: Range<Instant>? = nil, isLesson: Bool = true) {
      self.during = during
      self.blocked = blocked ?? during
      self.isLesson = isLesson
    }
  }

  /// A stretch that can be had.
  package struct Opening: Hashable, Sendable {
    package let starts: Instant
    package let ends: Instant
    package init(starts: Instant, ends: Instant) {
      self.starts = starts
      self.ends = ends
    }
    package var range: Range<Instant> { starts..<ends }

    /// Where the night ends for people who look for a time.
    package static let morning = CivilTime(6, 0)!

    /// A day's openings in order: those of the night, when hardly anybody learns and which may stand back, and the others.
    /// None are of the night when there are no others, or when they are one or two.
    package static func byNight(_ day: [Opening], in zone: Zone) -> (
      night: ArraySlice<Opening>, rest: ArraySlice<Opening>
    ) {
      let end = day.firstIndex { zone.local($0.starts).time >= morning }
      let night = day[..<(end.flatMap { $0 > 2 ? $0 : nil } ?? 0)]
      return (night, day[night.endIndex...])
    }
  }

  package enum Reason: Hashable, Sendable {
    /// The stretch is not ``Availability/duration`` long.
    case wrongLength
    /// It begins before this instant.
    case tooSoon(earliest: Instant)
    /// It begins at or after this instant.
    case beyondHorizon(latest: Instant)
    /// The override of this date closes it, or gives it hours that do not hold the stretch.
    case override(CivilDate)
    /// The weekday's hours of this date do not hold it.
    case outsideHours(CivilDate)
    /// Clocks do not show a multiple of the step when it begins.
    case offGrid(step: Int)
    /// Something else is on then.
    case busy(Range<Instant>)
    /// It would come too close to something else.
    case buffer(Range<Instant>)
    /// The asker has something else on then.
    case ownTime(Range<Instant>)
    case dailyLimit(CivilDate, Int)
    /// The week of this Monday.
    case weeklyLimit(CivilDate, Int)
  }

  package enum Answer: Hashable, Sendable {
    case free
    /// Every reason, not only the first.
    case refused([Reason])
  }

  package let rules: Rules
  package let duration: Duration
  private let busy: [Busy]
  private let blocked: InstantSet
  private let own: [Range<Instant>]
  private let ownSet: InstantSet
  private let lessonsOfDay: [CivilDate: Int]
  private let lessonsOfWeek: [CivilDate: Int]

  /// - Parameters:
  ///   - duration: how long a stretch lasts; more than nothing.
  ///   - busy: what takes the time of whoever has the rules, in any order. For limits to hold at the edges, all of a week.
  ///   - own: what takes the time of whoever asks.
  package init(rules: Rules, duration: Duration, busy: [Busy] = [], own: [Range<Instant>] = []) {
    precondition(duration > .zero)
    self.rules = rules
    self.duration = duration
    self.busy = busy.sorted { $0.during.lowerBound < $1.during.lowerBound }
    blocked = InstantSet(busy.map(\.blocked))
    self.own = own.sorted { $0.lowerBound < $1.lowerBound }
    ownSet = InstantSet(own)
    let dates =
      rules.dailyLimit == nil && rules.weeklyLimit == nil
      ? [] : busy.filter(\.isLesson).map { rules.zone.date($0.during.lowerBound) }
    lessonsOfDay = dates.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    lessonsOfWeek = dates.reduce(into: [:]) { $0[$1.monday, default: 0] += 1 }
  }

  /// The stretch that begins at `start`.
  package func stretch(at start: Instant) -> Range<Instant> { start..<start + duration }

  /// Every free stretch that begins in `range`, in order, `limit` at most. They overlap when the step is shorter than the
  /// duration: each can be had, not all of them.
  package func openings(in range: Range<Instant>, now: Instant, limit: Int = .max) -> [Opening] {
    let range = range.clamped(to: window(now))
    guard !range.isEmpty else { return [] }
    var openings: [Opening] = []
    for run in rules.open(in: range.lowerBound..<range.upperBound + duration).ranges {
      // The last start that fits is inside; `run` is half-open, the grid asks for one microsecond more.
      let end = min(run.upperBound - duration + .microseconds(1), range.upperBound)
      guard run.lowerBound < end else { continue }
      for start in rules.grid(in: run.lowerBound..<end) where isUntaken(start) {
        guard openings.count < limit else { return openings }
        openings.append(Opening(starts: start, ends: start + duration))
      }
    }
    return openings
  }

  /// The first `count` free stretches from now on. Looks week by week, so that near ones are found without laying out the
  /// whole horizon.
  package func next(_ count: Int, now: Instant) -> [Opening] {
    var openings: [Opening] = []
    let window = window(now)
    var from = window.lowerBound
    while openings.count < count, from < window.upperBound {
      let until = min(from + .days(7), window.upperBound)
      openings += self.openings(in: from..<until, now: now, limit: count - openings.count)
      from = until
    }
    return openings
  }

  /// Whether `stretch` can be had, and if not, every reason why. Free exactly when ``openings(in:now:limit:)`` lists it.
  package func answer(for stretch: Range<Instant>, now: Instant) -> Answer {
    var reasons: [Reason] = []
    let start = stretch.lowerBound
    if stretch.upperBound - start != duration { reasons.append(.wrongLength) }
    let window = window(now)
    if start < window.lowerBound { reasons.append(.tooSoon(earliest: window.lowerBound)) }
    if start >= window.upperBound { reasons.append(.beyondHorizon(latest: window.upperBound)) }
    if !rules.isOnGrid(start) { reasons.append(.offGrid(step: rules.step)) }
    if let hole = InstantSet(stretch).subtracting(rules.open(in: stretch)).ranges.first {
      let date = rules.zone.date(hole.lowerBound)
      reasons.append(rules.overrides[date] == nil ? .outsideHours(date) : .override(date))
    }
    let widened = widened(stretch)
    for other in busy where other.blocked.overlaps(widened) {
      reasons.append(other.during.overlaps(stretch) ? .busy(other.during) : .buffer(other.during))
    }
    for other in own where other.overlaps(stretch) { reasons.append(.ownTime(other)) }
    reasons += limits(on: rules.zone.date(start))
    return reasons.isEmpty ? .free : .refused(reasons)
  }

  /// The starts that notice and horizon allow.
  private func window(_ now: Instant) -> Range<Instant> {
    let earliest = now + rules.notice
    return earliest..<max(earliest, now + rules.horizon)
  }

  private func widened(_ stretch: Range<Instant>) -> Range<Instant> {
    stretch.lowerBound - rules.bufferBefore..<stretch.upperBound + rules.bufferAfter
  }

  private func isUntaken(_ start: Instant) -> Bool {
    let stretch = stretch(at: start)
    if blocked.overlaps(widened(stretch)) || ownSet.overlaps(stretch) { return false }
    return lessonsOfDay.isEmpty && rules.dailyLimit != 0 && rules.weeklyLimit != 0
      || limits(on: rules.zone.date(start)).isEmpty
  }

  private func limits(on date: CivilDate) -> [Reason] {
    var reasons: [Reason] = []
    if let limit = rules.dailyLimit, lessonsOfDay[date, default: 0] >= limit {
      reasons.append(.dailyLimit(date, limit))
    }
    if let limit = rules.weeklyLimit, lessonsOfWeek[date.monday, default: 0] >= limit {
      reasons.append(.weeklyLimit(date.monday, limit))
    }
    return reasons
  }
}
