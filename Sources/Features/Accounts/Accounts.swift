package import Audit
package import Core
import Jobs
package import Postgres
package import Web

/// What other rooms call of accounts.
package struct Accounts: Sendable {
  let sessions: Sessions

  package init(sessions: Sessions) { self.sessions = sessions }

  /// Who sets up as a tutor may use a tutor's pages from now on.
  package func grantTutor(to user: ID<User>, in tx: Transaction) async throws {
    try await tx.run(.grant("tutor", to: user))
    try await sessions.announceChange(of: user, in: tx)
  }
}

extension Sessions {
  /// Suspends a person or ends it: everything they have open is closed, and it is written down. False when there is
  /// nobody of that id.
  package func suspend(_ user: ID<User>, isOn: Bool, by origin: AuditOrigin, in tx: Transaction) async throws -> Bool {
    let now = clock.now
    guard try await tx.affected(.setSuspended(isOn, user, at: now)) == 1 else { return false }
    if isOn { try await tx.run(.revokeAll(of: user, except: nil, at: now)) }
    try await AuditLog(clock: clock).record(isOn ? .suspended : .restored, by: origin, on: .user(user), in: tx)
    // What shows the person elsewhere follows: a suspended tutor leaves the search.
    try await tx.emit(ProfileChanged(user: user))
    try await announceChange(of: user, in: tx)
    return true
  }

  /// The person of that username, address or id.
  package static func person(called name: String, in store: some Querying) async throws -> ID<User>? {
    try await store.first(.person(called: name))
  }

  /// Takes the second proof from somebody who has lost it. False when there was none.
  package func removeSecondFactor(of user: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws -> Bool {
    guard try await tx.affected(.removeFactor(of: user)) == 1 else { return false }
    try await AuditLog(clock: clock).record(.factorRemoved, by: origin, on: .user(user), in: tx)
    try await announceChange(of: user, in: tx)
    return true
  }

  /// Gives or takes a role, and writes it down. False when nothing changed.
  package func setRole(_ role: Role, isOn: Bool, of user: ID<User>, by origin: AuditOrigin, in tx: Transaction)
    async throws -> Bool
  {
    let change: Query<Void> = isOn ? .grant(role.rawValue, to: user) : .take(role.rawValue, from: user)
    guard try await tx.affected(change) == 1 else { return false }
    try await AuditLog(clock: clock).record(
      isOn ? .roleGranted : .roleTaken, by: origin, on: .user(user), ["role": role.rawValue], in: tx)
    try await announceChange(of: user, in: tx)
    return true
  }
}
