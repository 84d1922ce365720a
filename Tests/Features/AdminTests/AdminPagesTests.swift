import Bus
import Core
import Files
import JSON
import Jobs
import Ledger
import Legal
import Notices
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Admin
@testable import Tutors

/// The office: what administrators see and do. Sessions are real, so that shutting somebody out can be seen.
struct Office: Sendable {
  let house: TestHouse
  let database: Database
  let sessions: Sessions
  let site: TestSite
  let admin: AdminFeature

  init(_ database: Database, folder: String) async throws {
    self.database = database
    house = try TestHouse(database)
    let clock = house.clock.clock
    let notices = Notices(bus: Bus(loops: testLoops))
    sessions = Sessions(database: database, clock: clock, secret: "tests")
    let tutors = TutorsFeature(
      database: database, site: house.site, files: try Files(folder: folder, pool: house.pool), notices: notices,
      accounts: Accounts(sessions: sessions), clock: clock)
    admin = AdminFeature(
      database: database, site: house.site, tutors: tutors, ledger: Ledger(clock: clock), sessions: sessions,
      legal: Legal(clock: clock), standardText: StandardText(outsiders: [.mail]), clock: clock)
    site = house.open([tutors, admin])
    try await database.insert()
  }

  static let pages = [
    "/admin", "/admin/people", "/admin/verification", "/admin/bookings", "/admin/outbox", "/admin/jobs", "/admin/audit",
    "/admin/legal", "/admin/legal/terms/en", "/admin/legal/privacy/ur",
  ]

  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }

  func submit(_ person: Person = .dan) async throws {
    let subject = ID<Subject>.new()
    try await database.run(
      Query("insert into subjects (id, slug, title, category) values (\(subject), 'algebra', 'Algebra', 'university')"))
    try await database.run(
      Query(
        """
        insert into tutors (user_id, slug, headline, biography, state, submitted_at)
        values (\(person.id), \(person.username), '<b>Clear</b>', \(String(repeating: "I teach with patience. ", count: 8)), 'submitted', now())
        """))
    try await database.run(
      Query("insert into tutor_subjects (tutor_id, subject_id, hourly_rate) values (\(person.id), \(subject), 4500)"))
    try await database.run(
      Query("insert into tutor_languages (tutor_id, language, fluency) values (\(person.id), 'en', 'native')"))
  }
}

func withOffice(_ body: (Office) async throws -> Void) async throws {
  let folder = Folder()
  try await withDatabase { database in try await body(try await Office(database, folder: folder.path)) }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}

@Suite struct AdminPagesTests {
  @Test func `the overview draws a month of bookings and money, one chart a currency`() async throws {
    try await withOffice { office in
      let empty = await office.site.get("/admin", as: .root)
      #expect(empty.status == 200 && empty.text.contains("The last thirty days") && !empty.text.contains("⟦"))
      let ledger = Ledger(clock: office.house.clock.clock)
      let (ben, ada, price) = (Person.ben.id, Person.ada.id, Money(4500, .usd))
      try await office.database.transaction { tx in
        for isKept in [true, false] {
          let booking = ID<Booking>.new()
          try await ledger.post(.payment(ID<Payment>.new(), by: ben, price), in: tx)
          try await ledger.post(.reserve(price, of: ben, for: booking), in: tx)
          if isKept {
            try await ledger.post(
              .capture(FeeSplit(of: price, basisPoints: 1800), of: ben, to: ada, for: booking), in: tx)
          } else {
            let nothing = FeeSplit(of: Money(0, .usd), basisPoints: 1800)
            try await ledger.post(.release(price, of: ben, keeping: nothing, to: ada, for: booking), in: tx)
          }
        }
      }
      let page = await office.site.get("/admin", as: .root)
      #expect(page.text.contains("Money, USD") && page.text.contains("$90 paid in; 50 % of it given back."))
      #expect(page.text.contains("data-label=\"Fees\">$8.10</td>") && pageFaults(page.text) == [])
    }
  }

  @Test func `administration is for administrators alone`() async throws {
    try await withOffice { office in
      let mail = ID<MailLine.Key>.new()
      let gets = Office.pages + ["/admin/verification/\(Person.dan.id)", "/admin/outbox/\(mail)"]
      let posts = [
        "/admin/people/\(Person.ben.id)/suspension", "/admin/verification/\(Person.dan.id)/verdict",
        "/admin/verification/\(Person.dan.id)/credentials/\(ID<Credential>.new())",
        "/admin/jobs/\(ID<QueuedJob>.new())/rerun",
      ]
      for person in [Person.ben, .ada] {
        for address in gets { #expect(await office.site.get(address, as: person).status == 403, "\(address)") }
        for address in posts {
          #expect(
            await office.site.post(address, ["suspend": "on", "verdict": "verify"], as: person).status == 403,
            "\(address)")
        }
      }
      for address in gets { #expect(await office.site.get(address).status == 303, "\(address)") }
      for address in posts { #expect(await office.site.post(address).status == 303, "\(address)") }
      let suspended = try await office.count("select count(*) from users where suspended_at is not null")
      #expect(suspended == 0)
      // Who moderates is staff, and no administrator.
      let routes = office.site.table.listing.filter { $0.template.hasPrefix("/admin") }
      #expect(routes.count >= 12 && routes.allSatisfy { "\($0.viewer)".contains("Administrator") })
    }
  }

  @Test func `each page opens, has one title and every sentence`() async throws {
    try await withOffice { office in
      try await office.submit()
      for address in Office.pages + [
        "/admin/people?q=ben", "/admin/people?q=%25", "/admin/people?q=%27", "/admin/verification/\(Person.dan.id)",
        "/admin/people?after=zz", "/admin/outbox?after=00",
      ] {
        let page = await office.site.get(address, as: .root)
        #expect(page.status == 200, "\(address)")
        #expect(pageFaults(page.text) == [], "\(address)")
        #expect(!page.text.contains("<b>Clear"), "\(address)")
      }
      let found = await office.site.get("/admin/people?q=ORTIZ", as: .root)
      #expect(found.text.contains("ben@example.org") && !found.text.contains("cleo@example.org"))
    }
  }

  @Test
  func `the books go home as a table, to the administrator alone, with nothing in it that a spreadsheet would run`()
    async throws
  {
    try await withOffice { office in
      let ledger = Ledger(clock: office.house.clock.clock)
      let references = (0..<3).map { _ in ID<Reference>.new() }
      try await office.database.transaction { tx in
        for reference in references {
          try await ledger.post(
            .payment(
              reference, by: Person.ben.id, Money(4550, .usd),
              memo: ["gateway": "=HYPERLINK(\"https://evil.example\")"]), in: tx)
        }
      }
      let table = await office.site.get("/admin/ledger.csv", as: .root)
      #expect(table.status == 200)
      #expect(table.header("content-type") == "text/csv; charset=utf-8")
      #expect(table.header("content-disposition")?.contains("ledger-2026-11-20.csv") == true)
      #expect(table.header("cache-control") == "no-store")
      let lines = table.text.split(separator: "\r\n")
      #expect(lines.count == 1 + 2 * references.count)
      #expect(lines[0].hasSuffix("entry,at,kind,reference,account,owner,purpose,amount,currency,memo,hash"))
      #expect(lines.count { $0.contains(",45.50,USD,") } == 3)
      #expect(lines.count { $0.contains(",-45.50,USD,") } == 3)
      #expect(!lines.contains { $0.contains(",=") || $0.hasPrefix("=") })
      for person in [nil, Person.ben] as [Person?] {
        #expect(await office.site.get("/admin/ledger.csv", as: person).status == (person == nil ? 303 : 403))
      }
      #expect(await office.site.call(.head, "/admin/ledger.csv", as: .root).status == 200)
    }
  }

  @Test func `suspending shuts a person out at once, and not oneself`() async throws {
    try await withOffice { office in
      let cookie = try await office.database.transaction { tx in
        try await office.sessions.openWeb(for: Person.ben.id, remember: true, device: nil, in: tx)
      }
      let request = Request(.get, "/", headers: ["cookie": "session=\(cookie.value)"])
      #expect(try await office.sessions.identify(request)?.user == Person.ben.id)
      #expect(
        await office.site.post("/admin/people/\(Person.ben.id)/suspension", ["suspend": "on"], as: .root).status == 303)
      #expect(try await office.sessions.identify(request) == nil)
      #expect(try await office.count("select count(*) from audit_entries where act = 'account.suspended'") == 1)
      #expect(await office.site.post("/admin/people/\(Person.ben.id)/suspension", as: .root).status == 303)
      #expect(try await office.count("select count(*) from users where suspended_at is not null") == 0)
      #expect(try await office.sessions.identify(request) == nil, "a restored person signs in anew")
      #expect(
        await office.site.post("/admin/people/\(Person.root.id)/suspension", ["suspend": "on"], as: .root).status == 422
      )
      #expect(
        await office.site.post("/admin/people/\(ID<User>.new())/suspension", ["suspend": "on"], as: .root).status == 404
      )
    }
  }

  @Test func `a tutor is verified or sent back with a reason, once`() async throws {
    try await withOffice { office in
      try await office.submit()
      let address = "/admin/verification/\(Person.dan.id)/verdict"
      let bare = await office.site.post(address, ["verdict": "reject"], as: .root)
      #expect(bare.status == 422 && !bare.text.contains("⟦"))
      #expect(
        await office.site.post(address, ["verdict": "reject", "reason": String(repeating: "👨‍👩‍👧‍👦", count: 400)], as: .root)
          .status == 303)
      #expect(await office.site.post(address, ["verdict": "reject", "reason": "again"], as: .root).status == 409)
      #expect(await office.site.post(address, ["verdict": "verify"], as: .root).status == 303)
      #expect(await office.site.get("/tutors/dan").status == 200)
      #expect(await office.site.post(address, ["verdict": "verify"], as: .root).status == 409)
      #expect(
        await office.site.post("/admin/verification/\(Person.ben.id)/verdict", ["verdict": "verify"], as: .root).status
          == 404)
      let told = try await office.database.all(
        Query<String>("select kind from mails where user_id = \(Person.dan.id) order by created_at, id"))
      #expect(told.sorted() == ["tutors.rejected", "tutors.verified"])
    }
  }

  @Test func `a credential's verdict shows on the tutor's card`() async throws {
    try await withOffice { office in
      try await office.submit()
      let credential = ID<Credential>.new()
      try await office.database.run(
        Query(
          "insert into credentials (id, tutor_id, kind, title) values (\(credential), \(Person.dan.id), 'degree', 'MSc Mathematics')"
        ))
      #expect(
        await office.site.post("/admin/verification/\(Person.dan.id)/verdict", ["verdict": "verify"], as: .root).status
          == 303)
      #expect(await !office.site.get("/tutors/dan").text.contains("MSc Mathematics"))
      #expect(
        await office.site.post(
          "/admin/verification/\(Person.dan.id)/credentials/\(credential)", ["good": "on"], as: .root
        ).status == 303)
      #expect(await office.site.get("/tutors/dan").text.contains("MSc Mathematics"))
      #expect(
        await office.site.call(.get, "/api/tutors/").json?["results"]?[0]?["credentials"]?[0]?["title"]?.string
          == "MSc Mathematics")
    }
  }

  @Test func `the outbox shows letters, and a dead job is run again`() async throws {
    try await withOffice { office in
      try await office.database.transaction { tx in
        try await Notices(bus: Bus(loops: testLoops)).mail(
          Person.ben.id, "accounts.passwordChanged", link: "/forgotten-password", in: tx)
      }
      let list = await office.site.get("/admin/outbox", as: .root)
      #expect(list.text.contains("ben@example.org") && !list.text.contains("⟦"))
      let mail = try await office.database.one(Query<ID<MailLine.Key>>("select id from mails"))
      let letter = await office.site.get("/admin/outbox/\(mail)", as: .root)
      #expect(letter.status == 200 && !letter.text.contains("⟦"))
      #expect(await office.site.get("/admin/outbox/\(ID<MailLine.Key>.new())", as: .root).status == 404)
      try await office.database.run(
        Query<Void>(
          "update jobs set dead_at = now(), attempts = max_attempts, last_error = '<i>no route</i>' where name = 'notices.send-mail'"
        ))
      let jobs = await office.site.get("/admin/jobs", as: .root)
      #expect(
        jobs.text.contains("notices.send-mail") && jobs.text.contains("&lt;i&gt;no route") && !jobs.text.contains("⟦"))
      let job = try await office.database.one(Query<ID<QueuedJob>>("select id from jobs where dead_at is not null"))
      #expect(await office.site.post("/admin/jobs/\(job)/rerun", as: .root).status == 303)
      #expect(
        try await office.count(
          "select count(*) from jobs where dead_at is null and attempts = 0 and name = 'notices.send-mail'") == 1)
      #expect(await office.site.post("/admin/jobs/\(job)/rerun", as: .root).status == 409)
      #expect(await office.site.post("/admin/jobs/\(ID<QueuedJob>.new())/rerun", as: .root).status == 409)
    }
  }

  @Test func `a dead job whose like waits already stays dead`() async throws {
    try await withOffice { office in
      let old = ID<QueuedJob>.new()
      try await office.database.run(
        Query<Void>(
          """
          insert into jobs (id, name, payload, key, attempts, dead_at) values (\(old), 'tests.keyed', '{}', 'k', 10, now()),
            (\(ID<QueuedJob>.new()), 'tests.keyed', '{}', 'k', 0, null)
          """))
      #expect(await office.site.post("/admin/jobs/\(old)/rerun", as: .root).status == 409)
      #expect(try await office.count("select count(*) from jobs where dead_at is not null") == 1)
    }
  }

  @Test func `bookings are a file of any length, written while it is read`() async throws {
    try await withOffice { office in
      let people = [ID<User>.new(), .new()]
      try await office.database.run(
        Query<Void>(
          """
          insert into users (id, email, username, full_name, password_hash, terms_accepted_at)
          select id, 'e' || n || '@example.org', 'e' || n || 'x', '=cmd("' || n || '", 1)', 'x', now()
            from unnest(\(people)::uuid[]) with ordinality as b (id, n)
          """))
      let subject = ID<Subject>.new()
      try await office.database.run(
        Query<Void>(
          "insert into subjects (id, slug, title, category) values (\(subject), 'export', 'Sums, large', 'university')")
      )
      let count = 1003
      try await office.database.run(
        Query<Void>(
          """
          insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                                fee_basis_points, policy, room_code, learner_zone, tutor_zone)
          select gen_random_uuid(), \(people[0]), \(people[1]), \(subject), 'completed', 'instant', at, at + interval '1 hour',
                 tstzrange(at, at + interval '1 hour', '[)'), 4500, 'USD', 1800, '{}', 'room-number-' || n, 'UTC', 'UTC'
            from generate_series(1, \(count)) n, lateral (select timestamptz '2026-01-01 00:00Z' + n * interval '1 hour') t (at)
          """))
      let answer = await office.site.get("/admin/bookings.csv", as: .root)
      #expect(answer.status == 200 && answer.header("content-disposition")?.contains("bookings-2026") == true)
      let lines = answer.text.split(separator: "\r\n" as Character)
      try #require(lines.count == count + 1 && Set(lines).count == lines.count)
      #expect(lines[0].hasPrefix("\u{FEFF}id,created_at,state"))
      #expect(lines[1].contains(",\"Sums, large\",\"'=cmd(\"\"2\"\", 1)\",") && lines[1].hasSuffix(",45.00,0.00,USD"))
      for person in [Person.ben, .ada] {
        #expect(await office.site.get("/admin/bookings.csv", as: person).status == 403)
      }
    }
  }
}
