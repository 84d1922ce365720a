import Core
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Tutors

@Suite struct SearchingPagesTests {
  private func saved(_ guild: Guild) async throws -> [SavedSearch] {
    try await guild.database.all(.savedSearches(of: Person.ben.id))
  }

  /// Verified now, and found by whoever looks for algebra.
  private func newcomer(_ guild: Guild, _ username: String, subject: ID<Subject> = Guild.algebra) async throws {
    let person = try await guild.newcomer(username, username + " Newman")
    try await guild.list(person, subjects: [(subject, 3000)])
    try await guild.database.run(
      Query("update tutors set verified_at = \(guild.house.clock.clock.now) where user_id = \(person.id)"))
  }

  @Test func `up to three tutors stand side by side, in the order of the address, without an account`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, rating: (9, 2), city: "Lahore")
      try await guild.list(.dan, subjects: [(Guild.piano, 0)], languages: ["ar", "en"])
      let page = await guild.site.get("/compare?t=dan&t=nobody&t=ada")
      #expect(page.status == 200 && !page.text.contains("⟦"))
      let names = page.text.matches(of: /href="\/tutors\/(\w+)">/).map { String($0.1) }
      #expect(names == ["dan", "ada"])
      #expect(page.text.contains("$45") && page.text.contains("Lahore") && page.text.contains("Arabic, English"))
      #expect(page.text.contains("href=\"/compare?t=ada\"") && page.text.contains("href=\"/compare?t=dan\""))
      let none = await guild.site.get("/compare")
      #expect(none.status == 200 && none.text.contains("Nobody to compare yet"))
    }
  }

  @Test func `the search's form leads to an address of names alone, three at most`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada)
      let list = await guild.site.get("/tutors")
      #expect(list.text.contains("name=\"t\" value=\"ada\"") && list.text.contains("formaction=\"/compare\""))
      let sent = await guild.site.get("/compare?q=&subject=&t=ada&sort=rating")
      #expect(sent.status == 303 && sent.header("location") == "/compare?t=ada")
      let many = await guild.site.get("/compare?t=a1&t=a2&t=a1&t=a3&t=a4")
      #expect(many.header("location") == "/compare?t=a1&t=a2&t=a3&more=1")
      #expect(await guild.site.get("/compare?t=ada&more=1").text.contains("Only 3 fit side by side."))
    }
  }

  @Test func `a search is kept under a name, once for each question, and only its owner sees and deletes it`()
    async throws
  {
    try await withGuild { guild in
      let form = await guild.site.get("/saved-searches?subject=algebra&price_max=50&after=x&new=1", as: .ben)
      #expect(form.status == 200 && form.text.contains("value=\"price_max=50&amp;subject=algebra\""))
      #expect(form.text.contains("value=\"Algebra, up to $50\"") || form.text.contains("value=\"Algebra, "))
      let keep: KeyValuePairs = ["name": "Cheap algebra", "query": "subject=algebra&price_max=50&evil=1"]
      #expect(await guild.site.post("/saved-searches", keep, as: .ben).status == 303)
      let again: KeyValuePairs = ["name": "Algebra", "query": "price_max=50&subject=algebra", "mail": "1"]
      #expect(await guild.site.post("/saved-searches", again, as: .ben).status == 303)
      let kept = try await saved(guild)
      #expect(kept.map(\.name) == ["Algebra"] && kept[0].query == "price_max=50&subject=algebra" && kept[0].sendsMail)
      let page = await guild.site.get("/saved-searches?done=kept", as: .ben)
      #expect(
        page.text.contains("Your search is saved")
          && page.text.contains("href=\"/tutors?price_max=50&amp;subject=algebra\""))
      #expect(!page.text.contains("⟦"))
      #expect(await guild.site.get("/saved-searches", as: .cleo).text.contains("No saved searches yet"))
      let address = "/saved-searches/\(kept[0].id)"
      #expect(await guild.site.post(address + "/removal", as: .cleo).status == 404)
      #expect(await guild.site.post(address + "/letters", ["off": "1"], as: .cleo).status == 404)
      #expect(await guild.site.post(address + "/letters", ["off": "1"], as: .ben).status == 303)
      #expect(try await saved(guild)[0].sendsMail == false)
      #expect(await guild.site.post(address + "/removal", as: .ben).status == 303)
      #expect(await guild.site.post(address + "/removal", as: .ben).status == 404)
      #expect(try await saved(guild).isEmpty)
      #expect(await guild.site.get("/saved-searches").status == 303)
    }
  }

  @Test func `a refused search comes back with its words, and twenty are enough, also from twenty tabs`() async throws {
    try await withGuild { guild in
      let nameless = await guild.site.post(
        "/saved-searches", ["name": "", "query": "subject=algebra", "mail": "1"], as: .ben)
      #expect(nameless.status == 422 && nameless.text.contains("Give the search a name."))
      #expect(nameless.text.contains("value=\"subject=algebra\"") && nameless.text.contains("checked"))
      let long = await guild.site.post(
        "/saved-searches", ["name": String(repeating: "e\u{301}", count: 41), "query": ""], as: .ben)
      #expect(long.status == 422 && long.text.contains("longer than 80"))
      let statuses = await withTaskGroup(of: Int.self) { group in
        for n in 0..<25 {
          group.addTask {
            await guild.site.post("/saved-searches", ["name": "\(n)", "query": "q=\(n)"], as: .ben).status
          }
        }
        return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(statuses == [303: 20, 409: 5])
      // A question that is kept can still be given another name.
      let query = try await saved(guild)[0].query
      #expect(await guild.site.post("/saved-searches", ["name": "New", "query": query], as: .ben).status == 303)
    }
  }

  @Test func `a letter tells of whoever is new and fits, once, and stops when it is turned off`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada)
      _ = await guild.site.post(
        "/saved-searches", ["name": "Algebra", "query": "subject=algebra", "mail": "1"], as: .ben)
      func letters() async throws -> [String] {
        try await guild.database.all(
          Query<String>(
            "select params::text from mails where user_id = \(Person.ben.id) and kind = 'tutors.found' order by created_at, id"
          ))
      }
      guild.house.clock.advance(by: .hours(25))
      try await guild.site.runJobs()
      #expect(try await letters().isEmpty, "Ada was there before")
      try await newcomer(guild, "nora")
      try await newcomer(guild, "paul", subject: Guild.piano)
      guild.house.clock.advance(by: .hours(25))
      try await guild.site.runJobs()
      guild.house.clock.advance(by: .hours(25))
      try await guild.site.runJobs()
      let first = try await letters()
      #expect(first.count == 1 && first[0].contains("nora Newman") && !first[0].contains("paul"))
      // Two looks at once, as after a crash: one letter.
      try await newcomer(guild, "olga")
      guild.house.clock.advance(by: .hours(1))
      let search = try await saved(guild)[0].id
      async let one: Void = guild.feature.look(LookForTutors(search: search))
      async let two: Void = guild.feature.look(LookForTutors(search: search))
      _ = try await (one, two)
      #expect(try await letters().count == 2)
      // Ended at the foot of a letter, the page says so; asked for again here, they come again.
      try await guild.database.run(
        Query<Void>("insert into muted_notices (user_id, topic, channel) values (\(Person.ben.id), 'searches', 'mail')")
      )
      #expect(await guild.site.get("/saved-searches", as: .ben).text.contains("You have ended the letters"))
      _ = await guild.site.post("/saved-searches/\(search)/letters", as: .ben)
      #expect(await !guild.site.get("/saved-searches", as: .ben).text.contains("You have ended the letters"))
      _ = await guild.site.post("/saved-searches/\(search)/letters", ["off": "1"], as: .ben)
      try await newcomer(guild, "rita")
      guild.house.clock.advance(by: .hours(25))
      try await guild.site.runJobs()
      #expect(try await letters().count == 2)
      // Whoever turns letters on again hears of those who come from then on.
      _ = await guild.site.post("/saved-searches/\(search)/letters", as: .ben)
      guild.house.clock.advance(by: .hours(25))
      try await guild.site.runJobs()
      #expect(try await letters().count == 2)
    }
  }

  @Test func `the map says where, to a tenth of a degree, and each place is an address of the list`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, city: "Vienna", place: (48.20849, 16.37208), modes: ["in_person"])
      try await guild.list(.dan, city: "Beirut", place: (33.89592, 35.47843), modes: ["in_person"])
      let page = await guild.site.get("/tutors?view=map")
      #expect(
        page.status == 200 && page.text.contains("1 tutor near Vienna") && page.text.contains("1 tutor near Beirut"))
      #expect(page.text.matches(of: /<circle/).count == 2)
      // Land lies under towns that are far apart; of one town's surroundings the world's coasts say nothing.
      #expect(page.text.contains("#land"))
      #expect(!(await guild.site.get("/tutors?view=map&near=48.2,16.4&km=20").text.contains("#land")))
      // Nothing more exact than the grid is anywhere on the page.
      for exact in ["48.208", "16.372", "33.895", "35.478"] { #expect(!page.text.contains(exact)) }
      let address = try #require(page.text.firstMatch(of: /href="(\/tutors\?near=48[^"]*)"/)).1.replacing(
        "&amp;", with: "&")
      let near = await guild.site.get(String(address))
      #expect(
        near.text.contains("Ada Baig") && !near.text.contains("Dan Okafor") && near.text.contains("near Vienna, "))
      let nowhere = await guild.site.get("/tutors?view=map&q=nobody")
      #expect(nowhere.status == 200 && nowhere.text.contains("Nothing to draw"))
      for odd in ["near=nan,nan", "near=91,0", "near=1", "near=1,2&km=x"] {
        #expect(await guild.site.get("/tutors?" + odd).status == 200)
      }
    }
  }
}
