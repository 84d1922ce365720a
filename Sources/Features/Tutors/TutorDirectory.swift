package import Audit
package import Core
import HTML
import JSON
import Jobs
import Notices
package import Postgres
package import Site
import Time
import Towns
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

/// What a drawn card depends on: the listings as they stood, of which a tutor has one for each price; when the tutor can be
/// had next, and whether that is told by its weekday alone; and the reader.
struct DrawnCard: Hashable, Sendable {
  let stamp: Stamp
  let tutor: ID<User>
  let rate: Int
  let nextFree: Instant?
  let isNear: Bool
  let kilometres: Int?
  let language: Language
  let zone: Zone

  /// By what tells most cards apart; `==` looks at the rest.
  func hash(into hasher: inout Hasher) {
    hasher.combine(tutor.low)
    hasher.combine(rate)
    hasher.combine(nextFree?.microseconds ?? 0)
    hasher.combine(language)
  }
}

/// One page of a list as it was found.
struct FoundPage<Row: RowDecodable>: Sendable {
  let rows: [Row]
  /// Where the list goes on, when it does.
  let next: PageCursor?

  init(_ found: [Found<Row>], of search: TutorSearch, id: (Row) -> ID<User>) {
    let shown = found.prefix(search.pageSize)
    rows = shown.map(\.row)
    next =
      found.count > search.pageSize ? shown.last.map { PageCursor(key: $0.key, id: id($0.row).description) } : nil
  }
}

extension TutorsFeature {
  /// The directory's page. All of it but the frame is the same for everybody of one language and zone in one minute, and
  /// is drawn once for them.
  func search(_ request: Request, guest: Guest) async throws -> Response {
    let page = site.context(for: request)
    let fields = TutorSearch.fields(of: request.query)
    let asked = fields.text("place")
    if !asked.isEmpty, let place = try await locate(asked) {
      return .see(Doors.tutors() + "?" + fields.near(place.coordinates, town: place.town).encoded)
    }
    let stamp = try await snapshots.stamp()
    let minute = TutorSearch.minute(of: page.now)
    let key = "page \(page.language.rawValue) \(page.zone.identifier) \(minute.seconds) \(fields.encoded)"
    let drawn = try await snapshots.value(key, at: stamp, weight: \.weight) {
      let (search, refusals) = TutorSearch.read(fields, zone: page.zone, now: minute)
      let facets = try await facets(search, at: stamp, minute)
      // Everybody found is of one category.
      let number = facets.lazy.filter { $0.facet == "category" }.reduce(0) { $0 + $1.count }
      let found = try await tutors(search, at: stamp, minute)
      return Drawn(
        TutorSearchPage(
          search: search, fields: fields, refusals: refusals,
          cards: try await draw(found.rows, at: stamp, page, minute),
          count: number, facets: facets,
          subjects: try await subjects(at: stamp), currency: currency, next: found.next?.text,
          map: fields.text("view") == "map" ? TutorMap(try await database.all(.cells(search, now: minute))) : nil),
        on: page)
    }
    return site.page(drawn, for: request).with(rights: PageRights(asksPlace: true))
  }

  /// What somebody who looks for tutors nearby has typed: coordinates, a town that tutors name, or any other.
  private func locate(_ words: String) async throws -> (coordinates: Coordinates, town: String?)? {
    if let coordinates = try? Coordinates(typed: words) { return (coordinates, nil) }
    guard words.unicodeScalars.count <= 80 else { return nil }
    if let cell = try await database.first(Query<Int>.cell(ofTown: words)) { return (Coordinates(cell: cell), words) }
    guard let town = try await towns?.find(words) else { return nil }
    return (Coordinates(latitude: town.latitude, longitude: town.longitude), town.name)
  }

  private func tutors(_ search: TutorSearch, at stamp: Stamp, _ minute: Instant) async throws -> FoundPage<FoundTutor> {
    try await snapshots.value("tutors \(search.key(in: minute))", at: stamp, weight: { 200 + $0.rows.count * 160 }) {
      FoundPage(try await database.all(.tutors(search, now: minute)), of: search, id: \.id)
    }
  }

  /// The cards of those found, in their order. Who has left the list meanwhile has none.
  private func cards(of found: [FoundTutor], _ minute: Instant) async throws -> [(FoundTutor, TutorCard)] {
    guard !found.isEmpty else { return [] }
    let read = try await database.all(Query<TutorCard>.cards(of: found.map(\.id), at: minute))
    let cards = Dictionary(read.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    return found.compactMap { tutor in cards[tutor.id].map { (tutor, $0.found(as: tutor, at: minute)) } }
  }

  /// As many as each row of the page says; a page behind the last one has no row to say it.
  func count<Row>(_ found: [Found<Row>], _ search: TutorSearch, at stamp: Stamp, _ minute: Instant) async throws -> Int
  {
    if let first = found.first {
      if first.count > TutorSearch.countCap { crowds.learn(search, at: stamp, minute) }
      return first.count
    }
    return search.cursor == nil ? 0 : try await database.first(.count(search, now: minute)) ?? 0
  }

  /// What the found have in common, counted.
  func facets(_ search: TutorSearch, at stamp: Stamp, _ minute: Instant) async throws -> [FacetCount] {
    try await snapshots.value("facets \(search.filterKey(in: minute))", at: stamp, weight: Self.weight(of:)) {
      FacetCount.counts(of: try await database.all(.kinds(search, now: minute)))
    }
  }

  /// The subjects they teach, counted.
  func subjectFacets(_ search: TutorSearch, at stamp: Stamp, _ minute: Instant) async throws -> [FacetCount] {
    try await snapshots.value("subject facets \(search.filterKey(in: minute))", at: stamp, weight: Self.weight(of:)) {
      try await database.all(.subjectCounts(search, now: minute))
    }
  }

  /// Bytes, about.
  private static func weight(of facets: [FacetCount]) -> Int { 100 + facets.count * 150 }

  private func subjects(at stamp: Stamp) async throws -> SubjectChoice {
    try await snapshots.value("subjects", at: stamp, weight: \.weight) {
      SubjectChoice(try await database.all(.subjects))
    }
  }

  /// The cards of those found as they are drawn. The same few tutors lead many lists: what each question finds differs, its
  /// cards seldom do, and only those never drawn so are read.
  private func draw(_ found: [FoundTutor], at stamp: Stamp, _ page: PageContext, _ minute: Instant) async throws
    -> [HTML]
  {
    func key(_ tutor: FoundTutor) -> DrawnCard {
      let nextFree = tutor.nextFree(after: minute)
      return DrawnCard(
        stamp: stamp, tutor: tutor.id, rate: tutor.rate, nextFree: nextFree,
        isNear: nextFree.map { page.isNear($0) } ?? false,
        kilometres: tutor.kilometres.map(TutorSearch.rounded), language: page.language, zone: page.zone)
    }
    let known = found.map { drawnCards.find(key($0)) }
    let missing = zip(found, known).compactMap { $1 == nil ? $0 : nil }
    var made: [ID<User>: HTML] = [:]
    for (tutor, card) in try await cards(of: missing, minute) {
      let drawn = TutorCardView(tutor: card, isComparable: true).markup(page)
      drawnCards.hold(drawn, under: key(tutor), weight: drawn.bytes.count + 200)
      made[tutor.id] = drawn
    }
    return zip(found, known).compactMap { $1 ?? made[$0.id] }
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
  private static let pageFields: Set<String> = [
    "q", "subject", "category", "language", "mode", "price_max", "free_lessons", "rating_min", "soon", "weekday",
    "time", "near", "km", "town", "place",
    "sort", "after", "view",
  ]

  /// How many tutors stand side by side.
  static let mostCompared = 3

  /// What the page reads of its address; what strangers hang on it makes no other page.
  static func fields(of query: Fields) -> Fields {
    Fields(query.pairs.filter { pageFields.contains($0.name) && ($0.name != "place" || !$0.value.isEmpty) })
  }

  /// The beginning of the minute. Openings begin with a minute, so within one the same are still to come.
  static func minute(of now: Instant) -> Instant { Instant(seconds: now.seconds / 60 * 60) }

  /// The keys of what is found: where it depends on the time, the minute belongs to them.
  func key(in minute: Instant) -> String { freeWithin == nil ? key : "\(key) \(minute.seconds)" }
  func filterKey(in minute: Instant) -> String { freeWithin == nil ? filterKey : "\(filterKey) \(minute.seconds)" }

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
    let place = query.text("near").split(separator: ",").map { Double(String($0)) }
    if place.count == 2, let latitude = place[0], let longitude = place[1], (-90...90).contains(latitude),
      (-180...180).contains(longitude)
    {
      search.near = Place(
        latitude: latitude, longitude: longitude, radius: query.int("km").map { min(max($0, 1), 200) } ?? 25)
    }
    // A place that is found never comes so far: it is an address with coordinates then.
    if !query.text("place").isEmpty { refusals.append(Refusal(field: "place", sentence: "tutors.refusal.nowhere")) }
    search.order = Order(rawValue: query.text("sort")) ?? .rating
    search.cursor = PageCursor(query.text("after"))
    return (search, refusals)
  }
}

extension Fields {
  /// The same question near a place, which is told in tenths of a degree.
  func near(_ place: Coordinates, town: String?) -> Fields {
    func tenths(_ degrees: Double) -> String {
      let tenths = Int((abs(degrees) * 10).rounded())
      return (degrees < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
    }
    return with("place", nil).with("after", nil).with("near", tenths(place.latitude) + "," + tenths(place.longitude))
      .with("km", self["km"] ?? "25").with("town", town)
  }

  /// The same question wherever.
  var anywhere: Fields { with("near", nil).with("km", nil).with("town", nil) }
}

/// What everybody may see of a listed tutor in a few lines: for pages of upper rooms.
package struct PublicCard: Sendable, Equatable {
  package let id: ID<User>
  package let slug: String
  package let name: String
  package let headline: String
  package let photo: ID<StoredFile>?
  package let subjects: [String]
  /// The price of an hour.
  package let rate: Money
  /// Thousandths of a star.
  package let rating: Int
  package let ratingCount: Int
  package let nextFree: Instant?

  /// As many stand in one list.
  package static let most = 24

  init(_ card: TutorCard) {
    id = card.id
    slug = card.slug
    name = card.name
    headline = card.headline
    photo = card.photo
    subjects = card.subjects
    rate = Money(card.rate, card.currency)
    rating = card.rating
    ratingCount = card.ratingCount
    nextFree = card.nextFree
  }
}

extension TutorsFeature {
  /// The public cards of these tutors, in this order; whoever is not listed is left out.
  package func cards(of slugs: [String]) async throws -> [PublicCard] {
    guard !slugs.isEmpty else { return [] }
    return try await database.all(.faces(Array(slugs.prefix(PublicCard.most)), at: clock.now)).map(PublicCard.init)
  }

  /// The public cards of the best rated, of one subject (its slug) or of all.
  package func bestCards(teaching subject: String) async throws -> [PublicCard] {
    var search = TutorSearch()
    search.subject = subject
    search.pageSize = PublicCard.most
    let stamp = try await snapshots.stamp()
    let minute = TutorSearch.minute(of: clock.now)
    return try await snapshots.value("best \(search.key(in: minute))", at: stamp, weight: { $0.count * 800 }) {
      [search] in
      try await cards(of: try await tutors(search, at: stamp, minute).rows, minute).map { PublicCard($0.1) }
    }
  }

  /// The subjects there are, by slug and title.
  package func subjectTitles() async throws -> [(slug: String, title: String)] {
    try await subjects(at: try await snapshots.stamp()).lines.map { ($0.slug, $0.title) }
  }

  /// The slug of the tutor's own page; nothing for who is no tutor yet.
  package func slug(of tutor: ID<User>) async throws -> (slug: String, isListed: Bool)? {
    try await database.first(.tutor(tutor)).map { ($0.slug, $0.isListed) }
  }
}

extension TutorsFeature {
  /// Cards of tutors who are free soon, for the landing page and dashboards; so many at most.
  package var freeSoon: Panel<Int> {
    Panel { limit, page in
      let minute = TutorSearch.minute(of: clock.now)
      let key = "soon \(limit) \(page.language.rawValue) \(page.zone.identifier) \(minute.seconds)"
      return try await snapshots.value(key, at: try await snapshots.stamp(), weight: \.bytes.count) {
        var cards = try await database.all(.freeSoon(now: minute, limit: limit))
        if cards.isEmpty { cards = try await database.all(.wellRated(limit: limit, at: minute)) }
        return "\(cards.map { TutorCardView(tutor: $0).markup(page) })"
      }
    }
  }

  /// Cards of the tutors a person saved.
  package var favourites: Panel<ID<User>> {
    Panel { user, page in
      let cards = try await database.all(.favourites(of: user, at: page.now))
      return "\(cards.map { TutorCardView(tutor: $0).markup(page) })"
    }
  }

  /// What is taught, by field, with how many tutors offer it, up to ``Topic/most``: for the landing page.
  package func topics() async throws -> [Topic] {
    try await snapshots.value("topics", at: try await snapshots.stamp(), weight: { 100 + $0.count * 150 }) {
      try await database.all(.topics)
    }
  }

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

  /// Counting goes on to here.
  package static let most = 500

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
      select s.slug, s.title, s.category, few.tutors from subjects s,
             lateral (select count(*) as tutors from (select from tutor_listings l where l.subject_id = s.id limit \(Topic.most + 1)) l) few
       where s.is_active and few.tutors > 0 order by 4 desc, s.title limit 12
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
