import Audit
import Core
import Crypto
import Loop
import Notices
import Postgres
import Site
import Web

// What keeps an account its owner's: the password, the second factor, and where one is signed in. Whatever would let
// somebody else in, or keep the owner out, asks for the password again.
extension AccountsFeature {
  func security(_ request: Request, member: Member) async throws -> Response {
    try await securityPage(request, member, note: request.query.text("saved"))
  }

  func securityPage(
    _ request: Request, _ member: Member, refusals: [Registration.Refusal] = [], note: String = "", status: Int = 200
  ) async throws -> Response {
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    return site.page(
      SecurityPage(
        account: account, factor: try await database.first(.factorState(of: member.id)),
        sessions: try await database.all(.sessions(of: member.id, now: clock.now)), current: member.identity.session,
        refusals: refusals, note: note),
      for: request, status: status)
  }

  /// Why it is not believed that the member is who they say: `wrong` or `resting`; nothing when it is.
  private func doubt(_ password: String, of member: Member) async throws -> String? {
    let now = clock.now
    guard let credentials = try await database.first(.credentials(of: member.id, since: now - SigningIn.window)) else {
      throw Failure.notFound
    }
    guard credentials.failures < SigningIn.patience else { return "resting" }
    guard try await signingIn.matches(password, credentials) else {
      try await database.run(.note("sign-in.failed", about: member.id, by: member.id, at: now))
      return "wrong"
    }
    return nil
  }

  // MARK: The password and the sessions

  func changePassword(_ request: Request, member: Member) async throws -> Response {
    let now = clock.now
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    let wanted = request.form["new_password"] ?? ""
    func refused(_ field: String, _ reason: String) async throws -> Response {
      try await securityPage(
        request, member, refusals: [Registration.Refusal(field: field, reason: reason)], status: 422)
    }
    if let doubt = try await doubt(request.form["current_password"] ?? "", of: member) {
      return try await refused("current_password", doubt)
    }
    if let refusal = PasswordPolicy.judge(wanted, personal: account.personalWords) {
      return try await refused("new_password", refusal.rawValue)
    }
    let hash = try await pool.run { Password.hash(wanted) }
    try await database.transaction { tx in
      try await tx.run(.setPassword(hash, of: member.id, at: now))
      try await tx.run(.revokeAll(of: member.id, except: member.identity.session, at: now))
      try await tx.run(.note("password-changed", about: member.id, by: member.id, at: now))
      try await audit.record(.passwordChanged, by: AuditOrigin(request), on: .user(member.id), in: tx)
      try await notices.mail(member.id, "accounts.passwordChanged", link: AccountPaths.forgotten(), in: tx)
      try await sessions.announceChange(of: member.id, in: tx)
    }
    return .see(Doors.security() + "?saved=password")
  }

  func closeOthers(_ request: Request, member: Member) async throws -> Response {
    try await database.transaction { tx in
      try await tx.run(.revokeAll(of: member.id, except: member.identity.session, at: clock.now))
      try await sessions.announceChange(of: member.id, in: tx)
    }
    return .see(Doors.security() + "?saved=sessions")
  }

  func closeOne(_ request: Request, member: Member, session: ID<Session>) async throws -> Response {
    try await database.transaction { tx in
      guard try await tx.affected(.revokeSession(session, of: member.id, at: clock.now)) == 1 else {
        throw Failure.notFound
      }
      try await sessions.announceChange(of: member.id, in: tx)
    }
    return .see(Doors.security() + "?saved=sessions")
  }

  // MARK: The second factor

  func beginFactor(_ request: Request, member: Member) async throws -> Response {
    if let doubt = try await doubt(request.form["factor_password"] ?? "", of: member) {
      return try await securityPage(
        request, member, refusals: [.init(field: "factor_password", reason: doubt)], status: 422)
    }
    guard try await database.transaction({ tx in try await factors.begin(for: member.id, in: tx) }) else {
      throw Failure.conflict(site.context(for: request).t("accounts.factorThere"))
    }
    return .see(AccountPaths.factor())
  }

  func factorSetUp(_ request: Request, member: Member) async throws -> Response {
    guard let waiting = try await factors.waiting(for: member.id, in: database) else {
      return .see(Doors.security())
    }
    return try await setUpPage(request, member, waiting)
  }

  private func setUpPage(_ request: Request, _ member: Member, _ waiting: TOTP, isRefused: Bool = false) async throws
    -> Response
  {
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    return site.page(
      FactorSetUp(
        address: waiting.address(issuer: site.name, account: account.email), secret: Base32.encode(waiting.secret),
        isRefused: isRefused),
      for: request, status: isRefused ? 422 : 200
    ).unstored
  }

  func confirmFactor(_ request: Request, member: Member) async throws -> Response {
    let codes: [String]? = try await database.transaction { tx in
      guard
        let codes = try await factors.confirm(
          request.form.text("code"), of: member.id, by: AuditOrigin(request), in: tx)
      else { return nil }
      // From now on nobody is in by the password alone.
      try await tx.run(.revokeAll(of: member.id, except: member.identity.session, at: clock.now))
      try await notices.mail(member.id, "accounts.factorOn", link: Doors.security(), in: tx)
      try await sessions.announceChange(of: member.id, in: tx)
      return codes
    }
    guard let codes else {
      guard let waiting = try await factors.waiting(for: member.id, in: database) else {
        return .see(Doors.security())
      }
      return try await setUpPage(request, member, waiting, isRefused: true)
    }
    return site.page(PaperCodes(codes: codes, isFirst: true), for: request).unstored
  }

  func removeFactor(_ request: Request, member: Member) async throws -> Response {
    try await withBothProofs(request, member) { tx in
      guard try await factors.remove(from: member.id, by: AuditOrigin(request), in: tx) else { throw Failure.notFound }
      try await notices.mail(member.id, "accounts.factorOff", link: Doors.security(), in: tx)
      try await sessions.announceChange(of: member.id, in: tx)
      return .see(Doors.security() + "?saved=factorOff")
    }
  }

  func renewPaper(_ request: Request, member: Member) async throws -> Response {
    try await withBothProofs(request, member) { tx in
      let codes = try await factors.renewPaper(for: member.id, by: AuditOrigin(request), in: tx)
      return site.page(PaperCodes(codes: codes, isFirst: false), for: request).unstored
    }
  }

  /// Does it when password and code are right; else the page again, with a sentence at the field.
  private func withBothProofs(
    _ request: Request, _ member: Member, _ body: (Transaction) async throws -> Response
  ) async throws -> Response {
    func refused(_ field: String, _ reason: String) async throws -> Response {
      try await securityPage(request, member, refusals: [.init(field: field, reason: reason)], status: 422)
    }
    if let doubt = try await doubt(request.form["factor_password"] ?? "", of: member) {
      return try await refused("factor_password", doubt)
    }
    let answer: Result<Response, SecondFactors.Refused> = try await database.transaction { tx in
      let verdict = try await judge(request.form.text("code"), of: member.id, request, in: tx)
      guard verdict.isGood else { return .failure(.init(verdict: verdict)) }
      return .success(try await body(tx))
    }
    switch answer {
    case .success(let response): return response
    case .failure(let refused) where refused.verdict == .none: return .see(Doors.security())
    case .failure(let refusal): return try await refused("code", refusal.verdict == .resting ? "resting" : "wrong")
    }
  }
}

extension SecondFactors {
  struct Refused: Error { let verdict: Verdict }
}

extension Credentials {
  /// Tells whether the password is still the one it was, and nothing of it.
  var mark: String { Hex.encode(SHA256.hash(passwordHash).prefix(12)) }
}
