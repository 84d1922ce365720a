import Core
import HTML
import Postgres
import Site
import TestKit
import Testing

@testable import Ledger

@Suite struct BalanceExplanationTests {
  @Test func `a balance is explained line by line in plain words`() async throws {
    try await withDatabase { database in
      let house = try TestHouse(database)
      let cast = try await Cast(in: database)
      let ledger = Ledger(clock: house.clock.clock)
      let memo = ["subject": "Algebra", "starts_at": "2026-11-23T12:00:00Z"]
      let booking = ID<Booking>.new()
      let split = FeeSplit(of: Money(4500, .usd), basisPoints: 1800)
      try await database.transaction { tx in
        _ = try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, split.gross, memo: memo), in: tx)
        _ = try await ledger.post(.reserve(split.gross, of: cast.ana, for: booking, memo: memo), in: tx)
        let figures = memo.merging(["price": "4500", "fee": "810"]) { $1 }
        _ = try await ledger.post(.capture(split, of: cast.ana, to: cast.tutor, for: booking, memo: figures), in: tx)
      }
      let page = house.site.context(language: .english, zone: "Asia/Karachi")
      func explain(_ side: BalanceExplanation.Side, _ owner: ID<User>) async throws -> String {
        BalanceExplanation(side, lines: try await ledger.explanation(of: owner, side.kinds, from: database)).body(page)
          .text
      }
      let tutors = try await explain(.tutor, cast.tutor)
      #expect(
        tutors.contains("Algebra lesson of Mon, Nov 23, 2026")
          && tutors.contains("$45, less the site&#39;s fee of $8.10"))
      #expect(tutors.contains("+$36.90"))
      let learners = try await explain(.learner, cast.ana)
      #expect(learners.contains("You paid for Algebra on Mon, Nov 23, 2026") && learners.contains("went to your tutor"))
      #expect(try await explain(.tutor, cast.ana).contains("Nothing has moved yet"))
    }
  }

  @Test func `every kind of entry has its sentence on both sides`() throws {
    let catalogue = try Catalogue(folder: TestHouse.root + "/Assets/locales")
    for side in [BalanceExplanation.Side.tutor, .learner] {
      for kind in Entry.Kind.allCases { #expect(catalogue.has("ledger.\(side.rawValue).\(kind.rawValue)")) }
    }
  }
}
