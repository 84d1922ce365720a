package import Core
import Jobs
package import Postgres

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
  /// Follows a suspension or its end: everything the person has open is closed, and it is written down.
  package func suspended(_ user: ID<User>, isOn: Bool, by admin: ID<User>, in tx: Transaction) async throws {
    if isOn { try await tx.run(.revokeAll(of: user, except: nil, at: .now)) }
    try await tx.run(.note(isOn ? "suspended" : "restored", about: user, by: admin, at: .now))
    // What shows the person elsewhere follows: a suspended tutor leaves the search.
    try await tx.emit(ProfileChanged(user: user))
    try await announceChange(of: user, in: tx)
  }
}
