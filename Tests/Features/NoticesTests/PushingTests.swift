import Core
import Crypto
import JSON
import Outbound
import Postgres
import Push
import TestDatabase
import TestKit
import Testing
import Vault
import Web

@testable import Notices

/// A push service with the vendors' manners (`Tests/Peers/push_service.py`), which reads what we send as a browser would.
struct Vendor {
  let origin: String
  let courier: Courier

  struct Browser { let id, endpoint, p256dh, auth: String }

  private func ask(_ method: OutboundRequest.Method, _ path: String) async throws -> JSON {
    try JSON.read(try await HTTPClient(courier).send(OutboundRequest(method, origin + path)).body)
  }

  func browser(for key: String) async throws -> Browser {
    let told = try await ask(.post, "/browsers?key=\(key)")
    func text(_ name: String) throws -> String { try #require(told[name]?.string) }
    return Browser(
      id: try text("id"), endpoint: try text("endpoint"), p256dh: try text("p256dh"), auth: try text("auth"))
  }

  func mood(_ mood: String, of browser: Browser) async throws {
    _ = try await ask(.post, "/moods/\(browser.id)?mood=\(mood)")
  }

  func taken() async throws -> [JSON] { try await ask(.get, "/taken").array ?? [] }
  func asked() async throws -> [Int] { try await ask(.get, "/asked").array?.compactMap(\.int) ?? [] }
}

func withVendor(_ body: (NoticesHouse, Vendor) async throws -> Void) async throws {
  let peer = try Peer("push_service.py")
  let courier = Courier(loops: testLoops)
  let vendor = Vendor(origin: "http://127.0.0.1:\(peer.port("http"))", courier: courier)
  let result: Result<Void, any Error>
  do {
    try await withNotices(courier: courier, pushPeer: vendor.origin) { house async throws in
      house.house.clock.set(to: .now)
      try await body(house, vendor)
    }
    result = .success(())
  } catch { result = .failure(error) }
  await courier.close()
  withExtendedLifetime(peer) {}
  try result.get()
}

extension NoticesHouse {
  func signIn(_ person: Person) async throws {
    try await database.run(
      Query<Void>(
        """
        insert into sessions (id, user_id, token_hash, family, expires_at)
        values (\(person.id), \(person.id), convert_to(\(person.username), 'UTF8'), \(person.id), now() + interval '12 hours')
        on conflict (id) do update set revoked_at = null
        """))
  }

  func key() async throws -> String { try await feature.pushes.keys.publicKey() }

  func turnOn(_ browser: Vendor.Browser, as person: Person = .ben, key: String? = nil) async throws -> Response {
    var own = ""
    if key == nil { own = try await self.key() }
    return await site.post(
      "/account/notifications/devices",
      ["endpoint": browser.endpoint, "p256dh": browser.p256dh, "auth": browser.auth, "key": key ?? own], as: person)
  }

  func devices() async throws -> Int {
    try await database.one(Query<Int>("select count(*)::int from push_subscriptions"))
  }

  func book(_ person: Person = .ben, kind: String = "bookings.confirmed", mail: Bool = false) async throws {
    try await tell(
      person, kind,
      ["with": .text("Ada Baig"), "subject": .text("Algebra"), "at": .moment(house.clock.now + .days(3))],
      link: "/bookings", mail: mail)
  }
}

@Suite struct PushingTests {
  @Test func `what is told reaches each device once, in its reader's words, sealed and proved`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let key = try await house.key()
      let phone = try await vendor.browser(for: key), laptop = try await vendor.browser(for: key)
      for browser in [phone, laptop] {
        let answer = try await house.turnOn(browser)
        #expect(answer.status == 303 && answer.header("location") == "/account/notifications?done=device#devices")
      }
      try await house.book()
      try await house.site.runJobs()
      try await house.site.runJobs()
      let taken = try await vendor.taken()
      #expect(Set(taken.compactMap { $0["browser"]?.string }) == [phone.id, laptop.id])
      #expect(taken.count == 2)
      let note = try JSON.read(try #require(taken.first?["text"]?.string))
      let notice = try await house.database.one(Query<ID<Notification>>("select id from notifications"))
      #expect(note["title"]?.string == "Bookings")
      #expect(note["body"]?.string?.hasPrefix("Algebra with Ada Baig on ") == true)
      #expect(note["link"]?.string == "/notifications/\(notice)")
      #expect(note["id"]?.string == "\(notice)")
      #expect(taken.first?["urgency"]?.string == "normal")
      #expect(taken.first?["ttl"]?.int == 172_800)
      #expect(taken.first?["topic"]?.string?.utf8.count == 32)
      let used = try await house.database.one(
        Query<Int>("select count(*)::int from push_subscriptions where used_at is not null"))
      #expect(used == 2)
    }
  }

  @Test func `a device is told in its reader's language, from right to left where that is read so`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      try await house.database.run(Query<Void>("update users set language = 'ar' where id = \(Person.ben.id)"))
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.book()
      try await house.site.runJobs()
      let note = try JSON.read(try #require(try await vendor.taken().first?["text"]?.string))
      #expect(note["title"]?.string == "الحجوزات")
      #expect(note["dir"]?.string == "rtl" && note["lang"]?.string == "ar")
    }
  }

  @Test(arguments: ["gone", "missing"])
  func `a browser that is no more is forgotten, and asked no more`(mood: String) async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let browser = try await vendor.browser(for: try await house.key())
      _ = try await house.turnOn(browser)
      try await vendor.mood(mood, of: browser)
      try await house.book()
      try await house.site.runJobs()
      #expect(try await house.devices() == 0)
      try await house.book()
      house.house.clock.advance(by: .hours(2))
      try await house.site.runJobs()
      #expect(try await vendor.asked().count == 1)
    }
  }

  @Test func `a busy vendor is asked again when it said, and then once`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let key = try await house.key()
      let busy = try await vendor.browser(for: key), free = try await vendor.browser(for: key)
      for browser in [busy, free] { _ = try await house.turnOn(browser) }
      try await vendor.mood("busy", of: busy)
      try await house.book()
      try await house.site.runJobs()
      #expect(try await vendor.asked().sorted() == [201, 429])
      house.house.clock.advance(by: .seconds(80))
      try await house.site.runJobs()
      #expect(try await vendor.asked().count == 2)
      try await vendor.mood("", of: busy)
      house.house.clock.advance(by: .seconds(11))
      try await house.site.runJobs()
      house.house.clock.advance(by: .hours(1))
      try await house.site.runJobs()
      #expect(try await vendor.asked().sorted() == [201, 201, 429])
      #expect(Set(try await vendor.taken().compactMap { $0["browser"]?.string }) == [busy.id, free.id])
    }
  }

  @Test(arguments: ["hurried", "broken"])
  func `a vendor in trouble is tried with growing pauses, and given up when the news is old`(mood: String) async throws
  {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let browser = try await vendor.browser(for: try await house.key())
      _ = try await house.turnOn(browser)
      try await vendor.mood(mood, of: browser)
      try await house.book(kind: "bookings.reminder-hour")
      for _ in 0..<8 {
        try await house.site.runJobs()
        house.house.clock.advance(by: .minutes(2))
      }
      let count = try await vendor.asked().count
      #expect((4...8).contains(count))
      house.house.clock.advance(by: .hours(2))
      try await house.site.runJobs()
      house.house.clock.advance(by: .hours(2))
      try await house.site.runJobs()
      #expect(try await vendor.asked().count == count)
      #expect(try await house.devices() == 1)
      let waiting = try await house.database.one(
        Query<Int>("select count(*)::int from jobs where name like 'notices.push%' and finished_at is null"))
      #expect(waiting == 0)
    }
  }

  @Test(arguments: ["small", "strange"])
  func `what a vendor will never take is not tried again, and waits for a person`(mood: String) async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let browser = try await vendor.browser(for: try await house.key())
      _ = try await house.turnOn(browser)
      try await vendor.mood(mood, of: browser)
      try await house.book()
      try await house.site.runJobs()
      house.house.clock.advance(by: .hours(3))
      try await house.site.runJobs()
      #expect(try await vendor.asked().count == 1)
      let dead = try await house.database.one(
        Query<Int>("select count(*)::int from jobs where name = 'notices.push-to' and dead_at is not null"))
      #expect(dead == 1)
      #expect(try await house.devices() == 1)
    }
  }

  @Test func `a note of any length fits`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.tell(
        .ben, "tutors.rejected", ["reason": .text(String(repeating: "ماذا 👩‍👩‍👧 ", count: 900))], link: "/tutor/profile")
      try await house.site.runJobs()
      let taken = try #require(try await vendor.taken().first)
      #expect(taken["size"]?.int ?? 9999 <= 4096)
      #expect(try JSON.read(taken["text"]?.string ?? "")["body"]?.string?.hasSuffix("…") == true)
    }
  }

  @Test func `who signed out, was suspended or has not been there for a month is not told`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.database.run(Query<Void>("update sessions set revoked_at = now()"))
      try await house.book()
      try await house.site.runJobs()
      try await house.signIn(.ben)
      try await house.database.run(Query<Void>("update users set suspended_at = now() where id = \(Person.ben.id)"))
      try await house.book()
      try await house.site.runJobs()
      try await house.database.run(Query<Void>("update users set suspended_at = null"))
      try await house.database.run(Query<Void>("update sessions set expires_at = now() - interval '31 days'"))
      try await house.book()
      try await house.site.runJobs()
      #expect(try await vendor.asked().isEmpty)
      // Nor is anything kept of the device.
      house.house.clock.advance(by: .days(2))
      try await house.site.runJobs()
      #expect(try await house.devices() == 0)
    }
  }

  @Test func `what was switched off is not pushed, and quiet hours hold what can wait`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.database.run(.mute(.reviews, .push, for: Person.ben.id, at: house.house.clock.now))
      try await house.tell(.ben, "reviews.answered", ["tutor": .text("Ada")], link: "/bookings")
      // New York, where Ben lives, at one in the morning.
      house.house.clock.set(to: Instant(rfc3339: "2026-11-22T06:00:00Z")!)
      try await house.database.run(.keepQuiet(QuietHours(from: 22, to: 7)!, for: Person.ben.id))
      try await house.book()
      try await house.tell(
        .ben, "bookings.reminder-hour",
        ["with": .text("Ada"), "subject": .text("Algebra"), "at": .moment(house.house.clock.now + .hours(1))])
      try await house.database.run(Query<Void>("update notifications set created_at = \(house.house.clock.now)"))
      try await house.site.runJobs()
      let early = try await vendor.taken()
      #expect(early.count == 1)
      #expect(early.first?["text"]?.string?.contains("Reminders") == true)
      #expect(early.first?["urgency"]?.string == "high")
      house.house.clock.set(to: Instant(rfc3339: "2026-11-22T11:59:00Z")!)
      try await house.site.runJobs()
      #expect(try await vendor.taken().count == 1)
      house.house.clock.set(to: Instant(rfc3339: "2026-11-22T12:00:30Z")!)
      try await house.site.runJobs()
      let all = try await vendor.taken()
      #expect(all.count == 2)
      #expect(all.last?["text"]?.string?.contains("Bookings") == true)
    }
  }

  @Test func `two workers with one notice send it once`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.book()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { try await house.site.runJobs() } }
        try await group.waitForAll()
      }
      try await house.site.runJobs()
      #expect(try await vendor.taken().count == 1)
    }
  }

  @Test func `after a crash between the vendor's yes and our note it goes under the same topic and name`() async throws
  {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      try await house.book()
      try await house.site.runJobs()
      // As if it had never been written down that it was done.
      try await house.database.run(
        Query<Void>(
          "update jobs set finished_at = null, lease_owner = null, leased_until = null where name = 'notices.push-to'"))
      try await house.site.runJobs()
      let taken = try await vendor.taken()
      #expect(taken.count == 2)
      #expect(taken[0]["topic"] == taken[1]["topic"] && taken[0]["text"] == taken[1]["text"])
    }
  }

  @Test func `the first pair is made once, however many ask, and its private half is sealed`() async throws {
    try await withNotices { house async throws in
      let keys = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 { group.addTask { try await house.key() } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(keys.count == 1)
      let (id, sealed) = try await house.database.one(
        Query<(ID<PushKey>, String)>("select id, private_key from push_keys"))
      #expect(sealed.hasPrefix("k1.") && sealed.utf8.count > 60)
      let pair = try #require(try await house.feature.pushes.keys.pair(id))
      #expect(Base64.url(pair.publicKey) == keys.first)
    }
  }

  @Test func `after a new pair browsers keep the old one until they go, and a pair that became known goes at once`()
    async throws
  {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let old = try await house.key()
      let browser = try await vendor.browser(for: old)
      _ = try await house.turnOn(browser)
      let fresh = try await house.database.transaction { tx in try await house.feature.pushes.keys.make(in: tx) }
      #expect(try await house.key() == fresh && fresh != old)
      try await house.book()
      try await house.site.runJobs()
      #expect(try await vendor.asked() == [201])
      // The sweep leaves a pair that somebody needs, and takes it with the last of them.
      try await house.feature.sweepDevices()
      #expect(try await house.database.one(Query<Int>("select count(*)::int from push_keys")) == 2)
      let count = try await house.database.transaction { tx in try await house.feature.pushes.keys.replace(in: tx) }
      #expect(count == 1)
      #expect(try await house.database.one(Query<Int>("select count(*)::int from push_keys")) == 1)
      #expect(try await house.key() != fresh)
    }
  }

  @Test func `a device knows nobody else's, and an address goes to whoever asks last`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      try await house.signIn(.cleo)
      let browser = try await vendor.browser(for: try await house.key())
      _ = try await house.turnOn(browser, as: .ben)
      let id = try await house.database.one(Query<ID<Device>>("select id from push_subscriptions"))
      let foreign = await house.site.post("/account/notifications/devices/\(id)/removal", as: .cleo)
      #expect(foreign.status == 404)
      _ = try await house.turnOn(browser, as: .cleo)
      let owner = try await house.database.all(Query<ID<User>>("select user_id from push_subscriptions"))
      #expect(owner == [Person.cleo.id])
      try await house.book(.ben)
      try await house.site.runJobs()
      #expect(try await vendor.asked().isEmpty)
      let own = try await house.database.one(Query<ID<Device>>("select id from push_subscriptions"))
      let removed = await house.site.post("/account/notifications/devices/\(own)/removal", as: .cleo)
      let again = await house.site.post("/account/notifications/devices/\(own)/removal", as: .cleo)
      #expect(removed.status == 303 && again.status == 404)
    }
  }

  @Test func `the same browser at once in two tabs is one device, and of many the newest twenty stay`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      let key = try await house.key()
      let browser = try await vendor.browser(for: key)
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<6 { group.addTask { try await house.turnOn(browser, key: key).status } }
        for try await status in group { #expect(status == 303) }
      }
      #expect(try await house.devices() == 1)
      for _ in 0..<22 { _ = try await house.turnOn(try await vendor.browser(for: key), key: key) }
      #expect(try await house.devices() == 20)
    }
  }

  @Test func `what is no push service, or an inner address, is refused`() async throws {
    try await withNotices { house async throws in
      try await house.signIn(.ben)
      let point = Base64.url(P256KeyPair().publicKey), secret = Base64.url(Random.bytes(16))
      let own = try await house.key()
      for endpoint in ["http://127.0.0.1:9/x", "https://127.0.0.1/x", "https://localhost/x", "ftp://a.test/x", ""] {
        let answer = try await house.turnOn(
          Vendor.Browser(id: "", endpoint: endpoint, p256dh: point, auth: secret), key: own)
        #expect(answer.status == 422)
      }
      let strange = try await house.turnOn(
        Vendor.Browser(id: "", endpoint: "https://push.example/x", p256dh: point, auth: secret), key: "unknown")
      #expect(strange.status == 422)
      #expect(try await house.devices() == 0)
    }
  }

  @Test func `a test notice takes the way of all, whatever was switched off`() async throws {
    try await withVendor { house, vendor async throws in
      try await house.signIn(.ben)
      _ = try await house.turnOn(try await vendor.browser(for: try await house.key()))
      for topic in Topic.allCases {
        try await house.database.run(.mute(topic, .push, for: Person.ben.id, at: house.house.clock.now))
      }
      let answer = await house.site.post("/account/notifications/trial", as: .ben)
      #expect(answer.status == 303)
      try await house.site.runJobs()
      #expect(try await vendor.taken().first?["text"]?.string?.contains("test notice you asked for") == true)
    }
  }
}
