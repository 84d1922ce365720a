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

@Suite struct CheckoutAPITests {
  @Test func `a program pays, reads its payment and its history`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      let made = await till.site.call(
        .post, "/api/payments/process/", ["booking": .string(booking.description)], as: .ben)
      #expect(made.status == 201)
      let id = try #require(made.json?["id"]?.string)
      #expect(made.json?["status"]?.string == "created" && made.json?["amount"]?["amount"]?.int == 4500)
      let url = try #require(made.json?["checkout"]?["url"]?.string)
      #expect(url.hasPrefix("http://localhost:8080/simulated-gateway/sim_"))
      let again = await till.site.call(
        .post, "/api/payments/process/", ["booking": .string(booking.description)], as: .ben)
      #expect(again.json?["id"]?.string == id)
      _ = await till.choose(.success, for: String(url.split(separator: "/").last!))
      try await till.site.runJobs()
      let read = await till.site.call(.get, "/api/payments/\(id)/", as: .ben)
      #expect(
        read.status == 200 && read.json?["status"]?.string == "succeeded" && read.json?["receipt_number"]?.int == 1)
      #expect(read.json?["refunds"]?.array?.isEmpty == true)
      let paid = await till.site.call(
        .post, "/api/payments/process/", ["booking": .string(booking.description)], as: .ben)
      #expect(paid.status == 422 && paid.json?["code"]?.string == "paid_already")
      let held = await till.site.call(.get, "/api/finances/balances/", as: .ben)
      #expect(held.json?["held"]?[0]?["amount"]?.int == 4500)
      #expect(await till.site.call(.get, "/api/finances/", as: .ben).status == 200)
      let lines = await till.site.call(.get, "/api/finances/transactions/", as: .ben)
      #expect(lines.status == 200 && lines.json?["count"]?.int ?? 0 >= 1)
    }
  }

  @Test func `a program is refused in words`() async throws {
    try await withTill { till in
      let booking = try await till.book()
      func process(_ body: JSON, as person: Person? = .ben) async -> Response {
        await till.site.call(.post, "/api/payments/process/", body, as: person)
      }
      #expect(await process(["booking": "nonsense"]).status == 422)
      #expect(await process([:]).status == 422)
      #expect(await process("text").status == 400)
      #expect(await process(["booking": .string(ID<Booking>.new().description)]).status == 404)
      #expect(await process(["booking": .string(booking.description), "provider": "gold"]).status == 422)
      for person in [Person.cleo, .ada] {
        #expect(await process(["booking": .string(booking.description)], as: person).status == 404)
      }
      #expect(await process(["booking": .string(booking.description)], as: nil).status == 401)
      till.house.clock.advance(by: .hours(1))
      let late = await process(["booking": .string(booking.description)])
      #expect(late.status == 422 && late.json?["code"]?.string == "not_payable")
    }
  }

  @Test func `others find nothing of somebody's payment`() async throws {
    try await withTill { till in
      let bought = try await till.buy()
      for person in [Person.cleo, .ada, .root] {
        #expect(
          await till.site.call(.get, "/api/payments/\(bought.payment)/", as: person).status == 404, "\(person.name)")
        #expect(
          await till.site.call(.post, "/api/payments/\(bought.payment)/refund/", as: person).status == 404,
          "\(person.name)")
        #expect(await till.site.get("/payments/\(bought.payment)/receipt", as: person).status == 404, "\(person.name)")
        #expect(
          await till.site.call(.get, "/api/payments/history/", as: person).json?["results"]?.array?.isEmpty == true,
          "\(person.name)")
      }
      #expect(await till.site.get("/payments/\(bought.payment)/receipt").status == 303)
      #expect(await till.site.call(.get, "/api/payments/history/").status == 401)
    }
  }

  @Test func `asking for the money back cancels by the rule that holds, once`() async throws {
    try await withTill { till in
      let bought = try await till.buy()
      let address = "/api/payments/\(bought.payment)/refund/"
      let answer = await till.site.call(.post, address, ["reason": "ill"], as: .ben)
      #expect(
        answer.status == 200 && answer.json?["status"]?.string == "cancelled"
          && answer.json?["refund"]?["amount"]?.int == 4500)
      #expect(await till.site.call(.post, address, as: .ben).status == 422)
      try await till.site.runJobs()
      #expect(try await till.count("select count(*) from simulated_refunds") == 1)
      let open = try await till.book(3)
      _ = try await till.begin(open)
      let unpaid = try await till.database.one(Query<ID<Payment>>("select id from payments where booking_id = \(open)"))
      let refused = await till.site.call(.post, "/api/payments/\(unpaid)/refund/", as: .ben)
      #expect(refused.status == 422 && refused.json?["code"]?.string == "not_paid")
      try await till.audit()
    }
  }

  @Test func `history covers every payment once, whatever the page`() async throws {
    try await withTill { till in
      var bookings: Set<String> = []
      for hour in 0..<7 {
        let booking = try await till.book(hour)
        _ = try await till.begin(booking)
        bookings.insert(booking.description)
      }
      for size in [1, 2, 3, 7, 20] {
        var seen: [String] = []
        var address: String? = "/api/payments/history/?page_size=\(size)"
        while let now = address {
          let page = await till.site.call(.get, now, as: .ben)
          #expect(page.status == 200)
          seen += page.json?["results"]?.array?.compactMap { $0["booking"]?.string } ?? []
          address = page.json?["next"]?.string.map { $0.replacing("http://localhost:8080", with: "") }
          guard seen.count <= 7 else { break }
        }
        #expect(seen.count == 7 && Set(seen) == bookings, "page size \(size)")
      }
      for cursor in ["x", "%00", "AAAA", "-1"] {
        #expect(await till.site.call(.get, "/api/payments/history/?cursor=\(cursor)", as: .ben).status < 500)
      }
    }
  }
}
