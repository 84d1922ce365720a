import Core
import Crypto
import Outbound
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Notices

@Suite struct ChoicesPagesTests {
  private func muted(_ house: NoticesHouse) async throws -> [String] {
    try await house.database.all(
      Query<String>("select channel || '.' || topic from muted_notices where user_id = \(Person.ben.id) order by 1"))
  }

  private func form(on: [String], from: String = "", to: String = "", topics: [Topic] = Topic.allCases) -> Fields {
    var fields = Fields()
    for topic in topics { fields.add("topic", topic.rawValue) }
    for name in on { fields.add(name, "1") }
    fields.add("quiet_from", from)
    fields.add("quiet_to", to)
    return fields
  }

  @Test func `everything is told until somebody says otherwise, and what cannot be switched off says so`() async throws
  {
    try await withNotices { house async throws in
      let page = await house.site.get("/account/notifications", as: .ben)
      #expect(page.status == 200)
      #expect(page.text.contains("name=\"mail.bookings\" value=\"1\" checked"))
      #expect(page.text.contains("name=\"push.money\" value=\"1\" checked"))
      #expect(!page.text.contains("name=\"mail.money\""))
      #expect(page.text.contains("These cannot be switched off"))
      let guest = await house.site.get("/account/notifications")
      #expect(guest.status == 303 && guest.header("location")?.hasPrefix("/sign-in") == true)
    }
  }

  @Test func `what is chosen is kept and shown, and a topic the form did not know stays as it was`() async throws {
    try await withNotices { house async throws in
      let all = Topic.allCases.flatMap { topic in topic.choices.map { "\($0.rawValue).\(topic.rawValue)" } }
      let saved = await house.site.post(
        "/account/notifications", fields: form(on: all.filter { $0 != "mail.reviews" && $0 != "push.searches" }),
        as: .ben)
      #expect(saved.status == 303)
      #expect(try await muted(house) == ["mail.reviews", "push.searches"])
      let page = await house.site.get("/account/notifications?done=saved", as: .ben)
      #expect(page.text.contains("Your choice is saved."))
      #expect(page.text.contains("name=\"mail.reviews\" value=\"1\">"))
      _ = await house.site.post(
        "/account/notifications", fields: form(on: ["mail.reviews", "push.reviews"], topics: [.reviews]), as: .ben)
      #expect(try await muted(house) == ["push.searches"])
      // Whatever is sent, a receipt is not switched off.
      _ = await house.site.post("/account/notifications", fields: form(on: [], topics: [.money]), as: .ben)
      #expect(try await muted(house) == ["push.money", "push.searches"])
    }
  }

  @Test func `quiet hours are both given or none, and differ`() async throws {
    try await withNotices { house async throws in
      for (from, to) in [("22", ""), ("", "7"), ("7", "7")] {
        let refused = await house.site.post(
          "/account/notifications", fields: form(on: [], from: from, to: to), as: .ben)
        #expect(refused.status == 422)
      }
      #expect(try await muted(house).isEmpty)
      let kept = await house.site.post("/account/notifications", fields: form(on: [], from: "22", to: "7"), as: .ben)
      #expect(kept.status == 303)
      let page = await house.site.get("/account/notifications", as: .ben)
      #expect(page.text.contains("value=\"22\" selected"))
      _ = await house.site.post("/account/notifications", fields: form(on: []), as: .ben)
      #expect(try await house.database.all(Query<Int>("select from_hour from quiet_hours")).isEmpty)
    }
  }

  @Test func `nothing is saved without the form's own token`() async throws {
    try await withNotices { house async throws in
      var headers = Headers()
      headers.add("host", "localhost:8080")
      headers.add("cookie", "session=ben")
      headers.add("content-type", "application/x-www-form-urlencoded")
      let answer = await house.site.table.answer(
        Request(
          .post, "/account/notifications", headers: headers, body: Array(form(on: []).encoded.utf8)))
      #expect(answer.status == 403)
      #expect(try await muted(house).isEmpty)
    }
  }

  @Test func `letters honour the choice when they go out, not when they were asked for`() async throws {
    try await withNotices { house async throws in
      try await house.book(mail: true)
      try await house.tell(.ben, "accounts.passwordChanged", mail: true)
      for topic in Topic.allCases {
        try await house.database.run(.mute(topic, .mail, for: Person.ben.id, at: house.house.clock.now))
      }
      try await house.site.runJobs()
      let mails = try await house.mails()
      #expect(mails.map(\.state) == ["dropped", "outbox"])
      #expect(mails.first?.error == "its reader does not want it")
      // In the site everything is told always.
      #expect(try await house.database.one(Query<Int>("select count(*)::int from notifications")) == 2)
    }
  }

  @Test func `a letter that can wait waits for the morning, and security does not`() async throws {
    try await withNotices { house async throws in
      house.house.clock.set(to: Instant(rfc3339: "2026-11-22T06:00:00Z")!)
      try await house.database.run(.keepQuiet(QuietHours(from: 22, to: 7)!, for: Person.ben.id))
      try await house.book(mail: true)
      try await house.tell(.ben, "accounts.passwordChanged", mail: true)
      try await house.site.runJobs()
      #expect(try await house.mails().map(\.state) == ["queued", "outbox"])
      let held = try await house.database.one(
        Query<Instant?>("select held_until from mails where state = 'queued'"))
      #expect(held == Instant(rfc3339: "2026-11-22T12:00:00Z"))
      // Nobody is alarmed about a letter that waits because it should, by the database's own clock.
      try await house.database.run(
        Query<Void>("update mails set held_until = now() + interval '1 hour' where state = 'queued'"))
      #expect(try await house.database.one(.oldestQueuedMail) == 0)
      try await house.database.run(Query<Void>("update mails set held_until = \(held) where state = 'queued'"))
      house.house.clock.set(to: Instant(rfc3339: "2026-11-22T12:00:30Z")!)
      try await house.site.runJobs()
      #expect(try await house.mails().map(\.state) == ["outbox", "outbox"])
      // The wait was none of its tries.
      #expect(try await house.mails().first?.attempts == 0)
    }
  }
}
