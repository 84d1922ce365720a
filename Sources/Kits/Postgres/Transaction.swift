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

  /// Sends a statement along with the next one that is awaited, or with the commit, in one flush of the network: for
  /// what is written and not asked back. The order stays; what it is refused for is thrown by whatever it went with.
  package func send(_ query: Query<Void>) throws { try scope.send(query.sql) }

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
      try await scope.undo("rollback to savepoint inner_\(count)")
      throw error
    }
  }

  @concurrent private func simply(_ statement: String) async throws {
    guard scope.loop.inLoop else { return try await hop { try await self.simply(statement) } }
    try await scope.simply(statement)
  }
}

/// The open transaction: its session, what goes out with the next statement, and what waits for the commit.
private final class TransactionScope: Sendable {
  let database: Database
  let pool: Pool
  let connection: Connection
  let actions = Locked<[@Sendable () async -> Void]>([])
  private let state: Locked<State>

  private struct State {
    /// The first of all is `begin`: the server hears of a transaction when it is first asked something.
    var queue: [Step]
    /// Something has been sent.
    var isAsked = false
    var isBegun = false
    var isOver = false
  }

  init(_ database: Database, _ pool: Pool, _ connection: Connection, _ isolation: Isolation) {
    self.database = database
    self.pool = pool
    self.connection = connection
    state = Locked(State(queue: [.word(isolation.begin)]))
  }

  var loop: Loop { pool.loop }

  /// Whether the server has answered anything.
  var isBegun: Bool { state.withLock { $0.isBegun } }

  var isAsked: Bool { state.withLock { $0.isAsked } }

  func end() { state.withLock { $0.isOver = true } }

  private func check(_ state: State) throws {
    if state.isOver { throw PostgresError("the transaction is over", state: "25P01") }
  }

  func send(_ sql: SQL) throws {
    try state.withLock { state in
      try check(state)
      state.queue.append(.statement(sql))
    }
  }

  func execute(_ sql: SQL) async throws -> (answer: Answer, columns: [String]) { try await execute(.statement(sql)) }

  @discardableResult func simply(_ word: String) async throws -> Answer { try await execute(.word(word)).answer }

  private func execute(_ step: Step) async throws -> (answer: Answer, columns: [String]) {
    let steps = try state.withLock { state in
      try check(state)
      defer { state.queue = [] }
      state.isAsked = true
      return state.queue + [step]
    }
    let outcome = try await database.execute(steps, on: connection, of: pool)
    state.withLock { $0.isBegun = true }
    return outcome[steps.count - 1]
  }

  /// Whether everything is stored. A cancelled task does not keep a commit, or a rollback, from being sent: a task of its
  /// own is not cancelled.
  func commit() async throws -> Bool {
    let (steps, isBegun) = state.withLock { state in
      defer { state.queue = [] }
      return (state.queue + [.word("commit")], state.isBegun)
    }
    // Nothing was asked: `begin` alone is waiting.
    if !isBegun, steps.count == 2 { return true }
    // From here on nobody knows whether it was stored, so a lost session is no reason to begin again.
    state.withLock { ($0.isAsked, $0.isBegun) = (true, true) }
    let (database, connection, pool) = (database, connection, pool)
    return try await Task(executorPreference: loop) {
      try await database.execute(steps, on: connection, of: pool)[steps.count - 1].answer.command == "COMMIT"
    }.value
  }

  /// Undoes everything, or what came after a savepoint; what had not been sent is forgotten.
  func undo(_ word: String) async throws {
    state.withLock { $0.queue = [] }
    let connection = connection
    _ = try await Task(executorPreference: loop) { try await connection.simply(word) }.value
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
    var dead = 0
    while true {
      let scope = try await begin(isolation)
      do {
        let result = try await body(Transaction(scope))
        try Task.checkCancellation()
        scope.end()
        // The server answers a commit of what has failed with `ROLLBACK`, not with an error.
        guard try await scope.commit() else {
          throw PostgresError("the transaction had failed and was rolled back", state: "25P02")
        }
        await giveBack(scope)
        for action in scope.actions.withLock({ $0 }) { await action() }
        return result
      } catch {
        scope.end()
        await undo(scope)
        guard let error = error as? PostgresError else { throw error }
        // A session that turns out dead at its first word has done nothing: another is taken, as often as the pool may
        // hold such.
        if error.isConnectionLost, !scope.isBegun, dead < scope.pool.limit {
          dead += 1
          continue
        }
        guard error.isCollision || error.isStalePlan, attempt < 3 else { throw error }
        attempt += 1
        // Whoever collided should not meet again in step.
        try await scope.loop.sleep(.milliseconds(Int.random(in: 1...(5 * attempt))))
      }
    }
  }

  /// A session for a transaction, which begins with its first statement.
  @concurrent private func begin(_ isolation: Isolation) async throws -> TransactionScope {
    guard let pool = ownPool else { return try await onLoop { try await self.begin(isolation) } }
    return TransactionScope(self, pool, try await pool.acquire(), isolation)
  }

  private func undo(_ scope: TransactionScope) async {
    // Without a session there is nothing to roll back; with a failing one, giving it back closes it.
    if scope.isAsked { try? await scope.undo("rollback") }
    await giveBack(scope)
  }

  @concurrent private func giveBack(_ scope: TransactionScope) async {
    if scope.loop.inLoop { return scope.pool.release(scope.connection) }
    scope.loop.post { scope.pool.release(scope.connection) }
  }
}
