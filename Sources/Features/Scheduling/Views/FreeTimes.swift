import Core
import HTML
import Site
import Time

/// A week of a tutor's free times on the public page, in the reader's zone: every time is a link to booking it.
struct FreeTimes {
  let slug: String
  let minutes: Int
  let openings: [Availability.Opening]

  /// More than these a day, and those of the night, are behind the link to the booking form.
  static let mostADay = 6

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    guard let first = openings.first else {
      return """
        <section class="section" aria-labelledby="free-title"><h2 id="free-title">\(t("scheduling.free.title"))</h2>
        <p class="muted">\(t("scheduling.free.none"))</p></section>
        """
    }
    let byDay = Dictionary(grouping: openings) { page.zone.date($0.starts) }
    let today = page.zone.date(page.now)
    let from = page.zone.date(first.starts)
    let days: [HTML] = (0..<7).map { from + $0 }.map { day($0, byDay[$0] ?? [], isToday: $0 == today, page) }
    return """
      <section class="section" aria-labelledby="free-title"><h2 id="free-title">\(t("scheduling.free.title"))</h2>
      <div class="slots"><p class="muted">\(t("scheduling.free.words", length: page.durationText(minutes: minutes), zone: page.zoneText()))</p>
      <ol class="slots-days" tabindex="0" aria-labelledby="free-title">\(days)</ol>
      <p><a class="link more" href="\(Doors.book(slug))">\(t("scheduling.free.all"))\(page.icon("arrow-right"))</a></p></div></section>
      """
  }

  private func day(_ date: CivilDate, _ openings: [Availability.Opening], isToday: Bool, _ page: PageContext) -> HTML {
    let head: HTML = "<h3>\(page.weekdayText(date)) <span>\(page.shortDateText(date))</span></h3>"
    guard !openings.isEmpty else { return "<li class=\"slots-day none\">\(head)<p>–</p></li>" }
    let times: [HTML] = Availability.Opening.byNight(openings, in: page.zone).rest.prefix(Self.mostADay).map {
      opening in
      let address =
        Doors.book(slug)
        + "?minutes=\(minutes)&week=\(date)&starts_at=\(PercentEncoding.encode(opening.starts.rfc3339))"
      return """
        <li><a class="slot" href="\(address)" aria-label="\(page.t("scheduling.free.book", when: page.momentText(opening.starts)))">\
        \(page.timeText(opening.starts))</a></li>
        """
    }
    let rest = openings.count - times.count
    let more: HTML? =
      rest > 0
      ? "<li><a class=\"slot\" href=\"\(Doors.book(slug) + "?minutes=\(minutes)&week=\(date)")\">\(page.t("scheduling.free.more", count: rest))</a></li>"
      : nil
    return "<li class=\"slots-day\(isToday ? " today" : "")\">\(head)<ul>\(times)\(more)</ul></li>"
  }
}
