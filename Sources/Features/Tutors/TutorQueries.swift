package import Core
import Postgres

// Owns subjects, tutors, tutor_languages, tutor_subjects, credentials, tutor_samples, sample_captions, tutor_listings, favourites,
// saved_searches, saved_search_hits.
// Publishes tutor_facts. Reads people (Accounts), tutors_with_hours (Scheduling).

/// A tutor as the directory shows one.
struct TutorCard: RowDecodable, Equatable {
  let id: ID<User>
  let slug: String
  let name: String
  let headline: String
  let photo: ID<StoredFile>?
  let subjects: [String]
  let languages: [String]
  private(set) var rate: Int
  let currency: Currency
  /// Thousandths of a star.
  let rating: Int
  let ratingCount: Int
  let lessonsHeld: Int
  let modes: [String]
  let city: String?
  private(set) var nextFree: Instant?
  private(set) var kilometres: Int?

  init(row: inout RowReader) throws {
    id = try row.next()
    slug = try row.next()
    name = try row.next()
    headline = try row.next()
    photo = try row.next()
    subjects = try row.next()
    languages = try row.next()
    rate = try row.next()
    currency = try row.next()
    rating = try row.next()
    ratingCount = try row.next()
    lessonsHeld = try row.next()
    modes = try row.next()
    city = try row.next()
    nextFree = try row.next()
    kilometres = try row.next()
  }
}

extension TutorCard {
  /// The same tutor at the price, the hour and the distance at which a search has found them.
  func found(as tutor: FoundTutor, at now: Instant) -> Self {
    var card = self
    (card.rate, card.nextFree, card.kilometres) = (tutor.rate, tutor.nextFree(after: now), tutor.kilometres)
    return card
  }
}

/// A tutor whom a search has found: what may differ from one search to the next. The rest is the tutor's card, which is read
/// for those alone whose card is not drawn yet.
struct FoundTutor: RowDecodable, Equatable {
  let id: ID<User>
  let rate: Int
  /// The first of them in order, some of which time may have overtaken.
  private let nextFrees: [Instant]
  let kilometres: Int?

  init(row: inout RowReader) throws {
    id = try row.next()
    rate = try row.next()
    nextFrees = try row.next()
    kilometres = try row.next()
  }

  /// The first start that is still ahead.
  func nextFree(after now: Instant) -> Instant? { nextFrees.first { $0 > now } }
}

/// A tutor as ready JSON, with what changes by the hour beside it.
struct TutorDocument: RowDecodable {
  let id: ID<User>
  let json: String
  let nextFrees: [Instant]
  let kilometres: Int?

  init(row: inout RowReader) throws {
    id = try row.next()
    json = try row.next()
    nextFrees = try row.next()
    kilometres = try row.next()
  }
}

/// A row of a list: where the list goes on after it, and how many there are in all.
struct Found<Row: RowDecodable>: RowDecodable {
  let row: Row
  let key: String
  let count: Int

  init(row reader: inout RowReader) throws {
    row = try Row(row: &reader)
    key = try reader.next()
    count = try reader.next()
  }
}

struct SubjectLine: RowDecodable, Equatable {
  let id: ID<Subject>
  let slug: String
  let title: String
  let code: String?
  let category: String

  init(row: inout RowReader) throws {
    id = try row.next()
    slug = try row.next()
    title = try row.next()
    code = try row.next()
    category = try row.next()
  }
}

/// The tutor's own view of the profile, and the public page's source.
struct TutorRecord: RowDecodable, Equatable {
  let id: ID<User>
  let slug: String
  let name: String
  let photo: ID<StoredFile>?
  let zone: String
  let headline: String?
  let biography: String?
  let experience: String?
  let yearsTeaching: Int?
  let city: String?
  let modes: [String]
  let approval: String
  let currency: Currency
  let state: String
  let verdict: String?
  let ratingSum: Int
  let ratingCount: Int
  let lessonsHeld: Int
  let responseMinutes: Int?
  let isActive: Bool
  let hasHours: Bool
  /// The middle of the square where the tutor teaches in person.
  let place: Coordinates?

  init(row: inout RowReader) throws {
    id = try row.next()
    slug = try row.next()
    name = try row.next()
    photo = try row.next()
    zone = try row.next()
    headline = try row.next()
    biography = try row.next()
    experience = try row.next()
    yearsTeaching = try row.next()
    city = try row.next()
    modes = try row.next()
    approval = try row.next()
    currency = try row.next()
    state = try row.next()
    verdict = try row.next()
    ratingSum = try row.next()
    ratingCount = try row.next()
    lessonsHeld = try row.next()
    responseMinutes = try row.next()
    isActive = try row.next()
    hasHours = try row.next()
    if let latitude: Double = try row.next(), let longitude: Double = try row.next() {
      place = Coordinates(latitude: latitude, longitude: longitude)
    } else {
      place = nil
    }
  }

  var isListed: Bool { state == "verified" && isActive }
  /// Thousandths of a star.
  var rating: Int { ratingCount == 0 ? 0 : (ratingSum * 1000 + ratingCount / 2) / ratingCount }
}

struct TutorSubjectLine: RowDecodable, Equatable {
  let subject: ID<Subject>
  let slug: String
  let title: String
  let code: String?
  let hourlyRate: Int
  let durations: [Int]

  init(row: inout RowReader) throws {
    subject = try row.next()
    slug = try row.next()
    title = try row.next()
    code = try row.next()
    hourlyRate = try row.next()
    durations = try row.next()
  }
}

struct SpokenLanguage: RowDecodable, Equatable {
  let language: String
  let fluency: String

  init(row: inout RowReader) throws {
    language = try row.next()
    fluency = try row.next()
  }

  init(language: String, fluency: String) {
    self.language = language
    self.fluency = fluency
  }
}

struct CredentialLine: RowDecodable, Equatable {
  let id: ID<Credential>
  let kind: String
  let title: String
  let issuer: String?
  let year: Int?
  let gpa: String?
  let gpaScale: String?
  let file: ID<StoredFile>?
  let state: String

  init(row: inout RowReader) throws {
    id = try row.next()
    kind = try row.next()
    title = try row.next()
    issuer = try row.next()
    year = try row.next()
    gpa = try row.next()
    gpaScale = try row.next()
    file = try row.next()
    state = try row.next()
  }
}

struct SampleLine: RowDecodable, Equatable {
  let id: ID<Sample>
  let file: ID<StoredFile>
  let kind: String
  let title: String
  let transcript: String?
  /// One a language, by its code.
  let captions: [CaptionLine]

  /// More languages nobody keeps in step with the film.
  static let mostLanguages = 10
  /// Unicode scalars, as the database counts.
  static let longestTranscript = 20_000

  var isFilm: Bool { kind == "video" }

  init(row: inout RowReader) throws {
    id = try row.next()
    file = try row.next()
    kind = try row.next()
    title = try row.next()
    transcript = try row.next()
    let languages: [String] = try row.next()
    let files: [String] = try row.next()
    captions = zip(languages, files).compactMap { language, file in
      ID<StoredFile>(file).map { CaptionLine(language: language, file: $0) }
    }
  }
}

struct CaptionLine: Equatable {
  /// ISO 639-1.
  let language: String
  let file: ID<StoredFile>
}

package enum Credential {}
enum Sample {}

// MARK: Searching

extension TutorSearch {
  /// The conditions on `tutor_listings l`. A subject's rows answer when one is asked for, else each tutor's main row.
  ///
  /// - Parameter rate: what is compared with the bounds of the rate; other than the column, no index is searched for them.
  private func conditions(on rate: SQL) -> SQL {
    var all: SQL =
      subject.isEmpty
      ? "l.is_main"
      : ID<Subject>(subject).map { "l.subject_id = \($0)" }
        ?? """
        l.subject_id = coalesce((select id from subjects where slug = \(subject)),
                                (select id from subjects where code = \(subject) order by id limit 1))
        """
    if !words.isEmpty {
      all =
        "\(all) and (l.lexemes @@ websearch_to_tsquery('simple', plain_words(\(words))) or l.words like '%' || plain_words(\(words)) || '%' or l.words %> plain_words(\(words)))"
    }
    if !category.isEmpty { all = "\(all) and l.category = \(category)" }
    if !level.isEmpty { all = "\(all) and l.level = \(level)" }
    if let rateMin { all = "\(all) and \(rate) >= \(rateMin)" }
    if let rateMax { all = "\(all) and \(rate) <= \(rateMax)" }
    if let currency { all = "\(all) and l.currency = \(currency)" }
    if let isPaid { all = isPaid ? "\(all) and l.rate > 0" : "\(all) and l.rate = 0" }
    if !language.isEmpty { all = "\(all) and l.languages @> array[\(language)::text]" }
    if let ratingMin { all = "\(all) and l.rating >= \(ratingMin)" }
    if let gpaMin { all = "\(all) and l.gpa >= \(gpaMin)" }
    if !mode.isEmpty { all = "\(all) and l.modes @> array[\(mode)::text]" }
    if let hours { all = "\(all) and (l.free_mask & \(hours)::text::bit(168)) <> 0::bit(168)" }
    if let near {
      all = """
        \(all) and l.cell = any(\(near.cells)) and \(distance(near)) <= \(near.radius)
        """
    }
    return all
  }

  /// Kilometres over the sphere (haversine), rounded.
  fileprivate func distance(_ place: Place) -> SQL {
    """
    round(12742 * asin(least(1, sqrt(power(sin(radians(l.latitude - \(place.latitude)) / 2), 2)
      + cos(radians(\(place.latitude))) * cos(radians(l.latitude)) * power(sin(radians(l.longitude - \(place.longitude)) / 2), 2)))))::int
    """
  }

  fileprivate func conditions(on rate: SQL = "l.rate", now: Instant) -> SQL {
    let conditions = conditions(on: rate)
    guard let freeWithin else { return conditions }
    return "\(conditions) and l.next_free < \(now + .hours(freeWithin)) and \(SQL.isFreeLater(than: now))"
  }

  private var ordering: SQL {
    switch order {
    case .rating: "l.rating desc, l.rating_count desc, l.tutor_id desc"
    case .price: "l.rate, l.tutor_id"
    case .priceDescending: "l.rate desc, l.tutor_id desc"
    case .soonest: "l.next_free nulls last, l.tutor_id"
    case .experience: "l.lessons_held desc, l.tutor_id desc"
    }
  }

  private var rowKey: SQL {
    switch order {
    case .rating: "l.rating || ' ' || l.rating_count"
    case .price, .priceDescending: "l.rate::text"
    case .soonest: "coalesce((extract(epoch from l.next_free) * 1000000)::bigint::text, '')"
    case .experience: "l.lessons_held::text"
    }
  }

  /// Where the last page ended; a cursor of another order is no place in this one.
  private var after: SQL {
    guard let cursor, let id = ID<User>(cursor.id) else { return "true" }
    let numbers = cursor.key.split(separator: " ").compactMap { Int($0) }
    // Cursors come from outside: a number that no column can hold (or, of microseconds, no year before 10000) is no place.
    let most = order == .soonest ? 253_402_300_799_000_000 : Int(Int32.max)
    guard numbers.allSatisfy({ (0...most).contains($0) }) else { return "true" }
    switch (order, numbers.count) {
    case (.rating, 2): return "(l.rating, l.rating_count, l.tutor_id) < (\(numbers[0]), \(numbers[1]), \(id))"
    case (.price, 1): return "(l.rate, l.tutor_id) > (\(numbers[0]), \(id))"
    case (.priceDescending, 1): return "(l.rate, l.tutor_id) < (\(numbers[0]), \(id))"
    case (.soonest, 1):
      let instant = Instant(microseconds: Int64(numbers[0]))
      return "((l.next_free, l.tutor_id) > (\(instant), \(id)) or l.next_free is null)"
    case (.soonest, 0): return "(l.next_free is null and l.tutor_id > \(id))"
    case (.experience, 1): return "(l.lessons_held, l.tutor_id) < (\(numbers[0]), \(id))"
    default: return "true"
    }
  }

  private var kilometres: SQL { near.map(distance) ?? "null::int" }

  /// The rows of one page. The keys come first, from an index that holds all that is compared; only then are the cards
  /// of those few read.
  ///
  /// The best are found by walking down from the best, until there are enough within the rates. PostgreSQL, which plans this
  /// for any rates, takes two bounds for a narrow stretch, and would fetch and sort all that lies in it instead: a sum is no
  /// column, so that it cannot.
  private func shown(now: Instant) -> SQL {
    """
    (select l.tutor_id, l.subject_id from tutor_listings l
      where \(conditions(on: order == .rating ? "(l.rate + 0)" : "l.rate", now: now)) and \(after)
      order by \(ordering) limit \(rows)) shown
      join tutor_listings l on l.tutor_id = shown.tutor_id and l.subject_id = shown.subject_id order by \(ordering)
    """
  }

  /// As many as a page has and one more, which tells that there is a next. Of a limit it does not know PostgreSQL thinks that it
  /// takes a tenth of all, finds every plan made for one question cheaper, and plans each anew: a third of a millisecond.
  private var rows: SQL { pageSize == 20 ? "21" : "\(pageSize + 1)" }

  /// Counting goes on to here; beyond it the page says “more than”.
  static let countCap = 1_000

  fileprivate func count(now: Instant) -> SQL {
    "select count(*) from (select from tutor_listings l where \(conditions(now: now)) limit \(Self.countCap + 1)) found"
  }

  /// How many there are, the page's facets tell, which look at all of them anyway.
  fileprivate func tutors(now: Instant) -> SQL {
    "select l.tutor_id, l.rate, l.next_frees, \(kilometres), \(rowKey), 0::bigint from \(shown(now: now))"
  }

  /// The number that stands with each row is counted, unless it is known to be more than is counted to.
  fileprivate func documents(isCrowd: Bool, now: Instant) -> SQL {
    let number: SQL = isCrowd ? "\(Self.countCap + 1)::bigint" : "(\(count(now: now)))"
    return """
      select l.tutor_id, l.document, l.next_frees, \(kilometres), \(rowKey), \(number)
        from \(shown(now: now))
      """
  }
}

extension SQL {
  /// Whether a listing's next start is still ahead. Time overtakes the first of those that are kept before the listing is
  /// made anew, which happens every few minutes; the later ones stand.
  fileprivate static func isFreeLater(than now: Instant) -> SQL {
    """
    l.next_free > \(now - TutorSearch.behind) and l.next_frees[cardinality(l.next_frees)] > \(now)
    """
  }
}

extension TutorSearch {
  /// By how much a listing's next start may lie behind the time: the figures' schedule twice over.
  fileprivate static let behind = Duration.minutes(10)
}

extension TutorCard {
  /// All but the distance, of `tutor_listings l`; the next start is the first that is still ahead.
  fileprivate static func columns(at now: Instant) -> SQL {
    """
    l.tutor_id, l.slug, l.full_name, l.headline, l.photo_id, l.titles, l.languages, l.rate, l.currency, l.rating,
    l.rating_count, l.lessons_held, l.modes, l.city, (select min(t) from unnest(l.next_frees) t where t > \(now))
    """
  }
}

extension Query where Row == Found<FoundTutor> {
  static func tutors(_ search: TutorSearch, now: Instant) -> Self {
    Query(search.tutors(now: now))
  }
}

extension Query where Row == MapCell {
  /// The cells of the found tutors (the first five thousand) who say where they teach.
  static func cells(_ search: TutorSearch, now: Instant) -> Self {
    Query(
      """
      select cell, count(*), mode() within group (order by city)
        from (select l.cell, l.city from tutor_listings l where \(search.conditions(now: now)) and l.cell is not null limit 5000) l
       group by cell order by 2 desc, 1 limit 400
      """)
  }
}

extension Query where Row == Int {
  /// The square of a town that tutors name as theirs: where most of them are.
  static func cell(ofTown name: String) -> Self {
    Query(
      """
      select cell from tutor_listings where is_main and cell is not null and lower(city) = lower(\(name))
       group by cell order by count(*) desc, cell limit 1
      """)
  }
}

extension Query where Row == TutorCard {
  /// Of these tutors, who is listed, in no order, at the price of the subject they name first.
  static func cards(of tutors: [ID<User>], at now: Instant) -> Self {
    Query(
      """
      select \(TutorCard.columns(at: now)), null::int from tutor_listings l where l.tutor_id = any(\(tutors)) and l.is_main
      """)
  }

  /// Listed tutors by their names in an address, in that order.
  static func faces(_ slugs: [String], at now: Instant) -> Self {
    Query(
      """
      select \(TutorCard.columns(at: now)), null::int from tutors t join tutor_listings l on l.tutor_id = t.user_id and l.is_main
       where t.slug = any(\(slugs)) order by array_position(\(slugs)::text[], t.slug)
      """)
  }
}

extension Query where Row == ComparedTutor {
  /// Listed tutors in the order of their names in the address.
  static func compared(_ slugs: [String], at now: Instant) -> Self {
    Query(
      """
      select \(TutorCard.columns(at: now)), null::int, t.years_teaching, t.approval, t.response_minutes,
             array(select c.title from credentials c where c.tutor_id = l.tutor_id and c.state = 'verified'
                    order by c.created_at limit 4)
        from tutors t join tutor_listings l on l.tutor_id = t.user_id and l.is_main
       where t.slug = any(\(slugs)) order by array_position(\(slugs)::text[], t.slug)
      """)
  }
}

// MARK: Saved searches

extension Query where Row == SavedSearch {
  static func savedSearches(of user: ID<User>) -> Self {
    Query(
      """
      select id, name, query, mail_since is not null from saved_searches where user_id = \(user)
       order by created_at desc, id limit \(SavedSearch.most)
      """)
  }
}

extension Query where Row == ID<SavedSearch> {
  static func searchesWithLetters(after last: ID<SavedSearch>?, limit: Int) -> Self {
    Query(
      """
      select id from saved_searches where mail_since is not null and (\(last)::uuid is null or id > \(last)::uuid)
       order by id limit \(limit)
      """)
  }
}

extension Query where Row == OpenSearch {
  /// A search that wants letters of somebody who may read them; a second look waits for the first.
  static func openSearch(_ id: ID<SavedSearch>) -> Self {
    Query(
      """
      select s.user_id, p.zone, s.name, s.query, s.mail_since from saved_searches s join people p on p.id = s.user_id
       where s.id = \(id) and s.mail_since is not null and p.is_active for update of s
      """)
  }
}

/// A tutor a letter names.
struct NewTutor: RowDecodable, Equatable {
  let id: ID<User>
  let name: String

  init(row: inout RowReader) throws {
    id = try row.next()
    name = try row.next()
  }
}

extension Query where Row == NewTutor {
  /// Whom the search finds who was verified since, is not the reader, and was not written of; the first twenty.
  static func newTutors(
    _ search: TutorSearch, for saved: ID<SavedSearch>, of user: ID<User>, since: Instant, now: Instant
  ) -> Self {
    Query(
      """
      select l.tutor_id, l.full_name from tutors t join tutor_listings l on l.tutor_id = t.user_id
       where t.state = 'verified' and t.verified_at > \(since) and l.tutor_id <> \(user) and \(search.conditions(now: now))
         and not exists (select from saved_search_hits h where h.search_id = \(saved) and h.tutor_id = l.tutor_id)
       order by t.verified_at, l.tutor_id limit 20
      """)
  }
}

extension Query<Void> {
  /// Waits until nobody else keeps a search of this person; held until the transaction ends.
  static func turnToKeep(_ user: ID<User>) -> Self {
    Query("select pg_advisory_xact_lock(hashtextextended(\("searches " + user.description), 0))")
  }

  /// The same question under another name is the same search. Writes nothing when there are enough.
  static func keepSearch(
    _ id: ID<SavedSearch>, of user: ID<User>, name: String, query: String, mailSince: Instant?, at now: Instant
  ) -> Self {
    Query(
      """
      insert into saved_searches as s (id, user_id, name, query, mail_since, created_at)
      select \(id), \(user), \(name), \(query), \(mailSince), \(now)
       where (select count(*) from saved_searches where user_id = \(user) and query <> \(query)) < \(SavedSearch.most)
      on conflict on constraint one_saved_search_per_question do update
         set name = excluded.name,
             mail_since = case when excluded.mail_since is null then null else coalesce(s.mail_since, excluded.mail_since) end
      """)
  }

  static func forgetSearch(_ id: ID<SavedSearch>, of user: ID<User>) -> Self {
    Query("delete from saved_searches where id = \(id) and user_id = \(user)")
  }

  static func setLetters(_ id: ID<SavedSearch>, of user: ID<User>, since: Instant?) -> Self {
    Query("update saved_searches set mail_since = \(since) where id = \(id) and user_id = \(user)")
  }

  static func noteHits(_ tutors: [ID<User>], of search: ID<SavedSearch>) -> Self {
    Query(
      """
      insert into saved_search_hits (search_id, tutor_id) select \(search), unnest(\(tutors)::uuid[])
      on conflict on constraint one_hit_per_search do nothing
      """)
  }
}

extension Query where Row == Found<TutorDocument> {
  static func documents(_ search: TutorSearch, isCrowd: Bool, now: Instant) -> Self {
    Query(search.documents(isCrowd: isCrowd, now: now))
  }
}

extension Query where Row == Stamp {
  /// Whether anything that the directory shows has changed since: see `listing_stamps`.
  static var listings: Self {
    Query(
      """
      select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint, sum(number)::bigint from listing_stamps
      """)
  }
}

/// A tutor's whole public profile, in one statement.
struct PublicProfile: RowDecodable {
  let document: TutorDocument
  let biography: String?
  let experience: String?
  let yearsTeaching: Int?
  let zone: String
  let approval: String
  /// JSON that the database rendered.
  let languages: String
  let samples: String

  init(row: inout RowReader) throws {
    document = try TutorDocument(row: &row)
    biography = try row.next()
    experience = try row.next()
    yearsTeaching = try row.next()
    zone = try row.next()
    approval = try row.next()
    languages = try row.next()
    samples = try row.next()
  }
}

extension Query where Row == PublicProfile {
  static func profile(of tutor: ID<User>) -> Self {
    Query(
      """
      select l.tutor_id, l.document, l.next_frees, null::int, t.biography, t.experience, t.years_teaching, p.zone, t.approval,
             (select coalesce(json_agg(json_build_object('language', language, 'fluency', fluency) order by
                 array_position(array['native', 'fluent', 'conversational', 'basic'], fluency), language), '[]')::text
                from tutor_languages where tutor_id = l.tutor_id),
             (select coalesce(json_agg(json_build_object('kind', kind, 'title', title, 'url', '/files/' || file_id || '/sample')
                 order by created_at), '[]')::text from tutor_samples where tutor_id = l.tutor_id)
        from tutor_listings l join tutors t on t.user_id = l.tutor_id join people p on p.id = l.tutor_id
       where l.tutor_id = \(tutor) and l.is_main and t.state = 'verified' and p.is_active
      """)
  }
}

extension Query where Row == TutorCard {
  static func freeSoon(now: Instant, limit: Int) -> Self {
    Query(
      "select \(TutorCard.columns(at: now)), null::int from tutor_listings l where l.is_main and \(SQL.isFreeLater(than: now)) order by l.next_free, l.tutor_id limit \(limit)"
    )
  }

  static func wellRated(limit: Int, at now: Instant) -> Self {
    Query(
      "select \(TutorCard.columns(at: now)), null::int from tutor_listings l where l.is_main order by l.rating desc, l.rating_count desc, l.tutor_id desc limit \(limit)"
    )
  }

  static func favourites(of user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      select \(TutorCard.columns(at: now)), null::int from favourites f join tutor_listings l on l.tutor_id = f.tutor_id and l.is_main
       where f.user_id = \(user) order by f.at desc limit 50
      """)
  }
}

extension Query where Row == Int {
  static func count(_ search: TutorSearch, now: Instant) -> Self { Query(search.count(now: now)) }
}

extension Query where Row == KindCount {
  /// The kinds of the found tutors (the first thousand): a few dozen.
  static func kinds(_ search: TutorSearch, now: Instant) -> Self {
    Query(
      """
      select kind, count(*) from (
        select l.kind from tutor_listings l where \(search.conditions(now: now)) limit \(TutorSearch.countCap + 1)) found
       group by kind
      """)
  }
}

extension Query where Row == FacetCount {
  /// The subjects of the found tutors (the first thousand).
  static func subjectCounts(_ search: TutorSearch, now: Instant) -> Self {
    Query(
      """
      select 'subject', s.slug, s.title, count(*) from (
        select l.tutor_id from tutor_listings l where \(search.conditions(now: now)) limit \(TutorSearch.countCap + 1)) found
        join tutor_subjects ts on ts.tutor_id = found.tutor_id join subjects s on s.id = ts.subject_id
       group by s.slug, s.title order by 4 desc, 2
      """)
  }
}

// MARK: Subjects and profiles

extension Query where Row == SubjectLine {
  static var subjects: Self {
    Query("select id, slug, title, code, category from subjects where is_active order by category, position, title")
  }
}

extension Query where Row == TutorRecord {
  private static var columns: SQL {
    """
    t.user_id, t.slug, p.full_name, p.photo_file_id, p.zone, t.headline, t.biography, t.experience, t.years_teaching, t.city, t.modes,
    t.approval, t.currency, t.state, t.verdict_reason, t.rating_sum, t.rating_count, t.lessons_held, t.response_minutes, p.is_active,
    exists(select from tutors_with_hours h where h.tutor_id = t.user_id), t.latitude, t.longitude
    """
  }

  static func tutor(_ id: ID<User>) -> Self {
    Query("select \(columns) from tutors t join people p on p.id = t.user_id where t.user_id = \(id)")
  }

  /// Public, or the viewer's own: nothing else comes back.
  static func tutor(slug: String, for viewer: ID<User>?) -> Self {
    Query(
      """
      select \(columns) from tutors t join people p on p.id = t.user_id
       where t.slug = \(slug) and ((t.state = 'verified' and p.is_active) or t.user_id = \(viewer)::uuid)
      """)
  }

  static func listedTutor(_ id: ID<User>) -> Self {
    Query(
      """
      select \(columns) from tutors t join people p on p.id = t.user_id
       where t.user_id = \(id) and t.state = 'verified' and p.is_active
      """)
  }
}

extension Query where Row == TutorSubjectLine {
  static func subjects(of tutor: ID<User>) -> Self {
    Query(
      """
      select s.id, s.slug, s.title, s.code, ts.hourly_rate, ts.durations
        from tutor_subjects ts join subjects s on s.id = ts.subject_id where ts.tutor_id = \(tutor) order by ts.position, s.title
      """)
  }
}

extension Query where Row == SpokenLanguage {
  static func languages(of tutor: ID<User>) -> Self {
    Query(
      """
      select language, fluency from tutor_languages where tutor_id = \(tutor)
       order by array_position(array['native', 'fluent', 'conversational', 'basic'], fluency), language
      """)
  }
}

extension Query where Row == CredentialLine {
  /// All of them for the tutor and the administrator; others see verified ones.
  static func credentials(of tutor: ID<User>, onlyVerified: Bool) -> Self {
    Query(
      """
      select id, kind, title, issuer, year, gpa::text, gpa_scale::text, file_id, state from credentials
       where tutor_id = \(tutor) and (not \(onlyVerified) or state = 'verified') order by created_at limit 50
      """)
  }
}

extension Query where Row == SampleLine {
  static func samples(of tutor: ID<User>) -> Self {
    Query(
      """
      select s.id, s.file_id, s.kind, s.title, s.transcript,
             array(select language from sample_captions c where c.sample_id = s.id order by language),
             array(select file_id::text from sample_captions c where c.sample_id = s.id order by language)
        from tutor_samples s where s.tutor_id = \(tutor) order by s.created_at limit 10
      """)
  }
}

extension Query<Void> {
  /// Nothing, when the person is a tutor already or the slug is another's.
  static func insertTutor(_ user: ID<User>, slug: String, currency: Currency) -> Self {
    Query("insert into tutors (user_id, slug, currency) values (\(user), \(slug), \(currency)) on conflict do nothing")
  }

  static func update(_ about: TutorAbout, of tutor: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update tutors set headline = \(about.headline), biography = \(about.biography), experience = nullif(\(about.experience), ''),
             years_teaching = \(about.yearsTeaching), city = nullif(\(about.city), ''), modes = \(about.modes), approval = \(about.approval),
             updated_at = \(now)
       where user_id = \(tutor)
      """)
  }

  static func setPlace(_ place: Coordinates?, of tutor: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update tutors set latitude = \(place?.latitude), longitude = \(place?.longitude), updated_at = \(now)
       where user_id = \(tutor)
      """)
  }

  static func offer(_ offer: SubjectOffer, by tutor: ID<User>) -> Self {
    Query(
      """
      insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations, position)
      select \(tutor), \(offer.subject), \(offer.hourlyRate), \(offer.durations),
             coalesce((select max(position) + 1 from tutor_subjects where tutor_id = \(tutor)), 0)
      on conflict (tutor_id, subject_id) do update set hourly_rate = excluded.hourly_rate, durations = excluded.durations
      """)
  }

  static func withdraw(_ subject: ID<Subject>, of tutor: ID<User>) -> Self {
    Query("delete from tutor_subjects where tutor_id = \(tutor) and subject_id = \(subject)")
  }

  static func speak(_ language: SpokenLanguage, _ tutor: ID<User>) -> Self {
    Query(
      """
      insert into tutor_languages (tutor_id, language, fluency) values (\(tutor), \(language.language), \(language.fluency))
      on conflict (tutor_id, language) do update set fluency = excluded.fluency
      """)
  }

  static func unspeak(_ language: String, _ tutor: ID<User>) -> Self {
    Query("delete from tutor_languages where tutor_id = \(tutor) and language = \(language)")
  }

  static func insertCredential(
    _ id: ID<Credential>, of tutor: ID<User>, kind: String, title: String, issuer: String?, year: Int?, gpa: String?,
    scale: String?,
    file: ID<StoredFile>?
  ) -> Self {
    Query(
      """
      insert into credentials (id, tutor_id, kind, title, issuer, year, gpa, gpa_scale, file_id)
      values (\(id), \(tutor), \(kind), \(title), \(issuer), \(year), \(gpa)::text::numeric, \(scale)::text::numeric, \(file))
      """)
  }

  static func judgeCredential(_ id: ID<Credential>, of tutor: ID<User>, state: String) -> Self {
    Query("update credentials set state = \(state) where id = \(id) and tutor_id = \(tutor)")
  }

  static func insertSample(_ id: ID<Sample>, of tutor: ID<User>, file: ID<StoredFile>, kind: String, title: String)
    -> Self
  {
    Query(
      "insert into tutor_samples (id, tutor_id, file_id, kind, title) values (\(id), \(tutor), \(file), \(kind), \(title))"
    )
  }

  static func insertCaptions(_ language: String, of sample: ID<Sample>, file: ID<StoredFile>) -> Self {
    Query("insert into sample_captions (sample_id, language, file_id) values (\(sample), \(language), \(file))")
  }

  static func setTranscript(_ words: String?, of sample: ID<Sample>, of tutor: ID<User>) -> Self {
    Query("update tutor_samples set transcript = \(words) where id = \(sample) and tutor_id = \(tutor)")
  }

  /// Moves the state only from where it was seen: two administrators at once make one verdict.
  static func move(_ tutor: ID<User>, from: ListingState, to: ListingState, reason: String?, at now: Instant) -> Self {
    Query(
      """
      update tutors set state = \(to.rawValue), verdict_reason = \(reason), updated_at = \(now),
             submitted_at = case when \(to.rawValue) = 'submitted' then \(now) else submitted_at end,
             verified_at = case when \(to.rawValue) = 'verified' then coalesce(verified_at, \(now)) else verified_at end
       where user_id = \(tutor) and state = \(from.rawValue)
      """)
  }

  static func setCompletion(_ score: Int, of tutor: ID<User>) -> Self {
    Query("update tutors set completion = \(score) where user_id = \(tutor) and completion <> \(score)")
  }

  static func favour(_ tutor: ID<User>, by user: ID<User>) -> Self {
    Query("insert into favourites (user_id, tutor_id) values (\(user), \(tutor)) on conflict do nothing")
  }

  static func unfavour(_ tutor: ID<User>, by user: ID<User>) -> Self {
    Query("delete from favourites where user_id = \(user) and tutor_id = \(tutor)")
  }

  // MARK: The read model

  /// Takes away the rows of subjects that are offered no more, or all when the tutor is not listed.
  static func dropListings(of tutor: ID<User>) -> Self {
    Query(
      """
      delete from tutor_listings l where l.tutor_id = \(tutor) and not exists (
        select from tutor_facts f join tutor_subjects ts on ts.tutor_id = f.tutor_id
         where f.tutor_id = l.tutor_id and f.is_listed and ts.subject_id = l.subject_id)
      """)
  }

  /// Builds the tutor's rows anew from what is true now; openings stay as they are. Only who teaches in person is
  /// anywhere. The document's fields are an allow-list. What is as it was is not written, and so announces no change.
  static func refreshListings(of tutor: ID<User>) -> Self {
    Query(
      """
      with t as (
        select t.*, p.full_name, p.photo_file_id,
               array(select language from tutor_languages tl where tl.tutor_id = t.user_id order by language) as languages,
               (select round(max(gpa / gpa_scale) * 1000)::int from credentials c where c.tutor_id = t.user_id and c.state = 'verified' and kind = 'gpa') as gpa,
               case when rating_count = 0 then 0 else round(rating_sum * 1000.0 / rating_count)::int end as rating,
               case when 'in_person' = any(t.modes) then t.latitude end as north,
               case when 'in_person' = any(t.modes) then t.longitude end as east
          from tutors t join people p on p.id = t.user_id where t.user_id = \(tutor) and t.state = 'verified' and p.is_active),
      offers as (
        select ts.*, s.slug, s.title, s.code, s.category, s.level, row_number() over (order by ts.position, s.title) = 1 as is_main
          from tutor_subjects ts join subjects s on s.id = ts.subject_id where ts.tutor_id = \(tutor)),
      face as (
        select plain_words(concat_ws(' ', t.full_name, t.headline, t.city, (select string_agg(concat_ws(' ', title, code), ' ') from offers))) as words,
               jsonb_build_object(
                 'id', t.user_id, 'slug', t.slug, 'full_name', t.full_name, 'headline', t.headline,
                 'photo', '/files/' || t.photo_file_id || '/photo.jpg',
                 'subjects', (select coalesce(jsonb_agg(jsonb_build_object('id', subject_id, 'slug', slug, 'title', title, 'code', code,
                    'rate', jsonb_build_object('amount', hourly_rate, 'currency', t.currency)) order by position, title), '[]') from offers),
                 'languages', t.languages, 'rate_from', (select jsonb_build_object('amount', min(hourly_rate), 'currency', t.currency) from offers),
                 'rating', jsonb_build_object('average', round(t.rating / 1000.0, 2), 'count', t.rating_count),
                 'lessons_held', t.lessons_held, 'verified', true,
                 'credentials', (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'title', title, 'issuer', issuer, 'year', year) order by created_at), '[]')
                    from credentials c where c.tutor_id = t.user_id and c.state = 'verified'),
                 'modes', t.modes, 'city', t.city, 'response_minutes', t.response_minutes, 'featured', false)::text as document,
               (select coalesce(array_agg(title order by position, title), '{}') from offers) as titles
          from t)
      insert into tutor_listings as l (tutor_id, subject_id, category, level, rate, currency, rating, rating_count, lessons_held, gpa, languages,
             modes, cell, latitude, longitude, words, document, slug, full_name, headline, photo_id, titles, city, is_main)
      select t.user_id, o.subject_id, o.category, o.level, o.hourly_rate, t.currency, t.rating, t.rating_count, t.lessons_held, t.gpa,
             t.languages, t.modes, floor((t.north + 90) * 10)::int * 3600 + floor((t.east + 180) * 10)::int, t.north, t.east,
             face.words, face.document, t.slug, t.full_name, coalesce(t.headline, ''), t.photo_file_id, face.titles, t.city, o.is_main
        from t, offers o, face
      on conflict (tutor_id, subject_id) do update set
             category = excluded.category, level = excluded.level, rate = excluded.rate, currency = excluded.currency,
             rating = excluded.rating, rating_count = excluded.rating_count, lessons_held = excluded.lessons_held, gpa = excluded.gpa,
             languages = excluded.languages, modes = excluded.modes, cell = excluded.cell, latitude = excluded.latitude,
             longitude = excluded.longitude, words = excluded.words, document = excluded.document, slug = excluded.slug,
             full_name = excluded.full_name, headline = excluded.headline, photo_id = excluded.photo_id, titles = excluded.titles,
             city = excluded.city, is_main = excluded.is_main, updated_at = now()
       where (l.category, l.level, l.rate, l.currency, l.rating, l.rating_count, l.lessons_held, l.gpa, l.languages, l.modes, l.cell,
              l.latitude, l.longitude, l.words, l.document, l.slug, l.full_name, l.headline, l.photo_id, l.titles, l.city, l.is_main)
         is distinct from (excluded.category, excluded.level, excluded.rate, excluded.currency, excluded.rating, excluded.rating_count,
              excluded.lessons_held, excluded.gpa, excluded.languages, excluded.modes, excluded.cell, excluded.latitude,
              excluded.longitude, excluded.words, excluded.document, excluded.slug, excluded.full_name, excluded.headline,
              excluded.photo_id, excluded.titles, excluded.city, excluded.is_main)
      """)
  }

  static func setOpenings(of tutor: ID<User>, mask: String, next: [Instant]) -> Self {
    Query(
      """
      update tutor_listings set free_mask = \(mask)::text::bit(168), next_frees = \(next), next_free = \(next.first), updated_at = now()
       where tutor_id = \(tutor)
         and (free_mask, next_frees) is distinct from (\(mask)::text::bit(168), \(next)::timestamptz[])
      """)
  }

  static func setRating(of tutor: ID<User>, sum: Int, count: Int) -> Self {
    Query("update tutors set rating_sum = \(sum), rating_count = \(count) where user_id = \(tutor)")
  }

  static func countLesson(of tutor: ID<User>) -> Self {
    Query("update tutors set lessons_held = lessons_held + 1 where user_id = \(tutor)")
  }
}

/// The facts of a profile's completion.
struct CompletionRow: RowDecodable {
  let facts: Completion.Facts

  init(row: inout RowReader) throws {
    facts = Completion.Facts(
      hasHeadline: try row.next(), biographyLength: try row.next(), hasExperience: try row.next(),
      subjects: try row.next(),
      languages: try row.next(), credentials: try row.next(), hasPhoto: try row.next(), hasSample: try row.next(),
      hasHours: try row.next())
  }
}

extension Query where Row == CompletionRow {
  static func completion(of tutor: ID<User>) -> Self {
    Query(
      """
      select coalesce(t.headline, '') <> '', length(coalesce(t.biography, '')), coalesce(t.experience, '') <> '',
             (select count(*) from tutor_subjects s where s.tutor_id = t.user_id),
             (select count(*) from tutor_languages l where l.tutor_id = t.user_id),
             (select count(*) from credentials c where c.tutor_id = t.user_id),
             p.photo_file_id is not null,
             exists(select from tutor_samples s where s.tutor_id = t.user_id),
             exists(select from tutors_with_hours h where h.tutor_id = t.user_id)
        from tutors t join people p on p.id = t.user_id where t.user_id = \(tutor)
      """)
  }
}

/// What was taken away leaves a file behind, or none.
extension Query where Row == ID<StoredFile>? {
  static func deleteCredential(_ id: ID<Credential>, of tutor: ID<User>) -> Self {
    Query("delete from credentials where id = \(id) and tutor_id = \(tutor) returning file_id")
  }

  /// With the captions, whose files go too.
  static func deleteSample(_ id: ID<Sample>, of tutor: ID<User>) -> Self {
    Query(
      """
      with gone as (delete from tutor_samples where id = \(id) and tutor_id = \(tutor) returning id, file_id),
           silent as (delete from sample_captions c using gone where c.sample_id = gone.id returning c.file_id)
      select file_id from gone union all select file_id from silent
      """)
  }

  /// Of the tutor's own sample, or nothing.
  static func deleteCaptions(_ language: String, of sample: ID<Sample>, of tutor: ID<User>) -> Self {
    Query(
      """
      delete from sample_captions c using tutor_samples s
       where s.id = \(sample) and s.tutor_id = \(tutor) and c.sample_id = s.id and c.language = \(language) returning c.file_id
      """)
  }
}

extension Query where Row == Bool {
  static func isFavourite(_ tutor: ID<User>, of user: ID<User>) -> Self {
    Query("select exists(select from favourites where user_id = \(user) and tutor_id = \(tutor))")
  }
}

extension Query where Row == ID<Sample> {
  /// A tutor's own film, of which nobody else changes the captions until the transaction ends. Nothing for sound, and for a
  /// sample of somebody else's.
  static func film(_ sample: ID<Sample>, of tutor: ID<User>) -> Self {
    Query("select id from tutor_samples where id = \(sample) and tutor_id = \(tutor) and kind = 'video' for update")
  }
}

extension Query where Row == String {
  /// Asked after ``film(_:of:)``, in a statement of its own: one that waited for the row still sees the captions of before.
  static func captionLanguages(of sample: ID<Sample>) -> Self {
    Query("select language from sample_captions where sample_id = \(sample)")
  }
}

extension Query where Row == ID<User> {
  /// Verified tutors, for rebuilding the read model in pages.
  static func listedTutors(after: ID<User>?, limit: Int) -> Self {
    Query(
      "select user_id from tutors where state = 'verified' and (\(after)::uuid is null or user_id > \(after)::uuid) order by user_id limit \(limit)"
    )
  }
}
