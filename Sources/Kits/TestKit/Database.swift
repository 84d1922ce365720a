package import Core
package import Loop
package import Postgres
package import TestDatabase

/// Runs `body` with a database of its own, migrated and empty, on one of the tests' two loops. Dropped afterwards.
package func withDatabase<Outcome>(
  connectionsPerLoop: Int = 4, log: Log = .silent, _ body: (Database) async throws -> Outcome
) async throws -> Outcome {
  try await TestDatabase.withDatabase(connectionsPerLoop: connectionsPerLoop, log: log, body)
}

/// The same for what opens the database itself: `body` is given its address.
package func withDatabaseAddress<Outcome>(_ body: (_ address: String) async throws -> Outcome) async throws -> Outcome {
  try await TestDatabase.withDatabaseAddress(body)
}

/// The loops the tests of this process share.
package var testLoops: LoopGroup { TestDatabase.testLoops }

/// A clock the test moves.
package typealias SteppedClock = TestDatabase.SteppedClock
