package import Core
import JSON
package import Jobs
import Platform
package import Postgres
import Scheduling
package import Site
import Time
package import Web

/// Learners book a time that is really free; both sides agree, move, cancel and account for it.
///
/// Owns `bookings`, `booking_events`, `booking_policies`, `taken_times`, `idempotency_keys`. Publishes `lesson_facts`, `busy_times`. Reads
/// `people`, `people_contact` (Accounts), `tutor_facts`, `tutor_subjects`, `subjects` (Tutors), `availability_settings`
/// (Scheduling), `fee_schedules` (Ledger). Emits ``BookingChanged``, ``RefundDue``, ``LessonFinished``. The API's handlers are
/// in `BookingsAPI.swift`; what other rooms call is ``Bookings``.
package struct BookingsFeature: Feature {
  let database: Database
  let site: Site
  package let bookings: Bookings
  let clock: WallClock
  let terms = TermsInWords()

  package init(database: Database, site: Site, bookings: Bookings, clock: WallClock) {
    self.database = database
    self.site = site
    self.bookings = bookings
    self.clock = clock
  }

  var making: Making { Making(database: database, bookings: bookings) }

  package func routes(_ routes: inout Routes) {
    let making: RouteLimits = .limit(.perUser(60, per: .minutes(10), pool: "bookings"))
    routes.on(.get, Doors.book, as: Guest.self, form)
    routes.on(.post, Doors.book, as: Member.self, limits: making, book)
    routes.on(.get, Doors.bookings, as: Member.self, list)
    routes.on(.get, Doors.booking, as: Member.self, show)
    routes.on(.post, BookingPaths.answer, as: Member.self, answer)
    routes.on(.get, BookingPaths.cancellation, as: Member.self, cancellation)
    routes.on(.post, BookingPaths.cancellation, as: Member.self, cancel)
    routes.on(.get, BookingPaths.time, as: Member.self, time)
    routes.on(.post, BookingPaths.time, as: Member.self, move)
    routes.on(.post, BookingPaths.proposal, as: Member.self, answerProposal)
    routes.on(.post, BookingPaths.outcome, as: Member.self, account)
    routes.on(.get, BookingPaths.invitation, as: Member.self, download)
    apiRoutes(&routes, making)
  }

  package var jobs: [JobHandler] {
    [JobHandler(RemindOfLesson.self) { job, _ in try await bookings.remind(job, database: database) }]
  }

  package var schedules: [Schedule] {
    [
      Schedule("bookings.sweep", every: .seconds(15)) { _ = try await bookings.sweep(database) },
      Schedule("bookings.forget-answers", every: .hours(24)) {
        try await database.run(.forgetAnswers(before: clock.now - .days(30)))
      },
    ]
  }

  // MARK: Choosing a time

  /// What a visitor has chosen so far, from a query or a form. Whatever is missing or foreign has the first choice.
  struct Selection {
    let offers: [Offer]
    let offer: Offer
    let minutes: Int
    let startsAt: Instant?

    init?(_ fields: Fields, _ offers: [Offer]) {
      guard let first = offers.first else { return nil }
      self.offers = offers
      offer = offers.first { $0.subjectSlug == fields.text("subject") } ?? first
      let wanted = fields.int("minutes") ?? 60
      minutes = offer.durations.contains(wanted) ? wanted : offer.durations.contains(60) ? 60 : offer.durations[0]
      startsAt = Instant(rfc3339: fields.text("starts_at"))
    }
  }

  func form(_ request: Request, guest: Guest, slug: String) async throws -> Response {
    guard let selection = Selection(request.query, try await database.all(.offers(of: slug, at: clock.now))) else {
      throw Failure.notFound
    }
    if request.query.text("sign_in") == "1", guest.identity == nil {
      let back = Doors.book(slug) + "?" + request.query.with("sign_in", nil).encoded
      return .see(Doors.signIn() + "?next=" + PercentEncoding.encode(back))
    }
    return try await page(selection, for: request, guest.id)
  }

  /// The form with the week that was asked for, or that of the chosen time, or the first.
  private func page(
    _ selection: Selection, for request: Request, _ learner: ID<User>?, refusal: String? = nil, note: String = "",
    key: String? = nil, status: Int = 200
  ) async throws -> Response {
    let offer = selection.offer
    let length = Duration.minutes(selection.minutes)
    let context = site.context(for: request)
    let week = try await week(
      request.query.text("week"), near: selection.startsAt, of: offer.tutor, lasting: length, for: learner,
      zone: context.zone)
    var form = BookingForm(
      offers: selection.offers, offer: offer, minutes: selection.minutes, days: week.days, openings: week.openings,
      key: key ?? ID<BookingEvent>.new().description)
    form.next = week.next
    form.chosen = selection.startsAt
    form.note = note
    form.refusal = refusal
    form.isGuest = learner == nil
    if refusal == "slot_taken" || refusal == "own_time", let start = selection.startsAt {
      form.alternatives = try await bookings.alternatives(
        to: start, lasting: length, of: offer.tutor, for: learner, from: database)
      form.chosen = nil
    }
    return site.page(form, for: request, status: status)
  }

  /// Seven days of openings in a zone, and the next opening when they hold none.
  private func week(
    _ text: String, near start: Instant?, of tutor: ID<User>, lasting length: Duration, for learner: ID<User>?,
    zone: Zone
  ) async throws -> (days: [CivilDate], openings: [Availability.Opening], next: Instant?) {
    let now = clock.now
    let today = zone.date(now)
    var first = CivilDate(text) ?? start.map { zone.date($0) } ?? today
    first = min(max(first, today), today + 366)
    func openings(from date: CivilDate) async throws -> [Availability.Opening] {
      let range = zone.day(date).lowerBound..<zone.day(date + 6).upperBound
      return try await bookings.times.openings(
        of: tutor, lasting: length, in: range, for: learner, now: now, in: database)
    }
    var found = try await openings(from: first)
    var next: Instant?
    if found.isEmpty {
      next = try await bookings.times.next(
        1, of: tutor, lasting: length, from: max(now, zone.day(first).lowerBound), for: learner, now: now, in: database
      ).first?.starts
      // Who asked for no particular week is shown one in which there is something.
      if text.isEmpty, let start = next {
        first = zone.date(start)
        found = try await openings(from: first)
        next = nil
      }
    }
    return ((0..<7).map { first + $0 }, found, next)
  }

  func book(_ request: Request, member: Member, slug: String) async throws -> Response {
    let form = request.form
    guard let selection = Selection(form, try await database.all(.offers(of: slug, at: clock.now))) else {
      throw Failure.notFound
    }
    let note = form.text("note")
    let key = form.text("key")
    func refused(_ refusal: String, _ status: Int) async throws -> Response {
      try await page(
        selection, for: request, member.id, refusal: refusal, note: note, key: key.isEmpty ? nil : key, status: status)
    }
    guard let start = selection.startsAt else { return try await refused("no_time", 422) }
    let new: NewBooking
    do throws(NewBooking.Refusal) {
      new = try NewBooking(
        selection.offer, startsAt: start, minutes: selection.minutes, learner: member.id, learnerZone: request.zone,
        note: note, at: clock.now)
    } catch { return try await refused(error.rawValue, 422) }
    let asked = "form \(slug) \(selection.offer.subjectSlug) \(selection.minutes) \(start) \(note)"
    do {
      let outcome = try await making.make(
        new, channel: .web, key: key.isEmpty ? nil : "form " + key.prefix(100), request: asked
      ) { KeptAnswer(status: 303, body: Doors.booking($0.id)) }
      switch outcome {
      case .made(_, let kept), .repeated(let kept): return .see(kept.body)
      // Another time chosen on the page of a booking that was made: a new attempt under a new name.
      case .keyReused:
        return try await page(selection, for: request, member.id, refusal: "key_reused", note: note, status: 409)
      }
    } catch let taken as Bookings.SlotTaken {
      return try await refused(taken.isOwnTime ? "own_time" : "slot_taken", 409)
    } catch is Bookings.NotOffered {
      return try await refused("not_offered", 422)
    }
  }

  // MARK: Looking

  static let pageSize = 20

  func list(_ request: Request, member: Member) async throws -> Response {
    if let view = CalendarSpan.View(rawValue: request.query.text("view")) {
      return try await calendar(view, request, member)
    }
    var choice = BookingList.Choice()
    choice.isPast = request.query.text("when") == "past"
    choice.side = Party(rawValue: request.query.text("as"))
    let cursor = Self.cursor(request.query.text("cursor"))
    let rows = try await database.all(
      .list(
        of: member.id, as: choice.side, isPast: choice.isPast, after: cursor, now: clock.now, limit: Self.pageSize + 1))
    let shown = Array(rows.prefix(Self.pageSize))
    let isTutor = member.identity.roles.contains(.tutor)
    var older: String?
    if rows.count > shown.count, let last = shown.last {
      older =
        Doors.bookings() + (choice.query.isEmpty ? "?" : choice.query + "&") + "cursor=" + Self.cursor(after: last)
    }
    let requests = isTutor ? try await bookings.openRequests(of: member.id, from: database) : 0
    return site.page(
      BookingList(
        bookings: shown, viewer: member.id, choice: choice, isTutor: isTutor, requests: requests, older: older),
      for: request)
  }

  /// A day or a week on paper with hours; without a date the one that is now, in the reader's zone.
  private func calendar(_ view: CalendarSpan.View, _ request: Request, _ member: Member) async throws -> Response {
    let page = site.context(for: request)
    let today = page.zone.date(page.now)
    // Lessons are booked at most a year ahead; ten years cover whatever was.
    let asked = CivilDate(request.query.text("from")).map { min(max($0, today - 3660), today + 3660) }
    let span = CalendarSpan(
      view, holding: asked ?? today, firstWeekday: site.formats.firstWeekday(in: page.language))
    let lessons = try await database.all(.planned(by: member.id, in: span.range(in: page.zone)))
    return site.page(
      BookingCalendar(span: span, today: today, days: span.days.map { CalendarDay($0, in: page.zone, lessons) }),
      for: request)
  }

  static func cursor(after booked: Booked) -> String {
    PageCursor(key: booked.reservation.startsAt.rfc3339, id: booked.id.description).text
  }

  static func cursor(_ text: String) -> (Instant, ID<Booking>)? {
    guard let cursor = PageCursor(text), let start = Instant(rfc3339: cursor.key), let id = ID<Booking>(cursor.id)
    else { return nil }
    return (start, id)
  }

  func show(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    try await show(request, member, id, refusal: nil)
  }

  private func show(
    _ request: Request, _ member: Member, _ id: ID<Booking>, refusal: String?, status: Int = 200
  ) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let party = booked.party(of: member.id), let actor = booked.actor(member.id) else { throw Failure.notFound }
    let now = clock.now
    let done = request.query.text("done")
    return site.page(
      BookingPage(
        booked: booked, party: party, history: try await database.all(.history(of: id)),
        possible: booked.reservation.possible(for: actor, at: now),
        cancellation: try? booked.reservation.cancellation(by: actor, at: now), refusal: refusal,
        note: ["accepted", "declined", "cancelled", "moved", "proposed", "refused", "held", "absent", "dispute"]
          .contains(done) ? done : nil),
      for: request, status: status)
  }

  func download(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let party = booked.party(of: member.id), booked.state == .confirmed else { throw Failure.notFound }
    let calendar = bookings.invitation(booked, for: party, method: .publish, to: nil)
    return .bytes(Array(calendar.text.utf8), type: "text/calendar; charset=utf-8")
      .with(header: "content-disposition", "attachment; filename=\"lesson.ics\"").unstored
  }

  // MARK: Changing

  /// Does an act for one of the two people and leads back to the booking; a refusal is shown there.
  private func perform(
    _ act: Reservation.Act, on id: ID<Booking>, _ request: Request, _ member: Member, reason: String? = nil,
    done: String
  ) async throws -> Response {
    guard let actor = try await database.one(.booking(id, of: member.id)).actor(member.id) else {
      throw Failure.notFound
    }
    do {
      _ = try await database.transaction { tx in
        try await bookings.act(act, on: id, by: actor, channel: .web, reason: reason, in: tx)
      }
      return .see(Doors.booking(id) + "?done=" + done)
    } catch let refusal as Reservation.Refusal {
      return try await show(request, member, id, refusal: refusal.rawValue, status: refusal == .notYours ? 403 : 422)
    } catch is Bookings.NotOffered {
      return try await show(request, member, id, refusal: "not_offered", status: 422)
    } catch let error
      where error is Bookings.SlotTaken || (error as? PostgresError).flatMap(Bookings.SlotTaken.init) != nil
    {
      return try await show(request, member, id, refusal: "slot_taken", status: 409)
    }
  }

  func answer(_ request: Request, tutor: Member, id: ID<Booking>) async throws -> Response {
    let reason = request.form.text("reason")
    return switch request.form.text("answer") {
    case "accept": try await perform(.accept, on: id, request, tutor, reason: reason, done: "accepted")
    case "decline": try await perform(.decline, on: id, request, tutor, reason: reason, done: "declined")
    default: throw Problem.invalid(["answer": ["Accept or decline."]])
    }
  }

  func cancellation(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let party = booked.party(of: member.id), let actor = booked.actor(member.id) else { throw Failure.notFound }
    do throws(Reservation.Refusal) {
      guard let refund = try booked.reservation.cancellation(by: actor, at: clock.now) else { throw .notYours }
      return site.page(CancellationPage(booked: booked, party: party, refund: refund), for: request)
    } catch { return try await show(request, member, id, refusal: error.rawValue, status: 422) }
  }

  func cancel(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let party = booked.party(of: member.id), let actor = booked.actor(member.id) else { throw Failure.notFound }
    let reason = request.form.text("reason")
    // Somebody who was promised more than the terms give by now is asked again.
    if let promised = request.form.int("refund"),
      let refund = try? booked.reservation.cancellation(by: actor, at: clock.now),
      refund.amount.amount < promised, party == .learner
    {
      return site.page(
        CancellationPage(booked: booked, party: party, refund: refund, reason: reason, isChanged: true), for: request,
        status: 409)
    }
    return try await perform(.cancel, on: id, request, member, reason: reason, done: "cancelled")
  }

  func time(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    try await timePage(request, member, id)
  }

  private func timePage(
    _ request: Request, _ member: Member, _ id: ID<Booking>, refusal: String? = nil, wanted: Instant? = nil,
    status: Int = 200
  ) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let party = booked.party(of: member.id), let actor = booked.actor(member.id) else { throw Failure.notFound }
    let possible = booked.reservation.possible(for: actor, at: clock.now)
    guard possible.contains("reschedule") || possible.contains("propose") else {
      return try await show(request, member, id, refusal: "wrong_state", status: 422)
    }
    let context = site.context(for: request)
    let week = try await week(
      request.query.text("week"), near: wanted ?? booked.reservation.startsAt, of: booked.tutor.id,
      lasting: booked.reservation.length,
      for: booked.learner.id, zone: context.zone)
    let refund = try? booked.reservation.cancellation(by: actor, at: clock.now)
    var page = TimePage(
      booked: booked, party: party, moves: possible.contains("reschedule"), days: week.days, openings: week.openings,
      isLate: !booked.reservation.paid.isFree && refund.flatMap { $0 }?.amount != booked.reservation.paid)
    page.next = week.next
    page.refusal = refusal
    if let wanted, refusal == "slot_taken" {
      page.alternatives = try await bookings.alternatives(
        to: wanted, lasting: booked.reservation.length, of: booked.tutor.id, for: booked.learner.id, from: database)
    }
    return site.page(page, for: request, status: status)
  }

  func move(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let actor = booked.actor(member.id) else { throw Failure.notFound }
    guard let start = Instant(rfc3339: request.form.text("starts_at")) else {
      return try await timePage(request, member, id, refusal: "no_time", status: 422)
    }
    let moves = booked.reservation.possible(for: actor, at: clock.now).contains("reschedule")
    do {
      if moves {
        _ = try await database.transaction { tx in
          try await bookings.act(.reschedule(to: start), on: id, by: actor, channel: .web, in: tx)
        }
        return .see(Doors.booking(id) + "?done=moved")
      }
      try await bookings.ensureOffered(
        start..<start + booked.reservation.length, of: booked.tutor.id, for: booked.learner.id, ignoring: id,
        in: database)
      _ = try await database.transaction { tx in
        try await bookings.act(.propose(start), on: id, by: actor, channel: .web, in: tx)
      }
      return .see(Doors.booking(id) + "?done=proposed")
    } catch let refusal as Reservation.Refusal {
      return try await timePage(request, member, id, refusal: refusal.rawValue, wanted: start, status: 422)
    } catch is Bookings.NotOffered {
      return try await timePage(request, member, id, refusal: "not_offered", wanted: start, status: 422)
    } catch let error
      where error is Bookings.SlotTaken || (error as? PostgresError).flatMap(Bookings.SlotTaken.init) != nil
    {
      return try await timePage(request, member, id, refusal: "slot_taken", wanted: start, status: 409)
    }
  }

  func answerProposal(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    request.form.text("answer") == "accept"
      ? try await perform(.acceptProposal, on: id, request, member, done: "moved")
      : try await perform(.refuseProposal, on: id, request, member, done: "refused")
  }

  /// What became of the lesson, said by one of the two.
  func account(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    guard let party = try await database.one(.booking(id, of: member.id)).party(of: member.id) else {
      throw Failure.notFound
    }
    let reason = request.form.text("reason")
    return switch request.form.text("outcome") {
    case "held": try await perform(.complete, on: id, request, member, reason: reason, done: "held")
    case "absent":
      try await perform(.reportAbsence(of: party.other), on: id, request, member, reason: reason, done: "absent")
    case "dispute": try await perform(.dispute, on: id, request, member, reason: reason, done: "dispute")
    default: throw Problem.invalid(["outcome": ["Say whether it was held."]])
    }
  }
}
