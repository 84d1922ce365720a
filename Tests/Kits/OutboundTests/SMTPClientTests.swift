import Core
import Crypto
import JSON
import Loop
import TestDatabase
import Testing

@testable import Outbound

/// A real relay (aiosmtpd) takes the mail, and Python's `email` reads it back.
@Suite struct SMTPClientTests {
  let from = MailAddress("no-reply@tutor.test", name: "TutaLink")!
  let ada = MailAddress("ada@example.test", name: "Ada")!

  func withRelay(
    _ arguments: [String] = [],
    _ body: (_ client: SMTPClient, _ peer: Peer, _ mails: () async throws -> [JSON]) async throws -> Void
  ) async throws {
    let folder = Folder()
    let peer = try Peer("mail_capture.py", ["--tls-folder", folder.path] + arguments)
    let loops = LoopGroup(count: 1, log: .silent)
    let courier = Courier(loops: loops)
    let http = HTTPClient(courier)
    let result: Result<Void, any Error>
    do {
      try await body(SMTPClient(courier), peer) {
        let list = try await http.send(
          OutboundRequest(.get, "http://127.0.0.1:\(peer.port("http"))/", maximumBody: 1 << 24))
        return try JSON.read(list.body, limits: JSON.Limits(size: 1 << 24)).array ?? []
      }
      result = .success(())
    } catch { result = .failure(error) }
    await courier.close()
    loops.stop()
    withExtendedLifetime((peer, folder)) {}
    try result.get()
  }

  func relay(_ peer: Peer, password: String? = "pw", security: SMTPRelay.Security = .required, trusted: Bool = true)
    -> SMTPRelay
  {
    SMTPRelay(
      host: "localhost", port: peer.port("smtp"), security: security, username: password == nil ? nil : "app",
      password: password,
      authorities: trusted ? peer.ready["authorities"]?.string : nil)
  }

  func letter(to: [MailAddress]? = nil, subject: String = "Hello") -> MailMessage {
    MailMessage(
      id: "mail-1", from: from, to: to ?? [ada], subject: subject,
      text: "Hello Ada,\n\n.a line that starts with a dot\nBye", date: Instant(seconds: 1_795_195_800))
  }

  @Test func `a plain mail arrives over TLS, signed in, word for word`() async throws {
    try await withRelay { client, peer, mails in
      let deliveries = try await client.deliver(letter(), via: relay(peer))
      #expect(deliveries == [MailDelivery(recipient: ada, outcome: .accepted(reply: "250 2.0.0 queued as 1"))])
      let mail = try #require(try await mails().first)
      #expect(mail["tls"]?.bool == true)
      #expect(mail["authenticated"]?.bool == true)
      #expect(mail["sender"]?.string == "no-reply@tutor.test")
      #expect(mail["recipients"]?.strings == ["ada@example.test"])
      #expect(mail["defects"]?.array?.isEmpty == true)
      #expect(mail["parts"]?[0]?["text"]?.string == "Hello Ada,\n\n.a line that starts with a dot\nBye\n")
      let headers = mail["headers"]?.array?.compactMap(\.strings) ?? []
      #expect(headers.contains(["From", "TutaLink <no-reply@tutor.test>"]))
      #expect(headers.contains(["To", "Ada <ada@example.test>"]))
      #expect(headers.contains(["Message-ID", "<mail-1@tutor.test>"]))
      #expect(headers.contains(["Date", MailMessage.date(Instant(seconds: 1_795_195_800))]))
    }
  }

  @Test func `words, page, invitation and attachments come back as they went in`() async throws {
    try await withRelay { client, peer, mails in
      let long = String(repeating: "длинная строка без конца ", count: 60) + "= 100 %  \t"
      let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
      let picture = Random.bytes(5000)
      let message = MailMessage(
        from: MailAddress("no-reply@tutor.test", name: "Tutor, \"Link\" é")!, to: [ada],
        replyTo: MailAddress("help@tutor.test"),
        subject: "Урок подтверждён — " + String(repeating: "очень длинная тема ", count: 10) + "😀",
        text: long + "\n\nدرس\n", html: "<p>\(long)</p>",
        invitation: .init(.request, calendar: calendar),
        attachments: [
          .init(filename: "рисунок \"1\".png", mediaType: "image/png", bytes: picture),
          .init(filename: "x.bin", mediaType: "image/png\r\nX-Bad: 1", bytes: [0, 13, 10, 46, 13, 10]),
        ],
        unsubscribe: "https://tutor.test/quiet?t=a b<c>", date: .now)
      let got1 = try await client.deliver(message, via: relay(peer)).first?.outcome
      #expect(got1 == .accepted(reply: "250 2.0.0 queued as 1"))
      let mail = try #require(try await mails().first)
      #expect(mail["defects"]?.array?.isEmpty == true)
      #expect(mail["subject"]?.string == message.subject)
      #expect(
        mail["structure"]?.strings
          == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "image/png",
            "application/octet-stream",
          ])
      let parts = mail["parts"]?.array ?? []
      #expect(parts[0]["text"]?.string == message.text.trimmingSpaces())
      #expect(parts[1]["text"]?.string == message.html!)
      #expect(parts[2]["parameters"]?["method"]?.string == "REQUEST")
      #expect(Base64.decode(parts[2]["base64"]?.string ?? "") == Array(calendar.utf8))
      #expect(Base64.decode(parts[3]["base64"]?.string ?? "") == picture)
      #expect(parts[3]["filename"]?.string == "рисунок \"1\".png")
      #expect(Base64.decode(parts[4]["base64"]?.string ?? "") == [0, 13, 10, 46, 13, 10])
      let headers = mail["headers"]?.array?.compactMap(\.strings) ?? []
      #expect(headers.contains(["From", "\"Tutor, \\\"Link\\\" é\" <no-reply@tutor.test>"]))
      #expect(headers.contains(["List-Unsubscribe", "<https://tutor.test/quiet?t=a%20b%3Cc%3E>"]))
      #expect(headers.contains(["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"]))
      #expect(!headers.contains { $0[0] == "X-Bad" })
      #expect(mail["longest_line"]?.int ?? 1000 <= 900)
    }
  }

  @Test func `no field can add a header or a part`() async throws {
    try await withRelay { client, peer, mails in
      let attack = "x\r\nBcc: all@example.test\r\n\r\n<script>\u{0}\u{85}\u{2028}"
      let message = MailMessage(
        id: attack, from: MailAddress("no-reply@tutor.test", name: attack)!,
        to: [MailAddress("ada@example.test", name: attack)!],
        subject: attack, text: attack + "\n--=_boundary--\n\n.\r\nMAIL FROM:<x@y>", html: attack,
        attachments: [.init(filename: attack, mediaType: "text/plain", bytes: [])], unsubscribe: attack, date: .now)
      let got2 = try await client.deliver(message, via: relay(peer)).first?.outcome
      #expect(got2 == .accepted(reply: "250 2.0.0 queued as 1"))
      let all = try await mails()
      #expect(all.count == 1)
      let mail = try #require(all.first)
      let names = mail["headers"]?.array?.compactMap { $0[0]?.string } ?? []
      #expect(
        Set(names) == [
          "Date", "From", "To", "Message-ID", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
          "MIME-Version",
          "Content-Type",
        ])
      #expect(names.count == Set(names).count)
      #expect(mail["recipients"]?.strings == ["ada@example.test"])
      #expect(mail["structure"]?.strings?.count == 5)
    }
  }

  @Test(arguments: [
    "", "ada", "@x.test", "ada@", "a b@x.test", "ada@x.test\r\nBcc: b@x.test", "<ada@x.test>", "ada@x.test, b@x.test",
    "a@b@c",
    "\"a\"@x.test", "ada@.test", "ada@x.test.", "ada@x\u{0}.test",
  ])
  func `what is no address is none`(_ text: String) {
    #expect(MailAddress(text) == nil)
  }

  @Test func `an address is read from a setting`() {
    #expect(MailAddress(reading: "TutaLink <no-reply@tutor.test>") == from)
    #expect(MailAddress(reading: "no-reply@tutor.test")?.name == "")
    #expect(MailAddress(reading: "TutaLink <no-reply>") == nil)
    #expect(MailAddress("ada+lessons@sub.example.test") != nil)
    #expect(MailAddress("ада@пример.test") != nil)
  }

  @Test func `each reader has an outcome of their own`() async throws {
    try await withRelay { client, peer, mails in
      let gone = MailAddress("bounce@example.test")!
      let busy = MailAddress("tempfail@example.test")!
      let deliveries = try await client.deliver(letter(to: [gone, ada, busy]), via: relay(peer))
      #expect(
        deliveries.map(\.outcome) == [
          .rejected(code: 550, reply: "550 5.1.1 no such user"), .accepted(reply: "250 2.0.0 queued as 1"),
          .tryAgain(reason: "451 4.3.0 try later"),
        ])
      let got3 = try await mails().count
      #expect(got3 == 1)
    }
  }

  @Test func `a mail refused after it was read is refused for good`() async throws {
    try await withRelay { client, peer, _ in
      let delivery = try await client.deliver(letter(subject: "refuse at the end"), via: relay(peer)).first
      #expect(delivery?.outcome == .rejected(code: 554, reply: "554 5.7.1 not this one"))
    }
  }

  @Test func `a relay that is not there, not trusted or does not know us is tried again later`() async throws {
    func isTryAgain(_ outcome: MailOutcome?) -> Bool { if case .tryAgain = outcome { true } else { false } }
    try await withRelay { client, peer, mails in
      let got4 = try await isTryAgain(client.deliver(letter(), via: relay(peer, password: "wrong")).first?.outcome)
      #expect(got4)
      let got5 = try await isTryAgain(client.deliver(letter(), via: relay(peer, password: nil)).first?.outcome)
      #expect(got5)
      let got6 = try await isTryAgain(client.deliver(letter(), via: relay(peer, trusted: false)).first?.outcome)
      #expect(got6)
      let got7 = try await isTryAgain(
        client.deliver(letter(), via: relay(peer, password: nil, security: .none)).first?.outcome)
      #expect(got7)
      let dead = SMTPRelay(host: "127.0.0.1", port: deadPort, security: .none)
      let got8 = try await isTryAgain(client.deliver(letter(), via: dead).first?.outcome)
      #expect(got8)
      let got9 = try await mails().isEmpty
      #expect(got9)
    }
  }

  @Test func `a relay without TLS gets nothing when TLS is required`() async throws {
    let peer = try Peer("mail_capture.py", ["--no-auth"])
    let loops = LoopGroup(count: 1, log: .silent)
    let courier = Courier(loops: loops)
    let client = SMTPClient(courier)
    let strict = SMTPRelay(host: "127.0.0.1", port: peer.port("smtp"))
    let outcome = try await client.deliver(letter(), via: strict).first?.outcome
    #expect(outcome.map { if case .tryAgain = $0 { true } else { false } } == true)
    let lax = SMTPRelay(host: "127.0.0.1", port: peer.port("smtp"), security: .opportunistic)
    let got10 = try await client.deliver(letter(), via: lax).first?.outcome
    #expect(got10 == .accepted(reply: "250 2.0.0 queued as 1"))
    await courier.close()
    loops.stop()
  }

  @Test func `a relay is read from its address`() {
    #expect(
      SMTPRelay(url: "smtp://app:p%40ss@mail.example.test:2525")
        == SMTPRelay(host: "mail.example.test", port: 2525, security: .required, username: "app", password: "p@ss"))
    #expect(SMTPRelay(url: "smtps://mail.example.test")?.port == 465)
    #expect(SMTPRelay(url: "smtp://mail.example.test")?.port == 587)
    #expect(SMTPRelay(url: "smtp://127.0.0.1:25")?.security == .opportunistic)
    #expect(SMTPRelay(url: "smtp://127.0.0.1:25?tls=required&ca=%2Ftmp%2Fc.pem")?.authorities == "/tmp/c.pem")
    for broken in [
      "", "http://x", "smtp://", "smtp://x:0", "smtp://x:a", "smtp://:p@x", "smtp://x?tls=maybe", "smtp://x?y=1",
      "smtps://x?tls=none",
    ] {
      #expect(SMTPRelay(url: broken) == nil, "\(broken)")
    }
  }

  @Test func `dates are those of the calendar`() {
    #expect(MailMessage.date(Instant(seconds: 0)) == "Thu, 01 Jan 1970 00:00:00 +0000")
    #expect(MailMessage.date(Instant(rfc3339: "2026-11-20T17:30:05Z")!) == "Fri, 20 Nov 2026 17:30:05 +0000")
    #expect(MailMessage.date(Instant(rfc3339: "2000-02-29T23:59:59Z")!) == "Tue, 29 Feb 2000 23:59:59 +0000")
  }
}
