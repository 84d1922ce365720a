import Core
import Crypto
import JSON
import Jobs
import Loop
import Outbound
import Postgres
import Site
import TestDatabase
import TestKit
import Testing

@testable import Notices

@Suite struct SendMailTests {
  /// A relay that takes mail (aiosmtpd), and what it has taken.
  func withRelay(
    _ body: (_ relay: SMTPRelay, _ courier: Courier, _ taken: () async throws -> [JSON]) async throws -> Void
  ) async throws {
    let peer = try Peer("mail_capture.py", ["--no-auth"])
    let courier = Courier(loops: testLoops)
    let relay = SMTPRelay(host: "127.0.0.1", port: peer.port("smtp"), security: .none)
    let result: Result<Void, any Error>
    do {
      try await body(relay, courier) {
        let list = try await HTTPClient(courier).send(OutboundRequest(.get, "http://127.0.0.1:\(peer.port("http"))/"))
        return try JSON.read(list.body).array ?? []
      }
      result = .success(())
    } catch { result = .failure(error) }
    await courier.close()
    withExtendedLifetime(peer) {}
    try result.get()
  }

  @Test func `without a mail server a mail is written and kept, in words of its reader's zone`() async throws {
    try await withNotices { house in
      try await house.tell(.ben, mail: true)
      try await house.site.runJobs()
      let row = try await house.database.one(
        Query<(String, String, String, String, String)>(
          "select state, to_address, subject, body_text, body_html from mail_log"))
      #expect(row.0 == "outbox")
      #expect(row.1 == "ben@example.org")
      #expect(row.2 == "Your password was changed")
      #expect(row.3.hasPrefix("Hello Ben Ortiz,\n\nThe password of your account"))
      #expect(row.3.contains("http://localhost:8080/account"))
      #expect(row.4.contains("href=\"http://localhost:8080/account\""))
      #expect(!row.4.contains("⟦") && !row.3.contains("⟦"))
    }
  }

  @Test func `a letter is written in its reader's language, and its values in it`() async throws {
    try await withNotices { house in
      let page = house.house.site.context(language: .arabic, zone: "Asia/Karachi")
      let letter = try Letter(
        "accounts.reset", ["when": .moment(Instant(seconds: 0)), "n": .number(3)], link: "/reset?token=x", to: "Ada",
        page)
      #expect(letter.html.contains("dir=\"rtl\""))
      #expect(letter.text.contains("مرحبًا \u{2068}Ada\u{2069}"), "what runs the other way is held together")
      #expect(letter.html.contains("<bdi dir=\"ltr\">http://localhost:8080/reset?token=x</bdi>"))
      let english = house.house.site.context(language: .english, zone: "UTC")
      #expect(english.held("Ada (London)") == "Ada (London)" && english.held("أمل") == "\u{2068}أمل\u{2069}")
      #expect(page.held("أمل") == "أمل" && page.held("40") == "\u{2068}40\u{2069}" && page.held("") == "")
      let words = house.house.site.context(language: .english, zone: "Asia/Karachi")
        .words(
          of: ["when": .moment(Instant(rfc3339: "2026-11-20T12:30:00Z")!), "price": .money(Money(4550, .usd))],
          reader: "")
      #expect(words["when"]?.wording.contains("5:30") == true)
      #expect(words["when"]?.wording.contains("Karachi") == true)
      #expect(words["price"]?.wording == "$45.50")
    }
  }

  @Test func `a mail reaches its reader with its invitation, once, and its secret is forgotten`() async throws {
    try await withRelay { relay, courier, taken in
      try await withNotices(relay: relay, courier: courier) { house in
        let calendar = CalendarPart(method: .request, text: "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n")
        try await house.tell(.ben, link: "/account?token=secret", mail: true, calendar: calendar)
        try await house.site.runJobs()
        try await house.site.runJobs()
        let mails = try await taken()
        #expect(mails.count == 1)
        let mail = try #require(mails.first)
        #expect(mail["recipients"]?.strings == ["ben@example.org"])
        #expect(mail["structure"]?.strings == ["multipart/alternative", "text/plain", "text/html", "text/calendar"])
        #expect(mail["parts"]?[0]?["text"]?.string?.contains("token=secret") == true)
        #expect(mail["parts"]?[2]?["parameters"]?["method"]?.string == "REQUEST")
        let id = try await house.database.one(Query<ID<Mail>>("select id from mails"))
        let headers = mail["headers"]?.array?.compactMap(\.strings) ?? []
        #expect(headers.contains(["Message-ID", "<\(id)@tutor.test>"]))
        let row = try await house.database.one(
          Query<(String, Int, String?, String?, String)>("select state, attempts, link, body_text, reply from mails"))
        #expect(row == ("sent", 1, "/account", nil, "250 2.0.0 queued as 1"))
      }
    }
  }

  @Test func `a refused address bounces and is not tried again`() async throws {
    try await withRelay { relay, courier, taken in
      try await withNotices(relay: relay, courier: courier) { house in
        try await house.database.run(
          Query<Void>("update users set email = 'bounce@example.org' where id = \(Person.ben.id)"))
        try await house.tell(mail: true)
        try await house.site.runJobs()
        house.house.clock.advance(by: .days(2))
        try await house.site.runJobs()
        let mails = try await house.mails()
        #expect(mails.map(\.state) == ["bounced"])
        #expect(mails.first?.attempts == 1)
        #expect(mails.first?.error == "550 5.1.1 no such user")
        let all = try await taken()
        #expect(all.isEmpty)
      }
    }
  }

  @Test func `a busy relay is tried again, and after the last try the mail waits for a person`() async throws {
    try await withRelay { relay, courier, taken in
      try await withNotices(relay: relay, courier: courier) { house in
        try await house.database.run(
          Query<Void>("update users set email = 'tempfail@example.org' where id = \(Person.ben.id)"))
        try await house.tell(mail: true)
        try await house.site.runJobs()
        let first = try await house.mails()
        #expect(first.map(\.state) == ["queued"])
        #expect(first.first?.error == "451 4.3.0 try later")
        for _ in 0..<SendMail.maximumAttempts {
          house.house.clock.advance(by: .days(2))
          try await house.site.runJobs()
        }
        let last = try await house.mails()
        #expect(last.map(\.state) == ["failed"])
        #expect(last.first?.attempts == SendMail.maximumAttempts)

        try await house.database.run(
          Query<Void>("update users set email = 'ben@example.org' where id = \(Person.ben.id)"))
        let id = try await house.database.one(Query<ID<Mail>>("select id from mails"))
        let again = try await house.database.transaction { tx in try await house.notices.sendAgain(id, in: tx) }
        let twice = try await house.database.transaction { tx in try await house.notices.sendAgain(id, in: tx) }
        #expect(again && !twice)
        try await house.site.runJobs()
        let sent = try await house.mails()
        #expect(sent.map(\.state) == ["sent"])
        let all = try await taken()
        #expect(all.count == 1)
      }
    }
  }

  @Test func `a dead relay keeps the mail waiting`() async throws {
    let courier = Courier(loops: testLoops)
    try await withNotices(relay: SMTPRelay(host: "127.0.0.1", port: deadPort, security: .none), courier: courier) {
      house in
      try await house.tell(mail: true)
      try await house.site.runJobs()
      let mails = try await house.mails()
      #expect(mails.map(\.state) == ["queued"])
      #expect(mails.first?.error?.isEmpty == false)
    }
    await courier.close()
  }

  @Test func `a suspended reader and a kind without words get nothing`() async throws {
    try await withNotices { house in
      try await house.database.run(Query<Void>("update users set suspended_at = now() where id = \(Person.ben.id)"))
      try await house.tell(.ben, mail: true)
      try await house.tell(.ada, "accounts.nosuchkind", mail: true)
      try await house.site.runJobs()
      let mails = try await house.mails()
      #expect(Set(mails.map(\.state)) == ["dropped", "failed"])
    }
  }

  @Test func `the newest letter's link is at hand until it is sent`() async throws {
    try await withNotices { house in
      for n in 1...2 { try await house.tell(.ben, "accounts.reset", link: "/reset?token=\(n)", mail: true) }
      let link = try await house.database.first(house.notices.newestLink(to: Person.ben.id, kind: "accounts.reset"))
      #expect(link == "/reset?token=2")
    }
  }
}
