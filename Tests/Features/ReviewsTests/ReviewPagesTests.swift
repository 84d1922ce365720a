import Bus
import Core
import JSON
import Notices
import Platform
import Postgres
import Site
import TestKit
import Testing
import Tutors
import Web

@testable import Reviews

/// Ada taught Ben algebra, as often as a test likes; the reviews are all there is to see.
struct Parlour: Sendable {
  let house: TestHouse
  let database: Database
  let feature: ReviewsFeature
  let site: TestSite
  static let algebra = ID<Subject>("01900000-0000-7000-8000-00000000a1ee")!

  init(_ database: Database) async throws {
    self.database = database
    house = try TestHouse(database)
    feature = ReviewsFeature(
      database: database, site: house.site, tutors: Tutors(), notices: Notices(bus: Bus(loops: testLoops)),
      clock: house.clock.clock)
    site = house.open([feature])
    try await database.insert()
    try await database.run(
      Query(
        "insert into subjects (id, slug, title, category) values (\(Self.algebra), 'algebra', 'Algebra', 'university')")
    )
    try await database.run(
      Query("insert into tutors (user_id, slug, headline, state) values (\(Person.ada.id), 'ada', 'Clear', 'verified')")
    )
    try await database.run(
      Query(
        "insert into tutor_subjects (tutor_id, subject_id, hourly_rate) values (\(Person.ada.id), \(Self.algebra), 0)"))
    try await database.transaction { tx in try await Tutors().refreshListing(of: Person.ada.id, in: tx) }
  }

  /// A free lesson of the two, `ago`; held unless the state says otherwise.
  func lesson(_ ago: Duration = .hours(2), with learner: Person = .ben, state: String = "completed") async throws -> ID<
    Booking
  > {
    let id = ID<Booking>.new()
    let start = house.clock.now - ago - .hours(1)
    let finished: Instant? = state == "completed" ? start + .hours(1) : nil
    try await database.run(
      Query(
        """
        insert into bookings (id, tutor_id, learner_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency, fee_basis_points,
               policy, learner_zone, tutor_zone, room_code, finished_at)
        values (\(id), \(Person.ada.id), \(learner.id), \(Self.algebra), \(state), 'instant', \(start), \(start + .hours(1)), \(start..<start + .hours(1)),
               0, 'USD', 1800, '{}', 'UTC', 'UTC', \(id.description), \(finished))
        """))
    return id
  }

  func rate(_ booking: ID<Booking>, _ stars: String, _ words: String = "", as person: Person = .ben) async -> Response {
    await site.post("/lessons/\(booking)/review", ["stars": stars, "words": words, "clarity": "5"], as: person)
  }

  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }
}

func withParlour(_ body: (Parlour) async throws -> Void) async throws {
  try await withDatabase { database in try await body(try await Parlour(database)) }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}

@Suite struct ReviewPagesTests {
  @Test func `a review is written, read by everybody, and counted where search sorts`() async throws {
    try await withParlour { parlour in
      let lesson = try await parlour.lesson()
      let form = await parlour.site.get("/lessons/\(lesson)/review", as: .ben)
      #expect(form.status == 200 && form.text.contains("Ada Baig") && !form.text.contains("⟦"))
      let done = await parlour.rate(lesson, "4", "Clear and <b>kind</b>")
      #expect(done.header("location") == "/tutors/ada")
      let page = await parlour.site.get("/tutors/ada/reviews")
      #expect(page.status == 200 && page.text.contains("Clear and &lt;b&gt;kind") && !page.text.contains("⟦"))
      #expect(page.text.contains("Ben") && !page.text.contains("Ortiz"), "a family name is not shown")
      #expect(pageFaults(page.text) == [] && pageFaults(form.text) == [])
      let row = try await parlour.database.one(
        Query<(Int, Int)>("select rating, rating_count from tutor_listings where is_main"))
      #expect(row == (4000, 1))
      _ = await parlour.rate(try await parlour.lesson(.hours(5), with: .cleo), "5", as: .cleo)
      let after = try await parlour.database.one(
        Query<(Int, Int)>("select rating, rating_count from tutor_listings where is_main"))
      #expect(after == (4500, 2))
      #expect(try await parlour.count("select (document::jsonb->'rating'->>'count')::int from tutor_listings") == 2)
      #expect(try await parlour.count("select count(*) from mails where kind = 'reviews.written'") == 2)
    }
  }

  @Test func `a refused draft comes back with its words and a reason`() async throws {
    try await withParlour { parlour in
      let lesson = try await parlour.lesson()
      for stars in ["9", "0", "", "x", "-1", "99999999999999999999"] {
        let page = await parlour.rate(lesson, stars, "keep me")
        #expect(page.status == 422 && page.text.contains("keep me") && !page.text.contains("⟦"), "\(stars)")
      }
      for words in [String(repeating: "x", count: 2001), String(repeating: "👨‍👩‍👧‍👦", count: 400)] {
        #expect(await parlour.rate(lesson, "5", words).status == 422)
      }
      let aspect = await parlour.site.post("/lessons/\(lesson)/review", ["stars": "5", "patience": "7"], as: .ben)
      #expect(aspect.status == 422 && !aspect.text.contains("⟦"))
      #expect(try await parlour.count("select count(*) from reviews") == 0)
    }
  }

  @Test func `only a held lesson of one's own is reviewed, while it is remembered, and once`() async throws {
    try await withParlour { parlour in
      let open = try await parlour.lesson(.hours(9), state: "cancelled")
      let page = await parlour.site.get("/lessons/\(open)/review", as: .ben)
      #expect(page.status == 200 && !page.text.contains("name=\"stars\""))
      #expect(await parlour.rate(open, "5").status == 422)
      let old = try await parlour.lesson(.days(61))
      #expect(await parlour.rate(old, "5").status == 422)
      let lesson = try await parlour.lesson()
      for person in [Person.cleo, .ada, .root] {
        #expect(await parlour.site.get("/lessons/\(lesson)/review", as: person).status == 404, "\(person.name)")
        #expect(await parlour.rate(lesson, "1", as: person).status == 404, "\(person.name)")
      }
      #expect(await parlour.site.get("/lessons/\(lesson)/review").status == 303)
      #expect(await parlour.rate(lesson, "5").status == 303)
      let again = await parlour.rate(lesson, "1", "changed my mind")
      #expect(again.status == 422 && !again.text.contains("⟦"))
      #expect(try await parlour.count("select stars from reviews") == 5)
      #expect(await parlour.site.get("/tutors/nobody/reviews").status == 404)
    }
  }

  @Test func `many tabs write one review, and many learners are all counted`() async throws {
    try await withParlour { parlour in
      let lesson = try await parlour.lesson()
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<12 { group.addTask { await parlour.rate(lesson, "5").status } }
        return await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 303 } == 1 && statuses.count { $0 == 422 } == 11, "\(statuses)")
      var others: [ID<Booking>] = []
      for hour in 1...12 { others.append(try await parlour.lesson(.hours(2 + 2 * hour))) }
      await withTaskGroup(of: Void.self) { group in
        for lesson in others { group.addTask { _ = await parlour.rate(lesson, "3") } }
      }
      let row = try await parlour.database.one(Query<(Int, Int)>("select rating_sum, rating_count from tutors"))
      #expect(row == (41, 13))
      #expect(try await parlour.count("select rating_count from tutor_listings") == 13)
    }
  }

  @Test func `the tutor answers, may reword, and nobody else does`() async throws {
    try await withParlour { parlour in
      let lesson = try await parlour.lesson()
      #expect(await parlour.rate(lesson, "5", "Fine").status == 303)
      let review = try await parlour.database.one(Query<ID<ReviewID>>("select id from reviews"))
      let address = "/reviews/\(review)/reply"
      #expect(await parlour.site.post(address, ["words": "Mine now"], as: .dan).status == 404)
      #expect(await parlour.site.post(address, ["words": "Mine now"], as: .ben).status == 403)
      for words in ["", "  ", String(repeating: "x", count: 2001), String(repeating: "👨‍👩‍👧‍👦", count: 400)] {
        #expect(await parlour.site.post(address, ["words": words], as: .ada).status == 422)
      }
      let done = await parlour.site.post(address, ["words": "Thank <i>you</i>", "next": "//evil.example"], as: .ada)
      #expect(done.header("location") == "/dashboard")
      #expect(
        await parlour.site.post(address, ["words": "Thank <i>you</i>", "next": "/tutors/ada"], as: .ada).header(
          "location") == "/tutors/ada")
      let page = await parlour.site.get("/tutors/ada/reviews", as: .ada)
      #expect(page.text.contains("Thank &lt;i&gt;you") && page.text.contains(address) && !page.text.contains("⟦"))
      #expect(await !parlour.site.get("/tutors/ada/reviews").text.contains(address))
      #expect(await parlour.site.post("/reviews/\(ID<ReviewID>.new())/reply", ["words": "x"], as: .ada).status == 404)
    }
  }

  @Test func `a program rates the newest lesson, and is told when there is none`() async throws {
    try await withParlour { parlour in
      let address = "/api/users/mentors/\(Person.ada.id)/rate/"
      #expect(await parlour.site.call(.post, address, ["rating": 5], as: .ben).status == 409)
      let older = try await parlour.lesson(.days(3)), newer = try await parlour.lesson()
      let refused = await parlour.site.call(.post, address, ["rating": 6], as: .ben)
      #expect(refused.status == 422 && refused.json?["errors"]?["rating"] != nil)
      #expect(
        await parlour.site.call(.post, address, ["rating": 5, "aspects": ["clarity": "x"]], as: .ben).status == 422)
      let first = await parlour.site.call(
        .post, address, ["rating": 5, "comment": "Good", "aspects": ["clarity": 4]], as: .ben)
      #expect(first.status == 201 && first.json?["booking"]?.string == newer.description)
      let second = await parlour.site.call(.post, address, ["rating": 4], as: .ben)
      #expect(second.status == 201 && second.json?["booking"]?.string == older.description)
      #expect(await parlour.site.call(.post, address, ["rating": 5], as: .ben).status == 409)
      #expect(await parlour.site.call(.post, address, ["rating": 5], as: .cleo).status == 409)
      #expect(await parlour.site.call(.post, address, ["rating": 5]).status == 401)
      #expect(await parlour.site.call(.post, "/api/users/mentors/x/rate/", ["rating": 5], as: .ben).status == 404)
    }
  }
}
