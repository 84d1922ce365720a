import Audit
import Core
import Crypto
import JSON
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Accounts

extension Town {
  /// Turns the second proof on, as a person does; the secret and the codes for paper.
  func turnOn(_ browser: Browser) async throws -> (totp: TOTP, paper: [String]) {
    #expect(await browser.post("/account/security/second-factor", ["factor_password": Self.password]).status == 303)
    let page = await browser.get("/account/security/second-factor")
    #expect(page.status == 200 && pageFaults(page.text) == [])
    #expect(page.header("cache-control")?.contains("no-store") == true)
    let secret = try #require(page.text.split(separator: "class=\"secret\">").last?.split(separator: "<").first)
    let totp = try #require(Base32.decode(secret).flatMap { TOTP(secret: $0) })
    let done = await browser.post("/account/security/second-factor/code", ["code": code(totp)])
    #expect(done.status == 200 && pageFaults(done.text) == [])
    let paper = done.text.split(separator: "<code class=\"secret\">").dropFirst().compactMap {
      $0.split(separator: "<").first.map(String.init)
    }
    return (totp, paper)
  }

  func code(_ totp: TOTP, steps: Int64 = 0) -> String { totp.code(step: TOTP.step(at: house.clock.clock.now) + steps) }

  func acts() async throws -> [String] {
    try await database.all(Query<String>("select act from audit_entries order by at, id"))
  }
}

@Suite struct SecondFactorPagesTests {
  @Test func `a second proof is set, asked for and taken away`() async throws {
    try await withTown { town in
      try await town.settle()
      let (browser, elsewhere) = (Browser(town), Browser(town))
      _ = await browser.signIn()
      _ = await elsewhere.signIn()
      let (totp, paper) = try await town.turnOn(browser)
      #expect(paper.count == 10 && Set(paper).count == 10 && paper.allSatisfy { $0.count == 19 })
      // Whoever was in by the password alone is out.
      #expect(await browser.get("/account/security").status == 200)
      #expect(await elsewhere.get("/account").status == 303)

      town.house.clock.advance(by: .seconds(30))
      let half = await elsewhere.signIn("mia", Town.password, ["remember_me": "on", "next": "/wallet"])
      #expect(half.status == 303 && half.header("location") == "/sign-in/code")
      #expect(half.cookies.allSatisfy { $0.name != "session" })
      #expect(await elsewhere.get("/account").status == 303)
      let form = await elsewhere.get("/sign-in/code")
      #expect(form.status == 200 && pageFaults(form.text) == [])
      let wrong = await elsewhere.post("/sign-in/code", ["code": "000000"])
      #expect(wrong.status == 422 && wrong.text.contains("This code is not right"))
      let whole = await elsewhere.post("/sign-in/code", ["code": town.code(totp)])
      #expect(whole.status == 303 && whole.header("location") == "/wallet")
      #expect(whole.cookies.first { $0.name == "session" }?.maxAge == .days(30))
      #expect(await elsewhere.get("/account").status == 200)

      // Away again: both proofs are asked for.
      town.house.clock.advance(by: .seconds(30))
      let removal = "/account/security/second-factor/removal"
      #expect(
        await browser.post(removal, ["factor_password": "wrong-1-word", "code": town.code(totp)]).status == 422)
      #expect(await browser.post(removal, ["factor_password": Town.password, "code": "000000"]).status == 422)
      #expect(
        await browser.post(removal, ["factor_password": Town.password, "code": town.code(totp)]).status == 303)
      #expect(await Browser(town).signIn().header("location") == "/dashboard")
      let acts = try await town.acts()
      #expect(acts == ["second-factor.added", "second-factor.removed"])
      let letters = try await town.database.all(
        Query<String>("select kind from mails where kind like 'accounts.factor%' order by id"))
      #expect(letters == ["accounts.factorOn", "accounts.factorOff"])
    }
  }

  @Test func `a code is good once, in whatever order and however many come at once`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let (totp, _) = try await town.turnOn(browser)
      // The code that set it up is used.
      let first = Browser(town)
      _ = await first.signIn()
      #expect(await first.post("/sign-in/code", ["code": town.code(totp)]).status == 422)
      town.house.clock.advance(by: .seconds(60))
      let code = town.code(totp)
      let browsers = (0..<4).map { _ in Browser(town) }
      for one in browsers { _ = await one.signIn() }
      let statuses = await withTaskGroup(of: Int.self) { group in
        for one in browsers { group.addTask { await one.post("/sign-in/code", ["code": code]).status } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [303, 422, 422, 422])
      // One that is older than the last is worthless too.
      town.house.clock.advance(by: .seconds(30))
      let last = Browser(town)
      _ = await last.signIn()
      #expect(await last.post("/sign-in/code", ["code": town.code(totp, steps: -1)]).status == 422)
      #expect(await last.post("/sign-in/code", ["code": town.code(totp)]).status == 303)
    }
  }

  @Test func `five wrong codes rest the factor, sent one by one or at once`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let (totp, paper) = try await town.turnOn(browser)
      town.house.clock.advance(by: .seconds(60))
      let browsers = (0..<8).map { _ in Browser(town) }
      for one in browsers { _ = await one.signIn() }
      let texts = await withTaskGroup(of: String.self) { group in
        for one in browsers { group.addTask { await one.post("/sign-in/code", ["code": "000000"]).text } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(texts.count { $0.contains("This code is not right") } == 5)
      #expect(texts.count { $0.contains("too many wrong codes") } == 3)
      // The right one does not help now, nor one from paper.
      for code in [town.code(totp), paper[0]] {
        #expect(await browsers[0].post("/sign-in/code", ["code": code]).text.contains("too many wrong codes"))
      }
      let acts = try await town.acts()
      #expect(acts == ["second-factor.added", "second-factor.resting"])
      town.house.clock.advance(by: .minutes(16))
      _ = await browsers[0].signIn()
      #expect(await browsers[0].post("/sign-in/code", ["code": town.code(totp)]).status == 303)
    }
  }

  @Test func `a code from paper is good once, and new ones end the old`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let (totp, paper) = try await town.turnOn(browser)
      let other = Browser(town)
      _ = await other.signIn()
      let typed = paper[3].lowercased().replacing("-", with: " ")
      let done = await other.post("/sign-in/code", ["code": typed])
      #expect(done.status == 303 && done.header("location") == "/account/security?saved=paper")
      let page = await other.get("/account/security?saved=paper")
      #expect(page.text.contains("<dd>9</dd>") && pageFaults(page.text) == [])
      let again = Browser(town)
      _ = await again.signIn()
      #expect(await again.post("/sign-in/code", ["code": paper[3]]).status == 422)

      town.house.clock.advance(by: .seconds(60))
      let renewed = await other.post(
        "/account/security/recovery-codes", ["factor_password": Town.password, "code": town.code(totp)])
      #expect(renewed.status == 200 && renewed.text.contains("class=\"secret\""))
      #expect(await again.post("/sign-in/code", ["code": paper[4]]).status == 422)
      let kept = try await town.database.one(Query<Int>("select count(*) from recovery_codes"))
      #expect(kept == 10)
      // Nothing of the codes or the secret is readable in the database.
      let dump = try await town.database.one(
        Query<String>(
          "select (select secret from second_factors) || (select string_agg(code_hash::text, ' ') from recovery_codes)")
      )
      #expect(!dump.contains(Base32.encode(totp.secret)) && dump.hasPrefix("k1."))
    }
  }

  @Test func `half a proof ends with ten minutes, another password and a suspension`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let (totp, _) = try await town.turnOn(browser)
      town.house.clock.advance(by: .seconds(60))
      let late = Browser(town)
      _ = await late.signIn()
      town.house.clock.advance(by: .minutes(11))
      #expect(await late.get("/sign-in/code").header("location") == "/sign-in")
      #expect(await late.post("/sign-in/code", ["code": town.code(totp)]).header("location") == "/sign-in")

      let changed = Browser(town)
      _ = await changed.signIn()
      #expect(
        await browser.post(
          "/account/password", ["current_password": Town.password, "new_password": "harbour-9-bells"]
        ).status == 303)
      #expect(await changed.post("/sign-in/code", ["code": town.code(totp)]).header("location") == "/sign-in")
      #expect(changed.session == nil)

      let suspended = Browser(town)
      _ = await suspended.signIn("mia", "harbour-9-bells")
      let user = try await town.database.one(Query<ID<User>>("select id from users"))
      try await town.database.transaction { tx in
        _ = try await town.sessions.suspend(user, isOn: true, by: .command, in: tx)
      }
      #expect(await suspended.post("/sign-in/code", ["code": town.code(totp)]).header("location") == "/sign-in")
      #expect(suspended.session == nil)
    }
  }

  @Test func `setting it up needs the password and a code, in time`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      #expect(await browser.get("/account/security/second-factor").header("location") == "/account/security")
      let refused = await browser.post("/account/security/second-factor", ["factor_password": "wrong-1-word"])
      #expect(refused.status == 422 && pageFaults(refused.text) == [])
      #expect(refused.text.contains("This is not your current password."))
      #expect(await browser.post("/account/security/second-factor", ["factor_password": Town.password]).status == 303)
      let wrong = await browser.post("/account/security/second-factor/code", ["code": "123"])
      #expect(wrong.status == 422 && wrong.text.contains("This code is not right"))
      // Begun and not finished, it asks nobody for anything.
      #expect(await Browser(town).signIn().header("location") == "/dashboard")
      town.house.clock.advance(by: .minutes(16))
      #expect(await browser.get("/account/security/second-factor").header("location") == "/account/security")
      #expect(
        await browser.post("/account/security/second-factor/code", ["code": "123456"]).header("location")
          == "/account/security")
      // Once it is on, it cannot be begun anew over the old one.
      _ = try await town.turnOn(browser)
      #expect(await browser.post("/account/security/second-factor", ["factor_password": Town.password]).status == 409)
    }
  }

  @Test func `a program sends the code with the password`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let (totp, paper) = try await town.turnOn(browser)
      town.house.clock.advance(by: .seconds(60))
      for address in ["/api/auth/login/", "/api/token/"] {
        func call(_ otp: String?) async -> Response {
          var body: JSON.Object = ["username": "mia", "password": .string(Town.password)]
          if let otp { body["otp"] = .string(otp) }
          return await town.call(.post, address, .object(body))
        }
        let asked = await call(nil)
        #expect(asked.status == 401 && asked.json?["code"]?.string == "otp_required")
        #expect(asked.cookies.allSatisfy { $0.name != "session" })
        #expect(await call("000000").json?["code"]?.string == "otp_wrong")
        let good = await call(town.code(totp))
        #expect(good.status == 200 && good.json?["access"]?.string != nil)
        #expect(await call(town.code(totp)).json?["code"]?.string == "otp_wrong")
        town.house.clock.advance(by: .seconds(30))
      }
      #expect(
        await town.call(
          .post, "/api/token/", ["username": "mia", "password": .string(Town.password), "otp": .string(paper[0])]
        ).status == 200)
      // A wrong password with a right code tells nothing of either.
      #expect(
        await town.call(
          .post, "/api/token/", ["username": "mia", "password": "wrong-1-word", "otp": .string(town.code(totp))]
        ).json?["code"]?.string == "wrong_credentials")
    }
  }

  @Test func `wrong passwords of an hour make one entry, however often it is looked`() async throws {
    try await withTown { town in
      try await town.settle()
      for _ in 0..<3 { _ = await Browser(town).signIn("mia", "wrong-1-word") }
      _ = await Browser(town).signIn("nobody", "wrong-1-word")
      town.house.clock.advance(by: .hours(1))
      for _ in 0..<3 {
        try await town.site.runJobs()
        town.house.clock.advance(by: .minutes(20))
      }
      let told = try await town.database.all(
        Query<(String, String)>(
          "select details->>'tries', details->>'accounts' from audit_entries where act = 'sign-in.failures'"))
      #expect(told.count == 1)
      #expect(told.first?.0 == "4" && told.first?.1 == "1")
    }
  }

  @Test func `password changes are written down, with the neighbourhood they came from`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      _ = await browser.post(
        "/account/password", ["current_password": Town.password, "new_password": "harbour-9-bells"])
      let entry = try await town.database.one(
        Query<(String, String, String)>("select act, channel, address from audit_entries"))
      #expect(entry == ("password.changed", "web", "127.0.0.0/24"))
      #expect(try await AuditLog(clock: town.house.clock.clock).verify(in: town.database).holds)
    }
  }
}
