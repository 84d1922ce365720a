import Core
import Ledger
import Postgres
import Site
import TestDatabase
import TestKit
import Testing
import Time
import Web

@testable import Home

@Suite struct FilledWeekTests {
  @Test func `lessons count where they stand inside the hours, and a week without hours is nothing, not none`() {
    let zone = Zone("Europe/Berlin")!
    var rules = Availability.Rules(
      zone: zone, hours: WeeklyHours([(weekday: 1, start: CivilTime(9, 0)!, end: CivilTime(13, 0)!)]))
    rules.overrides[CivilDate("2026-11-30")!] = DayHours.none
    let now = Instant(rfc3339: "2026-11-20T09:00:00Z")!
    func lesson(_ start: String) -> Range<Instant> {
      Instant(rfc3339: start)!..<Instant(rfc3339: start)! + .hours(1)
    }
    let weeks = FilledWeek.weeks(
      3, of: rules,
      lessons: [lesson("2026-11-23T08:00:00Z"), lesson("2026-11-23T11:30:00Z"), lesson("2026-11-24T08:00:00Z")],
      now: now)
    // Ten and a half hours: one whole lesson, and half of one that goes over the end.
    #expect(weeks.map(\.openMinutes) == [240, 0, 240] && weeks.map(\.bookedMinutes) == [90, 0, 0])
    #expect(weeks.map(\.basisPoints) == [3750, nil, 0])
  }

  @Test func `an axis of hours has a whole hour in its middle`() {
    for (minutes, top) in [(0, 2), (120, 2), (121, 4), (10 * 60, 10), (601, 20), (41 * 60, 80)] {
      #expect(FiguresSection.wholeHours(minutes) == top * 60, "\(minutes)")
    }
  }
}

@Suite struct FiguresPagesTests {
  /// A lesson as it stands after it was held.
  private func held(_ hearth: Hearth, _ start: String, minutes: Int = 60, state: String = "completed") async throws {
    let start = Instant(rfc3339: start)!
    let end = start + .minutes(minutes)
    let id = ID<Booking>.new()
    try await hearth.database.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone, created_at)
        select \(id), \(Person.ben.id), \(Person.ada.id), id, \(state), 'instant', \(start), \(end), \(start..<end), 0, 'USD', 1800,
               '{}', \("room-" + String(id.description.suffix(12))), 'UTC', 'UTC', \(start) from subjects limit 1
        """))
  }

  @Test func `a month is the reader's, and money is told by currency as the books have it`() async throws {
    try await withHearth { hearth in
      // New York is still in October, Karachi is in November.
      try await held(hearth, "2026-11-01T02:00:00Z", minutes: 90)
      try await held(hearth, "2026-11-10T12:00:00Z")
      try await held(hearth, "2026-11-11T12:00:00Z", state: "cancelled")
      let ledger = Ledger(clock: hearth.house.clock.clock)
      let (ben, ada) = (Person.ben.id, Person.ada.id)
      try await hearth.database.transaction { tx in
        for (amount, currency) in [(4500, Currency.usd), (3000, Currency("EUR")!)] {
          let price = Money(amount, currency)
          let booking = ID<Booking>.new()
          try await ledger.post(.payment(ID<Payment>.new(), by: ben, price), in: tx)
          try await ledger.post(.reserve(price, of: ben, for: booking), in: tx)
          try await ledger.post(
            .capture(FeeSplit(of: price, basisPoints: 1800), of: ben, to: ada, for: booking), in: tx)
        }
        try await ledger.post(.payout(ID<Payment>.new(), to: ada, Money(1000, .usd)), in: tx)
      }
      let learner = await hearth.site.get("/dashboard", as: .ben)
      #expect(learner.status == 200 && pageFaults(learner.text) == [])
      #expect(learner.text.contains("Your learning in figures") && learner.text.contains("2 hours in twelve months."))
      #expect(
        learner.text.contains(
          "<th scope=\"row\">October 2026</th><td class=\"numeric\" data-label=\"Time learned\">90 min</td>"))
      #expect(
        learner.text.contains(
          "<th scope=\"row\">November 2026</th><td class=\"numeric\" data-label=\"Time learned\">1 h</td>"))
      #expect(learner.text.contains("Spent, USD") && learner.text.contains("Spent, EUR") && !learner.text.contains("⟦"))
      let tutor = await hearth.site.get("/dashboard", as: .ada)
      #expect(tutor.status == 200 && pageFaults(tutor.text) == [] && !tutor.text.contains("⟦"))
      #expect(
        tutor.text.contains(
          "<td class=\"numeric\" data-label=\"Earned\">$36.90</td><td class=\"numeric\" data-label=\"Paid out\">$10</td>"
        ))
      // In Karachi both lessons were in November.
      #expect(
        tutor.text.contains(
          "<th scope=\"row\">November 2026</th><td class=\"numeric\" data-label=\"Held\">2</td><td class=\"numeric\" data-label=\"Cancelled\">1</td>"
        ))
      #expect(tutor.text.contains("Offered hours that are booked") && !tutor.text.contains("Your learning in figures"))
      // Nobody sees another's.
      let other = await hearth.site.get("/dashboard", as: .cleo)
      #expect(other.text.contains("Nothing booked yet") && !other.text.contains("<rect"))
      // And to whom nothing happened yet no empty charts are shown.
      #expect(!other.text.contains("Nothing in this time yet.") && !other.text.contains("class=\"stat\""))
    }
  }
}
