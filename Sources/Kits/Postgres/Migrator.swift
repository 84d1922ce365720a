import CSystem
import Core
import Glibc

/// Why the migrator will not go on. Each names the file.
package enum MigrationRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  case badName(String)
  case unreadable(String)
  /// It was applied once and says something else now.
  case changed(String)
  /// It was applied once and is no longer in the folder.
  case missing(String)
  /// It sorts before one that has been applied.
  case late(String, after: String)
  /// PostgreSQL refused it; nothing of it was done.
  case failed(String, PostgresError)

  package var description: String {
    switch self {
    case .badName(let file): "\(file): a migration is called YYYYMMDD-HHMM-name.sql"
    case .unreadable(let file): "\(file): cannot be read as text"
    case .changed(let file): "\(file): was changed after it was applied; write a new migration instead"
    case .missing(let file): "\(file): was applied to this database but is not in the folder"
    case .late(let file, let applied): "\(file): sorts before \(applied), which has been applied; give it a later name"
    case .failed(let file, let error):
      "\(file): \(error.description)" + (error.position.map { ", at character \($0)" } ?? "")
    }
  }
}

/// Brings a database up to a folder of plain SQL files, forward only.
///
/// `YYYYMMDD-HHMM-name.sql`, in the order of their names, each in a transaction of its own, recorded in
/// `schema_migrations` with its hash. A lock makes the nodes of a site wait for each other. Blocks: not for a loop.
package struct Migrator {
  private let folder: String
  private let url: String

  package init(folder: String, url: String) {
    self.folder = folder
    self.url = url
  }

  /// What would be applied, in order. Refuses as ``migrate()`` would.
  package func pending() throws -> [String] {
    let connection = try PlainConnection(url)
    return try plan(files(), connection).map(\.name)
  }

  /// Applies what is pending and returns the names. Those before a failing one stay applied.
  @discardableResult package func migrate() throws -> [String] { try migrate(try files()) }

  /// The same for some of the files: for the tests of kits, which need not wait for every feature.
  @discardableResult package func migrate(_ files: [(name: String, text: String)]) throws -> [String] {
    let connection = try PlainConnection(url)
    // Any number will do, as long as it is this one; the lock ends with the session.
    _ = try connection.rows("select pg_advisory_lock(7411042311)")
    try connection.script(
      """
      create table if not exists schema_migrations (
        name       text primary key,
        hash       text not null,
        applied_at timestamptz not null default now()
      )
      """)
    let pending = try plan(files, connection)
    for migration in pending {
      do {
        try connection.script("begin")
        try connection.script(migration.text)
        _ = try connection.rows(
          "insert into schema_migrations (name, hash) values ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))",
          [migration.name, migration.text])
        try connection.script("commit")
      } catch let error as PostgresError {
        throw MigrationRefusal.failed(migration.name, error)
      }
    }
    return pending.map(\.name)
  }

  /// The files in order, by name.
  package func files() throws -> [(name: String, text: String)] {
    guard let directory = opendir(folder) else { throw MigrationRefusal.unreadable(folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".sql") { names.append(name) }
    }
    return try names.sorted().map { name in
      guard Self.isWellNamed(name) else { throw MigrationRefusal.badName(name) }
      guard let text = Self.read("\(folder)/\(name)") else { throw MigrationRefusal.unreadable(name) }
      return (name, text)
    }
  }

  private func plan(
    _ files: [(name: String, text: String)], _ connection: borrowing PlainConnection
  ) throws -> [(name: String, text: String)] {
    var applied: [String: String] = [:]
    if try connection.rows("select to_regclass('schema_migrations')").first?.first ?? nil != nil {
      for row in try connection.rows("select name, hash from schema_migrations") {
        if let name = row[0], let hash = row[1] { applied[name] = hash }
      }
    }
    let known = Set(files.map(\.name))
    if let name = applied.keys.filter({ !known.contains($0) }).min() { throw MigrationRefusal.missing(name) }
    let last = applied.keys.max()
    var pending: [(name: String, text: String)] = []
    for file in files {
      guard let hash = applied[file.name] else {
        if let last, file.name < last { throw MigrationRefusal.late(file.name, after: last) }
        pending.append(file)
        continue
      }
      let now = try connection.rows("select encode(sha256(convert_to($1, 'UTF8')), 'hex')", [file.text])
      guard now.first?.first == hash else { throw MigrationRefusal.changed(file.name) }
    }
    return pending
  }

  private static func isWellNamed(_ name: String) -> Bool {
    let stem = name.dropLast(4)
    let parts = stem.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 8, parts[1].utf8.count == 4, !parts[2].isEmpty else { return false }
    return (parts[0] + parts[1]).utf8.allSatisfy { (48...57).contains($0) }
      && parts[2].utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard ferror(file) == 0, !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
