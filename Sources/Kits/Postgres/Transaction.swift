import Core
import Loop

/// How far transactions that run at the same time are kept apart (PostgreSQL manual, 13.2).
package enum Isolation: Sendable {
  /// Each statement sees what was committed before it. Constraints and `for update` do the rest.
  case readCommitted
  /// All statements see the same moment.
  case repeatableRead
  /// As if one transaction ran after the other; the loser is done again.
  case serializable
  /// All statements see the same moment, and none writes.
  case snapshot

  var begin: String {
    switch self {
    case .readCommitted: "begin"
    case .repeatableRead: "begin isolation level repeatable read"
    case .serializable: "begin isolation level serializable"
    case .snapshot: "begin isolation level repeatable read, read only"
    }
  }
}

/// Proof that a transaction is open. Functions that write ask for one.
package struct Transaction: Querying {
  private let scope: TransactionScope

  fileprivate init(_ scope: TransactionScope) { self.scope = scope }

  @concurrent package func all<Row>(_ query: Query<Row>) async throws -> [Row] {
    guard scope.loop.inLoop else { return try await hop { try await self.all(query) } }
    let (answer, columns) = try await scope.execute(query.sql)
    return try rows(query, answer, columns)
  }

  @concurrent @discardableResult package func affected(_ query: Query<Void>) async throws -> Int {
    guard scope.loop.inLoop else { return try await hop { try await self.affected(query) } }
    return try await scope.execute(query.sql).answer.affected
  }

  private func hop<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(scope.loop, operation: body)
  }

  /// The database this is a transaction of: for what happens after the commit.
  package var database: Database { scope.database }

  /// Hands every row to `body`, `portion` at a time, through a cursor: however many there are, a portion is all that is
  /// in memory. One walk at a time. While `body` takes its time the transaction stays open, so a reader who stalls for
  /// longer than the session's idle limit ends it.
  package func walk<Row>(_ query: Query<Row>, by portion: Int = 500, _ body: ([Row]) async throws -> Void) async throws
  {
    // A binary cursor answers plain statements in binary too: nothing is prepared whose columns change with the query.
    try await run(Query<Void>("declare walked binary no scroll cursor for " + query.sql))
    while true {
      let rows = try await fetch(query, portion)
      if rows.isEmpty { break }
      try await body(rows)
      if rows.count < portion { break }
    }
    try await simply("close walked")
  }

  @concurrent private func fetch<Row>(_ query: Query<Row>, _ count: Int) async throws -> [Row] {
    guard scope.loop.inLoop else { return try await hop { try await self.fetch(query, count) } }
    let answer = try await scope.simply("fetch forward \(count) from walked")
    return try rows(query, answer, answer.columns)
  }

  /// Runs `action` once the transaction is committed, in the order given; never when it is rolled back, or when the
  /// savepoint around it is. For what the world outside the database must hear of only then.
  package func afterCommit(_ action: @escaping @Sendable () async -> Void) {
    scope.actions.withLock { $0.append(action) }
  }

  /// Runs `body`, and undoes what it wrote when it throws; the transaction itself goes on. One at a time.
  @discardableResult package func savepoint<Result>(_ body: (Transaction) async throws -> Result) async throws -> Result
  {
    let count = scope.actions.withLock { $0.count }
    try await simply("savepoint inner_\(count)")
    do {
      let result = try await body(self)
      try await simply("release savepoint inner_\(count)")
      return result
    } catch {
      scope.actions.withLock { $0.removeSubrange(count...) }
      try await scope.unhindered("rollback to savepoint inner_\(count)")
      throw error
    }
  }

  @concurrent private func simply(_ statement: String) async throws {
    guard scope.loop.inLoop else { return try await hop { try await self.simply(statement) } }
    try await scope.simply(statement)
  }
}

/// The open transaction: its session, and what waits for its commit.
private final class TransactionScope: Sendable {
  let database: Database
  let pool: Pool
  let connection: Connection
  let actions = Locked<[@Sendable () async -> Void]>([])
  private let isOver = Locked(false)

  init(_ database: Database, _ pool: Pool, _ connection: Connection) {
    self.database = database
    self.pool = pool
    self.connection = connection
  }

  var loop: Loop { pool.loop }

  func end() { isOver.withLock { $0 = true } }

  private func check() throws {
    if isOver.withLock({ $0 }) { throw PostgresError("the transaction is over", state: "25P01") }
  }

  func execute(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) {
    try check()
    return try await database.execute(sql, on: connection, of: pool)
  }

  @discardableResult func simply(_ statement: String) async throws -> Answer {
    try check()
    return try await connection.simply(statement)
  }

  /// Runs a statement that must run even though the caller's task is cancelled: a task of its own is not.
  @discardableResult func unhindered(_ statement: String) async throws -> String {
    let connection = connection
    return try await Task(executorPreference: loop) { try await connection.simply(statement).command }.value
  }
}

extension Database {
  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws or its task is cancelled.
  ///
  /// When the transaction collides with another (40001, 40P01), or meets a statement the tables have outgrown, `body`
  /// is run again from the start, up to three times: what it does outside the database must bear that, or wait in
  /// ``Transaction/afterCommit(_:)``. An error inside makes the transaction unusable; use a savepoint to go on after
  /// one.
  @discardableResult package func transaction<Result>(
    isolation: Isolation = .readCommitted, _ body: (Transaction) async throws -> Result
  ) async throws -> Result {
    var attempt = 0
    while true {
      let scope = try await begin(isolation)
      do {
        let result = try await body(Transaction(scope))
        try Task.checkCancellation()
        scope.end()
        // The server answers a commit of what has failed with `ROLLBACK`, not with an error.
        guard try await scope.unhindered("commit") == "COMMIT" else {
          throw PostgresError("the transaction had failed and was rolled back", state: "25P02")
        }
        await giveBack(scope)
        for action in scope.actions.withLock({ $0 }) { await action() }
        return result
      } catch {
        scope.end()
        await undo(scope)
        guard let error = error as? PostgresError, error.isCollision || error.isStalePlan, attempt < 3 else {
          throw error
        }
        attempt += 1
        // Whoever collided should not meet again in step.
        try await scope.loop.sleep(.milliseconds(Int.random(in: 1...(5 * attempt))))
      }
    }
  }

  /// A session with a transaction open. One that turns out dead at this first word is replaced, as
  /// often as the pool may hold such.
  @concurrent private func begin(_ isolation: Isolation) async throws -> TransactionScope {
    guard let pool = ownPool else { return try await onLoop { try await self.begin(isolation) } }
    var dead = 0
    while true {
      let connection = try await pool.acquire()
      do {
        try await connection.simply(isolation.begin)
        return TransactionScope(self, pool, connection)
      } catch {
        pool.release(connection)
        guard (error as? PostgresError)?.isConnectionLost == true, dead < pool.limit else { throw error }
        dead += 1
      }
    }
  }

  private func undo(_ scope: TransactionScope) async {
    // Without a session there is nothing to roll back; with a failing one, giving it back closes it.
    _ = try? await scope.unhindered("rollback")
    await giveBack(scope)
  }

  @concurrent private func giveBack(_ scope: TransactionScope) async {
    if scope.loop.inLoop { return scope.pool.release(scope.connection) }
    scope.loop.post { scope.pool.release(scope.connection) }
  }
}
