package import Core
import Crypto
import JSON
package import Postgres

/// The record of administrative and security-relevant acts. Other rooms write into it in the transaction of the act, so
/// that neither can be without the other.
///
/// Its link in the chain is made after the commit, in a transaction of its own that lasts a millisecond: nobody waits
/// for another's booking. What a crash leaves unlinked is linked by the next entry or within a minute.
package struct AuditLog: Sendable {
  let clock: WallClock

  package init(clock: WallClock) { self.clock = clock }

  /// - Parameters:
  ///   - details: few and small, and nobody's words or secrets: what was changed from what to what.
  ///   - once: an entry with this key is written once, however often it is asked for.
  package func record(
    _ act: AuditAct, by origin: AuditOrigin, on subject: AuditSubject? = nil, _ details: [String: String] = [:],
    once: String? = nil, in tx: Transaction
  ) async throws {
    let text = JSON.object(
      details.sorted { $0.key < $1.key }.reduce(into: JSON.Object()) { $0[$1.key] = .string($1.value) }
    ).text
    let written = try await tx.affected(.insert(act, origin, subject, text, once: once, at: clock.now))
    guard written == 1 else { return }
    let database = tx.database
    tx.afterCommit { _ = try? await database.one(.link) }
  }

  /// Links what waits; answers how many.
  @discardableResult package func link(in store: some Querying) async throws -> Int { try await store.one(.link) }

  /// Rebuilds the chain from nothing and compares.
  package func verify(in store: some Querying) async throws -> AuditVerification {
    try await store.one(.verification(at: clock.now))
  }

  /// Whether a head that was noted down once is still in the chain: if not, its end was cut off.
  package func contains(head: String, in store: some Querying) async throws -> Bool {
    guard let hash = Hex.decode(head), hash.count == 32 else { return false }
    return try await store.one(.hasHead(hash))
  }

  /// Entries, the newest first.
  package func lines(
    _ filter: AuditFilter = AuditFilter(), before: PageCursor? = nil, limit: Int, in store: some Querying
  ) async throws -> [AuditLine] {
    try await store.all(.lines(filter, before: before, limit: limit))
  }
}
