import Core
import Crypto
import HTML
import JSON
import Loop
import Outbound
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Captcha

/// Proofs as a browser makes them.
func prove(_ challenge: String, bits: Int) -> String {
  let seed = SHA256.hash(challenge)
  let numbers = (0..<UInt32(Work.count)).map { index in
    (0...UInt32.max).first { Work.zeros(seed, index, $0) >= bits }!
  }
  return challenge + ":" + numbers.map(String.init).joined(separator: ",")
}

@Suite struct CaptchaTests {
  private let clock = SteppedClock("2026-11-20T09:00:00Z")

  private func captcha(_ way: Captcha.Way, client: HTTPClient? = nil, address: String? = nil) -> Captcha {
    Captcha(
      way, secret: "secret", siteURL: "https://tutors.example:8443", client: client, address: address,
      clock: clock.clock)
  }

  private func challenge(_ captcha: Captcha, _ form: String = "register") throws -> String {
    guard case .work(let challenge, _) = captcha.field(for: form) else { throw Failure.notFound }
    return challenge
  }

  private func judge(
    _ captcha: Captcha, _ fields: [(name: String, value: String)], form: String = "register",
    from address: String = "203.0.113.1"
  ) async -> Captcha.Refusal? {
    let json = JSON.object(fields.reduce(into: JSON.Object()) { $0[$1.name] = .string($1.value) })
    let request = Request(.post, "/x", body: json.bytes, address: address)
    do { try await captcha.judge(request, for: form) } catch { return error as? Captcha.Refusal }
    return nil
  }

  @Test func `work is taken once, for its form, in its time, and only when it was done`() async throws {
    let captcha = captcha(.work(bits: 6))
    let proof = prove(try challenge(captcha), bits: 6)
    func refusal(_ proof: String, _ form: String = "register") async -> Captcha.Refusal? {
      await judge(captcha, [("captcha", proof)], form: form)
    }
    #expect(await refusal(proof, "reset") == .wrong)
    #expect(await refusal(proof) == nil)
    #expect(await refusal(proof) == .wrong)

    let other = try challenge(captcha)
    let good = prove(other, bits: 6)
    for wrong in [
      other, other + ":", other + ":0,0,0,0,0,0,0,0", good + ",1", good.dropLast(2) + "99999999999999",
      good.replacing("register", with: "reset"), good.replacing(".6.", with: ".1."), "x" + good, good + " ",
      String(repeating: "9", count: 1000), "....:1,2,3,4,5,6,7,8", ":",
    ] { #expect(await refusal(String(wrong)) == .wrong, "\(wrong)") }
    // None of these used it up.
    #expect(await refusal(good) == nil)

    let late = prove(try challenge(captcha), bits: 6)
    clock.advance(by: Work.lifetime + .seconds(1))
    #expect(await refusal(late) == .wrong)
  }

  @Test func `what was made for an easier time or with another secret is refused`() async throws {
    let easy = prove(try challenge(captcha(.work(bits: 2))), bits: 2)
    #expect(await judge(captcha(.work(bits: 6)), [("captcha", easy)]) == .wrong)
    let foreign = Captcha(.work(bits: 2), secret: "other", siteURL: "https://tutors.example", clock: clock.clock)
    let proof = prove(try challenge(foreign), bits: 2)
    #expect(await judge(captcha(.work(bits: 2)), [("captcha", proof)]) == .wrong)
  }

  @Test func `one proof sent many times at once is taken once`() async throws {
    let captcha = captcha(.work(bits: 4))
    let proof = prove(try challenge(captcha), bits: 4)
    let taken = await withTaskGroup { group in
      for _ in 0..<32 { group.addTask { await judge(captcha, [("captcha", proof)]) == nil } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(taken == 1)
  }

  @Test func `without a proof a few are taken from one address, and some from all`() async {
    let captcha = captcha(.work(bits: 4))
    for _ in 0..<3 { #expect(await judge(captcha, []) == nil) }
    #expect(await judge(captcha, []) == .tooMany)
    #expect(await judge(captcha, [], from: "2001:db8::1") == nil)
    for n in 0..<200 { _ = await judge(captcha, [], from: "198.51.100.\(n)") }
    #expect(await judge(captcha, [], from: "192.0.2.1") == .tooMany)
    // A proof is still a proof, and an hour later so is a beginning.
    clock.advance(by: .hours(1))
    #expect(await judge(captcha, [], from: "192.0.2.1") == nil)
    for _ in 0..<9 { #expect(await judge(.off, []) == nil) }
  }

  /// A vendor as the manuals describe them: a secret, tokens that count once and are for one host.
  private final class Double: Sendable {
    let used = Locked<Set<String>>([])
    let asked = Locked<[String]>([])
    let isAway = Locked(false)

    func answer(_ request: Request) -> Response {
      if isAway.withLock({ $0 }) { return Response(502) }
      guard request.header("content-type") == "application/x-www-form-urlencoded" else { return Response(400) }
      let form = Fields(urlencoded: request.body) ?? Fields()
      asked.withLock { $0.append(form.text("remoteip")) }
      func said(_ codes: [String], host: String? = nil) -> Response {
        .json { w in
          w.object { w in
            w.field("success", codes.isEmpty)
            if let host { w.field("hostname", host) }
            w.field("error-codes", codes)
          }
        }
      }
      guard form.text("secret") == "s3cret" else { return said(["invalid-input-secret"]) }
      let token = form.text("response")
      guard token.hasPrefix("good") else { return said(["invalid-input-response"]) }
      guard used.withLock({ $0.insert(token).inserted }) else { return said(["timeout-or-duplicate"]) }
      return said([], host: token.hasSuffix("elsewhere") ? "evil.example" : "tutors.example")
    }
  }

  @Test(arguments: Vendor.allCases) func `a vendor's word is taken for this host, once, and its absence closes nothing`(
    _ vendor: Vendor
  ) async throws {
    let double = Double()
    var routes = Routes()
    routes.api(.post, "/api/siteverify/", as: Guest.self, limits: [.webhook, .rate(.watch)]) { request, _ in
      double.answer(request)
    }
    let table = RouteTable(
      routes, settings: WebSettings(siteURL: "http://localhost", secret: Array(repeating: 1, count: 32)), log: .silent)
    let loops = LoopGroup(count: 1, log: .silent)
    let server = HTTPServer(table: table, loops: loops, settings: ServerSettings(port: 0))
    try await server.start()
    let courier = Courier(loops: loops)
    let address = "http://127.0.0.1:\(server.port)/api/siteverify/"
    let captcha = captcha(
      .vendor(vendor, siteKey: "public", secret: "s3cret"), client: HTTPClient(courier), address: address)
    func refusal(_ token: String) async -> Captcha.Refusal? { await judge(captcha, [("captcha", token)]) }
    #expect(await refusal("good 1") == nil)
    #expect(double.asked.withLock { $0 } == ["203.0.113.1"])
    #expect(await refusal("good 1") == .wrong)
    #expect(await refusal("bad") == .wrong)
    #expect(await refusal("good elsewhere") == .wrong)
    #expect(await refusal(String(repeating: "g", count: 9000)) == .wrong)
    // A vendor that is away, and a secret of ours that is wrong, are counted like forms without proof.
    double.isAway.withLock { $0 = true }
    for _ in 0..<3 { #expect(await refusal("good x") == nil) }
    #expect(await refusal("good x") == .tooMany)
    double.isAway.withLock { $0 = false }
    let misconfigured = self.captcha(
      .vendor(vendor, siteKey: "public", secret: "wrong"), client: HTTPClient(courier), address: address)
    #expect(await judge(misconfigured, [("captcha", "good 2")]) == nil)
    await server.stop()
    await courier.close()
    loops.stop()
  }

  @Test func `a page is opened for the vendor that was chosen, and for nobody else`() async {
    for vendor in Vendor.allCases {
      let captcha = captcha(.vendor(vendor, siteKey: "public", secret: "s"))
      var routes = Routes()
      routes.on(.get, "/form", as: Guest.self) { _, _ in captcha.opening(.html("<p>form</p>")) }
      routes.on(.get, "/other", as: Guest.self) { _, _ in .html("<p>other</p>") }
      let table = RouteTable(
        routes, settings: WebSettings(siteURL: "http://localhost", secret: Array(repeating: 1, count: 32)), log: .silent
      )
      let policy = await table.answer(Request(.get, "/form")).header("content-security-policy") ?? ""
      let host = vendor.script.split(separator: "/")[1]
      let domain = host.split(separator: ".").suffix(2).joined(separator: ".")
      #expect(policy.contains(domain), "\(policy)")
      #expect(!policy.contains("unsafe"))
      for other in Vendor.allCases where other != vendor {
        for source in other.content.scripts { #expect(!policy.contains(source)) }
      }
      let shut = await table.answer(Request(.get, "/other")).header("content-security-policy") ?? ""
      #expect(!shut.contains(domain) && shut.contains("require-trusted-types-for 'script'"))
    }
    #expect(captcha(.work(bits: 4)).opening(.html("<p></p>")).foreign == nil)
  }
}
