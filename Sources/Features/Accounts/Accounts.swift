package import Core
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
