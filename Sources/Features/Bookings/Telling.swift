import Core
import Notices
import Postgres
import Site
import Time

// Who hears of a transition, in what kind of notice, and with which invitation. Silence is a decision too: a hold that
// comes and goes concerns nobody but the one who looks at it.

extension Bookings {
  func tell(
    _ act: Reservation.Act, before: Booked, after: Booked, by actor: Actor, reason: String?, in tx: Transaction
  ) async throws {
    func tell(_ party: Party, _ kind: String, _ calendar: CalendarDocument.Method? = nil) async throws {
      var values: [String: NoticeValue] = [
        "with": .text(after.person(party.other).name), "subject": .text(after.subjectTitle),
        "at": .moment(after.reservation.startsAt),
        "minutes": .number(after.minutes), "reason": .text(reason ?? ""),
        "before": .moment(before.reservation.startsAt),
      ]
      if let refund = after.reservation.refund { values["refund"] = .money(refund.amount) }
      if let proposal = after.reservation.proposal { values["proposed"] = .moment(proposal.startsAt) }
      var part: CalendarPart?
      if let calendar, let reach = try await tx.first(.reach(after.person(party).id)) {
        let text = invitation(after, for: party, method: calendar, to: .init(name: reach.name, mail: reach.mail)).text
        part = CalendarPart(method: calendar == .cancel ? .cancel : .request, text: text)
      }
      try await notices.tell(
        after.person(party).id, kind, values, link: Doors.booking(after.id), calendar: part, booking: after.id, in: tx)
    }
    func tellBoth(_ kind: String, _ calendar: CalendarDocument.Method? = nil) async throws {
      for party in Party.allCases { try await tell(party, kind, calendar) }
    }

    /// Whether it stands in their calendars: it was agreed once.
    let isInvited = before.state == .confirmed || before.reservation.sequence > 0
    switch act {
    case .secure where after.state == .requested:
      try await tell(.tutor, "bookings.requested")
      try await tell(.learner, "bookings.asked")
    case .secure, .accept:
      try await tellBoth("bookings.confirmed", .request)
      try await scheduleReminders(after, in: tx)
    case .decline:
      try await tell(.learner, "bookings.declined", isInvited ? .cancel : nil)
      if isInvited { try await tell(.tutor, "bookings.cancelled-by-you", .cancel) }
    case .cancel where before.state == .requested || before.state == .confirmed:
      let calendar: CalendarDocument.Method? = isInvited ? .cancel : nil
      if let party = actor.party {
        try await tell(party.other, "bookings.cancelled", calendar)
        try await tell(party, "bookings.cancelled-by-you", calendar)
      } else {
        try await tellBoth("bookings.cancelled-by-staff", calendar)
      }
    case .reschedule, .acceptProposal:
      try await tellBoth(after.state == .requested ? "bookings.move-asked" : "bookings.moved", .request)
      if after.state == .confirmed { try await scheduleReminders(after, in: tx) }
    case .propose:
      if let party = actor.party { try await tell(party.other, "bookings.proposed") }
    case .refuseProposal:
      if let party = before.reservation.proposal?.by, actor.party != party {
        try await tell(party, "bookings.proposal-refused")
      }
    case .complete:
      try await tell(.learner, "bookings.completed")
    case .reportAbsence(let absent):
      try await tell(absent, "bookings.absent-you", isInvited ? .cancel : nil)
      try await tell(absent.other, "bookings.absent-other", isInvited ? .cancel : nil)
    case .expire where before.state == .requested:
      try await tell(.learner, "bookings.unanswered", isInvited ? .cancel : nil)
      try await tell(.tutor, "bookings.unanswered-by-you", isInvited ? .cancel : nil)
    case .dispute:
      try await tell(.tutor, "bookings.disputed")
    case .rule:
      try await tellBoth("bookings.ruled")
    case .awaitPayment, .failPayment, .cancel, .begin, .expire: break
    }
  }

  /// The lesson as an entry of this person's calendar. The same UID for ever; the machine raises the SEQUENCE.
  func invitation(
    _ booked: Booked, for party: Party, method: CalendarDocument.Method, to attendee: CalendarDocument.Person?
  ) -> CalendarDocument {
    let host =
      site.url.split(separator: "/").dropFirst().first.map { String($0.split(separator: ":")[0]) } ?? "localhost"
    let reader = site.context(language: .english, zone: booked.person(party).zone)
    let address = site.url + Doors.booking(booked.id)
    return CalendarDocument(
      method, product: "-//\(site.name)//Lessons//EN",
      events: [
        .init(
          uid: "\(booked.id)@\(host)", sequence: booked.reservation.sequence,
          during: booked.reservation.startsAt..<booked.reservation.endsAt, stamp: clock.now,
          summary: reader.t(
            "bookings.calendar.summary", subject: booked.subjectTitle, with: booked.person(party.other).name),
          description: reader.t("bookings.calendar.description", link: address),
          location: site.url + Doors.deviceCheck(booked.id),
          url: address, status: booked.state == .requested ? .tentative : .confirmed,
          organizer: .init(name: site.name, mail: "lessons@\(host)"), attendees: attendee.map { [$0] } ?? [])
      ])
  }
}
