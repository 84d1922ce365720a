import Core
import Testing

@testable import Web

@Suite struct LimitTests {
  private let quota = Quota("q", 3, per: .seconds(30))

  @Test func `a bucket gives what it holds at once, then one after the other`() {
    let limits = MemoryLimits()
    var now = Instant(seconds: 1_000_000)
    func take() -> LimitVerdict { limits.take(quota, holder: "a", at: now) }
    #expect(take() == LimitVerdict(isAllowed: true, remaining: 2, retryAfter: 0, reset: 10))
    #expect(take() == LimitVerdict(isAllowed: true, remaining: 1, retryAfter: 0, reset: 20))
    #expect(take() == LimitVerdict(isAllowed: true, remaining: 0, retryAfter: 0, reset: 30))
    #expect(take() == LimitVerdict(isAllowed: false, remaining: 0, retryAfter: 10, reset: 30))
    now += .seconds(9)
    #expect(take() == LimitVerdict(isAllowed: false, remaining: 0, retryAfter: 1, reset: 21))
    now += .seconds(1)
    #expect(take().isAllowed)
    #expect(!take().isAllowed)
    now += .hours(1)
    #expect(take().remaining == 2)
    #expect(limits.take(Quota("other", 3, per: .seconds(30)), holder: "a", at: now).remaining == 2)
  }

  @Test func `a clock that is set back locks nobody out for longer than a period`() {
    let limits = MemoryLimits()
    let now = Instant(seconds: 1_000_000)
    for _ in 0..<4 { _ = limits.take(quota, holder: "a", at: now) }
    let before = now - .hours(5)
    #expect(limits.take(quota, holder: "a", at: before).retryAfter == 10)
    #expect(limits.take(quota, holder: "a", at: before + .seconds(10)).isAllowed)
  }

  @Test func `what is said over a socket has its pace, by person`() async throws {
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 1, count: 32))
    settings.rates = try RateSettings("messages=2/10s")
    let pace = Pace(.messages, settings)
    let now = Instant(seconds: 1_000_000)
    let (ada, ben) = (ID<User>.new(), ID<User>.new())
    #expect(await pace.spend(ada, at: now) == nil)
    #expect(await pace.spend(ada, at: now) == nil)
    #expect(await pace.spend(ada, at: now) == 5)
    #expect(await pace.spend(ben, at: now) == nil)
    #expect(await pace.spend(ada, at: now + .seconds(5)) == nil)
    settings.rateFactor = 0
    let off = Pace(.messages, settings)
    for _ in 0..<5 { #expect(await off.spend(ada, at: now) == nil) }
    for _ in 0..<5 { #expect(await Pace.free.spend(ada, at: now) == nil) }
  }

  @Test func `who shares a store shares the pace, and a store that is away opens no door`() async throws {
    struct Away: LimitStore {
      struct Gone: Error {}
      func spend(_ quota: Quota, holder: String, at now: Instant) async throws -> LimitVerdict { throw Gone() }
    }
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 1, count: 32))
    settings.rates = try RateSettings("messages=1/10s")
    settings.limitStore = MemoryLimits()
    let now = Instant(seconds: 1_000_000)
    let ada = ID<User>.new()
    #expect(await Pace(.messages, settings).spend(ada, at: now) == nil)
    #expect(await Pace(.messages, settings).spend(ada, at: now) == 10)
    settings.limitStore = Away()
    let alone = Pace(.messages, settings)
    #expect(await alone.spend(ada, at: now) == nil)
    #expect(await alone.spend(ada, at: now) == 10)
  }

  @Test func `a flood of addresses is bounded, and does not wash anybody clean`() {
    let limits = MemoryLimits(most: 1600)
    let now = Instant(seconds: 1_000_000)
    for _ in 0..<3 { _ = limits.take(quota, holder: "guesser", at: now) }
    for n in 0..<20_000 { _ = limits.take(quota, holder: "10.0.\(n / 256).\(n % 256)", at: now) }
    #expect(limits.count <= 1600)
    #expect(!limits.take(quota, holder: "guesser", at: now).isAllowed)
    // Buckets that are full again are as good as never seen.
    for n in 0..<2000 { _ = limits.take(quota, holder: "b\(n)", at: now + .minutes(1)) }
    #expect(limits.count <= 1600)
  }

  private func table(
    _ change: (inout WebSettings) -> Void = { _ in }, routes declare: (inout Routes) -> Void
  ) -> RouteTable {
    var settings = plainSettings()
    change(&settings)
    var routes = Routes()
    declare(&routes)
    return RouteTable(
      routes, settings: settings, log: .silent, clock: WallClock { Instant(seconds: 1_000_000) }, identify: identify)
  }

  @Test func `every route has a class, and what nobody said follows from method and kind`() {
    let table = table { routes in
      routes.on(.get, "/a", as: Guest.self) { _, _ in .nothing }
      routes.on(.post, "/a", as: Guest.self) { _, _ in .nothing }
      routes.api(.patch, "/api/a/", as: Guest.self) { _, _ in .nothing }
      routes.api(.post, "/api/hook/", as: Guest.self, limits: .webhook) { _, _ in .nothing }
      routes.on(.post, "/in", as: Guest.self, limits: .rate(.signIn)) { _, _ in .nothing }
      routes.quick("/healthz") { _ in .nothing }
    }
    #expect(table.listing.map(\.rateClass) == [.read, .write, .write, .webhooks, .signIn, .watch])
    for kind in RateClass.allCases where kind != .watch {
      #expect(!kind.rates.isEmpty)
      #expect(kind.rates.allSatisfy { $0.pool?.hasPrefix(kind.rawValue) == true })
    }
  }

  @Test func `one account is guarded from many addresses, whatever the case of its name`() async {
    let table = table({ $0.rates = try! RateSettings("sign-in=90/10m") }) { routes in
      routes.api(.post, "/api/login/", as: Guest.self, limits: .rate(.signIn)) { _, _ in .nothing }
    }
    func attempt(_ name: String, _ from: Int) async -> Int {
      await table.answer(
        Request(
          .post, "/api/login/", headers: ["content-type": "application/json", "host": "localhost"],
          body: Array(#"{"email": "\#(name)", "password": "x"}"#.utf8), address: "203.0.113.\(from)")
      ).status
    }
    for n in 0..<20 { #expect(await attempt(n % 2 == 0 ? "ana@example.org" : " ANA@example.org", n) == 204) }
    #expect(await attempt("ana@example.org", 99) == 429)
    #expect(await attempt("ben@example.org", 99) == 204)
  }

  @Test func `a bearer token has a bucket of its own`() async {
    let user = ID<User>.new()
    let table = table({ $0.rates = try! RateSettings("write=2/1m") }) { routes in
      routes.api(.post, "/api/a/", as: Guest.self) { _, _ in .nothing }
    }
    func ask(_ token: String) async -> Response {
      await table.answer(
        Request(.post, "/api/a/", headers: ["authorization": "Bearer \(token)", "host": "localhost"]))
    }
    for _ in 0..<2 { #expect(await ask(user.description).status == 204) }
    let refused = await ask(user.description)
    #expect(refused.status == 429)
    #expect(refused.header("ratelimit-policy")?.contains("\"write-token\";q=4;w=60") == true)
  }

  @Test func `the operator's rates are read strictly and scale the whole class`() throws {
    let rates = try RateSettings("discovery=1000/1m, sign-in = 180/10m")
    #expect(rates.rates(of: .discovery).map(\.count) == [1000])
    #expect(rates.rates(of: .signIn).map(\.count) == [180, 40])
    #expect(rates.rates(of: .read) == RateClass.read.rates)
    for wrong in ["nonsense=1/1m", "read=0/1m", "read=5", "read=5/1d", "read=5/0m", "read=x/1m", "watch=1/1m"] {
      #expect(throws: RateSettings.Unreadable.self) { try RateSettings(wrong) }
    }
  }

  private final class SharedStore: LimitStore {
    let isAway = Locked(false)
    let asked = Locked<[String]>([])
    func spend(_ quota: Quota, holder: String, at now: Instant) async throws -> LimitVerdict {
      if isAway.withLock({ $0 }) { throw Failure.unavailable }
      asked.withLock { $0.append(quota.name + " " + holder) }
      return LimitVerdict(isAllowed: false, remaining: 0, retryAfter: 7, reset: 9)
    }
  }

  @Test func `a shared store is asked, and when it is away this process counts by itself`() async {
    let store = SharedStore()
    let table = table({ $0.limitStore = store }) { routes in
      routes.on(.get, "/a", as: Guest.self, limits: [.rate(.watch), .limit(.perAddress(1, per: .hours(1), pool: "p"))])
      {
        _, _ in .nothing
      }
    }
    func ask() async -> Response { await table.answer(Request(.get, "/a", address: "2001:db8:1:2:3::4")) }
    let refused = await ask()
    #expect(refused.status == 429)
    #expect(refused.header("retry-after") == "7")
    #expect(store.asked.withLock { $0 } == ["p 20:1:d:b8:0:1:0:2"])
    store.isAway.withLock { $0 = true }
    #expect(await ask().status == 204)
    #expect(await ask().status == 429)
  }
}
