package import Core
import HTML
package import JSON
package import Jobs
package import Loop
package import Platform
package import Postgres
package import Site
import TestDatabase
package import Web

/// A person of the cast: who they are and how a test speaks for them.
package struct Person: Sendable, Equatable {
  package let id: ID<User>
  package let username: String
  package let name: String
  package let zone: String
  package let roles: Set<Role>

  package init(_ username: String, _ name: String, zone: String = "UTC", roles: Set<Role> = [.learner]) {
    // The same key in every test: a failure reads the same each time.
    var low: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in username.utf8 { low = (low ^ UInt64(byte)) &* 0x100_0000_01b3 }
    id = ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | low >> 2)
    self.username = username
    self.name = name
    self.zone = zone
    self.roles = roles
  }

  package var email: String { "\(username)@example.org" }

  package var identity: Identity {
    Identity(user: id, session: id.as(), username: username, name: name, zone: zone, roles: roles)
  }

  /// A tutor in Karachi.
  package static let ada = Person("ada", "Ada Baig", zone: "Asia/Karachi", roles: [.tutor, .learner])
  /// A learner in New York.
  package static let ben = Person("ben", "Ben Ortiz", zone: "America/New_York")
  /// Another learner, in Berlin.
  package static let cleo = Person("cleo", "Cleo Wirth", zone: "Europe/Berlin")
  /// Another tutor, in London.
  package static let dan = Person("dan", "Dan Okafor", zone: "Europe/London", roles: [.tutor, .learner])
  /// The administrator.
  package static let root = Person("root", "Rosa Lind", roles: [.admin])

  package static let cast = [ada, ben, cleo, dan, root]
}

extension Database {
  /// Stores people with active accounts. Their password matches nothing.
  package func insert(_ people: [Person] = Person.cast) async throws {
    for person in people {
      try await run(
        Query<Void>(
          """
          insert into users (id, email, username, full_name, password_hash, zone, verified_at, terms_accepted_at)
          values (\(person.id), \(person.email)::citext, \(person.username)::citext, \(person.name), 'none', \(person.zone), now(), now())
          """))
      for role in person.roles {
        try await run(Query<Void>("insert into user_roles (user_id, role) values (\(person.id), \(role.rawValue))"))
      }
    }
  }
}

/// What a test builds its features from.
package struct TestHouse: Sendable {
  package let database: Database
  package let site: Site
  package let clock: SteppedClock
  package let pool: BlockingPool

  /// A site with the real catalogues and assets, in UTC, at the clock's time.
  package init(_ database: Database, at time: String = "2026-11-20T09:00:00Z") throws {
    self.database = database
    clock = SteppedClock(time)
    pool = BlockingPool(threads: 2)
    site = Site(
      name: "TutaLink", url: "http://localhost:8080", zone: "UTC", catalogue: try Self.catalogue.get(),
      assets: try Self.assets.get(), clock: clock.clock)
  }

  package static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(
    separator: "/")

  // Read once a process: they do not change under a test.
  private static let catalogue = Result { try Catalogue(folder: root + "/Assets/locales") }
  private static let assets = Result { try Assets(folder: root + "/Assets") }

  /// The features behind one door, as the server would have them. `identify` is the cast's unless given.
  package func open(
    _ features: [any Feature], identify: RouteTable.Identify? = nil, gate: @escaping RouteTable.Gate = { _, _ in nil }
  ) -> TestSite {
    TestSite(house: self, features: features, identify: identify, gate: gate)
  }
}

/// A browser without a browser: requests go through the same middle as the server's, without a port.
package final class TestSite: Sendable {
  package let database: Database
  package let clock: SteppedClock
  package let table: RouteTable
  package let runner: Runner

  init(
    house: TestHouse, features: [any Feature], identify: RouteTable.Identify?, gate: @escaping RouteTable.Gate
  ) {
    database = house.database
    clock = house.clock
    var routes = Routes()
    for feature in features {
      routes.feature = feature.name
      feature.routes(&routes)
    }
    var settings = WebSettings(siteURL: house.site.url, secret: Array(repeating: 7, count: 32))
    settings.rateFactor = 0
    settings.logsRequests = false
    let site = house.site
    table = RouteTable(
      routes, settings: settings, log: .silent, clock: house.clock.clock,
      problemPage: { request, problem in site.problem(problem, for: request) },
      identify: identify ?? { request in Self.actor(request) }, gate: gate)
    runner = Runner(
      database: house.database, handlers: features.flatMap(\.jobs), reactions: features.flatMap(\.reactions),
      schedules: features.flatMap(\.schedules), log: .silent, clock: house.clock.clock)
  }

  private static func actor(_ request: Request) -> Identity? {
    guard let username = request.cookies["session"] else { return nil }
    return Person.cast.first { $0.username == username }?.identity
  }

  package func get(_ address: String, as person: Person? = nil) async -> Response {
    await table.answer(Request(.get, address, headers: headers(person)))
  }

  /// Sends a form with its token, as the page would have.
  package func post(_ address: String, _ form: KeyValuePairs<String, String> = [:], as person: Person? = nil) async
    -> Response
  {
    await post(address, fields: Fields(form.map { (name: $0.key, value: $0.value) }), as: person)
  }

  /// The same for a form that the test puts together.
  package func post(_ address: String, fields: Fields, as person: Person? = nil) async -> Response {
    var headers = headers(person)
    headers.add("content-type", "application/x-www-form-urlencoded")
    var token = ""
    if let person {
      token = table.csrf(for: person.identity)
    } else {
      let proof = table.guestProof()
      headers.add("cookie", proof.cookie)
      token = proof.token
    }
    var fields = fields
    fields.add("_csrf", token)
    return await table.answer(Request(.post, address, headers: headers, body: Array(fields.encoded.utf8)))
  }

  /// Calls the API with a JSON body.
  package func call(
    _ method: Method, _ address: String, _ body: JSON? = nil, as person: Person? = nil,
    headers extra: KeyValuePairs<String, String> = [:]
  ) async -> Response {
    var headers = headers(person)
    for (name, value) in extra { headers.add(name, value) }
    if let person { headers.add("x-csrf-token", table.csrf(for: person.identity)) }
    if body != nil { headers.add("content-type", "application/json") }
    return await table.answer(Request(method, address, headers: headers, body: body?.bytes ?? []))
  }

  private func headers(_ person: Person?) -> Headers {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    if let person { headers.add("cookie", "session=\(person.username)") }
    return headers
  }

  /// Does every job that is due at the clock's time, reactions and schedules too.
  package func runJobs() async throws { try await runner.runDue() }
}
