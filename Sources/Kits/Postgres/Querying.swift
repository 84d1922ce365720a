import Core

/// What answers queries: the database, each statement on its own, or an open transaction.
package protocol Querying: Sendable {
  /// Every row.
  func all<Row>(_ query: Query<Row>) async throws -> [Row]
  /// How many rows the statement wrote.
  @discardableResult func affected(_ query: Query<Void>) async throws -> Int
}

extension Querying {
  /// The first row, if there is one. The query says `limit 1` where more could come.
  package func first<Row>(_ query: Query<Row>) async throws -> Row? { try await all(query).first }

  /// The row there must be; without one, `Failure.notFound`.
  package func one<Row>(_ query: Query<Row>) async throws -> Row {
    guard let row = try await all(query).first else { throw Failure.notFound }
    return row
  }

  /// A statement that answers nothing.
  package func run(_ query: Query<Void>) async throws { _ = try await affected(query) }

  /// Tells whoever listens on `channel`; inside a transaction, at its commit. At most 8,000 bytes.
  package func notify(_ channel: String, _ payload: String = "") async throws {
    try await run(Query("select pg_notify(\(channel), \(payload))"))
  }

  /// The same with many payloads, in order, by one statement.
  package func notify(_ channel: String, all payloads: [String]) async throws {
    try await run(Query("select pg_notify(\(channel), told) from unnest(\(payloads)::text[]) as told"))
  }
}
