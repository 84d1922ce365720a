import Core
import HTML
import Site
import Time
import Web

/// The tutor's own page: the week, single dates, rules, and what comes of them.
struct AvailabilityPage: View {
  enum Notice: Equatable { case saved, datesSaved, unsaved, changedElsewhere }

  /// "Why is this time not offered?" and its answer.
  struct Question {
    var date: String
    var time: String
    var minutes: String
    var answer: Availability.Answer?

    init(_ query: Fields) {
      date = query.text("date")
      time = query.text("time")
      minutes = query.text("minutes").isEmpty ? "60" : query.text("minutes")
    }
  }

  let rules: Availability.Rules
  let notes: [CivilDate: String]
  let preview: [DayPreview]
  let outside: [OutsideLesson]
  let today: CivilDate
  var week: WeekDraft
  var settings: SettingsDraft
  var version: String
  var dates = OverrideDraft()
  var question = Question([:])
  var notice: Notice?
  var weekRefusals: [WeekDraft.Place: WeekDraft.Refusal] = [:]
  var settingsRefusals: [SettingsDraft.Field] = []
  var dateRefusal: OverrideDraft.Refusal?
  /// What the week and the rules would do as they stand in the form; what the dates would.
  var change = ChangeCard.Content.none
  var datesChange = ChangeCard.Content.none

  init(_ stored: Timetable, preview: [DayPreview], outside: [OutsideLesson], now: Instant) {
    rules = stored.rules
    notes = stored.notes
    self.preview = preview
    self.outside = outside
    today = rules.zone.date(now)
    week = WeekDraft(rules.hours)
    settings = SettingsDraft(rules)
    version = String(stored.savedAt.microseconds)
  }

  func title(_ page: PageContext) -> String { page.t("scheduling.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      \(page.head(t("scheduling.title"), lead: t("scheduling.lead", zone: page.zoneText(rules.zone))))
      <div class="stack">\(banner(page))
      <div class="split">
      <div class="stack loose">
      \(weekForm(page))
      \(datesCard(page))
      </div>
      <aside class="stack tall">
      \(outsideCard(page))
      \(previewCard(page))
      \(questionCard(page))
      </aside>
      </div></div>
      """
  }

  private func banner(_ page: PageContext) -> HTML {
    let t = page.t
    switch notice {
    case .saved: return page.banner(.success, t("scheduling.saved"), HTML(t("scheduling.savedWords")))
    case .datesSaved: return page.banner(.success, t("scheduling.datesSaved"))
    case .unsaved: return page.banner(.info, t("scheduling.unsaved"), HTML(t("scheduling.unsavedWords")))
    case .changedElsewhere:
      let again = page.buttonLink(t("scheduling.reload"), to: Doors.availability())
      return page.banner(
        .danger, t("scheduling.changedElsewhere"), HTML(t("scheduling.changedElsewhereWords")), actions: again)
    case nil: break
    }
    var errors: [(field: String, sentence: String)] = []
    for (place, refusal) in weekRefusals.sorted(by: { ($0.key.weekday, $0.key.row) < ($1.key.weekday, $1.key.row) }) {
      errors.append((id("start", place.weekday, place.row), weekday(place.weekday, page) + ": " + words(refusal, page)))
    }
    for field in settingsRefusals {
      errors.append((field.rawValue, t.sentence("scheduling.error.\(field.rawValue)", [:])))
    }
    if let dateRefusal { errors.append(("from", words(dateRefusal, page))) }
    return page.formErrors(errors)
  }

  // MARK: The week

  private func weekForm(_ page: PageContext) -> HTML {
    let t = page.t
    let days: [HTML] = (1...7).map { day($0, page) }
    return """
      <form class="stack" method="post" action="\(Doors.availability())" data-island="availability change">\(page.csrfField)
      <input type="hidden" name="version" value="\(version)">
      <button class="visually-hidden" name="do" value="save" tabindex="-1" aria-hidden="true">\(t("scheduling.save"))</button>
      <section class="stack tight" aria-labelledby="week-title">
      <div class="spread"><h2 id="week-title">\(t("scheduling.week"))</h2><p class="hint">\(t("scheduling.weekHint"))</p></div>
      <div class="hours">\(days)</div>
      \(copyPanel(page))
      </section>
      <section class="card" aria-labelledby="rules-title">
      <div class="card-head"><h2 id="rules-title">\(t("scheduling.rules"))</h2></div>
      \(rulesFields(page))
      </section>
      \(ChangeCard(id: "change", content: change).markup(page))
      <div class="actions sticky"><button class="button primary" name="do" value="save">\(page.icon("check"))<span>\(t("scheduling.save"))</span></button>\
      <button class="button" formaction="\(SchedulingPaths.preview() + "#change")" data-preview>\(page.icon("eye"))<span>\(t("scheduling.preview.ask"))</span></button></div>
      </form>
      """
  }

  private func day(_ weekday: Int, _ page: PageContext) -> HTML {
    let t = page.t
    let name = self.weekday(weekday, page)
    // An empty day shows one empty row, so that hours can be typed at once, without JavaScript too.
    let rows = week[weekday].isEmpty ? [WeekDraft.Row(start: "", end: "")] : week[weekday]
    let fields: [HTML] = rows.enumerated().map { at, row in self.row(row, weekday: weekday, at: at, dayName: name, page)
    }
    let isClosed = week[weekday].allSatisfy(\.isBlank)
    return """
      <fieldset class="hours-day\(isClosed ? " closed" : "")" data-weekday="\(weekday)"><legend>\(name)</legend>
      <div class="stack tight">\(fields)</div>
      <button class="button quiet small" name="do" value="add-\(weekday)" data-add aria-label="\(t("scheduling.addRange", day: name))">\
      \(page.icon("plus"))<span>\(t("scheduling.add"))</span></button></fieldset>
      """
  }

  private func row(_ row: WeekDraft.Row, weekday: Int, at: Int, dayName: String, _ page: PageContext) -> HTML {
    let t = page.t
    let refusal = weekRefusals[WeekDraft.Place(weekday: weekday, row: at)]
    let start = id("start", weekday, at)
    let end = id("end", weekday, at)
    let error: HTML? = refusal.map {
      "<p class=\"error\" id=\"\(start)-error\">\(page.icon("alert"))<span>\(words($0, page))</span></p>"
    }
    let state: HTML = """
      \(attribute: "aria-invalid", refusal == nil ? nil : "true")\(attribute: "aria-describedby", refusal == nil ? nil : start + "-error")
      """
    return """
      <div class="hours-range" data-row>
      <input class="input" type="time" step="300" id="\(start)" name="start-\(weekday)" value="\(row.start)" \
      aria-label="\(t("scheduling.from", day: dayName))"\(state)>
      <span aria-hidden="true">–</span>
      <input class="input" type="time" step="300" id="\(end)" name="end-\(weekday)" value="\(row.end)" \
      aria-label="\(t("scheduling.until", day: dayName))"\(state)>
      <button class="button quiet small icon-only" name="do" value="remove-\(weekday)-\(at)" data-remove \
      aria-label="\(t("scheduling.removeRange", day: dayName))">\(page.icon("x"))</button>
      \(error)</div>
      """
  }

  private func copyPanel(_ page: PageContext) -> HTML {
    let t = page.t
    let from: [HTML] = (1...7).map { "<option value=\"\($0)\">\(weekday($0, page))</option>" }
    let to: [HTML] = (1...7).map {
      """
      <label class="chip"><input type="checkbox" name="copy-to" value="\($0)"\(flag: "checked", when: $0 >= 2 && $0 <= 5)>\
      <span>\(shortWeekday($0, page))</span></label>
      """
    }
    return """
      <details class="hours-copy" data-copy><summary class="link">\(t("scheduling.copyTitle"))</summary>
      <div class="stack tight">
      <label class="label" for="copy-from">\(t("scheduling.copyFrom"))</label>
      <div class="select"><select class="input" id="copy-from" name="copy-from">\(from)</select></div>
      <fieldset class="fieldset"><legend class="label">\(t("scheduling.copyTo"))</legend><div class="chips">\(to)</div></fieldset>
      <div class="actions"><button class="button small" name="do" value="copy">\(t("scheduling.copy"))</button></div>
      </div></details>
      """
  }

  private func rulesFields(_ page: PageContext) -> HTML {
    let t = page.t
    func error(_ field: SettingsDraft.Field) -> String? {
      settingsRefusals.contains(field) ? t.sentence("scheduling.error.\(field.rawValue)", [:]) : nil
    }
    func choice(_ field: SettingsDraft.Field, _ value: String, _ options: [(Int, String)], hint: String? = nil) -> HTML
    {
      var options = options.map { Field.Option(String($0.0), $0.1) }
      // What was stored by another way stays choosable.
      if let number = Int(value), !options.contains(where: { $0.value == value }) {
        options.append(.init(value, "\(number)"))
      }
      return page.field(
        Field(
          field.rawValue, t.sentence("scheduling.\(field.rawValue)", [:]), .select(options), value: value, hint: hint,
          error: error(field)))
    }
    func limit(_ field: SettingsDraft.Field, _ value: String, _ range: ClosedRange<Int>) -> HTML {
      page.field(
        Field(
          field.rawValue, t.sentence("scheduling.\(field.rawValue)", [:]), .number, value: value,
          hint: t("scheduling.limitHint"), error: error(field), isRequired: false, range: range))
    }
    let buffers = [0, 5, 10, 15, 20, 30, 45, 60].map {
      ($0, $0 == 0 ? t("scheduling.none") : page.durationText(minutes: $0))
    }
    let notices = [0, 60, 120, 240, 480, 720, 1440, 2880, 4320, 10_080].map { ($0, noticeText($0, page)) }
    let horizons = [7, 14, 30, 60, 90, 180, 365].map { ($0, t("scheduling.days", count: $0)) }
    let steps = [15, 30, 60].map { ($0, t("scheduling.every.\($0)")) }
    let zones = Zone.identifiers.map { Field.Option($0, $0.replacing("_", with: " ")) }
    let known = zones.contains { $0.value == settings.zone }
    let zone = page.field(
      Field(
        "zone", t("scheduling.zone"), .select(known ? zones : [Field.Option(settings.zone, settings.zone)] + zones),
        value: settings.zone, hint: t("scheduling.zoneHint"), error: error(.zone)))
    return """
      \(zone)
      <div class="field-row">\(choice(.notice, settings.notice, notices, hint: t("scheduling.noticeHint")))\
      \(choice(.horizonDays, settings.horizonDays, horizons, hint: t("scheduling.horizonHint")))</div>
      <div class="field-row">\(choice(.bufferBefore, settings.bufferBefore, buffers))\
      \(choice(.bufferAfter, settings.bufferAfter, buffers))\(choice(.step, settings.step, steps))</div>
      <div class="field-row">\(limit(.dailyLimit, settings.dailyLimit, 1...24))\
      \(limit(.weeklyLimit, settings.weeklyLimit, 1...100))</div>
      """
  }

  private func noticeText(_ minutes: Int, _ page: PageContext) -> String {
    if minutes == 0 { return page.t("scheduling.none") }
    if minutes < 1440 { return page.t("scheduling.hours", count: minutes / 60) }
    return page.t("scheduling.days", count: minutes / 1440)
  }

  // MARK: Single dates

  private func datesCard(_ page: PageContext) -> HTML {
    let t = page.t
    let coming = rules.overrides.keys.filter { $0 >= today }.sorted()
    let list: HTML? =
      coming.isEmpty ? nil : "<ul class=\"hours-dates\">\(coming.map { dateRow($0, page) })</ul>"
    let rows = dates.rows.isEmpty ? [WeekDraft.Row(start: "", end: ""), WeekDraft.Row(start: "", end: "")] : dates.rows
    let hours: [HTML] = rows.enumerated().map { at, row in
      """
      <div class="hours-range"><input class="input" type="time" step="300" name="start" value="\(row.start)" \
      aria-label="\(t("scheduling.dateFromTime", count: at + 1))"><span aria-hidden="true">–</span>\
      <input class="input" type="time" step="300" name="end" value="\(row.end)" aria-label="\(t("scheduling.dateUntilTime", count: at + 1))"></div>
      """
    }
    let error = dateRefusal.map { words($0, page) }
    let invalid = error == nil ? nil : "true"
    return """
      <section class="card" id="dates" aria-labelledby="dates-title">
      <div class="card-head"><h2 id="dates-title">\(t("scheduling.dates"))</h2><p class="hint">\(t("scheduling.datesHint"))</p></div>
      \(list)
      <form class="form" method="post" action="\(SchedulingPaths.dates())" data-island="change">\(page.csrfField)
      <div class="field-row">
      <div class="field\(error == nil ? "" : " invalid")"><label class="label" for="from">\(t("scheduling.firstDay"))</label>\
      <input class="input" type="date" id="from" name="from" required min="\(today.description)" value="\(dates.from)" \
      aria-describedby="from-error"\(attribute: "aria-invalid", invalid)>\
      <p class="error" id="from-error"\(flag: "hidden", when: error == nil)>\(error.map { HTML($0) })</p></div>
      <div class="field"><label class="label" for="until">\(t("scheduling.lastDay")) <span class="optional">\(t("site.optional"))</span></label>\
      <input class="input" type="date" id="until" name="until" min="\(today.description)" value="\(dates.until)"></div>
      </div>
      <fieldset class="fieldset"><legend class="label">\(t("scheduling.onTheseDays"))</legend>
      <label class="check"><input type="radio" name="kind" value="closed"\(flag: "checked", when: dates.isClosed)><span>\(t("scheduling.closed"))</span></label>
      <label class="check"><input type="radio" name="kind" value="hours"\(flag: "checked", when: !dates.isClosed)><span>\(t("scheduling.otherHours"))</span></label>
      <div class="stack tight">\(hours)</div></fieldset>
      \(page.field(Field("note", t("scheduling.note"), value: dates.note, hint: t("scheduling.noteHint"), isRequired: false, longest: 200)))
      \(ChangeCard(id: "dates-change", content: datesChange).markup(page))
      <div class="actions"><button class="button">\(page.icon("plus"))<span>\(t("scheduling.addDates"))</span></button>\
      <button class="button quiet" formaction="\(SchedulingPaths.datesPreview() + "#dates-change")" data-preview>\(page.icon("eye"))<span>\(t("scheduling.preview.ask"))</span></button></div>
      </form></section>
      """
  }

  private func dateRow(_ date: CivilDate, _ page: PageContext) -> HTML {
    let hours = rules.overrides[date] ?? .none
    let name = page.longDayText(date)
    let words = hours.isEmpty ? page.t("scheduling.closed") : hoursText(hours, page)
    let note: HTML? = notes[date].map { " <span class=\"muted\">\($0)</span>" }
    let remove: HTML = """
      <form class="inline" method="post" action="\(SchedulingPaths.dateRemoval(date.description))">\(page.csrfField)\
      <button class="button quiet small icon-only" aria-label="\(page.t("scheduling.removeDate", date: name))">\(page.icon("x"))</button></form>
      """
    return "<li><div><strong>\(name)</strong><span>\(words)\(note)</span></div>\(remove)</li>"
  }

  // MARK: What comes of it

  private func outsideCard(_ page: PageContext) -> HTML {
    guard !outside.isEmpty else { return .none }
    let lessons: [HTML] = outside.prefix(10).map {
      "<li><a href=\"\(Doors.booking($0.booking))\">\(page.momentText($0.during.lowerBound, in: rules.zone))</a></li>"
    }
    return page.banner(
      .warning, page.t("scheduling.outside", count: outside.count),
      "\(page.t("scheduling.outsideWords"))<ul>\(lessons)</ul>")
  }

  private func previewCard(_ page: PageContext) -> HTML {
    let t = page.t
    let total = preview.reduce(0) { $0 + $1.openings }
    guard total > 0 || preview.contains(where: { $0.lessons > 0 || !$0.hours.isEmpty }) else {
      return
        "<section class=\"card\">\(page.empty("calendar", t("scheduling.emptyTitle"), t("scheduling.emptyWords")))</section>"
    }
    let rows: [HTML] = preview.map { day in
      let hours = day.hours.isEmpty ? t("scheduling.closedShort") : hoursText(day.hours, page)
      let mark: HTML? = day.isOverride ? " <span class=\"badge\">\(t("scheduling.changed"))</span>" : nil
      return """
        <tr\(attribute: "class", day.hours.isEmpty ? "off" : nil)><th scope="row">\(page.weekdayText(day.date)) \(page.shortDateText(day.date))\(mark)\
        <span class="hours-text">\(hours)</span></th>\
        <td class="numeric" data-label="\(t("scheduling.openings"))">\(day.openings)</td>\
        <td class="numeric" data-label="\(t("scheduling.lessons"))">\(day.lessons)</td></tr>
        """
    }
    return """
      <section class="card" aria-labelledby="preview-title"><div class="card-head"><h2 id="preview-title">\(t("scheduling.preview"))</h2></div>
      <p class="hint">\(t("scheduling.previewWords", count: total)) \(page.zoneText(rules.zone)).</p>
      <table class="table hours-preview"><thead><tr><th scope="col">\(t("scheduling.day"))</th>\
      <th scope="col" class="numeric">\(t("scheduling.openings"))</th><th scope="col" class="numeric">\(t("scheduling.lessons"))</th></tr></thead>
      <tbody>\(rows)</tbody></table></section>
      """
  }

  private func questionCard(_ page: PageContext) -> HTML {
    let t = page.t
    let durations = TutorTimes.durations.map { Field.Option(String($0), page.durationText(minutes: $0)) }
    let answer: HTML?
    switch question.answer {
    case nil: answer = nil
    case .free: answer = page.banner(.success, t("scheduling.isFree"))
    case .refused(let reasons):
      let items: [HTML] = reasons.map { "<li>\($0.words(page, in: rules.zone))</li>" }
      answer = page.banner(.warning, t("scheduling.isNotFree"), "<ul>\(items)</ul>")
    }
    return """
      <section class="card" id="why" aria-labelledby="why-title"><div class="card-head"><h2 id="why-title">\(t("scheduling.why"))</h2></div>
      <form class="form" method="get" action="\(Doors.availability() + "#why")">
      <div class="field-row">\(page.field(Field("date", t("scheduling.day"), .date, value: question.date)))
      <div class="field"><label class="label" for="time">\(t("scheduling.time"))</label>\
      <input class="input" type="time" step="300" id="time" name="time" required value="\(question.time)"></div></div>
      \(page.field(Field("minutes", t("scheduling.length"), .select(durations), value: question.minutes)))
      <div class="actions"><button class="button">\(t("scheduling.ask"))</button></div></form>
      \(answer)</section>
      """
  }

  // MARK: Words

  private func id(_ name: String, _ weekday: Int, _ row: Int) -> String { "\(name)-\(weekday)-\(row)" }

  private func weekday(_ weekday: Int, _ page: PageContext) -> String { page.t("scheduling.weekday.\(weekday)") }

  /// Any week will do: 5 January 1970 was a Monday.
  private func shortWeekday(_ weekday: Int, _ page: PageContext) -> String {
    page.weekdayText(CivilDate(dayNumber: 3 + weekday))
  }

  /// `9:00 AM – 12:00 PM, 2:00 – 5:00 PM`, as clocks show it.
  private func hoursText(_ hours: DayHours, _ page: PageContext) -> String {
    page.listText(hours.ranges.map { clock($0.lowerBound, page) + " – " + clock($0.upperBound, page) })
  }

  private func clock(_ minutes: Int, _ page: PageContext) -> String {
    minutes == 1440 ? page.t("scheduling.midnight") : page.timeText(Instant(seconds: Int64(minutes) * 60), in: .utc)
  }

  private func words(_ refusal: WeekDraft.Refusal, _ page: PageContext) -> String {
    switch refusal {
    case .incomplete: page.t("scheduling.error.incomplete")
    case .endsBeforeStart: page.t("scheduling.error.endsBeforeStart")
    case .overlaps: page.t("scheduling.error.overlaps")
    case .tooMany: page.t("scheduling.error.tooMany", count: WeekDraft.mostRows)
    }
  }

  private func words(_ refusal: OverrideDraft.Refusal, _ page: PageContext) -> String {
    switch refusal {
    case .noDate: page.t("scheduling.error.noDate")
    case .endsBeforeStart: page.t("scheduling.error.datesBackwards")
    case .past: page.t("scheduling.error.past")
    case .tooLong: page.t("scheduling.error.tooLong", count: OverrideDraft.mostDays)
    case .noHours: page.t("scheduling.error.noHours")
    case .noteTooLong: page.t("scheduling.error.noteTooLong")
    case .hours(let refusals):
      refusals.byPlace.first.map { words($0.value, page) } ?? page.t("scheduling.error.noHours")
    }
  }
}
