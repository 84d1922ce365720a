// Answers made of tables that change seldom, kept until those change.
//
// The tables' owner keeps a stamp in the database: a number that grows in the same commit as any change (triggers see to
// that, so that no writer can forget it). Before anything kept is used the stamp is read anew, by a statement that begins
// after the question came. What is told is therefore never older than the question: on any node, whatever notification
// was lost and whatever any clock says. Everybody who asks a loop at the same time shares one such statement, which is
// what makes it cheap exactly when there is much to do.
import Core
import Loop

/// When a set of tables changed last.
package struct Stamp: Sendable, Hashable, RowDecodable {
  /// Which run of the database's server counted. After a restart from a backup, or a change to a standby, numbers may
  /// come again for other contents; the run is then another.
  package let run: Int64
  /// Grows with every change.
  package let number: Int64

  package init(run: Int64, number: Int64) {
    self.run = run
    self.number = number
  }

  /// The run, then the number.
  package init(row: inout RowReader) throws {
    run = try row.next()
    number = try row.next()
  }

  /// A weak validator (RFC 9110, 8.8.1) of what is made of the tables under `key`; the same on every node.
  package func tag(_ key: String) -> String {
    // FNV-1a, 64 bits: the question is the client's own, so nothing is gained by finding two that agree.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let run = UInt64(truncatingIfNeeded: run)
    return "W/\"\(String(run, radix: 36)).\(number).\(String(hash, radix: 36))\""
  }

  /// Whether what was made at `other` is at least as new as this.
  func isMet(by other: Stamp) -> Bool { run == other.run && number <= other.number }
}

/// What was made of some tables, by key, while their stamp stands. Shared by all loops; holds `bytes` at most.
///
/// The key says everything the value depends on besides the tables: the question, the language, and, where the time
/// matters, the minute.
package final class Snapshots: Sendable {
  package static let defaultBytes = 4 << 20

  private struct Entry: Sendable {
    let stamp: Stamp
    let value: any Sendable
  }

  private struct Errand: Hashable {
    let key: String
    let stamp: Stamp
  }

  /// Where the questions of one loop wait for the stamp; touched on its thread only.
  private final class Desk: @unchecked Sendable {
    let loop: Loop
    var line: [UnsafeContinuation<Stamp, any Error>] = []
    var isReading = false
    init(_ loop: Loop) { self.loop = loop }
  }

  private let database: Database
  private let question: Query<Stamp>
  private let kept: Memo<String, Entry>
  private let desks: [Desk]
  private let errands = Locked<[Errand: Task<any Sendable, any Error>]>([:])

  /// - Parameters:
  ///   - stamp: reads the stamp.
  ///   - bytes: what is kept weighs no more than that.
  package init(of database: Database, stamp: Query<Stamp>, bytes: Int = Snapshots.defaultBytes) {
    self.database = database
    question = stamp
    kept = Memo(limit: bytes)
    desks = database.loops.loops.map { Desk($0) }
  }

  /// The stamp, as a statement finds it that began after this call.
  @concurrent package func stamp() async throws -> Stamp {
    guard let loop = Loop.current, let desk = desks.first(where: { $0.loop === loop }) else {
      return try await database.onLoop { try await self.stamp() }
    }
    return try await withUnsafeThrowingContinuation { continuation in
      // A statement under way may have been answered already: who comes now waits for the next.
      desk.line.append(continuation)
      guard !desk.isReading else { return }
      desk.isReading = true
      Task(executorPreference: loop) { await self.read(for: desk) }
    }
  }

  private func read(for desk: Desk) async {
    while !desk.line.isEmpty {
      let line = desk.line
      desk.line = []
      do {
        let stamp = try await database.one(question)
        for continuation in line { continuation.resume(returning: stamp) }
      } catch {
        for continuation in line { continuation.resume(throwing: error) }
      }
    }
    desk.isReading = false
  }

  /// What is kept under `key` and stands at `stamp`, or else what `make` makes, which is kept. However many ask for the
  /// same at once, it is made once; what fails is not kept.
  ///
  /// - Parameters:
  ///   - stamp: from ``stamp()``, asked for by the same request.
  ///   - weight: bytes, about.
  ///   - make: reads the tables. It runs in a task of its own: whoever asked first may go away.
  package func value<Value: Sendable>(
    _ key: String, at stamp: Stamp, weight: @escaping @Sendable (Value) -> Int,
    make: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    if let entry = kept.find(key), stamp.isMet(by: entry.stamp), let value = entry.value as? Value { return value }
    let errand = Errand(key: key, stamp: stamp)
    let task = errands.withLock { running in
      if let known = running[errand] { return known }
      let task = Task(executorPreference: Loop.current ?? database.loops.any) { [self] () -> any Sendable in
        defer { errands.withLock { _ = $0.removeValue(forKey: errand) } }
        let value = try await make()
        kept.hold(
          Entry(stamp: stamp, value: value), under: key, weight: weight(value) + key.utf8.count + Self.overhead)
        return value
      }
      running[errand] = task
      return task
    }
    guard let value = try await task.value as? Value else { preconditionFailure("\(key) names two kinds of things") }
    return value
  }

  /// Of an entry without its value and key: bytes, about.
  private static let overhead = 160

  /// What everything kept weighs: bytes, about.
  package var weight: Int { kept.weight }
}
