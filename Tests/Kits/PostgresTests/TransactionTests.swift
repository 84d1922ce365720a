import Core
import Loop
import Testing

@testable import Postgres
@testable import TestDatabase

struct Broken: Error {}

@Suite struct TransactionTests {
  func withTable(_ body: (Database) async throws -> Void) async throws {
    try await withDatabase(.nothing) { database async throws in
      try await database.run(Query("create table things (n int primary key, words text)"))
      try await body(database)
    }
  }

  func numbers(_ database: Database) async throws -> [Int] {
    try await database.all(Query<Int>("select n from things order by n"))
  }

  @Test func `what returns is kept, what throws is not`() async throws {
    try await withTable { database async throws in
      let said = try await database.transaction { tx async throws in
        #expect(try await tx.affected(Query("insert into things values (1), (2)")) == 2)
        return "done"
      }
      #expect(said == "done")
      await #expect(throws: Broken.self) {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into things values (3)"))
          throw Broken()
        }
      }
      #expect(try await numbers(database) == [1, 2])
    }
  }

  @Test func `a walk hands on every row in portions, in order, with values bound, and ends where its reader does`()
    async throws
  {
    try await withTable { database async throws in
      try await database.run(Query("insert into things select n, 'word ' || n from generate_series(1, 1234) n"))
      try await database.transaction(isolation: .snapshot) { tx async throws in
        for (portion, sizes) in [(500, [500, 500, 233]), (1233, [1233]), (2000, [1233])] {
          var seen: [(Int, String)] = []
          var portions: [Int] = []
          try await tx.walk(
            Query<(Int, String)>("select n, words from things where n > \(1) order by n"), by: portion
          ) { rows in
            seen += rows
            portions.append(rows.count)
          }
          #expect(portions == sizes)
          #expect(seen.map(\.0) == Array(2...1234))
          #expect(seen.last?.1 == "word 1234")
        }
        // Other columns, the same session: nothing of the last walk is remembered.
        var count = 0
        try await tx.walk(Query<Int>("select count(*) from things where n < \(0)")) { count += $0.count }
        #expect(count == 1)
        try await tx.walk(Query<Int>("select n from things where n < \(0)")) { _ in Issue.record("there are none") }
      }
      await #expect(throws: Broken.self) {
        try await database.transaction { tx async throws in
          try await tx.walk(Query<Int>("select n from things"), by: 10) { _ in throw Broken() }
        }
      }
      #expect(try await database.one(Query<Int>("select count(*) from things")) == 1234)
    }
  }

  @Test func `a broken constraint is told by its name`() async throws {
    try await withTable { database async throws in
      try await database.run(Query("alter table things add constraint small_numbers check (n < 10)"))
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction { tx in try await tx.run(Query("insert into things values (11)")) }
      }
      #expect(error?.isCheckViolation == true && error?.constraint == "small_numbers" && error?.table == "things")
      #expect(try await numbers(database) == [])
    }
  }

  @Test func `a cancelled task leaves nothing behind, wherever it was`() async throws {
    try await withTable { database async throws in
      // Between two statements.
      let (held, hold) = AsyncStream.makeStream(of: Void.self)
      let between = Task {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into things values (1)"))
          hold.yield()
          try await database.loops.any.sleep(.seconds(3600))
        }
      }
      for await _ in held { break }
      between.cancel()
      await #expect(throws: CancellationError.self) { try await between.value }
      // In the middle of one.
      let within = Task {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into things values (2)"))
          try await tx.run(Query("select pg_sleep(600)"))
        }
      }
      while try await database.one(
        Query<Int>(
          "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")) == 0
      {
        await Task.yield()
      }
      within.cancel()
      await #expect(throws: CancellationError.self) { try await within.value }
      // After the last, before the commit.
      let after = Task {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into things values (3)"))
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }
      await #expect(throws: CancellationError.self) { try await after.value }
      #expect(try await numbers(database) == [])
      let open = try await database.one(
        Query<Int>(
          "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
        ))
      #expect(open == 0)
    }
  }

  @Test func `serializable transactions that collide are done again, and all come true`() async throws {
    try await withTable { database async throws in
      try await database.run(Query("insert into things values (0, '')"))
      let tries = Locked(0)
      // Everybody reads the sum and adds one more row than it: only one order after the other can be right.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 {
          group.addTask {
            try await database.transaction(isolation: .serializable) { tx in
              tries.withLock { $0 += 1 }
              let count = try await tx.one(Query<Int>("select count(*) from things"))
              try await tx.run(Query("insert into things values (\(count), 'x')"))
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await numbers(database) == [0, 1, 2, 3])
      #expect(tries.withLock { $0 } >= 3)
    }
  }

  @Test func `two that deadlock both come true`() async throws {
    try await withTable { database async throws in
      try await database.run(Query("insert into things values (1, ''), (2, '')"))
      let both = Locked(0)
      let (met, meet) = AsyncStream.makeStream(of: Void.self)
      func change(_ first: Int, _ second: Int) async throws {
        try await database.transaction { tx async throws in
          try await tx.run(Query("update things set words = words || 'x' where n = \(first)"))
          // The first time each holds its first row before either asks for its second.
          let arrived = both.withLock { both in
            both += 1
            return both
          }
          if arrived == 1 { for await _ in met { break } }
          if arrived == 2 { meet.yield() }
          try await tx.run(Query("update things set words = words || 'x' where n = \(second)"))
        }
      }
      async let one: Void = change(1, 2)
      async let two: Void = change(2, 1)
      _ = try await (one, two)
      #expect(try await database.all(Query<String>("select words from things")) == ["xx", "xx"])
      #expect(both.withLock { $0 } == 3)
    }
  }

  @Test func `a collision that never ends is reported after three more tries`() async throws {
    try await withTable { database async throws in
      let tries = Locked(0)
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction { tx async throws in
          tries.withLock { $0 += 1 }
          try await tx.run(Query("do $$ begin raise exception 'again' using errcode = '40001'; end $$"))
        }
      }
      #expect(error?.state == "40001")
      #expect(tries.withLock { $0 } == 4)
    }
  }

  @Test func `an error that was swallowed does not pass for a commit`() async throws {
    try await withTable { database async throws in
      let told = Locked(false)
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction { tx async throws in
          tx.afterCommit { told.withLock { $0 = true } }
          try await tx.run(Query("insert into things values (1)"))
          try? await tx.run(Query("insert into things values (1)"))
        }
      }
      #expect(error?.state == "25P02")
      #expect(try await numbers(database) == [])
      #expect(!told.withLock { $0 })
    }
  }

  @Test func `a savepoint undoes only what was inside it, and what was to follow it`() async throws {
    try await withTable { database async throws in
      let told = Locked<[String]>([])
      try await database.transaction { tx async throws in
        tx.afterCommit { told.withLock { $0.append("outer") } }
        try await tx.run(Query("insert into things values (1)"))
        do {
          try await tx.savepoint { tx in
            tx.afterCommit { told.withLock { $0.append("inner") } }
            try await tx.run(Query("insert into things values (2)"))
            try await tx.run(Query("insert into things values (1)"))
          }
        } catch let error as PostgresError where error.isUniqueViolation {}
        try await tx.savepoint { tx in
          try await tx.run(Query("insert into things values (3)"))
          try await tx.savepoint { tx in try await tx.run(Query("insert into things values (4)")) }
        }
        tx.afterCommit { told.withLock { $0.append("last") } }
      }
      #expect(try await numbers(database) == [1, 3, 4])
      #expect(told.withLock { $0 } == ["outer", "last"])
    }
  }

  @Test func `what waits for the commit runs after it, and not when it fails`() async throws {
    try await withTable { database async throws in
      let seen = Locked<[[Int]]>([])
      try await database.transaction { tx async throws in
        tx.afterCommit {
          let numbers = try? await database.all(Query<Int>("select n from things"))
          seen.withLock { $0.append(numbers ?? []) }
        }
        try await tx.run(Query("insert into things values (1)"))
      }
      try? await database.transaction { tx async throws in
        tx.afterCommit { seen.withLock { $0.append([-1]) } }
        throw Broken()
      }
      #expect(seen.withLock { $0 } == [[1]])
    }
  }

  @Test func `statements asked for at once inside one transaction wait for each other`() async throws {
    try await withTable { database async throws in
      try await database.transaction { tx async throws in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<50 { group.addTask { try await tx.run(Query("insert into things values (\(number))")) } }
          try await group.waitForAll()
        }
      }
      #expect(try await numbers(database).count == 50)
    }
  }

  @Test func `a transaction that is over answers nothing any more`() async throws {
    try await withTable { database async throws in
      let kept = try await database.transaction { $0 }
      let error = await #expect(throws: PostgresError.self) { try await kept.one(Query<Int>("select 1")) }
      #expect(error?.state == "25P01")
    }
  }

  @Test func `a snapshot sees one moment and writes nothing`() async throws {
    try await withTable { database async throws in
      try await database.transaction(isolation: .snapshot) { tx async throws in
        #expect(try await tx.one(Query<Int>("select count(*) from things")) == 0)
        try await Task.detached { try await database.run(Query("insert into things values (1)")) }.value
        #expect(try await tx.one(Query<Int>("select count(*) from things")) == 0)
      }
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction(isolation: .snapshot) { tx in try await tx.run(Query("delete from things")) }
      }
      #expect(error?.state == "25006")
    }
  }
}
