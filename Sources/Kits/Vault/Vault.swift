package import Core
package import Crypto
package import Postgres

// Columns that nobody may read who has the database alone: a stolen dump, a replica, a backup.
//
// Each text is sealed by AES-256-GCM under the first key of the ring. The envelope names its key, and table, column and
// row are bound to it unseen, so that a text copied into another row, column or table does not open there. Keys come
// from the environment or a file that the database never sees.

/// A column whose texts are sealed; declared by the feature that owns the table. Its table has one `uuid` key.
package struct SealedColumn: Sendable {
  package let name: String
  let table: SQL
  let key: SQL
  let column: SQL

  /// - Parameter key: the column of type `uuid` that tells the rows apart.
  package init(_ table: StaticString, key: StaticString, _ column: StaticString) {
    name = "\(table).\(column)"
    self.table = SQL(stringLiteral: table)
    self.key = SQL(stringLiteral: key)
    self.column = SQL(stringLiteral: column)
  }

  /// What the seal is bound to. No name holds a NUL, so no two places read the same.
  func context(_ row: String) -> String { "\(name)\u{0}\(row)" }
}

/// The house's keys while it runs: seals and opens the texts of ``SealedColumn``s.
package final class Vault: Sendable {
  private let ring: Locked<KeyRing>
  private let source: @Sendable () -> KeyRing?

  /// Why a text does not open. Neither says anything of what is in it.
  package enum Refusal: Error, Equatable, CustomStringConvertible {
    /// No key of that name is in the ring, not even after reading it again.
    case unknownKey(String, SealedColumn.Name)
    /// It was changed, or belongs to another row, column or table, or is no sealed text.
    case notGenuine(SealedColumn.Name)

    package var description: String {
      switch self {
      case .unknownKey(let id, let place):
        "A text in \(place) is sealed with the key “\(id)”, which this process does not have: give it all keys."
      case .notGenuine(let place):
        "A text in \(place) does not open: it was changed, or moved there from elsewhere."
      }
    }
  }

  /// - Parameter source: reads the ring anew; asked when a text names a key that is not known, and after
  ///   ``reread()``. Must be quick.
  package init(_ ring: KeyRing, source: @escaping @Sendable () -> KeyRing? = { nil }) {
    self.ring = Locked(ring)
    self.source = source
  }

  /// Sealed with the ring's first key. Every call gives another text.
  package func seal<Row>(_ plain: String, in column: SealedColumn, row: ID<Row>) -> String {
    ring.withLock { $0 }.seal(plain, context: column.context(row.description))
  }

  /// What was sealed for this very place.
  package func open<Row>(_ sealed: String, in column: SealedColumn, row: ID<Row>) throws(Refusal) -> String {
    guard let id = KeyRing.keyID(of: sealed) else { throw .notGenuine(column.name) }
    if !knows(id) { reread() }
    let ring = ring.withLock { $0 }
    guard ring.ids.contains(id) else { throw .unknownKey(String(id.prefix(32)), column.name) }
    guard let plain = ring.openText(sealed, context: column.context(row.description)) else {
      throw .notGenuine(column.name)
    }
    return plain
  }

  /// The ids, the one that seals first.
  package var ids: [String] { ring.withLock { $0.ids } }

  private func knows(_ id: String) -> Bool { ids.contains(id) }

  /// Takes the ring from its source again. What cannot be read leaves the old one in use.
  package func reread() {
    guard let fresh = source() else { return }
    ring.withLock { $0 = fresh }
  }

  /// Call once at the start: whoever changes the ring's file says so on the channel `keys`.
  package func listen(on database: Database) async throws {
    try await database.listen("keys", missed: { self.reread() }) { _ in self.reread() }
  }
}

extension SealedColumn {
  /// `table.column`
  package typealias Name = String
}
