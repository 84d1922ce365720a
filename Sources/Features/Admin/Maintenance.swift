import Audit
package import Core
package import Postgres

/// Whether the site rests, as all nodes know it: a row in the database, read again whenever somebody says that it changed.
package final class Maintenance: Sendable {
  package struct Notice: Sendable, Equatable, RowDecodable {
    /// What people read.
    package let sentence: String
    package let minutes: Int

    package init(row: inout RowReader) throws {
      sentence = try row.next()
      minutes = try row.next()
    }
  }

  /// What was read, and whether it still counts: `turn` grows with every change that is heard of.
  private struct Known {
    var notice: Notice?
    var isFresh = false
    var turn = 0
  }

  private let database: Database
  private let known = Locked(Known())

  package init(database: Database) { self.database = database }

  /// Call once at the start. Until then, and after the listening session was lost, the row is read again.
  package func listen() async throws {
    try await database.listen("maintenance", missed: { self.doubt() }) { _ in self.doubt() }
    doubt()
  }

  private func doubt() {
    known.withLock { known in
      known.isFresh = false
      known.turn += 1
    }
  }

  /// What stands now. Costs nothing but where something has changed.
  package func notice() async throws -> Notice? {
    let before = known.withLock { $0 }
    if before.isFresh { return before.notice }
    let notice = try await database.first(.maintenance)
    known.withLock { known in
      // What was announced while the row was read may not be in it.
      guard known.turn == before.turn else { return }
      known.notice = notice
      known.isFresh = true
    }
    return notice
  }

  /// The site rests from now on; a second time changes the sentence.
  package func begin(_ sentence: String, minutes: Int) async throws {
    try await database.transaction { tx in
      try await tx.run(.beginMaintenance(sentence, minutes: minutes))
      try await AuditLog(clock: .system).record(.maintenanceBegun, by: .command, ["minutes": String(minutes)], in: tx)
      _ = try await tx.all(.announceMaintenance)
    }
    doubt()
  }

  /// The site is open again. False when it was.
  package func end() async throws -> Bool {
    let ended = try await database.transaction { tx in
      guard try await tx.affected(.endMaintenance) == 1 else { return false }
      try await AuditLog(clock: .system).record(.maintenanceEnded, by: .command, in: tx)
      _ = try await tx.all(.announceMaintenance)
      return true
    }
    doubt()
    return ended
  }
}

extension Query where Row == Maintenance.Notice {
  static var maintenance: Self { Query("select sentence, minutes from maintenance") }
}

extension Query<String> {
  static var announceMaintenance: Self { Query("select pg_notify('maintenance', '')::text") }
}

extension Query<Void> {
  static func beginMaintenance(_ sentence: String, minutes: Int) -> Self {
    Query(
      """
      insert into maintenance (sentence, minutes) values (\(sentence), \(minutes))
      on conflict (is_only) do update set sentence = excluded.sentence, minutes = excluded.minutes
      """)
  }

  static var endMaintenance: Self { Query("delete from maintenance") }
}
