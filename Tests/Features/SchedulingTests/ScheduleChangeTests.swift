import Core
import Site
import TestKit
import Testing
import Time
import Web

@testable import Scheduling

@Suite struct ScheduleChangeTests {
  private let zone = Zone("Europe/Berlin")!
  /// A Friday.
  private let now = Instant(rfc3339: "2026-11-20T09:00:00Z")!

  private func rules(_ start: Int, _ end: Int, step: Int = 60, daily: Int? = nil) -> Availability.Rules {
    Availability.Rules(
      zone: zone, hours: WeeklyHours([(weekday: 1, start: CivilTime(start, 0)!, end: CivilTime(end, 0)!)]),
      notice: .hours(12), horizon: .days(60), step: step, dailyLimit: daily)
  }

  private func lesson(_ start: String) -> Taken {
    let start = Instant(rfc3339: start)!
    return Taken(
      booking: .new(), busy: .init(during: start..<start + .hours(1)), isTutors: true)
  }

  @Test func `the same rules change nothing`() {
    #expect(ScheduleChange(from: rules(9, 12), to: rules(9, 12), taken: [], now: now).isNothing)
  }

  @Test func `what comes and what goes is told by day, and only for the next four weeks`() {
    let change = ScheduleChange(from: rules(9, 12), to: rules(10, 13), taken: [], now: now)
    #expect(change.days.map(\.date.description) == ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"])
    #expect(change.gained == 4 && change.lost == 4)
    #expect(change.days[0].gained == [zone.instant(of: CivilDate("2026-11-23")!, CivilTime(12, 0)!)])
    #expect(change.days[0].lost == [zone.instant(of: CivilDate("2026-11-23")!, CivilTime(9, 0)!)])
  }

  @Test func `taken time is neither gained nor lost, and limits count`() {
    let monday = lesson("2026-11-23T11:00:00Z")
    let change = ScheduleChange(from: rules(9, 12), to: rules(9, 13), taken: [monday], now: now)
    #expect(change.days.map(\.date.description) == ["2026-11-30", "2026-12-07", "2026-12-14"])
    let limited = ScheduleChange(from: rules(9, 13), to: rules(9, 13, daily: 1), taken: [monday], now: now)
    #expect(limited.days.map(\.date.description) == ["2026-11-23"] && limited.lost == 3)
  }

  @Test func `a lesson that the new hours do not hold is named once, and one that stood outside before is not`() {
    let inside = lesson("2026-11-23T08:00:00Z"), outside = lesson("2026-11-24T08:00:00Z"),
      past = lesson("2026-11-16T08:00:00Z")
    let change = ScheduleChange(from: rules(9, 12), to: rules(10, 12), taken: [inside, outside, past], now: now)
    #expect(change.newlyOutside.map(\.booking) == [inside.booking])
  }

  @Test func `what a preview says is what booking then judges by`() throws {
    let (old, new) = (rules(9, 12), rules(8, 11, step: 30))
    let change = ScheduleChange(from: old, to: new, taken: [lesson("2026-11-23T08:00:00Z")], now: now)
    let after = Availability(rules: new, duration: .hours(1), busy: [lesson("2026-11-23T08:00:00Z").busy])
    for start in change.days.flatMap(\.gained) {
      #expect(after.answer(for: start..<start + .hours(1), now: now) == .free)
    }
    for start in change.days.flatMap(\.lost) {
      #expect(after.answer(for: start..<start + .hours(1), now: now) != .free)
    }
  }
}

@Suite struct ScheduleChangePagesTests {
  private let form: Fields = [
    "version": "0", "zone": "Europe/Berlin", "bufferBefore": "10", "bufferAfter": "5", "notice": "720",
    "horizonDays": "60", "step": "30", "dailyLimit": "", "weeklyLimit": "", "start-1": "09:00", "end-1": "12:00",
  ]

  private func withSite(_ body: (Scene, TestSite) async throws -> Void) async throws {
    try await withScene { scene in try await body(scene, scene.house.open([scene.feature])) }
  }

  @Test func `a preview says what would come, keeps the words of the form, and stores nothing`() async throws {
    try await withSite { (scene, site) async throws in
      let page = await site.post("/tutor/availability/preview", fields: form, as: .ada)
      #expect(page.status == 200 && page.text.contains("What this would change"))
      // Four Mondays of three hours: five starts each.
      #expect(page.text.contains("20 starts for a one-hour lesson would appear and none would disappear."))
      #expect(page.text.contains("value=\"09:00\"") && page.text.contains("9:00\u{a0}AM, 9:30\u{a0}AM"))
      #expect(!page.text.contains("⟦"))
      #expect(try await scene.times.timetable(of: scene.tutor, now: scene.now, in: scene.database) == nil)
      let saved = await site.post("/tutor/availability", fields: form.with("do", "save"), as: .ada)
      #expect(saved.status == 303)
      let same = await site.post("/tutor/availability/preview", fields: form, as: .ada)
      #expect(same.text.contains("Nothing changes in the next four weeks."))
    }
  }

  @Test func `a lesson that would stand outside is named, and stays`() async throws {
    try await withSite { (scene, site) async throws in
      _ = await site.post("/tutor/availability", fields: form.with("do", "save"), as: .ada)
      let lesson = try await scene.book(scene.hour(scene.monday, "09:00"))
      let page = await site.post("/tutor/availability/preview", fields: form.with("start-1", "10:30"), as: .ada)
      #expect(page.text.contains("1 lesson would then stand outside your hours"))
      #expect(
        page.text.contains("href=\"/bookings/\(lesson)\"") && page.text.contains("Booked lessons stay as they are."))
      let closed = await site.post(
        "/tutor/availability/dates/preview", ["from": scene.monday.description, "kind": "closed"], as: .ada)
      #expect(closed.status == 200 && closed.text.contains("1 lesson would then stand outside your hours"))
      #expect(closed.text.contains("no start for a one-hour lesson would appear"))
      let after = try await scene.stored()
      #expect(after.rules.overrides.isEmpty)
    }
  }

  @Test func `a draft that cannot be read says so, and only tutors ask`() async throws {
    try await withSite { (_, site) async throws in
      let wrong = await site.post("/tutor/availability/preview", fields: form.with("end-1", "08:00"), as: .ada)
      #expect(wrong.status == 422 && wrong.text.contains("Once the times are complete"))
      let past = await site.post("/tutor/availability/dates/preview", ["from": "2020-01-01"], as: .ada)
      #expect(past.status == 422 && past.text.contains("Once the times are complete"))
      #expect(await site.post("/tutor/availability/preview", fields: form, as: .ben).status == 403)
    }
  }
}
