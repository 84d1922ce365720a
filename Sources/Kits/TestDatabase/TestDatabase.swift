// Databases for tests: real PostgreSQL, a fresh one for every test, made as a copy of a migrated template.
//
// The template is made once per state of Database/Migrations, under a lock, and is shared by all test processes on the
// cluster. `TUTALINK_TEST_DATABASE` says where the cluster is. With `TUTALINK_TEST_STATEMENTS=file`, each statement the
// tests run is added to that file once, one a line.
package import Core
package import Loop
package import Postgres

/// What a test's database holds at first.
package enum Contents: Hashable, Sendable {
  /// All of Database/Migrations, and no rows.
  case house
  /// These files of it: a kit's tests need not wait for every feature's tables.
  case only([String])
  /// Nothing.
  case nothing
}

/// Runs `body` with a database of its own, on one of the tests' two loops. Dropped afterwards.
package func withDatabase<Outcome>(
  _ contents: Contents = .house, connectionsPerLoop: Int = 4, log: Log = .silent,
  _ body: (Database) async throws -> Outcome
) async throws -> Outcome {
  try await withDatabaseAddress(contents) { address in
    let statements = TestCluster.statements
    let database = Database(
      url: address, loops: TestCluster.loops, connectionsPerLoop: connectionsPerLoop,
      // All at once: races are what tests are after.
      atWork: connectionsPerLoop, log: log, observe: { statements?.add($0.statement) })
    do {
      let outcome = try await onLoop(database, body)
      await database.close()
      return outcome
    } catch {
      await database.close()
      throw error
    }
  }
}

private func onLoop<Outcome>(
  _ database: Database, _ body: (Database) async throws -> Outcome
) async throws -> Outcome {
  try await withTaskExecutorPreference(database.loops.any) { try await body(database) }
}

/// The same for what opens the database itself: `body` is given its address.
package func withDatabaseAddress<Outcome>(
  _ contents: Contents = .house, _ body: (_ address: String) async throws -> Outcome
) async throws -> Outcome {
  await TestCluster.gate.enter()
  defer { TestCluster.gate.leave() }
  let name = try await TestCluster.make(contents)
  do {
    let outcome = try await body(try TestCluster.address(of: name))
    try await TestCluster.drop(name)
    return outcome
  } catch {
    try? await TestCluster.drop(name)
    throw error
  }
}

/// The loops the tests of this process share.
package var testLoops: LoopGroup { TestCluster.loops }
