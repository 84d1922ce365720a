import Core
import Testing
import Time
import Web

@testable import Scheduling

@Suite struct SlotsQueryTests {
  private let now = Instant(rfc3339: "2026-11-20T18:00:00Z")!

  @Test func `without words it is the coming week in UTC, an hour each`() throws {
    let query = try SlotsQuery([:], now: now)
    #expect(
      query.range == now..<now + .days(7) && query.zone == .utc && query.duration == .hours(1) && query.explained == nil
    )
  }

  @Test func `dates are whole days of the named zone, instants are themselves`() throws {
    let days = try SlotsQuery(
      ["from": "2026-11-23", "to": "2026-11-24", "timezone": "Asia/Karachi", "duration": "90"], now: now)
    #expect(days.range == Instant(rfc3339: "2026-11-22T19:00:00Z")!..<Instant(rfc3339: "2026-11-24T19:00:00Z")!)
    #expect(days.duration == .minutes(90))
    let instants = try SlotsQuery(["from": "2026-11-23T09:00:00 01:00", "to": "2026-11-23T10:00:00Z"], now: now)
    #expect(instants.range == Instant(rfc3339: "2026-11-23T08:00:00Z")!..<Instant(rfc3339: "2026-11-23T10:00:00Z")!)
  }

  @Test(arguments: [
    ["from": "2026-11-23"], ["timezone": "Mars/Olympus"], ["from": "monday", "timezone": "UTC"], ["duration": "50"],
    ["duration": "x"], ["explain": "1"], ["to": "2026-11-19T00:00:00Z"], ["to": "2027-11-19T00:00:00Z"],
    ["colour": "red"],
    ["offering": "7"],
  ])
  func `what is not understood is refused with 400 and the field's name`(words: [String: String]) {
    do {
      _ = try SlotsQuery(Fields(words.map { ($0.key, $0.value) }), now: now)
      Issue.record("\(words) was taken")
    } catch let problem as Problem {
      #expect(problem.status == 400 && problem.errors.count == 1)
    } catch { Issue.record("\(error)") }
  }

  @Test func `a local time carries its offset`() {
    let instant = Instant(rfc3339: "2026-07-01T12:34:56Z")!
    #expect(Zone("America/St_Johns")!.rfc3339(instant) == "2026-07-01T10:04:56-02:30")
    #expect(Zone("Asia/Kathmandu")!.rfc3339(instant) == "2026-07-01T18:19:56+05:45")
    #expect(Zone.utc.rfc3339(instant) == "2026-07-01T12:34:56+00:00")
  }

  @Test func `hours of the week count from Monday in UTC`() {
    #expect(OpeningFigures.hourOfWeek(Instant(rfc3339: "2026-11-23T00:30:00Z")!) == 0)
    #expect(OpeningFigures.hourOfWeek(Instant(rfc3339: "2026-11-22T23:59:00Z")!) == 167)
  }

  @Test func `figures hold until the first start is out of reach`() {
    let berlin = Zone("Europe/Berlin")!
    let hours = WeeklyHours([(weekday: 1, start: CivilTime(9, 0)!, end: CivilTime(11, 0)!)])
    let rules = Availability.Rules(zone: berlin, hours: hours, notice: .hours(12), horizon: .days(30), step: 30)
    let figures = OpeningFigures(
      Availability(rules: rules, duration: .hours(1)), now: Instant(rfc3339: "2026-11-22T10:00:00Z")!)
    #expect(figures.next.map(\.rfc3339) == ["2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:00:00Z"])
    #expect(figures.mask.count == 168 && Array(figures.mask)[8] == "1" && figures.mask.count { $0 == "1" } == 2)
    #expect(figures.staleAt == Instant(rfc3339: "2026-11-22T20:00:01Z"))
  }
}
