import Core
import JSON
import Site
import TestKit
import Testing
import Time
import Web

@testable import Accounts
@testable import Postgres
@testable import Tutors

/// A node beside the guild's: it shares nothing with it but the database.
private func neighbour(of guild: Guild, _ body: (TestSite) async throws -> Void) async throws {
  let database = Database(url: guild.database.url, loops: guild.database.loops, connectionsPerLoop: 2, log: .silent)
  let feature = TutorsFeature(
    database: database, site: guild.house.site, files: guild.feature.files, notices: guild.feature.notices,
    accounts: guild.feature.accounts, clock: guild.house.clock.clock)
  try await body(guild.house.open([feature]))
  await database.close()
}

@Suite struct TutorSnapshotsTests {
  @Test func `what changes is told by the next answer, on every node`() async throws {
    try await withGuild { guild async throws in
      try await guild.list(.ada, subjects: [(Guild.algebra, 4500)])
      try await guild.list(.dan, subjects: [(Guild.algebra, 3000)])
      try await neighbour(of: guild) { there async throws in
        func everywhere(_ check: (Response, Response) -> Void) async {
          for site in [guild.site, there] {
            let list = await site.call(.get, "/api/tutors/?subject=algebra&facets=1")
            let page = await site.get("/tutors?subject=algebra")
            #expect(list.status == 200 && page.status == 200)
            check(list, page)
          }
        }
        await everywhere { list, page in
          #expect(list.json?["count"]?.int == 2 && page.text.contains("Ada Baig") && page.text.contains("$45"))
        }
        // A price.
        try await guild.database.transaction { tx in
          try await tx.run(
            .offer(SubjectOffer(subject: Guild.algebra, hourlyRate: 2800, durations: [60]), by: Person.ada.id))
          try await Tutors().refreshListing(of: Person.ada.id, in: tx)
        }
        await everywhere { list, page in
          #expect(list.text.contains("2800") && !list.text.contains("4500"))
          #expect(page.text.contains("$28") && !page.text.contains("$45"))
        }
        // A learner's verdict.
        try await guild.database.transaction { tx in
          try await Tutors().setRating(of: Person.ada.id, sum: 9, count: 2, in: tx)
        }
        await everywhere { list, page in
          #expect(list.json?["results"]?[0]?["rating"]?["count"]?.int == 2 && page.text.contains("4.5"))
        }
        // A subject's name.
        try await guild.database.run(Query("update subjects set title = 'Linear algebra' where id = \(Guild.algebra)"))
        await everywhere { _, page in #expect(page.text.contains("Linear algebra")) }
        // Openings.
        let soon = guild.house.clock.now + .hours(2)
        try await guild.database.transaction { tx in
          try await Tutors().setOpenings(
            of: Person.dan.id, mask: String(repeating: "1", count: 168), next: [soon], in: tx)
        }
        await everywhere { list, _ in #expect(list.text.contains(soon.rfc3339)) }
        // A tutor who pauses.
        #expect(await there.post("/tutor/profile/pause", as: .dan).status == 303)
        await everywhere { list, page in
          #expect(list.json?["count"]?.int == 1 && !list.text.contains("dan") && !page.text.contains("Dan Okafor"))
        }
        // A tutor who is suspended.
        try await guild.database.transaction { tx in
          try await tx.run(Query("update users set suspended_at = now() where id = \(Person.ada.id)"))
          try await Tutors().refreshListing(of: Person.ada.id, in: tx)
        }
        await everywhere { list, page in #expect(list.json?["count"]?.int == 0 && !page.text.contains("Ada Baig")) }
      }
    }
  }

  @Test func `who holds the answer is told so, until it changes`() async throws {
    try await withGuild { guild async throws in
      try await guild.list(.ada)
      try await neighbour(of: guild) { there async throws in
        let address = "/api/tutors/?subject=algebra"
        func ask(_ site: TestSite, _ tag: String, _ address: String = address) async -> Response {
          await site.call(.get, address, headers: ["if-none-match": tag])
        }
        let tag = try #require(await guild.site.call(.get, address).header("etag"))
        for site in [guild.site, there] {
          let same = await ask(site, tag)
          #expect(same.status == 304 && same.content.isEmpty && same.header("etag") == tag)
        }
        #expect(await ask(guild.site, tag, address + "&page_size=5").status == 200)
        #expect(await ask(guild.site, tag, address + "&facets=1").status == 200)
        #expect(await ask(guild.site, "\"other\", \(tag)").status == 304)
        try await guild.database.transaction { tx in
          try await Tutors().setRating(of: Person.ada.id, sum: 5, count: 1, in: tx)
        }
        for site in [guild.site, there] {
          let fresh = await ask(site, tag)
          #expect(fresh.status == 200 && fresh.header("etag") != tag && fresh.json?["count"]?.int == 1)
        }
        // What is written as it was changes nothing.
        let now = try #require(await guild.site.call(.get, address).header("etag"))
        try await guild.refresh(.ada)
        #expect(await ask(there, now).status == 304)
      }
    }
  }

  @Test func `who is free soon follows the time, though nothing is written`() async throws {
    try await withGuild { guild async throws in
      try await guild.list(.ada)
      let opening = guild.house.clock.now + .hours(49)
      try await guild.database.transaction { tx in
        try await Tutors().setOpenings(
          of: Person.ada.id, mask: String(repeating: "1", count: 168), next: [opening], in: tx)
      }
      for (step, isThere) in [(0, false), (60, false), (30, true), (47 * 60 + 29, true), (1, false)] {
        guild.house.clock.advance(by: .minutes(step))
        #expect(await guild.find("available_within_hours=48") == (isThere ? ["ada"] : []), "after \(step) minutes")
        let page = await guild.site.get("/tutors?soon=1")
        #expect(page.text.contains("Ada Baig") == isThere, "after \(step) minutes")
      }
    }
  }

  @Test func `whose first time has just passed is free at the next one, before the figures are made anew`() async throws
  {
    try await withGuild { guild async throws in
      try await guild.list(.ada)
      let now = guild.house.clock.now
      try await guild.database.transaction { tx in
        try await Tutors().setOpenings(
          of: Person.ada.id, mask: String(repeating: "1", count: 168),
          next: [now + .minutes(1), now + .minutes(16), now + .minutes(31)], in: tx)
      }
      // A start that is more than ten minutes old is of figures that nobody keeps: it says nothing any more.
      for (step, isThere) in [(0, true), (2, true), (8, true), (2, false)] {
        guild.house.clock.advance(by: .minutes(step))
        #expect(await guild.find("available_within_hours=48") == (isThere ? ["ada"] : []), "after \(step) minutes")
      }
      let cards = try await guild.database.all(.freeSoon(now: now + .minutes(2), limit: 3))
      #expect(cards.map(\.nextFree) == [now + .minutes(16)])
    }
  }

  @Test func `a card that is drawn once tells each list its price, and each day its weekday or its date`() async throws
  {
    try await withGuild { guild async throws in
      try await guild.list(.ada, subjects: [(Guild.algebra, 4500), (Guild.piano, 5200)])
      let opening = guild.house.clock.now + .days(6) + .minutes(30)
      try await guild.database.transaction { tx in
        try await Tutors().setOpenings(
          of: Person.ada.id, mask: String(repeating: "1", count: 168), next: [opening], in: tx)
      }
      // The year stands in the title only, so this is the short form with its date.
      let reader = guild.house.site.context(language: .english, zone: "UTC")
      let dated = reader.shortDateText(Zone.utc.date(opening)) + ", " + reader.timeText(opening)
      for isNear in [false, true] {
        for _ in 0..<2 {
          let (algebra, piano) = (
            await guild.site.get("/tutors?subject=algebra"), await guild.site.get("/tutors?subject=piano")
          )
          #expect(algebra.text.contains("<strong>$45</strong>") && !algebra.text.contains("<strong>$52</strong>"))
          #expect(piano.text.contains("<strong>$52</strong>") && !piano.text.contains("<strong>$45</strong>"))
          #expect(algebra.text.contains(dated) == !isNear, "near: \(isNear)")
        }
        guild.house.clock.advance(by: .hours(1))
      }
    }
  }

  @Test func `what strangers hang on the address makes no other page, and words cannot pass for filters`() async throws
  {
    try await withGuild { guild async throws in
      try await guild.list(.ada)
      #expect(!(await guild.site.get("/tutors?utm_source=x").text.contains("utm_source")))
      func key(_ change: (inout TutorSearch) -> Void) -> String {
        var search = TutorSearch()
        change(&search)
        return search.key
      }
      let keys = [
        key { _ in }, key { $0.words = "1:a" },
        key {
          $0.words = "1:"
          $0.subject = "a"
        }, key { $0.subject = "1:a" },
        key { $0.rateMin = 5 }, key { $0.rateMax = 5 }, key { $0.isPaid = true }, key { $0.isPaid = false },
        key { $0.ratingMin = 1 }, key { $0.gpaMin = 1 }, key { $0.freeWithin = 1 }, key { $0.currency = .usd },
        key { $0.order = .price }, key { $0.pageSize = 21 }, key { $0.hours = "1" },
        key { $0.near = .init(latitude: 1, longitude: 2, radius: 3) },
        key { $0.cursor = PageCursor(key: "1", id: "2") },
        key { $0.category = "x" }, key { $0.level = "x" }, key { $0.language = "x" }, key { $0.mode = "x" },
      ]
      #expect(Set(keys).count == keys.count)
    }
  }

  @Test func `readers of two languages and zones each get their own page`() async throws {
    try await withGuild { guild async throws in
      try await guild.list(.ada)
      for _ in 0..<2 {
        let english = await guild.site.get("/tutors")
        let arabic = await guild.site.call(.get, "/tutors", headers: ["accept-language": "ar"])
        let karachi = await guild.site.call(.get, "/tutors", headers: ["cookie": "zone=Asia%2FKarachi"])
        #expect(english.text.contains("lang=\"en\"") && english.text.contains("Find a tutor"))
        #expect(arabic.text.contains("lang=\"ar\"") && !arabic.text.contains(">Find a tutor<"))
        #expect(karachi.text.contains("Karachi"))
        #expect(!english.text.contains("Karachi"))
      }
    }
  }
}

@Suite struct TutorProfileStoreTests {
  @Test func `two usernames that make one slug become two tutors, also at the same moment`() async throws {
    try await withGuild { guild async throws in
      let one = try await guild.newcomer("ann_lee", "Ann Lee")
      let two = try await guild.newcomer("ann.lee", "Annie Lee")
      let site = guild.house.open([guild.feature]) { request in
        [one, two].first { $0.username == request.cookies["session"] }?.identity
      }
      await withTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          for person in [one, two] {
            group.addTask { await site.post("/tutor/profile/about", fields: guild.about(), as: person).status }
          }
        }
        for await status in group { #expect(status == 303) }
      }
      let slugs = try await guild.database.all(Query<String>("select slug from tutors order by length(slug)"))
      #expect(slugs.count == 2 && slugs[0] == "ann-lee" && slugs[1].hasPrefix("ann-lee-"))
    }
  }

  @Test func `a removed sample or credential leaves no file behind`() async throws {
    try await withGuild { guild async throws in
      try await guild.prepare()
      #expect(
        await guild.upload("/tutor/profile/samples", ["title": "Hello"], file: ("sample", "a.wav", silence), as: .dan)
          .status
          == 303)
      let paper = Array("%PDF-1.4\n".utf8) + [UInt8](repeating: 32, count: 100)
      #expect(
        await guild.upload(
          "/tutor/profile/credentials", ["kind": "degree", "title": "BSc"], file: ("evidence", "b.pdf", paper), as: .dan
        ).status == 303)
      #expect(try await guild.database.one(Query<Int>("select count(*) from files")) == 2)
      let sample = try await guild.database.one(Query<String>("select id from tutor_samples"))
      let credential = try await guild.database.one(Query<String>("select id from credentials"))
      // Nobody else's.
      _ = await guild.site.post("/tutor/profile/samples/\(sample)", as: .ada)
      #expect(try await guild.database.one(Query<Int>("select count(*) from files")) == 2)
      for _ in 0..<2 {
        #expect(await guild.site.post(TutorPaths.sample(ID(sample)!), as: .dan).status == 303)
        #expect(await guild.site.post(TutorPaths.credential(ID(credential)!), as: .dan).status == 303)
      }
      #expect(try await guild.database.one(Query<Int>("select count(*) from files")) == 0)
    }
  }
}
