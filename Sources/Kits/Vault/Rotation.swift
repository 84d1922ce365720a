import Core
import Crypto
package import Postgres

/// Seals every row again that another key than the first one sealed.
///
/// The rows themselves say what is left to do, so a rotation that was interrupted is resumed by starting it again. It
/// runs while the site serves: a row is replaced only if it still holds the text that was read (compare and set), and
/// whatever is written meanwhile is sealed with the new key already.
package struct Rotation: Sendable {
  private let vault: Vault
  private let database: Database
  private let columns: [SealedColumn]
  private let batch: Int

  /// - Parameter batch: rows of one transaction.
  package init(_ columns: [SealedColumn], vault: Vault, database: Database, batch: Int = 200) {
    self.columns = columns
    self.vault = vault
    self.database = database
    self.batch = batch
  }

  package struct Report: Sendable, Equatable {
    /// Rows sealed again.
    package var sealed = 0
    /// Rows that somebody else changed between reading and writing; they carry the new key.
    package var overtaken = 0
    /// Rows that do not open, as `table.column id`: they are left as they are.
    package var unreadable: [String] = []
  }

  /// Goes through all columns. `progress` hears after every batch, outside any transaction.
  package func run(progress: (Report) async throws -> Void = { _ in }) async throws -> Report {
    var report = Report()
    for column in columns {
      var after = ID<SealedRow>(high: 0, low: 0)
      while true {
        let newest = vault.ids[0]
        let start = after
        let step = try await database.transaction { tx in
          try await self.reseal(column, newest: newest, after: start, in: tx)
        }
        report.sealed += step.sealed
        report.overtaken += step.overtaken
        report.unreadable += step.unreadable
        try await progress(report)
        guard let last = step.last else { break }
        after = last
      }
    }
    return report
  }

  private struct Step: Sendable {
    var sealed = 0
    var overtaken = 0
    var unreadable: [String] = []
    var last: ID<SealedRow>?
  }

  private func reseal(_ column: SealedColumn, newest: String, after: ID<SealedRow>, in tx: Transaction) async throws
    -> Step
  {
    var step = Step()
    let rows = try await tx.all(.sealed(column, byOtherThan: newest, after: after, limit: batch))
    for (row, old) in rows {
      guard let plain = try? vault.open(old, in: column, row: row) else {
        step.unreadable.append("\(column.name) \(row)")
        continue
      }
      let fresh = vault.seal(plain, in: column, row: row)
      if try await tx.affected(.replace(old, by: fresh, in: column, row: row)) == 1 {
        step.sealed += 1
      } else {
        step.overtaken += 1
      }
    }
    step.last = rows.count < batch ? nil : rows.last?.0
    return step
  }

  /// How many texts each key has sealed, by its id.
  package func usage() async throws -> [String: Int] {
    var usage: [String: Int] = [:]
    for column in columns {
      for (id, count) in try await database.all(.usage(of: column)) { usage[id, default: 0] += count }
    }
    return usage
  }

  /// The key is still needed by so many texts.
  package struct StillUsed: Error, Equatable, CustomStringConvertible {
    package let id: String
    package let rows: Int
    package var description: String {
      "The key “\(id)” still seals \(rows) texts. Run `tutalink keys rotate` first."
    }
  }

  /// Says in the database that a key is used no more, in one step with making sure of it: writers hold the key's row
  /// until they commit, and what a process with an old ring seals with it later is refused (`sealing_key_in_use`).
  package func retire(_ id: String, in tx: Transaction) async throws {
    try await tx.run(.register(id))
    _ = try await tx.all(.lock(id))
    try await tx.run(.retire(id))
    var rows = 0
    for column in columns {
      for (key, count) in try await tx.all(.usage(of: column)) where key == id { rows += count }
    }
    guard rows == 0 else { throw StillUsed(id: id, rows: rows) }
  }
}

enum SealedRow {}

extension Query where Row == (ID<SealedRow>, String) {
  fileprivate static func sealed(
    _ place: SealedColumn, byOtherThan newest: String, after: ID<SealedRow>, limit: Int
  ) -> Self {
    Query(
      """
      select \(place.key), \(place.column) from \(place.table)
       where \(place.column) is not null and split_part(\(place.column), '.', 1) <> \(newest) and \(place.key) > \(after)
       order by \(place.key) limit \(limit)
      """)
  }
}

extension Query where Row == (String, Int) {
  fileprivate static func usage(of place: SealedColumn) -> Self {
    Query(
      """
      select split_part(\(place.column), '.', 1), count(*) from \(place.table)
       where \(place.column) is not null group by 1
      """)
  }
}

extension Query<String> {
  fileprivate static func lock(_ key: String) -> Self {
    Query("select id from sealing_keys where id = \(key) for update")
  }
}

extension Query<Void> {
  fileprivate static func replace(
    _ old: String, by fresh: String, in place: SealedColumn, row: ID<SealedRow>
  ) -> Self {
    Query(
      """
      update \(place.table) set \(place.column) = \(fresh)
       where \(place.key) = \(row) and \(place.column) = \(old)
      """)
  }

  fileprivate static func register(_ key: String) -> Self {
    Query("insert into sealing_keys (id) values (\(key)) on conflict do nothing")
  }

  fileprivate static func retire(_ key: String) -> Self {
    Query("update sealing_keys set retired_at = coalesce(retired_at, now()) where id = \(key)")
  }
}
