import Core
import HTML
import Site
import Time

/// A person's lessons as a day or a week of hours. Where there is no room for hours (phones, large letters) the same list of
/// days is an agenda; the style sheet decides. Sizes reach it as classes: `at-36 plus-5` is five past nine.
struct BookingCalendar: View {
  let span: CalendarSpan
  let today: CivilDate
  let days: [CalendarDay]

  func title(_ page: PageContext) -> String { page.t("bookings.list.title") }

  static func address(_ view: CalendarSpan.View, _ date: CivilDate?) -> String {
    Doors.bookings() + "?view=" + view.rawValue + (date.map { "&from=\($0)" } ?? "")
  }

  /// Day, week, agenda: links, of which one is where the reader is.
  static func views(_ current: CalendarSpan.View?, on date: CivilDate?, _ page: PageContext) -> HTML {
    let t = page.t
    func view(_ label: String, _ address: String, _ isHere: Bool) -> HTML {
      "<a class=\"chip\(isHere ? " on" : "")\" href=\"\(address)\"\(attribute: "aria-current", isHere ? "page" : nil)>\(label)</a>"
    }
    return """
      <nav class="chips" aria-label="\(t("bookings.calendar.views"))">\(view(t("bookings.calendar.agenda"), Doors.bookings(), current == nil))\
      \(view(t("bookings.calendar.week"), address(.week, date), current == .week))\
      \(view(t("bookings.calendar.day"), address(.day, date), current == .day))</nav>
      """
  }

  func body(_ page: PageContext) -> HTML {
    let here = days.contains { $0.date == today } ? today : span.first
    return """
      \(page.head(title(page), actions: page.buttonLink(page.t("site.findTutor"), to: Doors.tutors(), "", icon: "search")))
      <div class="stack">\(Self.views(span.view, on: here, page))
      \(frame(page))</div>
      """
  }

  /// The days with their hours, and the way to the days before and after.
  func frame(_ page: PageContext) -> HTML {
    let t = page.t
    let hours = CalendarDay.hours(of: days)
    let marks: [HTML] = hours.map { "<span class=\"at-\($0 * 4)\">\(page.hourText($0))</span>" }
    let isEmpty = days.allSatisfy(\.entries.isEmpty)
    let none: HTML? =
      isEmpty
      ? "<p class=\"muted\">\(t(span.view == .day ? "bookings.calendar.noneDay" : "bookings.calendar.none"))</p>" : nil
    return """
      <section class="stack tight" data-island="calendar" aria-labelledby="cal-title">
      <div class="spread"><h2 id="cal-title">\(range(page))</h2><nav class="cal-steps" aria-label="\(t("bookings.calendar.steps"))">\
      <a class="button small icon-only" rel="prev" href="\(Self.address(span.view, span.previous))" aria-label="\(t("bookings.calendar.earlier"))">\(page.icon("chevron-left"))</a>\
      <a class="button small" data-today href="\(Self.address(span.view, nil))">\(t("bookings.calendar.today"))</a>\
      <a class="button small icon-only" rel="next" href="\(Self.address(span.view, span.next))" aria-label="\(t("bookings.calendar.later"))">\(page.icon("chevron-right"))</a></nav></div>
      <p class="muted small">\(page.zoneText(at: span.range(in: page.zone).upperBound - .seconds(1)))</p>\(none)
      <div class="cal-frame"><div class="cal \(span.view.rawValue) from-\(hours.lowerBound) hours-\(hours.count)">\
      <div class="cal-hours" aria-hidden="true">\(marks)</div><ol class="cal-days">\(days.map { day($0, hours, page) })</ol></div></div>
      <p class="hint cal-keys" hidden>\(t("bookings.calendar.keys"))</p></section>
      """
  }

  private func range(_ page: PageContext) -> String {
    if span.view == .day { return page.longDayText(span.first) + ", \(span.first.year)" }
    return page.t(
      "bookings.calendar.range", from: page.shortDateText(span.first), to: page.dateText(span.first + (span.count - 1)))
  }

  private func day(_ day: CalendarDay, _ hours: Range<Int>, _ page: PageContext) -> HTML {
    let t = page.t
    let isToday = day.date == today
    let change: HTML? =
      day.clockChange == 0
      ? nil
      : """
      <p class="cal-change">\(page.icon("clock"))<span>\(t(day.clockChange > 0 ? "bookings.calendar.forward" : "bookings.calendar.back", 
          length: page.durationText(minutes: abs(day.clockChange))))</span></p>
      """
    let buffers: [HTML] = day.buffers.map { "<li class=\"cal-buffer \(place($0))\" aria-hidden=\"true\"></li>" }
    let hole: HTML? = day.skipped.map { "<li class=\"cal-skipped \(place($0))\" aria-hidden=\"true\"></li>" }
    let now = page.zone.local(page.now).time.minutes
    let line: HTML? =
      isToday && hours.contains(now / 60)
      ? "<li class=\"cal-now \(place(.init(start: now, end: now + 15)))\" aria-hidden=\"true\"></li>" : nil
    let word: HTML? = isToday ? "<span class=\"visually-hidden\">\(t("bookings.calendar.today"))</span> " : nil
    return """
      <li class="cal-day\(isToday ? " today" : "")\(day.entries.isEmpty ? " free" : "")">\
      <h3><a href="\(Self.address(.day, day.date))" data-day="\(day.date.description)">\(word)<span>\(page.weekdayText(day.date))</span> \
      <strong>\(day.date.day)</strong><span class="visually-hidden"> \(page.longMonthText(day.date))</span></a></h3>\(change)
      <ol class="cal-track">\(hole)\(buffers)\(day.entries.map { entry($0, page) })\(line)</ol></li>
      """
  }

  private func entry(_ entry: CalendarDay.Entry, _ page: PageContext) -> HTML {
    let t = page.t
    let lesson = entry.lesson
    let words =
      lesson.party == .learner
      ? t("bookings.list.learnWith", subject: lesson.subject, name: lesson.name)
      : t("bookings.list.teach", subject: lesson.subject, name: lesson.name)
    var buffers: [String] = []
    if lesson.bufferBefore > 0 {
      buffers.append(t("bookings.calendar.before", length: page.durationText(minutes: lesson.bufferBefore)))
    }
    if lesson.bufferAfter > 0 {
      buffers.append(t("bookings.calendar.after", length: page.durationText(minutes: lesson.bufferAfter)))
    }
    let kept: HTML? =
      buffers.isEmpty ? nil : "<span class=\"cal-kept\">\(buffers.joined(separator: ", "))</span>"
    let over = (entry.comesOver ? " comes-over" : "") + (entry.goesOver ? " goes-over" : "")
    return """
      <li class="cal-event \(lesson.state.rawValue.replacing("_", with: "-")) \(place(entry.stretch)) lane-\(min(entry.lane, 5)) of-\(min(entry.lanes, 6))\(over)">\
      <a href="\(Doors.booking(lesson.id))" data-starts="\(lesson.during.lowerBound.rfc3339)"><strong><time datetime="\(lesson.during.lowerBound.rfc3339)">\(time(lesson.during.lowerBound, page))</time>\
      <span class="cal-end"> – \(time(lesson.during.upperBound, page))</span></strong> <span class="cal-words">\(words)</span> \(kept)</a>\
      \(page.status(lesson.state.rawValue))</li>
      """
  }

  /// A time of the wall clock; where clocks show it twice, with the letters that tell the two apart.
  private func time(_ instant: Instant, _ page: PageContext) -> String {
    let local = page.zone.local(instant)
    if case .twice = page.zone.resolve(local.date, local.time) {
      return page.timeText(instant) + " " + local.abbreviation
    }
    return page.timeText(instant)
  }

  private func place(_ stretch: CalendarDay.Stretch) -> String {
    func rest(_ minutes: Int, _ name: String) -> String {
      minutes % 15 / 5 == 0 ? "" : " \(name)-\(minutes % 15 / 5 * 5)"
    }
    return "at-\(stretch.start / 15)" + rest(stretch.start, "plus") + " for-\(stretch.length / 15)"
      + rest(stretch.length, "long")
  }
}
