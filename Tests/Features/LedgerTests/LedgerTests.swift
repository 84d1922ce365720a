import Core
import Postgres
import TestKit
import Testing

@testable import Ledger

/// Two learners and a tutor, as rows the ledger may refer to.
struct Cast {
  let ana = ID<User>.new()
  let ben = ID<User>.new()
  let tutor = ID<User>.new()

  init(in database: Database) async throws {
    for (id, name) in [(ana, "ana.l"), (ben, "ben.l"), (tutor, "tia.t")] {
      try await database.run(
        Query(
          """
          insert into users (id, email, username, full_name, password_hash, terms_accepted_at)
          values (\(id), \(name + "@example.org"), \(name), \(name), 'x', now())
          """))
    }
  }
}

@Suite struct LedgerTests {
  func usd(_ amount: Int) -> Money { Money(amount, .usd) }

  @Test func `a lesson's money goes from payment through escrow to the tutor and the house`() async throws {
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      let booking = ID<Booking>.new()
      let split = FeeSplit(of: usd(4500), basisPoints: 1800)
      _ = try await database.transaction { tx in
        try await ledger.post(
          .payment(ID<Payment>.new(), by: cast.ana, usd(4500), memo: ["subject": "Algebra"]), in: tx)
        try await ledger.post(.reserve(usd(4500), of: cast.ana, for: booking), in: tx)
      }
      #expect(try await ledger.balance(of: .held(cast.ana, for: booking.as()), in: .usd, from: database) == usd(4500))
      _ = try await database.transaction { tx in
        try await ledger.post(
          .capture(split, of: cast.ana, to: cast.tutor, for: booking, memo: ["price": "4500"]), in: tx)
      }
      #expect(try await ledger.balance(of: .tutorPayable(cast.tutor), in: .usd, from: database) == usd(3690))
      #expect(try await ledger.balance(of: .platformFees, in: .usd, from: database) == usd(810))
      #expect(try await ledger.balance(of: .gatewayClearing, in: .usd, from: database) == usd(-4500))
      #expect(try await ledger.balances(of: cast.ana, [.learnerWallet, .held], from: database) == [usd(0)])
      let lines = try await ledger.explanation(of: cast.ana, BalanceExplanation.Side.learner.kinds, from: database)
      #expect(lines.map(\.kind) == [.capture, .payment])
      #expect(lines.map(\.balance) == [usd(0), usd(4500)])
      #expect(lines.last?.memo == ["subject": "Algebra"])
      let verification = try await ledger.verify(in: database)
      #expect(verification.holds && verification.links == 3)
    }
  }

  @Test func `the same entry again answers the first and moves nothing`() async throws {
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      let entry = Entry.payment(ID<Payment>.new(), by: cast.ana, usd(1000))
      let first = try #require(try await database.transaction { tx in try await ledger.post(entry, in: tx) })
      let second = try #require(try await database.transaction { tx in try await ledger.post(entry, in: tx) })
      #expect(first.isNew && !second.isNew && first.transaction == second.transaction)
      #expect(try await ledger.balance(of: .learnerWallet(cast.ana), in: .usd, from: database) == usd(1000))
      let free = try await database.transaction { tx in
        try await ledger.post(.reserve(usd(0), of: cast.ana, for: ID<Booking>.new()), in: tx)
      }
      #expect(free == nil)
    }
  }

  @Test func `nobody's money can be spent twice`() async throws {
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      _ = try await database.transaction { tx in
        try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(1000)), in: tx)
      }
      let error = await #expect(throws: PostgresError.self) {
        try await database.transaction { tx in
          try await ledger.post(.reserve(usd(700), of: cast.ana, for: ID<Booking>.new()), in: tx)
          try await ledger.post(.reserve(usd(700), of: cast.ana, for: ID<Booking>.new()), in: tx)
        }
      }
      #expect(error?.constraint == "ledger_not_overdrawn")
      #expect(try await ledger.balance(of: .learnerWallet(cast.ana), in: .usd, from: database) == usd(1000))
      #expect(try await ledger.verify(in: database).links == 1)
    }
  }

  @Test func `a transaction that is broken off leaves nothing, and no gap`() async throws {
    struct Broken: Error {}
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      await #expect(throws: Broken.self) {
        try await database.transaction { tx in
          try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(500)), in: tx)
          throw Broken()
        }
      }
      let posted = try await database.transaction { tx in
        try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(5)), in: tx)
      }
      #expect(posted?.number == 1)
      #expect(try await ledger.verify(in: database).holds)
    }
  }

  @Test func `the store refuses what does not balance, what is changed, and what is added later`() async throws {
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      let posted = try #require(
        try await database.transaction { tx in
          try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(500)), in: tx)
        })
      let unbalanced = await #expect(throws: PostgresError.self) {
        try await database.transaction { tx in
          _ = try await tx.one(
            Query<Int64>(
              """
              select transaction_seq from ledger_post(\(ID<LedgerTransaction>.new()), now(), 'payment', \(ID<Reference>.new()), '{}',
                array[\(ID<LedgerAccount>.new())]::uuid[], '{gateway_clearing}', '{""}', '{""}', '{-5}', '{USD}')
              """))
        }
      }
      #expect(unbalanced?.constraint == "ledger_balanced")
      let forgeries: [Query<Void>] = [
        Query("update ledger_postings set amount = amount * 2"), Query("delete from ledger_postings"),
        Query("update ledger_transactions set memo = '{}'"), Query("delete from ledger_transactions"),
        Query("update ledger_accounts set owner = null"), Query("truncate ledger_transactions cascade"),
        Query(
          "insert into ledger_postings select \(posted.transaction), 9, account_id, 5, currency from ledger_postings limit 1"
        ),
      ]
      for forgery in forgeries { await #expect(throws: PostgresError.self) { try await database.run(forgery) } }
      #expect(try await ledger.verify(in: database).holds)
    }
  }

  @Test func `whoever switches the guards off and changes the past is found by the chain`() async throws {
    try await withDatabase { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      for _ in 1...5 {
        _ = try await database.transaction { tx in
          try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(100)), in: tx)
        }
      }
      let head = try await ledger.verify(in: database).head
      try await database.run(Query("alter table ledger_postings disable trigger user"))
      try await database.run(
        Query(
          """
          update ledger_postings set amount = amount * 10
           where transaction_id = (select id from ledger_transactions where seq = 3)
          """))
      let broken = try await ledger.verify(in: database)
      #expect(broken.brokenAt == 3 && broken.reason == "content" && broken.links == 2 && broken.head != head)
    }
  }

  @Test func `posting from many sides at once keeps one chain without gaps`() async throws {
    try await withDatabase(connectionsPerLoop: 8) { database in
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      let shared = Entry.payment(ID<Payment>.new(), by: cast.ben, usd(999))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<25 {
              try await database.transaction { tx in
                try await ledger.post(.payment(ID<Payment>.new(), by: cast.ana, usd(10)), in: tx)
                try await ledger.post(shared, in: tx)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let verification = try await ledger.verify(in: database)
      #expect(verification.holds && verification.links == 201)
      #expect(try await ledger.balance(of: .learnerWallet(cast.ana), in: .usd, from: database) == usd(2000))
      #expect(try await ledger.balance(of: .learnerWallet(cast.ben), in: .usd, from: database) == usd(999))
    }
  }

  @Test func `random entries leave PostgreSQL with the balances of the paper model`() async throws {
    try await withDatabase { database in
      var (count, random) = property("ledger in PostgreSQL", count: 2000)
      count = min(count, 20_000)
      let cast = try await Cast(in: database)
      let ledger = Ledger()
      var paper = PaperLedger()
      var held: [(ID<Booking>, ID<User>, Int)] = []
      for _ in 0..<count {
        let learner = [cast.ana, cast.ben].randomElement(using: &random)!
        let entry: Entry
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: entry = .payment(ID<Payment>.new(), by: learner, usd(.random(in: 1...9999, using: &random)))
        case 2, 3:
          let booking = ID<Booking>.new()
          let price = Int.random(in: 1...9999, using: &random)
          entry = .reserve(usd(price), of: learner, for: booking)
          if paper.balances[.learnerWallet(learner), default: 0] >= price { held.append((booking, learner, price)) }
        case 4:
          guard let at = held.indices.randomElement(using: &random) else { continue }
          let (booking, owner, price) = held.remove(at: at)
          let back = Int.random(in: 0...price, using: &random)
          entry = .release(
            usd(back), of: owner, keeping: FeeSplit(of: usd(price - back), basisPoints: 1800), to: cast.tutor,
            for: booking)
        default:
          let due = paper.balances[.refundsPayable(learner), default: 0]
          guard due > 0 else { continue }
          entry = .refund(ID<Payment>.new(), to: learner, usd(.random(in: 1...due, using: &random)))
        }
        let allowed = (try? paper.post(entry)) != nil
        var posted = true
        do { _ = try await database.transaction { tx in try await ledger.post(entry, in: tx) } } catch let error
          as PostgresError
        {
          #expect(error.constraint == "ledger_not_overdrawn")
          posted = false
        }
        #expect(posted == allowed)
      }
      for (account, amount) in paper.balances {
        let stored = try await ledger.balance(of: account, in: .usd, from: database)
        #expect(stored == usd(amount))
      }
      #expect(try await ledger.verify(in: database).holds)
    }
  }

  @Test func `a new fee counts from its day on`() async throws {
    try await withDatabase { database in
      let ledger = Ledger()
      let day = Instant(rfc3339: "2027-01-01T00:00:00Z")!
      try await database.transaction { tx in try await ledger.setFee(basisPoints: 1500, from: day, in: tx) }
      #expect(try await ledger.feeBasisPoints(at: day - .seconds(1), from: database) == 1800)
      #expect(try await ledger.feeBasisPoints(at: day, from: database) == 1500)
    }
  }
}
