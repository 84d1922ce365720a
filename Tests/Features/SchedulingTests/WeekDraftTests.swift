import Core
import TestKit
import Testing
import Time
import Web

@testable import Scheduling

@Suite struct WeekDraftTests {
  private func read(_ rows: (String, String)...) -> Result<DayHours, WeekDraft.Refusals> {
    do throws(WeekDraft.Refusals) {
      return .success(try WeekDraft.read(rows.map { WeekDraft.Row(start: $0.0, end: $0.1) }))
    } catch { return .failure(error) }
  }

  private func refused(_ row: Int, _ refusal: WeekDraft.Refusal) -> Result<DayHours, WeekDraft.Refusals> {
    .failure(WeekDraft.Refusals(byPlace: [WeekDraft.Place(weekday: 0, row: row): refusal]))
  }

  @Test func `rows become hours, in any order, blank ones nothing, and midnight ends a day`() {
    #expect(read(("14:00", "17:00"), ("", ""), ("09:00", "12:00")) == .success(DayHours([540..<720, 840..<1020])))
    #expect(read(("22:00", "00:00")) == .success(DayHours([1320..<1440])))
    #expect(read(("00:00", "00:00")) == .success(DayHours([0..<1440])))
    #expect(read(("09:00", "12:00"), ("12:00", "13:00")) == .success(DayHours([540..<780])))
    #expect(read() == .success(.none))
  }

  @Test func `what cannot be meant is refused where it stands`() {
    #expect(read(("09:00", "")) == refused(0, .incomplete))
    #expect(read(("", "09:00")) == refused(0, .incomplete))
    #expect(read(("nine", "ten")) == refused(0, .incomplete))
    #expect(read(("24:00", "00:00")) == refused(0, .incomplete))
    #expect(read(("12:00", "09:00")) == refused(0, .endsBeforeStart))
    #expect(read(("09:00", "09:00")) == refused(0, .endsBeforeStart))
    #expect(read(("09:00", "12:00"), ("11:30", "13:00")) == refused(1, .overlaps))
    let rows = (0..<9).map { WeekDraft.Row(start: "0\($0):00", end: "0\($0):30") }
    #expect(throws: WeekDraft.Refusals(byPlace: [WeekDraft.Place(weekday: 0, row: 8): .tooMany])) {
      try WeekDraft.read(rows)
    }
  }

  @Test func `a week read from its own form is the same week`() throws {
    var dice = Dice()
    for _ in 0..<200 {
      var hours = WeeklyHours()
      for weekday in 1...7 {
        let cuts = (0..<4).map { _ in Int.random(in: 0...96, using: &dice) * 15 }.sorted()
        hours[weekday] = DayHours([cuts[0]..<cuts[1], cuts[2]..<cuts[3]])
      }
      let draft = WeekDraft(hours)
      var form = Fields()
      for weekday in 1...7 {
        for row in draft[weekday] {
          form.add("start-\(weekday)", row.start)
          form.add("end-\(weekday)", row.end)
        }
      }
      #expect(WeekDraft(form) == draft)
      #expect(try WeekDraft(form).read() == hours)
    }
  }

  @Test func `a day is copied over others, and only over those`() {
    var draft = WeekDraft()
    draft[1] = [.init(start: "09:00", end: "10:00"), .init(start: "", end: "")]
    draft[2] = [.init(start: "20:00", end: "21:00")]
    draft[7] = [.init(start: "11:00", end: "12:00")]
    draft.copy(1, to: [1, 2, 3, 9])
    #expect(draft[2] == [.init(start: "09:00", end: "10:00")] && draft[3] == draft[2])
    #expect(draft[1].count == 2 && draft[7].count == 1 && draft[4].isEmpty)
  }

  @Test func `buttons say what they ask for, and nothing else is an edit`() {
    #expect(WeekEdit(["do": "add-3"]) == .add(weekday: 3))
    #expect(WeekEdit(["do": "remove-3-1"]) == .remove(weekday: 3, row: 1))
    #expect(
      WeekEdit(["do": "copy", "copy-from": "1", "copy-to": "2", "copy-to": "3"]) == .copy(weekday: 1, to: [2, 3]))
    for text in ["save", "", "add-0", "add-8", "remove-3", "copy", "add"] { #expect(WeekEdit(["do": text]) == nil) }
  }

  @Test func `settings are read within their bounds, each refusal by its field`() throws {
    var draft = SettingsDraft(zone: "Asia/Karachi")
    let rules = try draft.read(hours: WeeklyHours())
    #expect(rules.zone.identifier == "Asia/Karachi" && rules.notice == .hours(12) && rules.horizon == .days(60))
    #expect(rules.dailyLimit == nil && SettingsDraft(rules) == draft)
    draft.zone = "Mars/Olympus"
    draft.bufferAfter = "241"
    draft.step = "20"
    draft.notice = "-1"
    draft.dailyLimit = "0"
    draft.weeklyLimit = "many"
    #expect(throws: SettingsDraft.Refusals(fields: [.zone, .bufferAfter, .notice, .step, .dailyLimit, .weeklyLimit])) {
      try draft.read(hours: WeeklyHours())
    }
  }

  @Test func `single dates are whole days from today on, closed or with hours`() throws {
    let today = CivilDate(2026, 11, 20)!
    var draft = OverrideDraft()
    #expect(throws: OverrideDraft.Refusal.noDate) { try draft.read(today: today) }
    draft.from = "2026-11-19"
    #expect(throws: OverrideDraft.Refusal.past) { try draft.read(today: today) }
    draft.from = "2026-12-24"
    #expect(try draft.read(today: today).dates == [CivilDate(2026, 12, 24)!])
    draft.until = "2026-12-26"
    let holidays = try draft.read(today: today)
    #expect(holidays.dates.count == 3 && holidays.hours.isEmpty)
    draft.until = "2026-12-01"
    #expect(throws: OverrideDraft.Refusal.endsBeforeStart) { try draft.read(today: today) }
    draft.until = "2027-12-01"
    #expect(throws: OverrideDraft.Refusal.tooLong) { try draft.read(today: today) }
    draft.until = ""
    draft.isClosed = false
    #expect(throws: OverrideDraft.Refusal.noHours) { try draft.read(today: today) }
    draft.rows = [.init(start: "10:00", end: "12:00")]
    #expect(try draft.read(today: today).hours == DayHours([600..<720]))
    draft.note = String(repeating: "x", count: 201)
    #expect(throws: OverrideDraft.Refusal.noteTooLong) { try draft.read(today: today) }
  }
}
