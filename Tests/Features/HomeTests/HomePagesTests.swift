import Bus
import Core
import Files
import JSON
import Ledger
import Notices
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Bookings
@testable import Home
@testable import Tutors

/// Ada teaches algebra for nothing, so that lessons need no till; Ben learns.
struct Hearth: Sendable {
  let house: TestHouse
  let database: Database
  let bookings: Bookings
  let bus: Bus
  let site: TestSite

  init(_ database: Database, folder: String) async throws {
    self.database = database
    house = try TestHouse(database)
    let clock = house.clock.clock
    bus = Bus(loops: testLoops)
    let notices = Notices(bus: bus)
    let ledger = Ledger(clock: clock)
    bookings = Bookings(site: house.site, ledger: ledger, notices: notices, clock: clock)
    let tutors = TutorsFeature(
      database: database, site: house.site, files: try Files(folder: folder, pool: house.pool), notices: notices,
      accounts: Accounts(sessions: Sessions(database: database, clock: clock, secret: "tests")), clock: clock)
    site = house.open([
      tutors, BookingsFeature(database: database, site: house.site, bookings: bookings, clock: clock),
      HomeFeature(
        database: database, site: house.site, bus: bus, bookings: bookings, tutors: tutors, ledger: ledger, clock: clock
      ),
    ])
    try await database.insert()
    let algebra = ID<Subject>.new()
    try await database.run(
      Query("insert into subjects (id, slug, title, category) values (\(algebra), 'algebra', 'Algebra', 'university')"))
    try await database.run(
      Query(
        "insert into tutors (user_id, slug, headline, approval, state) values (\(Person.ada.id), 'ada', 'Clear', 'request', 'verified')"
      ))
    try await database.run(
      Query(
        "insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations) values (\(Person.ada.id), \(algebra), 0, '{60}')"
      ))
    try await database.run(
      Query("insert into availability_settings (tutor_id, zone, notice) values (\(Person.ada.id), 'UTC', 0)"))
    try await database.run(
      Query(
        "insert into availability_hours (tutor_id, weekday, hours) select \(Person.ada.id), d, int4range(0, 1440) from generate_series(1, 7) d"
      ))
    try await database.transaction { tx in try await Tutors().refreshListing(of: Person.ada.id, in: tx) }
  }

  func book(_ hour: Int = 0) async throws -> ID<Booking> {
    let starts = Instant(rfc3339: "2026-11-23T12:00:00Z")! + .hours(hour)
    let answer = await site.post(
      "/tutors/ada/book", ["subject": "algebra", "minutes": "60", "starts_at": starts.rfc3339, "key": "k\(hour)"],
      as: .ben)
    #expect(answer.status == 303)
    return try #require(ID<Booking>(String(answer.header("location")?.split(separator: "/").last ?? "")))
  }
}

func withHearth(_ body: (Hearth) async throws -> Void) async throws {
  let folder = Folder()
  try await withDatabase { database in try await body(try await Hearth(database, folder: folder.path)) }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}

@Suite struct HomePagesTests {
  @Test func `a visitor sees what the house is for, in either language, with one title`() async throws {
    try await withHearth { hearth in
      let page = await hearth.site.get("/")
      #expect(
        page.status == 200 && page.text.contains("Ada Baig") && page.text.contains("Algebra")
          && !page.text.contains("⟦"))
      #expect(pageFaults(page.text) == [] && page.text.contains("lang=\"en\""))
      #expect(!page.text.contains("@example.org"))
      var headers = Headers()
      headers.add("host", "localhost:8080")
      headers.add("accept-language", "ar")
      let arabic = await hearth.site.table.answer(Request(.get, "/", headers: headers))
      #expect(arabic.text.contains("dir=\"rtl\"") && arabic.text.contains("تسجيل الدخول"))
      let answer = await hearth.site.get("/dashboard")
      #expect(answer.status == 303 && answer.header("location")?.hasPrefix("/sign-in?next=") == true)
      try await hearth.database.run(Query<Void>("delete from tutor_listings"))
      #expect(await hearth.site.get("/").status == 200, "an empty house opens too")
    }
  }

  @Test func `each dashboard says what comes next`() async throws {
    try await withHearth { hearth in
      let empty = await hearth.site.get("/dashboard", as: .ben)
      #expect(
        empty.status == 200 && empty.text.contains("Ben") && empty.text.contains("Ada Baig")
          && !empty.text.contains("⟦"))
      let newcomer = await hearth.site.get("/dashboard", as: .dan)
      #expect(pageFaults(newcomer.text) == [] && pageFaults(empty.text) == [])
      #expect(newcomer.status == 200 && newcomer.text.contains("/tutor/profile") && !newcomer.text.contains("⟦"))
      let booking = try await hearth.book()
      let asked = await hearth.site.get("/dashboard", as: .ada)
      #expect(
        asked.status == 200 && asked.text.contains("Ben Ortiz") && asked.text.contains("/bookings/\(booking)")
          && !asked.text.contains("⟦"))
      #expect(await hearth.site.post("/bookings/\(booking)/answer", ["answer": "accept"], as: .ada).status == 303)
      for person in [Person.ben, .ada] {
        let page = await hearth.site.get("/dashboard", as: person)
        #expect(
          page.text.contains("/bookings/\(booking)") && page.text.contains("Confirmed") && !page.text.contains("⟦"))
        #expect(pageFaults(page.text) == [])
      }
      let other = await hearth.site.get("/dashboard", as: .cleo)
      #expect(!other.text.contains("\(booking)"))
      for _ in 0..<1 {
        hearth.house.clock.set(to: Instant(rfc3339: "2026-11-23T13:05:00Z")!)
        try await hearth.database.transaction { tx in
          _ = try await hearth.bookings.begin(booking, in: tx)
          _ = try await hearth.bookings.complete(booking, in: tx)
        }
      }
      #expect(await hearth.site.get("/dashboard", as: .ben).text.contains("/lessons/\(booking)/review"))
    }
  }

  @Test func `programs read the same, each their own side`() async throws {
    try await withHearth { hearth in
      let booking = try await hearth.book()
      let learner = await hearth.site.call(.get, "/api/dashboard/learner/", as: .ben)
      #expect(learner.status == 200 && learner.json?["upcoming"]?[0]?["id"]?.string == booking.description)
      #expect(learner.json?["upcoming"]?[0]?["with"]?.string == "Ada Baig" && learner.json?["lessons_held"]?.int == 0)
      let tutor = await hearth.site.call(.get, "/api/dashboard/tutor/", as: .ada)
      #expect(tutor.status == 200 && tutor.json?["requests"]?[0]?["with"]?.string == "Ben Ortiz")
      #expect(tutor.json?["upcoming"]?.array?.isEmpty == true)
      #expect(await hearth.site.call(.get, "/api/dashboard/tutor/", as: .ben).status == 403)
      #expect(await hearth.site.call(.get, "/api/dashboard/learner/").status == 401)
      #expect(
        await hearth.site.call(.get, "/api/dashboard/learner/", as: .cleo).json?["upcoming"]?.array?.isEmpty == true)
    }
  }

  @Test func `what changes a booking is told to the dashboards of its two people`() async throws {
    try await withHearth { hearth in
      let heard = Locked<[String]>([])
      let subscriptions = [Person.ada, .ben, .cleo].map { person in
        hearth.bus.subscribe(DashboardChannel.topic(of: person.id)) { text in
          heard.withLock { $0.append("\(person.username) \(text)") }
        }
      }
      let booking = try await hearth.book()
      try await hearth.site.runJobs()
      let lines = heard.withLock { $0 }
      #expect(Set(lines.map { $0.prefix(3) }) == ["ada", "ben"])
      #expect(
        lines.allSatisfy { $0.contains("request_update") && $0.contains(booking.description) && !$0.contains("@") })
      subscriptions.forEach { $0.cancel() }
    }
  }
}
