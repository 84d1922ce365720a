import Bus
import Core
import Files
import HTML
import Ledger
import Loop
import Notices
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Time
import Web

@testable import Accounts
@testable import Admin
@testable import Embedding
@testable import Tutors

/// A site whose pages stand in others: Ada teaches algebra, Dan is a tutor whom nobody knows yet.
struct Stage: Sendable {
  let database: Database
  let site: TestSite
  let feature: EmbeddingFeature

  init(_ database: Database, folder: String, rule: EmbeddingRule) async throws {
    self.database = database
    let house = try TestHouse(database)
    let clock = house.clock.clock
    let tutors = TutorsFeature(
      database: database, site: house.site, files: try Files(folder: folder, pool: house.pool),
      notices: Notices(bus: Bus(loops: testLoops)),
      accounts: Accounts(sessions: Sessions(database: database, clock: clock, secret: "tests")), clock: clock)
    feature = EmbeddingFeature(
      database: database, site: house.site, tutors: tutors, clock: clock, rule: rule,
      slots: Panel { _, page in "<p class=\"slots-here\">\(page.zone.identifier)</p>" })
    site = house.open([tutors, feature])
    try await database.insert()
    let algebra = ID<Subject>.new()
    try await database.run(
      Query("insert into subjects (id, slug, title, category) values (\(algebra), 'algebra', 'Algebra', 'university')"))
    for (person, state) in [(Person.ada, "verified"), (.dan, "draft")] {
      try await database.run(
        Query(
          """
          insert into tutors (user_id, slug, headline, biography, state)
          values (\(person.id), \(person.username), '<b>Clear</b>', \(String(repeating: "Patience. ", count: 10)), \(state))
          """))
      try await database.run(
        Query("insert into tutor_subjects (tutor_id, subject_id, hourly_rate) values (\(person.id), \(algebra), 4500)"))
      try await database.run(
        Query("insert into tutor_languages (tutor_id, language, fluency) values (\(person.id), 'en', 'native')"))
      try await database.transaction { tx in try await Tutors().refreshListing(of: person.id, in: tx) }
    }
  }

  func origins(of owner: Person?) async throws -> [String] {
    try await database.all(Query<AllowedOrigin>.origins(of: owner?.id)).map(\.origin.text)
  }
}

func onStage(_ rule: EmbeddingRule = .listed, _ body: (Stage) async throws -> Void) async throws {
  let folder = Folder()
  try await withDatabase { database in try await body(try await Stage(database, folder: folder.path, rule: rule)) }
}

/// What may frame a page, by its policy.
func framers(_ response: Response) -> String {
  let policy = response.header("content-security-policy") ?? ""
  return policy.split(separator: ";").first { $0.contains("frame-ancestors") }.map { String($0.dropFirst(17)) } ?? ""
}

@Suite struct EmbeddingPagesTests {
  @Test func `a page in a frame is the same for everybody: no session, no cookie, kept by caches`() async throws {
    try await onStage { stage in
      for address in [
        "/embed/tutors/ada", "/embed/tutors", "/embed/tutors?subject=algebra", "/embed/tutors?tutors=ada,dan",
      ] {
        let page = await stage.site.get(address)
        #expect(page.status == 200 && page.text.contains("Ada Baig"), "\(address)")
        #expect(pageFaults(page.text) == [] && !page.text.contains("⟦"))
        #expect(page.cookies.isEmpty && page.header("set-cookie") == nil)
        #expect(page.header("cache-control") == "public, max-age=60")
        #expect(page.header("etag") == nil, "an answer without changes would bring another policy than the page's")
        let signedIn = await stage.site.get(address, as: .ben)
        #expect(signedIn.text == page.text && signedIn.cookies.isEmpty)
        #expect(!page.text.contains("Ben") && !page.text.contains("_csrf") && !page.text.contains("Dan Okafor"))
        // All that leads on leads out of the frame, but the way through the list.
        #expect(page.text.contains("<base target=\"_top\">"))
        #expect(!page.text.contains("<form"))
      }
    }
  }

  @Test func `only pages made for frames may be framed, and only by the sites that their owner named`() async throws {
    try await onStage { stage in
      #expect(framers(await stage.site.get("/embed/tutors/ada")) == "'self'")
      let allow: KeyValuePairs = ["origin": "https://ada.example/contact"]
      #expect(await stage.site.post("/tutor/embedding/origins", allow, as: .ada).status == 303)
      #expect(
        await stage.site.post("/admin/embedding/origins", ["origin": "https://school.example"], as: .root).status == 303
      )
      let own = await stage.site.get("/embed/tutors/ada")
      #expect(framers(own) == "'self' https://ada.example https://school.example")
      #expect(own.header("x-frame-options") == nil, "the older field knows no list and would forbid them all")
      #expect(own.header("cross-origin-resource-policy") == "cross-origin")
      #expect(framers(await stage.site.get("/embed/tutors")) == "'self' https://school.example")
      // A tutor's site says nothing about anybody else's page, nor about one that is not there.
      #expect(framers(await stage.site.get("/embed/tutors/nobody")) == "'self' https://school.example")
      for address in ["/tutors/ada", "/tutors", "/tutor/embedding", "/admin/embedding", "/tutor/profile", "/nowhere"] {
        let page = await stage.site.get(address, as: address.contains("admin") ? .root : .ada)
        #expect(framers(page) == "'none'" && page.header("x-frame-options") == "DENY", "\(address)")
      }
      let policy = own.header("content-security-policy") ?? ""
      #expect(
        policy.contains("script-src 'self';") && policy.contains("trusted-types tutalink")
          && policy.contains("frame-src 'none'"))
    }
  }

  @Test func `the operator's word stands above the owners'`() async throws {
    for (rule, expected) in [(EmbeddingRule.off, "'self'"), (.any, "'self' *")] {
      try await onStage(rule) { stage in
        _ = await stage.site.post("/tutor/embedding/origins", ["origin": "https://ada.example"], as: .ada)
        #expect(framers(await stage.site.get("/embed/tutors/ada")) == expected)
        let screen = await stage.site.get("/tutor/embedding", as: .ada)
        #expect(screen.text.contains("On this installation"))
      }
    }
  }

  @Test func `a tutor who is not listed is not to be seen, and the page says where others are`() async throws {
    try await onStage { stage in
      for slug in ["dan", "nobody"] {
        let page = await stage.site.get("/embed/tutors/\(slug)")
        #expect(page.status == 404 && page.text.contains("cannot be booked") && !page.text.contains("Okafor"))
        #expect(pageFaults(page.text) == [])
      }
      let list = await stage.site.get("/embed/tutors?tutors=dan,nobody")
      #expect(list.status == 200 && list.text.contains("Nobody is listed here"))
    }
  }

  @Test func `a look is worn: language, zone, theme, and a style sheet of tokens`() async throws {
    try await onStage { stage in
      let page = await stage.site.get("/embed/tutors/ada?accent=2f6f4e&theme=dark&radius=0&lang=ar&zone=Asia/Karachi")
      #expect(page.text.contains("<html lang=\"ar\" dir=\"rtl\" data-theme=\"dark\" data-zone=\"Asia/Karachi\""))
      #expect(page.text.contains(">Asia/Karachi</p>"))
      #expect(page.text.contains("href=\"/embed/style.css?accent=2f6f4e&amp;radius=0\""))
      let style = await stage.site.get("/embed/style.css?accent=2f6f4e&radius=0")
      #expect(style.status == 200 && style.header("content-type")?.hasPrefix("text/css") == true)
      #expect(style.text.contains("--green:light-dark(#2f6f4e,#") && style.text.contains("--radius:0px"))
      #expect(style.header("cache-control") == "public, max-age=86400")
      for odd in ["accent=red", "accent=2f6f4e&x=1", "radius=99", "theme=dark"] {
        #expect(await stage.site.get("/embed/style.css?" + odd).status == 404, "\(odd)")
      }
      // What strangers write into an address is left out, never repeated.
      let odd = await stage.site.get(
        "/embed/tutors/ada?accent=%22%3E%3Cscript%3E&theme=x&lang=zz&zone=%3Cb%3E&radius=1e9")
      #expect(
        odd.status == 200 && pageFaults(odd.text) == [] && !odd.text.contains("><script>") && !odd.text.contains("1e9")
          && !odd.text.contains("style.css"))
    }
  }

  @Test func `from the list one comes to a tutor and back to the same list, in the same clothes`() async throws {
    try await onStage { stage in
      let list = await stage.site.get("/embed/tutors?subject=algebra&accent=2f6f4e")
      #expect(list.text.contains("<h1>Tutors for Algebra</h1>"))
      let inner = try #require(list.text.firstMatch(of: /target="_self" href="([^"]+)"/)).1.replacing(
        "&amp;", with: "&")
      #expect(inner == "/embed/tutors/ada?accent=2f6f4e&subject=algebra&list=1")
      let tutor = await stage.site.get(String(inner))
      let back = try #require(tutor.text.firstMatch(of: /target="_self" href="([^"]+)"/)).1.replacing(
        "&amp;", with: "&")
      #expect(back == "/embed/tutors?accent=2f6f4e&subject=algebra")
      #expect(!(await stage.site.get("/embed/tutors/ada")).text.contains("_self"))
    }
  }

  @Test func `the script is small, may be loaded from anywhere, and its address stays`() async throws {
    try await onStage { stage in
      let script = await stage.site.get("/embed/widget.js")
      #expect(script.status == 200 && script.header("content-type")?.hasPrefix("text/javascript") == true)
      #expect(script.length > 1000 && script.length < 5000, "\(script.length) bytes")
      #expect(script.header("cross-origin-resource-policy") == "cross-origin")
      #expect(script.header("cache-control") == "public, max-age=3600" && script.header("etag") != nil)
      #expect(script.cookies.isEmpty)
    }
  }

  @Test func `the screen writes the three pieces in the chosen look, and frames its own preview alone`() async throws {
    try await onStage { stage in
      let plain = await stage.site.get("/tutor/embedding", as: .ada)
      #expect(plain.status == 200 && pageFaults(plain.text) == [] && !plain.text.contains("⟦"))
      #expect(
        plain.text.contains(
          "&lt;a class=&quot;tutalink&quot; href=&quot;http://localhost:8080/tutors/ada&quot;&gt;Book a lesson with Ada Baig&lt;/a&gt;"
        ))
      #expect(plain.text.contains("&lt;script async src=&quot;http://localhost:8080/embed/widget.js&quot;&gt;"))
      #expect(plain.header("content-security-policy")?.contains("frame-src 'self'") == true)
      let chosen = await stage.site.get(
        "/tutor/embedding?accent=%23aa3300&theme=light&radius=16&lang=es&way=dialog", as: .ada)
      #expect(
        chosen.text.contains(
          "data-accent=&quot;aa3300&quot; data-theme=&quot;light&quot; data-radius=&quot;16&quot; data-lang=&quot;es&quot; data-as=&quot;dialog&quot;"
        ))
      #expect(chosen.text.contains("Reservar una clase con Ada Baig"))
      #expect(chosen.text.contains("src=\"/embed/tutors/ada?accent=aa3300&amp;theme=light&amp;radius=16&amp;lang=es\""))
      #expect(pageFaults(chosen.text) == [])
      // The house's own colour needs no saying.
      #expect(
        await stage.site.get("/tutor/embedding?accent=%231d6a4b", as: .ada).text.contains("src=\"/embed/tutors/ada\""))
      let odd = await stage.site.get("/tutor/embedding?accent=red&lang=xx", as: .ada)
      #expect(odd.text.contains("made no sense") && pageFaults(odd.text) == [])
      #expect(await stage.site.get("/tutor/embedding", as: .dan).text.contains("not listed yet"))
      let whole = await stage.site.get("/admin/embedding?subject=algebra", as: .root)
      #expect(whole.status == 200 && pageFaults(whole.text) == [] && !whole.text.contains("⟦"))
      #expect(
        whole.text.contains("/tutors?subject=algebra&quot;")
          && whole.text.contains("src=\"/embed/tutors?subject=algebra\""))
      #expect(await stage.site.get("/admin/embedding", as: .ada).status == 403)
      #expect(await stage.site.get("/tutor/embedding", as: .ben).status == 403)
    }
  }

  @Test func `an origin is refused with a sentence, taken once, bounded, and taken away by its owner alone`()
    async throws
  {
    try await onStage { stage async throws in
      for (typed, words) in [
        ("", "Write the address"), ("http://school.example", "by https"),
        ("https://x.example;*", "no site&#39;s address"),
      ] {
        let page = await stage.site.post("/tutor/embedding/origins", ["origin": typed], as: .ada)
        #expect(page.status == 422 && page.text.contains(words) && pageFaults(page.text) == [], "\(typed)")
      }
      #expect(try await stage.origins(of: .ada) == [])
      for _ in 0..<2 {
        #expect(
          await stage.site.post("/tutor/embedding/origins", ["origin": "https://ada.example"], as: .ada).status == 303)
      }
      #expect(try await stage.origins(of: .ada) == ["https://ada.example"])
      // Somebody else's is not there for others: nothing happens, and nothing is told.
      #expect(
        await stage.site.post("/tutor/embedding/origins/removal", ["origin": "https://ada.example"], as: .dan).status
          == 303)
      #expect(
        await stage.site.post("/admin/embedding/origins/removal", ["origin": "https://ada.example"], as: .root).status
          == 303)
      #expect(try await stage.origins(of: .ada) == ["https://ada.example"])
      // Thirty at the same moment: twenty have room.
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<30 {
          group.addTask {
            _ = await stage.site.post("/tutor/embedding/origins", ["origin": "https://n\(number).example"], as: .ada)
          }
        }
      }
      #expect(try await stage.origins(of: .ada).count == SiteOrigin.most)
      let full = await stage.site.post("/tutor/embedding/origins", ["origin": "https://late.example"], as: .ada)
      #expect(full.status == 422 && full.text.contains("20 sites are the most"))
      // What stands there already is there, however full it is.
      #expect(
        await stage.site.post("/tutor/embedding/origins", ["origin": "https://ada.example"], as: .ada).status == 303)
      #expect(
        await stage.site.post("/tutor/embedding/origins/removal", ["origin": "https://ada.example"], as: .ada).status
          == 303)
      #expect(try await stage.origins(of: .ada).contains("https://ada.example") == false)
    }
  }

  @Test func `who opens the whole site to another is written down`() async throws {
    try await onStage { stage in
      _ = await stage.site.post("/admin/embedding/origins", ["origin": "https://school.example"], as: .root)
      _ = await stage.site.post("/admin/embedding/origins", ["origin": "https://school.example"], as: .root)
      _ = await stage.site.post("/admin/embedding/origins/removal", ["origin": "https://school.example"], as: .root)
      let acts = try await stage.database.all(
        Query<String>("select details::text from audit_entries where act = 'setting.changed' order by id"))
      #expect(acts.count == 2 && acts[0].contains("added") && acts[1].contains("removed"))
      #expect(acts.allSatisfy { $0.contains("https://school.example") })
    }
  }

  @Test func `no row of another shape can reach the header field`() async throws {
    try await onStage { stage in
      for bad in [
        "https://x.example; script-src *", "*", "https://x.example:0", "https://x.example/", "HTTPS://X.example",
      ] {
        await #expect(throws: PostgresError.self) {
          try await stage.database.run(Query<Void>("insert into embed_origins (origin) values (\(bad))"))
        }
      }
    }
  }
}
