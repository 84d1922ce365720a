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

@Suite struct GivingBackTests {
  @Test func `money that comes after the time went to somebody else goes back, once`() async throws {
    try await withTill { till in
      let lost = try await till.book()
      let charge = try await till.begin(lost)
      till.house.clock.advance(by: .minutes(40))
      let taken = try await till.buy(by: .cleo)
      _ = await till.choose(.duplicate, for: charge)
      try await till.site.runJobs()
      try await till.site.runJobs()
      #expect(try await till.state(lost) == .expired)
      #expect(try await till.state(taken.booking) == .confirmed)
      #expect(try await till.words("select state || ' ' || rule from refunds") == ["succeeded too_late"])
      #expect(try await till.count("select count(*) from simulated_refunds") == 1)
      #expect(try await till.held() == [])
      #expect(try await till.held(.cleo) == [Money(4500, .usd)])
      #expect(
        try await till.ledger.balances(of: Person.ben.id, [.refundsPayable, .learnerWallet], from: till.database)
          .allSatisfy { $0.amount == 0 })
      #expect(
        try await till.words("select kind from mails where user_id = \(Person.ben.id) and kind = 'checkout.refunded'")
          .count == 1)
      try await till.audit()
    }
  }

  @Test func `money that comes late while the time is still free brings the booking back`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      till.house.clock.advance(by: .minutes(40))
      try await till.bookings.sweep(till.database)
      #expect(try await till.state(booking) == .expired)
      _ = await till.choose(.success, for: charge)
      try await till.site.runJobs()
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.held() == [Money(4500, .usd)])
      #expect(try await till.count("select count(*) from refunds") == 0)
      try await till.audit()
    }
  }

  @Test func `a first card that turns out good after a second one paid is given back`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let first = try await till.begin(booking)
      #expect(await till.webhook(till.message(first, "failed", id: "evt_1")).status == 200)
      let second = try await till.begin(booking)
      _ = await till.choose(.success, for: second)
      try await till.site.runJobs()
      _ = await till.choose(.success, for: first)
      try await till.site.runJobs()
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.held() == [Money(4500, .usd)])
      #expect(
        try await till.words("select p.provider_ref from refunds r join payments p on p.id = r.payment_id") == [first])
      #expect(
        await till.site.call(.post, "/api/payments/\(try await payment(second, till))/refund/", as: .ben).status == 200)
      try await till.site.runJobs()
      #expect(try await till.count("select sum(refunded) from simulated_charges") == 9000)
      #expect(try await till.held() == [])
      try await till.audit()
    }
  }

  private func payment(_ charge: String, _ till: Till) async throws -> ID<Payment> {
    try await till.database.one(Query<ID<Payment>>("select id from payments where provider_ref = \(charge)"))
  }

  @Test func `cancelling in time sends everything back, and the receipt says so`() async throws {
    try await withTill { till in
      let bought = try await till.buy()
      #expect(
        await till.site.post("/bookings/\(bought.booking)/cancellation", ["refund": "4500", "reason": "ill"], as: .ben)
          .status == 303)
      #expect(
        try await till.ledger.balances(of: Person.ben.id, [.refundsPayable], from: till.database).map(\.amount) == [
          4500
        ])
      try await till.site.runJobs()
      #expect(try await till.words("select state from refunds") == ["succeeded"])
      #expect(try await till.count("select refunded from simulated_charges") == 4500)
      let receipt = await till.site.get("/payments/\(bought.payment)/receipt", as: .ben)
      #expect(receipt.status == 200 && receipt.text.contains("\u{2212}$45") && !receipt.text.contains("⟦"))
      #expect(await till.site.get("/wallet", as: .ben).text.contains("Refunded"))
      try await till.audit()
    }
  }

  @Test func `a refund that died between the gateway and our note is sent once`() async throws {
    let tries = Locked(0)
    try await withTill(wrapping: { Forgetful(inner: $0, tries: tries) }) { till in
      let bought = try await till.buy()
      #expect(await till.site.call(.post, "/api/payments/\(bought.payment)/refund/", as: .ben).status == 200)
      try await till.site.runJobs()
      #expect(try await till.words("select state from refunds") == ["pending"])
      #expect(try await till.count("select count(*) from simulated_refunds") == 1)
      till.house.clock.advance(by: .minutes(2))
      try await till.site.runJobs()
      #expect(tries.withLock { $0 } == 2)
      #expect(try await till.words("select state from refunds") == ["succeeded"])
      #expect(try await till.count("select count(*) from simulated_refunds") == 1)
      #expect(try await till.words("select kind from mails where kind = 'checkout.refunded'").count == 1)
      try await till.audit()
    }
  }

  @Test func `the same refund sent by two workers at once is noted once`() async throws {
    try await withTill { till in
      let bought = try await till.buy()
      #expect(await till.site.call(.post, "/api/payments/\(bought.payment)/refund/", as: .ben).status == 200)
      let payment = try #require(try await till.database.first(.payment(bought.payment)))
      try await till.database.transaction { tx in
        try await till.payments.hear(
          RefundDue(booking: bought.booking, learner: Person.ben.id, amount: payment.amount, rule: "in_time"), in: tx)
      }
      // The reaction to the event itself finds nothing left to give back.
      try await till.site.runJobs()
      #expect(try await till.count("select count(*) from refunds") == 1)
      let refund = try await till.database.one(Query<ID<RefundOrder>>("select id from refunds"))
      try await till.database.run(Query<Void>("update refunds set state = 'pending'"))
      try await till.database.run(Query<Void>("delete from mails where kind = 'checkout.refunded'"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { try await till.payments.send(refund) } }
        try await group.waitForAll()
      }
      #expect(try await till.words("select kind from mails where kind = 'checkout.refunded'").count == 1)
      #expect(try await till.count("select count(*) from simulated_refunds") == 1)
    }
  }
}

/// Sends the money and loses its breath before it can say so, the first time.
private struct Forgetful: Gateway {
  let inner: SimulatedGateway
  let tries: Locked<Int>
  struct Died: Error {}

  var name: String { inner.name }
  func open(_ order: Order) async throws -> OpenCharge { try await inner.open(order) }
  func lookUp(_ charge: String) async throws -> News? { try await inner.lookUp(charge) }
  func read(webhook: Request, now: Instant) throws -> [News] { try inner.read(webhook: webhook, now: now) }
  func refund(_ amount: Money, of charge: String, key: String) async throws -> String {
    let reference = try await inner.refund(amount, of: charge, key: key)
    let isFirst = tries.withLock { tries in
      tries += 1
      return tries == 1
    }
    if isFirst { throw Died() }
    return reference
  }
}
