import Core
import JSON
import Postgres
import Scheduling
import Site
import Time
package import Web

// The published API of bookings: the same making, machine and terms as the pages; only the showing is JSON.

extension Reservation.Refusal: Explained {
  package var problem: Problem {
    let status =
      switch self {
      case .wrongState: 409
      case .notYours, .ownProposal: 403
      default: 422
      }
    return Problem(status, sentence, kind: rawValue)
  }

  private var sentence: String {
    switch self {
    case .wrongState: "The booking is no longer in a state in which this can be done."
    case .notYours: "The other side of this booking may do this, you may not."
    case .holdExpired: "The time was kept for you until its hold ran out. Please choose a time again."
    case .alreadyStarted: "The lesson has already started."
    case .tooEarly: "It is too early for this."
    case .tooLate: "It is too late for this under the terms of the booking."
    case .timeInPast: "That time has passed."
    case .sameTime: "That is the time it has already."
    case .ownProposal: "The other side answers what you have proposed."
    case .noProposal: "No other time has been proposed."
    }
  }
}

extension NewBooking.Refusal: Explained {
  package var problem: Problem {
    switch self {
    case .ownLesson:
      Problem(422, "You cannot book a lesson with yourself.", kind: rawValue, errors: ["tutor": ["That is you."]])
    case .wrongLength:
      Problem(
        422, "This subject is not taught for that long.", kind: rawValue,
        errors: ["duration_minutes": ["Choose a length on offer."]])
    case .noteTooLong:
      Problem(
        422, "The note may have 1,000 characters.", kind: rawValue, errors: ["note": ["At most 1,000 characters."]])
    case .timeInPast:
      Problem(
        422, "That time has passed.", kind: rawValue, errors: ["starts_at": ["Choose a time that is still ahead."]])
    }
  }
}

/// Terms in the API's words, written once for each language: every answer about a booking tells them.
struct TermsInWords: Sendable {
  private struct Key: Hashable {
    let policy: Policy
    let mode: Reservation.Mode
    let isFree: Bool
    let language: Language
  }

  private let written = Memo<Key, [UInt8]>(limit: 512)

  func json(_ policy: Policy, mode: Reservation.Mode, isFree: Bool, _ words: Wording) -> [UInt8] {
    written.value(Key(policy: policy, mode: mode, isFree: isFree, language: words.language)) {
      JSONWriter.bytes { w in
        w.object { w in
          w.field("sentences", policy.sentences(mode: mode, isFree: isFree).map { $0.words(words) })
          w.object("terms") { w in policy.write(to: &w) }
        }
      }
    }
  }
}

extension BookingsFeature {
  func apiRoutes(_ routes: inout Routes, _ making: RouteLimits) {
    routes.api(.post, BookingPaths.api, as: Member.self, limits: making, .book, create)
    routes.api(.get, BookingPaths.api, as: Member.self, .bookings, index)
    routes.api(.get, BookingPaths.apiBooking, as: Member.self, .oneBooking, detail)
    routes.api(.patch, BookingPaths.apiBooking, as: Member.self, .changeBooking, change)
    routes.api(.delete, BookingPaths.apiBooking, as: Member.self, .cancelBooking, withdraw)
  }

  func create(_ request: Request, member: Member) async throws -> Response {
    let json = try request.json()
    guard json.object != nil else { throw Problem(400, "The body is one JSON object.") }
    guard let tutor = json["tutor"]?.id(User.self) else {
      throw Problem.invalid(["tutor": ["Say which tutor, by id."]])
    }
    guard let start = json["starts_at"]?.instant else {
      throw Problem.invalid(["starts_at": ["Say when, as an RFC 3339 instant such as 2026-11-23T09:00:00Z."]])
    }
    let occasion = try await occasion(
      of: tutor, in: json["subject"]?.string, around: start, for: member.id)
    let offer = occasion.offer
    let minutes = json["duration_minutes"]?.int ?? (offer.durations.contains(60) ? 60 : offer.durations[0])
    let note = (json["note"]?.string ?? json["answers"]?["note"]?.string ?? "").trimmingSpaces()
    let new = try NewBooking(
      offer, startsAt: start, minutes: minutes, learner: member.id, learnerZone: request.zone, note: note, at: clock.now
    )
    let key = request.header("idempotency-key")
    if let key, !(1...200).contains(key.unicodeScalars.count) {
      throw Problem(400, "Idempotency-Key has 1 to 200 characters.")
    }
    let language = request.language
    let viewer = member.id
    do {
      let outcome = try await making.make(
        new, knowing: occasion.diary, channel: .api, key: key,
        request: "POST \(BookingPaths.api()) " + String(decoding: request.body, as: UTF8.self)
      ) { [self] booked in
        KeptAnswer(status: 201, body: JSONWriter.text { w in write(booked, for: viewer, language, to: &w) })
      }
      switch outcome {
      case .made(_, let kept):
        return .bytes(Array(kept.body.utf8), type: "application/json", status: kept.status)
      case .repeated(let kept):
        return Response.bytes(Array(kept.body.utf8), type: "application/json", status: kept.status)
          .with(header: "idempotency-replayed", "true")
      case .keyReused:
        throw Problem(409, "This Idempotency-Key was used for another request.", kind: "idempotency_key_reused")
      }
    } catch let taken as Bookings.SlotTaken {
      return try await slotTaken(taken, start, .minutes(minutes), offer.tutor, member.id, request)
    } catch let refusal as Bookings.NotOffered {
      throw notOffered(refusal, for: request)
    }
  }

  /// What is offered in the subject that was asked for, or in the only one, with what both people have on around a time.
  private func occasion(of tutor: ID<User>, in subject: String?, around start: Instant, for learner: ID<User>)
    async throws -> Occasion
  {
    let found = try await database.all(
      .occasions(of: tutor, in: subject, around: start, for: learner, at: clock.now))
    if subject == nil, found.count > 1 {
      throw Problem.invalid(["subject": ["Say which subject: this tutor teaches several."]])
    }
    if let occasion = found.first { return occasion }
    if subject != nil, try await database.first(.offers(of: tutor, at: clock.now)) != nil {
      throw Problem.invalid(["subject": ["This tutor does not teach that subject."]])
    }
    throw Failure.notFound
  }

  private func notOffered(_ refusal: Bookings.NotOffered, for request: Request) -> Problem {
    let context = site.context(for: request)
    return Problem(
      422, "The tutor does not teach at that time.", kind: "not_offered",
      errors: ["starts_at": refusal.reasons.map { $0.publicWords(context) }])
  }

  /// 409 with three near times that can be had.
  private func slotTaken(
    _ taken: Bookings.SlotTaken, _ start: Instant, _ length: Duration, _ tutor: ID<User>, _ learner: ID<User>,
    _ request: Request
  ) async throws -> Response {
    let near = try await bookings.alternatives(to: start, lasting: length, of: tutor, for: learner, from: database)
    return Response.json(409) { w in
      w.object { w in
        w.field("type", "urn:problem:slot_taken")
        w.field("title", "Conflict")
        w.field("status", 409)
        w.field(
          "detail",
          taken.isOwnTime
            ? "You have another lesson at that time." : "Somebody else has taken that time. These are free near it.")
        w.field("code", "slot_taken")
        w.array("alternatives") { w in
          for opening in near {
            w.object { w in
              w.field("starts_at", opening.starts)
              w.field("ends_at", opening.ends)
            }
          }
        }
        w.field("request_id", request.id)
      }
    }.with(header: "content-type", "application/problem+json")
  }

  func index(_ request: Request, member: Member) async throws -> Response {
    let query = request.query
    func wrong(_ name: String, _ sentence: String) -> Problem { Problem(400, sentence, errors: [name: [sentence]]) }
    let party = query["role"].flatMap { Party(rawValue: $0) }
    var states: [Reservation.State] = []
    for word in query.all("status").flatMap({ $0.split(separator: ",") }) {
      guard let state = Reservation.State(rawValue: String(word)) else {
        throw wrong("status", "There is no status \(word).")
      }
      states.append(state)
    }
    let isAscending = query["ordering"] == "starts_at"
    let size = query.int("page_size") ?? 20
    let cursor = Self.cursor(query.text("cursor"))
    guard query.text("cursor").isEmpty || cursor != nil else { throw wrong("cursor", "This cursor was not made here.") }
    let rows = try await database.all(
      .all(of: member.id, as: party, states: states, after: cursor, isAscending: isAscending, limit: size + 1))
    let count = try await database.one(.count(of: member.id, as: party, states: states))
    let shown = rows.prefix(size)
    var next: String?
    if rows.count > size, let last = shown.last {
      next = site.url + BookingPaths.api() + "?" + query.with("cursor", Self.cursor(after: last)).encoded
    }
    return Response.json { w in
      w.object { w in
        w.field("count", count)
        w.field("next", next)
        w.field("previous", nil as String?)
        w.array("results") { w in for booked in shown { write(booked, for: member.id, request.language, to: &w) } }
      }
    }.tagged(for: request)
  }

  func detail(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    let history = try await database.all(.history(of: id))
    return Response.json { w in write(booked, for: member.id, request.language, history: history, to: &w) }.tagged(
      for: request)
  }

  func change(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let actor = booked.actor(member.id), let party = booked.party(of: member.id) else { throw Failure.notFound }
    let json = try request.json()
    let reason = json["reason"]?.string
    let act: Reservation.Act
    func start() throws -> Instant {
      guard let start = json["starts_at"]?.instant else {
        throw Problem.invalid(["starts_at": ["Say when, as an RFC 3339 instant."]])
      }
      return start
    }
    switch json["action"]?.string {
    case "accept": act = booked.reservation.proposal.map { $0.by != party } == true ? .acceptProposal : .accept
    case "decline": act = booked.reservation.proposal.map { $0.by != party } == true ? .refuseProposal : .decline
    case "reschedule": act = .reschedule(to: try start())
    case "propose", "counter": act = .propose(try start())
    case "confirm_outcome": act = .complete
    case "report_no_show": act = .reportAbsence(of: party.other)
    case "dispute": act = .dispute
    default:
      throw Problem.invalid([
        "action": ["One of accept, decline, reschedule, propose, counter, confirm_outcome, report_no_show, dispute."]
      ])
    }
    do {
      if case .propose(let start) = act {
        try await bookings.ensureOffered(
          start..<start + booked.reservation.length, of: booked.tutor.id, for: booked.learner.id, ignoring: id,
          in: database)
      }
      if request.query.isOn("preview") {
        let after = try booked.reservation.deciding(act, by: actor, at: clock.now).after
        return Response.json { w in
          w.object { w in
            w.field("status", after.state.rawValue)
            w.field("starts_at", after.startsAt)
            w.field("ends_at", after.endsAt)
            w.field("refund", after.refund?.amount)
          }
        }
      }
      let change = try await database.transaction { tx in
        try await bookings.act(act, on: id, by: actor, channel: .api, reason: reason, in: tx)
      }
      return Response.json { w in write(change.after, for: member.id, request.language, to: &w) }
    } catch let refusal as Bookings.NotOffered {
      throw notOffered(refusal, for: request)
    } catch let error {
      guard let taken = error as? Bookings.SlotTaken ?? (error as? PostgresError).flatMap(Bookings.SlotTaken.init)
      else { throw error }
      let wanted: Instant =
        switch act {
        case .reschedule(let start), .propose(let start): start
        default: booked.reservation.proposal?.startsAt ?? booked.reservation.startsAt
        }
      return try await slotTaken(taken, wanted, booked.reservation.length, booked.tutor.id, booked.learner.id, request)
    }
  }

  /// Cancels. `preview=1` says what would happen, by the same terms.
  func withdraw(_ request: Request, member: Member, id: ID<Booking>) async throws -> Response {
    let booked = try await database.one(.booking(id, of: member.id))
    guard let actor = booked.actor(member.id) else { throw Failure.notFound }
    let after: Reservation
    if request.query.isOn("preview") {
      after = try booked.reservation.deciding(.cancel, by: actor, at: clock.now).after
    } else {
      let reason = request.body.isEmpty ? nil : try request.json()["reason"]?.string
      after = try await database.transaction { tx in
        try await bookings.act(.cancel, on: id, by: actor, channel: .api, reason: reason, in: tx).after.reservation
      }
    }
    return Response.json { w in
      w.object { w in
        w.field("status", after.state.rawValue)
        w.object("refund") { w in
          w.field("amount", after.refund?.amount.amount ?? 0)
          w.field("currency", after.price.currency)
          w.field("rule", after.refund?.rule.rawValue)
        }
      }
    }
  }

  /// A booking as its two people see it.
  func write(
    _ booked: Booked, for viewer: ID<User>, _ language: Language, history: [BookingEvent]? = nil, to w: inout JSONWriter
  ) {
    let r = booked.reservation
    let words = site.catalogue.words(in: language)
    let party = booked.party(of: viewer)
    w.object { w in
      w.field("id", booked.id)
      w.field("status", r.state.rawValue)
      w.field("role", party?.rawValue)
      w.field("starts_at", r.startsAt)
      w.field("ends_at", r.endsAt)
      w.field("timezone", party == .tutor ? booked.tutor.zone : booked.learner.zone)
      w.field("duration_minutes", booked.minutes)
      if r.state.isUnpaid { w.field("hold_expires_at", r.holdExpiresAt) }
      if r.state == .requested { w.field("request_expires_at", r.requestExpiresAt) }
      w.field("price", r.price)
      w.field("paid", r.paid)
      if let refund = r.refund, !r.paid.isFree {
        w.object("refund") { w in
          w.field("amount", refund.amount.amount)
          w.field("currency", refund.amount.currency)
          w.field("rule", refund.rule.rawValue)
        }
      }
      w.key("policy")
      w.raw(terms.json(r.policy, mode: r.mode, isFree: r.price.isFree, words))
      if r.state.isUnpaid {
        w.object("payment") { w in w.field("url", site.url + Doors.checkout(booked.id)) }
      }
      if r.state == .confirmed || r.state == .inProgress { w.field("room_code", booked.roomCode) }
      w.object("tutor") { w in
        w.field("id", booked.tutor.id)
        w.field("full_name", booked.tutor.name)
      }
      w.object("learner") { w in
        w.field("id", booked.learner.id)
        w.field("full_name", booked.learner.name)
      }
      w.object("subject") { w in
        w.field("id", booked.subject)
        w.field("title", booked.subjectTitle)
      }
      if let proposal = r.proposal {
        w.object("proposal") { w in
          w.field("starts_at", proposal.startsAt)
          w.field("by", proposal.by.rawValue)
        }
      }
      w.field("note", booked.note)
      w.field("sequence", r.sequence)
      w.field("created_at", booked.createdAt)
      if let history {
        w.array("history") { w in
          for event in history {
            w.object { w in
              w.field("at", event.at)
              w.field("act", event.act)
              w.field("actor", event.actorKind)
              w.field("from", event.from?.rawValue)
              w.field("to", event.to.rawValue)
              w.field("reason", event.reason)
            }
          }
        }
      }
    }
  }
}
