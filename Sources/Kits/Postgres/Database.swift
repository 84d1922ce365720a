// The way to PostgreSQL: per loop a pool of sessions, each statement prepared once per session, answers in binary.
// Nothing here blocks a loop; what blocks in libpq (opening a session, asking to cancel) has threads of its own.
package import Core
import Glibc
package import Loop

/// A database behind one address. Each statement is its own transaction; see ``transaction(isolation:_:)`` for more.
///
/// Works from any task: one that runs on none of the loops is taken to one for the time of the call. Close it before
/// its loops stop.
package final class Database: Querying {
  package let loops: LoopGroup
  let url: String
  let log: Log
  private let pools: [Pool]
  private let listener: Listener
  private let slowest: Duration
  private let observe: (@Sendable (Observation) -> Void)?
  private let explainer: Explainer?

  /// One statement that was run: for metrics, and for the test run that explains every statement it has met.
  package struct Observation: Sendable {
    let sql: SQL
    package let took: Duration
    /// Rows returned or written; nothing when the statement failed.
    package let rows: Int?

    /// Its text, which is put together when somebody asks.
    package var statement: String { sql.text }
  }

  /// Opens nothing yet: sessions are made when they are needed, and again when they are lost.
  ///
  /// - Parameters:
  ///   - url: an address as libpq takes it, `postgresql://…` or `host=… dbname=…`.
  ///   - connectionsPerLoop: at most so many sessions for each loop.
  ///   - atWork: so many of them are in use at once, but for those that are held for longer than 100 ms. With one loop for
  ///     each core, three keep a server on the same machine busy (docs/decisions/pool.md).
  ///   - patience: how long a task waits for a free session before `Failure.unavailable`.
  ///   - statementTimeout: the server ends a statement that takes longer (57014).
  ///   - slowest: a statement that takes longer is logged as `database.slow_query`: its text, never its values.
  ///   - explains: the plan of such a statement is logged too, as `database.slow_plan`, once in ten minutes.
  package init(
    url: String, loops: LoopGroup, connectionsPerLoop: Int = 8, atWork: Int = 3, log: Log = Log(),
    patience: Duration = .seconds(5),
    statementTimeout: Duration = .seconds(30), slowest: Duration = .milliseconds(100),
    explains: Bool = false, observe: (@Sendable (Observation) -> Void)? = nil
  ) {
    self.url = url
    self.loops = loops
    self.log = log
    self.slowest = slowest
    self.observe = observe
    explainer = explains ? Explainer(url: url, log: log) : nil
    let connectors = BlockingPool(threads: 4)
    let cancellers = BlockingPool(threads: 2)
    pools = loops.loops.map { loop in
      Pool(
        url: url, loop: loop, limit: connectionsPerLoop, atWork: atWork, patience: patience,
        statementTimeout: statementTimeout, connectors: connectors, cancellers: cancellers, log: log)
    }
    listener = Listener(url: url, loop: loops.loops[0], connectors: connectors, cancellers: cancellers, log: log)
  }

  /// Whoever forgets to close it still leaves no session behind, as long as the loops run.
  deinit {
    let (listener, pools) = (listener, pools)
    Task(executorPreference: listener.loop) { await listener.close() }
    for pool in pools { Task(executorPreference: pool.loop) { await pool.close() } }
  }

  // MARK: Statements

  @concurrent package func all<Row>(_ query: Query<Row>) async throws -> [Row] {
    guard let pool = ownPool else { return try await onLoop { try await self.all(query) } }
    return try await once(query.sql, pool) { answer, columns in try rows(query, answer, columns) }
  }

  @concurrent @discardableResult package func affected(_ query: Query<Void>) async throws -> Int {
    guard let pool = ownPool else { return try await onLoop { try await self.affected(query) } }
    return try await once(query.sql, pool) { answer, _ in answer.affected }
  }

  /// A statement on its own. A read that found its session dead is asked again on another: it changed nothing.
  /// A restart kills all sessions of the pool, so as many may have to be gone through. One that collided with others
  /// (40001, 40P01) was undone whole, and is asked again up to three times.
  private func once<Result: Sendable>(
    _ sql: SQL, _ pool: Pool, _ read: (Answer, [String]) throws -> Result
  ) async throws -> Result {
    var dead = 0
    var attempt = 0
    while true {
      let connection = try await pool.acquire()
      let answer: Answer
      let columns: [String]
      do {
        (answer, columns) = try await execute(sql, on: connection, of: pool)
        pool.release(connection)
      } catch {
        pool.release(connection)
        guard let error = error as? PostgresError else { throw error }
        if error.isConnectionLost, dead < pool.limit, Self.onlyReads(sql.text) {
          dead += 1
          continue
        }
        guard error.isCollision, attempt < 3 else { throw error }
        attempt += 1
        try await pool.loop.sleep(.milliseconds(Int.random(in: 1...(5 * attempt))))
        continue
      }
      return try read(answer, columns)
    }
  }

  private static func onlyReads(_ statement: String) -> Bool {
    let start = statement.utf8.drop { $0 == 32 || $0 == 10 || $0 == 9 }.prefix(7)
    return String(decoding: start, as: UTF8.self).lowercased() == "select "
  }

  /// Runs a statement and takes down how it went.
  func execute(
    _ sql: SQL, on connection: Connection, of pool: Pool
  ) async throws -> (answer: Answer, columns: [String]) {
    let start = Self.now()
    do {
      let outcome = try await connection.execute(sql)
      note(sql, took: Self.now() - start, rows: outcome.answer.affected, pool)
      return outcome
    } catch {
      note(sql, took: Self.now() - start, rows: nil, pool)
      throw error
    }
  }

  /// The same for several that are sent together; the time is that of all of them.
  func execute(
    _ steps: [Step], on connection: Connection, of pool: Pool
  ) async throws -> [(answer: Answer, columns: [String])] {
    let start = Self.now()
    func note(_ outcome: [(answer: Answer, columns: [String])]?) {
      let took = Self.now() - start
      let last = steps.lastIndex { if case .statement = $0 { true } else { false } }
      for (index, step) in steps.enumerated() {
        guard case .statement(let sql) = step else { continue }
        let rows = outcome.map { $0[index].answer.affected }
        self.note(sql, took: index == last ? took : .zero, rows: rows, pool)
      }
    }
    do {
      let outcome = try await connection.execute(steps)
      note(outcome)
      return outcome
    } catch {
      note(nil)
      throw error
    }
  }

  private func note(_ sql: SQL, took: Duration, rows: Int?, _ pool: Pool) {
    let isSlow = took > slowest
    pool.statistics.withLock {
      $0.queries += 1
      $0.queryTime += took
      if rows == nil { $0.failures += 1 }
      if isSlow { $0.slowQueries += 1 }
    }
    if isSlow {
      log.warning(
        "database.slow_query",
        [
          "milliseconds": .number(Int(took.microseconds / 1000)), "rows": .number(rows ?? -1),
          "statement": .text(sql.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")),
        ])
    }
    if isSlow { explainer?.explain(sql.text) }
    observe?(Observation(sql: sql, took: took, rows: rows))
  }

  private static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// The pool of the loop the caller runs on.
  var ownPool: Pool? {
    guard let current = Loop.current else { return nil }
    return pools.first { $0.loop === current }
  }

  func onLoop<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(loops.any, operation: body)
  }

  // MARK: Listening

  /// Calls `heard` on a loop for each notification on `channel`, until the database is closed. Returns once the server
  /// listens. The session is made again when it is lost; `missed` is then called, because what was said meanwhile
  /// is gone.
  ///
  /// - Parameter channel: small letters, digits and underscores.
  @concurrent package func listen(
    _ channel: String, missed: @escaping @Sendable () -> Void = {}, _ heard: @escaping @Sendable (String) -> Void
  ) async throws {
    try await listener.listen(channel, missed: missed, heard)
  }

  /// Tells whoever listens on `channel`, here at once and in other processes soon, that there is something new; without
  /// saying what, so that many announcements become one. Unlike `notify` it is no part of a transaction, and so does
  /// not make commits wait for each other (PostgreSQL takes one lock for all that notify).
  package func announce(_ channel: String) {
    listener.announce(channel) { [weak self] in try? await self?.notify(channel) }
  }

  // MARK: Life

  /// All loops together, now.
  package var statistics: DatabaseStatistics {
    pools.reduce(DatabaseStatistics()) { $0 + $1.statistics.withLock { $0 } }
  }

  /// Ends every session; waits for those in use. Statements after that fail with `Failure.unavailable`.
  @concurrent package func close() async {
    await withTaskExecutorPreference(listener.loop) { await listener.close() }
    for pool in pools { await withTaskExecutorPreference(pool.loop) { await pool.close() } }
  }
}

/// Reads the rows of an answer.
func rows<Row>(_ query: Query<Row>, _ answer: Answer, _ columns: [String]) throws -> [Row] {
  try withExtendedLifetime(answer) {
    let count = answer.count
    var rows: [Row] = []
    rows.reserveCapacity(count)
    for index in 0..<count {
      var reader = RowReader(answer.result, row: Int32(index), columns: columns)
      rows.append(try query.read(&reader))
    }
    return rows
  }
}
