import Core
import HTML
import Site
import Time

/// One booking, as one of its two people sees it: what stands, what now, what may be done, and what was.
struct BookingPage: View {
  let booked: Booked
  let party: Party
  let history: [BookingEvent]
  /// The names of the acts that this person could do now.
  let possible: Set<String>
  /// What cancelling now would give back.
  let cancellation: Refund?
  var refusal: String?
  var note: String?

  private var other: Booked.Person { booked.person(party.other) }
  private var reservation: Reservation { booked.reservation }

  func title(_ page: PageContext) -> String {
    page.t("bookings.page.title", subject: booked.subjectTitle, name: other.name)
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      \(page.head(title(page), eyebrow: t("bookings.page.eyebrow"), actions: page.status(booked.state.rawValue)))
      <div class="split"><div class="stack loose">\(messages(page))\(now(page))\(facts(page))\(past(page))</div>\
      <aside class="stack">\(money(page))\(changes(page))</aside></div>
      """
  }

  private func messages(_ page: PageContext) -> HTML {
    let refused: HTML? = refusal.map { page.banner(.warning, page.t.sentence("bookings.refusal.\($0)", [:])) }
    let said: HTML? = note.map { page.banner(.success, page.t.sentence("bookings.done.\($0)", [:])) }
    return "\(refused)\(said)"
  }

  /// The one obvious next step.
  private func now(_ page: PageContext) -> HTML {
    let t = page.t
    let id = booked.id
    switch booked.state {
    case .held, .awaitingPayment:
      guard party == .learner, let until = reservation.holdExpiresAt else {
        return page.banner(.info, t("bookings.now.heldTutor"))
      }
      guard page.now < until else { return over("expired", page) }
      return """
        <section class="card"><div class="spread"><h2>\(t("bookings.now.held"))</h2>\
        <span class="countdown" data-island="countdown" data-until="\(until.rfc3339)" data-done="\(t("bookings.now.holdOver"))"><span class="countdown-clock"></span></span></div>
        <p>\(t("bookings.now.heldWords", until: page.timeText(until)))</p>
        <div class="actions">\(page.buttonLink(t("bookings.now.pay", price: page.money(reservation.price)), to: Doors.checkout(id), "primary large", icon: "card"))</div></section>
        """
    case .requested:
      let until = reservation.requestExpiresAt ?? reservation.startsAt
      guard party == .tutor else {
        return page.banner(
          .info, t("bookings.now.asked", tutor: other.name),
          "\(t("bookings.now.askedWords", until: page.momentText(until)))")
      }
      return """
        <section class="card"><h2>\(t("bookings.now.request", learner: other.name))</h2><p>\(t("bookings.now.requestWords", until: page.momentText(until)))</p>
        <form class="form" method="post" action="\(BookingPaths.answer(id))" data-island="form">\(page.csrfField)
        \(page.field(Field("reason", t("bookings.now.reason"), value: "", hint: t("bookings.now.reasonHint"), isRequired: false, longest: 500)))
        <div class="actions"><button class="button primary" name="answer" value="accept">\(page.icon("check"))<span>\(t("bookings.now.accept"))</span></button>\
        <button class="button" name="answer" value="decline">\(page.icon("x"))<span>\(t("bookings.now.decline"))</span></button></div></form></section>
        """
    case .confirmed, .inProgress:
      let opens = reservation.startsAt - Reservation.opening
      if page.now >= reservation.endsAt { return outcome(page) }
      let isOpen = page.now >= opens
      let enter: HTML =
        isOpen
        ? page.buttonLink(t("bookings.now.enter"), to: Doors.deviceCheck(id), "accent large", icon: "video")
        : page.buttonLink(t("bookings.now.check"), to: Doors.deviceCheck(id), "", icon: "settings")
      let words = isOpen ? t("bookings.now.open") : t("bookings.now.opens", at: page.timeText(opens))
      return """
        <section class="card next-lesson"><div><p class="eyebrow">\(words)</p><h2>\(page.durationText(minutes: booked.minutes)) · \(booked.subjectTitle)</h2>\
        \(page.bothZones(reservation.startsAt, other: Zone(other.zone) ?? .utc, name: other.name))</div>\
        <div class="next-lesson-side"><span class="countdown" data-island="countdown" data-until="\(reservation.startsAt.rfc3339)" data-done="\(t("bookings.now.started"))">\
        <span class="countdown-clock">\(page.timeText(reservation.startsAt))</span></span>\(enter)</div></section>\
        \(isOpen && possible.contains("report_absence") ? outcome(page) : .none)
        """
    case .completed:
      guard party == .learner else { return page.banner(.success, t("bookings.now.completed")) }
      return page.banner(
        .success, t("bookings.now.completed"), "\(t("bookings.now.completedWords"))",
        actions: page.buttonLink(t("bookings.now.review"), to: Doors.review(id), "primary", icon: "star"))
    case .expired, .declined, .cancelled, .noShowLearner, .noShowTutor, .disputed:
      return over(booked.state.rawValue, page)
    }
  }

  /// What it came to, and the way to another time.
  private func over(_ state: String, _ page: PageContext) -> HTML {
    let again: HTML? =
      party == .learner
      ? booked.tutorSlug.map {
        page.buttonLink(
          page.t("bookings.now.again"), to: Doors.book($0) + "?subject=" + PercentEncoding.encode(booked.subjectSlug),
          "primary",
          icon: "calendar")
      } : nil
    return page.banner(
      .info, page.t.sentence("bookings.over.\(state)", ["name": other.name]), "\(refundWords(page))", actions: again)
  }

  private func refundWords(_ page: PageContext) -> String {
    guard let refund = reservation.refund, !reservation.paid.isFree else { return "" }
    return page.t.sentence(
      "bookings.refund.\(refund.rule.rawValue)",
      ["refund": page.money(refund.amount), "price": page.money(reservation.paid)])
  }

  private func outcome(_ page: PageContext) -> HTML {
    let t = page.t
    let path = BookingPaths.outcome(booked.id)
    let held: HTML? =
      possible.contains("complete")
      ? page.postButton(t("bookings.outcome.held"), to: path, "primary", icon: "check", fields: [("outcome", "held")])
      : nil
    let absent: HTML? =
      possible.contains("report_absence")
      ? page.postButton(
        t("bookings.outcome.absent", name: other.name), to: path, "", icon: "flag", fields: [("outcome", "absent")],
        asking: t("bookings.outcome.absentAsk.\(party.other.rawValue)", name: other.name)) : nil
    return """
      <section class="card"><h2>\(t("bookings.outcome.title"))</h2><p>\(t("bookings.outcome.words", hours: reservation.policy.settleHours))</p>\
      <div class="actions">\(held)\(absent)</div></section>
      """
  }

  private func facts(_ page: PageContext) -> HTML {
    let t = page.t
    let note: HTML? = booked.note.map { "<div><dt>\(t("bookings.facts.note"))</dt><dd>\($0)</dd></div>" }
    let calendar: HTML? =
      booked.state == .confirmed
      ? "<p><a class=\"link\" href=\"\(BookingPaths.invitation(booked.id))\">\(t("bookings.facts.calendar"))</a></p>"
      : nil
    return """
      <section class="card"><h2>\(t("bookings.facts.title"))</h2><dl class="facts rows">\
      <div><dt>\(t("bookings.facts.with"))</dt><dd><span class="cluster">\(page.avatar(other.name, of: other.id, photo: other.photo, size: "small")) \(other.name)</span></dd></div>\
      <div><dt>\(t("bookings.facts.when"))</dt><dd>\(page.bothZones(reservation.startsAt, other: Zone(other.zone) ?? .utc, name: other.name))</dd></div>\
      <div><dt>\(t("bookings.facts.length"))</dt><dd>\(page.durationText(minutes: booked.minutes))</dd></div>\(note)</dl>\(calendar)</section>
      """
  }

  private func past(_ page: PageContext) -> HTML {
    guard !history.isEmpty else { return .none }
    let t = page.t
    // What was brought in from elsewhere has none.
    guard !history.isEmpty else { return .none }
    let items: [HTML] = history.map { event in
      let who = event.actorName ?? t("bookings.history.house")
      let why: HTML? = event.reason.map { "<p class=\"muted small\">“\($0)”</p>" }
      return
        "<li class=\"done\">\(page.moment(event.at))<p>\(t.sentence("bookings.history.\(event.act)", ["who": who, "to": t.sentence("status." + event.to.rawValue.replacing("_", with: "-"), [:])]))</p>\(why)</li>"
    }
    return
      "<section class=\"card quiet\"><h2>\(t("bookings.history.title"))</h2><ol class=\"timeline\">\(items)</ol></section>"
  }

  private func money(_ page: PageContext) -> HTML {
    let t = page.t
    let price = reservation.price
    let words = price.isFree ? t("site.free") : page.money(price)
    let fee = price.share(booked.feeBasisPoints, of: 10_000)
    let net: HTML? =
      party == .tutor && !price.isFree
      ? """
      <div class="minus"><dt>\(t("bookings.money.fee"))</dt><dd>\(page.money(-fee))</dd></div>\
      <div class="total"><dt>\(t("bookings.money.yours"))</dt><dd>\(page.money(price - fee))</dd></div>
      """ : nil
    let state: String =
      price.isFree
      ? ""
      : reservation.paid.isFree
        ? t("bookings.money.unpaid") : refundWords(page).isEmpty ? t("bookings.money.paid") : refundWords(page)
    return """
      <section class="card order"><h2>\(t("bookings.money.title"))</h2><dl class="order-lines">\
      <div><dt>\(page.durationText(minutes: booked.minutes)) · \(booked.subjectTitle)</dt><dd>\(words)</dd></div>\(net)</dl>\
      <p class="muted small">\(state)</p><h3>\(t(party == .tutor ? "bookings.policy.titleTutor" : "bookings.policy.title"))</h3>\
      \(PolicyList(policy: reservation.policy, mode: reservation.mode, isFree: price.isFree).body(page))\(freeUntil(page))</section>
      """
  }

  private func freeUntil(_ page: PageContext) -> HTML {
    guard party == .learner, possible.contains("cancel"), !reservation.paid.isFree, !reservation.movedLate,
      let until = reservation.policy.freeUntil(
        start: reservation.startsAt, bookedAt: reservation.bookedAt, now: page.now)
    else { return .none }
    return "<p class=\"small\">\(page.t("bookings.money.freeUntil", until: page.momentText(until)))</p>"
  }

  private func changes(_ page: PageContext) -> HTML {
    let t = page.t
    let id = booked.id
    var parts: [HTML] = []
    if let proposal = reservation.proposal, possible.contains("refuse_proposal") {
      let answer: HTML =
        possible.contains("accept_proposal")
        ? page.postButton(
          t("bookings.proposal.accept"), to: BookingPaths.proposal(id), "primary", fields: [("answer", "accept")])
        : .none
      parts.append(
        """
        <section class="card"><h2>\(t("bookings.proposal.title"))</h2><p>\(t("bookings.proposal.words", name: booked.person(proposal.by).name, when: page.momentWithZoneText(proposal.startsAt)))</p>\
        <div class="actions">\(answer)\(page.postButton(t(proposal.by == party ? "bookings.proposal.withdraw" : "bookings.proposal.refuse"), to: BookingPaths.proposal(id), "", fields: [("answer", "refuse")]))</div></section>
        """)
    }
    var links: [HTML] = []
    if possible.contains("reschedule") {
      links.append(page.buttonLink(t("bookings.change.move"), to: BookingPaths.time(id), "wide", icon: "calendar"))
    } else if possible.contains("propose") {
      links.append(page.buttonLink(t("bookings.change.propose"), to: BookingPaths.time(id), "wide", icon: "calendar"))
    }
    if possible.contains("cancel") {
      links.append(
        page.buttonLink(t("bookings.change.cancel"), to: BookingPaths.cancellation(id), "quiet wide", icon: "x"))
    }
    if possible.contains("dispute") {
      links.append(
        page.postButton(
          t("bookings.change.dispute"), to: BookingPaths.outcome(id), "quiet wide", icon: "flag",
          fields: [("outcome", "dispute")],
          asking: t("bookings.change.disputeAsk")))
    }
    if !links.isEmpty {
      parts.append(
        "<section class=\"card quiet\"><h2>\(t("bookings.change.title"))</h2><div class=\"stack tight\">\(links)</div></section>"
      )
    }
    return "\(parts)"
  }
}
