import Core
import Loop
import TestDatabase
import Testing

@testable import Postgres

@Suite struct PipelineTests {
  private func withTable(_ body: (Database) async throws -> Void) async throws {
    try await withDatabase(.nothing) { database async throws in
      try await database.run(Query("create table notes (n int primary key check (n >= 0), words text)"))
      try await body(database)
    }
  }

  private func notes(_ database: Database) async throws -> [Int] {
    try await database.all(Query<Int>("select n from notes order by n"))
  }

  @Test func `what is sent goes out with the next statement, in order, and is there for it`() async throws {
    try await withTable { database in
      let seen = try await database.transaction { tx in
        try tx.send(Query("insert into notes values (\(1), \("one"))"))
        try tx.send(Query("insert into notes select n + 1, 'next' from notes"))
        return try await tx.all(Query<Int>("select n from notes order by n"))
      }
      #expect(seen == [1, 2])
      #expect(try await notes(database) == [1, 2])
    }
  }

  @Test func `what is sent last goes out with the commit, and what it is refused for undoes everything`() async throws {
    try await withTable { database in
      try await database.transaction { tx in try tx.send(Query("insert into notes values (\(1))")) }
      #expect(try await notes(database) == [1])
      let said = Locked(false)
      await #expect(throws: PostgresError.self) {
        try await database.transaction { tx in
          tx.afterCommit { said.withLock { $0 = true } }
          try await tx.run(Query("insert into notes values (\(2))"))
          try tx.send(Query("insert into notes values (\(1))"))
        }
      }
      #expect(try await notes(database) == [1])
      #expect(!said.withLock { $0 })
    }
  }

  @Test func `a refused statement keeps those that went with it from running, and its session serves on`() async throws
  {
    try await withTable { database in
      do {
        try await database.transaction { tx in
          try tx.send(Query("insert into notes values (\(1))"))
          try tx.send(Query("insert into notes values (\(-1))"))
          try await tx.run(Query("insert into notes values (\(2))"))
        }
        Issue.record("a negative number was taken")
      } catch let error as PostgresError { #expect(error.isCheckViolation && error.constraint == "notes_n_check") }
      #expect(try await notes(database).isEmpty)
      for n in 1...20 {
        try await database.transaction { tx in
          try tx.send(Query("insert into notes values (\(n))"))
          try await tx.run(Query("insert into notes values (\(100 + n))"))
        }
      }
      #expect(try await notes(database).count == 40)
    }
  }

  @Test func `a savepoint keeps what was sent before it and undoes what was sent inside`() async throws {
    try await withTable { database in
      try await database.transaction { tx in
        try tx.send(Query("insert into notes values (\(1))"))
        await #expect(throws: PostgresError.self) {
          try await tx.savepoint { tx in
            try await tx.run(Query("insert into notes values (\(2))"))
            try tx.send(Query("insert into notes values (\(1))"))
          }
        }
        struct Enough: Error {}
        await #expect(throws: Enough.self) {
          try await tx.savepoint { tx in
            try tx.send(Query("insert into notes values (\(3))"))
            throw Enough()
          }
        }
        try await tx.savepoint { tx in try tx.send(Query("insert into notes values (\(4))")) }
      }
      #expect(try await notes(database) == [1, 4])
    }
  }

  @Test func `a transaction that asks nothing costs the server nothing`() async throws {
    try await withTable { database in
      let before = database.statistics.queries
      try await database.transaction { _ in }
      #expect(database.statistics.queries == before)
      await #expect(throws: PostgresError.self) {
        let late = try await database.transaction { tx in tx }
        try late.send(Query("select"))
      }
    }
  }

  @Test func `a session that died while it was idle is replaced before the first word, transactions too`() async throws
  {
    try await withTable { database in
      for n in 1...3 {
        try await database.run(
          Query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
          ))
        try await database.transaction { tx in
          try tx.send(Query("insert into notes values (\(n))"))
          try await tx.run(Query("insert into notes values (\(10 + n))"))
        }
      }
      #expect(try await notes(database) == [1, 2, 3, 11, 12, 13])
    }
  }

  @Test func `statements on their own that deadlock are asked again, and all come true`() async throws {
    try await withTable { database in
      try await database.run(Query("insert into notes values (1, ''), (2, '')"))
      // Each takes the two rows in another order, with a breath between them.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (first, second) in [(1, 2), (2, 1)] {
          group.addTask {
            try await database.run(
              Query(
                """
                with a as (update notes set words = words || 'a' where n = \(first) returning n),
                     pause as materialized (select pg_sleep(0.05) from a),
                     b as (update notes set words = words || 'b' where n = \(second) and exists (select from pause) returning n)
                select from b
                """))
          }
        }
        try await group.waitForAll()
      }
      #expect(try await database.one(Query<Int>("select sum(length(words))::int from notes")) == 4)
    }
  }

  @Test func `two hundred transactions of several statements each keep whole, over few sessions`() async throws {
    try await withTable { database in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for n in 0..<200 {
          group.addTask {
            struct Undone: Error {}
            do {
              try await database.transaction { tx in
                try tx.send(Query("insert into notes values (\(n))"))
                try await tx.run(Query("insert into notes values (\(1000 + n))"))
                try tx.send(Query("insert into notes values (\(2000 + n))"))
                if n.isMultiple(of: 5) { throw Undone() }
              }
            } catch is Undone {}
          }
        }
        try await group.waitForAll()
      }
      let all = try await notes(database)
      #expect(all.count == 160 * 3)
      #expect(all.allSatisfy { !($0 % 1000).isMultiple(of: 5) })
    }
  }
}
