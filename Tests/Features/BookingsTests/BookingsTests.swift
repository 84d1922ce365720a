import Core
import Ledger
import Postgres
import Scheduling
import TestKit
import Testing

@testable import Bookings

struct Unexpected: Error {
  let words: String
  init(_ words: String) { self.words = words }
}

@Suite struct BookingsTests {
  let ben = Actor.learner(Person.ben.id)
  let ada = Actor.tutor(Person.ada.id)

  @Test func `a hold becomes a paid lesson, is held, and its price is shared`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      #expect(hold.state == .held && hold.reservation.holdExpiresAt == world.now + .minutes(10))
      guard case .secured(let confirmed) = try await world.pay(hold.id) else { throw Unexpected("not secured") }
      #expect(confirmed.state == .confirmed)
      #expect(try await world.held(confirmed) == 4500)
      #expect(try await world.told(.ben) == ["bookings.confirmed"])
      #expect(try await world.told(.ada) == ["bookings.confirmed"])
      world.house.clock.set(to: world.noon)
      try await world.database.transaction { tx in
        _ = try await world.bookings.begin(hold.id, in: tx)
        _ = try await world.bookings.begin(hold.id, in: tx)
      }
      world.house.clock.advance(by: .hours(1))
      try await world.database.transaction { tx in
        _ = try await world.bookings.complete(hold.id, in: tx)
        _ = try await world.bookings.complete(hold.id, in: tx)
      }
      #expect(try await world.held(hold) == 0)
      #expect(
        try await world.ledger.balance(of: .tutorPayable(Person.ada.id), in: .usd, from: world.database)
          == Money(3690, .usd))
      #expect(try await world.ledger.verify(in: world.database).holds)
      #expect(try await world.count("select count(*) from events where name = 'bookings.lesson-finished'") == 1)
      let history = try await world.database.all(.history(of: hold.id))
      #expect(history.map(\.act) == ["book", "secure", "begin", "complete"])
      #expect(history.map(\.to) == [.held, .confirmed, .inProgress, .completed])
    }
  }

  @Test
  func `sixty-four bookers on overlapping times leave no overlap, one winner a time, and a kind word for the rest`()
    async throws
  {
    try await withWorld(connectionsPerLoop: 16) { world in
      let bookers = (0..<64).map { _ in ID<User>.new() }
      try await world.database.run(
        Query(
          """
          insert into users (id, email, username, full_name, password_hash, terms_accepted_at)
          select id, 'b' || n || '@example.org', 'b' || n || 'x', 'Booker ' || n, 'x', now()
            from unnest(\(bookers)::uuid[]) with ordinality as b (id, n)
          """))
      // One time for all; then eight starts, each lesson in the way of the next.
      for starts in [[world.noon], (0..<8).map { world.noon + .hours(24) + .minutes(30 * $0) }] {
        let outcomes = try await withThrowingTaskGroup(of: (Instant, Bool, Int).self) { group in
          for (n, booker) in bookers.enumerated() {
            let start = starts[n % starts.count]
            group.addTask {
              do {
                _ = try await world.book(start, by: booker)
                return (start, true, 0)
              } catch is Bookings.SlotTaken {
                let near = try await world.bookings.alternatives(
                  to: start, lasting: .hours(1), of: Person.ada.id, for: booker, from: world.database)
                return (start, false, near.count)
              }
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        let winners = outcomes.filter(\.1)
        #expect(Set(winners.map(\.0)).count == winners.count)
        #expect(starts.count > 1 ? winners.count >= 3 : winners.count == 1)
        #expect(outcomes.filter { !$0.1 }.allSatisfy { $0.2 == 3 })
      }
      let overlaps = try await world.count(
        "select count(*) from bookings a join bookings b on a.id < b.id and a.tutor_id = b.tutor_id and a.blocked && b.blocked"
      )
      #expect(overlaps == 0)
      let rows = try await world.count("select count(*) from bookings")
      #expect(try await world.count("select count(*) from booking_events") == rows)
    }
  }

  @Test func `one learner cannot be in two lessons at once, whoever teaches`() async throws {
    try await withWorld { world in
      _ = try await world.book(world.noon)
      await #expect(throws: Bookings.SlotTaken(isOwnTime: true)) {
        _ = try await world.book(world.noon + .minutes(30), with: .dan)
      }
      // Past the rules, the store itself says so.
      let new = try await world.new(world.noon + .minutes(30), minutes: 30, with: .dan)
      await #expect(throws: Bookings.SlotTaken(isByStore: true)) {
        _ = try await world.database.transaction { tx in try await world.bookings.book(new, channel: .web, in: tx) }
      }
    }
  }

  @Test func `nobody teaches and learns at once, however many ask at the same instant`() async throws {
    try await withWorld(connectionsPerLoop: 16) { world in
      // Ben and Cleo teach too; whoever is asked by others for an hour asks others for the same hour.
      for (tutor, slug) in [(Person.ben, "ben"), (Person.cleo, "cleo")] {
        try await world.database.run(
          Query(
            "insert into tutors (user_id, slug, approval, state) values (\(tutor.id), \(slug), 'instant', 'verified')"))
        try await world.database.run(
          Query(
            "insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations) values (\(tutor.id), \(World.algebra), 3000, '{30,60}')"
          ))
        try await world.database.run(
          Query(
            """
            insert into availability_settings (tutor_id, zone, notice, buffer_before, buffer_after) values (\(tutor.id), 'UTC', 0, 15, 15)
            """))
        try await world.database.run(
          Query(
            "insert into availability_hours (tutor_id, weekday, hours) select \(tutor.id), d, int4range(0, 1440) from generate_series(1, 7) d"
          ))
      }
      let people = [Person.ada, .ben, .cleo]
      for round in 0..<12 {
        let start = world.noon + .hours(3 * round)
        // Whoever asks first most often wins: each is asked first in turn.
        let asked = people[(round % people.count)...] + people[..<(round % people.count)]
        let made = await withTaskGroup(of: Bool.self) { group in
          for tutor in asked {
            for learner in people where learner.id != tutor.id {
              for shift in [0, 30] {
                group.addTask {
                  // The rules are asked at once by all, so that only the store can tell them apart.
                  guard
                    let new = try? await world.new(start + .minutes(shift), with: tutor, by: learner.id)
                  else { return false }
                  do {
                    _ = try await world.bookings.hold(new, channel: .api, in: world.database)
                    return true
                  } catch is Bookings.SlotTaken { return false } catch {
                    Issue.record(error)
                    return false
                  }
                }
              }
            }
          }
          return await group.reduce(into: 0) { if $1 { $0 += 1 } }
        }
        // Three people make one couple.
        #expect(made == 1)
      }
      let clashes = try await world.count(
        """
        select count(*) from bookings a join bookings b on a.id < b.id and a.during && b.during
           and array[a.tutor_id, a.learner_id] && array[b.tutor_id, b.learner_id]
        """)
      #expect(clashes == 0)
      // By the rules too, buffers of the lesson one gives included; and what ends gives the time back.
      let (id, tutor, learner, start): (ID<Booking>, ID<User>, ID<User>, Instant) = try await world.database.one(
        Query(
          "select id, tutor_id, learner_id, starts_at from bookings where tutor_id <> \(Person.ada.id) order by starts_at limit 1"
        ))
      let other = people.first { $0.id != tutor && $0.id != learner }!
      await #expect(throws: Bookings.SlotTaken(isOwnTime: true)) {
        _ = try await world.book(start + .hours(1), with: other, by: tutor)
      }
      _ = try await world.act(.cancel, on: id, by: .learner(learner))
      #expect(try await world.count("select count(*) from taken_times where booking_id = \(id)") == 0)
      _ = try await world.book(start + .hours(1), with: other, by: tutor)
    }
  }

  @Test func `a day's limit holds among many who book at once, and when a lapsed hold comes back`() async throws {
    try await withWorld(connectionsPerLoop: 16) { world in
      try await world.database.run(
        Query("update availability_settings set daily_limit = 2 where tutor_id = \(Person.ada.id)"))
      let lapsed = try await world.book(world.noon, by: Person.cleo.id)
      world.house.clock.advance(by: .minutes(11))
      _ = try await world.bookings.sweep(world.database)
      let bookers = (0..<8).map { _ in ID<User>.new() }
      try await world.database.run(
        Query(
          """
          insert into users (id, email, username, full_name, password_hash, terms_accepted_at)
          select id, 'l' || n || '@example.org', 'l' || n || 'x', 'Booker ' || n, 'x', now()
            from unnest(\(bookers)::uuid[]) with ordinality as b (id, n)
          """))
      let made = try await withThrowingTaskGroup(of: Bool.self) { group in
        for (n, booker) in bookers.enumerated() {
          group.addTask {
            do {
              _ = try await world.book(world.noon - .hours(n + 1), by: booker)
              return true
            } catch let refusal as Bookings.NotOffered {
              #expect(refusal.reasons.map(\.code) == ["daily_limit"])
              return false
            }
          }
        }
        return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
      }
      #expect(made == 2)
      // Its hour is free, but the day is full: the money is owed back.
      guard case .returned = try await world.pay(lapsed.id) else { throw Unexpected("a third lesson that day") }
      // Moving into a full day is refused as booking is; moving within it is not.
      let other = try await world.book(world.noon + .days(1), by: Person.cleo.id)
      guard case .secured = try await world.pay(other.id) else { throw Unexpected("not secured") }
      await #expect(throws: Bookings.NotOffered.self) {
        _ = try await world.act(.reschedule(to: world.noon), on: other.id, by: .learner(Person.cleo.id))
      }
      _ = try await world.act(
        .reschedule(to: world.noon + .days(1) + .hours(2)), on: other.id, by: .learner(Person.cleo.id))
    }
  }

  @Test func `buffers are part of what is taken`() async throws {
    try await withWorld { world in
      try await world.database.run(Query("update availability_settings set buffer_before = 15, buffer_after = 15"))
      _ = try await world.book(world.noon)
      await #expect(throws: Bookings.SlotTaken()) {
        _ = try await world.book(world.noon + .hours(1), by: Person.cleo.id)
      }
      _ = try await world.book(world.noon + .minutes(90), by: Person.cleo.id)
    }
  }

  @Test func `an overdue hold is in nobody's way, even before it is swept`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      await #expect(throws: Bookings.SlotTaken()) { _ = try await world.book(world.noon, by: Person.cleo.id) }
      world.house.clock.advance(by: .minutes(10))
      let next = try await world.book(world.noon, by: Person.cleo.id)
      #expect(next.state == .held)
      #expect(try await world.booked(hold.id).state == .expired)
      // Late money for the lost time is owed back; the books say so.
      guard case .returned(let amount, _) = try await world.pay(hold.id) else { throw Unexpected("not returned") }
      #expect(amount == Money(4500, .usd))
      #expect(
        try await world.ledger.balance(of: .refundsPayable(Person.ben.id), in: .usd, from: world.database) == amount)
      #expect(try await world.booked(hold.id).state == .expired)
    }
  }

  @Test func `money that comes after the hold revives it when the time is still free`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      world.house.clock.advance(by: .minutes(10))
      #expect(try await world.bookings.sweep(world.database) == 1)
      #expect(try await world.booked(hold.id).state == .expired)
      let payment = ID<Payment>.new()
      guard case .secured(let booked) = try await world.pay(hold.id, payment) else { throw Unexpected("not secured") }
      #expect(booked.state == .confirmed)
      guard case .already = try await world.pay(hold.id, payment) else { throw Unexpected("counted twice") }
      guard case .returned = try await world.pay(hold.id) else { throw Unexpected("a second payment was kept") }
      #expect(try await world.held(booked) == 4500)
      #expect(try await world.ledger.verify(in: world.database).holds)
    }
  }

  @Test func `a wrong amount is never counted as the price`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      guard case .returned(let amount, let booked) = try await world.pay(hold.id, amount: 4499) else {
        throw Unexpected("accepted")
      }
      #expect(amount.amount == 4499 && booked.state == .held)
    }
  }

  @Test func `a transaction that dies on the way leaves nothing at all`() async throws {
    try await withWorld { world in
      let new = try await world.new(world.noon)
      await #expect(throws: (any Error).self) {
        _ = try await world.database.transaction { tx in
          _ = try await world.bookings.book(new, channel: .web, in: tx)
          try await tx.run(Query("select pg_terminate_backend(pg_backend_pid())"))
        }
      }
      for table in [
        "select count(*) from bookings", "select count(*) from booking_events", "select count(*) from events",
      ] as [SQL] {
        #expect(try await world.count(table) == 0)
      }
      let hold = try await world.book(world.noon)
      await #expect(throws: (any Error).self) {
        try await world.database.transaction { tx in
          _ = try await world.bookings.paid(hold.id, payment: .new(), amount: Money(4500, .usd), in: tx)
          try await tx.run(Query("select pg_terminate_backend(pg_backend_pid())"))
        }
      }
      #expect(try await world.booked(hold.id).state == .held)
      #expect(try await world.count("select count(*) from ledger_transactions") == 0)
      #expect(try await world.told(.ben).isEmpty)
    }
  }

  @Test func `the same key and body answer the same, at once and together; another body is refused`() async throws {
    try await withWorld { world in
      @Sendable func send(_ request: String) async throws -> Making.Outcome {
        let again = try await world.new(world.noon)
        return try await world.feature.making.make(again, channel: .api, key: "k1", request: request) {
          KeptAnswer(status: 201, body: $0.id.description)
        }
      }
      let answers = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<6 {
          group.addTask {
            switch try await send("same") {
            case .made(_, let kept), .repeated(let kept): kept.body
            case .keyReused: "reused"
            }
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(answers.count == 1 && !answers.contains("reused"))
      guard case .keyReused = try await send("other") else { throw Unexpected("another body was answered") }
      #expect(try await world.count("select count(*) from bookings") == 1)
    }
  }

  @Test func `cancelling gives back what the preview said, and the books agree`() async throws {
    try await withWorld { world in
      for (ahead, back) in [(Duration.hours(30), 4500), (.hours(20), 2250)] {
        let hold = try await world.book(world.now + .hours(40))
        _ = try await world.pay(hold.id)
        world.house.clock.set(to: hold.reservation.startsAt - ahead)
        let preview = try await world.booked(hold.id).reservation.cancellation(by: ben, at: world.now)
        let cancelled = try await world.act(.cancel, on: hold.id, by: ben, reason: "ill")
        #expect(
          cancelled.state == .cancelled && cancelled.reservation.refund == preview && preview?.amount.amount == back)
        #expect(try await world.held(hold) == 0)
      }
      #expect(
        try await world.ledger.balance(of: .refundsPayable(Person.ben.id), in: .usd, from: world.database).amount
          == 6750)
      #expect(
        try await world.ledger.balance(of: .tutorPayable(Person.ada.id), in: .usd, from: world.database).amount == 1845)
      #expect(try await world.count("select count(*) from events where name = 'bookings.refund-due'") == 2)
      #expect(try await world.ledger.verify(in: world.database).holds)
    }
  }

  @Test func `an invitation keeps its name while its number rises, and a cancellation takes it out again`() async throws
  {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      _ = try await world.act(.reschedule(to: world.noon + .hours(2)), on: hold.id, by: ben)
      _ = try await world.act(.cancel, on: hold.id, by: ada)
      let letters = try await world.database.all(
        Query<(String, String)>("select ics_method, ics from mails where user_id = \(Person.ben.id) order by id"))
      #expect(letters.map(\.0) == ["REQUEST", "REQUEST", "CANCEL"])
      for (number, letter) in letters.enumerated() {
        let unfolded = letter.1.replacing("\r\n ", with: "")
        #expect(unfolded.contains("UID:\(hold.id)@localhost"))
        #expect(unfolded.contains("SEQUENCE:\(number)\r\n"))
        #expect(unfolded.contains("mailto:ben@example.org") && !unfolded.contains("ada@example.org"))
      }
    }
  }

  @Test func `a lesson moves only where the tutor is free`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      let other = try await world.book(world.noon + .hours(3), by: Person.cleo.id)
      await #expect(throws: Bookings.SlotTaken()) {
        _ = try await world.act(.reschedule(to: other.reservation.startsAt), on: hold.id, by: ben)
      }
      // Into its own old time by half an hour: it is not in its own way.
      let moved = try await world.act(.reschedule(to: world.noon + .minutes(30)), on: hold.id, by: ben)
      #expect(
        moved.reservation.startsAt == world.noon + .minutes(30) && moved.reservation.endsAt == world.noon + .minutes(90)
      )
      try await world.database.run(Query("delete from availability_hours"))
      await #expect(throws: Bookings.NotOffered.self) {
        _ = try await world.act(.reschedule(to: world.noon + .hours(6)), on: hold.id, by: ben)
      }
    }
  }

  @Test func `a request waits for the tutor, lapses by the clock, and everything comes back`() async throws {
    try await withWorld { world in
      try await world.database.run(Query("update tutors set approval = 'request'"))
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      #expect(try await world.booked(hold.id).state == .requested)
      #expect(try await world.told(.ada) == ["bookings.requested"])
      #expect(try await world.bookings.openRequests(of: Person.ada.id, from: world.database) == 1)
      world.house.clock.advance(by: .hours(24))
      #expect(try await world.bookings.sweep(world.database) == 1)
      #expect(try await world.booked(hold.id).state == .expired)
      #expect(
        try await world.ledger.balance(of: .refundsPayable(Person.ben.id), in: .usd, from: world.database).amount
          == 4500)
      let free = try await world.book(world.noon, with: .dan)
      #expect(free.state == .requested)
      #expect(try await world.act(.accept, on: free.id, by: .tutor(Person.dan.id)).state == .confirmed)
    }
  }

  @Test func `a lesson nobody spoke of counts as held a day after its end`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      world.house.clock.set(to: world.noon + .hours(24))
      #expect(try await world.bookings.sweep(world.database) == 0)
      world.house.clock.advance(by: .hours(1))
      #expect(try await world.bookings.sweep(world.database) == 1)
      #expect(try await world.booked(hold.id).state == .completed)
      #expect(try await world.bookings.sweep(world.database) == 0)
    }
  }

  @Test func `reminders fire a day and an hour before, of the time as it stands then`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      _ = try await world.act(.reschedule(to: world.noon + .hours(5)), on: hold.id, by: ben)
      func remind(at instant: Instant) async throws {
        world.house.clock.set(to: instant)
        for lead in RemindOfLesson.Lead.allCases {
          try await world.bookings.remind(RemindOfLesson(booking: hold.id, lead: lead), database: world.database)
        }
      }
      try await remind(at: world.noon - .hours(24))  // The old time's.
      try await remind(at: world.noon - .hours(1))
      #expect(try await world.told(.ben).filter { $0.hasPrefix("bookings.reminder") }.isEmpty)
      try await remind(at: world.noon - .hours(19))
      try await remind(at: world.noon + .hours(4))
      #expect(
        try await world.told(.ben).filter { $0.hasPrefix("bookings.reminder") } == [
          "bookings.reminder-day", "bookings.reminder-hour",
        ])
      #expect(try await world.count("select count(*) from jobs where name = 'bookings.remind'") == 4)
      _ = try await world.act(.cancel, on: hold.id, by: ada)
      try await remind(at: world.noon + .hours(4))
      #expect(try await world.told(.ada).filter { $0.hasPrefix("bookings.reminder") }.count == 2)
    }
  }

  @Test func `an absence is reported, disputed and ruled, and every cent is accounted for`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      _ = try await world.pay(hold.id)
      world.house.clock.set(to: world.noon + .minutes(20))
      await #expect(throws: Reservation.Refusal.notYours) {
        _ = try await world.act(.reportAbsence(of: .learner), on: hold.id, by: ben)
      }
      let missed = try await world.act(.reportAbsence(of: .learner), on: hold.id, by: ada)
      #expect(missed.state == .noShowLearner && missed.reservation.refund == Refund(Money(0, .usd), .learnerAbsent))
      #expect(
        try await world.ledger.balance(of: .tutorPayable(Person.ada.id), in: .usd, from: world.database).amount == 3690)
      _ = try await world.act(.dispute, on: hold.id, by: ben, reason: "I was there")
      let ruled = try await world.act(
        .rule(for: .learner), on: hold.id, by: .staff(Person.root.id), reason: "The room's log agrees")
      #expect(ruled.state == .cancelled && ruled.reservation.refund == Refund(Money(4500, .usd), .ruling))
      for (account, amount) in [
        (Account.tutorPayable(Person.ada.id), 0), (.platformFees, 0), (.refundsPayable(Person.ben.id), 4500),
        (.gatewayClearing, -4500),
      ] {
        #expect(try await world.ledger.balance(of: account, in: .usd, from: world.database).amount == amount)
      }
      #expect(try await world.told(.ben).suffix(2) == ["bookings.absent-you", "bookings.ruled"])
      #expect(try await world.ledger.verify(in: world.database).holds)
    }
  }

  @Test func `a sweep goes on past a booking it cannot close`() async throws {
    try await withWorld { world in
      let first = try await world.book(world.noon)
      let second = try await world.book(world.noon + .hours(3))
      // A history line that cannot be written stands for whatever goes wrong with one row only.
      try await world.database.run(
        Query(
          """
          create function refuse_one() returns trigger language plpgsql as $$ begin
            if new.act = 'expire' and new.booking_id = (select id from bookings order by starts_at limit 1) then raise 'broken'; end if;
            return new; end $$
          """))
      try await world.database.run(
        Query("create trigger refuse_one before insert on booking_events for each row execute function refuse_one()"))
      world.house.clock.advance(by: .minutes(11))
      await #expect(throws: PostgresError.self) { _ = try await world.bookings.sweep(world.database) }
      #expect(try await world.booked(first.id).state == .held)
      #expect(try await world.booked(second.id).state == .expired)
    }
  }

  @Test func `a tutor's list leaves out holds, and counts what waits for an answer`() async throws {
    try await withWorld { world in
      let hold = try await world.book(world.noon)
      #expect(try await world.bookings.upcoming(of: Person.ada.id, from: world.database).isEmpty)
      #expect(try await world.bookings.upcoming(of: Person.ben.id, from: world.database).map(\.id) == [hold.id])
      _ = try await world.pay(hold.id)
      #expect(
        try await world.bookings.upcoming(of: Person.ada.id, as: .tutor, from: world.database).map(\.id) == [hold.id])
      #expect(try await world.bookings.upcoming(of: Person.ada.id, as: .learner, from: world.database).isEmpty)
    }
  }

  @Test func `history can be added to, not changed`() async throws {
    try await withWorld { world in
      _ = try await world.book(world.noon)
      await #expect(throws: PostgresError.self) {
        try await world.database.run(Query("update booking_events set act = 'x'"))
      }
      await #expect(throws: PostgresError.self) { try await world.database.run(Query("delete from booking_events")) }
    }
  }

  @Test func `the store refuses an unsound booking by the name of the rule it breaks`() async throws {
    try await withWorld { world in
      let id = try await world.book(world.noon).id
      func refused(_ change: SQL, _ rule: String) async {
        let error = await #expect(throws: PostgresError.self, "\(rule)") {
          try await world.database.run(Query("update bookings set \(change) where id = \(id)"))
        }
        #expect(error?.constraint == rule && error?.state == "23514" && error?.table == "bookings")
      }
      await refused("state = 'lost'", "booking_state_is_known")
      await refused("mode = 'never'", "booking_mode_is_known")
      await refused("tutor_id = learner_id", "booking_of_two_people")
      await refused("ends_at = starts_at", "booking_has_length")
      await refused("ends_at = starts_at + interval '8 hours 1 second'", "booking_has_length")
      await refused("blocked = tstzrange(starts_at, starts_at)", "booking_buffers_hold_it")
      await refused("hold_expires_at = null", "booking_hold_ends")
      await refused("state = 'in_progress'", "booking_in_progress_begun")
      await refused("proposed_by = 'tutor'", "booking_proposal_whole")
      await refused("proposed_by = 'staff', proposed_starts_at = now()", "booking_proposed_by_one_of_two")
      await refused("price_amount = -1", "booking_price_not_negative")
      await refused("paid_amount = price_amount - 1", "booking_paid_wholly_or_not")
      await refused("paid_amount = price_amount, refund_amount = price_amount + 1", "booking_refund_within_paid")
      await refused("refund_amount = -1", "booking_refund_within_paid")
      await refused("fee_basis_points = 10001", "booking_fee_within_price")
      for currency in ["usd", "US", "USDX", "U$D", ""] {
        await refused("currency = \(currency)", "booking_currency_of_three_letters")
      }
      for code in ["ABCDEFGH", "short", String(repeating: "x", count: 41), "eight/eight"] {
        await refused("room_code = \(code)", "booking_room_code_is_one")
      }
      await refused("learner_note = repeat('x', 1001)", "booking_note_not_too_long")
      // What is null breaks no rule but those that ask for it.
      try await world.database.run(
        Query(
          """
          update bookings set learner_note = repeat('ü', 1000), refund_amount = null, ends_at = starts_at + interval '8 hours',
            blocked = tstzrange(starts_at, starts_at + interval '8 hours') where id = \(id)
          """))
    }
  }

  @Test func `the store refuses an unsound line of history by the name of the rule it breaks`() async throws {
    try await withWorld { world in
      let id = try await world.book(world.noon).id
      func refused(
        kind: String = "learner", by: ID<User>? = Person.ben.id, reason: Int = 0, _ channel: String, _ rule: String
      )
        async
      {
        let error = await #expect(throws: PostgresError.self, "\(rule)") {
          try await world.database.run(
            Query(
              """
              insert into booking_events (id, booking_id, at, actor_id, actor_kind, act, to_state, reason, channel)
              values (\(ID<BookingEvent>.new()), \(id), now(), \(by), \(kind), 'x', 'held', repeat('x', \(reason)::int), \(channel))
              """))
        }
        #expect(error?.constraint == rule && error?.state == "23514" && error?.table == "booking_events")
      }
      await refused(kind: "ghost", "web", "booking_event_actor_is_known")
      await refused(by: nil, "web", "booking_event_of_person")
      await refused(reason: 501, "web", "booking_event_reason_not_too_long")
      await refused("wire", "booking_event_channel_is_known")
    }
  }

  @Test func `random acts of many people at once keep the store's money and states together`() async throws {
    try await withWorld(connectionsPerLoop: 8) { world in
      let (count, seeded) = property("bookings in PostgreSQL", count: 400)
      let total = min(count, 4000)
      let bookings = Locked<[ID<Booking>]>([])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<4 {
          group.addTask {
            var random = Dice(seeded.seed &+ UInt64(worker))
            let learner = [Person.ben, .cleo, .dan, .root][worker]
            for _ in 0..<total / 4 {
              let known = bookings.withLock { $0.randomElement(using: &random) }
              let start = world.noon + .minutes(30 * Int.random(in: 0..<200, using: &random))
              do {
                guard let known, Int.random(in: 0..<4, using: &random) > 0 else {
                  let made = try await world.book(start, by: learner.id)
                  bookings.withLock { $0.append(made.id) }
                  continue
                }
                let owner = Actor.learner(try await world.booked(known).learner.id)
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1, 2: _ = try await world.pay(known)
                case 3:
                  _ = try await world.act(
                    .cancel, on: known, by: Bool.random(using: &random) ? owner : .tutor(Person.ada.id))
                case 4, 5: _ = try await world.act(.reschedule(to: start), on: known, by: owner)
                case 6: _ = try await world.act(.propose(start), on: known, by: .tutor(Person.ada.id))
                default: _ = try await world.act(.acceptProposal, on: known, by: owner)
                }
              } catch is Reservation.Refusal {
              } catch is Bookings.SlotTaken {
              } catch is Bookings.NotOffered {
              } catch let error as PostgresError where Bookings.SlotTaken(error) != nil {}
            }
          }
        }
        try await group.waitForAll()
      }
      let overlaps = try await world.count(
        """
        select count(*) from bookings a join bookings b on a.id < b.id and a.state in \(SQL.live) and b.state in \(SQL.live)
           and ((a.tutor_id = b.tutor_id and a.blocked && b.blocked) or (a.learner_id = b.learner_id and a.during && b.during))
        """)
      #expect(overlaps == 0)
      for id in bookings.withLock({ $0 }) {
        let booked = try await world.booked(id)
        #expect(try await world.held(booked) == (booked.state.holdsMoney ? booked.reservation.price.amount : 0))
      }
      let verification = try await world.ledger.verify(in: world.database)
      #expect(verification.holds, "\(verification.reason ?? "") at \(verification.brokenAt ?? 0)")
    }
  }
}
