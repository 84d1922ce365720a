import Audit
package import Captcha
package import Core
import Crypto
package import Files
package import Jobs
package import Legal
package import Loop
package import Notices
package import Platform
package import Postgres
package import Site
import Time
package import Vault
package import Web

/// People register, prove their address, sign in and out, mend a lost password, and keep their own profile.
///
/// Owns `users`, `user_roles`, `sessions`, `letters`, `activity_log`, `second_factors`, `recovery_codes`,
/// `agreements`. Publishes
/// `people`, `people_contact`. Emits ``AccountActivated`` and ``ProfileChanged``. The published API's handlers are in
/// `AccountsAPI.swift`, those of the security page in `Security.swift`.
package struct AccountsFeature: Feature {
  let database: Database
  let site: Site
  package let sessions: Sessions
  let notices: Notices
  let files: Files
  let vault: Vault
  let pool: BlockingPool
  let legal: Legal
  let clock: WallClock
  /// Asked where anybody may type an address: registering, and mending a lost password.
  let captcha: Captcha
  /// On a trial at home without a mail server the letter is shown on the page instead.
  let showsLetters: Bool

  package init(
    database: Database, site: Site, sessions: Sessions, notices: Notices, files: Files, vault: Vault,
    pool: BlockingPool, legal: Legal, clock: WallClock, captcha: Captcha = .off, showsLetters: Bool
  ) {
    self.database = database
    self.site = site
    self.sessions = sessions
    self.notices = notices
    self.files = files
    self.vault = vault
    self.pool = pool
    self.legal = legal
    self.clock = clock
    self.captcha = captcha
    self.showsLetters = showsLetters
  }

  /// Sealed with the house's keys; `tutalink keys rotate` goes through them.
  package static let sealedColumns = [SecondFactors.secret]

  var signingIn: SigningIn { SigningIn(database: database, pool: pool, clock: clock) }
  var audit: AuditLog { AuditLog(clock: clock) }
  var factors: SecondFactors { SecondFactors(vault: vault, clock: clock, audit: audit) }

  package func routes(_ routes: inout Routes) {
    let guarded: RouteLimits = .rate(.signIn)
    let letters: RouteLimits = .rate(.letters)
    routes.on(.get, Doors.register, as: Guest.self, registration)
    routes.on(.post, Doors.register, as: Guest.self, limits: .rate(.registration), register)
    routes.on(.get, AccountPaths.verify, as: Guest.self, verification)
    routes.on(.post, AccountPaths.verify, as: Guest.self, limits: guarded, verify)
    routes.on(.post, AccountPaths.letters, as: Guest.self, limits: letters, sendVerification)
    routes.on(.get, Doors.signIn, as: Guest.self, signInForm)
    routes.on(.post, Doors.signIn, as: Guest.self, limits: guarded, signIn)
    routes.on(.get, AccountPaths.code, as: Guest.self, codeForm)
    routes.on(.post, AccountPaths.code, as: Guest.self, limits: guarded, signInByCode)
    routes.on(.post, Doors.signOut, as: Guest.self, signOut)
    routes.on(.get, AccountPaths.forgotten, as: Guest.self, forgotten)
    routes.on(.post, AccountPaths.forgotten, as: Guest.self, limits: letters, sendReset)
    routes.on(.get, AccountPaths.reset, as: Guest.self, resetForm)
    routes.on(.post, AccountPaths.reset, as: Guest.self, limits: guarded, reset)
    routes.on(.post, Doors.language, as: Guest.self, chooseLanguage)
    routes.on(.get, Doors.account, as: Member.self, account)
    routes.on(.post, Doors.account, as: Member.self, saveProfile)
    routes.on(.post, AccountPaths.photo, as: Member.self, limits: .upload(megabytes: 10), savePhoto)
    routes.on(.post, AccountPaths.password, as: Member.self, limits: guarded, changePassword)
    routes.on(.post, AccountPaths.sessions, as: Member.self, closeOthers)
    routes.on(.post, AccountPaths.session, as: Member.self, closeOne)
    routes.on(.get, Doors.security, as: Member.self, security)
    routes.on(.get, AccountPaths.factor, as: Member.self, factorSetUp)
    routes.on(.post, AccountPaths.factor, as: Member.self, limits: guarded, beginFactor)
    routes.on(.post, AccountPaths.factorCode, as: Member.self, limits: guarded, confirmFactor)
    routes.on(.post, AccountPaths.factorRemoval, as: Member.self, limits: guarded, removeFactor)
    routes.on(.post, AccountPaths.paper, as: Member.self, limits: guarded, renewPaper)
    apiRoutes(&routes)
  }

  package var schedules: [Schedule] {
    [
      // One entry an hour, however many tries there were; hours a node slept through are made up for.
      Schedule("accounts.sign-in-failures", every: .minutes(20)) {
        let now = clock.now
        for hour in try await database.all(.signInFailures(from: now - .hours(26), until: now)) {
          try await database.transaction { tx in
            try await audit.record(
              .signInFailures, by: .system,
              ["hour": hour.hour.rfc3339, "tries": String(hour.count), "accounts": String(hour.accounts)],
              once: "sign-in.failures:\(hour.hour.rfc3339)", in: tx)
          }
        }
      }
    ]
  }

  // MARK: Registering

  func registration(_ request: Request, guest: Guest) async throws -> Response {
    let next = LocalAddress.read(request.query["next"])
    if guest.identity != nil { return .see(next ?? Doors.dashboard()) }
    var draft = Registration.Draft()
    draft.role = request.query.text("role") == "tutor" ? "tutor" : "learner"
    draft.zone = request.zone
    return try await registrationPage(draft, next: next, for: request)
  }

  func register(_ request: Request, guest: Guest) async throws -> Response {
    let form = request.form
    let next = LocalAddress.read(form["next"])
    var draft = Registration.Draft()
    draft.email = form.text("email")
    draft.username = form.text("username")
    draft.fullName = form.text("full_name")
    draft.password = form["password"] ?? ""
    draft.role = form.text("role")
    draft.zone = form.text("timezone")
    draft.language = request.language.rawValue
    draft.department = form.text("department")
    draft.yearOfStudy = form.text("year_of_study")
    draft.acceptsTerms = form.isOn("accept_terms")
    let registration: Registration
    do throws(Registration.Refusals) { registration = try Registration(draft, isZone: { Zone($0) != nil }) } catch {
      return try await registrationPage(draft, refusals: error.list, next: next, for: request, status: 422)
    }
    let agreed = try await legal.inForce(for: request.language, in: database)
    // The words behind the box were changed while they were read: what was not seen is not agreed to.
    if let mark = form["agreed"], mark != agreed.mark {
      draft.acceptsTerms = false
      return try await registrationPage(
        draft, refusals: [.init(field: "accept_terms", reason: "changed")], next: next, for: request, status: 422)
    }
    // Last, so that a proof is not used up by a form that is refused for something else.
    do { try await captcha.judge(request, for: "register") } catch let refusal as Captcha.Refusal {
      return try await registrationPage(
        draft, refusals: [.init(field: "captcha", reason: refusal.rawValue)], next: next, for: request, status: 422)
    }
    if let refusal = try await create(registration, agreeing: agreed) {
      return try await registrationPage(draft, refusals: [refusal], next: next, for: request, status: 422)
    }
    return Self.remember(
      next, on: site.page(await letterSent(to: registration.email.text, purpose: "verify"), for: request))
  }

  /// Where somebody was going who had to register first, until their letter is opened in the same browser. Only an
  /// address of this site; read again when it is used.
  private static let destination = "after-verifying"

  private static func remember(_ next: String?, on response: Response) -> Response {
    guard let next, next.utf8.count <= 1000 else { return response }
    return response.with(cookie: Cookie(destination, PercentEncoding.encode(next), maxAge: .days(3)))
  }

  private func registrationPage(
    _ draft: Registration.Draft, refusals: [Registration.Refusal] = [], next: String?, for request: Request,
    status: Int = 200
  ) async throws -> Response {
    let agreed = try await legal.inForce(for: request.language, in: database).mark
    return captcha.opening(
      site.page(
        RegistrationForm(
          draft: draft, refusals: refusals, next: next, agreed: agreed, captcha: captcha.field(for: "register")),
        for: request, status: status))
  }

  /// Makes the account, or tells the owner of a known address that somebody tried. Either way the newcomer reads the
  /// same. Only a taken username is said, for names are public.
  func create(_ registration: Registration, agreeing agreed: LegalSet) async throws -> Registration.Refusal? {
    let now = clock.now
    let password = registration.password
    let hash = try await pool.run { Password.hash(password) }
    // The name first: whether it is taken is said, and may not depend on whether the address is known.
    if try await database.first(.user(withUsername: registration.username)) != nil {
      return Registration.Refusal(field: "username", reason: "taken")
    }
    if let owner = try await database.first(.user(withEmail: registration.email.text)) {
      try await database.transaction { tx in
        try await notices.mail(owner, "accounts.known", link: Doors.signIn(), in: tx)
      }
      return nil
    }
    let user = ID<User>.new()
    do {
      try await database.transaction { tx in
        try await tx.run(.insert(user, registration, passwordHash: hash, at: now))
        for document in LegalDocument.allCases {
          try await tx.run(.agree(user, document, agreed.versions[document], at: now))
        }
        try await tx.run(.grant(registration.role.rawValue, to: user))
        if registration.role == .tutor { try await tx.run(.grant("learner", to: user)) }
        try await tx.run(.note("registered", about: user, by: user, at: now))
        try await writeLetter("verify", to: user, in: tx)
      }
    } catch let error as PostgresError where error.constraint == "one_account_per_username" {
      return Registration.Refusal(field: "username", reason: "taken")
    } catch let error as PostgresError where error.constraint == "one_account_per_email" {
      return nil  // Two tabs, one address: the first made the account and its letter is under way.
    }
    return nil
  }

  private func writeLetter(_ purpose: String, to user: ID<User>, in tx: Transaction) async throws {
    let token = Random.token()
    let now = clock.now
    try await tx.run(.voidLetters(purpose, of: user, at: now))
    try await tx.run(
      .insertLetter(
        ID.new(), to: user, purpose: purpose, tokenHash: SHA256.hash(token),
        expiresAt: now + (purpose == "verify" ? .days(3) : .hours(1))))
    let address = purpose == "verify" ? AccountPaths.verify() : AccountPaths.reset()
    try await notices.mail(user, "accounts.\(purpose)", link: "\(address)?token=\(token)", in: tx)
  }

  /// The page after any letter. On a trial without a mail server it shows the letter's link.
  private func letterSent(to email: String, purpose: String) async -> LetterSent {
    guard showsLetters, let user = try? await database.first(.user(withEmail: email)) else {
      return LetterSent(email: email, purpose: purpose)
    }
    let link = try? await database.first(notices.newestLink(to: user, kind: "accounts.\(purpose)"))
    return LetterSent(email: email, purpose: purpose, link: link ?? nil)
  }

  /// A link in a letter may be opened by a scanner: opening shows a button, pressing it proves the address.
  func verification(_ request: Request, guest: Guest) async throws -> Response {
    let token = request.query.text("token")
    let hash = SHA256.hash(token)
    if try await database.first(.owner(ofLetter: "verify", tokenHash: hash, now: clock.now)) != nil {
      return site.page(VerificationForm(token: token), for: request)
    }
    if try await database.first(.verifiedOwner(ofUsedLetter: hash)) != nil { return .see(Doors.signIn()) }
    return site.page(LetterExpired(purpose: "verify"), for: request, status: 422)
  }

  func verify(_ request: Request, guest: Guest) async throws -> Response {
    let token = request.form.text("token")
    let opened: (user: ID<User>, cookie: Cookie?)? = try await database.transaction { tx in
      guard let user = try await activate(token: token, in: tx) else { return nil }
      // A letter is one proof; who has set a second one signs in with both.
      if try await tx.one(.hasFactor(user)) { return (user, nil) }
      return (user, try await sessions.openWeb(for: user, remember: false, device: request.device, in: tx))
    }
    guard let opened else { return site.page(LetterExpired(purpose: "verify"), for: request, status: 422) }
    guard let cookie = opened.cookie else { return .see(Doors.signIn()) }
    let next = request.cookies[Self.destination].flatMap { PercentEncoding.decode($0.utf8) }
    return .see(LocalAddress.read(next) ?? Doors.dashboard()).with(cookie: cookie)
      .with(cookie: .expired(Self.destination))
  }

  /// Uses a verification letter up; nobody when it is not good any more.
  func activate(token: String, in tx: Transaction) async throws -> ID<User>? {
    let now = clock.now
    guard let user = try await tx.first(.useLetter("verify", tokenHash: SHA256.hash(token), now: now)) else {
      return nil
    }
    try await tx.run(.verify(user, at: now))
    try await tx.run(.note("verified", about: user, by: user, at: now))
    try await tx.emit(AccountActivated(user: user))
    try await sessions.announceChange(of: user, in: tx)
    return user
  }

  func sendVerification(_ request: Request, guest: Guest) async throws -> Response {
    let email = request.form.text("email")
    try await sendLetter("verify", to: email, onlyIf: { !$0.isVerified })
    return site.page(await letterSent(to: email, purpose: "verify"), for: request)
  }

  private func sendLetter(_ purpose: String, to email: String, onlyIf condition: (Credentials) -> Bool) async throws {
    guard let address = EmailAddress(email),
      let credentials = try await database.first(.credentials(login: address.text, since: clock.now)),
      !credentials.isSuspended, condition(credentials)
    else { return }
    try await database.transaction { tx in try await writeLetter(purpose, to: credentials.user, in: tx) }
  }

  // MARK: Signing in and out

  func signInForm(_ request: Request, guest: Guest) async throws -> Response {
    let next = LocalAddress.read(request.query["next"])
    if guest.identity != nil { return .see(next ?? Doors.dashboard()) }
    return site.page(SignInForm(login: "", next: next), for: request)
  }

  func signIn(_ request: Request, guest: Guest) async throws -> Response {
    let form = request.form
    let next = LocalAddress.read(form["next"])
    let login = form.text("login")
    switch try await signingIn.judge(login: login, password: form["password"] ?? "") {
    case .failure(.unverified(let user)):
      try await database.transaction { tx in try await writeLetter("verify", to: user, in: tx) }
      let email = try await database.first(.account(of: user))?.email ?? login
      return Self.remember(next, on: site.page(await letterSent(to: email, purpose: "verify"), for: request))
    case .failure(let refusal):
      return site.page(SignInForm(login: login, next: next, refusal: refusal), for: request, status: 422)
    case .success(let user):
      if let half = try await halfWay(user, remember: form.isOn("remember_me"), next: next) {
        return .see(AccountPaths.code()).with(cookie: sessions.halfWay(half))
      }
      let cookie = try await database.transaction { tx in
        try await open(user, remember: form.isOn("remember_me"), request, in: tx)
      }
      return .see(next ?? Doors.dashboard()).with(cookie: cookie)
    }
  }

  private func open(_ user: ID<User>, remember: Bool, _ request: Request, in tx: Transaction) async throws -> Cookie {
    // A new session for a new proof: an address that was planted before signing in is worth nothing.
    if let old = request.identity { try await sessions.close(old, in: tx) }
    try await tx.run(.note("signed-in", about: user, by: user, at: clock.now))
    return try await sessions.openWeb(for: user, remember: remember, device: request.device, in: tx)
  }

  /// Where a person stands whose password was right, when a code is still wanted; nothing when none is.
  private func halfWay(_ user: ID<User>, remember: Bool, next: String?) async throws -> Sessions.HalfWay? {
    guard try await database.one(.hasFactor(user)),
      let credentials = try await database.first(.credentials(of: user, since: clock.now))
    else { return nil }
    return Sessions.HalfWay(user: user, mark: credentials.mark, remember: remember, next: next)
  }

  func codeForm(_ request: Request, guest: Guest) async throws -> Response {
    guard sessions.halfWay(of: request) != nil else { return .see(Doors.signIn()) }
    return site.page(CodeForm(), for: request)
  }

  func signInByCode(_ request: Request, guest: Guest) async throws -> Response {
    guard let half = sessions.halfWay(of: request),
      let credentials = try await database.first(.credentials(of: half.user, since: clock.now)),
      credentials.mark == half.mark, !credentials.isSuspended, credentials.isVerified
    else { return .see(Doors.signIn()).with(cookie: .expired(Sessions.halfCookie)) }
    let (verdict, cookie): (SecondFactors.Verdict, Cookie?) = try await database.transaction { tx in
      let verdict = try await judge(request.form.text("code"), of: half.user, request, in: tx)
      guard verdict.isGood || verdict == .none else { return (verdict, nil) }
      return (verdict, try await open(half.user, remember: half.remember, request, in: tx))
    }
    guard let cookie else { return site.page(CodeForm(refusal: verdict), for: request, status: 422) }
    let way = if case .onPaper = verdict { Doors.security() + "?saved=paper" } else { half.next ?? Doors.dashboard() }
    return .see(way).with(cookie: cookie).with(cookie: .expired(Sessions.halfCookie))
  }

  /// Judges a code; the person hears of what they should know.
  func judge(_ code: String, of user: ID<User>, _ request: Request, in tx: Transaction) async throws
    -> SecondFactors.Verdict
  {
    let verdict = try await factors.judge(code, of: user, by: AuditOrigin(request, actor: user), in: tx)
    if case .onPaper = verdict {
      try await notices.mail(user, "accounts.paperUsed", link: Doors.security(), in: tx)
    }
    return verdict
  }

  func signOut(_ request: Request, guest: Guest) async throws -> Response {
    if let identity = guest.identity {
      try await database.transaction { tx in try await sessions.close(identity, in: tx) }
    }
    return .see(Doors.home()).with(cookie: .expired(Sessions.cookie))
  }

  // MARK: A lost password

  func forgotten(_ request: Request, guest: Guest) async throws -> Response {
    forgottenPage(ForgottenForm(), for: request)
  }

  func sendReset(_ request: Request, guest: Guest) async throws -> Response {
    let email = request.form.text("email")
    guard EmailAddress(email) != nil else {
      return forgottenPage(ForgottenForm(email: email, refusal: "email.malformed"), for: request, status: 422)
    }
    do { try await captcha.judge(request, for: "reset") } catch let refusal as Captcha.Refusal {
      return forgottenPage(
        ForgottenForm(email: email, refusal: "captcha." + refusal.rawValue), for: request, status: 422)
    }
    try await sendResetLetter(to: email)
    return site.page(await letterSent(to: email, purpose: "reset"), for: request)
  }

  private func forgottenPage(_ form: ForgottenForm, for request: Request, status: Int = 200) -> Response {
    var form = form
    form.captcha = captcha.field(for: "reset")
    return captcha.opening(site.page(form, for: request, status: status))
  }

  func sendResetLetter(to email: String) async throws {
    try await sendLetter("reset", to: email, onlyIf: { _ in true })
  }

  func resetForm(_ request: Request, guest: Guest) async throws -> Response {
    let token = request.query.text("token")
    guard try await database.first(.owner(ofLetter: "reset", tokenHash: SHA256.hash(token), now: clock.now)) != nil
    else {
      return site.page(LetterExpired(purpose: "reset"), for: request, status: 422)
    }
    return site.page(ResetForm(token: token), for: request)
  }

  func reset(_ request: Request, guest: Guest) async throws -> Response {
    let token = request.form.text("token")
    switch try await setPassword(request.form["password"] ?? "", byLetter: token, request) {
    case .success: return site.page(SignInForm(login: "", next: nil, note: "accounts.passwordChanged"), for: request)
    case .failure(.letter): return site.page(LetterExpired(purpose: "reset"), for: request, status: 422)
    case .failure(.password(let refusal)):
      return site.page(ResetForm(token: token, refusal: refusal), for: request, status: 422)
    }
  }

  enum ResetRefusal: Error { case letter, password(PasswordPolicy.Refusal) }

  /// A new password by letter closes every session there is.
  func setPassword(_ password: String, byLetter token: String, _ request: Request) async throws
    -> Result<Void, ResetRefusal>
  {
    let now = clock.now
    guard let owner = try await database.first(.owner(ofLetter: "reset", tokenHash: SHA256.hash(token), now: now)),
      let account = try await database.first(.account(of: owner))
    else { return .failure(.letter) }
    if let refusal = PasswordPolicy.judge(password, personal: account.personalWords) {
      return .failure(.password(refusal))
    }
    let hash = try await pool.run { Password.hash(password) }
    return try await database.transaction { tx in
      guard let user = try await tx.first(.useLetter("reset", tokenHash: SHA256.hash(token), now: now)) else {
        return .failure(.letter)
      }
      try await tx.run(.setPassword(hash, of: user, at: now))
      try await tx.run(.revokeAll(of: user, except: nil, at: now))
      try await tx.run(.note("password-reset", about: user, by: user, at: now))
      try await audit.record(.passwordReset, by: AuditOrigin(request, actor: user), on: .user(user), in: tx)
      try await notices.mail(user, "accounts.passwordChanged", link: AccountPaths.forgotten(), in: tx)
      try await sessions.announceChange(of: user, in: tx)
      return .success(())
    }
  }

  // MARK: One's own account

  func account(_ request: Request, member: Member) async throws -> Response {
    try await accountPage(request, member, note: request.query.text("saved"))
  }

  private func accountPage(
    _ request: Request, _ member: Member, draft: AccountProfile.Draft? = nil, refusals: [Registration.Refusal] = [],
    note: String = "",
    status: Int = 200
  ) async throws -> Response {
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    return site.page(
      AccountPage(
        account: account, draft: draft ?? AccountProfile.Draft(account), refusals: refusals, note: note,
        agreements: try await database.all(.agreements(of: member.id))),
      for: request, status: status)
  }

  func saveProfile(_ request: Request, member: Member) async throws -> Response {
    let form = request.form
    let draft = AccountProfile.Draft(
      fullName: form.text("full_name"), language: form.text("locale"), zone: form.text("timezone"),
      department: form.text("department"),
      yearOfStudy: form.text("year_of_study"), learningGoals: form.text("learning_goals"))
    let profile: AccountProfile
    do throws(Registration.Refusals) { profile = try AccountProfile(draft, isZone: { Zone($0) != nil }) } catch {
      return try await accountPage(request, member, draft: draft, refusals: error.list, status: 422)
    }
    try await save(profile, of: member.id)
    return .see(Doors.account() + "?saved=profile")
  }

  func save(_ profile: AccountProfile, of user: ID<User>) async throws {
    try await database.transaction { tx in
      try await tx.run(.update(profile, of: user, at: clock.now))
      try await tx.emit(ProfileChanged(user: user))
      try await sessions.announceChange(of: user, in: tx)
    }
  }

  func savePhoto(_ request: Request, member: Member) async throws -> Response {
    guard let upload = request.files.first(where: { $0.field == "photo" && $0.size > 0 }) else {
      return try await accountPage(
        request, member, refusals: [Registration.Refusal(field: "photo", reason: "missing")], status: 422)
    }
    let picture: PreparedFile
    do { picture = try await files.prepare(avatar: upload) } catch let refusal as FileRefusal {
      return try await accountPage(
        request, member, refusals: [Registration.Refusal(field: "photo", reason: refusal.rawValue)], status: 422)
    }
    try await database.transaction { tx in
      let file = try await files.keep(picture, owner: member.id, purpose: .photo, in: tx)
      try await tx.run(.setPhoto(file, of: member.id, at: clock.now))
      try await tx.emit(ProfileChanged(user: member.id))
      try await sessions.announceChange(of: member.id, in: tx)
    }
    return .see(Doors.account() + "?saved=photo")
  }

  func chooseLanguage(_ request: Request, guest: Guest) async throws -> Response {
    let next = LocalAddress.read(request.form["next"]) ?? Doors.home()
    guard let language = Language(offered: request.form.text("language")) else {
      throw Problem(422, "We do not have this language yet.")
    }
    if let identity = guest.identity {
      try await database.transaction { tx in
        try await tx.run(.setLanguage(language, of: identity.user))
        try await sessions.announceChange(of: identity.user, in: tx)
      }
    }
    return .see(next).with(cookie: Cookie("language", language.rawValue, maxAge: .days(365)))
  }
}

extension Request {
  /// What to call the browser in the list of sessions.
  var device: String? { header("user-agent").map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(200))) } }
}

extension OwnAccount {
  /// What a password may not be made of.
  var personalWords: [String] { [fullName, username] + email.split(separator: "@").prefix(1).map(String.init) }
}

extension AccountProfile.Draft {
  init(_ account: OwnAccount) {
    self.init(
      fullName: account.fullName, language: account.language, zone: account.zone, department: account.department ?? "",
      yearOfStudy: account.yearOfStudy.map(String.init) ?? "", learningGoals: account.learningGoals ?? "")
  }
}
