import Core
import JSON
import Jobs
import Loop
import Postgres
import TestDatabase
import Testing

let jobsOnly = Contents.only(["20261120-0900-jobs.sql"])

struct Greet: Job {
  static let name = "tests.greet"
  let number: Int
}

struct Fragile: Job {
  static let name = "tests.fragile"
  static let maximumAttempts = 3
}

struct LessonHeld: Event {
  static let name = "tests.lesson-held"
  let lesson: Int
}

/// What handlers saw.
final class Seen<Value: Sendable>: Sendable {
  private let values = Locked<[Value]>([])
  func add(_ value: Value) { values.withLock { $0.append(value) } }
  var all: [Value] { values.withLock { $0 } }
}

struct Broken: Error {}

@Suite struct JobsTests {
  let clock = SteppedClock("2026-03-01T09:00:00Z")

  func runner(
    _ database: Database, _ handlers: [JobHandler] = [], reactions: [Reaction] = [], schedules: [Schedule] = [],
    lease: Duration = .seconds(120)
  ) -> Runner {
    Runner(
      database: database, handlers: handlers, reactions: reactions, schedules: schedules, log: .silent,
      clock: clock.clock, lease: lease)
  }

  @Test func `a job runs after its commit, and not at all without one`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let runner = runner(database, [JobHandler(Greet.self) { job, _ in seen.add(job.number) }])
      try? await database.transaction { tx in
        try await tx.enqueue(Greet(number: 1))
        throw Broken()
      }
      try await database.transaction { tx in
        for number in 2...4 { try await tx.enqueue(Greet(number: number)) }
        try await tx.enqueue(all: [Greet(number: 5), Greet(number: 6)])
      }
      try await runner.runDue()
      #expect(seen.all == [2, 3, 4, 5, 6])
      try await runner.runDue()
      #expect(seen.all.count == 5)
    }
  }

  @Test func `a job for later waits for its time`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let runner = runner(database, [JobHandler(Greet.self) { job, _ in seen.add(job.number) }])
      try await database.transaction { try await $0.enqueue(Greet(number: 1), at: clock.now + .hours(1)) }
      try await runner.runDue()
      #expect(seen.all.isEmpty)
      clock.advance(by: .hours(1))
      try await runner.runDue()
      #expect(seen.all == [1])
    }
  }

  @Test func `waiting jobs of one key are one; one under way does not count`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let runner = runner(
        database,
        [
          JobHandler(Greet.self) { job, _ in
            seen.add(job.number)
            if job.number == 3 { try await database.transaction { try await $0.enqueue(Greet(number: 4), key: "k") } }
          }
        ])
      for number in 1...3 {
        try await database.transaction { try await $0.enqueue(Greet(number: number), key: "k") }
      }
      try await runner.runDue()
      #expect(seen.all == [3, 4])
    }
  }

  @Test func `a waiting job can be taken back`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let runner = runner(database, [JobHandler(Greet.self) { job, _ in seen.add(job.number) }])
      try await database.transaction { try await $0.enqueue(Greet(number: 1), key: "k") }
      #expect(try await database.transaction { try await $0.withdraw(Greet.self, key: "k") })
      #expect(try await !database.transaction { try await $0.withdraw(Greet.self, key: "k") })
      try await runner.runDue()
      #expect(seen.all.isEmpty)
    }
  }

  @Test func `what fails is tried again later and later, and at last waits for a person`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let repaired = Locked(false)
      let runner = runner(
        database,
        [
          JobHandler(Fragile.self) { _, attempt in
            seen.add(attempt.number)
            if !repaired.withLock({ $0 }) { throw Broken() }
          }
        ])
      try await database.transaction { try await $0.enqueue(Fragile()) }
      try await runner.runDue()
      #expect(seen.all == [1])
      // 5 s and a quarter more or less.
      clock.advance(by: .milliseconds(3749))
      try await runner.runDue()
      #expect(seen.all == [1])
      clock.advance(by: .milliseconds(2502))
      try await runner.runDue()
      #expect(seen.all == [1, 2])
      clock.advance(by: .seconds(13))
      try await runner.runDue()
      #expect(seen.all == [1, 2, 3])
      clock.advance(by: .days(30))
      try await runner.runDue()
      #expect(seen.all == [1, 2, 3])

      let dead = try await database.one(.deadJobs())
      #expect(dead.name == Fragile.name && dead.attempts == 3 && dead.lastError == "Broken()")
      #expect(try await database.one(.jobFigures(at: clock.now)).dead == 1)
      repaired.withLock { $0 = true }
      #expect(try await database.transaction { try await $0.rerun(dead.id) })
      #expect(try await !database.transaction { try await $0.rerun(dead.id) })
      try await runner.runDue()
      #expect(seen.all == [1, 2, 3, 1])
      #expect(try await database.all(.deadJobs()).isEmpty)
    }
  }

  @Test func `a hopeless job is given up at once, and an unreadable one too`() async throws {
    try await withDatabase(jobsOnly) { database in
      let runner = runner(
        database,
        [JobHandler(Fragile.self) { _, _ in throw Hopeless("no such address") }, JobHandler(Greet.self) { _, _ in }])
      try await database.transaction { tx in
        try await tx.enqueue(Fragile())
        try await tx.run(
          Query("insert into jobs (id, name, payload) values (gen_random_uuid(), \(Greet.name), '{\"number\": \"x\"}')")
        )
      }
      try await runner.runDue()
      let errors = try await database.all(.deadJobs()).compactMap(\.lastError).sorted()
      #expect(errors.count == 2 && errors[0] == "no such address" && errors[1].hasPrefix("unreadable payload"))
    }
  }

  @Test func `a job whose time has not come is put off without counting`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      let later = clock.now + .hours(2)
      let runner = runner(
        database,
        [
          JobHandler(Fragile.self) { _, attempt in
            seen.add(attempt.number)
            if clock.now < later { throw NotYet(until: later) }
          }
        ])
      try await database.transaction { try await $0.enqueue(Fragile()) }
      try await runner.runDue()
      clock.set(to: later)
      try await runner.runDue()
      #expect(seen.all == [1, 1])
    }
  }

  @Test func `a failed job whose key waits again stands back`() async throws {
    try await withDatabase(jobsOnly) { database in
      let runner = runner(
        database,
        [
          JobHandler(Greet.self) { job, _ in
            guard job.number == 1 else { return }
            try await database.transaction { try await $0.enqueue(Greet(number: 2), key: "k") }
            throw Broken()
          }
        ])
      try await database.transaction { try await $0.enqueue(Greet(number: 1), key: "k") }
      try await runner.runDue()
      #expect(try await database.all(.openJobs()).isEmpty)
      #expect(await runner.statistics.done == 1)
    }
  }

  @Test func `what a worker held when it died is done by another once the lease is over`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      try await database.transaction { try await $0.enqueue(Greet(number: 1)) }
      // A worker that leased the job and was never heard of again.
      try await database.run(
        Query(
          """
          update jobs set attempts = 1, lease_owner = 'gone', leased_until = \(clock.now + .seconds(120))
          """))
      let runner = runner(database, [JobHandler(Greet.self) { _, attempt in seen.add(attempt.number) }])
      try await runner.runDue()
      #expect(seen.all.isEmpty)
      clock.advance(by: .seconds(121))
      try await runner.runDue()
      #expect(seen.all == [2])
    }
  }

  @Test func `a job that killed its last worker is buried, not run`() async throws {
    try await withDatabase(jobsOnly) { database in
      let seen = Seen<Int>()
      try await database.transaction { try await $0.enqueue(Fragile()) }
      try await database.run(
        Query("update jobs set attempts = 3, lease_owner = 'gone', leased_until = \(clock.now - .seconds(1))"))
      let runner = runner(database, [JobHandler(Fragile.self) { _, attempt in seen.add(attempt.number) }])
      try await runner.runDue()
      #expect(seen.all.isEmpty)
      #expect(try await database.one(.deadJobs()).lastError == "the worker vanished")
    }
  }

  @Test func `a transactional job leaves nothing behind when it fails, and is done with its writes`() async throws {
    try await withDatabase(jobsOnly) { database in
      try await database.run(Query("create table effects (n int)"))
      let runner = runner(
        database,
        [
          JobHandler(Fragile.self) { _, attempt, tx in
            try await tx.run(Query("insert into effects values (\(attempt.number))"))
            if attempt.number == 1 { throw Broken() }
          }
        ])
      try await database.transaction { try await $0.enqueue(Fragile()) }
      try await runner.runDue()
      #expect(try await database.all(Query<Int>("select n from effects")) == [])
      clock.advance(by: .seconds(7))
      try await runner.runDue()
      #expect(try await database.all(Query<Int>("select n from effects")) == [2])
      #expect(try await database.all(.openJobs()).isEmpty)
    }
  }

  @Test func `a transactional job that lost its lease meanwhile writes nothing`() async throws {
    try await withDatabase(jobsOnly) { database in
      try await database.run(Query("create table effects (n int)"))
      let runner = runner(
        database,
        [
          JobHandler(Fragile.self) { _, attempt, tx in
            try await tx.run(Query("insert into effects values (\(attempt.number))"))
          },
          JobHandler(Greet.self) { _, _ in
            // Another node takes the next job over while we still hold it in our batch.
            try await database.run(
              Query("update jobs set attempts = 2, lease_owner = 'other' where name = \(Fragile.name)"))
          },
        ])
      try await database.transaction { tx in
        try await tx.enqueue(Greet(number: 1))
        try await tx.enqueue(Fragile())
      }
      try await runner.runDue()
      #expect(try await database.all(Query<Int>("select n from effects")) == [])
      #expect(
        try await database.one(Query<String>("select lease_owner from jobs where finished_at is null")) == "other")
    }
  }

  @Test func `jobs nobody here knows are left for those who do`() async throws {
    try await withDatabase(jobsOnly) { database in
      try await database.transaction { try await $0.enqueue(Greet(number: 1)) }
      let runner = runner(database)
      try await runner.runDue()
      let open = try await database.all(.openJobs())
      #expect(open.map(\.name) == [Greet.name] && open[0].attempts == 0)
    }
  }
}

@Suite struct EventTests {
  let clock = SteppedClock("2026-03-01T09:00:00Z")

  @Test func `every reaction hears of an event, each on its own, and each effect happens once`() async throws {
    try await withDatabase(jobsOnly) { database in
      try await database.run(Query("create table effects (listener text, lesson int)"))
      let fails = Locked(true)
      let outside = Seen<Int>()
      let reactions = [
        Reaction(LessonHeld.self, "one") { event, tx in
          try await tx.run(Query("insert into effects values ('one', \(event.lesson))"))
        },
        Reaction(LessonHeld.self, "two") { event, tx in
          try await tx.run(Query("insert into effects values ('two', \(event.lesson))"))
          if fails.withLock({ $0 }) { throw Broken() }
        },
        Reaction(LessonHeld.self) { event in outside.add(event.lesson) },
      ]
      // Two nodes with the same reactions.
      let runners = (0..<2).map { _ in
        Runner(database: database, handlers: [], reactions: reactions, log: .silent, clock: clock.clock)
      }
      try? await database.transaction { tx in
        try await tx.emit(LessonHeld(lesson: 0))
        throw Broken()
      }
      try await database.transaction { try await $0.emit(LessonHeld(lesson: 7)) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for runner in runners { group.addTask { try await runner.runDue() } }
        try await group.waitForAll()
      }
      let effects: Query<(String, Int)> = Query("select listener, lesson from effects order by 1")
      #expect(try await database.all(effects).map(\.0) == ["one"])
      #expect(outside.all == [7])
      fails.withLock { $0 = false }
      clock.advance(by: .seconds(7))
      for runner in runners { try await runner.runDue() }
      #expect(try await database.all(effects).map(\.0) == ["one", "two"])
      #expect(try await database.one(.jobFigures(at: clock.now)).undispatchedEvents == 0)
    }
  }

  @Test func `a schedule's turn is taken by one of two runners, and missed turns are made up for once`() async throws {
    try await withDatabase(jobsOnly) { database in
      let turns = Seen<Instant>()
      let runners = (0..<2).map { _ in
        Runner(
          database: database, handlers: [],
          schedules: [Schedule("tests.often", every: .seconds(60)) { turns.add(clock.now) }],
          log: .silent, clock: clock.clock)
      }
      func everybody() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for runner in runners { group.addTask { try await runner.runDue() } }
          try await group.waitForAll()
        }
      }
      try await everybody()
      #expect(turns.all.count == 1)
      clock.advance(by: .seconds(59))
      try await everybody()
      #expect(turns.all.count == 1)
      clock.advance(by: .seconds(1))
      try await everybody()
      #expect(turns.all.count == 2)
      clock.advance(by: .seconds(600))
      try await everybody()
      #expect(turns.all.count == 3)
      clock.advance(by: .seconds(60))
      try await everybody()
      #expect(turns.all.count == 4)
    }
  }
}

@Suite struct RunnerTests {
  @Test func `four runners racing do each of five hundred jobs once`() async throws {
    try await withDatabase(jobsOnly, connectionsPerLoop: 8) { database in
      let seen = Seen<Int>()
      let (done, finish) = AsyncStream.makeStream(of: Void.self)
      let handler = JobHandler(Greet.self) { job, _ in
        seen.add(job.number)
        if seen.all.count >= 500 { finish.yield() }
      }
      let runners = (0..<4).map { _ in Runner(database: database, handlers: [handler], log: .silent) }
      for runner in runners { await runner.start() }
      // Enqueued while they run: woken, not polled for.
      for chunk in 0..<10 {
        try await database.transaction { tx in
          try await tx.enqueue(all: (0..<50).map { Greet(number: chunk * 50 + $0) })
        }
      }
      for await _ in done { break }
      for runner in runners { await runner.stop() }
      #expect(seen.all.sorted() == Array(0..<500))
      var total = 0
      for runner in runners { total += await runner.statistics.done }
      #expect(try await database.all(.openJobs()).isEmpty)
      #expect(total == 500)
    }
  }

  @Test func `a stopping runner waits for what is under way, and gives back what it did not begin`() async throws {
    try await withDatabase(jobsOnly) { database in
      let (begun, began) = AsyncStream.makeStream(of: Void.self)
      let (released, release) = AsyncStream.makeStream(of: Void.self)
      let seen = Seen<Int>()
      let runner = Runner(
        database: database,
        handlers: [
          JobHandler(Greet.self) { job, _ in
            began.yield()
            for await _ in released { break }
            seen.add(job.number)
          }
        ], log: .silent, workers: 1)
      try await database.transaction { try await $0.enqueue(all: (1...3).map { Greet(number: $0) }) }
      await runner.start()
      for await _ in begun { break }
      let stopped = Task { await runner.stop() }
      // Only once it has given back the others may the one under way end.
      while try await database.one(.jobFigures(at: .now)).due < 2 { await Task.yield() }
      release.yield()
      await stopped.value
      #expect(seen.all.count == 1)
      let open = try await database.all(.openJobs())
      #expect(open.count == 2 && open.allSatisfy { $0.attempts == 0 })
    }
  }

  @Test func `a job that will not end is cancelled at stop and waits for another node`() async throws {
    try await withDatabase(jobsOnly) { database in
      let (begun, began) = AsyncStream.makeStream(of: Void.self)
      let runner = Runner(
        database: database,
        handlers: [
          JobHandler(Greet.self) { _, _ in
            began.yield()
            try await database.loops.any.sleep(.seconds(3600))
          }
        ], log: .silent)
      try await database.transaction { try await $0.enqueue(Greet(number: 1)) }
      await runner.start()
      for await _ in begun { break }
      await runner.stop(within: .milliseconds(1))
      let open = try await database.all(.openJobs())
      #expect(open.map(\.attempts) == [0])
    }
  }

  @Test func `a job that takes too long counts as failed`() async throws {
    try await withDatabase(jobsOnly) { database in
      let runner = Runner(
        database: database,
        handlers: [
          JobHandler(Greet.self, limit: .milliseconds(5)) { _, _ in
            try await database.loops.any.sleep(.seconds(3600))
          }
        ], log: .silent)
      try await database.transaction { try await $0.enqueue(Greet(number: 1)) }
      try await runner.runDue()
      #expect(try await database.one(.openJobs()).lastError == "took too long")
    }
  }

  @Test func `a long job keeps its lease while its worker lives`() async throws {
    try await withDatabase(jobsOnly) { database in
      let (begun, began) = AsyncStream.makeStream(of: Void.self)
      let (released, release) = AsyncStream.makeStream(of: Void.self)
      let runs = Seen<Int>()
      let handler = JobHandler(Greet.self) { _, attempt in
        runs.add(attempt.number)
        began.yield()
        for await _ in released { break }
      }
      // Long beside what a busy machine may keep a worker from its turn; a third of it passes until it is prolonged.
      let holder = Runner(database: database, handlers: [handler], log: .silent, lease: .seconds(6))
      try await database.transaction { try await $0.enqueue(Greet(number: 1)) }
      await holder.start()
      for await _ in begun { break }
      let lease: Query<Instant> = Query("select leased_until from jobs where name = \(Greet.name)")
      let first = try await database.one(lease)
      while try await database.one(lease) == first { try await database.loops.any.sleep(.milliseconds(20)) }
      // For the rival it is the moment after the first lease would have run out.
      let clock = SteppedClock(first + .microseconds(1))
      let rival = Runner(
        database: database, handlers: [handler], log: .silent, clock: clock.clock, lease: .seconds(6))
      try await rival.runDue()
      release.yield()
      await holder.stop()
      #expect(runs.all == [1])
    }
  }
}
