import Bookings
import Core
import HTML
import Site
import Time

/// Everything about a payment on one calm page: what, when, how much, until when it is held, and what cancelling costs.
struct CheckoutPage: View {
  let booked: Booked
  let last: PaymentRecord?
  let refusal: Payments.Refusal?
  let isSimulated: Bool

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("checkout.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let reservation = booked.reservation
    let isOpen = reservation.state.isUnpaid && (reservation.holdExpiresAt.map { $0 > page.now } ?? false)
    var banners: [HTML] = []
    if let refusal { banners.append(page.banner(.danger, t.sentence("checkout.refusal.\(refusal.rawValue)", [:]))) }
    if let last, last.state.stage == .failed, isOpen {
      banners.append(page.banner(.danger, t("checkout.declined"), HTML(t("checkout.declinedWords"))))
    }
    if let last, last.state.stage == .cancelled, isOpen { banners.append(page.banner(.info, t("checkout.givenUp"))) }
    let hold: HTML =
      if isOpen, let until = reservation.holdExpiresAt {
        """
        <p class="cluster">\(page.icon("clock"))<span>\(t("checkout.heldUntil"))</span> <span class="countdown" data-island="countdown" data-until="\(until.rfc3339)" data-done="\(t("checkout.holdOver"))">\
        <span class="countdown-clock">\(page.timeText(until))</span></span></p>
        """
      } else {
        page.banner(
          .warning, t("checkout.holdOver"), HTML(t("checkout.holdOverWords")),
          actions: page.buttonLink(
            t("checkout.seeTimes"), to: booked.tutorSlug.map { Doors.book($0) } ?? Doors.tutors(), "primary"))
      }
    let pay: HTML =
      isOpen
      ? """
      <form method="post" action="\(Doors.checkout(booked.id))" data-island="form">\(page.csrfField)<div class="actions">\
      <button class="button primary large wide">\(page.icon("lock"))<span>\(t("checkout.payAmount", amount: page.money(reservation.price)))</span></button></div></form>
      <p class="muted small">\(t("checkout.cardNote"))</p>
      """ : .none
    let trial: HTML? = isSimulated && isOpen ? page.banner(.info, t("checkout.trial")) : nil
    let sentences: [HTML] = reservation.policy.sentences(mode: reservation.mode, isFree: false).map {
      "<li>\(page.icon("info"))\(t.sentence($0.key, $0.figures))</li>"
    }
    return """
      \(page.head(t("checkout.title"), lead: t("checkout.lead")))
      <div class="stack loose">\(banners)\(trial)
      <section class="card stack"><div class="cluster">\(page.avatar(booked.tutor.name, of: booked.tutor.id, photo: booked.tutor.photo))
      <div><h2>\(booked.subjectTitle)</h2><p>\(t("checkout.with", tutor: booked.tutor.name))</p></div></div>
      \(page.bothZones(reservation.startsAt, other: Zone(booked.tutor.zone) ?? .utc, name: booked.tutor.name))
      \(hold)</section>
      <section class="card order"><h2>\(t("checkout.order"))</h2><dl class="order-lines">
      <div><dt>\(t("checkout.orderLineShort", minutes: page.durationText(minutes: booked.minutes), subject: booked.subjectTitle))</dt><dd>\(page.money(reservation.price))</dd></div>
      <div class="total"><dt>\(t("checkout.total")) <small>\(t("checkout.included", currency: reservation.price.currency.code))</small></dt><dd>\(page.money(reservation.price))</dd></div></dl>
      \(pay)</section>
      <section class="card"><h2>\(t("checkout.policy"))</h2><ul class="policy">\(sentences)</ul></section></div>
      """
  }
}

/// Back from the gateway, and its word is not in yet. The page looks again by itself.
struct WaitingForGateway: View {
  let booking: ID<Booking>
  let payment: PaymentRecord

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("checkout.waiting") }

  func body(_ page: PageContext) -> HTML {
    """
    <section class="waiting card"><span class="pulse" aria-hidden="true"></span><h1>\(page.t("checkout.waiting"))</h1>
    <p class="lead" role="status">\(page.t("checkout.waitingWords"))</p>
    \(page.buttonLink(page.t("checkout.toBooking"), to: Doors.booking(booking), "quiet"))</section>
    """
  }
}

/// A receipt, made to be printed.
struct ReceiptPage: View {
  let payment: PaymentRecord
  let payer: String
  let refunds: [RefundRecord]

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("checkout.receiptTitle", number: payment.receiptNumber ?? 0) }

  func body(_ page: PageContext) -> HTML {
    """
    \(sheet(page, "<h1>\(page.t("checkout.receipt"))</h1>"))
    <p class="no-print actions">\(page.buttonLink(page.t("checkout.toBooking"), to: Doors.booking(payment.booking), "quiet"))</p>
    """
  }

  /// The paper itself, under a heading of the page it lies on.
  func sheet(_ page: PageContext, _ heading: HTML) -> HTML {
    let t = page.t
    let back: [HTML] = refunds.map {
      "<div class=\"minus\"><dt>\(t("checkout.refundOf", date: page.dayText($0.createdAt))) \(page.status($0.state))</dt><dd>\u{2212}\(page.money($0.amount))</dd></div>"
    }
    let net = payment.amount.amount - refunds.filter { $0.state != "failed" }.reduce(0) { $0 + $1.amount.amount }
    return """
      <article class="receipt card"><header class="receipt-head"><span class="site-name">\(page.site.name)</span>
      <div>\(heading)<p class="numeric">\(t("checkout.receiptNumber", number: payment.receiptNumber ?? 0))</p></div></header>
      <dl class="facts rows"><div><dt>\(t("checkout.paidBy"))</dt><dd>\(payer)</dd></div>
      <div><dt>\(t("checkout.paidOn"))</dt><dd>\(page.momentWithZoneText(payment.succeededAt ?? payment.createdAt))</dd></div>
      <div><dt>\(t("checkout.lesson"))</dt><dd>\(t("checkout.orderLine", subject: payment.subject, tutor: payment.tutor))</dd></div>
      <div><dt>\(t("checkout.lessonAt"))</dt><dd>\(page.momentWithZoneText(payment.startsAt))</dd></div>
      <div><dt>\(t("checkout.reference"))</dt><dd><code>\(payment.id.description)</code></dd></div></dl>
      <dl class="order-lines"><div><dt>\(payment.subject)</dt><dd>\(page.money(payment.amount))</dd></div>\(back)
      <div class="total"><dt>\(t("checkout.total")) <small>\(payment.amount.currency.code)</small></dt><dd>\(page.money(Money(net, payment.amount.currency)))</dd></div></dl>
      <footer><p class="muted small">\(t("checkout.receiptFoot"))</p></footer></article>
      """
  }
}
