import Core
import Ledger
import Postgres
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Admin

@Suite struct UserMergeTests {
  /// A lesson of a learner with dan.
  private func lesson(_ learner: Person, at hour: Int, tutor: Person = .dan, _ office: Office) async throws -> ID<
    Booking
  > {
    let id = ID<Booking>.new()
    let subject = try await office.database.one(Query<ID<Subject>>("select id from subjects limit 1"))
    let start = Instant(rfc3339: "2026-12-01T00:00:00Z")! + .hours(hour)
    try await office.database.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount,
          currency, fee_basis_points, policy, room_code, learner_zone, tutor_zone)
        values (\(id), \(learner.id), \(tutor.id), \(subject), 'confirmed', 'instant', \(start), \(start + .hours(1)),
          tstzrange(\(start), \(start + .hours(1))), 4500, 'USD', 1800, '{}', \(id.description), 'UTC', 'UTC')
        """))
    return id
  }

  private func merge(_ gone: Person, into keep: Person, _ office: Office, isTrial: Bool = false) async throws
    -> UserMerge.Report
  {
    try await UserMerge(
      keep: keep.id, gone: gone.id, ledger: Ledger(clock: office.house.clock.clock), sessions: office.sessions
    ).run(isTrial: isTrial, in: office.database)
  }

  private func pay(_ person: Person, _ amount: Int, for booking: ID<Booking>, _ office: Office) async throws {
    let ledger = Ledger(clock: office.house.clock.clock)
    try await office.database.transaction { tx in
      try await ledger.post(
        .payment(ID<Payment>.new(), by: person.id, Money(amount, .usd)), in: tx)
      try await ledger.post(
        Entry(
          .reserve, booking,
          lines: [
            .init(.learnerWallet(person.id), Money(-amount / 2, .usd)),
            .init(.held(person.id, for: booking.as()), Money(amount / 2, .usd)),
          ]), in: tx)
    }
  }

  private func sums(_ person: Person, _ office: Office) async throws -> [String] {
    try await office.database.all(
      Query<String>(
        "select kind || ' ' || amount from ledger_balances where owner = \(person.id) and amount <> 0 order by kind"))
  }

  /// Everything that tells what an account has.
  private func state(_ office: Office) async throws -> [String] {
    try await office.database.all(
      Query<String>(
        """
        select 'booking ' || id || learner_id from bookings union all select 'role ' || user_id || role from user_roles
        union all select 'user ' || id || coalesce(merged_into::text, '') || (suspended_at is null) from users
        union all select 'session ' || id || (revoked_at is null) from sessions
        union all select 'ledger ' || hash::text from ledger_transactions union all select 'audit ' || id from audit_entries
        order by 1
        """))
  }

  @Test func `what one had the other has, the books agree, and the one is closed`() async throws {
    try await withOffice { office in
      try await office.submit()
      let booking = try await lesson(.cleo, at: 9, office)
      _ = try await lesson(.ben, at: 12, office)
      try await pay(.cleo, 9000, for: booking, office)
      for person in [Person.ben, .cleo] {
        try await office.database.run(
          Query<Void>("insert into favourites (user_id, tutor_id) values (\(person.id), \(Person.dan.id))"))
      }
      try await office.database.transaction { tx in
        _ = try await office.sessions.openWeb(for: Person.cleo.id, remember: true, device: nil, in: tx)
      }
      let report = try await merge(.cleo, into: .ben, office)
      #expect(report.conflicts == [])
      #expect(report.moved.contains(.init(place: "bookings.learner_id", rows: 1)))
      #expect(try await office.count("select count(*) from bookings where learner_id = \(Person.ben.id)") == 2)
      #expect(try await office.count("select count(*) from favourites") == 1)
      #expect(try await office.count("select count(*) from sessions where revoked_at is null") == 0)
      let sums = try await sums(.ben, office)
      #expect(sums == ["held 4500", "learner_wallet 4500"])
      let left = try await self.sums(.cleo, office)
      #expect(left == [])
      let gone = try await office.database.one(
        Query<(Bool, ID<User>)>("select suspended_at is not null, merged_into from users where id = \(Person.cleo.id)"))
      #expect(gone == (true, Person.ben.id))
      let ledger = Ledger(clock: office.house.clock.clock)
      #expect(try await ledger.verify(in: office.database).holds)
      let entry = try await office.database.one(
        Query<(String, String)>("select act, details->>'gone' from audit_entries"))
      #expect(entry == ("account.merged", Person.cleo.id.description))
      // Again: what a request under way wrote after the first time is swept up.
      _ = try await lesson(.cleo, at: 15, office)
      let again = try await merge(.cleo, into: .ben, office)
      #expect(again.conflicts == [] && again.moved.contains(.init(place: "bookings.learner_id", rows: 1)))
    }
  }

  @Test func `what both wished to hear of is no hindrance: the one that stays has its own wishes`() async throws {
    try await withOffice { office in
      try await office.submit()
      for (person, from) in [(Person.ben, 22), (.cleo, 20)] {
        try await office.database.run(
          Query<Void>(
            "insert into muted_notices (user_id, topic, channel) values (\(person.id), 'reviews', 'mail')"))
        try await office.database.run(
          Query<Void>("insert into quiet_hours (user_id, from_hour, to_hour) values (\(person.id), \(from), 7)"))
      }
      let report = try await merge(.cleo, into: .ben, office)
      #expect(report.conflicts == [])
      let left = try await office.database.all(Query<(ID<User>, Int)>("select user_id, from_hour from quiet_hours"))
      #expect(left.map(\.0) == [Person.ben.id] && left.map(\.1) == [22])
      let muted = try await office.database.all(Query<ID<User>>("select user_id from muted_notices"))
      #expect(muted == [Person.ben.id])
    }
  }

  @Test func `a trial says what would move, and changes nothing`() async throws {
    try await withOffice { office in
      try await office.submit()
      let booking = try await lesson(.cleo, at: 9, office)
      try await pay(.cleo, 9000, for: booking, office)
      let before = try await state(office)
      let report = try await merge(.cleo, into: .ben, office, isTrial: true)
      #expect(report.conflicts == [] && report.moved.contains(.init(place: "bookings.learner_id", rows: 1)))
      let after = try await state(office)
      #expect(before == after)
    }
  }

  @Test func `what stands in the way is named, all of it, and nothing is changed`() async throws {
    try await withOffice { office in
      try await office.submit()
      _ = try await lesson(.cleo, at: 9, office)
      _ = try await lesson(.ben, at: 9, tutor: .ada, office)
      _ = try await lesson(.dan, at: 22, tutor: .ada, office)
      _ = try await lesson(.cleo, at: 20, tutor: .dan, office)
      let before = try await state(office)
      let both = try await merge(.cleo, into: .ben, office)
      #expect(both.conflicts == ["Both have a lesson at one time (bookings.learner_id). Cancel or move one of them."])
      let tutor = try await merge(.dan, into: .cleo, office)
      #expect(tutor.conflicts.count >= 2)
      #expect(tutor.conflicts.contains { $0.contains("tutor's profile") })
      #expect(tutor.conflicts.contains { $0.contains("nobody teaches themselves") })
      for (gone, keep, words) in [
        (Person.ben, Person.ben, "one account"), (.root, .ben, "Take its role first"),
      ] {
        let refused = try await merge(gone, into: keep, office)
        #expect(refused.conflicts.count == 1 && refused.conflicts[0].contains(words))
      }
      let nobody = Person("nobody", "Nobody")
      let refused = try await merge(nobody, into: .ben, office)
      #expect(refused.conflicts == ["One of the two is gone."])
      let after = try await state(office)
      #expect(before == after)
      let eve = Person("eve", "Eve Roth")
      try await office.database.insert([eve])
      #expect(try await merge(.cleo, into: eve, office).conflicts == [])
      let elsewhere = try await merge(.cleo, into: .ben, office)
      #expect(elsewhere.conflicts == ["One of the two was merged into another account before."])
    }
  }

  @Test func `two merges of the same two at once make one account`() async throws {
    try await withOffice { office in
      try await office.submit()
      let booking = try await lesson(.cleo, at: 9, office)
      try await pay(.cleo, 9000, for: booking, office)
      async let one = merge(.cleo, into: .ben, office)
      async let other = merge(.ben, into: .cleo, office)
      let reports = try await [one, other]
      #expect(reports.count { $0.conflicts.isEmpty } == 1)
      #expect(try await office.count("select count(*) from users where merged_into is not null") == 1)
      let money = try await office.count(
        "select sum(amount)::bigint from ledger_balances where owner in (\(Person.ben.id), \(Person.cleo.id))")
      #expect(money == 9000)
    }
  }
}
