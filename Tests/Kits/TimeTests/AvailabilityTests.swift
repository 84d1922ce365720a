import Core
import Glibc
import TestDatabase
import Testing
import Time

private let berlin = Zone("Europe/Berlin")!

private func weekly(_ weekday: Int, _ start: String, _ end: String) -> WeeklyHours {
  WeeklyHours([(weekday, CivilTime(start)!, CivilTime(end)!)])
}

private let everyDay = WeeklyHours((1...7).map { ($0, CivilTime.midnight, CivilTime.endOfDay) })

@Suite struct AvailabilityTests {
  @Test func `hours keep their place on the clock when clocks change`() {
    // Mondays 09:00–11:00 in Berlin: 07:00Z in summer, 08:00Z in winter.
    let rules = Availability.Rules(zone: berlin, hours: weekly(1, "09:00", "11:00"), horizon: .days(30), step: 60)
    let openings = Availability(rules: rules, duration: .hours(1))
      .openings(
        in: instant("2026-10-19T00:00:00Z")..<instant("2026-11-03T00:00:00Z"), now: instant("2026-10-18T00:00:00Z"))
    #expect(
      openings.map(\.starts.rfc3339) == [
        "2026-10-19T07:00:00Z", "2026-10-19T08:00:00Z", "2026-10-26T08:00:00Z", "2026-10-26T09:00:00Z",
        "2026-11-02T08:00:00Z",
        "2026-11-02T09:00:00Z",
      ])
  }

  @Test func `a night's openings stand apart, unless they are few or all there is`() {
    func starts(_ times: String...) -> [Availability.Opening] {
      times.map {
        let start = instant("2026-11-24T\($0):00Z")
        return Availability.Opening(starts: start, ends: start + .hours(1))
      }
    }
    // Berlin is an hour ahead: 05:00Z is six in the morning.
    let day = starts("00:00", "02:00", "04:45", "05:00", "12:00")
    let (night, rest) = Availability.Opening.byNight(day, in: berlin)
    #expect(Array(night) == Array(day[..<3]) && Array(rest) == Array(day[3...]))
    for whole in [starts("02:00", "04:45", "05:00"), starts("00:00", "01:00", "02:00", "03:00"), starts("05:00"), []] {
      let (night, rest) = Availability.Opening.byNight(whole, in: berlin)
      #expect(night.isEmpty && Array(rest) == whole)
    }
  }

  @Test func `a lesson lasts its real time across a change, a skipped hour is never offered, a repeated one twice`() {
    let rules = Availability.Rules(zone: berlin, hours: weekly(7, "01:00", "04:00"), horizon: .days(400), step: 60)
    let availability = Availability(rules: rules, duration: .hours(1))
    let now = instant("2026-10-01T00:00:00Z")
    let autumn = availability.openings(in: berlin.day(CivilDate(2026, 10, 25)!), now: now)
    #expect(autumn.map { berlin.local($0.starts).time.description } == ["01:00", "02:00", "02:00", "03:00"])
    #expect(autumn.allSatisfy { $0.ends - $0.starts == .hours(1) })
    let spring = availability.openings(in: berlin.day(CivilDate(2027, 3, 28)!), now: now)
    #expect(spring.map { berlin.local($0.starts).time.description } == ["01:00", "03:00"])
    #expect(spring[0].ends == spring[1].starts)
  }

  @Test func `hours over midnight are whole, also when written as two halves`() {
    let crossing = WeeklyHours([(weekday: 7, start: CivilTime(22, 0)!, end: CivilTime(2, 0)!)])
    let halves = WeeklyHours([
      (weekday: 7, start: CivilTime(22, 0)!, end: .endOfDay), (weekday: 1, start: .midnight, end: CivilTime(2, 0)!),
    ])
    #expect(crossing == halves)
    let availability = Availability(rules: .init(zone: berlin, hours: crossing), duration: .hours(3))
    let found = availability.next(9, now: instant("2026-11-20T00:00:00Z")).prefix(3)
    #expect(found.map { berlin.local($0.starts).time.description } == ["22:00", "22:30", "23:00"])
    #expect(WeeklyHours([(weekday: 3, start: .midnight, end: .midnight)])[3].minutes == 1440)
  }

  @Test func `every refusal names its reason`() throws {
    let monday = CivilDate(2026, 11, 23)!
    var rules = Availability.Rules(
      zone: berlin, hours: weekly(1, "09:00", "17:00"),
      overrides: [monday + 7: .none, monday + 14: DayHours([600..<660])],
      bufferBefore: .minutes(15), bufferAfter: .minutes(10), notice: .hours(12), horizon: .days(20), step: 30)
    let now = instant("2026-11-22T21:30:00Z")
    func at(_ date: CivilDate, _ time: String, minutes: Int = 60) -> Range<Instant> {
      let start = berlin.instant(of: date, CivilTime(time)!)
      return start..<start + .minutes(minutes)
    }
    let lesson = at(monday, "12:00")
    let busy = [
      Availability.Busy(during: lesson, blocked: lesson.lowerBound - .minutes(15)..<lesson.upperBound + .minutes(10))
    ]
    let own = [at(monday, "16:00", minutes: 30)]
    func answer(_ stretch: Range<Instant>) -> Availability.Answer {
      Availability(rules: rules, duration: .hours(1), busy: busy, own: own).answer(for: stretch, now: now)
    }
    #expect(answer(at(monday, "14:00")) == .free)
    #expect(answer(at(monday, "14:00", minutes: 30)) == .refused([.wrongLength]))
    #expect(answer(at(monday, "10:00")) == .refused([.tooSoon(earliest: now + .hours(12))]))
    #expect(answer(at(monday, "14:10")) == .refused([.offGrid(step: 30)]))
    #expect(answer(at(monday, "08:30")) == .refused([.tooSoon(earliest: now + .hours(12)), .outsideHours(monday)]))
    #expect(answer(at(monday, "16:30")) == .refused([.outsideHours(monday)]))
    #expect(answer(at(monday + 1, "10:00")) == .refused([.outsideHours(monday + 1)]))
    #expect(answer(at(monday + 7, "10:00")) == .refused([.override(monday + 7)]))
    #expect(answer(at(monday + 14, "10:00")) == .free)
    #expect(answer(at(monday + 14, "11:00")) == .refused([.override(monday + 14)]))
    #expect(answer(at(monday + 21, "10:00")) == .refused([.beyondHorizon(latest: now + .days(20))]))
    #expect(answer(at(monday, "12:30")) == .refused([.busy(lesson)]))
    #expect(answer(at(monday, "13:00")) == .refused([.buffer(lesson)]))
    #expect(answer(at(monday, "11:00")) == .refused([.buffer(lesson)]))
    #expect(answer(at(monday, "15:30")) == .refused([.ownTime(own[0])]))
    rules.dailyLimit = 1
    #expect(answer(at(monday, "14:00")) == .refused([.dailyLimit(monday, 1)]))
    rules.weeklyLimit = 1
    #expect(answer(at(monday, "14:00")) == .refused([.dailyLimit(monday, 1), .weeklyLimit(monday, 1)]))
    #expect(answer(at(monday + 14, "10:00")) == .free)
  }

  @Test func `notice and horizon are instants, to the microsecond, also on the day clocks change`() {
    let rules = Availability.Rules(zone: berlin, hours: everyDay, notice: .hours(2), horizon: .hours(26), step: 15)
    let availability = Availability(rules: rules, duration: .minutes(15))
    // 25 October 2026 has 25 hours.
    let now = instant("2026-10-24T22:00:00Z")
    let all = sweep.lowerBound..<sweep.upperBound
    let openings = availability.openings(in: all, now: now)
    #expect(
      openings.first?.starts == now + .hours(2) && openings.last?.ends == now + .hours(26) && openings.count == 96)
    #expect(availability.openings(in: all, now: now + .microseconds(1)).first?.starts == now + .hours(2) + .minutes(15))
    #expect(availability.openings(in: all, now: now + .microseconds(1)).last?.starts == now + .hours(26))
    #expect(availability.next(3, now: now) == Array(openings.prefix(3)))
    #expect(availability.openings(in: all, now: now, limit: 5) == Array(openings.prefix(5)))
  }

  @Test func `around every change of every zone, what is open is what clocks show, and what is listed is free`() {
    let hours = WeeklyHours((1...7).map { ($0, CivilTime(0, 30)!, CivilTime(3, 15)!) })
    var checked = 0
    let took = ContinuousClock().measure {
      for zone in everyZone {
        let rules = Availability.Rules(zone: zone, hours: hours, horizon: .days(20_000), step: 30)
        let availability = Availability(rules: rules, duration: .minutes(45))
        for change in zone.transitions(in: sweep) {
          let range = change - .hours(6)..<change + .hours(6)
          let open = rules.open(in: range)
          let starts = Set(availability.openings(in: range, now: sweep.lowerBound - .days(1)).map(\.starts))
          var at = range.lowerBound - .seconds(modulo(range.lowerBound.seconds, 900)) + .minutes(15)
          while at < range.upperBound {
            checked += 1
            let local = zone.local(at)
            let isOpen = (30..<195).contains(local.time.minutes)
            if open.contains(at) != isOpen { Issue.record("\(zone) \(at) shows \(local.time)") }
            let isFree = availability.answer(for: at..<at + .minutes(45), now: sweep.lowerBound - .days(1)) == .free
            if starts.contains(at) != isFree { Issue.record("\(zone) \(at): listed is not free") }
            at += .minutes(15)
          }
        }
      }
    }
    #expect(checked > 800_000)
    print("availability sweep: \(checked) quarters in \(took)")
  }

  /// The semantics once more, minute by minute and without any arithmetic on sets. `SEED` repeats a run, `COUNT` lengthens it.
  @Test func `random rules agree with the definition, minute by minute`() {
    let seed = getenv("SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_120
    let count = getenv("COUNT").flatMap { Int(String(cString: $0)) } ?? 150
    print("availability oracle: SEED=\(seed) COUNT=\(count)")
    var dice = Dice(seed)
    var free = 0
    for round in 0..<count {
      let world = World(&dice)
      let availability = world.availability
      let listed = availability.openings(in: world.range, now: world.now)
      let starts = Set(listed.map(\.starts))
      var expected: [Instant] = []
      var at = world.range.lowerBound
      while at < world.range.upperBound {
        let stretch = at..<at + world.duration
        let isFree = world.isFree(stretch)
        if isFree { expected.append(at) }
        let answer = availability.answer(for: stretch, now: world.now)
        if (answer == .free) != isFree || starts.contains(at) != isFree {
          Issue.record("SEED=\(seed) round \(round): \(at) is \(isFree ? "free" : "taken"), answered \(answer)")
          return
        }
        at += .minutes(1)
      }
      #expect(listed.map(\.starts) == expected, "SEED=\(seed) round \(round)")
      #expect(availability.openings(in: world.range, now: world.now, limit: 7) == Array(listed.prefix(7)))
      free += listed.count
    }
    // Worlds in which nobody is ever free would prove little.
    #expect(free > count)
  }

  @Test func `a month of slots takes less than a millisecond`() {
    let rules = Availability.Rules(
      zone: berlin,
      hours: WeeklyHours(
        (1...6).flatMap { day in
          [
            (weekday: day, start: CivilTime(9, 0)!, end: CivilTime(12, 0)!),
            (weekday: day, start: CivilTime(14, 0)!, end: CivilTime(20, 0)!),
          ]
        }), horizon: .days(60), step: 15, dailyLimit: 8)
    let now = instant("2026-11-20T08:00:00Z")
    let busy = (0..<40).map { n in
      Availability.Busy(during: now + .hours(n * 17)..<now + .hours(n * 17 + 1))
    }
    var found = 0
    var best = Duration.seconds(9)
    for _ in 0..<20 {
      best = min(
        best,
        ContinuousClock().measure {
          found =
            Availability(rules: rules, duration: .hours(1), busy: busy).openings(in: now..<now + .days(31), now: now)
            .count
        })
    }
    print("a month: \(found) openings in \(best)")
    #expect(found > 500)
    #expect(best < .milliseconds(5))
  }
}

extension Dice {
  mutating func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

private struct World {
  let rules: Availability.Rules
  let duration: Duration
  let busy: [Availability.Busy]
  let own: [Range<Instant>]
  let now: Instant
  let range: Range<Instant>
  private let minutes: [Int: Set<Int>]
  private let overrides: [CivilDate: Set<Int>]

  init(_ dice: inout Dice) {
    let zone = everyZone.randomElement(using: &dice)!
    // Most rounds look at days around a change of clocks.
    let changes = zone.transitions(in: sweep)
    let middle =
      dice.roll(0...3) > 0 && !changes.isEmpty
      ? changes.randomElement(using: &dice)! : sweep.lowerBound + .minutes(dice.roll(0...20_000_000))
    let start = Instant(seconds: middle.seconds / 60 * 60) - .hours(dice.roll(20...60))
    range = start..<start + .hours(dice.roll(40...110))
    now = start - .minutes(dice.roll(-600...4000)) + .microseconds(dice.roll(0...1) * dice.roll(0...999_999))

    func hours(_ dice: inout Dice) -> [(Int, Int)] {
      (0..<dice.roll(0...3)).map { _ in
        (dice.roll(0...95) * 15, dice.roll(0...4) == 0 ? 1440 : dice.roll(0...96) * 15)
      }
    }
    var minutes: [Int: Set<Int>] = [:]
    var weekly: [(weekday: Int, start: CivilTime, end: CivilTime)] = []
    for weekday in 1...7 {
      for (start, end) in hours(&dice) {
        weekly.append((weekday, CivilTime(minutes: start)!, CivilTime(minutes: end)!))
        for minute in start..<(start < end ? end : end + 1440) {
          minutes[(weekday - 1 + minute / 1440) % 7 + 1, default: []].insert(minute % 1440)
        }
      }
    }
    var overrides: [CivilDate: DayHours] = [:]
    var overrideMinutes: [CivilDate: Set<Int>] = [:]
    for _ in 0..<dice.roll(0...3) {
      let date = zone.date(start) + dice.roll(0...5)
      let ranges = hours(&dice).filter { $0.0 < $0.1 }.map { $0.0..<$0.1 }
      overrides[date] = DayHours(ranges)
      overrideMinutes[date] = Set(ranges.joined())
    }
    self.minutes = minutes
    self.overrides = overrideMinutes
    rules = Availability.Rules(
      zone: zone, hours: WeeklyHours(weekly), overrides: overrides, bufferBefore: .minutes(dice.roll(0...3) * 10),
      bufferAfter: .minutes(dice.roll(0...3) * 5), notice: .minutes(dice.roll(0...1) * dice.roll(0...3000)),
      horizon: .minutes(dice.roll(1...20_000)), step: [15, 20, 30, 60].randomElement(using: &dice)!,
      dailyLimit: dice.roll(0...2) == 0 ? dice.roll(0...3) : nil,
      weeklyLimit: dice.roll(0...3) == 0 ? dice.roll(0...5) : nil)
    duration = .minutes([15, 30, 45, 60, 90, 120].randomElement(using: &dice)!)
    var busy: [Availability.Busy] = []
    for _ in 0..<dice.roll(0...8) {
      let at = range.lowerBound + .minutes(dice.roll(-500...6500))
      let during = at..<at + .minutes(dice.roll(1...120))
      busy.append(
        .init(
          during: during,
          blocked: during.lowerBound - .minutes(dice.roll(0...20))..<during.upperBound + .minutes(dice.roll(0...20)),
          isLesson: dice.roll(0...4) > 0))
    }
    self.busy = busy
    var own: [Range<Instant>] = []
    for _ in 0..<dice.roll(0...3) {
      let at = range.lowerBound + .minutes(dice.roll(0...6000))
      own.append(at..<at + .minutes(dice.roll(1...90)))
    }
    self.own = own
  }

  var availability: Availability { Availability(rules: rules, duration: duration, busy: busy, own: own) }

  /// Nothing here knows of sets, segments or sorted things.
  func isFree(_ stretch: Range<Instant>) -> Bool {
    let start = stretch.lowerBound
    guard start - now >= rules.notice, start - now < rules.horizon else { return false }
    let zone = rules.zone
    let local = zone.local(start)
    guard local.second == 0, local.time.minutes % rules.step == 0 else { return false }
    var minute = start
    while minute < stretch.upperBound {
      let local = zone.local(minute)
      let open = overrides[local.date] ?? minutes[local.date.weekday] ?? []
      guard open.contains(local.time.minutes) else { return false }
      minute += .minutes(1)
    }
    for other in busy
    where other.blocked.lowerBound < stretch.upperBound + rules.bufferAfter
      && start - rules.bufferBefore < other.blocked.upperBound
    { return false }
    for other in own where other.lowerBound < stretch.upperBound && start < other.upperBound { return false }
    let lessons = busy.filter(\.isLesson).map { zone.date($0.during.lowerBound) }
    if let limit = rules.dailyLimit, lessons.count(where: { $0 == local.date }) >= limit { return false }
    if let limit = rules.weeklyLimit,
      lessons.count(where: { $0.dayNumber - ($0.weekday - 1) == local.date.dayNumber - (local.date.weekday - 1) })
        >= limit
    {
      return false
    }
    return true
  }
}

private func modulo(_ a: Int64, _ n: Int64) -> Int64 { ((a % n) + n) % n }
