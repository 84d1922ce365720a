import Core
import JSON
import Jobs
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Classroom

@Suite struct RoomConversationTests {
  @Test func `a learner waits and is told, knocks by arriving, and is let in`() async throws {
    try await withStage { (stage: Stage) async throws in
      let ben = try await stage.enter(.ben)
      let welcome = try await ben.hear("welcome")
      #expect(welcome["you"]?["seat"]?.int == 2)
      #expect(welcome["you"]?["role"]?.string == "learner")
      #expect(welcome["you"]?["standing"]?.string == "waiting")
      #expect(welcome["topology"]?.string == "peer")
      #expect(welcome["log_after"]?.int == 0)
      #expect(welcome["state"]?["ends_at"]?.string == "2026-11-20T10:00:00Z")
      #expect(welcome["seats"]?.array?.map { $0["here"]?.bool } == [false, true])

      let ada = try await stage.enter(.ada)
      #expect(try await ada.hear("welcome")["seats"]?[1]?["standing"]?.string == "waiting")
      #expect(try await ada.hear("knock")["seat"]?["name"]?.string == "Ben Ortiz")
      #expect(try await ben.hear("join") { $0["seat"]?["seat"]?.int == 1 }["seat"]?["here"]?.bool == true)

      // At the door nothing goes in, and nothing comes out.
      ben.send("chat_message", ["client_id": "a", "text": "hello"])
      #expect(try await ben.hear("error")["code"]?.string == "not_inside")
      ben.send("offer", ["to": 1, "sdp": "x"])
      #expect(try await ben.hear("error")["code"]?.string == "not_inside")
      ben.send("admitted", ["seat": 2])
      #expect(try await ben.hear("error")["code"]?.string == "not_the_tutor")

      ada.send("admitted", ["seat": 2])
      #expect(try await ben.hear("admitted")["seat"]?["standing"]?.string == "inside")
      try await ada.hear("admitted")
      #expect(try await ben.hear("timer")["began_at"]?.string == "2026-11-20T09:05:00Z")
      // Told once that somebody waits, however often they knock or reload.
      #expect(stage.told.withLock { $0 } == ["Ben Ortiz waits", "begin"])
      ada.send("admitted", ["seat": 2])
      #expect(try await ada.hear("error")["code"]?.string == "already_inside")
    }
  }

  @Test func `what troubles the site is told to those in a lesson, when they come and while they are there`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let unwell = Locked<[Trouble]>([])
      stage.house.site.troubles.ask { unwell.withLock { $0 } }
      let ben = try await stage.enter(.ben)
      #expect(try await ben.hear("welcome")["state"]?["troubles"]?.array == [])
      unwell.withLock { $0 = [Trouble("mail", "limited"), Trouble("database", "down")] }
      ben.send("timer")
      let told = try await ben.hear("timer")["troubles"]?.array?.compactMap(\.string) ?? []
      #expect(told.count == 2 && told.allSatisfy { !$0.isEmpty && !$0.contains("status.") })
      let ada = try await stage.enter(.ada)
      #expect(try await ada.hear("welcome")["state"]?["troubles"]?.array?.compactMap(\.string) == told)
      // The page says them from its first moment, in a region that reads them out and covers nothing.
      let page = await stage.site.get("/lessons/\(stage.booking)/room", as: .ben).text
      #expect(page.contains("role=\"status\" data-site>") && page.contains(told[0]) && page.contains(told[1]))
      unwell.withLock { $0 = [] }
      ben.send("timer")
      #expect(try await ben.hear("timer")["troubles"]?.array == [])
      #expect(await stage.site.get("/lessons/\(stage.booking)/room", as: .ben).text.contains("data-site></div>"))
    }
  }

  @Test func `who is sent away hears so, and may knock again`() async throws {
    try await withStage { (stage: Stage) async throws in
      let ada = try await stage.enter(.ada)
      let ben = try await stage.enter(.ben)
      try await ada.hear("knock")
      ada.send("denied", ["seat": 2])
      #expect(try await ben.hear("denied")["seat"]?["standing"]?.string == "denied")
      ben.send("knock")
      #expect(try await ben.hear("error")["code"]?.string == "too_soon")
      stage.clock.advance(by: .seconds(6))
      ben.send("knock")
      try await ada.hear("knock")
      #expect(try await ben.hear("knock") { $0["seat"]?["standing"]?.string == "waiting" }["seat"]?["seat"]?.int == 2)
    }
  }

  @Test func `signalling reaches the seat it names, with its sender, and nobody else`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      ada.send("offer", ["to": 2, "from": 9, "sdp": "v=0\r\n…", "link": "a1", "peer": .null])
      let offer = try await ben.hear("offer")
      #expect(offer["from"]?.int == 1)
      #expect(offer["sdp"]?.string == "v=0\r\n…")
      #expect(offer["to"] == nil)
      ben.send("ice_candidate", ["to": 1, "candidate": ["candidate": "candidate:1", "sdpMLineIndex": 0]])
      #expect(try await ada.hear("ice_candidate")["candidate"]?["sdpMLineIndex"]?.int == 0)
      #expect(try await !ada.everythingSoFar().contains { $0["type"]?.string == "offer" })
      for wrong: JSON in [["sdp": "x"], ["to": 1], ["to": 7], ["to": "2"]] {
        ada.send("offer", wrong)
        #expect(["malformed", "no_seat"].contains(try await ada.hear("error")["code"]?.string))
      }
      ben.send("media_state", ["microphone": true, "camera": false])
      let media = try await ada.hear("media_state")
      #expect(media["from"]?.int == 2)
      #expect(media["camera"]?.bool == false)
    }
  }

  @Test func `who writes too fast is told so, nothing is kept, and calls go on`() async throws {
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 1, count: 32))
    settings.rates = try RateSettings("messages=2/10s")
    try await withStage(pace: Pace(.messages, settings)) { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      for id in ["a", "b"] {
        ada.send("chat_message", ["client_id": .string(id), "text": "quick"])
        try await ada.hear("chat_message")
      }
      ada.send("chat_message", ["client_id": "c", "text": "quicker"])
      #expect(try await ada.hear("error")["code"]?.string == "too_many_messages")
      ada.send("offer", ["to": 2, "sdp": "v=0"])
      #expect(try await ben.hear("offer")["sdp"]?.string == "v=0")
      ben.send("chat_message", ["client_id": "a", "text": "slow"])
      #expect(try await ada.hear("chat_message") { $0["text"]?.string == "slow" }["number"]?.int == 3)
    }
  }

  @Test func `messages are numbered, kept once, and given again after a break`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      ada.send("chat_message", ["client_id": "a", "text": "  first\nline  "])
      let first = try await ben.hear("chat_message")
      #expect(first["number"]?.int == 1)
      #expect(first["seat"]?.int == 1)
      #expect(first["text"]?.string == "first\nline")
      #expect(try await ada.hear("chat_message") == first)
      // The same again, and the same id from the other seat, which is another message.
      ada.send("chat_message", ["client_id": "a", "text": "first\nline"])
      #expect(try await ada.hear("chat_message")["number"]?.int == 1)
      ben.send("chat_message", ["client_id": "a", "text": "second"])
      #expect(try await ada.hear("chat_message")["number"]?.int == 2)
      for (wrong, code): (JSON, String) in [
        (["client_id": "b", "text": "   "], "text_empty"), (["client_id": "b"], "malformed"),
        (["text": "x"], "malformed"),
        (["client_id": "", "text": "x"], "malformed"),
        (["client_id": .string(String(repeating: "x", count: 65)), "text": "x"], "malformed"),
        (["client_id": "b", "text": .string(String(repeating: "é", count: 4001))], "text_too_long"),
      ] {
        ada.send("chat_message", wrong)
        #expect(try await ada.hear("error")["code"]?.string == code)
      }
      ada.send("chat_message", ["client_id": "c", "text": .string(String(repeating: "é", count: 4000))])
      #expect(try await ben.hear("chat_message") { $0["number"]?.int == 3 }["client_id"]?.string == "c")

      ben.vanish()
      try await ada.hear("leave") { $0["reason"]?.string == "lost" }
      ada.send("chat_message", ["client_id": "d", "text": "are you there"])
      try await ada.hear("chat_message")
      let back = try await stage.enter(.ben)
      let welcome = try await back.hear("welcome")
      #expect(welcome["log_after"]?.int == 4)
      #expect(welcome["you"]?["standing"]?.string == "inside")
      back.send("resume", ["seat": .null, "after": 2])
      #expect(try await back.hear("chat_message")["number"]?.int == 3)
      #expect(try await back.hear("chat_message")["text"]?.string == "are you there")
    }
  }

  @Test func `many messages at once get numbers without gaps or twins`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      let room = try await stage.database.one(Query<ID<Room>>("select id from rooms"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for n in 0..<40 {
          group.addTask {
            // Each twice, at the same time.
            let user = n % 2 == 0 ? Person.ada.id : Person.ben.id
            _ = try await stage.feature.rooms.keep("message \(n / 4)", clientID: "\(n / 4)", by: user, in: room)
          }
        }
        try await group.waitForAll()
      }
      let numbers = try await stage.database.all(Query<Int>("select number from room_messages order by number"))
      #expect(numbers == Array(1...20))
      #expect(try await stage.database.one(Query<Int>("select last_message from rooms")) == 20)
      _ = (ada, ben)
    }
  }

  @Test func `a seat comes back with its token, and another token is refused`() async throws {
    try await withStage { (stage: Stage) async throws in
      let ben = try await stage.enter(.ben)
      let token = try #require(try await ben.hear("welcome")["you"]?["resume"]?.string)
      let ada = try await stage.enter(.ada)
      try await ada.hear("welcome")
      ben.vanish()
      try await ada.hear("leave")
      stage.clock.advance(by: .seconds(30))
      let again = try await stage.enter(.ben)
      let next = try #require(try await again.hear("welcome")["you"]?["resume"]?.string)
      again.send("resume", ["seat": .string(token), "after": 0])
      #expect(try await again.everythingSoFar().allSatisfy { $0["type"]?.string != "error" })
      // One stay, not two.
      #expect(try await stage.stays().count(where: { $0.0 == Person.ben.id }) == 1)
      #expect(next != token)
      again.send("resume", ["seat": "stolen", "after": 0])
      #expect(try await again.hear("error")["code"]?.string == "resume_refused")
      // Stored as a hash only.
      let stored = try await stage.database.all(Query<[UInt8]?>("select resume_hash from room_seats")).compactMap { $0 }
      #expect(!stored.contains(Array(next.utf8)))

      again.vanish()
      try await ada.hear("leave") { $0["reason"]?.string == "lost" }
      stage.clock.advance(by: .seconds(61))
      let late = try await stage.enter(.ben)
      try await late.hear("welcome")
      late.send("resume", ["seat": .string(next), "after": 0])
      #expect(try await late.hear("error")["code"]?.string == "resume_refused")
      #expect(try await stage.stays().count(where: { $0.0 == Person.ben.id }) == 2)
    }
  }

  @Test func `a second tab takes over and the first is told`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      let second = try await stage.enter(.ben)
      #expect(try await second.hear("welcome")["you"]?["standing"]?.string == "inside")
      #expect(try await ben.closeCode() == 4409)
      ada.send("media_state", ["microphone": true])
      try await second.hear("media_state")
      // The first one's end takes nothing away.
      #expect(try await ada.everythingSoFar().allSatisfy { $0["type"]?.string != "leave" })
      #expect(try await stage.stays().count == 2)
    }
  }

  @Test func `who has no right, no room or no proof is closed with its code`() async throws {
    try await withStage { (stage: Stage) async throws in
      #expect(try await stage.enter(.cleo).closeCode() == 4403)
      #expect(try await RoomWire.open(port: stage.port, code: "room-nowhere", as: "ada").closeCode() == 4404)
      #expect(try await RoomWire.open(port: stage.port, code: stage.code, as: nil).closeCode() == 4401)
      #expect(try await stage.stays().isEmpty)
    }
  }

  @Test(arguments: ["held", "awaiting_payment", "requested", "cancelled", "declined", "expired"])
  func `a booking that is not agreed lets nobody in`(state: String) async throws {
    try await withStage(state: state) { (stage: Stage) async throws in
      #expect(try await stage.enter(.ben).closeCode() == 4403)
      #expect(await stage.site.get("/lessons/\(stage.booking)/room", as: .ben).status == 409)
      #expect(await stage.site.get("/lessons/\(stage.booking)/check", as: .ben).status == 409)
    }
  }

  @Test func `after a restart of the server the seats, the admission and the log are there`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      ada.send("chat_message", ["client_id": "a", "text": "before"])
      try await ben.hear("chat_message")
      let restarted = try await stage.restarted()
      #expect(try await ada.closeCode() == 1001)
      let back = try await restarted.enter(.ben)
      let welcome = try await back.hear("welcome")
      #expect(welcome["you"]?["standing"]?.string == "inside")
      #expect(welcome["state"]?["phase"]?.string == "open")
      back.send("resume", ["seat": .null, "after": 0])
      #expect(try await back.hear("chat_message")["text"]?.string == "before")
      #expect(try await stage.stays().count(where: { $0.0 == Person.ben.id }) == 1)
      await restarted.stop()
    }
  }

  @Test func `after a crash the sweep closes attendance at the last sign of life`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      stage.clock.advance(by: .seconds(20))
      let last = stage.clock.now
      stage.clock.advance(by: .seconds(50))
      for wire in [ada, ben, ada, ben] { try await wire.everythingSoFar() }
      await stage.feature.rooms.signsOfLife.tell()
      // As a crash leaves it: nobody said goodbye, and nothing was written since.
      try await stage.database.run(
        Query<Void>("update room_stays set seen_at = \(last) where user_id = \(Person.ben.id)"))
      stage.clock.advance(by: .seconds(20))
      try await stage.site.runJobs()
      try await ada.hear("leave") { $0["reason"]?.string == "expired" }
      let stays = try await stage.stays()
      #expect(stays.first { $0.0 == Person.ben.id }?.2 == last)
      #expect(stays.first { $0.0 == Person.ada.id }?.2 == nil)
      // A browser that only slept takes its seat again by itself.
      ben.send("timer")
      #expect(try await ben.hear("welcome")["you"]?["standing"]?.string == "inside")
      #expect(try await stage.stays().count(where: { $0.0 == Person.ben.id }) == 2)
    }
  }

  @Test func `of two who come at once, who looked at the clock first and got in second is news all the same`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let ada = try await stage.enter(.ada)
      try await ada.hear("welcome")
      // Ben looked at the clock before Ada made the room, and was let at it after her.
      let made = stage.clock.clock.now + .milliseconds(40)
      try await stage.database.run(
        Query<Void>("update room_seats set changed_at = \(made) where user_id = \(Person.ben.id)"))
      let ben = try await stage.enter(.ben)
      try await ben.hear("welcome")
      let since = try await ada.hear("knock")["seat"]?["since"]?.string.flatMap(Instant.init(rfc3339:))
      #expect(try #require(since) > made)
    }
  }

  @Test func `what a server that hung still reads does not take the seat from where the person sits by now`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let (_, ben) = try await stage.bothInside()
      // The browser gave this line up and came in through another node, of which this one has not heard.
      let other = ID<Connection>.new()
      try await stage.database.run(
        Query<Void>("update room_seats set connection = \(other) where user_id = \(Person.ben.id)"))
      stage.clock.advance(by: .seconds(20))
      ben.send("timer")
      #expect(try await ben.closeCode() == 4409)
      let holder = try await stage.database.one(
        Query<ID<Connection>>("select connection from room_seats where user_id = \(Person.ben.id)"))
      #expect(holder == other)
    }
  }

  @Test func `the tutor ends the lesson: both hear it, attendance closes, the booking is completed, quality is kept`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      ben.send(
        "quality",
        [
          "rtt_ms": 42, "loss": 0.0125, "audio_kbps": 30, "video_kbps": 900, "route": "relay", "grade": "good",
          "rung": "full", "height": 1e300,
        ])
      try await ben.everythingSoFar()
      ben.send("ended")
      #expect(try await ben.hear("error")["code"]?.string == "not_the_tutor")
      stage.clock.advance(by: .minutes(10))
      for wire in [ada, ben, ada, ben] { try await wire.everythingSoFar() }
      ada.send("ended")
      try await ben.hear("ended")
      #expect(try await ben.closeCode() == 1000)
      try await ada.hear("ended")
      #expect(stage.told.withLock { $0 } == ["begin", "complete"])
      #expect(try await stage.stays().allSatisfy { $0.2 == stage.clock.now })
      let kept = try await stage.database.one(
        Query<(Int, Int, Int, Bool)>("select rtt_ms, loss_permille, kbps_in, relayed from room_quality"))
      #expect(kept == (42, 13, 930, true))
      let seconds = try await stage.database.all(
        Query<Int>("select seconds from attendance where booking_id = \(stage.booking)"))
      #expect(seconds == [600, 600])
      // Coming late: told so, and nothing opens.
      let late = try await stage.enter(.ben)
      try await late.hear("ended")
      #expect(try await late.closeCode() == 1000)

      #expect(
        await stage.site.get("/lessons/\(stage.booking)/room", as: .ben).header("location")
          == "/lessons/\(stage.booking)/ended")
      let page = await stage.site.get("/lessons/\(stage.booking)/ended", as: .ben)
      #expect(page.status == 200)
      #expect(page.text.contains("10 min together"))
      #expect(page.text.contains("/lessons/\(stage.booking)/review"))
      #expect(await stage.site.get("/lessons/\(stage.booking)/ended", as: .ada).text.contains("/dashboard"))
    }
  }

  @Test func `a lesson nobody met in cannot be ended, and the clock closes its room without completing it`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let ada = try await stage.enter(.ada)
      try await ada.hear("welcome")
      ada.send("ended")
      #expect(try await ada.hear("error")["code"]?.string == "not_begun")
      stage.clock.advance(by: .hours(2))
      try await stage.site.runJobs()
      try await ada.hear("ended")
      #expect(stage.told.withLock { $0 } == [])
      #expect(await stage.site.get("/lessons/\(stage.booking)/ended", as: .ada).text.contains("did not meet"))
    }
  }

  @Test func `a lesson ended from many sides at once is completed once`() async throws {
    try await withStage { stage in
      let (ada, ben) = try await stage.bothInside()
      let connection = try await stage.database.one(
        Query<ID<Connection>>("select connection from room_seats where role = 'tutor'"))
      let ends = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<12 {
          group.addTask {
            let outcome = try? await stage.feature.rooms.change(stage.booking) { room, now throws(LessonRoom.Refusal) in
              try room.end(by: connection, at: now)
            }
            return outcome != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(ends == 1)
      try await ben.hear("ended")
      try await ada.hear("ended")
      #expect(stage.told.withLock { $0.count { $0 == "complete" } } == 1)
      #expect(try await stage.database.one(Query<Int>("select count(*) from room_stays where left_at is null")) == 0)
    }
  }

  @Test func `a booking that says no keeps nobody out of the room, nor in it`() async throws {
    try await withStage { stage in
      stage.bookingRefuses.withLock { $0 = true }
      let (ada, ben) = try await stage.bothInside()
      ada.send("chat_message", ["client_id": "a", "text": "still here"])
      try await ben.hear("chat_message")
      ada.send("ended")
      try await ben.hear("ended")
      #expect(
        try await stage.database.one(Query<String>("select state from bookings where id = \(stage.booking)"))
          == "confirmed")
    }
  }

  @Test func `leaving closes the stay at once`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, ben) = try await stage.bothInside()
      stage.clock.advance(by: .seconds(90))
      ben.send("leave")
      #expect(try await ada.hear("leave") { $0["reason"]?.string == "left" }["seat"]?["here"]?.bool == false)
      #expect(try await ben.closeCode() == 1000)
      #expect(try await stage.stays().first { $0.0 == Person.ben.id }?.2 == stage.clock.now)
      // Let in once, let in for the lesson.
      let back = try await stage.enter(.ben)
      #expect(try await back.hear("welcome")["you"]?["standing"]?.string == "inside")
    }
  }

  @Test func `what cannot be read is refused and harms nothing`() async throws {
    try await withStage { (stage: Stage) async throws in
      let (ada, _) = try await stage.bothInside()
      for text in [
        "", "null", "[]", "{}", "{\"type\": 5}", "{\"type\":\"chat_message\",\"data\":[]}", "{\"type\"", "\u{0}",
      ] {
        ada.send(text: text)
        #expect(try await ada.hear("error")["code"]?.string == "malformed")
      }
      ada.send("board_op", ["client_id": "x"])
      #expect(try await ada.hear("error")["code"]?.string == "unknown_type")
      ada.send("quality", ["rtt_ms": "x", "loss": -5, "grade": "splendid", "rung": 7])
      ada.send("resume", ["seat": 5, "after": -7])
      #expect(try await ada.everythingSoFar().allSatisfy { $0["type"]?.string != "error" })
      ada.send("chat_message", ["client_id": "big", "text": .string(String(repeating: "x", count: 70_000))])
      #expect(try await ada.closeCode() == 1009)
    }
  }
}

@Suite struct ClassroomPagesTests {
  @Test func `only the two of a lesson see its pages`() async throws {
    try await withStage { (stage: Stage) async throws in
      for page in ["check", "room", "ended"] {
        #expect(await stage.site.get("/lessons/\(stage.booking)/\(page)", as: .cleo).status == 404)
        #expect(
          await stage.site.get("/lessons/\(stage.booking)/\(page)").header("location")?.hasPrefix("/sign-in") == true)
      }
      let check = await stage.site.get("/lessons/\(stage.booking)/check", as: .ben)
      #expect(check.status == 200)
      #expect(check.text.contains("data-island=\"check\""))
      let room = await stage.site.get("/lessons/\(stage.booking)/room", as: .ada)
      #expect(room.status == 200)
      #expect(room.text.contains("data-code=\"\(stage.code)\""))
      #expect(room.text.contains("Ben Ortiz"))
      #expect(!check.text.contains("⟦") && !room.text.contains("⟦"))
      #expect(!room.text.contains("style="))
      #expect(
        await stage.site.get("/lessons/\(stage.booking)/ended", as: .ben).header("location")
          == "/bookings/\(stage.booking)")
    }
  }

  /// The oracle is OpenSSL's own command, as coturn would compute it:
  /// `printf '1800043200:01900000-0000-7000-8000-000000000001' | openssl dgst -sha1 -hmac s3cr3t -binary | base64`.
  @Test func `relay credentials end by themselves and are made from the shared secret`() async throws {
    let relays = RelaySettings(
      stun: ["stun:a:1"], turn: ["turn:a:1?transport=udp", "turn:a:1?transport=tcp"], secret: "s3cr3t")
    let user = ID<User>(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)
    let servers = try JSON.read(
      JSONWriter.bytes { w in relays.write(for: user, at: Instant(seconds: 1_800_000_000), to: &w) })
    #expect(servers[0]?["urls"]?.strings == ["stun:a:1"])
    #expect(servers[1]?["urls"]?.strings == ["turn:a:1?transport=udp", "turn:a:1?transport=tcp"])
    #expect(servers[1]?["username"]?.string == "1800043200:\(user)")
    #expect(servers[1]?["credential"]?.string == "l7MpYB0vXmb+xuMISZwIzu/3gts=")
    let none = try JSON.read(
      JSONWriter.bytes { w in RelaySettings(turn: ["turn:a:1"]).write(for: user, at: .now, to: &w) })
    #expect(none.array?.isEmpty == true)
  }

  @Test func `welcome carries the way to the relay`() async throws {
    try await withStage(relays: RelaySettings(turn: ["turn:127.0.0.1:3479"], secret: "s3cr3t")) {
      (stage: Stage) async throws in
      let ben = try await stage.enter(.ben)
      let servers = try await ben.hear("welcome")["ice_servers"]
      #expect(servers?[0]?["username"]?.string?.hasSuffix(":\(Person.ben.id)") == true)
    }
  }
}
