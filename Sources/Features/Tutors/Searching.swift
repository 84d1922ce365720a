import Core
import Jobs
import Notices
import Postgres
import Site
import Time
import Web

// What people do with a search besides reading it: put tutors beside each other, and keep a question.

extension TutorsFeature {
  // MARK: Comparing

  /// The search's form sends everything it has; what is read on is an address of names alone.
  func compare(_ request: Request, guest: Guest) async throws -> Response {
    var slugs: [String] = []
    for slug in request.query.all("t").prefix(50) where !slug.isEmpty && slug.utf8.count <= 80 && !slugs.contains(slug)
    {
      slugs.append(slug)
    }
    let hasMore = slugs.count > TutorSearch.mostCompared
    if request.query.names.contains(where: { $0 != "t" && $0 != "more" }) || hasMore {
      let address = ComparePage.address(Array(slugs.prefix(TutorSearch.mostCompared)))
      return .see(hasMore ? address + "&more=1" : address)
    }
    let tutors = slugs.isEmpty ? [] : try await database.all(.compared(slugs, at: clock.now))
    return site.page(ComparePage(tutors: tutors, hasMore: request.query.isOn("more")), for: request)
  }

  // MARK: Keeping

  func savedSearches(_ request: Request, member: Member) async throws -> Response {
    let note = request.query.text("done")
    guard request.query.isOn("new") else { return try await savedPage(request, member, note: note) }
    let question = SavedSearch.question(request.query)
    return try await savedPage(
      request, member, draft: .init(query: question, name: try await proposal(question, request), sendsMail: false))
  }

  private func savedPage(
    _ request: Request, _ member: Member, draft: SavedSearchesPage.Draft? = nil, note: String = "", status: Int = 200
  ) async throws -> Response {
    site.page(
      SavedSearchesPage(
        searches: try await database.all(.savedSearches(of: member.id)), subjects: try await database.all(.subjects),
        currency: currency, lettersEnded: try await database.one(notices.hasEnded(.searches, .mail, member.id)),
        draft: draft, note: note),
      for: request, status: status)
  }

  /// The first things that are set, as a name to begin with.
  private func proposal(_ question: String, _ request: Request) async throws -> String {
    let fields = Fields(urlencoded: Array(question.utf8)) ?? Fields()
    let page = site.context(for: request)
    let (search, _) = TutorSearch.read(fields, zone: page.zone, now: page.now)
    let subject = try await database.all(.subjects).first { $0.slug == search.subject }
    let set = search.chips(fields, subject: subject?.title, currency, page).map(\.label)
    return String(set.prefix(3).joined(separator: ", ").prefix(60))
  }

  func keepSearch(_ request: Request, member: Member) async throws -> Response {
    let question = SavedSearch.question(Fields(urlencoded: Array(request.form.text("query").utf8)) ?? Fields())
    let draft = SavedSearchesPage.Draft(
      query: question, name: request.form.text("name"), sendsMail: request.form.isOn("mail"))
    func refused(_ refusal: SavedSearch.Refusal, _ status: Int) async throws -> Response {
      var draft = draft
      draft.refusal = refusal
      return try await savedPage(request, member, draft: draft, status: status)
    }
    let name: String
    do throws(SavedSearch.Refusal) { name = try SavedSearch.name(draft.name) } catch {
      return try await refused(error, 422)
    }
    let now = clock.now
    let isKept = try await database.transaction { tx in
      if draft.sendsMail { try await notices.wantLetters(.searches, member.id, in: tx) }
      // Of two tabs the second counts what the first has kept.
      try await tx.run(.turnToKeep(member.id))
      return try await tx.affected(
        .keepSearch(.new(), of: member.id, name: name, query: question, mailSince: draft.sendsMail ? now : nil, at: now)
      )
        == 1
    }
    guard isKept else { return try await refused(.tooMany, 409) }
    return .see(TutorPaths.savedSearches() + "?done=kept")
  }

  func forgetSearch(_ request: Request, member: Member, search: ID<SavedSearch>) async throws -> Response {
    guard try await database.affected(.forgetSearch(search, of: member.id)) == 1 else { throw Failure.notFound }
    return .see(TutorPaths.savedSearches() + "?done=gone")
  }

  func searchLetters(_ request: Request, member: Member, search: ID<SavedSearch>) async throws -> Response {
    let since = request.form.isOn("off") ? nil : clock.now
    try await database.transaction { tx in
      guard try await tx.affected(.setLetters(search, of: member.id, since: since)) == 1 else {
        throw Failure.notFound
      }
      if since != nil { try await notices.wantLetters(.searches, member.id, in: tx) }
    }
    return .see(TutorPaths.savedSearches())
  }

  // MARK: Letters of new tutors

  /// Asks for a look at every search that wants letters; each is a job of its own, so that one that fails holds up no other.
  func lookThrough() async throws {
    var last: ID<SavedSearch>?
    while true {
      let ids = try await database.transaction { [last] tx in
        let ids = try await tx.all(.searchesWithLetters(after: last, limit: 500))
        try await tx.enqueue(all: ids.map { LookForTutors(search: $0) })
        return ids
      }
      guard ids.count == 500 else { return }
      last = ids.last
    }
  }

  /// One letter of whoever is new since the search was kept and was not written of. Who was found is noted in the letter's
  /// own commit, so that a job that comes twice, or two at once, write once.
  func look(_ job: LookForTutors) async throws {
    let now = clock.now
    try await database.transaction { tx in
      guard let open = try await tx.first(.openSearch(job.search)) else { return }
      let fields = Fields(urlencoded: Array(open.query.utf8)) ?? Fields()
      let (search, _) = TutorSearch.read(fields, zone: Zone(open.zone) ?? .utc, now: now)
      let found = try await tx.all(.newTutors(search, for: job.search, of: open.user, since: open.since, now: now))
      guard !found.isEmpty else { return }
      try await tx.run(.noteHits(found.map(\.id), of: job.search))
      let names = found.prefix(5).map(\.name).joined(separator: ", ")
      try await notices.tell(
        open.user, "tutors.found",
        [
          "search": .text(open.name), "tutors": .text(names), "count": .number(found.count),
        ],
        link: Doors.tutors() + "?" + open.query, in: tx)
    }
  }
}
