import Core
import Testing
import Time

@testable import Bookings

@Suite struct CalendarTests {
  private let berlin = Zone("Europe/Berlin")!

  private func lesson(
    _ start: String, minutes: Int = 60, as party: Party = .learner, before: Int = 0, after: Int = 0
  ) -> PlannedLesson {
    let start = Instant(rfc3339: start)!
    let during = start..<start + .minutes(minutes)
    return PlannedLesson(
      id: .new(), party: party, state: .confirmed, during: during,
      blocked: during.lowerBound - .minutes(before)..<during.upperBound + .minutes(after), subject: "Algebra",
      name: "Ada")
  }

  private func day(_ date: String, _ lessons: PlannedLesson...) -> CalendarDay {
    CalendarDay(CivilDate(date)!, in: berlin, lessons)
  }

  @Test func `a week begins with the reader's first day, and a day is itself`() {
    let friday = CivilDate("2026-11-20")!
    #expect(CalendarSpan(.week, holding: friday, firstWeekday: 1).first == CivilDate("2026-11-16"))
    #expect(CalendarSpan(.week, holding: friday, firstWeekday: 7).first == CivilDate("2026-11-15"))
    #expect(CalendarSpan(.week, holding: friday, firstWeekday: 6).first == CivilDate("2026-11-14"))
    #expect(CalendarSpan(.week, holding: friday, firstWeekday: 5).first == friday)
    let day = CalendarSpan(.day, holding: friday, firstWeekday: 1)
    #expect(day.days == [friday] && day.previous == friday - 1 && day.next == friday + 1)
    let change = CalendarSpan(.week, holding: CivilDate("2026-03-29")!, firstWeekday: 1).range(in: berlin)
    #expect(change.upperBound - change.lowerBound == .hours(7 * 24 - 1))
  }

  @Test func `a lesson lies where clocks show it, and over midnight on both days`() {
    #expect(day("2026-11-20", lesson("2026-11-20T08:15:00Z")).entries[0].stretch == .init(start: 555, end: 615))
    let late = lesson("2026-11-20T22:30:00Z")
    let evening = day("2026-11-20", late).entries[0]
    #expect(evening.stretch == .init(start: 1410, end: 1440) && evening.goesOver && !evening.comesOver)
    let morning = day("2026-11-21", late).entries[0]
    #expect(morning.stretch == .init(start: 0, end: 30) && morning.comesOver && !morning.goesOver)
    #expect(day("2026-11-22", late).entries.isEmpty)
    #expect(day("2026-11-20", lesson("2026-11-20T22:00:00Z")).entries[0].goesOver == false)
  }

  @Test func `where clocks go forward there is a hole, and a lesson across it is as long as clocks say`() {
    let day = day("2026-03-29", lesson("2026-03-29T00:30:00Z"))
    #expect(day.clockChange == 60 && day.skipped == .init(start: 120, end: 180))
    #expect(day.entries[0].stretch == .init(start: 90, end: 210))
  }

  @Test func `in an hour that comes twice, the first and the second lesson stand beside each other`() {
    let day = day("2026-10-25", lesson("2026-10-25T00:00:00Z"), lesson("2026-10-25T01:00:00Z"))
    #expect(day.clockChange == -60 && day.skipped == nil)
    #expect(day.entries.map(\.stretch) == [.init(start: 120, end: 180), .init(start: 120, end: 180)])
    #expect(Set(day.entries.map(\.lane)) == [0, 1] && day.entries.allSatisfy { $0.lanes == 2 })
    let across = self.day("2026-10-25", lesson("2026-10-25T00:30:00Z"))
    #expect(across.entries[0].stretch == .init(start: 150, end: 210))
  }

  @Test func `what overlaps shares the width with what it hangs together with, and with nothing else`() {
    let day = day(
      "2026-11-20", lesson("2026-11-20T08:00:00Z", minutes: 120), lesson("2026-11-20T08:30:00Z", minutes: 30),
      lesson("2026-11-20T09:00:00Z"), lesson("2026-11-20T12:00:00Z"))
    #expect(day.entries.map(\.lane) == [0, 1, 1, 0])
    #expect(day.entries.map(\.lanes) == [2, 2, 2, 1])
  }

  @Test func `buffers are the tutor's, and a short lesson can still be touched`() {
    let teaching = lesson("2026-11-20T08:00:00Z", as: .tutor, before: 10, after: 15)
    #expect(day("2026-11-20", teaching).buffers == [.init(start: 530, end: 540), .init(start: 600, end: 615)])
    #expect(teaching.bufferBefore == 10 && teaching.bufferAfter == 15)
    let learning = lesson("2026-11-20T08:00:00Z", before: 10)
    #expect(day("2026-11-20", learning).buffers.isEmpty && learning.bufferBefore == 0)
    #expect(day("2026-11-20", lesson("2026-11-20T08:00:00Z", minutes: 5)).entries[0].stretch.length == 15)
  }

  @Test func `the hours shown are the working day's, and more where something happens`() {
    #expect(CalendarDay.hours(of: [day("2026-11-20")]) == 8..<20)
    let days = [day("2026-11-20", lesson("2026-11-20T04:30:00Z"), lesson("2026-11-20T20:00:00Z", minutes: 90))]
    #expect(CalendarDay.hours(of: days) == 5..<23)
    let night = lesson("2026-11-20T22:30:00Z")
    #expect(CalendarDay.hours(of: [day("2026-11-20", night), day("2026-11-21", night)]) == 0..<24)
  }
}
