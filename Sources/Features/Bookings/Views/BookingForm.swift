import Core
import HTML
import Site
import Time

/// Choosing a subject, a length and a time with a tutor. Two plain forms: one asks for other times, one books.
struct BookingForm: View {
  let offers: [Offer]
  let offer: Offer
  let minutes: Int
  /// The first day shown, in the reader's zone, and the days after it.
  let days: [CivilDate]
  let openings: [Availability.Opening]
  var alternatives: [Availability.Opening] = []
  /// The next opening after the days shown, when they hold none.
  var next: Instant?
  var chosen: Instant?
  var note = ""
  /// Names this attempt, so that sending it twice books once.
  let key: String
  /// What kept the booking from being made.
  var refusal: String?
  var isGuest = false

  func title(_ page: PageContext) -> String { page.t("bookings.form.title", tutor: offer.tutorName) }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      \(page.head(t("bookings.form.title", tutor: offer.tutorName), eyebrow: offer.subjectTitle, lead: t("bookings.form.lead")))
      <div class="split"><div class="stack loose">\(banner(page))\(alternatives.isEmpty ? choice(page) : .none)\(times(page))\(alternatives.isEmpty ? .none : choice(page))</div><aside>\(order(page))</aside></div>
      """
  }

  private func banner(_ page: PageContext) -> HTML {
    guard let refusal else { return .none }
    let near: HTML? = alternatives.isEmpty ? nil : "\(page.t("bookings.form.near"))"
    return page.banner(.warning, page.t.sentence("bookings.refusal.\(refusal)", [:]), near ?? .none)
  }

  private func choice(_ page: PageContext) -> HTML {
    let t = page.t
    let subjects = offers.map { Field.Option($0.subjectSlug, $0.subjectTitle) }
    let lengths = offer.durations.map { length in
      let price = offer.price(minutes: length)
      return Field.Option(
        "\(length)", page.durationText(minutes: length) + " · " + (price.isFree ? t("site.free") : page.money(price)))
    }
    return """
      <form class="form card quiet" method="get" action="\(Doors.book(offer.slug))" data-island="booking">
      <div class="field-row">\(page.field(Field("subject", t("bookings.form.subject"), .select(subjects), value: offer.subjectSlug)))\
      \(page.field(Field("minutes", t("bookings.form.length"), .select(lengths), value: "\(minutes)")))</div>
      <div class="actions"><button class="button small">\(t("bookings.form.showTimes"))</button></div></form>
      """
  }

  private func times(_ page: PageContext) -> HTML {
    let t = page.t
    let submit: HTML =
      isGuest
      ? "<button class=\"button primary large\" name=\"sign_in\" value=\"1\" formnovalidate>\(t("bookings.form.signInToBook"))</button>"
      : "<button class=\"button primary large\">\(button(page))</button>"
    let method = isGuest ? "get" : "post"
    let proof: HTML? = isGuest ? nil : "\(page.csrfField)<input type=\"hidden\" name=\"key\" value=\"\(key)\">"
    let near: HTML? =
      alternatives.isEmpty
      ? nil
      : """
      <fieldset class="fieldset"><legend class="label">\(t("bookings.form.alternatives"))</legend><div class="choices cards">\
      \(alternatives.map { alternative($0, page) })</div></fieldset>
      """
    let grid = SlotGrid(
      days: days, openings: openings, chosen: chosen, next: next,
      address: Doors.book(offer.slug) + "?subject=\(PercentEncoding.encode(offer.subjectSlug))&minutes=\(minutes)")
    let other = Zone(offer.zone)
    let theirs: HTML? = other.flatMap { zone in
      zone.local(page.now).offset == page.zone.local(page.now).offset
        ? nil
        : "<p class=\"muted\">\(t("bookings.form.tutorZone", tutor: offer.tutorName, zone: page.zoneText(zone)))</p>"
    }
    return """
      <form class="form" method="\(method)" action="\(Doors.book(offer.slug))" id="booking" data-island="form">
      \(proof)<input type="hidden" name="subject" value="\(offer.subjectSlug)"><input type="hidden" name="minutes" value="\(minutes)">
      \(near)\(grid.body(page))\(theirs)
      \(isGuest ? .none : page.field(Field("note", t("bookings.form.note"), .area(rows: 3), value: note, hint: t("bookings.form.noteHint"), isRequired: false, longest: 1000)))
      <div class="actions sticky">\(submit)</div></form>
      """
  }

  private func button(_ page: PageContext) -> String {
    if offer.price(minutes: minutes).isFree {
      return page.t(offer.mode == .request ? "bookings.form.ask" : "bookings.form.bookFree")
    }
    return page.t("bookings.form.hold")
  }

  private func alternative(_ opening: Availability.Opening, _ page: PageContext) -> HTML {
    """
    <label class="choice"><input type="radio" name="starts_at" value="\(opening.starts.rfc3339)"><span class="choice-body">\
    <strong>\(page.momentText(opening.starts))</strong><span>\(page.zoneText(at: opening.starts))</span></span></label>
    """
  }

  private func order(_ page: PageContext) -> HTML {
    let t = page.t
    let price = offer.price(minutes: minutes)
    let total = price.isFree ? t("site.free") : page.money(price)
    return """
      <section class="card order"><h2>\(t("bookings.form.order"))</h2><dl class="order-lines">\
      <div><dt>\(t("bookings.form.line", minutes: page.durationText(minutes: minutes), subject: offer.subjectTitle, tutor: offer.tutorName))</dt><dd>\(total)</dd></div>\
      <div class="total"><dt>\(t("bookings.form.total")) <small>\(price.isFree ? t("bookings.form.nothingToPay") : t("bookings.form.included", currency: price.currency.code))</small></dt><dd>\(total)</dd></div></dl>
      <h3>\(t("bookings.policy.title"))</h3>\(PolicyList(policy: offer.policy, mode: offer.mode, isFree: price.isFree).body(page))</section>
      """
  }
}

/// A week of times as radio buttons, grouped by day in the reader's zone; pages by links.
struct SlotGrid {
  let days: [CivilDate]
  let openings: [Availability.Opening]
  let chosen: Instant?
  let next: Instant?
  /// Where other weeks are: `week=` is added.
  let address: String

  /// As many times as fill the grid from its top to its end.
  private static let piece = 12

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let byDay = Dictionary(grouping: openings) { page.zone.date($0.starts) }
    let today = page.zone.date(page.now)
    let first = days.first ?? today
    let last = days.last ?? first
    func week(_ date: CivilDate) -> String { address + (address.contains("?") ? "&" : "?") + "week=\(date)" }
    let back: HTML =
      first > today
      ? "<a class=\"button quiet icon-only\" rel=\"prev\" href=\"\(week(max(today, first - 7)))\" aria-label=\"\(t("bookings.slots.earlier"))\">\(page.icon("chevron-left"))</a>"
      : "<span></span>"
    let forth: HTML =
      "<a class=\"button quiet icon-only\" rel=\"next\" href=\"\(week(first + 7))\" aria-label=\"\(t("bookings.slots.later"))\">\(page.icon("chevron-right"))</a>"
    let columns: [HTML] = days.map { date in
      let times = byDay[date] ?? []
      let (weekday, day) = (page.weekdayText(date), page.shortDateText(date))
      let head: HTML = "<h3><span>\(weekday)</span> \(day)</h3>"
      guard !times.isEmpty else { return "<li class=\"slots-day none\">\(head)<p>–</p></li>" }
      let (night, rest) = Availability.Opening.byNight(times, in: page.zone)
      return """
        <li class="slots-day">\(head)<div class="slots-times" role="group" aria-label="\(weekday) \(day)">\(hidden(night, on: date, page))\(pieces(of: rest, page))</div></li>
        """
    }
    let nothing: HTML? =
      openings.isEmpty
      ? next.map { start in
        "<p class=\"center\">\(t("bookings.slots.noneThisWeek")) <a class=\"link\" href=\"\(week(page.zone.date(start)))\">\(t("bookings.slots.next", when: page.momentText(start)))</a></p>"
      } ?? "<p class=\"center muted\">\(t("bookings.slots.none"))</p>" : nil
    return """
      <h2>\(t("bookings.slots.legend"))</h2><fieldset class="fieldset slots" data-missing="\(t("bookings.slots.missing"))"><legend class="visually-hidden">\(t("bookings.slots.legend"))</legend>
      <div class="slots-head">\(back)<p><strong>\(page.shortDateText(first)) – \(page.shortDateText(last))</strong> <span class="zone">\(page.zoneText())</span></p>\(forth)</div>
      <p class="error" id="starts_at-error" hidden></p><ol class="slots-days">\(columns)</ol>\(nothing)</fieldset>
      """
  }

  /// The times of a night behind a line that says so.
  private func hidden(_ night: ArraySlice<Availability.Opening>, on date: CivilDate, _ page: PageContext) -> HTML? {
    guard !night.isEmpty else { return nil }
    let morning = page.timeText(page.zone.instant(of: date, Availability.Opening.morning))
    return """
      <details class="slots-night"\(flag: "open", when: night.contains { $0.starts == chosen })>\
      <summary class="slot">\(page.t("bookings.slots.night", time: morning))</summary>\(pieces(of: night, page))</details>
      """
  }

  /// In pieces of which a browser leaves out what is far from the window.
  private func pieces(of openings: ArraySlice<Availability.Opening>, _ page: PageContext) -> [HTML] {
    stride(from: openings.startIndex, to: openings.endIndex, by: Self.piece).map { start in
      let slots: [HTML] = openings[start..<min(start + Self.piece, openings.endIndex)].map { opening in
        """
        <label class="slot"><input type="radio" name="starts_at" value="\(opening.starts.rfc3339)" required\
        \(flag: "checked", when: opening.starts == chosen)><span>\(page.timeText(opening.starts))</span></label>
        """
      }
      return "<div>\(slots)</div>"
    }
  }
}

/// The terms as sentences.
struct PolicyList {
  let policy: Policy
  let mode: Reservation.Mode
  let isFree: Bool

  func body(_ page: PageContext) -> HTML {
    let items: [HTML] = policy.sentences(mode: mode, isFree: isFree).map {
      "<li>\(page.icon("check"))<span>\($0.words(page.t))</span></li>"
    }
    return "<ul class=\"policy\">\(items)</ul>"
  }
}

extension Sentence {
  func words(_ t: Wording) -> String { t.sentence(key, figures.mapValues { $0 as any MessageValue }) }
}
