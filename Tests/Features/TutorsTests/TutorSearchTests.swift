import Core
import JSON
import Postgres
import Site
import TestKit
import Testing
import Time
import Web

@testable import Tutors

@Suite struct TutorSearchTests {
  @Test func `words find names, headlines, cities and subjects, with or without accents`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, headline: "Algèbre for everybody")
      try await guild.list(
        try await guild.newcomer("zoe", "Zoë Müller"), subjects: [(Guild.piano, 3000)], city: "Łódź",
        modes: ["in_person"])
      for (words, wanted) in [
        ("algebre", ["ada"]), ("ALGÈBRE", ["ada"]), ("zoe", ["zoe"]), ("Muller", ["zoe"]), ("lodz", ["zoe"]),
        ("piano", ["zoe"]), ("math101", ["ada"]),
        ("ada baig", ["ada"]), ("nobody", []), ("mulle", ["zoe"]),
      ] { #expect(await guild.find("q=" + PercentEncoding.encode(words)) == wanted, "\(words)") }
      let page = await guild.site.get("/tutors?q=m%C3%BCller")
      #expect(
        page.status == 200 && page.text.contains("Zoë") && !page.text.contains("Ada Baig") && !page.text.contains("⟦"))
    }
  }

  @Test func `each filter keeps what fits and nothing else`() async throws {
    try await withGuild { guild in
      try await guild.list(
        .ada, subjects: [(Guild.algebra, 4500), (Guild.piano, 2000)], languages: ["en", "ur"], rating: (48, 10),
        lessons: 9, place: (52.52, 13.40), modes: ["online", "in_person"])
      try await guild.list(.dan, subjects: [(Guild.piano, 0)], languages: ["de"], rating: (3, 1), place: (48.14, 11.58))
      for (query, wanted) in [
        ("subject=algebra", ["ada"]), ("course=MATH101", ["ada"]), ("subject=\(Guild.piano)", ["ada", "dan"]),
        ("subject=none", []),
        ("subject=piano&rate_max=1999", ["dan"]), ("subject=piano&rate_max=2000&rate_min=1", ["ada"]),
        ("paid=true", ["ada"]), ("paid=false", ["dan"]),
        ("currency=USD", ["ada", "dan"]), ("currency=EUR", []), ("language=ur", ["ada"]), ("language=de", ["dan"]),
        ("language=xx", []),
        ("rating_min=4.5", ["ada"]), ("rating_min=3", ["ada", "dan"]), ("mode=in_person", ["ada"]),
        ("mode=online", ["ada", "dan"]), ("level=university", ["ada"]),
        ("near=52.5,13.4&radius_km=10", ["ada"]), ("near=52.5,13.4&radius_km=200", ["ada"]),
        ("near=0,0&radius_km=200", []), ("near=-52.52,-166.6&radius_km=1", []),
        ("verified=true", ["ada", "dan"]), ("gpa=3", []),
      ] { #expect(Set(await guild.find(query)) == Set(wanted), "\(query)") }
      let near = await guild.site.call(.get, "/api/tutors/?near=52.52,13.40&radius_km=50")
      // From the middle of the square in which the tutor is, not from the door.
      #expect(near.json?["results"]?[0]?["distance_km"]?.int == 5)
      let mapped = await guild.site.call(.get, "/api/accounts/tutors/discover/?subjects=algebra&location=52.52,13.40")
      #expect(mapped.status == 200 && mapped.json?["count"]?.int == 1)
      // The page's own words for the same.
      for (query, isAda, isDan) in [
        ("subject=algebra", true, false), ("free_lessons=on", false, true), ("price_max=1", false, true),
        ("language=ur", true, false), ("rating_min=4", true, false),
        ("mode=in_person", true, false), ("category=music", false, true),
      ] {
        let page = await guild.site.get("/tutors?" + query)
        #expect(page.status == 200 && pageFaults(page.text) == [])
        #expect(page.text.contains("Ada Baig") == isAda && page.text.contains("Dan Okafor") == isDan, "\(query)")
      }
      let odd = await guild.site.get("/tutors?price_max=cheap&sort=x&weekday=x&time=x&after=zz&rating_min=9")
      #expect(odd.status == 200 && odd.text.contains("cheap") && !odd.text.contains("⟦"))
    }
  }

  @Test func `openings are found by weekday, hour and zone, and by how soon they are`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada)
      try await guild.list(.dan)
      // Ada is free on Mondays from 14 to 16 o'clock UTC, the next time on the 23rd; Dan never.
      var mask = Array(repeating: Character("0"), count: 168)
      mask[14] = "1"
      mask[15] = "1"
      let monday = Instant(rfc3339: "2026-11-23T14:00:00Z")!
      try await guild.database.transaction { tx in
        try await Tutors().setOpenings(
          of: Person.ada.id, mask: String(mask), next: [monday, monday + .hours(1)], in: tx)
      }
      for (query, wanted) in [
        ("weekday=1", ["ada"]), ("weekday=2", []), ("weekday=1&time_from=14:00&time_to=15:00", ["ada"]),
        ("weekday=1&time_from=16:00&time_to=17:00", []),
        ("weekday=1&time_from=13:00&time_to=14:00", []), ("time_from=15:00&time_to=15:30", ["ada"]),
        // 19:30 to 21:30 in Kolkata, 09:00 to 11:00 in New York, 01:00 to 03:00 of Tuesday in Sydney.
        ("weekday=1&time_from=19:30&time_to=20:30&timezone=Asia/Kolkata", ["ada"]),
        ("weekday=1&time_from=22:00&time_to=23:00&timezone=Asia/Kolkata", []),
        ("weekday=1&time_from=09:00&time_to=10:00&timezone=America/New_York", ["ada"]),
        ("weekday=1&time_from=08:00&time_to=09:00&timezone=America/New_York", []),
        ("weekday=2&time_from=01:00&time_to=02:00&timezone=Australia/Sydney", ["ada"]),
        ("weekday=1&time_from=01:00&time_to=02:00&timezone=Australia/Sydney", []),
        ("available_within_hours=78", ["ada"]), ("available_within_hours=76", []),
        ("ordering=next_free", ["ada", "dan"]),
      ] { #expect(await guild.find(query) == wanted, "\(query)") }
      let card = await guild.site.call(.get, "/api/tutors/?q=ada").json?["results"]?[0]
      #expect(card?["next_free"]?.strings == ["2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z"])
      // A changed profile keeps its openings.
      try await guild.refresh(.ada)
      #expect(await guild.find("weekday=1") == ["ada"])
      for query in ["weekday=mon&time=afternoon", "soon=on", "weekday=sun"] {
        #expect(await guild.site.get("/tutors?" + query).status == 200)
      }
    }
  }

  /// Forty-seven tutors with many ties: in every order, whatever the page's size, each stands on exactly one page.
  @Test func `pages cover every tutor exactly once, in order, whatever is tied`() async throws {
    try await withGuild { guild in
      var all: Set<String> = []
      for index in 0..<47 {
        let person = try await guild.newcomer("tutor\(index)", "Tutor \(index)")
        try await guild.list(
          person, subjects: [(Guild.algebra, [0, 2000, 4500][index % 3])],
          rating: [(0, 0), (5, 1), (10, 2), (9, 2)][index % 4], lessons: index % 5)
        if index % 3 != 0 {
          let next = guild.house.clock.now + .hours(1 + index % 2)
          try await guild.database.transaction { tx in
            try await Tutors().setOpenings(
              of: person.id, mask: String(repeating: "1", count: 168), next: [next], in: tx)
          }
        }
        all.insert(person.username)
      }
      for order in ["-rating", "rate", "-rate", "next_free", "-lessons_held"] {
        for size in [1, 7, 46, 47, 100] where size > 1 || order == "next_free" {
          var seen: [String] = []
          var address: String? = "/api/tutors/?ordering=\(order)&page_size=\(size)&q=tutor"
          while let now = address, seen.count <= 60 {
            let page = await guild.site.call(.get, now)
            #expect(page.status == 200 && page.json?["count"]?.int == 47)
            seen += page.json?["results"]?.array?.compactMap { $0["slug"]?.string } ?? []
            address = page.json?["next"]?.string.map { $0.replacing("http://localhost:8080", with: "") }
          }
          #expect(
            seen.count == 47 && Set(seen) == all,
            "\(order), \(size) a page: \(seen.count) rows, \(Set(seen).count) tutors")
        }
      }
      let rates =
        await guild.site.call(.get, "/api/tutors/?ordering=rate&page_size=100").json?["results"]?.array?.compactMap {
          $0["rate_from"]?["amount"]?.int
        } ?? []
      #expect(rates == rates.sorted())
      let facets = await guild.site.call(.get, "/api/tutors/?facets=1&rate_max=1").json?["facets"]
      #expect(facets?["subject"]?[0]?["count"]?.int == 16 && facets?["language"]?[0]?["value"]?.string == "en")
      // What is counted is what is found.
      for filters in ["", "&language=ur", "&rate_max=20&mode=online", "&subject=algebra", "&language=none"] {
        let answer = await guild.site.call(.get, "/api/tutors/?facets=1&page_size=100" + filters).json
        let found = answer?["results"]?.array ?? []
        for (facet, field) in ["language": "languages", "mode": "modes"] {
          let counted = (answer?["facets"]?[facet]?.array ?? []).map {
            ($0["value"]?.string ?? "", $0["count"]?.int ?? 0)
          }
          let had = found.flatMap { $0[field]?.array ?? [] }.reduce(into: [:]) { $0[$1.string ?? "", default: 0] += 1 }
          #expect(Dictionary(uniqueKeysWithValues: counted) == had, "\(facet) with \(filters)")
          #expect(counted.map(\.1) == counted.map(\.1).sorted(by: >), "\(facet) with \(filters)")
        }
        let categories = (answer?["facets"]?["category"]?.array ?? []).reduce(0) { $0 + ($1["count"]?.int ?? 0) }
        #expect(categories == found.count && answer?["count"]?.int == found.count, "categories with \(filters)")
      }
      // The page of the site goes on as well.
      var names: [String] = []
      var next: String? = "/tutors?sort=price"
      while let now = next, names.count <= 60 {
        let page = await guild.site.get(now).text
        names += page.matches(of: #/href="\/tutors\/(tutor\d+)"/#).map { String($0.1) }.reduce(into: []) {
          if !$0.contains($1) { $0.append($1) }
        }
        next = page.matches(of: #/href="(\/tutors\?[^"]*after=[^"]*)"/#).first.map {
          String($0.1).replacing("&amp;", with: "&")
        }
      }
      #expect(names.count == 47 && Set(names) == all)
    }
  }

  @Test func `a filter that is not understood is refused by name, never ignored`() async throws {
    try await withGuild { guild in
      for query in [
        "colour=red", "rate_min=x", "rate_max=-1", "page_size=0", "page_size=101", "paid=maybe", "gpa=5",
        "rating_min=6", "currency=dollars", "mode=mind",
        "near=here", "near=91,0", "near=nan,nan", "near=1", "near=1,1&radius_km=9999", "ordering=best", "cursor=zz",
        "weekday=8", "weekday=1&time_from=25:00",
        "weekday=1&timezone=Mars", "verified=false", "available_within_hours=0",
      ] {
        let answer = await guild.site.call(.get, "/api/tutors/?" + query)
        #expect(answer.status == 400 && answer.json?["errors"]?.object?.isEmpty == false, "\(query): \(answer.status)")
      }
    }
  }

  /// Cursors are opaque, and come from outside all the same.
  @Test func `no cursor and no words bring search down`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada)
      let id = Person.ada.id.description
      for key in [
        "", "1", "1 2", "9223372036854775807", "9223372036854775807 9223372036854775807", "-9223372036854775808",
        "99999999999 1", "x", "1 2 3",
      ] {
        for order in ["-rating", "rate", "-rate", "next_free", "-lessons_held"] {
          let answer = await guild.site.call(
            .get, "/api/tutors/?ordering=\(order)&cursor=\(PageCursor(key: key, id: id).text)")
          #expect(answer.status < 500, "\(order) \(key)")
        }
        for sort in ["rating", "price", "price-desc", "soonest", "experience"] {
          #expect(
            await guild.site.get("/tutors?sort=\(sort)&after=\(PageCursor(key: key, id: id).text)").status == 200,
            "\(sort) \(key)")
        }
      }
      for words in [
        "'", "\"", "\\", "%", "_", "a & b | !c", "((", "\"unclosed", "-", "or or", "*", "🙂", "\u{202e}", ":*", "<->",
        String(repeating: "a ", count: 60),
      ] {
        #expect(await guild.site.get("/tutors?q=" + PercentEncoding.encode(words)).status == 200, "\(words)")
        #expect(await guild.site.call(.get, "/api/tutors/?q=" + PercentEncoding.encode(words)).status < 500, "\(words)")
      }
    }
  }

  @Test func `a card shows exactly what is meant for everybody`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada, place: (52.52, 13.40))
      try await guild.database.run(
        Query<Void>(
          "update users set learning_goals = 'secret goals', department = 'secret department' where id = \(Person.ada.id)"
        ))
      try await guild.refresh(.ada)
      let answer = await guild.site.call(.get, "/api/tutors/")
      let card = try #require(answer.json?["results"]?[0]?.object)
      #expect(
        Set(card.names) == [
          "id", "slug", "full_name", "headline", "photo", "subjects", "languages", "rate_from", "rating",
          "lessons_held", "verified", "credentials", "modes",
          "city", "response_minutes", "featured", "next_free",
        ])
      #expect(
        Set(answer.json?["results"]?[0]?["subjects"]?[0]?.object?.names ?? []) == [
          "id", "slug", "title", "code", "rate",
        ])
      #expect(Set(answer.json?["results"]?[0]?["rating"]?.object?.names ?? []) == ["average", "count"])
      let full = await guild.site.call(.get, "/api/users/mentors/\(Person.ada.id)/")
      #expect(
        Set(full.json?.object?.names ?? []) == [
          "card", "biography", "experience", "years_teaching", "timezone", "approval", "languages", "samples",
        ])
      let pages = [
        answer.text, full.text, await guild.site.get("/tutors").text, await guild.site.get("/tutors/ada").text,
      ]
      for secret in [
        "ada@example.org", "secret goals", "secret department", "password_hash", "52.52", "13.4", "last_login",
        "\"phone\"",
      ] {
        for page in pages { #expect(!page.contains(secret), "\(secret)") }
      }
      #expect(await guild.site.call(.get, "/api/users/mentors/\(Person.ben.id)/").status == 404)
    }
  }

  @Test func `a tutor is saved and let go of`() async throws {
    try await withGuild { guild in
      try await guild.list(.ada)
      #expect(await guild.site.post("/tutors/ada/favourite", as: .ben).status == 303)
      #expect(await guild.site.post("/tutors/ada/favourite", as: .ben).status == 303)
      #expect(try await guild.database.one(Query<Int>("select count(*) from favourites")) == 1)
      #expect(await guild.site.post("/tutors/ada/favourite", ["off": "1"], as: .ben).status == 303)
      #expect(try await guild.database.one(Query<Int>("select count(*) from favourites")) == 0)
      #expect(await guild.site.post("/tutors/nobody/favourite", as: .ben).status == 404)
      #expect(await guild.site.post("/tutors/ada/favourite").status == 303)
    }
  }

  @Test func `the cells of a circle hold its rim, at the date line and the poles too`() {
    for (latitude, longitude) in [
      (0.0, 0.0), (52.52, 13.4), (0.0, 179.99), (0.0, -179.99), (89.9, 10.0), (-89.9, -10.0), (-0.05, -0.05),
    ] {
      let cells = Set(TutorSearch.Place(latitude: latitude, longitude: longitude, radius: 30).cells)
      for (north, east) in [(0.0, 0.0), (0.2, 0.0), (-0.2, 0.0), (0.0, 0.2), (0.0, -0.2)] {
        let there = latitude + north
        guard (-90...90).contains(there) else { continue }
        var along = longitude + east
        if along >= 180 { along -= 360 }
        if along < -180 { along += 360 }
        let cell = Int(((there + 90) * 10).rounded(.down)) * 3600 + Int(((along + 180) * 10).rounded(.down))
        #expect(cells.contains(cell), "\(latitude), \(longitude) + \(north), \(east)")
      }
      #expect(cells.count < 2000)
    }
  }
}
