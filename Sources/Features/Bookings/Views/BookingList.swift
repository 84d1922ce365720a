import Core
import HTML
import Site
import Time

/// A person's bookings: what is ahead, or what was; as learner, as tutor, or both.
struct BookingList: View {
  struct Choice: Equatable {
    var isPast = false
    var side: Party?

    var query: String {
      var parts: [String] = []
      if isPast { parts.append("when=past") }
      if let side { parts.append("as=\(side.rawValue)") }
      return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }
  }

  let bookings: [Booked]
  let viewer: ID<User>
  let choice: Choice
  let isTutor: Bool
  let requests: Int
  let older: String?

  func title(_ page: PageContext) -> String { page.t("bookings.list.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    func tab(_ label: String, _ change: (inout Choice) -> Void, count: Int = 0) -> HTML {
      var other = choice
      change(&other)
      let mark: HTML? = count > 0 ? " <span class=\"count\">\(count)</span>" : nil
      return
        "<a href=\"\(Doors.bookings() + other.query)\"\(attribute: "aria-current", other == choice ? "page" : nil)>\(label)\(mark)</a>"
    }
    let sides: HTML? =
      isTutor
      ? """
      <nav class="tabs" aria-label="\(t("bookings.list.sides"))">\(tab(t("bookings.list.both")) { $0.side = nil })\
      \(tab(t("bookings.list.learning")) { $0.side = .learner })\(tab(t("bookings.list.teaching"), { $0.side = .tutor }, count: requests))</nav>
      """ : nil
    let list: HTML =
      bookings.isEmpty
      ? page.empty(
        "calendar", t(choice.isPast ? "bookings.list.nonePast" : "bookings.list.none"),
        t(choice.side == .tutor ? "bookings.list.noneTutor" : "bookings.list.noneWords"),
        action: choice.side == .tutor
          ? page.buttonLink(t("site.availability"), to: Doors.availability(), "primary")
          : page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary", icon: "search"))
      : agenda(page)
    return """
      \(page.head(title(page), actions: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "", icon: "search")))
      <div class="stack">\(BookingCalendar.views(nil, on: nil, page))<nav class="tabs" aria-label="\(t("bookings.list.when"))">\(tab(t("bookings.list.upcoming")) { $0.isPast = false })\
      \(tab(t("bookings.list.past")) { $0.isPast = true })</nav>\(sides)\(list)\(page.pages(newer: nil, older: older))</div>
      """
  }

  private func agenda(_ page: PageContext) -> HTML {
    var days: [(date: CivilDate, bookings: [Booked])] = []
    for booked in bookings {
      let date = page.zone.date(booked.reservation.startsAt)
      if days.last?.date == date { days[days.count - 1].bookings.append(booked) } else { days.append((date, [booked])) }
    }
    let items: [HTML] = days.map { day in
      """
      <li class="agenda-day"><h2><span class="agenda-date">\(day.date.day)</span><span>\(page.longDayText(day.date))</span></h2>\
      <ol>\(day.bookings.map { item($0, page) })</ol></li>
      """
    }
    return "<p class=\"muted small\">\(page.zoneText())</p><ol class=\"agenda\">\(items)</ol>"
  }

  private func item(_ booked: Booked, _ page: PageContext) -> HTML {
    let t = page.t
    let party = booked.party(of: viewer) ?? .learner
    let other = booked.person(party.other)
    let reservation = booked.reservation
    let isOpen = page.now >= reservation.startsAt - Reservation.opening && page.now < reservation.endsAt
    let step: HTML? =
      switch booked.state {
      case .held where party == .learner, .awaitingPayment where party == .learner:
        page.buttonLink(t("bookings.list.pay"), to: Doors.checkout(booked.id), "primary small")
      case .requested where party == .tutor:
        page.buttonLink(t("bookings.list.answer"), to: Doors.booking(booked.id), "primary small")
      case .confirmed where isOpen, .inProgress where isOpen:
        page.buttonLink(t("bookings.list.join"), to: Doors.deviceCheck(booked.id), "accent small")
      default: nil
      }
    let words =
      party == .learner
      ? t("bookings.list.learnWith", subject: booked.subjectTitle, name: other.name)
      : t("bookings.list.teach", subject: booked.subjectTitle, name: other.name)
    return """
      <li class="agenda-item"><time datetime="\(reservation.startsAt.rfc3339)"><strong>\(page.timeText(reservation.startsAt))</strong>\
      <span>\(page.durationText(minutes: booked.minutes))</span></time>\(page.avatar(other.name, of: other.id, photo: other.photo))\
      <div class="agenda-main"><a href="\(Doors.booking(booked.id))">\(words)</a></div>\(page.status(booked.state.rawValue))\(step)</li>
      """
  }
}
