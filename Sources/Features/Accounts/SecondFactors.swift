import Audit
import Core
import Crypto
import Postgres
import Vault

/// The second proof: a code of the moment from an application, or one of ten codes on paper.
///
/// A person's row is held while a code is judged, so tries come one after the other: no code counts twice, and five wrong
/// ones rest the factor for a quarter of an hour however many are sent at once. Whoever has a factor cannot open a
/// session without it; turning it on closes all the others.
struct SecondFactors: Sendable {
  static let secret = SealedColumn("second_factors", key: "user_id", "secret")
  static let patience = 5
  static let window = Duration.minutes(15)
  /// How long a set-up that was begun may be finished.
  static let setUp = Duration.minutes(15)
  static let paperCodes = 10

  let vault: Vault
  let clock: WallClock
  let audit: AuditLog

  enum Verdict: Equatable {
    case right
    /// A code on paper was used up; so many are left.
    case onPaper(left: Int)
    case wrong
    case resting
    /// There is no factor: nothing to judge.
    case none

    var isGood: Bool {
      switch self {
      case .right, .onPaper: true
      case .wrong, .resting, .none: false
      }
    }
  }

  /// Judges a code, and keeps the outcome: return normally whatever it is, or a wrong try is not counted.
  func judge(_ code: String, of user: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws -> Verdict {
    guard let factor = try await tx.first(.factorToJudge(of: user)), factor.isConfirmed else { return .none }
    let now = clock.now
    let isRecent = factor.failedAt.map { $0 > now - Self.window } ?? false
    guard !isRecent || factor.failures < Self.patience else { return .resting }
    let typed = String(code.prefix(64).filter { !$0.isWhitespace && $0 != "-" })
    if let totp = try totp(factor.secret, of: user), let step = totp.step(of: typed, at: now), step > factor.lastStep {
      try await tx.run(.accept(step, of: user))
      return .right
    }
    if let bytes = Base32.decode(typed), bytes.count == 10,
      try await tx.affected(.useRecoveryCode(SHA256.hash(bytes), of: user, at: now)) == 1
    {
      try await tx.run(.accept(factor.lastStep, of: user))
      let left = try await tx.one(.recoveryCodesLeft(of: user))
      try await audit.record(.recoveryCodeUsed, by: origin, on: .user(user), ["left": String(left)], in: tx)
      return .onPaper(left: left)
    }
    let failures = isRecent ? factor.failures + 1 : 1
    try await tx.run(.failed(failures, of: user, at: now))
    if failures == Self.patience { try await audit.record(.factorResting, by: origin, on: .user(user), in: tx) }
    return .wrong
  }

  private func totp(_ sealed: String, of user: ID<User>) throws -> TOTP? {
    Base32.decode(try vault.open(sealed, in: Self.secret, row: user)).flatMap { TOTP(secret: $0) }
  }

  /// A fresh secret that waits for its first code. False when a factor is set already.
  func begin(for user: ID<User>, in tx: Transaction) async throws -> Bool {
    let sealed = vault.seal(Base32.encode(TOTP.fresh().secret), in: Self.secret, row: user)
    return try await tx.affected(.beginFactor(sealed, of: user, at: clock.now)) == 1
  }

  /// The secret that waits; nothing when none does or it has waited too long.
  func waiting(for user: ID<User>, in store: some Querying) async throws -> TOTP? {
    guard let factor = try await store.first(.factor(of: user)), !factor.isConfirmed,
      factor.createdAt > clock.now - Self.setUp
    else { return nil }
    return try totp(factor.secret, of: user)
  }

  /// Sets the factor by its first code; the codes for paper, told this once.
  func confirm(_ code: String, of user: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws
    -> [String]?
  {
    let now = clock.now
    guard let factor = try await tx.first(.factorToJudge(of: user)), !factor.isConfirmed,
      factor.createdAt > now - Self.setUp, let totp = try totp(factor.secret, of: user),
      let step = totp.step(of: code.filter { !$0.isWhitespace }, at: now)
    else { return nil }
    try await tx.run(.confirmFactor(of: user, step: step, at: now))
    try await audit.record(.factorAdded, by: origin, on: .user(user), in: tx)
    return try await writePaper(for: user, in: tx)
  }

  /// Ten new codes for paper; the old ones are good for nothing.
  func renewPaper(for user: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws -> [String] {
    try await audit.record(.recoveryCodesMade, by: origin, on: .user(user), in: tx)
    return try await writePaper(for: user, in: tx)
  }

  private func writePaper(for user: ID<User>, in tx: Transaction) async throws -> [String] {
    try await tx.run(.dropRecoveryCodes(of: user))
    var codes: [String] = []
    for _ in 0..<Self.paperCodes {
      let bytes = Random.bytes(10)
      try await tx.run(.insertRecoveryCode(SHA256.hash(bytes), of: user))
      let text = Array(Base32.encode(bytes))
      codes.append(stride(from: 0, to: 16, by: 4).map { String(text[$0..<$0 + 4]) }.joined(separator: "-"))
    }
    return codes
  }

  /// Takes the factor away. False when there was none.
  func remove(from user: ID<User>, by origin: AuditOrigin, in tx: Transaction) async throws -> Bool {
    guard try await tx.affected(.removeFactor(of: user)) == 1 else { return false }
    try await audit.record(.factorRemoved, by: origin, on: .user(user), in: tx)
    return true
  }
}

/// A second factor as it is kept.
struct FactorRecord: RowDecodable {
  let secret: String
  let createdAt: Instant
  let confirmedAt: Instant?
  let lastStep: Int64
  let failures: Int
  let failedAt: Instant?

  var isConfirmed: Bool { confirmedAt != nil }

  init(row: inout RowReader) throws {
    secret = try row.next()
    createdAt = try row.next()
    confirmedAt = try row.next()
    lastStep = Int64(try row.next(Int.self))
    failures = try row.next()
    failedAt = try row.next()
  }
}

/// What the security page shows of it.
struct FactorState: RowDecodable, Equatable {
  let since: Instant
  let paperLeft: Int

  init(row: inout RowReader) throws {
    since = try row.next()
    paperLeft = try row.next()
  }
}
