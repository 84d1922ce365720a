package import Admin
import Audit
package import Core
import HTML
package import Platform
package import Postgres
package import Site
import Time
package import Tutors
package import Web

/// Booking pages in other people's sites: as a frame, by a small script, or as a plain link.
///
/// Owns `embed_origins`. Reads the public cards of ``TutorsFeature``; the free times are the panel that the tutor's own
/// page shows. What stands in a frame is made for nobody in particular: no session, no cookie, nothing that is not on the
/// public page. Choosing a time leaves the frame, for browsers keep cookies from frames, and money belongs in a window whose
/// address can be read.
package struct EmbeddingFeature: Feature {
  let database: Database
  let site: Site
  let tutors: TutorsFeature
  let clock: WallClock
  let rule: EmbeddingRule
  let slots: Panel<ID<User>>

  package init(
    database: Database, site: Site, tutors: TutorsFeature, clock: WallClock, rule: EmbeddingRule = .listed,
    slots: Panel<ID<User>> = .none
  ) {
    self.database = database
    self.site = site
    self.tutors = tutors
    self.clock = clock
    self.rule = rule
    self.slots = slots
  }

  package func routes(_ routes: inout Routes) {
    let framed: RouteLimits = [.anonymous, .rate(.discovery)]
    routes.on(.get, EmbeddingPaths.tutors, as: Guest.self, limits: framed, showList)
    routes.on(.get, EmbeddingPaths.tutor, as: Guest.self, limits: framed, showTutor)
    routes.on(.get, EmbeddingPaths.widget, as: Guest.self, limits: .anonymous, giveWidget)
    routes.on(.get, EmbeddingPaths.style, as: Guest.self, limits: .anonymous, giveStyle)
    routes.on(.get, Doors.tutorEmbedding, as: Tutor.self, tutorScreen)
    routes.on(.post, EmbeddingPaths.tutorOrigins, as: Tutor.self, allowForTutor)
    routes.on(.post, EmbeddingPaths.tutorOriginRemoval, as: Tutor.self, forbidForTutor)
    routes.on(.get, Doors.siteEmbedding, as: Administrator.self, siteScreen)
    routes.on(.post, EmbeddingPaths.siteOrigins, as: Administrator.self, allowForSite)
    routes.on(.post, EmbeddingPaths.siteOriginRemoval, as: Administrator.self, forbidForSite)
  }

  // MARK: In the frame

  /// One tutor: who it is, and the times that are free.
  func showTutor(_ request: Request, guest: Guest, slug: String) async throws -> Response {
    let (look, page) = dress(request)
    guard let card = try await tutors.cards(of: [slug]).first else {
      return try await framed(EmbeddedNobody(), look, page, of: nil, status: 404)
    }
    let query = request.query
    let back: Fields? =
      query.isOn("list") ? Self.choice(query).reduce(into: look.fields) { $0.add($1.name, $1.value) } : nil
    return try await framed(
      EmbeddedTutor(card: card, slots: try await slots(card.id, page), back: back), look, page, of: card.id)
  }

  /// Several tutors: those that the address names, or the best rated, of one subject or of all.
  func showList(_ request: Request, guest: Guest) async throws -> Response {
    let (look, page) = dress(request)
    let slugs = request.query.text("tutors").pieces(at: ",", most: PublicCard.most).map { $0.trimmingSpaces() }
    let subject = String(request.query.text("subject").prefix(80))
    let cards =
      try await slugs.isEmpty ? tutors.bestCards(teaching: subject) : tutors.cards(of: slugs)
    let title = subject.isEmpty ? nil : try await tutors.subjectTitles().first { $0.slug == subject }?.title
    return try await framed(
      EmbeddedList(
        cards: cards, subject: title.map { (subject, $0) }, inner: Self.choice(request.query), look: look,
        limit: clock.now), look, page, of: nil)
  }

  /// Which tutors the address asks for, as parameters.
  private static func choice(_ query: Fields) -> Fields {
    Fields(
      query.pairs.filter {
        ["subject", "tutors"].contains($0.name) && !$0.value.isEmpty && $0.value.utf8.count <= 2000
      })
  }

  private func dress(_ request: Request) -> (Look, PageContext) {
    let look = Look.read(request.query).0
    return (look, site.context(language: look.language ?? request.language, zone: look.zone?.identifier ?? site.zone))
  }

  /// The same bytes for everybody for a minute. Without a validator: an answer that nothing changed would bring other
  /// header fields than the page had, and browsers take those for the page's.
  private func framed(_ view: any View, _ look: Look, _ page: PageContext, of tutor: ID<User>?, status: Int = 200)
    async throws -> Response
  {
    let framers = try await framers(of: tutor)
    return .html(EmbeddedShell(view: view, look: look, page: page, framers: framers).markup, status: status)
      .with(rights: PageRights(framers: framers))
      .with(header: "cache-control", "public, max-age=60").with(header: "vary", "accept-language")
  }

  /// The origins besides ours that may hold the page.
  private func framers(of tutor: ID<User>?) async throws -> [String] {
    switch rule {
    case .off: []
    case .any: ["*"]
    case .listed: Set(try await database.all(.framers(of: tutor)).map(\.origin.text)).sorted()
    }
  }

  /// The script that other sites load; its address never changes, so it is asked for again by the hour.
  func giveWidget(_ request: Request, guest: Guest) async throws -> Response {
    guard let script = site.assets.content(of: "islands/widget.js") else { throw Failure.notFound }
    return Response.bytes(script, type: "text/javascript; charset=utf-8")
      .with(header: "cache-control", "public, max-age=3600")
      .with(header: "cross-origin-resource-policy", "cross-origin").tagged(for: request)
  }

  /// A school's colour and corners as tokens of the design system. A look is its address, so it stays as it is.
  func giveStyle(_ request: Request, guest: Guest) async throws -> Response {
    let (look, wrong) = Look.read(request.query)
    guard wrong.isEmpty, request.query.pairs.allSatisfy({ $0.name == "accent" || $0.name == "radius" }) else {
      throw Failure.notFound
    }
    return Response.bytes(Array(look.styles.utf8), type: "text/css; charset=utf-8")
      .with(header: "cache-control", "public, max-age=86400")
  }

  // MARK: The screens

  func tutorScreen(_ request: Request, tutor: Tutor) async throws -> Response {
    guard let owner = try await owner(tutor) else { return .see(Doors.tutorProfile()) }
    return try await screen(request, owner)
  }

  func allowForTutor(_ request: Request, tutor: Tutor) async throws -> Response {
    guard let owner = try await owner(tutor) else { return .see(Doors.tutorProfile()) }
    return try await allow(request, owner)
  }

  func forbidForTutor(_ request: Request, tutor: Tutor) async throws -> Response {
    guard let owner = try await owner(tutor) else { return .see(Doors.tutorProfile()) }
    return try await forbid(request, owner)
  }

  func siteScreen(_ request: Request, admin: Administrator) async throws -> Response {
    try await screen(request, .site)
  }
  func allowForSite(_ request: Request, admin: Administrator) async throws -> Response {
    try await allow(request, .site)
  }
  func forbidForSite(_ request: Request, admin: Administrator) async throws -> Response {
    try await forbid(request, .site)
  }

  private func owner(_ tutor: Tutor) async throws -> EmbeddingOwner? {
    try await tutors.slug(of: tutor.id).map {
      .tutor(tutor.id, slug: $0.slug, name: tutor.identity.name, isListed: $0.isListed)
    }
  }

  private func screen(
    _ request: Request, _ owner: EmbeddingOwner, typed: String = "", refusal: SiteOrigin.Refusal? = nil,
    status: Int = 200
  ) async throws -> Response {
    let (look, wrong) = Look.read(request.query)
    var chosen = look
    // The house's own colour and the reader's own zone are what stands there anyway.
    if chosen.accent == Look.houseAccent { chosen.accent = nil }
    chosen.zone = nil
    let subjects = owner.tutor == nil ? try await tutors.subjectTitles() : []
    let subject = subjects.first { $0.slug == request.query.text("subject") }?.slug
    return site.page(
      EmbeddingPage(
        owner: owner,
        snippets: Snippets(
          owner: owner, siteURL: site.url, look: chosen, subject: subject,
          isDialog: request.query.text("way") == "dialog"),
        wrong: wrong, subjects: subjects,
        origins: try await database.all(.origins(of: owner.tutor)).map(\.origin.text), rule: rule,
        note: request.query.text("saved"), typed: typed, refusal: refusal), for: request, status: status
    ).with(rights: PageRights(holdsFrames: true))
  }

  private func allow(_ request: Request, _ owner: EmbeddingOwner) async throws -> Response {
    let typed = request.form.text("origin")
    let origin: SiteOrigin
    do throws(SiteOrigin.Refusal) { origin = try SiteOrigin(typed: typed) } catch {
      return try await screen(request, owner, typed: typed, refusal: error, status: 422)
    }
    let isThere = try await database.transaction { tx in
      try await tx.run(.turnToAllow(owner.tutor))
      let isNew = try await tx.affected(.allow(origin, by: owner.tutor, at: clock.now)) == 1
      if isNew, owner.tutor == nil { try await note("added", origin.text, request, tx) }
      if isNew { return true }
      return try await tx.all(.origins(of: owner.tutor)).contains { $0.origin == origin }
    }
    guard isThere else { return try await screen(request, owner, typed: typed, refusal: .tooMany, status: 422) }
    return .see(owner.address + "?saved=added#origins")
  }

  private func forbid(_ request: Request, _ owner: EmbeddingOwner) async throws -> Response {
    let origin = request.form.text("origin")
    try await database.transaction { tx in
      guard try await tx.affected(.forbid(origin, of: owner.tutor)) == 1 else { return }
      if owner.tutor == nil { try await note("removed", origin, request, tx) }
    }
    return .see(owner.address + "?saved=removed#origins")
  }

  /// Who may show the whole site in a frame is the administration's word, and kept as such.
  private func note(_ what: String, _ origin: String, _ request: Request, _ tx: Transaction) async throws {
    try await AuditLog(clock: clock).record(
      .settingChanged, by: AuditOrigin(request), ["setting": "embedding", what: origin], in: tx)
  }
}

/// Whose pages are put elsewhere.
enum EmbeddingOwner: Equatable, Sendable {
  case tutor(ID<User>, slug: String, name: String, isListed: Bool)
  case site

  var tutor: ID<User>? {
    if case .tutor(let id, _, _, _) = self { id } else { nil }
  }

  /// The screen.
  var address: String { tutor == nil ? Doors.siteEmbedding() : Doors.tutorEmbedding() }
}
