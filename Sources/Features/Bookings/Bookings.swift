package import Core
import JSON
import Jobs
package import Ledger
package import Notices
package import Postgres
package import Scheduling
package import Site
package import Time

/// What other rooms and our own pages do to bookings. Every way in leads through ``apply(_:to:by:channel:reason:in:)``: load
/// under lock, decide by the pure machine, store with one line of history, settle money, tell people; one commit.
package struct Bookings: Sendable {
  let site: Site
  let ledger: Ledger
  let notices: Notices
  let times: TutorTimes
  let clock: WallClock

  package init(site: Site, ledger: Ledger, notices: Notices, times: TutorTimes = TutorTimes(), clock: WallClock) {
    self.site = site
    self.ledger = ledger
    self.notices = notices
    self.times = times
    self.clock = clock
  }

  /// The time is not free: somebody else has it, or the one who asks has something else on.
  package struct SlotTaken: Error, Equatable, Sendable {
    package let isOwnTime: Bool
    /// Somebody was quicker than this transaction: the store refused it, without saying whose time it was.
    package let isByStore: Bool

    package init(isOwnTime: Bool = false, isByStore: Bool = false) {
      self.isOwnTime = isOwnTime
      self.isByStore = isByStore
    }

    /// What a violated constraint says.
    init?(_ error: PostgresError) {
      guard error.constraint == "one_place_at_a_time" else { return nil }
      self.init(isByStore: true)
    }
  }

  /// The tutor does not teach then, whoever asks.
  package struct NotOffered: Error, Sendable {
    package let reasons: [Availability.Reason]
  }

  /// What a transition came to.
  package struct Change: Sendable {
    package let before: Booked
    package let after: Booked
  }

  // MARK: What Checkout calls

  /// The learner is paying: the hold waits for the gateway. Again is the same.
  @discardableResult
  package func awaitPayment(_ booking: ID<Booking>, in tx: Transaction) async throws -> Booked {
    let booked = try await tx.one(.locked(booking))
    if booked.state == .awaitingPayment { return booked }
    return try await apply(.awaitPayment, to: booked, by: .system, channel: .web, in: tx).after
  }

  package enum PaidOutcome: Sendable {
    /// Requested or confirmed, and the money set aside.
    case secured(Booked)
    /// This payment had been counted before; nothing was done now.
    case already(Booked)
    /// The time could no longer be had, or had been paid for: the money is owed back, and the ledger says so.
    case returned(Money, Booked)
  }

  /// Money for a booking is in: verified, and `amount` exactly what arrived. It is posted as received, then set aside for the
  /// booking, which becomes requested or confirmed; a hold that ran out meanwhile comes back if its time is still free.
  /// Otherwise the money is owed back (`refundsPayable`), and the caller sends it.
  package func paid(
    _ booking: ID<Booking>, payment: ID<Payment>, amount: Money, in tx: Transaction
  ) async throws -> PaidOutcome {
    let facts = try await tx.one(.booking(booking))
    // A hold that comes back takes a time: the locks of tutor and learner come before the row's, as everywhere.
    if facts.state == .expired { try await turn(of: facts.tutor.id, and: facts.learner.id, in: tx) }
    let open = try await tx.one(.locked(booking))
    // The booking's row is locked, so nobody else counts this payment meanwhile.
    if try await ledger.isPosted(.payment, payment, in: tx) { return .already(open) }
    let received = Entry.payment(payment, by: open.learner.id, amount, memo: memo(of: open))
    do {
      guard amount == open.reservation.price else { throw Reservation.Refusal.wrongState }
      if open.state == .expired { try await ensureWithinLimits(open, in: tx) }
      let change = try await tx.savepoint { tx in
        try await apply(.secure, to: open, by: .system, channel: .gateway, receiving: received, in: tx)
      }
      return .secured(change.after)
    } catch let error
      where error is Reservation.Refusal || error is NotOffered
      || (error as? PostgresError).flatMap(SlotTaken.init) != nil
    {
      try await ledger.post(received, in: tx)
      try await ledger.post(.returned(payment, to: open.learner.id, amount, memo: memo(of: open)), in: tx)
      return .returned(amount, open)
    }
  }

  /// The gateway said no. The time is kept as long as it was, so that another card can be tried.
  @discardableResult
  package func paymentFailed(_ booking: ID<Booking>, in tx: Transaction) async throws -> Booked {
    let booked = try await tx.one(.locked(booking))
    guard booked.state == .awaitingPayment else { return booked }
    return try await apply(.failPayment, to: booked, by: .system, channel: .gateway, in: tx).after
  }

  // MARK: What Classroom calls

  /// Both are in the room. Again is the same.
  @discardableResult
  package func begin(_ booking: ID<Booking>, in tx: Transaction) async throws -> Booked {
    let booked = try await tx.one(.locked(booking))
    if booked.state == .inProgress { return booked }
    return try await apply(.begin, to: booked, by: .system, channel: .room, in: tx).after
  }

  /// The lesson is over: what it cost is earned. Again is the same.
  @discardableResult
  package func complete(_ booking: ID<Booking>, by actor: Actor = .system, in tx: Transaction) async throws -> Booked {
    let booked = try await tx.one(.locked(booking))
    if booked.state == .completed { return booked }
    return try await apply(.complete, to: booked, by: actor, channel: .room, in: tx).after
  }

  /// Somebody did not come.
  @discardableResult
  package func noShow(_ booking: ID<Booking>, of absent: Party, by actor: Actor = .system, in tx: Transaction)
    async throws -> Booked
  {
    let booked = try await tx.one(.locked(booking))
    return try await apply(.reportAbsence(of: absent), to: booked, by: actor, channel: .room, in: tx).after
  }

  // MARK: Reading

  /// A booking, for one of its two people; `Failure.notFound` for anybody else.
  package func booking(_ id: ID<Booking>, of user: ID<User>, from store: some Querying) async throws -> Booked {
    try await store.one(.booking(id, of: user))
  }

  /// A booking, for the house itself.
  package func booking(_ id: ID<Booking>, from store: some Querying) async throws -> Booked {
    try await store.one(.booking(id))
  }

  /// The bookings of a person that are still ahead or on, the next first.
  package func upcoming(of user: ID<User>, as party: Party? = nil, limit: Int = 20, from store: some Querying)
    async throws -> [Booked]
  {
    try await store.all(.list(of: user, as: party, isPast: false, now: clock.now, limit: limit))
  }

  /// How many requests wait for a tutor's word.
  package func openRequests(of tutor: ID<User>, from store: some Querying) async throws -> Int {
    try await store.one(.openRequests(of: tutor))
  }

  // MARK: Booking

  /// Takes a time: the row is the hold, and the statement the whole booking, unless the lesson is free (``book(_:channel:in:)``).
  /// Throws ``SlotTaken`` when the store refuses the overlap; a transaction is then of no use any more.
  func hold(_ new: NewBooking, channel: Channel, in store: some Querying) async throws -> Booked {
    do { return try await store.one(.insert(new, by: .learner(new.learner), channel: channel)) } catch let error
      as PostgresError
    {
      throw SlotTaken(error).map { $0 as any Error } ?? error
    }
  }

  /// Takes a time. A free lesson is agreed (or asked for) at once.
  package func book(_ new: NewBooking, channel: Channel, in tx: Transaction) async throws -> Booked {
    let booked = try await hold(new, channel: channel, in: tx)
    // A hold is between the learner and the checkout: nobody else is told, and search does not follow ten minutes.
    guard new.reservation.price.isFree else { return booked }
    return try await apply(.secure, to: booked, by: .learner(new.learner), channel: channel, in: tx).after
  }

  /// What is known of the time of both people of a new booking.
  func diary(for new: NewBooking, in store: some Querying) async throws -> Diary {
    try await times.diary(of: new.offer.tutor, around: new.during, for: new.learner, now: clock.now, in: store)
  }

  /// Judges again with nobody else booking and the rules as they are until the transaction ends: so a limit holds among
  /// many who book at once.
  func judgeAlone(_ new: NewBooking, in tx: Transaction) async throws {
    try await turn(of: new.offer.tutor, and: new.learner, in: tx)
    try judge(new.during, by: try await diary(for: new, in: tx))
  }

  /// The first locks of every transaction that takes a time: the two people's, then the tutor's rules.
  private func turn(of tutor: ID<User>, and learner: ID<User>, in tx: Transaction) async throws {
    try tx.send(.turn(tutor: tutor, learner: learner))
    try await times.lock(tutor, in: tx)
  }

  /// A hold that lapsed does not count against the tutor's limits; coming back it does.
  private func ensureWithinLimits(_ booked: Booked, in tx: Transaction) async throws {
    let stretch = booked.reservation.startsAt..<booked.reservation.endsAt
    let answer = try await times.answer(
      of: booked.tutor.id, for: stretch, learner: booked.learner.id, ignoring: booked.id, now: clock.now, in: tx)
    guard case .refused(let reasons) = answer else { return }
    let limits = reasons.filter {
      switch $0 {
      case .dailyLimit, .weeklyLimit: true
      default: false
      }
    }
    guard limits.isEmpty else { throw NotOffered(reasons: limits) }
  }

  /// Whether the tutor can be had then, by the tutor's rules. Throws ``SlotTaken`` or ``NotOffered``.
  package func ensureOffered(
    _ stretch: Range<Instant>, of tutor: ID<User>, for learner: ID<User>, ignoring booking: ID<Booking>? = nil,
    in store: some Querying
  ) async throws {
    try judge(
      stretch,
      by: try await times.diary(
        of: tutor, around: stretch, for: learner, ignoring: booking, now: clock.now, in: store))
  }

  /// The same for who knows already what tutor and learner have on.
  func judge(_ stretch: Range<Instant>, by diary: Diary) throws {
    guard case .refused(let reasons) = diary.answer(for: stretch, now: clock.now) else { return }
    let others = reasons.filter {
      switch $0 {
      case .busy, .buffer, .ownTime: false
      default: true
      }
    }
    guard others.isEmpty else { throw NotOffered(reasons: others) }
    throw SlotTaken(isOwnTime: !reasons.contains { if case .ownTime = $0 { false } else { true } })
  }

  /// Three times near one that could not be had: nearest first.
  package func alternatives(
    to start: Instant, lasting duration: Duration, of tutor: ID<User>, for learner: ID<User>?, from store: some Querying
  ) async throws -> [Availability.Opening] {
    let now = clock.now
    let around = max(now, start - .days(3))..<max(now, start) + .days(7)
    var found = try await times.openings(
      of: tutor, lasting: duration, in: around, for: learner, now: now, limit: 400, in: store)
    if found.count < 3 {
      found = try await times.next(3, of: tutor, lasting: duration, for: learner, now: now, in: store)
    }
    func distance(_ opening: Availability.Opening) -> Int64 { abs((opening.starts - start).microseconds) }
    return Array(found.sorted { (distance($0), $0.starts) < (distance($1), $1.starts) }.prefix(3))
  }

  // MARK: The one way in

  /// An act on a booking by its id.
  @discardableResult
  package func act(
    _ act: Reservation.Act, on booking: ID<Booking>, by actor: Actor, channel: Channel, reason: String? = nil,
    in tx: Transaction
  ) async throws -> Change {
    switch act {
    case .reschedule, .acceptProposal:
      let facts = try await tx.one(.booking(booking))
      try await turn(of: facts.tutor.id, and: facts.learner.id, in: tx)
    default: break
    }
    return try await apply(
      act, to: try await tx.one(.locked(booking)), by: actor, channel: channel, reason: reason, in: tx)
  }

  /// Decides, stores, settles and tells. `booked` is locked. `receiving` is posted before what the transition itself posts.
  func apply(
    _ act: Reservation.Act, to booked: Booked, by actor: Actor, channel: Channel, reason: String? = nil,
    receiving: Entry? = nil,
    in tx: Transaction
  ) async throws -> Change {
    let now = clock.now
    let step = try booked.reservation.deciding(act, by: actor, at: now)
    var after = booked
    after.reservation = step.after
    var blocked: Range<Instant>?
    if step.after.startsAt != booked.reservation.startsAt {
      let stretch = step.after.startsAt..<step.after.endsAt
      let diary = try await times.diary(
        of: booked.tutor.id, around: stretch, for: booked.learner.id, ignoring: booked.id, now: now, in: tx)
      try judge(stretch, by: diary)
      blocked =
        stretch.lowerBound - (diary.rules?.bufferBefore ?? .zero)..<stretch.upperBound
        + (diary.rules?.bufferAfter ?? .zero)
    }
    try tx.send(
      .store(
        step.after, of: booked.id, blocked: blocked, act: act, from: step.from, by: actor, channel: channel,
        reason: reason.flatMap { $0.isEmpty ? nil : String(String.UnicodeScalarView($0.unicodeScalars.prefix(500))) },
        details: details(act, from: booked, to: after), at: now))
    try await tell(act, before: booked, after: after, by: actor, reason: reason, in: tx)
    if step.from.isSettledTime != step.after.state.isSettledTime || blocked != nil {
      try await times.changed(booked.tutor.id, in: tx)
    }
    try await tx.emit(
      BookingChanged(
        booking: booked.id, tutor: booked.tutor.id, learner: booked.learner.id, from: step.from.rawValue,
        to: step.after.state.rawValue))
    if act == .complete {
      try await tx.emit(
        LessonFinished(
          booking: booked.id, tutor: booked.tutor.id, learner: booked.learner.id, subject: booked.subject, at: now))
    }
    // Last, because the chain's lock is held until the commit, and whoever has it must wait for nobody.
    if let receiving { try await ledger.post(receiving, in: tx) }
    try await settle(step.settlement, of: after, in: tx)
    return Change(before: booked, after: after)
  }

  private func settle(_ settlement: Reservation.Settlement, of booked: Booked, in tx: Transaction) async throws {
    let learner = booked.learner.id
    let tutor = booked.tutor.id
    var memo = memo(of: booked)
    func split(_ amount: Money) -> FeeSplit { FeeSplit(of: amount, basisPoints: booked.feeBasisPoints) }
    switch settlement {
    case .nothing: break
    case .reserve(let price):
      try await ledger.post(.reserve(price, of: learner, for: booked.id, memo: memo), in: tx)
    case .capture(let gross):
      let split = split(gross)
      memo["price"] = "\(gross.amount)"
      memo["fee"] = "\(split.fee.amount)"
      try await ledger.post(.capture(split, of: learner, to: tutor, for: booked.id, memo: memo), in: tx)
    case .release(let back, let kept):
      let split = split(kept)
      memo["back"] = "\(back.amount)"
      memo["kept"] = "\(kept.amount)"
      memo["fee"] = "\(split.fee.amount)"
      try await ledger.post(.release(back, of: learner, keeping: split, to: tutor, for: booked.id, memo: memo), in: tx)
      try await refundDue(back, of: booked, in: tx)
    case .reverse(let gross):
      memo["price"] = "\(gross.amount)"
      try await ledger.post(.reversal(split(gross), to: learner, from: tutor, for: booked.id, memo: memo), in: tx)
      try await refundDue(gross, of: booked, in: tx)
    }
  }

  private func refundDue(_ amount: Money, of booked: Booked, in tx: Transaction) async throws {
    guard !amount.isFree else { return }
    try await tx.emit(
      RefundDue(
        booking: booked.id, learner: booked.learner.id, amount: amount,
        rule: booked.reservation.refund?.rule.rawValue ?? ""))
  }

  /// What the ledger's sentences need. No names: what is chained cannot be forgotten.
  private func memo(of booked: Booked) -> [String: String] {
    ["subject": booked.subjectTitle, "starts_at": booked.reservation.startsAt.rfc3339]
  }

  private func details(_ act: Reservation.Act, from before: Booked, to after: Booked) -> String {
    JSONWriter.text { w in
      w.object { w in
        if before.reservation.startsAt != after.reservation.startsAt {
          w.field("from_start", before.reservation.startsAt)
          w.field("to_start", after.reservation.startsAt)
        }
        if case .propose(let start) = act { w.field("proposed", start) }
        if let refund = after.reservation.refund, before.reservation.refund != refund {
          w.field("refund", refund.amount)
          w.field("rule", refund.rule.rawValue)
        }
      }
    }
  }
}

extension Bookings {
  // MARK: The clock

  /// Closes what the clock closes: overdue holds, unanswered requests, lessons nobody spoke of. Returns how many.
  ///
  /// Each in its own transaction: one that fails does not hold up the others, and is thrown at the end.
  @discardableResult
  package func sweep(_ database: Database, limit: Int = 200) async throws -> Int {
    var done = 0
    var failure: (any Error)?
    for id in try await database.all(.due(at: clock.now, limit: limit)) {
      do {
        try await database.transaction { tx in
          let booked = try await tx.one(.locked(id))
          let act: Reservation.Act = booked.state == .confirmed || booked.state == .inProgress ? .complete : .expire
          _ = try await apply(act, to: booked, by: .system, channel: .job, in: tx)
        }
        done += 1
      } catch is Reservation.Refusal {
        continue  // Somebody was quicker.
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return done
  }

  /// Expires holds whose time is up and that stand in the way. Whether there were any.
  package func expireOverdue(
    in stretch: Range<Instant>, of tutor: ID<User>, or learner: ID<User>, database: Database
  ) async throws -> Bool {
    var any = false
    for id in try await database.all(.overdue(in: stretch, of: tutor, or: learner, at: clock.now)) {
      do {
        try await database.transaction { tx in
          _ = try await apply(.expire, to: try await tx.one(.locked(id)), by: .system, channel: .job, in: tx)
        }
        any = true
      } catch is Reservation.Refusal { any = true }
    }
    return any
  }

  /// Sends a reminder if it still holds.
  func remind(_ reminder: RemindOfLesson, database: Database) async throws {
    try await database.transaction { tx in
      let booked = try await tx.one(.locked(reminder.booking))
      guard booked.state == .confirmed, reminder.isDue(at: clock.now, start: booked.reservation.startsAt) else {
        return
      }
      for party in Party.allCases {
        try await notices.tell(
          booked.person(party).id, "bookings.reminder-\(reminder.lead.rawValue)",
          [
            "with": .text(booked.person(party.other).name), "subject": .text(booked.subjectTitle),
            "at": .moment(booked.reservation.startsAt),
          ],
          link: Doors.booking(booked.id), booking: booked.id, in: tx)
      }
    }
  }

  /// Asks for the reminders of the time as it stands. One that is past due is not asked for.
  func scheduleReminders(_ booked: Booked, in tx: Transaction) async throws {
    for lead in RemindOfLesson.Lead.allCases {
      let due = booked.reservation.startsAt - lead.ahead
      guard due > clock.now else { continue }
      try await tx.enqueue(
        RemindOfLesson(booking: booked.id, lead: lead), at: due,
        key: "\(booked.id) \(lead.rawValue) \(booked.reservation.startsAt.seconds)")
    }
  }
}
