import Core
import Crypto
import Loop
import Postgres

/// The one place that judges a login and a password; the page, `/api/auth/login/` and `/api/token/` share it.
struct SigningIn: Sendable {
  /// Wrong passwords within ``window`` after which an account rests.
  static let patience = 10
  static let window = Duration.minutes(15)

  let database: Database
  let pool: BlockingPool
  let clock: WallClock

  enum Refusal: Error, Equatable {
    /// Unknown login, wrong password, suspended: one sentence for all, so that nothing is learned.
    case wrong
    /// The password was right; the address is not confirmed yet.
    case unverified(ID<User>)
    /// Too many wrong passwords of late.
    case resting
  }

  func judge(login: String, password: String) async throws -> Result<ID<User>, Refusal> {
    let now = clock.now
    let login = login.trimmingSpaces()
    guard !login.isEmpty, login.utf8.count <= 254, password.utf8.count <= Password.longest else {
      return .failure(.wrong)
    }
    guard let credentials = try await database.first(.credentials(login: login, since: now - Self.window)) else {
      // A login nobody has rests as one that somebody has, or resting would tell which there are.
      let mark = Hex.encode(SHA256.hash(login.lowercased()).prefix(16))
      guard try await database.one(.failures(ofUnknown: mark, since: now - Self.window)) < Self.patience else {
        return .failure(.resting)
      }
      // As long as for an address we know: the time taken tells nothing.
      _ = try await pool.run { Password.verifyNobody(password) }
      try await database.run(.note("sign-in.failed", about: nil, by: nil, details: "{\"login\":\"\(mark)\"}", at: now))
      return .failure(.wrong)
    }
    guard credentials.failures < Self.patience else { return .failure(.resting) }
    guard try await matches(password, credentials) else {
      try await database.run(.note("sign-in.failed", about: credentials.user, by: nil, at: now))
      return .failure(.wrong)
    }
    guard !credentials.isSuspended else { return .failure(.wrong) }
    guard credentials.isVerified else { return .failure(.unverified(credentials.user)) }
    return .success(credentials.user)
  }

  /// Whether it is the person's password; renews a hash made under an older cost.
  func matches(_ password: String, _ credentials: Credentials) async throws -> Bool {
    guard password.utf8.count <= Password.longest else { return false }
    guard try await pool.run({ Password.verify(password, against: credentials.passwordHash) }) else { return false }
    if Password.needsRehash(credentials.passwordHash) {
      let renewed = try await pool.run { Password.hash(password) }
      try await database.run(.rehash(renewed, of: credentials.user))
    }
    return true
  }
}
