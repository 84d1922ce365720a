import Core
import JSON
import Ledger
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Bookings
@testable import Checkout

@Suite struct WebhookTests {
  @Test func `twenty of the same message at once have one effect`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      let body = till.message(charge, "succeeded", id: "evt_same")
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<20 { group.addTask { await till.webhook(body).status } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses == Array(repeating: 200, count: 20))
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.held() == [Money(4500, .usd)])
      #expect(try await till.count("select last from receipt_counter") == 1)
      #expect(try await till.count("select count(*) from gateway_events") == 1)
      #expect(try await till.words("select kind from mails where kind = 'checkout.receipt'").count == 1)
      // The same under another number: known already.
      #expect(await till.webhook(till.message(charge, "succeeded", id: "evt_other")).status == 200)
      #expect(
        try await till.words("select outcome from gateway_events order by received_at, id") == ["succeeded", "stale"])
      #expect(try await till.ledger.verify(in: till.database).holds)
    }
  }

  @Test func `whatever order messages come in, a paid payment stays paid`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      for (index, state) in [
        "succeeded", "processing", "failed", "created", "requires_action", "cancelled", "succeeded",
      ].enumerated() {
        #expect(await till.webhook(till.message(charge, state, id: "evt_\(index)")).status == 200)
      }
      #expect(try await till.words("select state from payments") == ["succeeded"])
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.held() == [Money(4500, .usd)])
    }
  }

  @Test func `another amount or currency is kept, and never taken as paid`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      for (index, amount) in [
        Money(4499, .usd), Money(4501, .usd), Money(4500, .eur), Money(0, .usd), Money(-4500, .usd),
      ].enumerated() {
        #expect(await till.webhook(till.message(charge, "succeeded", id: "evt_\(index)", amount: amount)).status == 200)
      }
      #expect(try await till.words("select distinct outcome from gateway_events") == ["mismatch"])
      #expect(try await till.words("select state from payments") == ["created"])
      #expect(try await till.state(booking) == .awaitingPayment)
      #expect(try await till.held() == [])
      #expect(await till.webhook(till.message(charge, "succeeded", id: "evt_right")).status == 200)
      #expect(try await till.state(booking) == .confirmed)
    }
  }

  @Test func `what is unsigned, forged, stale or malformed is refused, kept and without effect`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      let body = till.message(charge, "succeeded", id: "evt_1")
      let now = till.house.clock.now
      let good = till.simulated.sign(body, at: now)
      var other = body
      other[other.count - 2] ^= 1
      #expect(await till.webhook(body, isSigned: false).status == 400)
      for signature in [
        "", "t=,v1=", "v1=00", "t=\(now.seconds)", "t=\(now.seconds),v1=zz", "nonsense",
        String(repeating: "t=1,", count: 3000),
      ] {
        #expect(await till.webhook(body, signature: signature).status == 400, "\(signature)")
      }
      #expect(await till.webhook(other, signature: good).status == 400)
      #expect(
        await till.webhook(body, signature: good.replacing("t=\(now.seconds)", with: "t=\(now.seconds + 1)")).status
          == 400)
      #expect(await till.webhook(body, signature: till.simulated.sign(body, at: now - .minutes(6))).status == 400)
      #expect(await till.webhook(body, signature: till.simulated.sign(body, at: now + .minutes(6))).status == 400)
      #expect(await till.webhook(body, signature: "t=\(Int64.min),v1=00").status == 400)
      #expect(await till.webhook(body, signature: "t=\(Int64.max),v1=00").status == 400)
      for text in [
        "", "[]", "{", "null", "{\"id\":\"x\"}", "{\"id\":1,\"charge\":2,\"state\":3}",
        String(repeating: "[", count: 5000),
      ] {
        #expect(await till.webhook(Array(text.utf8)).status == 400, "\(text.prefix(20))")
      }
      #expect(await till.webhook(till.message(charge, "rich", id: "evt_9")).status == 400)
      #expect(await till.webhook([0xff, 0xfe, 0x00, 0x80]).status == 400)
      let reasons = Set(try await till.words("select outcome from gateway_events"))
      #expect(reasons == ["unsigned", "forged", "stale", "malformed"])
      #expect(try await till.count("select count(*) from gateway_events where kind <> 'refused'") == 0)
      #expect(try await till.words("select state from payments") == ["created"])
      #expect(try await till.state(booking) == .awaitingPayment)
      // A forged one with the number of a true one does not keep the true one out.
      #expect(await till.webhook(body).status == 200)
      #expect(try await till.state(booking) == .confirmed)
    }
  }

  @Test func `a charge nobody knows is written down; a provider nobody knows is not there`() async throws {
    try await withTill { till in
      #expect(await till.webhook(till.message("sim_other", "succeeded", id: "evt_1")).status == 200)
      let outcomes = try await till.words("select outcome from gateway_events")
      #expect(outcomes == ["unknown charge"])
      #expect(await till.webhook(till.message("sim_other", "succeeded", id: "evt_1"), provider: "stripe").status == 404)
      #expect(try await till.count("select last from receipt_counter") == 0)
    }
  }

  /// A gateway may tell a long story of why it said no.
  @Test func `a reason longer than we keep is no reason to lose the message`() async throws {
    try await withTill { till in
      let charge = try await till.begin(try await till.book())
      let body = Array(
        JSONWriter.text { w in
          w.object { w in
            w.field("id", "evt_long")
            w.field("charge", charge)
            w.field("state", "failed")
            w.field("amount", Money(4500, .usd))
            w.field("failure", String(repeating: "no 👨‍👩‍👧‍👦", count: 40))
          }
        }.utf8)
      #expect(await till.webhook(body).status == 200)
      #expect(try await till.words("select state from payments") == ["failed"])
    }
  }
}
