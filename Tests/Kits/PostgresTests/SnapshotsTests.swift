import Core
import Loop
import TestDatabase
import Testing

@testable import Postgres

/// A table with its stamp, and how often it was read.
private struct Shelf: Sendable {
  let database: Database
  let snapshots: Snapshots
  let reads = Locked(0)

  static let stamp: Query<Stamp> = Query("select 1::bigint, number from shelf_stamp")

  init(_ database: Database, bytes: Int = 1 << 20) {
    self.database = database
    snapshots = Snapshots(of: database, stamp: Self.stamp, bytes: bytes)
  }

  func label(_ key: String = "label") async throws -> String {
    try await snapshots.value(key, at: try await snapshots.stamp(), weight: \.utf8.count) {
      reads.withLock { $0 += 1 }
      return try await database.one(Query<String>("select label from shelf"))
    }
  }

  func write(_ label: String) async throws {
    try await database.transaction { tx in
      try await tx.run(Query("update shelf set label = \(label)"))
      try await tx.run(Query("update shelf_stamp set number = number + 1"))
    }
  }
}

private func withShelf(bytes: Int = 1 << 20, _ body: (Shelf) async throws -> Void) async throws {
  try await withDatabase(.nothing) { database in
    try await database.run(Query("create table shelf (label text not null)"))
    try await database.run(Query("create table shelf_stamp (number bigint not null)"))
    try await database.run(Query("insert into shelf values ('first')"))
    try await database.run(Query("insert into shelf_stamp values (1)"))
    try await body(Shelf(database, bytes: bytes))
  }
}

@Suite struct SnapshotsTests {
  @Test func `what was made is used while the stamp stands, and made again once it does not`() async throws {
    try await withShelf { shelf async throws in
      for _ in 0..<5 { #expect(try await shelf.label() == "first") }
      #expect(shelf.reads.withLock { $0 } == 1)
      try await shelf.write("second")
      for _ in 0..<5 { #expect(try await shelf.label() == "second") }
      #expect(shelf.reads.withLock { $0 } == 2)
    }
  }

  /// No message passes between the two, and yet neither ever tells what is no longer so.
  @Test func `another node sees a change with its next question`() async throws {
    try await withShelf { here async throws in
      let there = Shelf(
        Database(url: here.database.url, loops: here.database.loops, connectionsPerLoop: 2, log: .silent))
      for number in 0..<50 {
        let (writer, other) = number.isMultiple(of: 2) ? (here, there) : (there, here)
        try await writer.write("label \(number)")
        #expect(try await other.label() == "label \(number)")
        #expect(try await writer.label() == "label \(number)")
      }
      await there.database.close()
    }
  }

  @Test func `a change that is not committed is not told, and one that is rolled back never was`() async throws {
    try await withShelf { shelf async throws in
      struct Regret: Error {}
      #expect(try await shelf.label() == "first")
      try? await shelf.database.transaction { tx in
        try await tx.run(Query("update shelf set label = 'never'"))
        try await tx.run(Query("update shelf_stamp set number = number + 1"))
        #expect(try await shelf.label() == "first")
        throw Regret()
      }
      #expect(try await shelf.label() == "first")
      #expect(shelf.reads.withLock { $0 } == 1)
    }
  }

  @Test func `however many ask at once, it is made once, and the stamp is read a few times only`() async throws {
    try await withShelf { shelf async throws in
      let before = shelf.database.statistics.queries
      try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<400 {
          group.addTask(executorPreference: shelf.database.loops.loops[number % 2]) { try await shelf.label() }
        }
        for try await label in group { #expect(label == "first") }
      }
      #expect(shelf.reads.withLock { $0 } == 1)
      #expect(shelf.database.statistics.queries - before < 100)
    }
  }

  @Test func `readers beside a writer never go back in time`() async throws {
    try await withShelf { shelf async throws in
      try await shelf.write("0")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for number in 1...100 { try await shelf.write("\(number)") } }
        for number in 0..<4 {
          group.addTask(executorPreference: shelf.database.loops.loops[number % 2]) {
            var last = 0
            while last < 100 {
              let label = Int(try await shelf.label())!
              #expect(label >= last)
              last = label
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `what fails is told to all who wait, and not kept`() async throws {
    try await withShelf { shelf async throws in
      struct Broken: Error {}
      let stamp = try await shelf.snapshots.stamp()
      for _ in 0..<2 {
        await #expect(throws: Broken.self) {
          try await shelf.snapshots.value("broken", at: stamp, weight: { (_: String) in 1 }) { throw Broken() }
        }
      }
      #expect(
        try await shelf.snapshots.value("broken", at: stamp, weight: { (_: String) in 1 }) { "mended" } == "mended")
    }
  }

  /// Whoever asked first may go away; the others still get what was being made.
  @Test func `a question that is given up does not take the others with it`() async throws {
    try await withShelf { shelf async throws in
      let stamp = try await shelf.snapshots.stamp()
      let gate = Gate()
      let ask: @Sendable () async throws -> String = {
        try await shelf.snapshots.value("slow", at: stamp, weight: \.utf8.count) {
          await gate.pass()
          return try await shelf.database.one(Query<String>("select label from shelf"))
        }
      }
      let first = Task { try await ask() }
      await gate.arrival()
      let second = Task { try await ask() }
      first.cancel()
      await gate.open()
      #expect(try await second.value == "first")
      _ = await first.result
    }
  }

  @Test func `whatever is asked, what is kept weighs no more than was allowed`() async throws {
    try await withShelf(bytes: 20_000) { shelf async throws in
      let stamp = try await shelf.snapshots.stamp()
      for number in 0..<500 {
        let text = String(repeating: "x", count: number * 37 % 3000)
        #expect(try await shelf.snapshots.value("\(number)", at: stamp, weight: \.utf8.count) { text } == text)
        #expect(shelf.snapshots.weight <= 20_000)
      }
    }
  }

  @Test func `a tag is one of its stamp and question, the same on every node, and another after a change`() {
    let stamp = Stamp(run: 7, number: 41)
    #expect(stamp.tag("a") == Stamp(run: 7, number: 41).tag("a"))
    #expect(
      Set([stamp.tag("a"), stamp.tag("b"), Stamp(run: 7, number: 42).tag("a"), Stamp(run: 8, number: 41).tag("a")])
        .count == 4)
    #expect(stamp.tag("a").hasPrefix("W/\"") && stamp.tag("a").hasSuffix("\""))
  }
}

/// Holds whoever comes until it is opened, and says when somebody has come.
private actor Gate {
  private var isOpen = false
  private var hasCome = false
  private var held: [CheckedContinuation<Void, Never>] = []
  private var watchers: [CheckedContinuation<Void, Never>] = []

  func pass() async {
    hasCome = true
    for watcher in watchers { watcher.resume() }
    watchers = []
    if !isOpen { await withCheckedContinuation { held.append($0) } }
  }

  func arrival() async { if !hasCome { await withCheckedContinuation { watchers.append($0) } } }

  func open() {
    isOpen = true
    for one in held { one.resume() }
    held = []
  }
}
