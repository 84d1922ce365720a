import Core
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Bookings

@Suite struct CalendarPagesTests {
  @Test func `both see their lesson where their own clocks show it, and it leads to the booking`() async throws {
    try await withWorld { world in
      try await world.database.run(
        Query(
          "update availability_settings set buffer_before = 10, buffer_after = 15 where tutor_id = \(Person.ada.id)"))
      let booked = try await world.book(world.noon)
      _ = try await world.pay(booked.id)
      let learner = await world.site.get("/bookings?view=week&from=2026-11-25", as: .ben)
      #expect(learner.status == 200 && learner.text.contains("Nov 22 – Nov 28, 2026"))
      // Noon in London is seven in New York, and five in the afternoon in Karachi.
      #expect(learner.text.contains("cal-event confirmed at-28 for-4 lane-0 of-1") && learner.text.contains("from-7 "))
      #expect(
        learner.text.contains("href=\"/bookings/\(booked.id)\"") && learner.text.contains("Algebra with Ada Baig"))
      #expect(!learner.text.contains("cal-buffer") && !learner.text.contains("kept free"))
      #expect(learner.text.contains("New York time (GMT−5)"))
      let tutor = await world.site.get("/bookings?view=day&from=2026-11-23", as: .ada)
      #expect(tutor.status == 200 && tutor.text.contains("cal-event confirmed at-68 for-4 lane-0 of-1"))
      #expect(
        tutor.text.contains("cal-buffer at-67 plus-5 for-0 long-10") && tutor.text.contains("cal-buffer at-72 for-1"))
      #expect(tutor.text.contains("10 min kept free before, 15 min kept free after"))
      #expect(
        await world.site.get("/bookings?view=week&from=2026-11-25", as: .cleo).text.contains("No lessons in this week.")
      )
      #expect(
        await world.site.get("/bookings?view=day&from=2026-11-24", as: .ben).text.contains("No lessons on this day."))
      for text in [learner.text, tutor.text] { #expect(!text.contains("⟦")) }
    }
  }

  @Test func `today is marked, weeks begin as the language has it, and an odd date is now`() async throws {
    try await withWorld { world in
      for address in [
        "/bookings?view=week", "/bookings?view=week&from=yesterday", "/bookings?view=week&from=2026-11-31",
      ] {
        let page = await world.site.get(address, as: .ben)
        #expect(page.status == 200 && page.text.contains("Nov 15 – Nov 21, 2026"))
        #expect(page.text.matches(of: /cal-day today/).count == 1)
      }
      let far = await world.site.get("/bookings?view=day&from=9999-12-31", as: .ben)
      #expect(far.status == 200)
      let here = await world.site.get("/bookings?view=week&from=2026-11-20", as: .ben)
      for other in ["08", "22"] {
        #expect(here.text.contains("href=\"/bookings?view=week&amp;from=2026-11-\(other)\""))
      }
      let list = await world.site.get("/bookings", as: .ben)
      #expect(list.text.contains("href=\"/bookings?view=week\"") && list.text.contains("chip on\" href=\"/bookings\""))
    }
  }

  @Test func `what came to nothing takes no place, and a hold is the learner's own affair`() async throws {
    try await withWorld { world in
      let held = try await world.book(world.noon)
      let week = "/bookings?view=week&from=2026-11-23"
      #expect(await world.site.get(week, as: .ben).text.contains("cal-event held"))
      #expect(await world.site.get(week, as: .ada).text.contains("No lessons in this week."))
      _ = try await world.act(.cancel, on: held.id, by: .learner(Person.ben.id))
      #expect(await world.site.get(week, as: .ben).text.contains("No lessons in this week."))
    }
  }

  @Test func `on the day that clocks go back, the page says so and names both readings`() async throws {
    try await withWorld { world in
      // Cleo lives in Berlin, where 2027-10-31 has twenty-five hours; a tutor's hours reach that far.
      try await world.database.run(Query("update availability_settings set horizon_days = 366"))
      world.house.clock.advance(by: .days(300))
      let first = try await world.book(Instant(rfc3339: "2027-10-31T00:00:00Z")!, by: Person.cleo.id)
      let second = try await world.book(Instant(rfc3339: "2027-10-31T01:00:00Z")!, by: Person.cleo.id)
      let page = await world.site.get("/bookings?view=day&from=2027-10-31", as: .cleo)
      #expect(page.text.contains("Clocks go 60 min back"))
      #expect(page.text.contains("AM CEST</time>") && page.text.contains("AM CET</time>"))
      #expect(page.text.contains("\(first.id)") && page.text.contains("\(second.id)"))
      #expect(page.text.contains("at-8 for-4 lane-0 of-2") && page.text.contains("at-8 for-4 lane-1 of-2"))
    }
  }
}
