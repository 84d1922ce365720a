import Audit
import Core
import JSON
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Accounts

@Suite struct SigningInTests {
  @Test func `wrong, unknown, unproven and suspended read the same`() async throws {
    try await withTown { town in
      try await town.settle("mia")
      try await town.settle("sue")
      try await town.database.run(Query("update users set suspended_at = now() where username = 'sue'"))
      _ = await Browser(town).post("/register", fields: town.newcomer("new"))
      for (login, password) in [
        ("mia", "wrong-1-word"), ("nobody", "wrong-1-word"), ("sue", Town.password), ("sue", "wrong-1-word"),
        ("new", "wrong-1-word"), ("", ""),
      ] {
        let page = await Browser(town).signIn(login, password)
        #expect(page.status == 422 && page.text.contains("The login or the password is not right."), "\(login)")
        #expect(page.cookies.allSatisfy { $0.name != "session" })
        let program = await town.call(
          .post, "/api/auth/login/", ["email": .string(login), "password": .string(password)])
        #expect(program.status == 401 && program.json?["code"]?.string == "wrong_credentials", "\(login)")
      }
      // The right password of an address that is not proven: a new letter, no session.
      let unproven = await Browser(town).signIn("new")
      #expect(unproven.status == 200 && unproven.cookies.allSatisfy { $0.name != "session" })
      #expect(
        await town.call(.post, "/api/token/", ["username": "new", "password": .string(Town.password)]).status == 403)
      for login in ["mia", "MIA", " mia@example.org ", "Mia@Example.org"] {
        #expect(await Browser(town).signIn(login).status == 303, "\(login)")
      }
    }
  }

  @Test func `an account rests after ten wrong passwords, and wakes`() async throws {
    try await withTown { town in
      try await town.settle()
      for _ in 0..<10 { #expect(await Browser(town).signIn("mia", "wrong-1-word").status == 422) }
      let resting = await Browser(town).signIn()
      #expect(resting.status == 422 && resting.text.contains("rests for 15 minutes"))
      #expect(
        await town.call(.post, "/api/token/", ["username": "mia", "password": .string(Town.password)]).status == 429)
      // So does a login that nobody has: resting tells nothing either.
      for _ in 0..<10 {
        let page = await Browser(town).signIn("nobody@example.org", "wrong-1-word")
        #expect(page.text.contains("The login or the password is not right."))
      }
      #expect(await Browser(town).signIn("Nobody@example.org", "wrong-1-word").text.contains("rests for 15 minutes"))
      #expect(
        await Browser(town).signIn("another@example.org", "wrong-1-word").text.contains(
          "The login or the password is not right."))
      town.house.clock.advance(by: .minutes(16))
      #expect(await Browser(town).signIn().status == 303)
    }
  }

  @Test func `a session lasts as long as was asked for`() async throws {
    try await withTown { town in
      try await town.settle()
      let short = Browser(town), long = Browser(town)
      let cookie = try #require(await short.signIn().cookies.first { $0.name == "session" })
      #expect(cookie.maxAge == nil)
      let text = cookie.text(secure: true)
      for part in ["__Host-session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] { #expect(text.contains(part)) }
      let kept = try #require(
        await long.signIn("mia", Town.password, ["remember_me": "on"]).cookies.first { $0.name == "session" })
      #expect(kept.maxAge == .days(30))
      // Used, it goes on; unused for twelve hours, the short one is over.
      town.house.clock.advance(by: .hours(11))
      #expect(await short.get("/account").status == 200)
      town.house.clock.advance(by: .hours(11))
      #expect(await short.get("/account").status == 200)
      town.house.clock.advance(by: .hours(13))
      #expect(await short.get("/account").status == 303)
      #expect(await long.get("/account").status == 200)
      town.house.clock.advance(by: .days(30))
      #expect(await long.get("/account").status == 303)
    }
  }

  @Test func `tokens and letters are kept as hashes only`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let api = try await town.tokens()
      let secrets = [try #require(browser.session), api.refresh, api.access, Town.password]
      let rows = try await town.database.all(
        Query<String>(
          """
          select s::text from sessions s union all select u::text from users u union all select l::text from letters l
          union all select a::text from activity_log a union all select encode(token_hash, 'escape') from sessions
          """))
      for secret in secrets { #expect(rows.allSatisfy { !$0.contains(secret) }) }
      #expect(rows.contains { $0.contains("$argon2id$") })
    }
  }

  @Test func `signing out ends this session; closing the others ends theirs`() async throws {
    try await withTown { town in
      try await town.settle()
      let here = Browser(town), there = Browser(town), third = Browser(town)
      for browser in [here, there, third] { #expect(await browser.signIn().status == 303) }
      let old = try #require(here.session)
      let out = await here.post("/sign-out")
      #expect(out.status == 303 && out.cookies.contains { $0.name == "session" && $0.maxAge == .seconds(0) })
      #expect(try await town.sessions.identify(Request(.get, "/", headers: ["cookie": "session=\(old)"])) == nil)
      #expect(await there.get("/account").status == 200)
      #expect(await there.post("/account/sessions").status == 303)
      #expect(await third.get("/account").status == 303)
      #expect(await there.get("/account").status == 200)
    }
  }

  @Test func `one session of a list is closed by its owner alone`() async throws {
    try await withTown { town in
      try await town.settle("mia")
      try await town.settle("eve")
      let mine = Browser(town), eve = Browser(town)
      _ = await mine.signIn()
      _ = await eve.signIn("eve")
      let id = try await town.database.one(
        Query<ID<Session>>(
          "select s.id from sessions s join users u on u.id = s.user_id where u.username = 'mia' order by s.created_at desc, s.id desc limit 1"
        ))
      #expect(await eve.post("/account/sessions/\(id)").status == 404)
      #expect(await mine.get("/account").status == 200)
      #expect(await mine.post("/account/sessions/\(id)").status == 303)
      #expect(await mine.get("/account").status == 303)
    }
  }

  @Test func `a refresh token works once, and a stolen one closes its family`() async throws {
    try await withTown { town in
      try await town.settle()
      let first = try await town.tokens()
      #expect(await town.call(.get, "/api/users/me/", bearer: first.access).status == 200)
      let traded = await town.call(.post, "/api/token/refresh/", ["refresh": .string(first.refresh)])
      let second = (
        access: try #require(traded.json?["access"]?.string), refresh: try #require(traded.json?["refresh"]?.string)
      )
      #expect(await town.call(.get, "/api/users/me/", bearer: second.access).status == 200)
      let other = try await town.tokens()
      #expect(await town.call(.post, "/api/token/refresh/", ["refresh": .string(first.refresh)]).status == 401)
      #expect(await town.call(.get, "/api/users/me/", bearer: second.access).status == 401)
      #expect(await town.call(.post, "/api/token/refresh/", ["refresh": .string(second.refresh)]).status == 401)
      #expect(await town.call(.get, "/api/users/me/", bearer: other.access).status == 200, "another family lives on")
      let others: [JSON] = [[:], ["refresh": 5], ["refresh": "x"], ["refresh": ""]]
      for odd in others {
        #expect([401, 422].contains(await town.call(.post, "/api/token/refresh/", odd).status))
      }
    }
  }

  @Test func `of twelve who trade one refresh token at once, one at most wins`() async throws {
    try await withTown { town in
      try await town.settle()
      let tokens = try await town.tokens()
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<12 {
          group.addTask { await town.call(.post, "/api/token/refresh/", ["refresh": .string(tokens.refresh)]).status }
        }
        return await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses.count { $0 == 200 } == 1 && statuses.allSatisfy { $0 == 200 || $0 == 401 }, "\(statuses)")
      #expect(
        try await town.count("select count(*) from sessions where kind = 'api' and revoked_at is null") == 0,
        "reuse closed the family")
    }
  }

  @Test func `an access token dies of age, of signing out, and of a changed letter`() async throws {
    try await withTown { town in
      try await town.settle()
      let tokens = try await town.tokens()
      var forged = tokens.access
      forged.removeLast(4)
      for bad in [forged, forged + "AAAA", "", "x.y.z", "eyJhbGciOiJub25lIn0.e30.", tokens.refresh] {
        #expect(await town.call(.get, "/api/users/me/", bearer: bad).status == 401, "\(bad.prefix(12))")
      }
      #expect(await town.call(.get, "/api/users/me/", bearer: tokens.access).status == 200)
      // That it was right once helps nobody who changes it, and not the other kind of token.
      for bad in [forged, tokens.access + "A", " \(tokens.access) x"] {
        #expect(await town.call(.get, "/api/users/me/", bearer: bad).status == 401)
      }
      #expect(await town.call(.post, "/api/auth/logout/", bearer: tokens.access).status == 204)
      #expect(await town.call(.get, "/api/users/me/", bearer: tokens.access).status == 401)
      #expect(await town.call(.post, "/api/token/refresh/", ["refresh": .string(tokens.refresh)]).status == 401)
      let second = try await town.tokens()
      #expect(await town.call(.get, "/api/users/me/", bearer: second.access).status == 200, "and is remembered")
      town.house.clock.advance(by: .minutes(16))
      #expect(await town.call(.get, "/api/users/me/", bearer: second.access).status == 401)
    }
  }

  @Test func `after signing in one goes where one was going, within the house`() async throws {
    try await withTown { town in
      try await town.settle()
      for (next, wanted) in [
        ("/bookings?x=1", "/bookings?x=1"), ("https://evil.example", "/dashboard"), ("//evil.example", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"), ("", "/dashboard"), ("/a\r\nX: y", "/dashboard"),
        ("\t//evil.example", "/dashboard"),
      ] {
        #expect(
          await Browser(town).signIn("mia", Town.password, ["next": next]).header("location") == wanted, "\(next)")
      }
      let page = await Browser(town).get("/sign-in?next=https%3A%2F%2Fevil.example")
      #expect(!page.text.contains("evil.example"))
    }
  }

  @Test func `a form without its token is refused, whoever sends it`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      #expect(
        await browser.post("/sign-in", ["login": "mia", "password": Town.password], isProven: false).status == 403)
      _ = await browser.signIn()
      for address in ["/account", "/account/password", "/account/sessions", "/sign-out"] {
        #expect(await browser.post(address, isProven: false).status == 403, "\(address)")
      }
      #expect(await browser.get("/account").status == 200)
    }
  }

  @Test func `a lost password is set anew by letter, once, and every session ends`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let api = try await town.tokens()
      let known = await Browser(town).post("/forgotten-password", ["email": "mia@example.org"])
      let unknown = await Browser(town).post("/forgotten-password", ["email": "nobody@example.org"])
      #expect(known.status == 200 && unknown.status == 200)
      #expect(await Browser(town).post("/forgotten-password", ["email": "nonsense"]).status == 422)
      #expect(try await town.count("select count(*) from mails where kind = 'accounts.reset'") == 1)
      let token = try await town.token("accounts.reset")
      #expect(await Browser(town).get("/reset-password?token=\(token)").status == 200)
      #expect(await Browser(town).post("/verify", ["token": token]).status == 422, "a letter serves its purpose only")
      let weak = await Browser(town).post("/reset-password", ["token": token, "password": "short"])
      #expect(weak.status == 422 && !weak.text.contains("⟦"))
      #expect(
        await Browser(town).post("/reset-password", ["token": token, "password": "harbour-9-bells"]).status == 200)
      #expect(await browser.get("/account").status == 303)
      #expect(await town.call(.get, "/api/users/me/", bearer: api.access).status == 401)
      #expect(
        await Browser(town).post("/reset-password", ["token": token, "password": "harbour-8-bells"]).status == 422)
      #expect(await Browser(town).signIn().status == 422)
      #expect(await Browser(town).signIn("mia", "harbour-9-bells").status == 303)
      #expect(try await town.count("select count(*) from mails where kind = 'accounts.passwordChanged'") == 1)
      _ = await town.call(.post, "/api/auth/password-reset/", ["email": "mia@example.org"])
      let second = try await town.token("accounts.reset")
      town.house.clock.advance(by: .minutes(61))
      #expect(
        await town.call(
          .post, "/api/auth/password-reset/confirm/", ["token": .string(second), "password": "harbour-7-bells"]
        ).status == 422)
    }
  }

  @Test func `a password is changed by who knows it, and the other sessions end`() async throws {
    try await withTown { town in
      try await town.settle()
      let here = Browser(town), there = Browser(town)
      _ = await here.signIn()
      _ = await there.signIn()
      let wrong = await here.post(
        "/account/password", ["current_password": "wrong-1-word", "new_password": "harbour-9-bells"])
      #expect(wrong.status == 422 && wrong.text.contains("This is not your current password."))
      #expect(
        await here.post("/account/password", ["current_password": Town.password, "new_password": "mia"]).status == 422)
      #expect(
        await here.post("/account/password", ["current_password": Town.password, "new_password": "harbour-9-bells"])
          .status == 303)
      #expect(await here.get("/account").status == 200)
      #expect(await there.get("/account").status == 303)
      #expect(await Browser(town).signIn("mia", "harbour-9-bells").status == 303)
    }
  }

  @Test func `one reads and changes oneself, field by field, and nothing else`() async throws {
    try await withTown { town in
      try await town.settle()
      let tokens = try await town.tokens()
      let me = await town.call(.get, "/api/users/me/", bearer: tokens.access)
      #expect(
        Set(me.json?.object?.names ?? []) == [
          "id", "email", "username", "full_name", "roles", "timezone", "locale", "department", "year_of_study",
          "learning_goals", "photo",
          "email_verified", "created_at",
        ])
      func patch(_ body: JSON) async -> Response {
        await town.call(.patch, "/api/users/me/", body, bearer: tokens.access)
      }
      let saved = await patch(["full_name": "Mia B. Stone", "year_of_study": 4, "timezone": "America/Lima"])
      #expect(
        saved.status == 200 && saved.json?["full_name"]?.string == "Mia B. Stone"
          && saved.json?["year_of_study"]?.int == 4)
      #expect(try await town.database.one(Query<String>("select zone from users")) == "America/Lima")
      for field in ["roles", "email", "username", "verified_at", "password_hash", "id", "is_admin"] {
        #expect(await patch(.object([field: "admin"])).status == 400, "\(field)")
      }
      #expect(await patch(["timezone": "Mars"]).status == 422)
      #expect(await patch(["department": ["a": 1]]).status == 422, "a value of another kind clears nothing")
      #expect(await patch(["full_name": true]).status == 422)
      #expect(await patch([]).status == 400)
      let cleared = await patch(["year_of_study": .null])
      #expect(cleared.status == 200 && cleared.json?["year_of_study"]?.isNull == true)
      #expect(await town.call(.get, "/api/users/me/").status == 401)
      #expect(await town.call(.patch, "/api/users/me/", [:]).status == 401)
    }
  }

  @Test func `of the two languages one is chosen, and kept`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let answer = await browser.post("/language", ["language": "ar", "next": "//evil.example"])
      #expect(answer.header("location") == "/" && answer.cookies.contains { $0.name == "language" && $0.value == "ar" })
      #expect(await browser.get("/account").text.contains("dir=\"rtl\""))
      #expect(await browser.post("/language", ["language": "xx"]).status == 422)
    }
  }

  @Test func `a suspended person is out at once, everywhere`() async throws {
    try await withTown { town in
      try await town.settle()
      let browser = Browser(town)
      _ = await browser.signIn()
      let tokens = try await town.tokens()
      #expect(await browser.get("/account").status == 200)
      let user = try await town.database.one(Query<ID<User>>("select id from users"))
      try await town.database.transaction { tx in
        _ = try await town.sessions.suspend(user, isOn: true, by: .command, in: tx)
      }
      #expect(await browser.get("/account").status == 303)
      #expect(await town.call(.get, "/api/users/me/", bearer: tokens.access).status == 401)
      #expect(await town.call(.post, "/api/token/refresh/", ["refresh": .string(tokens.refresh)]).status == 401)
    }
  }
}
