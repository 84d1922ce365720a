import Core
import Loop
import Testing

@testable import Postgres
@testable import TestDatabase

/// The backends of this database, other than the one that asks.
private let otherBackends: Query<Int> = Query(
  """
  select count(*) from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
  """)

private func killOthers(_ database: Database) async throws {
  try await database.run(
    Query(
      """
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
      """))
}

@Suite struct PoolTests {
  @Test func `two hundred queries share eight sessions and all are answered`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 4) { database async throws in
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<200 {
          group.addTask(executorPreference: database.loops.loops[number % 2]) {
            try await database.one(Query<Int>("select \(number)::int from pg_sleep(0.001)"))
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 19_900)
      let statistics = database.statistics
      #expect(statistics.connections <= 8 && statistics.idle == statistics.connections && statistics.waiting == 0)
      #expect(statistics.queries == 200 && statistics.failures == 0)
    }
  }

  @Test func `few are at work at once, and those who are held up stand in nobody's way`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 4) { database async throws in
      let loop = database.loops.loops[0]
      let narrow = Database(
        url: database.url, loops: database.loops, connectionsPerLoop: 4, atWork: 1, log: .silent)
      // Of many short ones one is at work, so one session is all that is opened.
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<50 {
          group.addTask(executorPreference: loop) { try await narrow.one(Query<Int>("select \(number)::int")) }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 1225)
      #expect(narrow.statistics.connections == 1)
      // Three wait for a lock; the fourth session serves everybody else meanwhile.
      let held = try await database.transaction { tx async throws in
        try await tx.run(Query("select pg_advisory_xact_lock(7)"))
        let held = (0..<3).map { _ in
          Task(executorPreference: loop) {
            try await narrow.transaction { tx in try await tx.run(Query("select pg_advisory_xact_lock(7)")) }
          }
        }
        let waiting = Query<Int>(
          "select count(*) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()")
        // Not by the transaction itself: it would see the same moment for ever.
        while try await database.one(waiting) < 3 { await Task.yield() }
        for number in 0..<20 {
          let answer = try await Task(executorPreference: loop) {
            try await narrow.one(Query<Int>("select \(number)::int"))
          }.value
          #expect(answer == number)
        }
        #expect(narrow.statistics.connections == 4)
        return held
      }
      for task in held { try await task.value }
      #expect(narrow.statistics.idle == 4 && narrow.statistics.waiting == 0)
      await narrow.close()
    }
  }

  @Test func `callers off the loops are served too`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let answer = try await Task.detached {
        #expect(Loop.current == nil)
        let answer = try await database.transaction { tx in try await tx.one(Query<Int>("select 41")) }
        return try await answer + database.one(Query<Int>("select 1"))
      }.value
      #expect(answer == 42)
    }
  }

  @Test func `a caller on a loop stays on it through queries and transactions`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 2) { database async throws in
      for loop in database.loops.loops {
        try await Task(executorPreference: loop) { () async throws in
          _ = try await database.one(Query<Int>("select 1"))
          #expect(loop.inLoop)
          try await database.transaction { tx in
            #expect(loop.inLoop)
            _ = try await tx.one(Query<Int>("select 1"))
            #expect(loop.inLoop)
          }
          #expect(loop.inLoop)
        }.value
      }
      #expect(database.statistics.connections == 2)
    }
  }

  @Test func `a cancelled query ends on the server, and its session serves on`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 1) { database async throws in
      let loop = database.loops.loops[0]
      let watcher = Database(url: database.url, loops: database.loops, connectionsPerLoop: 1, log: .silent)
      let backend = try await Task(executorPreference: loop) {
        try await database.one(Query<Int>("select pg_backend_pid()"))
      }.value
      let query = Task(executorPreference: loop) {
        try await database.one(Query<String>("select 'x'::text from pg_sleep(600)"))
      }
      let asleep: Query<Int> = Query(
        "select count(*) from pg_stat_activity where pid = \(backend) and state = 'active' and wait_event = 'PgSleep'")
      while try await watcher.one(asleep) == 0 { await Task.yield() }
      query.cancel()
      await #expect(throws: CancellationError.self) { try await query.value }
      #expect(try await watcher.one(asleep) == 0)
      // Many statements right after: none of them is hit by the cancel.
      try await Task(executorPreference: loop) { () async throws in
        for _ in 0..<50 { #expect(try await database.one(Query<Int>("select pg_backend_pid()")) == backend) }
      }.value
      await watcher.close()
    }
  }

  @Test func `who is cancelled while waiting leaves the line, and the others are served`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 1) { database async throws in
      let loop = database.loops.loops[0]
      let (held, hold) = AsyncStream.makeStream(of: Void.self)
      let (released, release) = AsyncStream.makeStream(of: Void.self)
      let holder = Task(executorPreference: loop) {
        try await database.transaction { _ in
          hold.yield()
          for await _ in released { break }
        }
      }
      for await _ in held { break }
      let waiters = (0..<20).map { number in
        Task(executorPreference: loop) { try await database.one(Query<Int>("select \(number)::int")) }
      }
      while database.statistics.waiting < 20 { await Task.yield() }
      for number in stride(from: 0, to: 20, by: 2) { waiters[number].cancel() }
      while database.statistics.waiting > 10 { await Task.yield() }
      release.yield()
      try await holder.value
      for number in 0..<20 {
        if number.isMultiple(of: 2) {
          await #expect(throws: CancellationError.self) { try await waiters[number].value }
        } else {
          #expect(try await waiters[number].value == number)
        }
      }
      #expect(database.statistics.connections == 1)
    }
  }

  @Test func `waiting for a session ends after a while with unavailable`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let small = Database(
        url: database.url, loops: database.loops, connectionsPerLoop: 1, log: .silent, patience: .seconds(2))
      let loop = database.loops.loops[1]
      try await Task(executorPreference: loop) { () async throws in
        try await small.transaction { _ in
          await #expect(throws: Failure.unavailable) { try await small.one(Query<Int>("select 1")) }
        }
        #expect(try await small.one(Query<Int>("select 1")) == 1)
      }.value
      #expect(small.statistics.timeouts == 1)
      await small.close()
    }
  }

  @Test func `sessions that were cut are replaced, and reads do not notice`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 3) { database async throws in
      let admin = Database(url: database.url, loops: database.loops, connectionsPerLoop: 1, log: .silent)
      for _ in 0..<5 {
        try await withThrowingTaskGroup(of: Int.self) { group in
          for number in 0..<6 { group.addTask { try await database.one(Query<Int>("select \(number)::int")) } }
          for try await _ in group {}
        }
        try await killOthers(admin)
        // At once: some sessions are dead without our having heard.
        for _ in 0..<6 { #expect(try await database.one(Query<Int>("select 1")) == 1) }
        try await killOthers(admin)
        #expect(try await database.transaction { tx in try await tx.one(Query<Int>("select 2")) } == 2)
      }
      await admin.close()
    }
  }

  @Test func `a session cut during a write fails that write, once, and no other`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 1) { database async throws in
      let admin = Database(url: database.url, loops: database.loops, connectionsPerLoop: 1, log: .silent)
      try await database.run(Query("create table written (n int)"))
      let write = Task(executorPreference: database.loops.loops[0]) {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into written values (1)"))
          try await tx.run(Query("select pg_sleep(600)"))
        }
      }
      while try await admin.one(
        Query<Int>(
          "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")) == 0
      {
        await Task.yield()
      }
      try await killOthers(admin)
      let error = await #expect(throws: PostgresError.self) { try await write.value }
      #expect(error?.state == "57P01")
      try await Task(executorPreference: database.loops.loops[0]) { () async throws in
        #expect(try await database.all(Query<Int>("select n from written")) == [])
      }.value
      await admin.close()
    }
  }

  @Test func `a server that is not there is said to be unavailable`() async throws {
    let database = Database(url: "host=/nowhere dbname=x", loops: testLoops, log: .silent)
    await #expect(throws: Failure.unavailable) { try await database.one(Query<Int>("select 1")) }
    await database.close()
  }

  @Test func `a closed database refuses, and leaves no session behind`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let other = Database(url: database.url, loops: database.loops, connectionsPerLoop: 2, log: .silent)
      for loop in database.loops.loops {
        try await Task(executorPreference: loop) { _ = try await other.one(Query<Int>("select 1")) }.value
      }
      try await other.listen("anything") { _ in }
      await other.close()
      await #expect(throws: Failure.unavailable) { try await other.one(Query<Int>("select 1")) }
      while try await database.one(otherBackends) > database.statistics.connections - 1 { await Task.yield() }
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func `whatever happens to its users, the pool stays whole`(seed: UInt64)
    async throws
  {
    try await withDatabase(.nothing, connectionsPerLoop: 3) { database async throws in
      try await database.run(Query("create table kept (n int primary key)"))
      var dice = Dice(seed)
      let committed = Locked<Set<Int>>([])
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<150 {
          let (kind, patience) = (Int.random(in: 0..<5, using: &dice), Int.random(in: 0..<8, using: &dice))
          let loop = database.loops.loops[Int.random(in: 0..<2, using: &dice)]
          group.addTask {
            let work = Task(executorPreference: loop) { () async throws in
              switch kind {
              case 0: _ = try await database.one(Query<Int>("select \(number)::int from pg_sleep(0.002)"))
              case 1: try await database.run(Query("select nonsense"))
              case 2: try await database.run(Query("select pg_terminate_backend(pg_backend_pid())"))
              default:
                try await database.transaction { tx in
                  try await tx.run(Query("insert into kept values (\(number))"))
                  _ = try await tx.one(Query<String>("select ''::text from pg_sleep(0.002)"))
                  if kind == 3 { throw Failure.forbidden }
                }
                committed.withLock { _ = $0.insert(number) }
              }
            }
            // Some are cancelled, somewhere on their way.
            if patience < 3 {
              try? await loop.sleep(.milliseconds(patience))
              work.cancel()
            }
            _ = await work.result
          }
        }
      }
      for loop in database.loops.loops {
        try await Task(executorPreference: loop) { () async throws in
          for _ in 0..<3 { #expect(try await database.one(Query<Int>("select 1")) == 1) }
        }.value
      }
      let statistics = database.statistics
      #expect(statistics.waiting == 0 && statistics.connections <= 6 && statistics.idle == statistics.connections)
      // What was told to be kept is kept; a commit whose answer was lost may be kept too.
      let kept = Set(try await database.all(Query<Int>("select n from kept")))
      #expect(committed.withLock { $0 }.isSubset(of: kept))
      let stuck = try await database.one(
        Query<Int>("select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'")
      )
      #expect(stuck == 0)
    }
  }

  @Test func `a slow statement is logged with its text and without its values`() async throws {
    let lines = Locked<[String]>([])
    try await withDatabase(.nothing) { database async throws in
      let slow = Database(
        url: database.url, loops: database.loops, log: Log(sink: { line in lines.withLock { $0.append(line) } }),
        slowest: .milliseconds(5))
      _ = try await slow.one(Query<String>("select \("secret")::text\n  from pg_sleep(0.02)"))
      #expect(slow.statistics.slowQueries == 1)
      await slow.close()
    }
    let line = try #require(lines.withLock { $0 }.first { $0.contains("database.slow_query") })
    #expect(line.contains("select $1::text from pg_sleep(0.02)"))
    #expect(!line.contains("secret"))
  }

  @Test func `the plan of a slow statement is logged once, with nobody's values`() async throws {
    let lines = Locked<[String]>([])
    try await withDatabase(.nothing) { database async throws in
      try await database.run(Query("create table things (a text primary key)"))
      let slow = Database(
        url: database.url, loops: database.loops, log: Log(sink: { line in lines.withLock { $0.append(line) } }),
        slowest: .zero, explains: true)
      for _ in 0..<3 {
        _ = try await slow.first(Query<String>("select a from things where a = \("secret") and \(1) = 1"))
      }
      while !lines.withLock({ $0 }).contains(where: { $0.contains("database.slow_plan") }) { await Task.yield() }
      await slow.close()
    }
    let plans = lines.withLock { $0 }.filter { $0.contains("database.slow_plan") }
    #expect(plans.count == 1)
    #expect(plans[0].contains("things") && plans[0].contains("$1"))
    #expect(lines.withLock { $0 }.allSatisfy { !$0.contains("secret") })
  }

  @Test func `what PostgreSQL says of a value it cannot take is written down without the value`() async throws {
    try await withDatabase(.nothing) { database async throws in
      do {
        _ = try await database.one(Query<Int>("select (\("ada@example.org")::text)::int"))
        Issue.record("it was taken")
      } catch let error as PostgresError {
        #expect(error.state == "22P02")
        #expect(!"\(error)".contains("ada@") && !String(reflecting: error).contains("ada@"))
      }
    }
  }

  @Test func `statements survive a change of the tables under them`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 1) { database async throws in
      try await Task(executorPreference: database.loops.loops[0]) { () async throws in
        try await database.run(Query("create table things (a int)"))
        try await database.run(Query("insert into things values (1)"))
        let read: Query<Int> = Query("select * from things")
        #expect(try await database.one(read) == 1)
        try await database.run(Query("alter table things alter a type bigint, add b int"))
        #expect(try await database.one(read) == 1)
        try await database.run(Query("alter table things alter a type int"))
        #expect(try await database.transaction { tx in try await tx.one(read) } == 1)
        // And when the server forgot it altogether.
        try await database.run(Query("deallocate all"))
        #expect(try await database.one(read) == 1)
      }.value
    }
  }

  @Test func `statements made up as we go do not pile up`() async throws {
    try await withDatabase(.nothing, connectionsPerLoop: 1) { database async throws in
      try await Task(executorPreference: database.loops.loops[0]) { () async throws in
        for number in 0..<600 {
          let columns = (0...number).map { _ in "1" as SQL }.joined(" + ")
          #expect(try await database.one(Query<Int>("select \(columns)")) == number + 1)
        }
        #expect(try await database.one(Query<Int>("select count(*) from pg_prepared_statements")) <= 500)
      }.value
    }
  }
}

@Suite struct ListenerTests {
  @Test func `what is said on a channel is heard, in order, after the commit, and again after a cut`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let (heard, hear) = AsyncStream.makeStream(of: String.self)
      let (missed, miss) = AsyncStream.makeStream(of: Void.self)
      try await database.listen("words", missed: { miss.yield() }) { hear.yield($0) }
      try? await database.transaction { tx async throws in
        try await tx.notify("words", "never")
        throw Failure.forbidden
      }
      try await database.transaction { tx async throws in
        try await tx.notify("words", "one")
        try await tx.notify("words", "two")
      }
      var words = heard.makeAsyncIterator()
      #expect(await words.next() == "one")
      #expect(await words.next() == "two")
      let admin = Database(url: database.url, loops: database.loops, connectionsPerLoop: 1, log: .silent)
      try await killOthers(admin)
      for await _ in missed { break }
      try await admin.notify("words", "three")
      #expect(await words.next() == "three")
      await admin.close()
    }
  }

  @Test func `an announcement is heard here at once and by others soon`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let other = Database(url: database.url, loops: database.loops, log: .silent)
      let (here, hear) = AsyncStream.makeStream(of: String.self)
      let (there, hearThere) = AsyncStream.makeStream(of: String.self)
      try await database.listen("news") { hear.yield($0) }
      try await other.listen("news") { hearThere.yield($0) }
      for _ in 0..<100 { database.announce("news") }
      for await _ in here { break }
      for await _ in there { break }
      await other.close()
    }
  }
}
