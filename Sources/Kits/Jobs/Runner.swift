// Does the jobs: leases what is due in batches, some at a time, on the loops of the process. Several nodes may run one
// each: `for update skip locked` shares the work out, and a lease that is not prolonged is anybody's again.
//
// Events and schedules are not special: a new event, and a schedule whose time has come, are turned into jobs by a
// statement that only one node wins.
package import Core
import Loop
package import Postgres

package actor Runner {
  /// What a runner has done since it was made.
  package struct Statistics: Sendable, Equatable {
    package internal(set) var done = 0
    package internal(set) var failed = 0
    package internal(set) var dead = 0
    package internal(set) var running = 0
  }

  package private(set) var statistics = Statistics() { didSet { figures.withLock { $0 = statistics } } }
  /// The same for whoever cannot wait, such as metrics.
  package nonisolated var statisticsNow: Statistics { figures.withLock { $0 } }
  private let figures = Locked(Statistics())

  private let database: Database
  private let handlers: [String: JobHandler]
  private let names: [String]
  private let reactions: [Reaction]
  private let schedules: [Schedule]
  private let log: Log
  private let clock: WallClock
  private let workers: Int
  private let batch: Int
  private let lease: Duration
  private let observe: (@Sendable (_ job: String, _ took: Duration, _ isDone: Bool) -> Void)?
  private let owner = ID<Runner>.new().description
  private let bell = Bell()

  private var waiting: [LeasedJob] = []
  private var bodies: [ID<QueuedJob>: Task<Void, any Error>] = [:]
  private var active = 0
  /// Done, and not written down yet. What is done while one write is under way goes into the next.
  private var finished: [LeasedJob] = []
  private var writer: Task<Void, Never>?
  private var isStopping = false
  private var knowsSchedules = false
  private var main: Task<Void, Never>?
  private var pulse: Task<Void, Never>?

  /// How long a quiet runner sleeps at most; it is woken when there is something to do, this is for when nobody could.
  private static let rest = Duration.seconds(5)

  /// - Parameters:
  ///   - workers: so many jobs at a time.
  ///   - observe: told of each try when it ended, for metrics.
  ///   - lease: how long a job of a node that died stays untouched; while the node lives it is prolonged.
  package init(
    database: Database, handlers: [JobHandler], reactions: [Reaction] = [], schedules: [Schedule] = [],
    log: Log = Log(), clock: WallClock = .system, workers: Int = 8, lease: Duration = .seconds(120),
    observe: (@Sendable (_ job: String, _ took: Duration, _ isDone: Bool) -> Void)? = nil
  ) {
    self.database = database
    self.schedules = schedules
    self.reactions = reactions
    let all = handlers + reactions.map(\.handler) + self.schedules.map(\.handler)
    self.handlers = Dictionary(all.map { ($0.name, $0) }) { one, _ in
      preconditionFailure("two handlers for jobs named \(one.name)")
    }
    names = self.handlers.keys.sorted()
    self.log = log
    self.clock = clock
    self.workers = workers
    batch = 50
    self.lease = lease
    self.observe = observe
  }

  // MARK: Life

  /// Begins to work, on the loops of the database.
  package func start() {
    guard main == nil else { return }
    let loop = database.loops.any
    main = Task(executorPreference: loop) { await self.work() }
    pulse = Task(executorPreference: loop) { await self.prolong(on: loop) }
    Task(executorPreference: loop) { await self.listen(on: loop) }
  }

  /// Takes nothing new, waits for what is under way at most `patience`, cancels what is left, and gives back what it
  /// did not get to, so that another node need not wait for the lease.
  package func stop(within patience: Duration = .seconds(10)) async {
    guard !isStopping else { return }
    isStopping = true
    bell.ring()
    let loop = database.loops.any
    let deadline = Task(executorPreference: loop) {
      try await loop.sleep(patience)
      await self.cancelAll()
    }
    await main?.value
    deadline.cancel()
    pulse?.cancel()
    await pulse?.value
  }

  private func cancelAll() {
    for body in bodies.values { body.cancel() }
  }

  private func listen(on loop: Loop) async {
    let bell = bell
    while !isStopping {
      do { return try await database.listen(jobsChannel, missed: { bell.ring() }) { _ in bell.ring() } } catch {
        try? await loop.sleep(.seconds(1))
      }
    }
  }

  // MARK: Work

  private func work() async {
    var dispatchedAt: Instant?
    var sweptAt: Instant?
    while true {
      var pause = Self.rest
      if !isStopping {
        do {
          let now = clock.now
          // Busy or not, events and schedules are seen to at once when the bell rang, and each second.
          if bell.hasRung() || dispatchedAt.map({ now - $0 >= .seconds(1) || now < $0 }) ?? true {
            dispatchedAt = now
            try await produce(now)
          }
          if sweptAt.map({ now - $0 >= .hours(1) }) ?? true {
            sweptAt = now
            try await database.run(.sweepJobs(before: now - .days(7)))
            try await database.run(.sweepEvents(before: now - .days(30)))
          }
          if waiting.isEmpty, active < workers { waiting = try await claim(clock.now) }
          if waiting.isEmpty, active == 0, let due = try await database.first(.nextDue(names)) {
            pause = min(max(due - clock.now, .milliseconds(10)), Self.rest)
          }
        } catch {
          log.warning("jobs.unreachable", ["error": .text("\(error)")])
          pause = .seconds(1)
        }
      }
      if isStopping {
        for job in waiting { await write(.giveBack(job, owner: owner, at: job.runAt)) }
        waiting = []
        if active == 0 {
          await writer?.value
          return
        }
      }
      while active < workers, !waiting.isEmpty {
        let job = waiting.removeFirst()
        active += 1
        Task(executorPreference: database.loops.loops[active % database.loops.loops.count]) {
          await self.perform(job)
          await self.ended()
        }
      }
      await bell.wait(atMost: pause, on: database.loops.any)
    }
  }

  private func ended() {
    active -= 1
    bell.nudge()
  }

  /// Does everything that is due, one after the other in order, until nothing is: for tests, where the clock stands
  /// still. Failures are recorded as ever. Returns how many jobs were tried.
  @discardableResult package func runDue() async throws -> Int {
    var count = 0
    while true {
      try await produce(clock.now)
      let jobs = try await claim(clock.now)
      if jobs.isEmpty { return count }
      for job in jobs {
        await perform(job)
        await writer?.value
        count += 1
      }
    }
  }

  /// Turns new events and due schedules into jobs.
  private func produce(_ now: Instant) async throws {
    if !knowsSchedules {
      try await database.run(.know(schedules, now: now))
      knowsSchedules = true
    }
    try await database.run(.dispatch(reactions, now: now))
    try await database.run(.tick(schedules, now: now))
    for job in try await database.all(.buryAbandoned(now: now)) {
      statistics.dead += 1
      log.error("job.dead", ["job": .text(job.description), "error": "the worker vanished"])
    }
  }

  private func claim(_ now: Instant) async throws -> [LeasedJob] {
    // The statement returns what it leased in any order.
    try await database.all(.claim(names, limit: batch, owner: owner, now: now, until: now + lease))
      .sorted { ($0.runAt, $0.number) < ($1.runAt, $1.number) }
  }

  /// Prolongs the leases of all we hold; stops what is no longer ours.
  private func prolong(on loop: Loop) async {
    while !Task.isCancelled {
      try? await loop.sleep(lease / 3)
      let held = waiting.map(\.id) + Array(bodies.keys)
      guard !held.isEmpty, !Task.isCancelled else { continue }
      guard let ours = try? await database.all(.renew(held, owner: owner, until: clock.now + lease)) else { continue }
      let lost = Set(held).subtracting(ours)
      waiting.removeAll { lost.contains($0.id) }
      // One that ended meanwhile is not in `bodies` any more.
      for id in lost { bodies[id]?.cancel() }
    }
  }

  // MARK: One job

  private func perform(_ job: LeasedJob) async {
    guard let handler = handlers[job.name] else { return }
    let attempt = Attempt(
      id: job.id, number: job.attempt, isLast: job.attempt >= job.maximumAttempts, enqueuedAt: job.enqueuedAt)
    let loop = database.loops.any
    let (database, owner, clock) = (database, owner, clock)
    // A task of its own, so that cancelling the work does not keep us from writing down how it went.
    let body = Task(executorPreference: loop) {
      switch handler.work {
      case .plain(let run): try await run(job.payload, attempt)
      case .transactional(let run):
        try await database.transaction { tx in
          // First the mark: it holds the row, and fails when the job is no longer ours.
          guard try await tx.affected(.finish(job, owner: owner, now: clock.now)) == 1 else { throw LeaseLost() }
          try await run(job.payload, attempt, tx)
        }
      }
    }
    bodies[job.id] = body
    statistics.running += 1
    let tooLong = Locked(false)
    let alarm = Task(executorPreference: loop) {
      try await loop.sleep(handler.limit)
      tooLong.withLock { $0 = true }
      body.cancel()
    }
    let began = Instant.now
    let outcome = await body.result
    if let observe {
      if case .success = outcome {
        observe(job.name, Instant.now - began, true)
      } else {
        observe(job.name, Instant.now - began, false)
      }
    }
    alarm.cancel()
    bodies[job.id] = nil
    statistics.running -= 1
    switch outcome {
    case .success:
      statistics.done += 1
      if case .plain = handler.work { finish(job) }
    case .failure(let error): await record(error, of: job, attempt, tookTooLong: tooLong.withLock { $0 })
    }
  }

  private func finish(_ job: LeasedJob) {
    finished.append(job)
    guard writer == nil else { return }
    writer = Task(executorPreference: database.loops.any) { await self.writeFinished() }
  }

  private func writeFinished() async {
    while !finished.isEmpty {
      let jobs = finished
      finished = []
      do {
        let count = try await database.affected(.finish(jobs, owner: owner, now: clock.now))
        if count < jobs.count { log.warning("job.lease_lost", ["jobs": .number(jobs.count - count)]) }
      } catch {
        // Their leases run out, and they are done again.
        log.error("jobs.unreachable", ["error": .text("\(error)")])
      }
    }
    writer = nil
  }

  private struct LeaseLost: Error {}

  private func record(_ error: any Error, of job: LeasedJob, _ attempt: Attempt, tookTooLong: Bool) async {
    let now = clock.now
    switch error {
    case is LeaseLost: log.warning("job.lease_lost", ["job": .text(job.id.description), "name": .text(job.name)])
    case let error as NotYet: await write(.giveBack(job, owner: owner, at: error.until), superseding: job)
    case is CancellationError where !tookTooLong && isStopping:
      await write(.giveBack(job, owner: owner, at: job.runAt), superseding: job)
    default:
      let text = tookTooLong ? "took too long" : String("\(error)".prefix(500))
      statistics.failed += 1
      if attempt.isLast || error is Hopeless {
        statistics.dead += 1
        log.error(
          "job.dead",
          [
            "job": .text(job.id.description), "name": .text(job.name), "attempt": .number(job.attempt),
            "error": .text(text),
          ])
        await write(.bury(job, owner: owner, now: now, error: text))
      } else {
        log.warning(
          "job.failed",
          [
            "job": .text(job.id.description), "name": .text(job.name), "attempt": .number(job.attempt),
            "error": .text(text),
          ])
        await write(
          .retry(job, owner: owner, at: now + Self.backOff(after: job.attempt), error: text), superseding: job)
      }
    }
  }

  /// 5 s, 10 s, 20 s … up to an hour, a quarter more or less, so that what failed together does not come back together.
  static func backOff(after attempt: Int) -> Duration {
    let seconds = min(3600, 5 * Double(1 << min(attempt - 1, 12)))
    return .microseconds(Int(seconds * .random(in: 0.75...1.25) * 1_000_000))
  }

  /// Writes down how a job went. When that is not possible the lease runs out and the job is done again.
  ///
  /// - Parameter superseding: goes back to waiting; when one of its key waits there by now, that one stands for both.
  private func write(_ query: Query<Void>, superseding job: LeasedJob? = nil) async {
    do {
      if try await database.affected(query) == 0 { log.warning("job.lease_lost") }
    } catch let error as PostgresError where error.constraint == "one_waiting_job_per_key" {
      guard let job else { return }
      await write(.finish(job, owner: owner, now: clock.now, note: "superseded"))
    } catch {
      log.error("jobs.unreachable", ["error": .text("\(error)")])
    }
  }
}

/// Wakes the runner, from any thread; a ring nobody waits for is kept.
private final class Bell: Sendable {
  private struct State {
    var isPending = false
    var hasRung = false
    var sleeper: UnsafeContinuation<Void, Never>?
  }
  private let state = Locked(State())

  /// There is something new in the database.
  func ring() { wake { $0.hasRung = true } }
  /// Look again.
  func nudge() { wake { _ in } }

  /// Whether it rang since last asked.
  func hasRung() -> Bool {
    state.withLock { state in
      defer { state.hasRung = false }
      return state.hasRung
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let sleeper = state.withLock { state in
      change(&state)
      state.isPending = state.sleeper == nil
      defer { state.sleeper = nil }
      return state.sleeper
    }
    sleeper?.resume()
  }

  func wait(atMost duration: Duration, on loop: Loop) async {
    let alarm = Task(executorPreference: loop) {
      try await loop.sleep(duration)
      self.nudge()
    }
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let isPending = state.withLock { state in
        if state.isPending {
          state.isPending = false
          return true
        }
        state.sleeper = continuation
        return false
      }
      if isPending { continuation.resume() }
    }
    alarm.cancel()
  }
}
