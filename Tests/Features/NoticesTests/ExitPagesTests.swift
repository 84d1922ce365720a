import Core
import Crypto
import JSON
import Loop
import Outbound
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Notices

@Suite struct ExitPagesTests {
  private func isMuted(_ house: NoticesHouse, _ topic: Topic = .reviews) async throws -> Bool {
    try await house.database.one(
      Query<Bool>(
        """
        select exists (select from muted_notices
                        where user_id = \(Person.ben.id) and topic = \(topic.rawValue) and channel = 'mail')
        """))
  }

  /// As a mail program sends it: no cookie, no token of a form, a body of its own.
  private func oneClick(_ house: NoticesHouse, _ address: String, _ type: String = "application/x-www-form-urlencoded")
    async -> Response
  {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("content-type", type)
    return await house.site.table.answer(
      Request(.post, address, headers: headers, body: Array("List-Unsubscribe=One-Click".utf8)))
  }

  @Test func `looking changes nothing, one click ends the letters, twice is once, and it can be undone`() async throws {
    try await withNotices { house async throws in
      let token = house.feature.exits.token(for: Exit(Person.ben.id, .reviews))
      let page = await house.site.get("/unsubscribe/\(token)")
      #expect(page.status == 200)
      #expect(page.text.contains("Stop these letters?") && page.text.contains("Reviews"))
      #expect(!page.text.contains("Ben") && !page.text.contains("ben@"))
      #expect(try await !isMuted(house))
      for type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"] {
        let done = await oneClick(house, "/unsubscribe/\(token)", type)
        // No redirect: RFC 8058, 3.2.
        #expect(done.status == 200)
        #expect(done.text.contains("The letters have stopped"))
      }
      #expect(try await isMuted(house))
      #expect(try await !isMuted(house, .bookings))
      let undone = await oneClick(house, "/unsubscribe/\(token)/undo")
      #expect(undone.status == 200 && undone.text.contains("The letters come again"))
      #expect(try await !isMuted(house))
    }
  }

  @Test func `an address that was not made here does nothing`() async throws {
    try await withNotices { house async throws in
      let forged = Exits(secret: "somebody else's").token(for: Exit(Person.ben.id, .reviews))
      for token in [forged, "x", "a.b", "%20.%20"] {
        #expect(await house.site.get("/unsubscribe/\(token)").status == 404)
        #expect(await oneClick(house, "/unsubscribe/\(token)").status == 404)
        #expect(await oneClick(house, "/unsubscribe/\(token)/undo").status == 404)
      }
      let nobody = house.feature.exits.token(for: Exit(ID<User>.new(), .reviews))
      #expect(await house.site.get("/unsubscribe/\(nobody)").status == 404)
      #expect(try await !isMuted(house))
    }
  }

  @Test func `the page speaks the reader's language, not the visitor's`() async throws {
    try await withNotices { house async throws in
      try await house.database.run(Query<Void>("update users set language = 'ar' where id = \(Person.ben.id)"))
      let token = house.feature.exits.token(for: Exit(Person.ben.id, .reviews))
      let page = await house.site.get("/unsubscribe/\(token)")
      #expect(page.text.contains("dir=\"rtl\"") && page.text.contains("إيقاف هذه الرسائل؟"))
    }
  }

  @Test func `letters that may be ended carry the headers and the foot, others neither`() async throws {
    let peer = try Peer("mail_capture.py", ["--no-auth"])
    let courier = Courier(loops: testLoops)
    let relay = SMTPRelay(host: "127.0.0.1", port: peer.port("smtp"), security: .none)
    try await withNotices(relay: relay, courier: courier) { house async throws in
      try await house.book(mail: true)
      try await house.tell(.ben, "accounts.passwordChanged", mail: true)
      try await house.tell(
        .ben, "checkout.refunded", ["amount": .money(Money(4550, .usd))], link: "/wallet", mail: true)
      try await house.site.runJobs()
      let list = try await HTTPClient(courier).send(OutboundRequest(.get, "http://127.0.0.1:\(peer.port("http"))/"))
      let mails = try JSON.read(list.body).array ?? []
      #expect(mails.count == 3)
      let token = house.feature.exits.token(for: Exit(Person.ben.id, .bookings))
      let address = "http://localhost:8080/unsubscribe/\(token)"
      for mail in mails {
        let headers = mail["headers"]?.array?.compactMap(\.strings) ?? []
        let subject = headers.first { $0.first == "Subject" }?.last ?? ""
        let mayEnd = subject.hasPrefix("Confirmed")
        #expect(headers.contains(["List-Unsubscribe", "<\(address)>"]) == mayEnd, "\(subject)")
        #expect(headers.contains(["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"]) == mayEnd, "\(subject)")
        let text = mail["parts"]?[0]?["text"]?.string ?? "", html = mail["parts"]?[1]?["text"]?.string ?? ""
        #expect(text.contains("Stop letters about this: Bookings: \(address)") == mayEnd, "\(subject)")
        #expect(html.contains("href=\"\(address)\"") == mayEnd, "\(subject)")
      }
      #expect(await oneClick(house, "/unsubscribe/\(token)").status == 200)
      try await house.book(mail: true)
      try await house.site.runJobs()
      let after = try await HTTPClient(courier).send(OutboundRequest(.get, "http://127.0.0.1:\(peer.port("http"))/"))
      #expect(try JSON.read(after.body).array?.count == 3)
    }
    await courier.close()
    withExtendedLifetime(peer) {}
  }
}
