import Core
import Glibc
import Loop
import Postgres

/// The cluster the tests' databases live in.
enum TestCluster {
  static let loops = LoopGroup(count: 2)
  static let threads = BlockingPool(threads: 4)
  /// Tests beyond these wait: each may open several sessions, and the cluster has some hundreds for everybody.
  static let gate = Gate(places: 8)
  static let statements = setting("TUTALINK_TEST_STATEMENTS").map { StatementFile($0) }

  struct NoCluster: Error, CustomStringConvertible {
    let description =
      "The tests need a PostgreSQL cluster: run bin/test, or set TUTALINK_TEST_DATABASE to what bin/db test-cluster says."
  }

  static func address(of database: String? = nil) throws -> String {
    guard let cluster = setting("TUTALINK_TEST_DATABASE") else { throw NoCluster() }
    return database.map { PlainConnection.address(cluster, database: $0) } ?? cluster
  }

  /// A database of its own for one test; its name.
  static func make(_ contents: Contents) async throws -> String {
    let source = try await template(for: contents)
    return try await threads.run {
      let name = "tutalink_test_" + stamp()
      let cluster = try PlainConnection(address())
      try cluster.script("create database \(name) template \(source)")
      return name
    }
  }

  static func drop(_ name: String) async throws {
    try await threads.run { try PlainConnection(address()).script("drop database if exists \(name) with (force)") }
  }

  private static let templates = Locked<[Contents: Task<String, any Error>]>([:])

  /// The migrated database the others are copies of, made when there is none for the migrations as they are now.
  private static func template(for contents: Contents) async throws -> String {
    if contents == .nothing { return "template0" }
    let task = templates.withLock { templates in
      if let known = templates[contents] { return known }
      let task = Task.detached { try await threads.run { try findOrMakeTemplate(contents) } }
      templates[contents] = task
      return task
    }
    return try await task.value
  }

  private static func findOrMakeTemplate(_ contents: Contents) throws -> String {
    let cluster = try PlainConnection(address())
    var files = try Migrator(folder: folder, url: address()).files()
    if case .only(let names) = contents {
      files.removeAll { !names.contains($0.name) }
      precondition(files.count == names.count, "not all of \(names) are in Database/Migrations")
    }
    let text = files.map { "\($0.name)\n\($0.text)" }.joined(separator: "\n")
    let hash = try cluster.rows("select left(encode(sha256(convert_to($1, 'UTF8')), 'hex'), 16)", [text])
    let prefix = "tutalink_template_" + (hash[0][0] ?? "")
    _ = try cluster.rows("select pg_advisory_lock(7411042312)")
    if let name = try names(cluster, prefix).first { return name }
    try clean(cluster)
    let (making, name) = ("tutalink_making_" + stamp(), "\(prefix)_\(stamp().prefix(12))")
    try cluster.script("create database \(making) template template0")
    do {
      try Migrator(folder: folder, url: address(of: making)).migrate(files)
      try cluster.script("alter database \(making) rename to \(name)")
    } catch {
      try? cluster.script("drop database \(making) with (force)")
      throw error
    }
    return name
  }

  private static func names(_ cluster: borrowing PlainConnection, _ prefix: String) throws -> [String] {
    try cluster.rows("select datname from pg_database where starts_with(datname, $1)", [prefix]).compactMap { $0[0] }
  }

  /// Drops what killed test runs and earlier states of the migrations left behind, when it is older than two hours.
  private static func clean(_ cluster: borrowing PlainConnection) throws {
    let limit = Instant.now - .hours(2)
    for name in try names(cluster, "tutalink_") {
      guard
        name.hasPrefix("tutalink_test_") || name.hasPrefix("tutalink_making_") || name.hasPrefix("tutalink_template_"),
        let stamp = name.split(separator: "_").last, let milliseconds = Int64(stamp.prefix(12), radix: 16),
        Instant(microseconds: milliseconds * 1000) < limit
      else { continue }
      // In use by somebody, or gone meanwhile: either is well.
      try? cluster.script("drop database if exists \(name)")
    }
  }

  /// Unique, and begins with the time in milliseconds.
  private static func stamp() -> String { ID<Database>.new().description.filter { $0 != "-" } }

  private static let folder = {
    let file = #filePath
    let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    return root + "/Database/Migrations"
  }()

  private static func setting(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// So many at once; the others wait in order.
final class Gate: Sendable {
  private struct State {
    var free: Int
    var line: [CheckedContinuation<Void, Never>] = []
  }
  private let state: Locked<State>

  init(places: Int) { state = Locked(State(free: places)) }

  func enter() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        guard state.free > 0 else {
          state.line.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if isFree { continuation.resume() }
    }
  }

  func leave() {
    let next: CheckedContinuation<Void, Never>? = state.withLock { state in
      guard !state.line.isEmpty else {
        state.free += 1
        return nil
      }
      return state.line.removeFirst()
    }
    next?.resume()
  }
}

/// Every statement seen, once, one a line.
final class StatementFile: Sendable {
  private let descriptor: Int32
  private let seen = Locked<Set<String>>([])

  init(_ path: String) { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }

  func add(_ statement: String) {
    guard seen.withLock({ $0.insert(statement).inserted }) else { return }
    // A comment would swallow the rest once all is on one line.
    let words = statement.split(separator: "\n").map { Self.withoutComment($0) }.joined(separator: " ")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let line = Array((words + "\n").utf8)
    _ = write(descriptor, line, line.count)
  }

  private static func withoutComment(_ line: Substring) -> Substring {
    var isQuoted = false
    var previous: Character?
    for index in line.indices {
      let character = line[index]
      if character == "'" { isQuoted.toggle() }
      if !isQuoted, character == "-", previous == "-" { return line[..<line.index(before: index)] }
      previous = character
    }
    return line
  }
}
