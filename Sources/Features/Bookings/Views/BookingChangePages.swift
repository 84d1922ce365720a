import Core
import HTML
import Site
import Time

/// What cancelling would do, said before it is done, by the code that does it.
struct CancellationPage: View {
  let booked: Booked
  let party: Party
  let refund: Refund
  var reason = ""
  /// The figures changed since they were shown.
  var isChanged = false

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("bookings.cancel.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let paid = booked.reservation.paid
    let other = booked.person(party.other)
    let changed: HTML? = isChanged ? page.banner(.warning, t("bookings.cancel.changed")) : nil
    let lines: HTML =
      paid.isFree
      ? "<p>\(t("bookings.cancel.nothingPaid"))</p>"
      : """
      <dl class="order-lines"><div><dt>\(t("bookings.cancel.paid"))</dt><dd>\(page.money(paid))</dd></div>\
      <div><dt>\(t("bookings.cancel.kept"))</dt><dd>\(page.money(paid - refund.amount))</dd></div>\
      <div class="total"><dt>\(t(party == .learner ? "bookings.cancel.back" : "bookings.cancel.backLearner"))</dt><dd>\(page.money(refund.amount))</dd></div></dl>\
      <p>\(t.sentence("bookings.rule.\(refund.rule.rawValue)", ["hours": booked.reservation.policy.freeCancelHours, "percent": booked.reservation.policy.lateRefundPercent, "minutes": booked.reservation.policy.graceMinutes]))</p>
      """
    return """
      \(page.head(t("bookings.cancel.title"), eyebrow: booked.subjectTitle, lead: t("bookings.cancel.lead", name: other.name, when: page.momentWithZoneText(booked.reservation.startsAt))))
      <div class="stack">\(changed)<section class="card order">\(lines)</section>
      <form class="form" method="post" action="\(BookingPaths.cancellation(booked.id))" data-island="form">\(page.csrfField)
      <input type="hidden" name="refund" value="\(refund.amount.amount)">
      \(page.field(Field("reason", t("bookings.cancel.reason"), .area(rows: 2), value: reason, hint: t("bookings.cancel.reasonHint", name: other.name), isRequired: false, longest: 500)))
      <div class="actions"><button class="button danger">\(t("bookings.cancel.do"))</button>\(page.buttonLink(t("bookings.cancel.keep"), to: Doors.booking(booked.id), "quiet"))</div></form></div>
      """
  }
}

/// Another time: taken at once by a learner in time, asked for by everybody else.
struct TimePage: View {
  let booked: Booked
  let party: Party
  /// Whether the choice moves the lesson; otherwise it is a proposal.
  let moves: Bool
  let days: [CivilDate]
  let openings: [Availability.Opening]
  var alternatives: [Availability.Opening] = []
  var next: Instant?
  var refusal: String?
  /// Whether moving now keeps the price of a late cancellation.
  let isLate: Bool

  func title(_ page: PageContext) -> String { page.t(moves ? "bookings.move.title" : "bookings.propose.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let other = booked.person(party.other)
    let grid = SlotGrid(days: days, openings: openings, chosen: nil, next: next, address: BookingPaths.time(booked.id))
    let refused: HTML? = refusal.map { page.banner(.warning, t.sentence("bookings.refusal.\($0)", [:])) }
    let near: [HTML] = alternatives.map { opening in
      """
      <label class="choice"><input type="radio" name="starts_at" value="\(opening.starts.rfc3339)"><span class="choice-body">\
      <strong>\(page.momentText(opening.starts))</strong><span>\(page.zoneText(at: opening.starts))</span></span></label>
      """
    }
    let nearby: HTML? =
      near.isEmpty
      ? nil
      : "<fieldset class=\"fieldset\"><legend class=\"label\">\(t("bookings.form.alternatives"))</legend><div class=\"choices cards\">\(near)</div></fieldset>"
    var effects: [String] = []
    if moves {
      effects.append(t("bookings.move.price"))
      if booked.reservation.mode == .request { effects.append(t("bookings.move.asksAgain", tutor: other.name)) }
      if isLate { effects.append(t("bookings.move.late", percent: booked.reservation.policy.lateRefundPercent)) }
    } else {
      effects.append(t("bookings.propose.words", name: other.name))
    }
    let items: [HTML] = effects.map { "<li>\(page.icon("info"))<span>\($0)</span></li>" }
    return """
      \(page.head(title(page), eyebrow: booked.subjectTitle, lead: t("bookings.move.lead", when: page.momentWithZoneText(booked.reservation.startsAt))))
      \(refused)<form class="form" method="post" action="\(BookingPaths.time(booked.id))" data-island="form">\(page.csrfField)\(nearby)\(grid.body(page))
      <section class="card quiet"><h2>\(t("bookings.move.what"))</h2><ul class="policy">\(items)</ul></section>
      <div class="actions sticky"><button class="button primary">\(t(moves ? "bookings.move.do" : "bookings.propose.do"))</button>\
      \(page.buttonLink(t("bookings.cancel.keep"), to: Doors.booking(booked.id), "quiet"))</div></form>
      """
  }
}
