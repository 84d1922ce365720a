import Core
import Legal
import Postgres
import Site
import Web

// Owns users, user_roles, sessions, letters, activity_log, second_factors, recovery_codes. Publishes people,
// people_contact.

/// What signing in needs to know of an account.
struct Credentials: RowDecodable {
  let user: ID<User>
  let passwordHash: String
  let isVerified: Bool
  let isSuspended: Bool
  /// Wrong passwords since `since`; too many, and the account rests.
  let failures: Int

  init(row: inout RowReader) throws {
    user = try row.next()
    passwordHash = try row.next()
    isVerified = try row.next()
    isSuspended = try row.next()
    failures = try row.next()
  }
}

/// A session with the person behind it.
struct OpenSession: RowDecodable {
  let identity: Identity
  let expiresAt: Instant

  init(row: inout RowReader) throws {
    let session: ID<Session> = try row.next()
    let user: ID<User> = try row.next()
    let username: String = try row.next()
    let name: String = try row.next()
    let language: String = try row.next()
    let zone: String = try row.next()
    let photo: ID<StoredFile>? = try row.next()
    let roles: [String] = try row.next()
    expiresAt = try row.next()
    let hasSecondFactor: Bool = try row.next()
    var identity = Identity(
      user: user, session: session, username: username, name: name, language: Language(rawValue: language) ?? .english,
      zone: zone,
      roles: Set(roles.compactMap(Role.init(rawValue:))), photo: photo.map { Doors.file($0, "photo.jpg") })
    identity.hasSecondFactor = hasSecondFactor
    self.identity = identity
  }
}

/// All own fields of the signed-in person.
struct OwnAccount: RowDecodable, Equatable {
  let id: ID<User>
  let email: String
  let username: String
  let fullName: String
  let language: String
  let zone: String
  let department: String?
  let yearOfStudy: Int?
  let photo: ID<StoredFile>?
  let learningGoals: String?
  let isVerified: Bool
  let createdAt: Instant
  let roles: [String]

  init(row: inout RowReader) throws {
    id = try row.next()
    email = try row.next()
    username = try row.next()
    fullName = try row.next()
    language = try row.next()
    zone = try row.next()
    department = try row.next()
    yearOfStudy = try row.next()
    photo = try row.next()
    learningGoals = try row.next()
    isVerified = try row.next()
    createdAt = try row.next()
    roles = try row.next()
  }
}

/// One place a person is signed in.
struct SessionLine: RowDecodable {
  let id: ID<Session>
  let kind: String
  let device: String?
  let seenAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    kind = try row.next()
    device = try row.next()
    seenAt = try row.next()
  }
}

/// Wrong passwords of one hour.
struct SignInFailures: RowDecodable {
  let hour: Instant
  let count: Int
  let accounts: Int

  init(row: inout RowReader) throws {
    hour = try row.next()
    count = try row.next()
    accounts = try row.next()
  }
}

/// A refresh token as it is kept.
struct RefreshSession: RowDecodable {
  let id: ID<Session>
  let user: ID<User>
  let family: ID<Session>
  let isRevoked: Bool
  let expiresAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    user = try row.next()
    family = try row.next()
    isRevoked = try row.next()
    expiresAt = try row.next()
  }
}

extension Query where Row == Credentials {
  private static func columns(since: Instant) -> SQL {
    """
    id, password_hash, verified_at is not null, suspended_at is not null,
    (select count(*) from activity_log a where a.user_id = users.id and a.kind = 'sign-in.failed' and a.at > \(since))
    """
  }

  /// By address or by username.
  static func credentials(login: String, since: Instant) -> Self {
    Query("select \(columns(since: since)) from users where email = \(login)::citext or username = \(login)::citext")
  }

  static func credentials(of user: ID<User>, since: Instant) -> Self {
    Query("select \(columns(since: since)) from users where id = \(user)")
  }
}

extension Query where Row == Int {
  static func recoveryCodesLeft(of user: ID<User>) -> Self {
    Query("select count(*) from recovery_codes where user_id = \(user) and used_at is null")
  }

  /// Wrong passwords for a login that nobody has; it is kept as a hash.
  static func failures(ofUnknown mark: String, since: Instant) -> Self {
    Query(
      """
      select count(*) from activity_log
       where user_id is null and at > \(since) and kind = 'sign-in.failed' and details->>'login' = \(mark)
      """)
  }
}

extension Query where Row == OpenSession {
  private static var columns: SQL {
    """
    s.id, u.id, u.username::text, u.full_name, u.language, u.zone, u.photo_file_id,
    array(select role from user_roles r where r.user_id = u.id), s.expires_at,
    exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null)
    """
  }

  static func session(tokenHash: [UInt8], now: Instant) -> Self {
    Query(
      """
      select \(columns) from sessions s join users u on u.id = s.user_id
       where s.token_hash = \(tokenHash) and s.kind = 'web' and s.revoked_at is null and s.expires_at > \(now) and u.suspended_at is null
         and u.verified_at is not null
      """)
  }

  static func session(_ id: ID<Session>, now: Instant) -> Self {
    Query(
      """
      select \(columns) from sessions s join users u on u.id = s.user_id
       where s.id = \(id) and s.revoked_at is null and s.expires_at > \(now) and u.suspended_at is null
         and u.verified_at is not null
      """)
  }
}

extension Query where Row == FactorRecord {
  private static var columns: SQL { "secret, created_at, confirmed_at, last_step, failures, failed_at" }

  static func factor(of user: ID<User>) -> Self {
    Query("select \(columns) from second_factors where user_id = \(user)")
  }

  /// Held until the transaction ends: tries come one after the other.
  static func factorToJudge(of user: ID<User>) -> Self {
    Query("select \(columns) from second_factors where user_id = \(user) for update")
  }
}

extension Query where Row == FactorState {
  static func factorState(of user: ID<User>) -> Self {
    Query(
      """
      select confirmed_at, (select count(*) from recovery_codes c where c.user_id = f.user_id and c.used_at is null)
        from second_factors f where user_id = \(user) and confirmed_at is not null
      """)
  }
}

extension Query where Row == Bool {
  static func hasFactor(_ user: ID<User>) -> Self {
    Query("select exists (select from second_factors where user_id = \(user) and confirmed_at is not null)")
  }
}

extension Query where Row == SignInFailures {
  /// By the hour, for hours that are over.
  static func signInFailures(from: Instant, until: Instant) -> Self {
    Query(
      """
      select date_trunc('hour', at, 'UTC'), count(*), count(distinct user_id) from activity_log
       where kind = 'sign-in.failed' and at >= \(from) and at < date_trunc('hour', \(until)::timestamptz, 'UTC')
       group by 1 order by 1
      """)
  }
}

extension Query where Row == OwnAccount {
  static func account(of user: ID<User>) -> Self {
    Query(
      """
      select id, email::text, username::text, full_name, language, zone, department, year_of_study, photo_file_id, learning_goals,
             verified_at is not null, created_at, array(select role from user_roles r where r.user_id = id order by role)
        from users where id = \(user)
      """)
  }
}

extension Query where Row == SessionLine {
  static func sessions(of user: ID<User>, now: Instant) -> Self {
    Query(
      """
      select id, kind, device, seen_at from sessions
       where user_id = \(user) and revoked_at is null and expires_at > \(now) order by seen_at desc limit 50
      """)
  }
}

extension Query where Row == RefreshSession {
  static func refresh(tokenHash: [UInt8]) -> Self {
    Query(
      """
      select id, user_id, family, revoked_at is not null, expires_at from sessions
       where token_hash = \(tokenHash) and kind = 'api' for update
      """)
  }
}

extension Query where Row == ID<User> {
  static func user(withEmail email: String) -> Self { Query("select id from users where email = \(email)::citext") }

  static func person(called name: String) -> Self {
    if let id = ID<User>(name.lowercased()) { return Query("select id from users where id = \(id)") }
    return Query("select id from users where email = \(name)::citext or username = \(name)::citext")
  }

  static func user(withUsername username: String) -> Self {
    Query("select id from users where username = \(username)::citext")
  }

  /// Uses the letter up; nobody comes back when it is unknown, used or too old.
  static func useLetter(_ purpose: String, tokenHash: [UInt8], now: Instant) -> Self {
    Query(
      """
      update letters set used_at = \(now)
       where token_hash = \(tokenHash) and purpose = \(purpose) and used_at is null and expires_at > \(now)
      returning user_id
      """)
  }

  static func owner(ofLetter purpose: String, tokenHash: [UInt8], now: Instant) -> Self {
    Query(
      """
      select user_id from letters
       where token_hash = \(tokenHash) and purpose = \(purpose) and used_at is null and expires_at > \(now)
      """)
  }

  static func verifiedOwner(ofUsedLetter tokenHash: [UInt8]) -> Self {
    Query(
      """
      select l.user_id from letters l join users u on u.id = l.user_id
       where l.token_hash = \(tokenHash) and l.purpose = 'verify' and l.used_at is not null and u.verified_at is not null
      """)
  }
}

/// What somebody agreed to.
struct Agreement: RowDecodable, Equatable {
  let document: LegalDocument
  /// None: the standard text.
  let version: ID<LegalVersion>?
  let at: Instant

  init(row: inout RowReader) throws {
    document = LegalDocument(rawValue: try row.next()) ?? .terms
    version = try row.next()
    at = try row.next()
  }
}

extension Query where Row == Agreement {
  /// The newest of each document, the terms first.
  static func agreements(of user: ID<User>) -> Self {
    Query(
      """
      select * from (select distinct on (document) document, version_id, agreed_at from agreements
                      where user_id = \(user) order by document, agreed_at desc) newest order by document desc
      """)
  }
}

extension Query<Void> {
  static func agree(_ user: ID<User>, _ document: LegalDocument, _ version: ID<LegalVersion>?, at now: Instant) -> Self
  {
    Query(
      """
      insert into agreements (id, user_id, document, version_id, agreed_at)
      values (\(ID<Agreement>.new()), \(user), \(document.rawValue), \(version), \(now))
      """)
  }

  static func insert(_ id: ID<User>, _ registration: Registration, passwordHash: String, at now: Instant) -> Self {
    Query(
      """
      insert into users (id, email, username, full_name, password_hash, language, zone, department, year_of_study, terms_accepted_at, created_at)
      values (\(id), \(registration.email.text)::citext, \(registration.username)::citext, \(registration.fullName), \(passwordHash),
              \(registration.language.rawValue), \(registration.zone), \(registration.department), \(registration.yearOfStudy), \(now), \(now))
      """)
  }

  /// Writes nothing when a factor is set.
  static func beginFactor(_ secret: String, of user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      insert into second_factors as f (user_id, secret, created_at) values (\(user), \(secret), \(now))
      on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at
       where f.confirmed_at is null
      """)
  }

  static func confirmFactor(of user: ID<User>, step: Int64, at now: Instant) -> Self {
    Query(
      """
      update second_factors set confirmed_at = \(now), last_step = \(Int(step)), failures = 0, failed_at = null
       where user_id = \(user)
      """)
  }

  static func accept(_ step: Int64, of user: ID<User>) -> Self {
    Query(
      "update second_factors set last_step = \(Int(step)), failures = 0, failed_at = null where user_id = \(user)")
  }

  static func failed(_ failures: Int, of user: ID<User>, at now: Instant) -> Self {
    Query("update second_factors set failures = \(failures), failed_at = \(now) where user_id = \(user)")
  }

  static func removeFactor(of user: ID<User>) -> Self {
    Query("delete from second_factors where user_id = \(user) and confirmed_at is not null")
  }

  static func insertRecoveryCode(_ hash: [UInt8], of user: ID<User>) -> Self {
    Query("insert into recovery_codes (user_id, code_hash) values (\(user), \(hash))")
  }

  static func useRecoveryCode(_ hash: [UInt8], of user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update recovery_codes set used_at = \(now)
       where user_id = \(user) and code_hash = \(hash) and used_at is null
      """)
  }

  static func dropRecoveryCodes(of user: ID<User>) -> Self {
    Query("delete from recovery_codes where user_id = \(user)")
  }

  static func grant(_ role: String, to user: ID<User>) -> Self {
    Query("insert into user_roles (user_id, role) values (\(user), \(role)) on conflict do nothing")
  }

  static func take(_ role: String, from user: ID<User>) -> Self {
    Query("delete from user_roles where user_id = \(user) and role = \(role)")
  }

  static func setSuspended(_ isOn: Bool, _ user: ID<User>, at now: Instant) -> Self {
    Query(
      "update users set suspended_at = case when \(isOn) then coalesce(suspended_at, \(now)) end where id = \(user)")
  }

  static func verify(_ user: ID<User>, at now: Instant) -> Self {
    Query("update users set verified_at = coalesce(verified_at, \(now)), updated_at = \(now) where id = \(user)")
  }

  static func setPassword(_ hash: String, of user: ID<User>, at now: Instant) -> Self {
    Query(
      "update users set password_hash = \(hash), verified_at = coalesce(verified_at, \(now)), updated_at = \(now) where id = \(user)"
    )
  }

  static func rehash(_ hash: String, of user: ID<User>) -> Self {
    Query("update users set password_hash = \(hash) where id = \(user)")
  }

  static func insertLetter(_ id: ID<Letter>, to user: ID<User>, purpose: String, tokenHash: [UInt8], expiresAt: Instant)
    -> Self
  {
    Query(
      """
      insert into letters (id, user_id, purpose, token_hash, expires_at)
      values (\(id), \(user), \(purpose), \(tokenHash), \(expiresAt))
      """)
  }

  /// Older letters of the same purpose stop working.
  static func voidLetters(_ purpose: String, of user: ID<User>, at now: Instant) -> Self {
    Query(
      "update letters set expires_at = \(now) where user_id = \(user) and purpose = \(purpose) and used_at is null and expires_at > \(now)"
    )
  }

  static func insertSession(
    _ id: ID<Session>, of user: ID<User>, kind: String, family: ID<Session>, tokenHash: [UInt8], remembered: Bool,
    device: String?,
    at now: Instant, expiresAt: Instant
  ) -> Self {
    Query(
      """
      insert into sessions (id, user_id, token_hash, kind, family, remembered, device, created_at, seen_at, expires_at)
      values (\(id), \(user), \(tokenHash), \(kind), \(family), \(remembered), \(device), \(now), \(now), \(expiresAt))
      """)
  }

  static func touchSession(_ id: ID<Session>, at now: Instant, expiresAt: Instant) -> Self {
    Query(
      """
      update sessions set seen_at = \(now), expires_at = case when remembered then expires_at else least(\(expiresAt), created_at + interval '24 hours') end
       where id = \(id)
      """)
  }

  static func revokeSession(_ id: ID<Session>, of user: ID<User>, at now: Instant) -> Self {
    Query("update sessions set revoked_at = \(now) where id = \(id) and user_id = \(user) and revoked_at is null")
  }

  static func revokeFamily(_ family: ID<Session>, at now: Instant) -> Self {
    Query("update sessions set revoked_at = \(now) where family = \(family) and revoked_at is null")
  }

  static func revokeAll(of user: ID<User>, except kept: ID<Session>?, at now: Instant) -> Self {
    Query(
      """
      update sessions set revoked_at = \(now)
       where user_id = \(user) and revoked_at is null and (\(kept)::uuid is null or id <> \(kept)::uuid)
      """)
  }

  static func update(_ profile: AccountProfile, of user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update users set full_name = \(profile.fullName), language = \(profile.language.rawValue), zone = \(profile.zone),
             department = \(profile.department), year_of_study = \(profile.yearOfStudy), learning_goals = \(profile.learningGoals), updated_at = \(now)
       where id = \(user)
      """)
  }

  static func setPhoto(_ file: ID<StoredFile>?, of user: ID<User>, at now: Instant) -> Self {
    Query("update users set photo_file_id = \(file), updated_at = \(now) where id = \(user)")
  }

  static func setLanguage(_ language: Language, of user: ID<User>) -> Self {
    Query("update users set language = \(language.rawValue) where id = \(user)")
  }

  static func note(_ kind: String, about user: ID<User>?, by actor: ID<User>?, details: String = "{}", at now: Instant)
    -> Self
  {
    Query(
      """
      insert into activity_log (id, user_id, actor_id, kind, details, at)
      values (\(ID<Activity>.new()), \(user), \(actor), \(kind), \(details)::jsonb, \(now))
      """)
  }

  /// Every node forgets what it remembers of the person.
  static func announceChange(of user: ID<User>) -> Self { Query("select pg_notify('accounts', \(user.description))") }
}

enum Letter {}
enum Activity {}
