import Testing
import Time

@Suite struct CivilDateTests {
  @Test func `a date prints as it was read, and days that never were are refused`() {
    for text in ["2026-11-20", "2024-02-29", "1970-01-01", "1969-12-31", "0001-01-01", "9999-12-31"] {
      #expect(CivilDate(text)?.description == text)
    }
    for text in [
      "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "20261120", "2026-11-2x", "", "+026-11-20", "2026/11/20",
    ] {
      #expect(CivilDate(text) == nil)
    }
  }

  @Test func `weekdays count from Monday, and every day of four centuries follows the one before`() {
    #expect(CivilDate(2026, 11, 20)?.weekday == 5)
    #expect(CivilDate(1969, 12, 28)?.weekday == 7)
    #expect(CivilDate(2026, 11, 22)?.monday == CivilDate(2026, 11, 16))
    var date = CivilDate(1800, 1, 1)!
    for _ in 0..<146_097 {
      let next = date + 1
      #expect(next > date && next - date == 1 && next.weekday == date.weekday % 7 + 1)
      let (year, month, day) = next.parts
      if CivilDate(year, month, day) != next { Issue.record("\(year)-\(month)-\(day)") }
      date = next
    }
    #expect(date == CivilDate(2200, 1, 1))
  }

  @Test func `a time of day runs from midnight to midnight`() {
    #expect(CivilTime("09:30")?.minutes == 570)
    #expect(CivilTime("9:30:00")?.description == "09:30")
    #expect(CivilTime("24:00") == .endOfDay)
    for text in ["24:01", "09:60", "-1:00", "9", "09:3", "09:30:01", "", ":", "0x:00"] {
      #expect(CivilTime(text) == nil)
    }
    #expect(CivilTime(minutes: 1441) == nil && CivilTime(minutes: -1) == nil)
  }
}
