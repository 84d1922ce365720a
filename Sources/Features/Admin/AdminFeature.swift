package import Accounts
import Audit
package import Core
import Jobs
package import Ledger
package import Legal
package import Platform
package import Postgres
package import Site
package import Tutors
package import Web

/// Administrators look after people, verify tutors, and see bookings, mail and jobs.
///
/// Owns nothing. Reads what others publish, and the tables of kits. Changes people through ``Accounts``' table functions,
/// tutors through ``TutorsFeature`` and the legal texts through ``Legal``.
package struct AdminFeature: Feature {
  let database: Database
  let site: Site
  let tutors: TutorsFeature
  let ledger: Ledger
  let sessions: Sessions
  let legal: Legal
  let standardText: StandardText
  let clock: WallClock

  package init(
    database: Database, site: Site, tutors: TutorsFeature, ledger: Ledger, sessions: Sessions, legal: Legal,
    standardText: StandardText, clock: WallClock
  ) {
    self.database = database
    self.site = site
    self.tutors = tutors
    self.ledger = ledger
    self.sessions = sessions
    self.legal = legal
    self.standardText = standardText
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.admin, as: Administrator.self, overview)
    routes.on(.get, AdminPaths.people, as: Administrator.self, people)
    routes.on(.post, AdminPaths.suspension, as: Administrator.self, suspend)
    routes.on(.get, AdminPaths.verification, as: Administrator.self, waiting)
    routes.on(.get, AdminPaths.tutor, as: Administrator.self, tutor)
    routes.on(.post, AdminPaths.verdict, as: Administrator.self, judge)
    routes.on(.post, AdminPaths.credential, as: Administrator.self, judgeCredential)
    routes.on(.get, AdminPaths.bookings, as: Administrator.self, bookings)
    routes.on(.get, AdminPaths.bookingsFile, as: Administrator.self, limits: .rate(.exports), exportBookings)
    routes.on(.get, AdminPaths.outbox, as: Administrator.self, outbox)
    routes.on(.get, AdminPaths.mail, as: Administrator.self, mail)
    routes.on(.get, AdminPaths.jobs, as: Administrator.self, jobs)
    routes.on(.post, AdminPaths.rerun, as: Administrator.self, rerun)
    routes.on(.get, AdminPaths.books, as: Administrator.self, limits: .rate(.exports), exportBooks)
    routes.on(.get, AdminPaths.audit, as: Administrator.self, auditLog)
    routes.on(.get, AdminPaths.legal, as: Administrator.self, legalTexts)
    routes.on(.get, AdminPaths.legalText, as: Administrator.self, legalText)
    // A character may come as twelve.
    routes.on(
      .post, AdminPaths.legalText, as: Administrator.self, limits: .body(kilobytes: 800), publishLegalText)
  }

  private var audit: AuditLog { AuditLog(clock: clock) }

  private func page(_ section: AdminSection, _ content: AdminPage.Content, _ request: Request, status: Int = 200)
    -> Response
  {
    site.page(AdminPage(section: section, content: content), for: request, status: status)
  }

  func overview(_ request: Request, admin: Administrator) async throws -> Response {
    let figures = try await database.one(.figures)
    let books = try await ledger.verify(in: database)
    let time = site.context(for: request).days(SiteCharts.days)
    let charts = SiteCharts(
      time: time, bookings: try await database.all(.bookingDays(by: time.bounds)),
      money: try await database.all(.moneyDays(by: time.bounds)))
    let texts = try await legal.newest(in: database)
    return page(
      .overview, .overview(figures, booksHold: books.holds, links: books.links, charts, legal: texts), request)
  }

  /// All postings as of this moment, for a spreadsheet. They are read through a cursor while they are sent, so the size
  /// of the books does not matter; a reading transaction is never done twice, so no line comes twice.
  func exportBooks(_ request: Request, admin: Administrator) async throws -> Response {
    try await database.transaction { tx in
      try await audit.record(.booksExported, by: AuditOrigin(request), on: .books, in: tx)
    }
    let name = "ledger-\(clock.now.rfc3339.prefix(10)).csv"
    return Response.stream(type: "text/csv; charset=utf-8", within: .minutes(10)) { [database, ledger] out in
      try await out.send(CSV.beginning + CSV.line(BooksTable.heads))
      try await database.transaction(isolation: .snapshot) { tx in
        try await ledger.walk(in: tx) { lines in
          try await out.send(lines.map { CSV.line(BooksTable.cells(of: $0)) }.joined())
        }
      }
    }.saved(as: name).unstored
  }

  /// All bookings as of this moment, the same way.
  func exportBookings(_ request: Request, admin: Administrator) async throws -> Response {
    let name = "bookings-\(clock.now.rfc3339.prefix(10)).csv"
    return Response.stream(type: "text/csv; charset=utf-8", within: .minutes(10)) { [database] out in
      try await out.send(CSV.beginning + CSV.line(BookingsTable.heads))
      try await database.transaction(isolation: .snapshot) { tx in
        try await tx.walk(.everyBooking) { lines in
          try await out.send(lines.map { CSV.line(BookingsTable.cells(of: $0)) }.joined())
        }
      }
    }.saved(as: name).unstored
  }

  func people(_ request: Request, admin: Administrator) async throws -> Response {
    let words = String(request.query.text("q").prefix(100))
    let found = try await database.all(
      .people(words, before: request.query["after"].flatMap { PageCursor($0) }, limit: AdminPage.pageSize + 1))
    return page(.people, .people(found, words: words), request)
  }

  func suspend(_ request: Request, admin: Administrator, user: ID<User>) async throws -> Response {
    guard user != admin.id else { throw Problem(422, site.context(for: request).t("admin.notYourself")) }
    let isOn = request.form.isOn("suspend")
    try await database.transaction { tx in
      guard try await sessions.suspend(user, isOn: isOn, by: AuditOrigin(request), in: tx) else {
        throw Failure.notFound
      }
    }
    return .see(AdminPaths.people())
  }

  func waiting(_ request: Request, admin: Administrator) async throws -> Response {
    page(.verification, .waiting(try await database.all(.waitingTutors)), request)
  }

  func tutor(_ request: Request, admin: Administrator, tutor: ID<User>) async throws -> Response {
    guard let record = try await database.first(.tutorForReview(tutor)) else { throw Failure.notFound }
    return page(
      .verification,
      .tutor(record, credentials: try await database.all(.credentialsForReview(of: tutor)), problem: nil), request)
  }

  func judge(_ request: Request, admin: Administrator, tutor: ID<User>) async throws -> Response {
    let isGood = request.form.text("verdict") == "verify"
    let reason = request.form.text("reason")
    guard isGood || !reason.isEmpty else {
      guard let record = try await database.first(.tutorForReview(tutor)) else { throw Failure.notFound }
      return page(
        .verification,
        .tutor(
          record, credentials: try await database.all(.credentialsForReview(of: tutor)), problem: "admin.reasonNeeded"),
        request,
        status: 422)
    }
    guard
      try await tutors.judge(
        tutor, isGood: isGood,
        reason: reason.isEmpty ? nil : String(String.UnicodeScalarView(reason.unicodeScalars.prefix(1000))),
        by: AuditOrigin(request))
    else {
      throw Failure.conflict(site.context(for: request).t("admin.movedOn"))
    }
    return .see(AdminPaths.verification())
  }

  func judgeCredential(_ request: Request, admin: Administrator, tutor: ID<User>, credential: ID<Credential>)
    async throws -> Response
  {
    try await tutors.judge(
      credential: credential, of: tutor, isGood: request.form.isOn("good"), by: AuditOrigin(request))
    return .see(AdminPaths.tutor(tutor))
  }

  func bookings(_ request: Request, admin: Administrator) async throws -> Response {
    let found = try await database.all(
      .bookings(before: request.query["after"].flatMap { PageCursor($0) }, limit: AdminPage.pageSize + 1))
    return page(.bookings, .bookings(found), request)
  }

  func outbox(_ request: Request, admin: Administrator) async throws -> Response {
    let found = try await database.all(
      .mails(before: request.query["after"].flatMap { PageCursor($0) }, limit: AdminPage.pageSize + 1))
    return page(.outbox, .outbox(found), request)
  }

  func mail(_ request: Request, admin: Administrator, mail: ID<MailLine.Key>) async throws -> Response {
    guard let found = try await database.first(.mail(mail)) else { throw Failure.notFound }
    return page(.outbox, .mail(found), request)
  }

  func jobs(_ request: Request, admin: Administrator) async throws -> Response {
    page(
      .jobs,
      .jobs(
        try await database.one(.jobFigures(at: clock.now)), dead: try await database.all(.deadJobs()),
        schedules: try await database.all(.schedules)), request)
  }

  /// Gives a dead job its attempts back. One that is not dead any more, or whose like waits already, is left alone.
  func rerun(_ request: Request, admin: Administrator, job: ID<QueuedJob>) async throws -> Response {
    let isWaiting = try await database.transaction { tx in
      guard try await tx.rerun(job) else { return false }
      try await audit.record(.jobRerun, by: AuditOrigin(request), on: .thing("job", job), in: tx)
      return true
    }
    guard isWaiting else {
      throw Failure.conflict(site.context(for: request).t("admin.rerunRefused"))
    }
    return .see(AdminPaths.jobs())
  }

  func auditLog(_ request: Request, admin: Administrator) async throws -> Response {
    let draft = AuditPage.Draft(request.query)
    var (filter, refusals) = draft.read()
    if !draft.person.isEmpty {
      let known = try await Sessions.person(called: draft.person, in: database)
      filter.concerned = known?.description ?? draft.person
    }
    let lines =
      refusals.isEmpty
      ? try await audit.lines(
        filter, before: request.query["after"].flatMap { PageCursor($0) }, limit: AdminPage.pageSize + 1, in: database)
      : []
    let content = AuditPage(
      lines: lines, verification: try await audit.verify(in: database), filter: draft, refusals: refusals)
    return page(.audit, .audit(content), request, status: refusals.isEmpty ? 200 : 422)
  }

  // MARK: Legal texts

  func legalTexts(_ request: Request, admin: Administrator) async throws -> Response {
    page(.legal, .legalTexts(LegalTextsPage(lines: try await legal.newest(in: database))), request)
  }

  func legalText(_ request: Request, admin: Administrator, document: String, language: String) async throws -> Response
  {
    let (document, language) = try Self.text(document, language)
    let newest = try await legal.newest(document, language, in: database)
    // Who begins, begins with what stands there now, in the language it is for.
    let begun = newest?.words ?? standardText.words(document, site.context(language: language, for: request))
    return try await editor(
      request, document, language, words: begun, base: newest?.number ?? 0,
      isSaved: request.query.text("saved") == "1")
  }

  func publishLegalText(_ request: Request, admin: Administrator, document: String, language: String) async throws
    -> Response
  {
    let (document, language) = try Self.text(document, language)
    let words = request.form["text"] ?? ""
    let base = request.form.int("base") ?? 0
    guard request.form.text("act") != "preview" else {
      return try await editor(request, document, language, words: words, base: base, isPreview: true)
    }
    do {
      let draft = try LegalDraft(document, language, words: words, base: base)
      try await legal.publish(draft, by: admin.id, AuditOrigin(request), in: database)
    } catch let refusal as LegalDraft.Refusal {
      // Who was overtaken has read so now: sent once more, their words follow the other's.
      let newest =
        refusal == .overtaken ? try await legal.newest(document, language, in: database)?.number ?? 0 : base
      return try await editor(request, document, language, words: words, base: newest, refusal: refusal)
    }
    return .see(AdminPaths.legalText(document.rawValue, language.rawValue) + "?saved=1")
  }

  private static func text(_ document: String, _ language: String) throws -> (LegalDocument, Language) {
    guard let document = LegalDocument(rawValue: document), let language = Language(offered: language) else {
      throw Failure.notFound
    }
    return (document, language)
  }

  private func editor(
    _ request: Request, _ document: LegalDocument, _ language: Language, words: String, base: Int,
    refusal: LegalDraft.Refusal? = nil, isPreview: Bool = false, isSaved: Bool = false
  ) async throws -> Response {
    let content = LegalEditor(
      document: document, language: language, words: words, base: base, refusal: refusal, isPreview: isPreview,
      isSaved: isSaved, history: try await legal.history(document, language, in: database))
    return page(.legal, .legalEditor(content), request, status: refusal == nil ? 200 : 422)
  }
}

/// Who may administer: of the staff, administrators alone.
package struct Administrator: Viewer {
  package let id: ID<User>
  package init(_ proof: Proof) throws(ProofRefusal) {
    guard let identity = proof.identity else { throw .unproven }
    guard identity.roles.contains(.admin) else { throw .notAllowed }
    id = identity.user
  }
}

enum AdminPaths {
  static let people = Path("/admin/people")
  static let suspension = Path("/admin/people/:user/suspension", as: ID<User>.self)
  static let verification = Path("/admin/verification")
  static let tutor = Path("/admin/verification/:tutor", as: ID<User>.self)
  static let verdict = Path("/admin/verification/:tutor/verdict", as: ID<User>.self)
  static let credential = Path(
    "/admin/verification/:tutor/credentials/:credential", as: ID<User>.self, ID<Credential>.self)
  static let bookings = Path("/admin/bookings")
  static let bookingsFile = Path("/admin/bookings.csv")
  static let outbox = Path("/admin/outbox")
  static let mail = Path("/admin/outbox/:mail", as: ID<MailLine.Key>.self)
  static let jobs = Path("/admin/jobs")
  static let books = Path("/admin/ledger.csv")
  static let audit = Path("/admin/audit")
  static let legal = Path("/admin/legal")
  static let legalText = Path("/admin/legal/:document/:language", as: String.self, String.self)
  static let rerun = Path("/admin/jobs/:job/rerun", as: ID<QueuedJob>.self)
}
