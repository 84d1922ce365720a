import Core
import Jobs
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Time
import Tutors

@testable import Scheduling

/// Ada teaches, Ben learns; and a Monday far enough ahead that nothing is too soon.
struct Scene {
  let house: TestHouse
  let database: Database
  let feature: SchedulingFeature
  let tutor = Person.ada.id
  let learner = Person.ben.id
  let subject = ID<Subject>.new()
  let times = TutorTimes()
  var clock: SteppedClock { house.clock }
  var now: Instant { clock.now }

  static let zone = Zone("Europe/Berlin")!
  let monday = CivilDate(2026, 11, 30)!

  init(_ database: Database) async throws {
    self.database = database
    house = try TestHouse(database)
    feature = SchedulingFeature(database: database, site: house.site, tutors: Tutors(), clock: house.clock.clock)
    try await database.insert()
    try await database.run(Query("insert into tutors (user_id, slug, state) values (\(tutor), 'ada', 'verified')"))
    try await database.run(
      Query("insert into subjects (id, slug, title, category) values (\(subject), 'algebra', 'Algebra', 'university')"))
    try await database.run(
      Query(
        """
        insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations) values (\(tutor), \(subject), 4500, '{45,60}')
        """))
    // A listing, as a held lesson would bring it up to date.
    try await database.transaction { tx in try await Tutors().countLesson(of: Person.ada.id, in: tx) }
  }

  /// What search knows of the tutor's times.
  func listed() async throws -> (next: [Instant], mask: String) {
    let row: ([Instant], String) = try await database.one(
      Query("select next_frees, free_mask::text from tutor_listings where tutor_id = \(tutor)"))
    return (row.0, row.1)
  }

  /// Mondays 09:00–12:00 in Berlin, with breaks of ten and five minutes.
  var rules: Availability.Rules {
    Availability.Rules(
      zone: Self.zone, hours: WeeklyHours([(weekday: 1, start: CivilTime(9, 0)!, end: CivilTime(12, 0)!)]),
      bufferBefore: .minutes(10), bufferAfter: .minutes(5), notice: .hours(12), horizon: .days(60), step: 30)
  }

  func at(_ date: CivilDate, _ time: String) -> Instant { Self.zone.instant(of: date, CivilTime(time)!) }
  func hour(_ date: CivilDate, _ time: String) -> Range<Instant> { at(date, time)..<at(date, time) + .hours(1) }

  @discardableResult func book(
    _ during: Range<Instant>, tutor: ID<User>? = nil, learner: ID<User>? = nil, state: String = "confirmed",
    in store: (any Querying)? = nil
  ) async throws -> ID<Booking> {
    let id = ID<Booking>.new()
    let blocked = during.lowerBound - .minutes(10)..<during.upperBound + .minutes(5)
    let code = "room-" + String(id.description.suffix(12))
    try await (store ?? database).run(
      Query(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone, hold_expires_at)
        values (\(id), \(learner ?? self.learner), \(tutor ?? self.tutor), \(subject), \(state), 'instant', \(during.lowerBound),
                \(during.upperBound), \(blocked), 0, 'USD', 1800, '{}', \(code), 'UTC', 'UTC', now() - interval '1 minute')
        """))
    return id
  }

  func stored() async throws -> Timetable { try #require(try await times.timetable(of: tutor, now: now, in: database)) }
}

func withScene(_ body: (Scene) async throws -> Void) async throws {
  try await TestKit.withDatabase { database in try await body(try await Scene(database)) }
}

@Suite struct TutorTimesTests {
  @Test func `what is saved is what is read`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      #expect(try await scene.times.timetable(of: scene.tutor, now: scene.now, in: scene.database) == nil)
      var rules = scene.rules
      rules.hours[7] = DayHours([0..<60, 1320..<1440])
      rules.dailyLimit = 3
      rules.weeklyLimit = 9
      #expect(try await feature.save(rules, of: scene.tutor, seen: "0"))
      #expect(try await scene.stored().rules == rules)
    }
  }

  @Test func `without rules nobody can book, and the answer says so`() async throws {
    try await withScene { (scene) async throws in
      let stretch = scene.hour(scene.monday, "09:00")
      #expect(
        try await scene.times.next(3, of: scene.tutor, lasting: .hours(1), now: scene.now, in: scene.database).isEmpty)
      let answer = try await scene.times.answer(of: scene.tutor, for: stretch, now: scene.now, in: scene.database)
      #expect(answer != .free)
    }
  }

  @Test func `what is listed is free, what is booked is neither, and an expired hold takes nothing`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let monday = scene.monday
      let day = Scene.zone.day(monday)
      func listed(_ learner: ID<User>? = nil) async throws -> [String] {
        try await scene.times.openings(
          of: scene.tutor, lasting: .hours(1), in: day, for: learner, now: scene.now, in: scene.database
        ).map { Scene.zone.local($0.starts).time.description }
      }
      #expect(try await listed() == ["09:00", "09:30", "10:00", "10:30", "11:00"])
      try await scene.book(scene.hour(monday, "11:00"), state: "expired")
      #expect(try await listed() == ["09:00", "09:30", "10:00", "10:30", "11:00"])
      let booked = try await scene.book(scene.hour(monday, "09:00"))
      // The break before and after: half past ten is the first start that leaves a quarter of an hour.
      #expect(try await listed() == ["10:30", "11:00"])
      let ten = scene.hour(monday, "10:00")
      let answer = try await scene.times.answer(of: scene.tutor, for: ten, now: scene.now, in: scene.database)
      #expect(answer == .refused([.buffer(scene.hour(monday, "09:00"))]))
      // A booking that moves is not in its own way.
      let moving = try await scene.times.answer(
        of: scene.tutor, for: scene.hour(monday, "09:30"), ignoring: booked, now: scene.now, in: scene.database)
      #expect(moving == .free)
      // The learner's own lessons elsewhere, as learner and as tutor.
      let other = Person.cleo.id
      try await scene.book(scene.hour(monday, "11:30"), tutor: other)
      #expect(try await listed(scene.learner) == ["10:30"])
      #expect(try await listed() == ["10:30", "11:00"])
      try await scene.book(scene.hour(monday, "10:15"), tutor: scene.learner, learner: other)
      #expect(try await listed(scene.learner) == [])
    }
  }

  @Test func `a tutor who takes a lesson is not free then`() async throws {
    try await withScene { (scene) async throws in
      _ = try await scene.feature.save(scene.rules, of: scene.tutor, seen: "0")
      let other = Person.cleo.id
      try await scene.book(scene.hour(scene.monday, "10:00"), tutor: other, learner: scene.tutor)
      let openings = try await scene.times.openings(
        of: scene.tutor, lasting: .minutes(30), in: Scene.zone.day(scene.monday), now: scene.now, in: scene.database)
      #expect(openings.map { Scene.zone.local($0.starts).time.description } == ["09:00", "11:30"])
    }
  }

  @Test func `two tabs do not undo each other unseen, and the same form twice is no quarrel`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let seen = String(try await scene.stored().savedAt.microseconds)
      scene.clock.advance(by: .seconds(5))
      var first = scene.rules
      first.step = 15
      var second = scene.rules
      second.step = 60
      #expect(try await feature.save(first, of: scene.tutor, seen: seen))
      scene.clock.advance(by: .seconds(5))
      #expect(try await feature.save(first, of: scene.tutor, seen: seen))
      #expect(try await feature.save(second, of: scene.tutor, seen: seen) == false)
      #expect(try await scene.stored().rules.step == 15)
    }
  }

  @Test func `of many who save at once one is stored whole`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      let saved = try await withThrowingTaskGroup(of: Bool.self) { group in
        for minutes in 0..<8 {
          var rules = scene.rules
          rules.hours = WeeklyHours()
          for weekday in 1...7 { rules.hours[weekday] = DayHours([minutes * 60..<minutes * 60 + 30]) }
          let mine = rules
          group.addTask { try await feature.save(mine, of: scene.tutor, seen: "0") }
        }
        return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
      }
      #expect(saved == 1)
      let hours = try await scene.stored().rules.hours
      #expect(hours.minutes == 7 * 30 && Set((1...7).map { hours[$0] }).count == 1)
    }
  }

  @Test func `a save that breaks off leaves what was`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let before = try await scene.stored()
      // The table's own check refuses what no form would let through.
      var broken = scene.rules
      broken.hours = WeeklyHours()
      broken.weeklyLimit = 1000
      await #expect(throws: PostgresError.self) {
        _ = try await feature.save(broken, of: scene.tutor, seen: String(before.savedAt.microseconds))
      }
      #expect(try await scene.stored().rules == scene.rules)
    }
  }

  @Test func `somebody without a profile is told to open it`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      await #expect(throws: Failure.self) { _ = try await feature.save(scene.rules, of: scene.learner, seen: "0") }
    }
  }

  @Test func `a limit holds among many who book at once and ask for the lock first`() async throws {
    try await withScene { (scene) async throws in
      var rules = scene.rules
      rules.bufferBefore = .zero
      rules.bufferAfter = .zero
      rules.dailyLimit = 1
      let limited = rules
      _ = try await scene.feature.save(limited, of: scene.tutor, seen: "0")
      let learners = [Person.ben.id, Person.cleo.id, Person.dan.id, Person.root.id]
      let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
        for (learner, time) in zip(learners, ["09:00", "10:00", "11:00", "09:30"]) {
          group.addTask {
            try await scene.database.transaction { tx in
              try await scene.times.lock(scene.tutor, in: tx)
              let stretch = scene.hour(scene.monday, time)
              let answer = try await scene.times.answer(
                of: scene.tutor, for: stretch, learner: learner, now: scene.now, in: tx)
              guard answer == .free else { return false }
              try await scene.book(stretch, learner: learner, in: tx)
              return true
            }
          }
        }
        return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
      }
      #expect(taken == 1)
    }
  }

  @Test func `single dates are stored, read, and replace one another`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let monday = scene.monday
      try await feature.saveDates([monday, monday + 1], .none, note: "Away", of: scene.tutor, zone: Scene.zone)
      try await feature.saveDates(
        [monday + 1], DayHours([600..<720, 800..<860]), note: "", of: scene.tutor, zone: Scene.zone)
      let stored = try await scene.stored()
      #expect(stored.rules.overrides == [monday: .none, monday + 1: DayHours([600..<720, 800..<860])])
      #expect(stored.notes == [monday: "Away"])
      let answer = try await scene.times.answer(
        of: scene.tutor, for: scene.hour(monday, "09:00"), now: scene.now, in: scene.database)
      #expect(answer == .refused([.override(monday)]))
      // Saving the week leaves the dates alone.
      scene.clock.advance(by: .seconds(1))
      let seen = String(stored.savedAt.microseconds)
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: seen)
      #expect(try await scene.stored().rules.overrides.count == 2)
    }
  }

  @Test func `figures follow the rules, and time`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let site = scene.house.open([feature])
      try await site.runJobs()
      let listed = try await scene.listed()
      #expect(listed.next.map(\.rfc3339) == ["2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:00:00Z"])
      #expect(listed.mask.count == 168 && listed.mask.count { $0 == "1" } == 3)
      #expect(try await feature.refreshStale() == 0)
      scene.clock.set(to: scene.at(CivilDate(2026, 11, 22)!, "21:01"))
      #expect(try await feature.refreshStale() == 1)
      // Taken once; done by whoever runs the job.
      #expect(try await feature.refreshStale() == 0)
      try await site.runJobs()
      #expect(try await scene.listed().next.first?.rfc3339 == "2026-11-23T08:30:00Z")
      // One job for many changes.
      try await scene.database.transaction { tx in
        for _ in 0..<5 { try await scene.times.changed(scene.tutor, in: tx) }
      }
      let jobs = try await scene.database.all(.openJobs()).count { $0.name == "scheduling.refresh-figures" }
      #expect(jobs == 1)
    }
  }

  @Test func `lessons outside new hours are named, and stay`() async throws {
    try await withScene { (scene) async throws in
      let feature = scene.feature
      _ = try await feature.save(scene.rules, of: scene.tutor, seen: "0")
      let inside = try await scene.book(scene.hour(scene.monday, "09:00"))
      let outside = try await scene.book(scene.hour(scene.monday + 1, "09:00"))
      let taken = try await scene.database.all(
        .taken(from: scene.tutor, and: nil, in: scene.now..<scene.now + .days(60)))
      #expect(Set(taken.map(\.booking)) == [inside, outside])
      #expect(OutsideLesson.among(taken, rules: scene.rules, now: scene.now).map(\.booking) == [outside])
      let days = DayPreview.days(
        21, of: Availability(rules: scene.rules, duration: .hours(1), busy: taken.map(\.busy)),
        lessons: taken.map(\.busy.during), now: scene.now)
      #expect(days.reduce(0) { $0 + $1.lessons } == 2 && days.contains { $0.date == scene.monday && $0.openings == 2 })
    }
  }
}
