package import Audit
package import Core
import HTML
import JSON
import Jobs
import Notices
package import Postgres
package import Site
import Time
import Web

// What other rooms call, and the search behind the page and the API.

package struct Tutors: Sendable {
  package init() {}

  /// Learners' verdicts as they stand now; ranking and the card follow.
  package func setRating(of tutor: ID<User>, sum: Int, count: Int, in tx: Transaction) async throws {
    try await tx.run(.setRating(of: tutor, sum: sum, count: count))
    try await tx.run(.refreshListings(of: tutor))
  }

  /// One more lesson was held.
  package func countLesson(of tutor: ID<User>, in tx: Transaction) async throws {
    try await tx.run(.countLesson(of: tutor))
    try await tx.run(.refreshListings(of: tutor))
  }

  /// The openings search filters by. `mask` has a `1` for each hour of the UTC week, beginning on Monday, in which
  /// something is free; `next` are the first instants.
  package func setOpenings(of tutor: ID<User>, mask: String, next: [Instant], in tx: Transaction) async throws {
    try await tx.run(.setOpenings(of: tutor, mask: mask, next: next))
  }

  /// A subject is offered by a tutor: what booking needs to know of it.
  package struct Offer: Sendable, Equatable {
    package let tutor: ID<User>
    package let subject: ID<Subject>
    package let title: String
    package let hourlyRate: Money
    package let durations: [Int]
  }

  package func offers(of tutor: ID<User>, in database: any Querying) async throws -> [Offer] {
    guard let record = try await database.first(.listedTutor(tutor)) else { return [] }
    return try await database.all(.subjects(of: tutor)).map {
      Offer(
        tutor: tutor, subject: $0.subject, title: $0.title, hourlyRate: Money($0.hourlyRate, record.currency),
        durations: $0.durations)
    }
  }
}

extension TutorsFeature {
  func search(_ request: Request, guest: Guest) async throws -> Response {
    let page = site.context(for: request)
    let (search, refusals) = TutorSearch.read(request.query, zone: page.zone, now: clock.now)
    let found = try await database.all(.tutors(search, now: clock.now))
    let count = try await database.first(.count(search, now: clock.now)) ?? 0
    let facets = try await database.all(.facets(search, now: clock.now))
    let shown = Array(found.prefix(search.pageSize))
    let next =
      found.count > search.pageSize ? shown.last.map { PageCursor(key: $0.key, id: $0.card.id.description).text } : nil
    return site.page(
      TutorSearchPage(
        search: search, fields: request.query, refusals: refusals, tutors: shown.map(\.card), count: count,
        facets: facets,
        subjects: try await database.all(.subjects), currency: currency, next: next),
      for: request)
  }

  /// Brings the read model to what is true now.
  func refresh(_ tutor: ID<User>, in tx: Transaction) async throws {
    try await Tutors().refreshListing(of: tutor, in: tx)
  }

  /// Moves a profile along; the state machine judges, the row's own state decides between two at once.
  func act(_ act: ListingState.Act, on tutor: ID<User>, by origin: AuditOrigin, reason: String?) async throws -> Result<
    ListingState, ListingState.Refusal
  > {
    guard let record = try await database.first(.tutor(tutor)), let state = ListingState(rawValue: record.state),
      let facts = try await database.first(.completion(of: tutor))?.facts
    else { throw Failure.notFound }
    let next: ListingState
    do throws(ListingState.Refusal) { next = try state.after(act, completion: Completion(facts)) } catch {
      return .failure(error)
    }
    return try await database.transaction { tx in
      guard try await tx.affected(.move(tutor, from: state, to: next, reason: reason, at: clock.now)) == 1 else {
        return .failure(.notPossible)
      }
      try await refresh(tutor, in: tx)
      try await tx.emit(TutorChanged(tutor: tutor))
      switch act {
      case .submit: try await tx.emit(TutorSubmitted(tutor: tutor))
      case .verify:
        try await AuditLog(clock: clock).record(.tutorVerified, by: origin, on: .user(tutor), in: tx)
        try await notices.tell(tutor, "tutors.verified", link: Doors.tutor(record.slug), in: tx)
      case .reject:
        try await AuditLog(clock: clock).record(.tutorSentBack, by: origin, on: .user(tutor), in: tx)
        try await notices.tell(
          tutor, "tutors.rejected", ["reason": .text(reason ?? "")], link: Doors.tutorProfile() + "?step=finish", in: tx
        )
      case .pause, .resume: break
      }
      return .success(next)
    }
  }

  /// An administrator's verdict on a profile that waits.
  package func judge(_ tutor: ID<User>, isGood: Bool, reason: String?, by origin: AuditOrigin) async throws -> Bool {
    if case .success = try await act(isGood ? .verify : .reject, on: tutor, by: origin, reason: reason) {
      true
    } else {
      false
    }
  }

  /// Marks the evidence of one credential as seen and right, or not.
  package func judge(credential: ID<Credential>, of tutor: ID<User>, isGood: Bool, by origin: AuditOrigin) async throws
  {
    try await database.transaction { tx in
      let state = isGood ? "verified" : "rejected"
      guard try await tx.affected(.judgeCredential(credential, of: tutor, state: state)) == 1 else { return }
      try await AuditLog(clock: clock).record(
        .credentialJudged, by: origin, on: .thing("credential", credential),
        ["state": state, "tutor": tutor.description], in: tx)
      try await refresh(tutor, in: tx)
    }
  }
}

extension TutorSearch {
  /// Reads the page's parameters. What makes no sense is left out and said, never guessed.
  static func read(_ query: Fields, zone: Zone, now: Instant) -> (TutorSearch, [Refusal]) {
    var search = TutorSearch()
    var refusals: [Refusal] = []
    search.words = String(query.text("q").prefix(100))
    search.subject = String(query.text("subject").prefix(80))
    search.category = String(query.text("category").prefix(40))
    search.language = String(query.text("language").prefix(3))
    search.mode = ["online", "in_person"].contains(query.text("mode")) ? query.text("mode") : ""
    if !query.text("price_max").isEmpty {
      search.rateMax = minorUnits(query.text("price_max"), decimals: 2)
      if search.rateMax == nil { refusals.append(Refusal(field: "price_max", sentence: "tutors.refusal.price")) }
    }
    if query.isOn("free_lessons") { search.isPaid = false }
    if let stars = query.int("rating_min"), (1...5).contains(stars) { search.ratingMin = stars * 1000 }
    if query.isOn("soon") { search.freeWithin = 48 }
    let weekday = weekdays.firstIndex(of: query.text("weekday")).map { $0 + 1 }
    let part = query.text("time")
    let times: [String: (Int, Int)] = ["morning": (6, 12), "afternoon": (12, 18), "evening": (18, 23)]
    if weekday != nil || times[part] != nil {
      let (from, to) = times[part] ?? (0, 24)
      if let start = CivilTime(minutes: from * 60), let end = CivilTime(minutes: to * 60) {
        search.hours = hours(weekday: weekday, from: start, to: end, zone: zone, now: now)
      }
    }
    search.order = Order(rawValue: query.text("sort")) ?? .rating
    search.cursor = PageCursor(query.text("after"))
    return (search, refusals)
  }
}

extension TutorsFeature {
  /// Cards of tutors who are free soon, for the landing page and dashboards; so many at most.
  package var freeSoon: Panel<Int> {
    Panel { limit, page in
      let now = clock.now
      var cards = try await database.all(.freeSoon(now: now, limit: limit))
      if cards.isEmpty { cards = try await database.all(.wellRated(limit: limit)) }
      return "\(cards.map { TutorCardView(tutor: $0).markup(page) })"
    }
  }

  /// Cards of the tutors a person saved.
  package var favourites: Panel<ID<User>> {
    Panel { user, page in
      let cards = try await database.all(.favourites(of: user))
      return "\(cards.map { TutorCardView(tutor: $0).markup(page) })"
    }
  }

  /// What is taught, by field, with how many tutors offer it: for the landing page.
  package func topics() async throws -> [Topic] { try await database.all(.topics) }

  /// How far the tutor's profile is: 0 to 100, and where it stands; nothing when there is none.
  package func progress(of tutor: ID<User>) async throws -> (score: Int, state: String)? {
    guard let record = try await database.first(.tutor(tutor)),
      let facts = try await database.first(.completion(of: tutor))?.facts
    else { return nil }
    return (Completion(facts).score, record.state)
  }
}

package struct Topic: RowDecodable, Sendable {
  package let slug: String
  package let title: String
  package let category: String
  package let tutors: Int

  package init(row: inout RowReader) throws {
    slug = try row.next()
    title = try row.next()
    category = try row.next()
    tutors = try row.next()
  }
}

extension Query where Row == Topic {
  static var topics: Self {
    Query(
      """
      select s.slug, s.title, s.category, count(l.tutor_id) from subjects s join tutor_listings l on l.subject_id = s.id
       where s.is_active group by s.id order by 4 desc, s.title limit 12
      """)
  }
}

extension Tutors {
  /// Brings the search's rows of a tutor to what is true now.
  package func refreshListing(of tutor: ID<User>, in tx: Transaction) async throws {
    try await tx.run(.dropListings(of: tutor))
    try await tx.run(.refreshListings(of: tutor))
  }
}
