import Bus
import Core
import Crypto
import Files
import JSON
import Legal
import Notices
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Vault
import Web

@testable import Accounts

/// Accounts alone, with its own judgement of who asks: sessions are real here.
struct Town: Sendable {
  let house: TestHouse
  let database: Database
  let sessions: Sessions
  let site: TestSite
  static let password = "river-7-lantern"

  init(_ database: Database, folder: String) async throws {
    self.database = database
    house = try TestHouse(database)
    let sessions = Sessions(database: database, clock: house.clock.clock, secret: "tests")
    self.sessions = sessions
    site = house.open(
      [
        AccountsFeature(
          database: database, site: house.site, sessions: sessions, notices: Notices(bus: Bus(loops: testLoops)),
          files: try Files(folder: folder, pool: house.pool), vault: Vault(KeyRing(Key.fresh(id: "k1")!)),
          pool: house.pool, legal: Legal(clock: house.clock.clock), clock: house.clock.clock,
          showsLetters: false)
      ], identify: { request in try await sessions.identify(request) })
  }

  /// A form of a newcomer.
  func newcomer(_ username: String = "mia", _ changes: KeyValuePairs<String, String> = [:]) -> Fields {
    var values = [
      ("email", "\(username)@example.org"), ("username", username), ("full_name", "Mia Stone"),
      ("password", Self.password),
      ("role", "learner"), ("timezone", "Europe/Paris"), ("accept_terms", "on"),
    ]
    for (name, value) in changes {
      values.removeAll { $0.0 == name }
      values.append((name, value))
    }
    return Fields(values.map { (name: $0.0, value: $0.1) })
  }

  /// A registered and verified person.
  func settle(_ username: String = "mia") async throws {
    #expect(await Browser(self).post("/register", fields: newcomer(username)).status == 200)
    #expect(await Browser(self).post("/verify", ["token": try await token("accounts.verify")]).status == 303)
  }

  /// The token of the newest letter of a kind.
  func token(_ kind: String) async throws -> String {
    let link = try await database.one(
      Query<String>("select link from mails where kind = \(kind) order by created_at desc, id desc limit 1"))
    return String(try #require(link.split(separator: "=").last))
  }

  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }

  func call(_ method: Method, _ address: String, _ body: JSON? = nil, bearer: String? = nil) async -> Response {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    if let bearer { headers.add("authorization", "Bearer \(bearer)") }
    if body != nil { headers.add("content-type", "application/json") }
    return await site.table.answer(Request(method, address, headers: headers, body: body?.bytes ?? []))
  }

  func tokens(_ username: String = "mia") async throws -> (access: String, refresh: String) {
    let answer = await call(.post, "/api/token/", ["username": .string(username), "password": .string(Self.password)])
    #expect(answer.status == 200)
    return (try #require(answer.json?["access"]?.string), try #require(answer.json?["refresh"]?.string))
  }
}

func withTown(_ body: (Town) async throws -> Void) async throws {
  let folder = Folder()
  try await withDatabase { database in try await body(try await Town(database, folder: folder.path)) }
}

/// One browser: keeps its session's cookie, and sends forms with the token its pages would have.
final class Browser: Sendable {
  private let town: Town
  private let kept = Locked<String?>(nil)
  private let half = Locked<String?>(nil)
  private let destination = Locked<String?>(nil)

  init(_ town: Town) { self.town = town }

  var session: String? { kept.withLock { $0 } }

  private func headers() -> Headers {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("user-agent", "Tests/1.0")
    if let session { headers.add("cookie", "session=\(session)") }
    if let half = half.withLock({ $0 }) { headers.add("cookie", "half-way=\(half)") }
    if let next = destination.withLock({ $0 }) { headers.add("cookie", "after-verifying=\(next)") }
    return headers
  }

  private func keep(_ response: Response) -> Response {
    for cookie in response.cookies where cookie.name == "session" {
      kept.withLock { $0 = cookie.value.isEmpty ? nil : cookie.value }
    }
    for cookie in response.cookies where cookie.name == "half-way" {
      half.withLock { $0 = cookie.value.isEmpty ? nil : cookie.value }
    }
    for cookie in response.cookies where cookie.name == "after-verifying" {
      destination.withLock { $0 = cookie.value.isEmpty ? nil : cookie.value }
    }
    return response
  }

  func get(_ address: String) async -> Response {
    keep(await town.site.table.answer(Request(.get, address, headers: headers())))
  }

  func post(_ address: String, _ form: KeyValuePairs<String, String> = [:], isProven: Bool = true) async -> Response {
    await post(address, fields: Fields(form.map { (name: $0.key, value: $0.value) }), isProven: isProven)
  }

  func post(_ address: String, fields: Fields, isProven: Bool = true) async -> Response {
    var headers = headers()
    headers.add("content-type", "application/x-www-form-urlencoded")
    var fields = fields
    if isProven {
      if let identity = try? await town.sessions.identify(Request(.get, "/", headers: headers)) {
        fields.add("_csrf", town.site.table.csrf(for: identity))
      } else {
        let proof = town.site.table.guestProof()
        headers.add("cookie", proof.cookie)
        fields.add("_csrf", proof.token)
      }
    }
    return keep(
      await town.site.table.answer(Request(.post, address, headers: headers, body: Array(fields.encoded.utf8))))
  }

  func signIn(_ login: String = "mia", _ password: String = Town.password, _ more: KeyValuePairs<String, String> = [:])
    async -> Response
  {
    await post(
      "/sign-in",
      fields: Fields(
        [("login", login), ("password", password)].map { (name: $0.0, value: $0.1) }
          + more.map { (name: $0.key, value: $0.value) }))
  }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}
