package import Core
package import Crypto
import JSON
import Loop
package import Postgres
package import Web

/// Who is asking, from a cookie or a bearer token; and the opening, renewing and closing of sessions.
///
/// A cookie is 256 random bits whose SHA-256 is kept. An access token is a JWT of fifteen minutes that names its
/// session, so that signing out ends it too. Refresh tokens rotate; one that comes twice has been stolen, and its whole
/// family is closed. What was read of a session is remembered for a few seconds; a change of the account makes every
/// node forget it (`accounts` notification).
package final class Sessions: Sendable {
  package static let cookie = "session"
  static let idle = Duration.hours(12)
  static let remembered = Duration.days(30)
  static let accessLife = Duration.minutes(15)
  static let refreshLife = Duration.days(30)
  private static let memory = Duration.seconds(20)
  private static let remembersAtMost = 20_000

  private let database: Database
  let clock: WallClock
  private let key: [UInt8]
  private let known = Locked<[Key: Known]>([:])

  private enum Key: Hashable {
    case token(ByteString)
    case session(ID<Session>)
  }

  /// A token whose signature was right.
  private struct Verified: Sendable {
    let session: ID<Session>
    let use: String
    let end: Instant
  }

  /// By the bytes of the token; in bytes.
  private let verified = Memo<ByteString, Verified>(limit: 2 << 20)

  private struct Known {
    let identity: Identity
    let until: Instant
  }

  /// - Parameter secret: the site's secret; tokens are signed with a key derived from it.
  package init(database: Database, clock: WallClock, secret: String) {
    self.database = database
    self.clock = clock
    key = HMAC.sign("access-token", key: Array(secret.utf8))
  }

  /// Call once at the start: other nodes' changes reach this one.
  package func listen() async throws {
    try await database.listen("accounts", missed: { self.forgetAll() }) { payload in
      if let user = ID<User>(payload) { self.forget(user) }
    }
  }

  // MARK: Who asks

  /// The proof a request carries: `Authorization: Bearer`, else the cookie.
  package func identify(_ request: Request) async throws -> Identity? {
    if request.header("authorization") != nil {
      guard let token = request.bearer else { return nil }
      return try await identify(bearer: token)
    }
    if request.path.begins("/ws/"), let ticket = request.query["ticket"] {
      return try await identify(bearer: ticket, use: "ticket")
    }
    guard let token = request.cookies[Self.cookie], token.utf8.count <= 100 else { return nil }
    let hash = SHA256.hash(token)
    if let known = recall(.token(ByteString(hash))) { return known }
    let now = clock.now
    guard let open = try await database.first(.session(tokenHash: hash, now: now)) else { return nil }
    if let session = open.identity.session {
      try await database.run(.touchSession(session, at: now, expiresAt: now + Self.idle))
    }
    remember(open.identity, as: .token(ByteString(hash)), until: min(open.expiresAt, now + Self.memory))
    return open.identity
  }

  // MARK: Half way in

  /// Where a person stands whose password was right and whose code is still to come.
  struct HalfWay: Sendable, Equatable {
    let user: ID<User>
    /// Of the password that was right: another one since then makes this worthless.
    let mark: String
    let remember: Bool
    let next: String?
  }

  static let halfCookie = "half-way"
  static let halfLife = Duration.minutes(10)

  func halfWay(_ half: HalfWay) -> Cookie {
    let claims: JSON.Object = [
      "sub": .string(half.user.description), "use": "half", "mark": .string(half.mark), "rem": .bool(half.remember),
      "next": half.next.map { .string($0) } ?? .null, "exp": .int(Int((clock.now + Self.halfLife).seconds)),
    ]
    return Cookie(Self.halfCookie, JWT.sign(claims, secret: key), maxAge: Self.halfLife)
  }

  func halfWay(of request: Request) -> HalfWay? {
    guard let token = request.cookies[Self.halfCookie],
      let claims = try? JWT.verify(token, secret: key, at: clock.now), claims["use"]?.string == "half",
      let user: ID<User> = claims["sub"]?.id(), let mark = claims["mark"]?.string
    else { return nil }
    return HalfWay(
      user: user, mark: mark, remember: claims["rem"]?.bool ?? false, next: LocalAddress.read(claims["next"]?.string))
  }

  /// Opens a socket for a minute, where a header cannot be sent; an access token never stands in an address.
  func ticket(for identity: Identity) -> String? {
    identity.session.map { sign($0, of: identity.user, use: "ticket", life: .minutes(1)) }
  }

  private func identify(bearer token: String, use: String = "access") async throws -> Identity? {
    let now = clock.now
    guard let session = session(named: token, use, at: now) else { return nil }
    if let known = recall(.session(session)) { return known }
    guard let open = try await database.first(.session(session, now: now)) else { return nil }
    var identity = open.identity
    identity.means = .bearer
    remember(identity, as: .session(session), until: min(open.expiresAt, now + Self.memory))
    return identity
  }

  /// The session a token names, if we signed it and it has not run out. What was found right once is not verified again
  /// until then; whether the session still stands is another question, and is asked every time.
  private func session(named token: String, _ use: String, at now: Instant) -> ID<Session>? {
    let spelled = ByteString(token)
    if let known = verified.find(spelled), known.use == use { return now < known.end ? known.session : nil }
    guard let claims = try? JWT.verify(token, secret: key, at: now), claims["use"]?.string == use,
      let session: ID<Session> = claims["sid"]?.id(), let end = claims["exp"]?.int
    else { return nil }
    verified.hold(
      Verified(session: session, use: use, end: Instant(seconds: Int64(end))), under: spelled,
      weight: spelled.bytes.count + 160)
    return session
  }

  private func recall(_ key: Key) -> Identity? {
    let now = clock.now
    return known.withLock { known in known[key].flatMap { $0.until > now ? $0.identity : nil } }
  }

  private func remember(_ identity: Identity, as key: Key, until: Instant) {
    known.withLock { known in
      if known.count >= Self.remembersAtMost { known.removeAll() }
      known[key] = Known(identity: identity, until: until)
    }
  }

  /// Nothing read of that person is believed any more on this node.
  func forget(_ user: ID<User>) {
    known.withLock { known in known = known.filter { $0.value.identity.user != user } }
  }

  private func forgetAll() { known.withLock { $0.removeAll() } }

  /// Says to every node that the person changed, when the transaction commits.
  func announceChange(of user: ID<User>, in tx: Transaction) async throws {
    _ = try await tx.all(.announceChange(of: user))
    tx.afterCommit { self.forget(user) }
  }

  // MARK: Opening and closing

  /// A session of the web; the cookie to send.
  func openWeb(for user: ID<User>, remember: Bool, device: String?, in tx: Transaction) async throws -> Cookie {
    let token = Random.token()
    let now = clock.now
    let id = ID<Session>.new()
    try await tx.run(
      .insertSession(
        id, of: user, kind: "web", family: id, tokenHash: SHA256.hash(token), remembered: remember, device: device,
        at: now,
        expiresAt: now + (remember ? Self.remembered : Self.idle)))
    return Cookie(Self.cookie, token, maxAge: remember ? Self.remembered : nil)
  }

  package struct Tokens: Sendable {
    package let access: String
    package let refresh: String
  }

  /// A family of API tokens.
  func openAPI(for user: ID<User>, device: String?, in tx: Transaction) async throws -> Tokens {
    try await issue(for: user, family: nil, device: device, in: tx)
  }

  private func issue(for user: ID<User>, family: ID<Session>?, device: String?, in tx: Transaction) async throws
    -> Tokens
  {
    let refresh = Random.token()
    let now = clock.now
    let id = ID<Session>.new()
    try await tx.run(
      .insertSession(
        id, of: user, kind: "api", family: family ?? id, tokenHash: SHA256.hash(refresh), remembered: true,
        device: device, at: now,
        expiresAt: now + Self.refreshLife))
    let access = sign(id, of: user, use: "access", life: Self.accessLife)
    return Tokens(access: access, refresh: refresh)
  }

  private func sign(_ session: ID<Session>, of user: ID<User>, use: String, life: Duration) -> String {
    let now = clock.now
    return JWT.sign(
      [
        "sub": .string(user.description), "sid": .string(session.description), "use": .string(use),
        "exp": .int(Int((now + life).seconds)), "iat": .int(Int(now.seconds)),
      ], secret: key)
  }

  enum RefreshRefusal: Error { case unknown, reused }

  /// Trades a refresh token for a new pair. One that was traded before closes the family.
  func refresh(_ token: String, device: String?) async throws -> Tokens {
    let now = clock.now
    let outcome: Result<Tokens, RefreshRefusal> = try await database.transaction { tx in
      guard let kept = try await tx.first(.refresh(tokenHash: SHA256.hash(token))) else { return .failure(.unknown) }
      guard !kept.isRevoked else {
        try await tx.run(.revokeFamily(kept.family, at: now))
        try await self.announceChange(of: kept.user, in: tx)
        return .failure(.reused)
      }
      guard kept.expiresAt > now else { return .failure(.unknown) }
      try await tx.run(.revokeSession(kept.id, of: kept.user, at: now))
      try await self.announceChange(of: kept.user, in: tx)
      return .success(try await self.issue(for: kept.user, family: kept.family, device: device, in: tx))
    }
    return try outcome.get()
  }

  /// Closes the session behind an identity, and for an API session its family.
  func close(_ identity: Identity, in tx: Transaction) async throws {
    guard let session = identity.session else { return }
    try await tx.run(.revokeFamilyOf(session, of: identity.user, at: clock.now))
    try await announceChange(of: identity.user, in: tx)
  }
}

extension Query<Void> {
  static func revokeFamilyOf(_ session: ID<Session>, of user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update sessions set revoked_at = \(now)
       where user_id = \(user) and revoked_at is null
         and family = (select family from sessions where id = \(session) and user_id = \(user))
      """)
  }
}
