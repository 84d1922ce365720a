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

@Suite struct PayingTests {
  @Test func `a learner pays, the booking is confirmed, the money set aside, and one receipt written`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let page = await till.site.get("/checkout/\(booking)", as: .ben)
      #expect(page.status == 200 && page.text.contains("$45") && pageFaults(page.text) == [])
      let charge = try await till.begin(booking)
      let form = await till.site.get("/simulated-gateway/\(charge)")
      #expect(form.status == 200 && pageFaults(form.text) == [])
      let back = await till.choose(.success, for: charge)
      #expect(back.status == 303 && back.header("location") == "/checkout/\(booking)/return")
      let waiting = await till.site.get("/checkout/\(booking)/return", as: .ben)
      #expect(
        waiting.status == 200 && waiting.header("refresh")?.contains("try=1") == true && !waiting.text.contains("⟦"))
      for tries in ["9223372036854775807", "-9223372036854775808", "x", ""] {
        #expect(await till.site.get("/checkout/\(booking)/return?try=\(tries)", as: .ben).status < 400, "\(tries)")
      }
      try await till.site.runJobs()
      let done = await till.site.get("/checkout/\(booking)/return", as: .ben)
      #expect(done.header("location") == "/bookings/\(booking)")
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.held() == [Money(4500, .usd)])
      let payment = try await till.database.one(Query<ID<Payment>>("select id from payments"))
      let receipt = await till.site.get("/payments/\(payment)/receipt", as: .ben)
      #expect(
        receipt.status == 200 && receipt.text.contains("Ben Ortiz") && receipt.text.contains("$45")
          && !receipt.text.contains("⟦"))
      let wallet = await till.site.get("/wallet", as: .ben)
      #expect(
        wallet.status == 200 && wallet.text.contains("/payments/\(payment)/receipt") && pageFaults(wallet.text) == []
          && pageFaults(receipt.text) == [])
      #expect(await till.site.get("/wallet", as: .ada).status == 200)
      #expect(
        try await till.words("select kind from mails where user_id = \(Person.ben.id) and kind = 'checkout.receipt'")
          .count == 1)
      // Paid: the till has nothing more to take.
      #expect(await till.site.get("/checkout/\(booking)", as: .ben).header("location") == "/bookings/\(booking)")
      #expect(await till.site.post("/checkout/\(booking)", as: .ben).header("location") == "/bookings/\(booking)")
      #expect(try await till.count("select count(*) from payments") == 1)
      try await till.audit()
    }
  }

  @Test func `a declined card leaves the booking held, and another card pays it`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let first = try await till.begin(booking)
      _ = await till.choose(.decline, for: first)
      try await till.site.runJobs()
      #expect(await till.site.get("/checkout/\(booking)/return", as: .ben).header("location") == "/checkout/\(booking)")
      #expect(try await till.state(booking) == .held)
      let page = await till.site.get("/checkout/\(booking)", as: .ben)
      #expect(page.text.contains("class=\"banner danger") || page.text.contains("danger"))
      let second = try await till.begin(booking)
      #expect(second != first)
      _ = await till.choose(.success, for: second)
      try await till.site.runJobs()
      #expect(try await till.state(booking) == .confirmed)
      #expect(try await till.words("select state from payments order by created_at, id") == ["failed", "succeeded"])
      try await till.audit()
    }
  }

  @Test func `a gateway that stammers, mixes up, dawdles or asks for more comes to the same`() async throws {
    try await withTill { till in
      for (hour, card) in [SimulatedGateway.Card.duplicate, .disorder, .slow, .authenticate].enumerated() {
        let booking = try await till.book(hour)
        let charge = try await till.begin(booking)
        let after = await till.choose(card, for: charge)
        if card == .authenticate {
          #expect(after.header("location") == "/simulated-gateway/\(charge)/authentication")
          let step = await till.site.get("/simulated-gateway/\(charge)/authentication")
          #expect(step.status == 200 && !step.text.contains("⟦"))
          try await till.site.runJobs()
          #expect(try await till.state(booking) == .awaitingPayment)
          #expect(await till.site.post("/simulated-gateway/\(charge)/authentication", ["allow": "1"]).status == 303)
        }
        try await till.site.runJobs()
        if card == .slow {
          #expect(try await till.state(booking) == .awaitingPayment)
          #expect(try await till.words("select state from payments where booking_id = \(booking)") == ["processing"])
        }
        till.house.clock.advance(by: .seconds(20))
        try await till.site.runJobs()
        #expect(try await till.state(booking) == .confirmed, "\(card)")
        #expect(
          try await till.count(
            "select count(*) from payments where booking_id = \(booking) and receipt_number is not null") == 1,
          "\(card)")
      }
      #expect(try await till.held() == [Money(18_000, .usd)])
      try await till.audit()
    }
  }

  @Test func `a refused extra step is a declined card`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      _ = await till.choose(.authenticate, for: charge)
      _ = await till.site.post("/simulated-gateway/\(charge)/authentication", [:])
      try await till.site.runJobs()
      #expect(try await till.state(booking) == .held)
      #expect(try await till.words("select failure from payments") == ["declined"])
    }
  }

  @Test func `a webhook that never comes is made up for by asking, on return and by the clock`() async throws {
    try await withTill { till in
      let first = try await till.book(), second = try await till.book(1)
      for booking in [first, second] { _ = await till.choose(.never, for: try await till.begin(booking)) }
      try await till.site.runJobs()
      #expect(try await till.state(first) == .awaitingPayment)
      #expect(
        await till.site.get("/checkout/\(first)/return?try=1", as: .ben).header("location") == "/bookings/\(first)")
      #expect(try await till.state(first) == .confirmed)
      #expect(try await till.state(second) == .awaitingPayment)
      till.house.clock.advance(by: .minutes(3))
      try await till.payments.reconcileSilent()
      #expect(try await till.state(second) == .confirmed)
      try await till.payments.reconcileSilent()
      try await till.audit()
    }
  }

  @Test func `whoever gives up at the gateway may come back`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charge = try await till.begin(booking)
      #expect(await till.site.post("/simulated-gateway/\(charge)/cancellation", [:]).status == 303)
      try await till.site.runJobs()
      #expect(try await till.words("select state from payments") == ["cancelled"])
      #expect(try await till.state(booking) == .held)
      #expect(await till.site.get("/checkout/\(booking)", as: .ben).status == 200)
      // The old charge leads back, and takes no card any more.
      #expect(await till.site.get("/simulated-gateway/\(charge)").header("location") == "/checkout/\(booking)/return")
      _ = await till.choose(.success, for: charge)
      try await till.site.runJobs()
      #expect(try await till.words("select state from payments") == ["cancelled"])
      #expect(try await till.begin(booking) != charge)
    }
  }

  @Test func `the gateway's page refuses cards it does not know, and charges nobody opened`() async throws {
    try await withTill { till in
      let charge = try await till.begin(try await till.book())
      let page = await till.site.post("/simulated-gateway/\(charge)", ["card": "<b>1</b>"])
      #expect(page.status == 422 && !page.text.contains("<b>1</b>") && !page.text.contains("⟦"))
      for address in [
        "/simulated-gateway/sim_none", "/simulated-gateway/sim_none/authentication", "/simulated-gateway/%27%20or%201",
      ] {
        #expect(await till.site.get(address).status == 404)
      }
      #expect(await till.site.post("/simulated-gateway/sim_none/cancellation", [:]).status == 404)
      #expect(await till.site.post("/simulated-gateway/sim_none", ["card": "4242424242424242"]).status == 404)
    }
  }

  @Test func `many tabs open one payment and one charge`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let charges = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<12 { group.addTask { try await till.begin(booking) } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(charges.count == 1)
      #expect(try await till.count("select count(*) from payments") == 1)
      #expect(try await till.count("select count(*) from simulated_charges") == 1)
    }
  }

  @Test func `what is free, over, expired or somebody else's is not paid for`() async throws {
    try await withTill { till in
      let free = try await till.book(0, tutor: "dan")
      #expect(await till.site.get("/checkout/\(free)", as: .ben).status == 303)
      let booking = try await till.book(2)
      for person in [Person.cleo, .ada] {
        #expect(await till.site.get("/checkout/\(booking)", as: person).status == 404, "\(person.name)")
        #expect(await till.site.post("/checkout/\(booking)", as: person).status == 404, "\(person.name)")
        #expect(await till.site.get("/checkout/\(booking)/return", as: person).status == 404, "\(person.name)")
      }
      #expect(await till.site.get("/checkout/\(booking)").status == 303)
      till.house.clock.advance(by: .hours(1))
      let late = await till.site.post("/checkout/\(booking)", as: .ben)
      #expect(late.status == 422 && !late.text.contains("⟦"))
      #expect(await till.site.get("/checkout/\(booking)", as: .ben).status == 200)
      #expect(try await till.count("select count(*) from payments") == 0)
    }
  }

  @Test func `receipts are numbered without gaps however many pay at once`() async throws {
    try await withTill { till in
      var charges: [String] = []
      for index in 0..<20 {
        let person = index % 2 == 0 ? Person.ben : .cleo
        charges.append(try await till.begin(try await till.book(index, by: person), by: person))
      }
      let bodies = charges.enumerated().map { till.message($1, "succeeded", id: "evt_\($0)") }
      let others = charges.enumerated().map { till.message($1, "processing", id: "late_\($0)") }
      // Some fail meanwhile: a number that was not used is not lost.
      let statuses = await withTaskGroup(of: Int.self) { group in
        for (index, body) in bodies.enumerated() {
          group.addTask { await till.webhook(body).status }
          let other = others[index]
          if index % 3 == 0 { group.addTask { await till.webhook(other).status } }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses)")
      let numbers = try await till.database.all(
        Query<Int>("select receipt_number from payments order by receipt_number"))
      #expect(numbers == Array(1...20))
      #expect(try await till.ledger.verify(in: till.database).holds)
      #expect(try await till.held().map(\.amount).reduce(0, +) == 45_000)
      #expect(try await till.count("select count(*) from lesson_facts where state = 'confirmed'") == 20)
    }
  }
}
