import Core
import JSON
import Platform
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Admin

/// The whole middle with a door in front, and people who may have a second proof.
struct Gatehouse: Sendable {
  let office: Office
  let maintenance: Maintenance
  let site: TestSite

  init(_ office: Office, open: [String] = [], needsFactor: Bool = false, doubly: [Person] = []) throws {
    self.office = office
    let maintenance = Maintenance(database: office.database)
    self.maintenance = maintenance
    let door = AdministrationDoor(
      open: open.map { AddressRange($0)! }, needsSecondFactor: needsFactor, maintenance: maintenance,
      site: office.house.site)
    site = office.house.open(
      [Pages(site: office.house.site), office.admin],
      identify: { request in
        guard let person = Person.cast.first(where: { $0.username == request.cookies["session"] }) else { return nil }
        var identity = person.identity
        identity.hasSecondFactor = doubly.contains(person)
        return identity
      }, gate: { try await door.judge($0, $1) })
  }

  func get(_ address: String, as person: Person? = nil, from client: String = "127.0.0.1") async -> Response {
    var headers: Headers = ["host": "localhost:8080"]
    if let person { headers.add("cookie", "session=\(person.username)") }
    return await site.table.answer(Request(.get, address, headers: headers, address: client))
  }
}

/// Some addresses of every kind.
struct Pages: Feature {
  let site: Site
  var name: String { "Pages" }
  func routes(_ routes: inout Routes) {
    routes.on(.get, "/", as: Guest.self) { _, _ in .text("home") }
    routes.on(.get, "/sign-in", as: Guest.self) { _, _ in .text("sign in") }
    routes.on(.get, "/account/security", as: Member.self) { _, _ in .text("security") }
    routes.on(.get, Path("/lessons/:booking/room", as: String.self), as: Member.self) { _, _, _ in .text("room") }
    routes.api(.get, "/api/tutors/", as: Guest.self) { _, _ in .text("[]") }
    routes.api(.get, "/api/admin/figures/", as: Guest.self) { _, _ in .text("[]") }
    routes.api(.get, "/readyz", as: Guest.self) { _, _ in .text("ready") }
    routes.quick("/healthz") { _ in .text("ok") }
  }
}

@Suite struct AdministrationDoorTests {
  @Test func `administration opens from its networks alone, in both families`() async throws {
    try await withOffice { office in
      let house = try Gatehouse(office, open: ["203.0.113.0/24", "2001:db8::/32"])
      for address in ["/admin", "/admin/people", "/admin/audit"] {
        for client in ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8:7::1"] {
          #expect(await house.get(address, as: .root, from: client).status == 200, "\(address) \(client)")
        }
        for client in ["198.51.100.1", "2001:db9::1"] {
          let refused = await house.get(address, as: .root, from: client)
          #expect(refused.status == 403 && refused.text.contains("certain networks only"), "\(address) \(client)")
          #expect(refused.text.contains(client))
        }
      }
      // What only looks like it by its address is shut too, and for guests; the rest is open.
      #expect(await house.get("/api/admin/figures/", from: "198.51.100.1").status == 403)
      #expect(await house.get("/admin", from: "198.51.100.1").status == 403)
      #expect(await house.get("/", from: "198.51.100.1").status == 200)
      #expect(await house.get("/account/security", as: .root, from: "198.51.100.1").status == 200)
      // Nobody says by a header of their own where they come from.
      let request = Request(
        .get, "/admin",
        headers: ["host": "localhost:8080", "cookie": "session=root", "x-forwarded-for": "203.0.113.9"],
        address: "198.51.100.1")
      #expect(await house.site.table.answer(request).status == 403)
      // A proxy on this machine is believed.
      let proxied = Request(
        .get, "/admin", headers: ["host": "localhost:8080", "cookie": "session=root", "x-forwarded-for": "203.0.113.9"])
      #expect(await house.site.table.answer(proxied).status == 200)
    }
  }

  @Test func `administrators without a second proof set one up first`() async throws {
    try await withOffice { office in
      let bare = try Gatehouse(office, needsFactor: true)
      let led = await bare.get("/admin/people", as: .root)
      #expect(led.status == 303 && led.header("location") == "/account/security?saved=required")
      #expect(await bare.get("/account/security", as: .root).status == 200)
      let program = await bare.get("/api/admin/figures/", as: .root)
      #expect(program.status == 403 && program.json?["code"]?.string == "second_factor_required")
      #expect(await bare.get("/admin", as: .ben).status == 403)
      let proven = try Gatehouse(office, needsFactor: true, doubly: [.root])
      #expect(await proven.get("/admin/people", as: .root).status == 200)
      let open = try Gatehouse(office)
      #expect(await open.get("/admin/people", as: .root).status == 200)
    }
  }

  @Test func `while the site rests people read why, and administrators, lessons and watchmen pass`() async throws {
    try await withOffice { office in
      let house = try Gatehouse(office)
      #expect(await house.get("/").status == 200)
      try await house.maintenance.begin("Back at noon <ok>.", minutes: 30)
      for person in [nil, Person.ben] {
        let page = await house.get("/", as: person)
        #expect(page.status == 503 && page.header("retry-after") == "1800")
        #expect(page.text.contains("Back at noon &lt;ok&gt;."))
        #expect(pageFaults(page.text) == [])
      }
      let program = await house.get("/api/tutors/")
      #expect(program.status == 503 && program.header("content-type")?.hasPrefix("application/problem+json") == true)
      #expect(program.json?["code"]?.string == "maintenance" && program.json?["detail"]?.string == "Back at noon <ok>.")
      for address in ["/sign-in", "/healthz", "/readyz"] {
        #expect(await house.get(address).status == 200, "\(address)")
      }
      #expect(await house.get("/lessons/abc/room", as: .ben).status == 200)
      for address in ["/", "/admin", "/api/tutors/"] {
        #expect(await house.get(address, as: .root).status == 200, "\(address)")
      }
      #expect(try await house.maintenance.end() == true)
      #expect(try await house.maintenance.end() == false)
      #expect(await house.get("/").status == 200)
      let acts = try await office.database.all(Query<String>("select act from audit_entries order by at, id"))
      #expect(acts == ["maintenance.begun", "maintenance.ended"])
    }
  }

  @Test func `every node hears of it`() async throws {
    try await withOffice { office in
      let (here, there) = (Maintenance(database: office.database), Maintenance(database: office.database))
      try await there.listen()
      #expect(try await there.notice() == nil)
      try await here.begin("First.", minutes: 5)
      while try await there.notice()?.sentence != "First." { await Task.yield() }
      try await here.begin("Second.", minutes: 5)
      while try await there.notice()?.sentence != "Second." { await Task.yield() }
      _ = try await here.end()
      while try await there.notice() != nil { await Task.yield() }
    }
  }
}
