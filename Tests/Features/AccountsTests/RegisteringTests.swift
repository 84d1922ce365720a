import Core
import JSON
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Accounts

@Suite struct RegisteringTests {
  @Test func `who has to register first comes back to where they were going, and never to another site`() async throws {
    try await withTown { town in
      let wanted = "/tutors/ada/book?subject=algebra&starts_at=2026-11-22T10:15:00Z"
      let encoded = PercentEncoding.encode(wanted)
      let browser = Browser(town)
      #expect(await browser.get("/sign-in?next=\(encoded)").text.contains("/register?next=\(encoded)"))
      let form = await browser.get("/register?next=\(encoded)").text
      #expect(pageFaults(form) == [] && form.contains("/sign-in?next=\(encoded)"))
      // A refused form still knows it.
      let refused = await browser.post("/register", fields: town.newcomer("mia", ["email": "?", "next": wanted]))
      #expect(refused.status == 422 && refused.text.contains("/sign-in?next=\(encoded)"))
      #expect(await browser.post("/register", fields: town.newcomer("mia", ["next": wanted])).status == 200)
      let token = try await town.token("accounts.verify")
      #expect(await browser.post("/verify", ["token": token]).header("location") == wanted)

      let other = Browser(town)
      let foreign = town.newcomer("zoe", ["next": "https://elsewhere.example/"])
      #expect(await other.post("/register", fields: foreign).status == 200)
      let second = try await town.token("accounts.verify")
      #expect(await other.post("/verify", ["token": second]).header("location") == "/dashboard")
    }
  }

  @Test func `a newcomer registers, follows the letter once, and is signed in`() async throws {
    try await withTown { town in
      let form = await Browser(town).get("/register?role=tutor")
      #expect(form.status == 200 && pageFaults(form.text) == [])
      for address in ["/sign-in", "/forgotten-password", "/reset-password?token=x", "/verify?token=x"] {
        #expect(await pageFaults(Browser(town).get(address).text) == [], "\(address)")
      }
      let browser = Browser(town)
      let sent = await browser.post("/register", fields: town.newcomer())
      #expect(sent.status == 200 && sent.text.contains("mia@example.org") && !sent.text.contains("⟦"))
      #expect(!sent.text.contains("token="), "a real site shows no letter")
      let token = try await town.token("accounts.verify")
      let opened = await browser.get("/verify?token=\(token)")
      #expect(opened.status == 200 && !opened.text.contains("⟦"))
      #expect(
        try await town.count("select count(*) from users where verified_at is not null") == 0, "opening proves nothing")
      #expect(await browser.post("/verify", ["token": token]).header("location") == "/dashboard")
      let account = await browser.get("/account")
      #expect(account.status == 200 && pageFaults(account.text) == [])
      #expect(await Browser(town).get("/verify?token=\(token)").status == 303)
      #expect(await Browser(town).post("/verify", ["token": token]).status == 422)
      #expect(try await town.count("select count(*) from sessions") == 1)
    }
  }

  @Test func `a letter is too old after three days, and a new one voids the old`() async throws {
    try await withTown { town in
      _ = await Browser(town).post("/register", fields: town.newcomer())
      let first = try await town.token("accounts.verify")
      town.house.clock.advance(by: .minutes(1))
      #expect(await Browser(town).post("/verification-letters", ["email": "mia@example.org"]).status == 200)
      let second = try await town.token("accounts.verify")
      #expect(first != second)
      #expect(await Browser(town).post("/verify", ["token": first]).status == 422)
      town.house.clock.advance(by: .days(3))
      #expect(await Browser(town).get("/verify?token=\(second)").status == 422)
      #expect(await Browser(town).post("/verify", ["token": second]).status == 422)
      for token in ["", "x", String(repeating: "a", count: 5000), "' or 1=1"] {
        #expect(await Browser(town).post("/verify", ["token": token]).status == 422)
      }
    }
  }

  @Test func `a refused form comes back with the person's words and every reason, and without the password`()
    async throws
  {
    try await withTown { town in
      let page = await Browser(town).post(
        "/register",
        fields: town.newcomer(
          "mia", ["email": "nonsense", "password": "short-1x", "timezone": "Mars", "full_name": "<b>Mia</b>"]))
      #expect(page.status == 422 && page.text.contains("nonsense") && page.text.contains("&lt;b&gt;Mia&lt;/b&gt;"))
      #expect(
        page.text.contains("This does not look like an e-mail address.")
          && page.text.contains("Choose a time zone from the list."))
      #expect(!page.text.contains("short-1x") && !page.text.contains("<b>Mia") && !page.text.contains("⟦"))
      let bare = await Browser(town).post("/register")
      #expect(bare.status == 422 && !bare.text.contains("⟦"))
      let made = try await town.count("select count(*) from users")
      #expect(made == 0)
    }
  }

  @Test func `a known address answers as a new one, and its owner is told`() async throws {
    try await withTown { town in
      try await town.settle()
      let known = await Browser(town).post("/register", fields: town.newcomer("other", ["email": "MIA@example.org"]))
      let fresh = await Browser(town).post("/register", fields: town.newcomer("fresh"))
      func words(_ response: Response, _ email: String) -> String {
        // The tokens of forms differ from page to page.
        response.text.replacing(email, with: "").replacing(#/"[0-9a-f]{64}"/#, with: "")
          .replacing(#/nonce="[^"]*"/#, with: "")
      }
      #expect(known.status == fresh.status && words(known, "mia@example.org") == words(fresh, "fresh@example.org"))
      #expect(try await town.count("select count(*) from users") == 2)
      #expect(try await town.count("select count(*) from mails where kind = 'accounts.known'") == 1)
    }
  }

  @Test func `a taken username is said, in either case, and whatever the address`() async throws {
    try await withTown { town in
      try await town.settle()
      try await town.settle("zoe")
      let known = await Browser(town).post("/register", fields: town.newcomer("mia", ["email": "zoe@example.org"]))
      #expect(
        known.status == 422 && known.text.contains("This username is taken."), "nothing is learned of the address")
      let page = await Browser(town).post("/register", fields: town.newcomer("MIA", ["email": "second@example.org"]))
      #expect(page.status == 422 && page.text.contains("This username is taken."))
    }
  }

  @Test func `twelve tabs with one form make one account`() async throws {
    try await withTown { town in
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<12 { group.addTask { await Browser(town).post("/register", fields: town.newcomer()).status } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.allSatisfy { $0 == 200 || $0 == 422 }, "\(statuses)")
      #expect(try await town.count("select count(*) from users") == 1)
      let token = try await town.token("accounts.verify")
      let verified = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 { group.addTask { await Browser(town).post("/verify", ["token": token]).status } }
        return await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(verified.count { $0 == 303 } == 1, "\(verified)")
    }
  }

  @Test func `a program registers and verifies`() async throws {
    try await withTown { town in
      let body: JSON = [
        "email": "zoe@example.org", "username": "zoe", "full_name": "Zoë", "password": "river-7-lantern",
        "role": "tutor", "timezone": "Asia/Kolkata",
        "year_of_study": 3, "gpa": 3.7, "accept_terms": true,
      ]
      let made = await town.call(.post, "/api/auth/register/", body)
      #expect(made.status == 201 && made.json?["email_verification"]?.string == "sent")
      #expect(!made.text.contains("password"))
      let again = await town.call(.post, "/api/auth/register/", body)
      #expect(again.status == 201 || again.json?["errors"]?["username"] != nil)
      let token = try await town.token("accounts.verify")
      #expect(await town.call(.post, "/api/auth/verify-email/", ["token": .string(token)]).status == 200)
      #expect(await town.call(.post, "/api/auth/verify-email/", ["token": "x"]).status == 422)
      let refused = await town.call(.post, "/api/auth/register/", [:])
      #expect(refused.status == 422 && refused.json?["errors"]?.object?.count == 6)
      let roles = try await town.count("select count(*) from user_roles")
      #expect(roles == 2)
    }
  }

  /// Nasty words in every field of every form, and of every document of the API: refused or taken, never a mistake of ours.
  @Test func `no words bring an account down`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      #expect(await browser.signIn().status == 303)
      let family = "👨‍👩‍👧‍👦"
      let nasty = [
        "", " ", "'; drop table users; --", "<script>alert(1)</script>", "\u{202e}abc",
        String(repeating: "x", count: 9000), "a\r\nBcc: x@y.z",
        String(repeating: family, count: 110), "%00%ff", "{{7*7}}", "../../etc/passwd", "NaN", "-1",
        "99999999999999999999", "٣", "\u{feff}", "e\u{301}", "on",
      ]
      for words in nasty {
        for field in [
          "email", "username", "full_name", "password", "role", "timezone", "department", "year_of_study",
          "accept_terms",
        ] {
          let page = await Browser(town).post("/register", fields: town.newcomer("nina", [field: words]))
          #expect(page.status < 500, "register \(field): \(words.prefix(20))")
          #expect(!page.text.contains("<script>alert"))
        }
        for field in ["full_name", "locale", "timezone", "department", "year_of_study", "learning_goals"] {
          var values = [
            "full_name": "Mia", "locale": "en", "timezone": "UTC", "department": "", "year_of_study": "",
            "learning_goals": "",
          ]
          values[field] = words
          let page = await browser.post("/account", fields: Fields(values.map { (name: $0.key, value: $0.value) }))
          #expect(page.status < 500, "account \(field): \(words.prefix(20))")
          #expect(await town.call(.post, "/api/auth/register/", JSON.object([field: .string(words)])).status < 500)
        }
        for (address, field) in [
          ("/sign-in", "login"), ("/forgotten-password", "email"), ("/verification-letters", "email"),
          ("/language", "language"), ("/reset-password", "token"),
        ] {
          let page = await Browser(town).post(
            address, fields: Fields([(name: field, value: words), (name: "password", value: "x")]))
          #expect(page.status < 500, "\(address): \(words.prefix(20))")
        }
      }
      let odd: [JSON] = [[], "x", 7, .null, ["email": ["a"]], ["email": ["a": 1], "password": true], ["token": 5]]
      for body in odd {
        for path in ["register", "login", "verify-email", "password-reset", "password-reset/confirm"] {
          #expect(await town.call(.post, "/api/auth/\(path)/", body).status < 500, "\(path)")
        }
      }
    }
  }
}
