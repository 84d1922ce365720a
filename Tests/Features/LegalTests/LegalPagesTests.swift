import Audit
import Core
import HTML
import Platform
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Legal

/// A site with nothing but its legal texts.
struct Notary: Sendable {
  let house: TestHouse
  let database: Database
  let legal: Legal
  let site: TestSite

  init(_ database: Database, outsiders: [Outsider] = [.simulatedPayment, .mail]) throws {
    self.database = database
    house = try TestHouse(database)
    legal = Legal(clock: house.clock.clock)
    site = house.open([
      LegalFeature(database: database, site: house.site, standard: StandardText(outsiders: outsiders))
    ])
  }

  func publish(
    _ words: String, _ document: LegalDocument = .terms, in language: Language = .english, over base: Int = 0
  ) async throws {
    try await legal.publish(
      try LegalDraft(document, language, words: words, base: base), by: Person.root.id, .command, in: database)
  }

  func read(_ address: String, in language: Language = .english) async -> Response {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("accept-language", language.rawValue)
    return await site.table.answer(Request(.get, address, headers: headers))
  }

  func count() async throws -> Int { try await database.one(Query<Int>("select count(*) from legal_versions")) }
}

func atNotary(_ body: (Notary) async throws -> Void) async throws {
  try await withDatabase { database in try await body(try Notary(database)) }
}

@Suite struct LegalDraftTests {
  @Test func `nothing but spaces is no text, and a text may be as long as the database takes`() throws {
    #expect(throws: LegalDraft.Refusal.missing) { try LegalDraft(.terms, .english, words: " \n ", base: 0) }
    let longest = String(repeating: "ü", count: LegalDraft.longest)
    #expect(try LegalDraft(.terms, .english, words: longest, base: 0).words == longest)
    #expect(throws: LegalDraft.Refusal.tooLong) { try LegalDraft(.terms, .english, words: longest + "x", base: 0) }
    // One family is seven characters to the database.
    let families = String(repeating: "👨‍👩‍👧‍👦", count: LegalDraft.longest / 7 + 1)
    #expect(throws: LegalDraft.Refusal.tooLong) { try LegalDraft(.terms, .english, words: families, base: 0) }
  }

  @Test func `a line ends in one character, whatever the browser sent`() throws {
    #expect(try LegalDraft(.terms, .english, words: "# One\r\n\r\nTwo\r\n", base: 0).words == "# One\n\nTwo")
  }
}

@Suite struct LegalPagesTests {
  @Test func `until somebody has written, the page says what the software does and whose words those are`() async throws
  {
    try await atNotary { notary async throws in
      for language in Language.allCases {
        for document in LegalDocument.allCases {
          let page = await notary.read(document.address, in: language)
          #expect(page.status == 200 && pageFaults(page.text) == [] && !page.text.contains("⟦"), "\(language)")
        }
      }
      let privacy = await notary.read("/privacy")
      #expect(privacy.text.contains("has not published a text of their own yet"))
      #expect(privacy.text.contains("<h2>Cookies</h2>"))
      #expect(privacy.text.contains("payments are simulated here") && privacy.text.contains("The mail server"))
      #expect(!privacy.text.contains("reCAPTCHA") && !privacy.text.contains("In force since"))
      #expect(privacy.text.contains("href=\"/account\""))
      // Every page's footer leads to both.
      #expect(privacy.text.contains("href=\"/terms\">Terms</a>"))
    }
  }

  @Test func `what is in force is shown in the reader's language, else in English, else in the one there is`()
    async throws
  {
    try await atNotary { notary async throws in
      try await notary.publish("Sea amable.", in: .spanish)
      let urdu = await notary.read("/terms", in: .urdu)
      #expect(urdu.text.contains("Sea amable.") && urdu.text.contains("lang=\"es\" dir=\"ltr\""))
      try await notary.publish("Be kind.", in: .english)
      #expect(await notary.read("/terms", in: .urdu).text.contains("Be kind."))
      let spanish = await notary.read("/terms", in: .spanish)
      #expect(spanish.text.contains("Sea amable.") && !spanish.text.contains("Be kind."))
      // The other document is still nobody's.
      #expect(await notary.read("/privacy", in: .spanish).text.contains("aún no ha publicado"))
      try await notary.publish("کن لطیفاً", in: .arabic)
      let arabic = await notary.read("/terms", in: .arabic)
      #expect(arabic.text.contains("lang=\"ar\" dir=\"rtl\"") && pageFaults(arabic.text) == [])
    }
  }

  @Test func `a new version is a new row; the earlier one stays, and says that it is no more in force`() async throws {
    try await atNotary { notary async throws in
      try await notary.publish("# One\n\n### Deeper\n\nFirst words.")
      let first = try #require(try await notary.legal.newest(.terms, .english, in: notary.database))
      notary.house.clock.advance(by: .days(40))
      try await notary.publish("Second words.", over: 1)
      let page = await notary.read("/terms")
      #expect(page.text.contains("Second words.") && page.text.contains("In force since Dec 30, 2026. Version 2."))
      #expect(page.text.contains("Version 1, Nov 20, 2026"))
      let old = await notary.read(LegalDocument.terms.address(of: first.id))
      #expect(old.status == 200 && old.text.contains("First words.") && old.text.contains("not in force any more"))
      // Below the page's own heading, and none is left out.
      #expect(old.text.contains("<h2>One</h2>") && old.text.contains("<h3>Deeper</h3>"))
      // The standard text, for those who agreed to that.
      let standard = await notary.read(LegalDocument.terms.address(of: nil))
      #expect(standard.text.contains("What this is") && standard.text.contains("not in force any more"))
      // A version of the one is none of the other, and what is no version is not found.
      #expect(await notary.read(LegalDocument.privacy.address(of: first.id)).status == 404)
      #expect(await notary.read("/terms?version=1").status == 404)
      await #expect(throws: PostgresError.self) {
        try await notary.database.run(Query<Void>("update legal_versions set words = 'Other'"))
      }
      await #expect(throws: PostgresError.self) {
        try await notary.database.run(Query<Void>("delete from legal_versions"))
      }
    }
  }

  @Test func `what runs is not written into the page`() async throws {
    try await atNotary { notary async throws in
      try await notary.publish("<script>alert(1)</script> [x](javascript:alert(1)) <b>bold</b>")
      let page = await notary.read("/terms")
      #expect(!page.text.contains("alert(1)</script>") && !page.text.contains("javascript:alert"))
      #expect(!page.text.contains("<b>bold") && pageFaults(page.text) == [])
    }
  }

  @Test func `the same words twice are one version`() async throws {
    try await atNotary { notary async throws in
      try await notary.publish("Be kind.")
      try await notary.publish("Be kind.")
      try await notary.publish("Be kind.", over: 1)
      #expect(try await notary.count() == 1)
    }
  }

  @Test func `of two who write at once the second is told, and nothing of the first is lost`() async throws {
    try await atNotary { notary async throws in
      let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<8 {
          group.addTask {
            do {
              try await notary.publish("Words of \(number).")
              return true
            } catch LegalDraft.Refusal.overtaken { return false }
          }
        }
        return try await group.reduce(into: [Bool]()) { $0.append($1) }
      }
      #expect(outcomes.filter { $0 }.count == 1 && outcomes.count == 8)
      #expect(try await notary.count() == 1)
      // The same, sent eight times at once by an impatient hand, is one version and no refusal.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { try await notary.publish("Patience.", over: 1) } }
        try await group.waitForAll()
      }
      #expect(try await notary.count() == 2)
      let noted = try await notary.database.one(
        Query<Int>(
          "select count(*) from audit_entries where act = 'setting.changed' and details ->> 'setting' = 'terms'"))
      #expect(noted == 2)
    }
  }

  @Test func `what somebody reads has a mark that changes with every version of their language`() async throws {
    try await atNotary { notary async throws in
      let before = try await notary.legal.inForce(for: .spanish, in: notary.database)
      #expect(before == LegalSet() && before.mark == "standard standard")
      try await notary.publish("Be kind.")
      let english = try await notary.legal.inForce(for: .spanish, in: notary.database)
      #expect(english.mark != before.mark && english.versions[.privacy] == nil)
      try await notary.publish("Sea amable.", in: .spanish)
      #expect(try await notary.legal.inForce(for: .spanish, in: notary.database).mark != english.mark)
      #expect(try await notary.legal.inForce(for: .english, in: notary.database).mark == english.mark)
    }
  }
}
