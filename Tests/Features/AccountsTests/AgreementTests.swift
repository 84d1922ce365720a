import Audit
import Core
import Legal
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Accounts

@Suite struct AgreementPagesTests {
  private func publish(_ words: String, over base: Int = 0, in town: Town) async throws {
    try await Legal(clock: town.house.clock.clock).publish(
      try LegalDraft(.terms, .english, words: words, base: base), by: .new(), .command, in: town.database)
  }

  /// What the hidden field of a form holds that is opened now.
  private func mark(_ town: Town) async throws -> String {
    let page = await Browser(town).get("/register").text
    let rest = try #require(page.split(separator: "name=\"agreed\" value=\"").last)
    return String(try #require(rest.split(separator: "\"").first))
  }

  @Test func `who registers agrees to what the box leads to, and can read it for good`() async throws {
    try await withTown { town async throws in
      let form = await Browser(town).get("/register")
      #expect(form.text.contains("href=\"/terms\" target=\"_blank\">terms of use</a>"))
      #expect(
        form.text.contains("href=\"/privacy\" target=\"_blank\">privacy policy</a>") && pageFaults(form.text) == [])
      try await publish("Be kind.", in: town)
      let seen = try await mark(town)
      #expect(await Browser(town).post("/register", fields: town.newcomer("mia", ["agreed": seen])).status == 200)
      #expect(
        try await town.count(
          """
          select count(*) from agreements a join users u on u.id = a.user_id
            left join legal_versions v on v.id = a.version_id
           where u.username = 'mia' and (v.words = 'Be kind.' and a.document = 'terms'
              or a.version_id is null and a.document = 'privacy')
          """) == 2)
      let browser = Browser(town)
      #expect(await browser.post("/verify", ["token": try await town.token("accounts.verify")]).status == 303)
      let account = await browser.get("/account")
      #expect(account.text.contains("What you agreed to") && account.text.contains("/privacy?version=standard"))
      #expect(account.text.contains("/terms?version=0") && pageFaults(account.text) == [])
    }
  }

  @Test func `terms that changed while somebody wrote are looked at again before they are agreed to`() async throws {
    try await withTown { town async throws in
      try await publish("Be kind.", in: town)
      let seen = try await mark(town)
      try await publish("Be kind, and pay.", over: 1, in: town)
      let refused = await Browser(town).post("/register", fields: town.newcomer("mia", ["agreed": seen]))
      #expect(refused.status == 422 && refused.text.contains("The terms were changed while you were writing."))
      #expect(refused.text.contains("value=\"mia@example.org\""), "nothing else is lost")
      #expect(try await town.count("select count(*) from users") == 0)
      let seenNow = try await mark(town)
      #expect(await Browser(town).post("/register", fields: town.newcomer("mia", ["agreed": seenNow])).status == 200)
    }
  }

  @Test func `an account that goes takes its agreements along, and the versions stay`() async throws {
    try await withTown { town async throws in
      try await publish("Be kind.", in: town)
      #expect(await Browser(town).post("/register", fields: town.newcomer()).status == 200)
      #expect(try await town.count("select count(*) from agreements") == 2)
      try await town.database.run(Query<Void>("delete from users"))
      #expect(try await town.count("select count(*) from agreements") == 0)
      #expect(try await town.count("select count(*) from legal_versions") == 1)
    }
  }
}
