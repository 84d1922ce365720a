import Bus
import Core
import Files
import JSON
import Notices
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Tutors

/// The directory with the cast: Dan and Ada may teach, and nobody has said what yet.
struct Guild: Sendable {
  let house: TestHouse
  let database: Database
  let feature: TutorsFeature
  let sessions: Sessions
  let site: TestSite
  static let algebra = ID<Subject>("01900000-0000-7000-8000-00000000a1ee")!
  static let piano = ID<Subject>("01900000-0000-7000-8000-00000000a2ee")!
  static let biography = String(repeating: "I teach with patience and examples. ", count: 4)

  init(_ database: Database, folder: String) async throws {
    self.database = database
    house = try TestHouse(database)
    sessions = Sessions(database: database, clock: house.clock.clock, secret: "tests")
    feature = TutorsFeature(
      database: database, site: house.site, files: try Files(folder: folder, pool: house.pool),
      notices: Notices(bus: Bus(loops: testLoops)),
      accounts: Accounts(sessions: sessions), clock: house.clock.clock)
    site = house.open([feature])
    try await database.insert()
    try await database.run(
      Query(
        """
        insert into subjects (id, slug, title, code, category, level) values (\(Self.algebra), 'algebra', 'Algebra', 'MATH101', 'university', 'university'),
          (\(Self.piano), 'piano', 'Piano', null, 'music', 'beginner')
        """))
  }

  /// A tutor as search knows one, made in one go.
  func list(
    _ person: Person, headline: String = "Patient and clear", subjects: [(ID<Subject>, Int)] = [(Guild.algebra, 4500)],
    languages: [String] = ["en"],
    rating: (sum: Int, count: Int) = (0, 0), lessons: Int = 0, city: String? = nil, place: (Double, Double)? = nil,
    modes: [String] = ["online"],
    biography: String = Guild.biography
  ) async throws {
    try await database.run(
      Query(
        """
        insert into tutors (user_id, slug, headline, biography, state, rating_sum, rating_count, lessons_held, city, latitude, longitude, modes)
        values (\(person.id), \(person.username), \(headline), \(biography), 'verified', \(rating.sum), \(rating.count), \(lessons), \(city),
                \(place?.0), \(place?.1), \(modes))
        """))
    for (subject, rate) in subjects {
      try await database.run(
        Query.offer(SubjectOffer(subject: subject, hourlyRate: rate, durations: [60]), by: person.id))
    }
    for language in languages {
      try await database.run(Query.speak(SpokenLanguage(language: language, fluency: "native"), person.id))
    }
    try await refresh(person)
  }

  func refresh(_ person: Person) async throws {
    try await database.transaction { tx in try await Tutors().refreshListing(of: person.id, in: tx) }
  }

  func newcomer(_ username: String, _ name: String) async throws -> Person {
    let person = Person(username, name, roles: [.tutor, .learner])
    try await database.insert([person])
    return person
  }

  /// Slugs the API finds.
  func find(_ query: String) async -> [String] {
    let answer = await site.call(.get, "/api/tutors/?" + query)
    #expect(answer.status == 200, "\(query): \(answer.status)")
    return answer.json?["results"]?.array?.compactMap { $0["slug"]?.string } ?? []
  }

  func state(_ person: Person) async throws -> String {
    try await database.one(Query<String>("select state from tutors where user_id = \(person.id)"))
  }

  func about(_ changes: KeyValuePairs<String, String> = [:]) -> Fields {
    var values = [
      ("headline", "Patient and clear"), ("biography", Self.biography), ("experience", "Ten years"),
      ("years_teaching", "10"), ("city", ""),
      ("modes", "online"), ("approval", "instant"),
    ]
    for (name, value) in changes {
      values.removeAll { $0.0 == name }
      values.append((name, value))
    }
    return Fields(values.map { (name: $0.0, value: $0.1) })
  }

  /// Dan's profile up to where it can be submitted.
  func prepare(_ person: Person = .dan) async throws {
    #expect(await site.post("/tutor/profile/about", fields: about(), as: person).status == 303)
    #expect(
      await site.post(
        "/tutor/profile/subjects", ["subject": Self.algebra.description, "rate": "45", "durations": "60"], as: person
      ).status == 303)
    #expect(
      await site.post("/tutor/profile/languages", ["language": "en", "fluency": "native"], as: person).status == 303)
  }

  func upload(
    _ address: String, _ fields: KeyValuePairs<String, String>, file: (field: String, name: String, bytes: [UInt8]),
    as person: Person
  ) async -> Response {
    let mark = "----boundary"
    var body = ""
    for (name, value) in fields {
      body += "--\(mark)\r\ncontent-disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }
    body +=
      "--\(mark)\r\ncontent-disposition: form-data; name=\"_csrf\"\r\n\r\n\(site.table.csrf(for: person.identity))\r\n"
    body +=
      "--\(mark)\r\ncontent-disposition: form-data; name=\"\(file.field)\"; filename=\"\(file.name)\"\r\ncontent-type: audio/mpeg\r\n\r\n"
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("cookie", "session=\(person.username)")
    headers.add("content-type", "multipart/form-data; boundary=\(mark)")
    return await site.table.answer(
      Request(.post, address, headers: headers, body: Array(body.utf8) + file.bytes + Array("\r\n--\(mark)--\r\n".utf8))
    )
  }
}

func withGuild(_ body: (Guild) async throws -> Void) async throws {
  let folder = Folder()
  try await withDatabase { database in try await body(try await Guild(database, folder: folder.path)) }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}
