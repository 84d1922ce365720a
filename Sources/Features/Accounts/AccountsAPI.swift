import Captcha
import Core
import Crypto
import JSON
import Legal
import Postgres
import Site
import Time
import Web

// The published API's words for the same decisions: what the pages load, decide and store, shown as JSON.
extension AccountsFeature {
  func apiRoutes(_ routes: inout Routes) {
    let guarded: RouteLimits = .rate(.signIn)
    let letters: RouteLimits = .rate(.letters)
    routes.api(.post, AccountPaths.apiRegister, as: Guest.self, limits: .rate(.registration), .register, apiRegister)
    routes.api(.get, AccountPaths.apiCaptcha, as: Guest.self, .captcha, apiCaptcha)
    routes.api(.post, AccountPaths.apiVerify, as: Guest.self, limits: guarded, .verifyEmail, apiVerify)
    routes.api(.post, AccountPaths.apiLogin, as: Guest.self, limits: guarded, .login, apiLogin)
    routes.api(.post, AccountPaths.apiLogout, as: Member.self, .logout, apiLogout)
    routes.api(.post, AccountPaths.apiReset, as: Guest.self, limits: letters, .resetPassword, apiReset)
    routes.api(.post, AccountPaths.apiResetConfirm, as: Guest.self, limits: guarded, .confirmReset, apiResetConfirm)
    routes.api(.post, AccountPaths.apiToken, as: Guest.self, limits: guarded, .token, apiToken)
    routes.api(.post, AccountPaths.apiRefresh, as: Guest.self, limits: guarded, .refresh, apiRefresh)
    routes.api(.post, AccountPaths.apiTicket, as: Member.self, .ticket, apiTicket)
    routes.api(.get, AccountPaths.apiMe, as: Member.self, .me, apiMe)
    routes.api(.patch, AccountPaths.apiMe, as: Member.self, .saveMe, apiSaveMe)
  }

  private func problem(_ refusals: [Registration.Refusal], _ request: Request) -> Problem {
    let t = site.context(for: request).t
    return .invalid(
      Dictionary(grouping: refusals, by: \.field).mapValues {
        $0.map { t.sentence("accounts.refusal.\($0.field).\($0.reason)", [:]) }
      })
  }

  /// What a program must prove before it registers somebody (`register`) or asks for a letter (`reset`).
  func apiCaptcha(_ request: Request, guest: Guest, form: String) async throws -> Response {
    guard ["register", "reset"].contains(form) else { throw Failure.notFound }
    return Response.json(200) { w in captcha.field(for: form).write(to: &w) }.unstored
  }

  private func judge(_ request: Request, _ form: String) async throws {
    do { try await captcha.judge(request, for: form) } catch let refusal as Captcha.Refusal {
      throw problem([.init(field: "captcha", reason: refusal.rawValue)], request)
    }
  }

  func apiRegister(_ request: Request, guest: Guest) async throws -> Response {
    let json = try request.json()
    func text(_ name: String) -> String {
      switch json[name] {
      case .string(let text): text
      case .int(let number): String(number)
      case .double(let number): String(number)
      default: ""
      }
    }
    var draft = Registration.Draft()
    draft.email = text("email")
    draft.username = text("username")
    draft.fullName = text("full_name")
    draft.password = text("password")
    draft.role = text("role")
    draft.zone = text("timezone")
    draft.language = text("locale")
    draft.department = text("department")
    draft.yearOfStudy = text("year_of_study")
    draft.gpa = text("gpa")
    draft.gpaScale = text("gpa_scale")
    draft.acceptsTerms = json["accept_terms"]?.bool ?? false
    let registration: Registration
    do throws(Registration.Refusals) { registration = try Registration(draft, isZone: { Zone($0) != nil }) } catch {
      throw problem(error.list, request)
    }
    try await judge(request, "register")
    let agreed = try await legal.inForce(for: registration.language, in: database)
    if let refusal = try await create(registration, agreeing: agreed) { throw problem([refusal], request) }
    return .json(201) { w in
      w.object { w in
        w.object("user") { w in
          w.field("email", registration.email.text)
          w.field("username", registration.username)
          w.field("full_name", registration.fullName)
          w.field("role", registration.role.rawValue)
        }
        w.field("email_verification", "sent")
      }
    }
  }

  func apiVerify(_ request: Request, guest: Guest) async throws -> Response {
    let token = try request.json()["token"]?.string ?? ""
    let user = try await database.transaction { tx in try await activate(token: token, in: tx) }
    guard user != nil else {
      throw Problem(422, "This letter has been used or is too old. Ask for a new one.", kind: "letter_expired")
    }
    return .json(200) { w in w.object { w in w.field("verified", true) } }
  }

  /// One credential check for `/api/auth/login/` and `/api/token/`.
  private func proven(_ request: Request) async throws -> (user: ID<User>, json: JSON) {
    let json = try request.json()
    let login = json["email"]?.string ?? json["username"]?.string ?? ""
    switch try await signingIn.judge(login: login, password: json["password"]?.string ?? "") {
    case .success(let user):
      try await prove(user, by: json["otp"], request)
      return (user, json)
    case .failure(.resting): throw Problem(429, site.context(for: request).t("accounts.resting"), retryAfter: 900)
    case .failure(.unverified):
      throw Problem(403, site.context(for: request).t("accounts.unverified"), kind: "email_unverified")
    case .failure(.wrong): throw Problem(401, site.context(for: request).t("accounts.wrong"), kind: "wrong_credentials")
    }
  }

  /// The second proof, where one is set: `otp` is a code of the moment or one from paper.
  private func prove(_ user: ID<User>, by code: JSON?, _ request: Request) async throws {
    guard try await database.one(.hasFactor(user)) else { return }
    let t = site.context(for: request).t
    guard let code = code?.string, !code.isEmpty else {
      throw Problem(401, t("accounts.otpRequired"), kind: "otp_required")
    }
    switch try await database.transaction({ tx in try await judge(code, of: user, request, in: tx) }) {
    case .right, .onPaper, .none: return
    case .wrong: throw Problem(401, t("accounts.refusal.code.wrong"), kind: "otp_wrong")
    case .resting: throw Problem(429, t("accounts.refusal.code.resting"), kind: "otp_resting", retryAfter: 900)
    }
  }

  func apiLogin(_ request: Request, guest: Guest) async throws -> Response {
    let (user, json) = try await proven(request)
    let remember = json["remember_me"]?.bool ?? false
    let (tokens, cookie) = try await database.transaction { tx in
      try await tx.run(.note("signed-in", about: user, by: user, at: clock.now))
      return (
        try await sessions.openAPI(for: user, device: request.device, in: tx),
        try await sessions.openWeb(for: user, remember: remember, device: request.device, in: tx)
      )
    }
    guard let account = try await database.first(.account(of: user)) else { throw Failure.notFound }
    return Response.json(200) { w in
      w.object { w in
        w.field("access", tokens.access)
        w.field("refresh", tokens.refresh)
        w.key("user")
        account.write(to: &w)
      }
    }.with(cookie: cookie).unstored
  }

  func apiToken(_ request: Request, guest: Guest) async throws -> Response {
    let (user, _) = try await proven(request)
    let tokens = try await database.transaction { tx in
      try await sessions.openAPI(for: user, device: request.device, in: tx)
    }
    return answer(tokens)
  }

  func apiRefresh(_ request: Request, guest: Guest) async throws -> Response {
    guard let token = try request.json()["refresh"]?.string else {
      throw Problem.invalid(["refresh": ["The refresh token is missing."]])
    }
    do { return answer(try await sessions.refresh(token, device: request.device)) } catch is Sessions.RefreshRefusal {
      throw Problem(401, "This refresh token is not good any more. Sign in again.", kind: "token_revoked")
    }
  }

  private func answer(_ tokens: Sessions.Tokens) -> Response {
    Response.json(200) { w in
      w.object { w in
        w.field("access", tokens.access)
        w.field("refresh", tokens.refresh)
      }
    }.unstored
  }

  func apiLogout(_ request: Request, member: Member) async throws -> Response {
    try await database.transaction { tx in try await sessions.close(member.identity, in: tx) }
    return Response.nothing.with(cookie: .expired(Sessions.cookie))
  }

  func apiReset(_ request: Request, guest: Guest) async throws -> Response {
    let email = try request.json()["email"]?.string ?? ""
    try await judge(request, "reset")
    try await sendResetLetter(to: email)
    return .json(202) { w in w.object { w in w.field("password_reset", "sent") } }
  }

  func apiResetConfirm(_ request: Request, guest: Guest) async throws -> Response {
    let json = try request.json()
    switch try await setPassword(json["password"]?.string ?? "", byLetter: json["token"]?.string ?? "", request) {
    case .success: return .json(200) { w in w.object { w in w.field("password", "changed") } }
    case .failure(.letter):
      throw Problem(422, "This letter has been used or is too old. Ask for a new one.", kind: "letter_expired")
    case .failure(.password(let refusal)): throw problem([.init(field: "password", reason: refusal.rawValue)], request)
    }
  }

  func apiTicket(_ request: Request, member: Member) async throws -> Response {
    guard let ticket = sessions.ticket(for: member.identity) else { throw Failure.forbidden }
    return Response.json(201) { w in
      w.object { w in
        w.field("ticket", ticket)
        w.field("expires_in", 60)
      }
    }.unstored
  }

  func apiMe(_ request: Request, member: Member) async throws -> Response {
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    return Response.json(200, account).tagged(for: request)
  }

  func apiSaveMe(_ request: Request, member: Member) async throws -> Response {
    guard let account = try await database.first(.account(of: member.id)) else { throw Failure.notFound }
    guard let changes = try request.json().object else { throw Problem(400, "An object of fields was expected.") }
    var draft = AccountProfile.Draft(account)
    for (name, value) in changes {
      guard let text = value.isNull ? "" : value.string ?? value.int.map(String.init) else {
        throw Problem.invalid([name: ["Text or a number was expected."]])
      }
      switch name {
      case "full_name": draft.fullName = text
      case "timezone": draft.zone = text
      case "locale": draft.language = text
      case "department": draft.department = text
      case "year_of_study": draft.yearOfStudy = text
      case "learning_goals": draft.learningGoals = text
      default: throw Problem(400, "There is no field “\(name)” that can be changed here.")
      }
    }
    let profile: AccountProfile
    do throws(Registration.Refusals) { profile = try AccountProfile(draft, isZone: { Zone($0) != nil }) } catch {
      throw problem(error.list, request)
    }
    try await save(profile, of: member.id)
    return try await apiMe(request, member: member)
  }
}

extension OwnAccount: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { w in
      w.field("id", id)
      w.field("email", email)
      w.field("username", username)
      w.field("full_name", fullName)
      w.field("roles", roles)
      w.field("timezone", zone)
      w.field("locale", language)
      w.field("department", department)
      w.field("year_of_study", yearOfStudy)
      w.field("learning_goals", learningGoals)
      w.field("photo", photo.map { Doors.file($0, "photo.jpg") })
      w.field("email_verified", isVerified)
      w.field("created_at", createdAt)
    }
  }
}
