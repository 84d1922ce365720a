package import Audit
package import Core
import Jobs
package import Postgres
import Web

/// Why two accounts cannot become one.
package enum MergeRefusal: Sendable, Equatable { case same, nobody, elsewhere, staff }

extension Sessions {
  /// Holds both accounts until the commit, always in one order, and says whether they may be merged.
  package func mergeRefusal(of gone: ID<User>, into keep: ID<User>, in tx: Transaction) async throws -> MergeRefusal? {
    guard gone != keep else { return .same }
    let found = try await tx.all(.held(gone, keep))
    guard found.count == 2 else { return .nobody }
    // Again into the same account: sweeps up what a request under way wrote after the first time.
    let isAgain = found.contains { $0.0 == gone && $0.1 == keep }
    guard isAgain || found.allSatisfy({ $0.1 == nil }) else { return .elsewhere }
    // Who merges accounts does not thereby make administrators.
    guard try await tx.one(.isStaff(gone)) == false else { return .staff }
    return nil
  }

  /// The part of a merge that is about accounts: roles are joined, the other account is closed for good and its address
  /// and name stay taken, its letters and sessions end. Answers what changed, by table.
  package func merge(_ gone: ID<User>, into keep: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws
    -> [(place: String, rows: Int)]
  {
    let now = clock.now
    var done: [(place: String, rows: Int)] = []
    done.append(("user_roles", try await tx.affected(.joinRoles(of: gone, into: keep))))
    try await tx.run(.dropRoles(of: gone))
    done.append(("sessions (closed)", try await tx.affected(.revokeAll(of: gone, except: nil, at: now))))
    for purpose in ["verify", "reset", "change-email"] {
      try await tx.run(.voidLetters(purpose, of: gone, at: now))
    }
    _ = try await tx.affected(.removeFactor(of: gone))
    try await tx.run(.close(gone, asMergedInto: keep, at: now))
    try await AuditLog(clock: clock).record(
      .merged, by: origin, on: .user(keep), ["gone": gone.description], in: tx)
    for user in [gone, keep] {
      try await tx.emit(ProfileChanged(user: user))
      try await announceChange(of: user, in: tx)
    }
    return done.filter { $0.rows > 0 }
  }
}

extension Query where Row == (ID<User>, ID<User>?) {
  fileprivate static func held(_ one: ID<User>, _ other: ID<User>) -> Self {
    Query("select id, merged_into from users where id in (\(one), \(other)) order by id for update")
  }
}

extension Query<Bool> {
  fileprivate static func isStaff(_ user: ID<User>) -> Self {
    Query(
      """
      select exists (select from user_roles
        where user_id = \(user) and role in ('admin', 'moderator', 'support', 'finance'))
      """)
  }
}

extension Query<Void> {
  fileprivate static func joinRoles(of gone: ID<User>, into keep: ID<User>) -> Self {
    Query(
      """
      insert into user_roles (user_id, role) select \(keep), role from user_roles where user_id = \(gone)
      on conflict do nothing
      """)
  }

  fileprivate static func dropRoles(of gone: ID<User>) -> Self {
    Query("delete from user_roles where user_id = \(gone)")
  }

  fileprivate static func close(_ gone: ID<User>, asMergedInto keep: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update users set merged_into = \(keep), suspended_at = coalesce(suspended_at, \(now)), updated_at = \(now)
       where id = \(gone)
      """)
  }
}
