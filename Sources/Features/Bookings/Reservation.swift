package import Core

/// The two people of a lesson.
package enum Party: String, Sendable, CaseIterable {
  case learner, tutor
  package var other: Party { self == .learner ? .tutor : .learner }
}

/// Who acts on a booking. The house itself (clock, gateway, room) has no key.
package enum Actor: Equatable, Sendable {
  case learner(ID<User>)
  case tutor(ID<User>)
  case staff(ID<User>)
  case system

  package var id: ID<User>? {
    switch self {
    case .learner(let id), .tutor(let id), .staff(let id): id
    case .system: nil
    }
  }

  package var kind: String {
    switch self {
    case .learner: "learner"
    case .tutor: "tutor"
    case .staff: "staff"
    case .system: "system"
    }
  }

  package var party: Party? {
    switch self {
    case .learner: .learner
    case .tutor: .tutor
    case .staff, .system: nil
    }
  }
}

/// A booking at one moment: what its rules need and nothing else. A pure machine: ``deciding(_:by:at:)`` answers a
/// transition or a refusal, and changes nothing.
///
/// Invariant, over any sequence of acts: money is set aside exactly in the states of ``State/holdsMoney``, once, and when the
/// booking leaves them what comes back and what is earned are together what was paid.
package struct Reservation: Equatable, Sendable {
  package enum State: String, Sendable, CaseIterable {
    case held
    case awaitingPayment = "awaiting_payment"
    case requested, confirmed
    case inProgress = "in_progress"
    case completed, expired, declined, cancelled
    case noShowLearner = "no_show_learner"
    case noShowTutor = "no_show_tutor"
    case disputed

    /// The states in which the time is taken; the exclusion constraints name the same five.
    package var isLive: Bool {
      switch self {
      case .held, .awaitingPayment, .requested, .confirmed, .inProgress: true
      case .completed, .expired, .declined, .cancelled, .noShowLearner, .noShowTutor, .disputed: false
      }
    }

    /// Paid for and not settled.
    package var holdsMoney: Bool { self == .requested || self == .confirmed || self == .inProgress }
    /// The time is taken for longer than a hold.
    package var isSettledTime: Bool { isLive && !isUnpaid }
    package var isUnpaid: Bool { self == .held || self == .awaitingPayment }
  }

  package enum Mode: String, Sendable, CaseIterable { case instant, request }

  package struct Proposal: Equatable, Sendable {
    package let startsAt: Instant
    package let by: Party
    package init(startsAt: Instant, by: Party) {
      self.startsAt = startsAt
      self.by = by
    }
  }

  package var state: State
  package var mode: Mode
  package var startsAt: Instant
  package var endsAt: Instant
  package var price: Money
  /// What is or was set aside: nothing, or the price.
  package var paid: Money
  package var refund: Refund?
  package var policy: Policy
  package var bookedAt: Instant
  package var holdExpiresAt: Instant?
  package var requestExpiresAt: Instant?
  package var proposal: Proposal?
  package var begunAt: Instant?
  package var finishedAt: Instant?
  /// iCalendar's: rises whenever what stands in people's calendars changes (RFC 5546, 2.1.4).
  package var sequence: Int
  /// The learner moved it when cancelling already had its price.
  package var movedLate = false

  /// A time taken for `holdMinutes`, to be paid for or, when it is free, to be agreed at once.
  package init(
    mode: Mode, startsAt: Instant, endsAt: Instant, price: Money, policy: Policy, at now: Instant
  ) {
    state = .held
    self.mode = mode
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.price = price
    self.policy = policy
    paid = .zero(price.currency)
    bookedAt = now
    holdExpiresAt = min(now + .minutes(policy.holdMinutes), startsAt)
    sequence = 0
  }

  /// A booking as it was stored.
  package init(
    state: State, mode: Mode, startsAt: Instant, endsAt: Instant, price: Money, paid: Money, refund: Refund?,
    policy: Policy,
    bookedAt: Instant, holdExpiresAt: Instant?, requestExpiresAt: Instant?, proposal: Proposal?, begunAt: Instant?,
    finishedAt: Instant?, sequence: Int, movedLate: Bool
  ) {
    self.state = state
    self.mode = mode
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.price = price
    self.paid = paid
    self.refund = refund
    self.policy = policy
    self.bookedAt = bookedAt
    self.holdExpiresAt = holdExpiresAt
    self.requestExpiresAt = requestExpiresAt
    self.proposal = proposal
    self.begunAt = begunAt
    self.finishedAt = finishedAt
    self.sequence = sequence
    self.movedLate = movedLate
  }

  package var length: Duration { endsAt - startsAt }
}

extension Reservation {
  /// What may be done to a booking.
  package enum Act: Equatable, Sendable {
    /// The learner went to the checkout.
    case awaitPayment
    /// The price is in, or there is none.
    case secure
    /// The gateway said no; the time is kept as long as it was.
    case failPayment
    case accept, decline
    case cancel
    case reschedule(to: Instant)
    /// Another time is asked for; the lesson stands until the other side accepts.
    case propose(Instant)
    case acceptProposal, refuseProposal
    case begin, complete
    case reportAbsence(of: Party)
    case expire
    case dispute
    /// Staff close a dispute in favour of one side.
    case rule(for: Party)

    package var name: String {
      switch self {
      case .awaitPayment: "await_payment"
      case .secure: "secure"
      case .failPayment: "fail_payment"
      case .accept: "accept"
      case .decline: "decline"
      case .cancel: "cancel"
      case .reschedule: "reschedule"
      case .propose: "propose"
      case .acceptProposal: "accept_proposal"
      case .refuseProposal: "refuse_proposal"
      case .begin: "begin"
      case .complete: "complete"
      case .reportAbsence: "report_absence"
      case .expire: "expire"
      case .dispute: "dispute"
      case .rule: "rule"
      }
    }
  }

  /// Why not. Each has a sentence of its own.
  package enum Refusal: String, Error, Equatable, Sendable, CaseIterable {
    /// The booking is no longer (or not yet) in a state in which this can be done.
    case wrongState = "wrong_state"
    /// The other side may do this, or staff, but not this person.
    case notYours = "not_yours"
    case holdExpired = "hold_expired"
    case alreadyStarted = "already_started"
    case tooEarly = "too_early"
    case tooLate = "too_late"
    case timeInPast = "time_in_past"
    case sameTime = "same_time"
    case ownProposal = "own_proposal"
    case noProposal = "no_proposal"
  }

  /// What becomes of the money with a transition. The ledger carries it out.
  package enum Settlement: Equatable, Sendable {
    case nothing
    case reserve(Money)
    case capture(Money)
    /// `back` and `kept` are together what was set aside.
    case release(back: Money, kept: Money)
    /// Earned money goes back after a dispute.
    case reverse(Money)
  }

  package struct Transition: Equatable, Sendable {
    package let from: State
    package let after: Reservation
    package let settlement: Settlement
  }
}

extension Reservation {
  /// How early the room opens.
  package static let opening = Duration.minutes(15)

  package func deciding(_ act: Act, by actor: Actor, at now: Instant) throws(Refusal) -> Transition {
    var after = self
    var settlement = Settlement.nothing

    switch act {
    case .awaitPayment:
      guard state == .held else { throw .wrongState }
      guard actor.party == .learner || actor == .system else { throw .notYours }
      guard let expiry = holdExpiresAt, now < expiry else { throw .holdExpired }
      after.state = .awaitingPayment
      // A gateway's extra step takes time: once, the hold is made whole again.
      after.holdExpiresAt = min(max(expiry, now + .minutes(policy.holdMinutes)), startsAt)

    case .secure:
      // Money that was paid is never refused for its lateness alone: an expired hold comes back if the time is still ahead,
      // and the store decides whether it is still free.
      let returns = state == .expired && paid.isFree && requestExpiresAt == nil && actor == .system
      guard state.isUnpaid || returns else { throw .wrongState }
      guard actor == .system || (price.isFree && actor.party == .learner) else { throw .notYours }
      guard now < startsAt else { throw .alreadyStarted }
      if actor != .system, let expiry = holdExpiresAt, now >= expiry { throw .holdExpired }
      after.paid = price
      after.holdExpiresAt = nil
      if mode == .request {
        after.state = .requested
        after.requestExpiresAt = min(now + .hours(policy.requestExpiryHours), startsAt)
      } else {
        after.state = .confirmed
      }
      settlement = price.isFree ? .nothing : .reserve(price)

    case .failPayment:
      guard state == .awaitingPayment else { throw .wrongState }
      guard actor == .system else { throw .notYours }
      after.state = .held

    case .accept:
      guard state == .requested else { throw .wrongState }
      guard actor.party == .tutor else { throw .notYours }
      guard now < startsAt else { throw .alreadyStarted }
      if let expiry = requestExpiresAt, now >= expiry { throw .tooLate }
      after.state = .confirmed
      after.requestExpiresAt = nil
      after.proposal = nil

    case .decline:
      guard state == .requested else { throw .wrongState }
      guard actor.party == .tutor else { throw .notYours }
      settlement = after.giveBack(Refund(paid, paid.isFree ? .unpaid : .notAgreed))
      after.close(as: .declined, at: now)

    case .cancel:
      guard state.isLive, state != .inProgress else { throw .wrongState }
      guard let refund = try cancellation(by: actor, at: now) else { throw .notYours }
      settlement = after.giveBack(refund)
      after.close(as: .cancelled, at: now)

    case .reschedule(let start):
      guard state == .requested || state == .confirmed else { throw .wrongState }
      guard actor.party == .learner else { throw .notYours }
      guard now < startsAt else { throw .alreadyStarted }
      guard now <= policy.movableUntil(start: startsAt) || state == .requested else { throw .tooLate }
      if state == .confirmed, try cancellation(by: actor, at: now)?.amount != paid { after.movedLate = true }
      try after.move(to: start, at: now)
      // A tutor who agrees to each lesson agrees to each time.
      if mode == .request {
        after.state = .requested
        after.requestExpiresAt = min(now + .hours(policy.requestExpiryHours), start)
      }

    case .propose(let start):
      guard state == .requested || state == .confirmed else { throw .wrongState }
      guard let party = actor.party else { throw .notYours }
      guard now < startsAt else { throw .alreadyStarted }
      guard start > now else { throw .timeInPast }
      guard start != startsAt else { throw .sameTime }
      after.proposal = Proposal(startsAt: start, by: party)

    case .acceptProposal:
      guard state == .requested || state == .confirmed else { throw .wrongState }
      guard let proposal else { throw .noProposal }
      guard let party = actor.party else { throw .notYours }
      guard proposal.by != party else { throw .ownProposal }
      guard now < startsAt else { throw .alreadyStarted }
      try after.move(to: proposal.startsAt, at: now)
      after.state = .confirmed
      after.requestExpiresAt = nil

    case .refuseProposal:
      guard state == .requested || state == .confirmed else { throw .wrongState }
      guard proposal != nil else { throw .noProposal }
      guard actor.party != nil else { throw .notYours }
      after.proposal = nil

    case .begin:
      guard state == .confirmed else { throw .wrongState }
      guard now >= startsAt - Self.opening else { throw .tooEarly }
      guard now < endsAt + .hours(policy.settleHours) else { throw .tooLate }
      after.state = .inProgress
      after.begunAt = now
      after.proposal = nil

    case .complete:
      guard state == .inProgress || state == .confirmed else { throw .wrongState }
      switch actor {
      case .system where state == .inProgress, .tutor where state == .inProgress:
        // Two who met early may be done early; that they met is on record, and the learner may dispute for days.
        guard now >= begunAt ?? startsAt else { throw .tooEarly }
      case .learner:
        guard now >= startsAt else { throw .tooEarly }
      case .tutor, .staff:
        guard now >= endsAt else { throw .tooEarly }
      case .system:
        guard now >= endsAt + .hours(policy.settleHours) else { throw .tooEarly }
      }
      settlement = paid.isFree ? .nothing : .capture(paid)
      after.close(as: .completed, at: now)

    case .reportAbsence(let absent):
      // Once both have met, nobody was absent; before that, each may speak of the other, and the room of both.
      guard state == .confirmed || (state == .inProgress && actor == .system) else { throw .wrongState }
      guard actor.party != absent else { throw .notYours }
      guard now >= startsAt + .minutes(policy.noShowMinutes) else { throw .tooEarly }
      settlement = after.giveBack(policy.refund(absent: absent, paid: paid))
      after.close(as: absent == .tutor ? .noShowTutor : .noShowLearner, at: now)

    case .expire:
      guard actor == .system else { throw .notYours }
      switch state {
      case .held, .awaitingPayment:
        guard let expiry = holdExpiresAt, now >= expiry else { throw .tooEarly }
        after.close(as: .expired, at: now)
      case .requested:
        guard now >= min(requestExpiresAt ?? startsAt, startsAt) else { throw .tooEarly }
        settlement = after.giveBack(Refund(paid, paid.isFree ? .unpaid : .notAgreed))
        // Kept, so that an expired request is told from an expired hold: its money is already on its way back.
        let deadline = after.requestExpiresAt ?? startsAt
        after.close(as: .expired, at: now)
        after.requestExpiresAt = deadline
      default: throw .wrongState
      }

    case .dispute:
      guard state == .completed || state == .noShowLearner else { throw .wrongState }
      guard actor.party == .learner else { throw .notYours }
      guard let finished = finishedAt, now <= finished + .days(policy.disputeDays) else { throw .tooLate }
      after.state = .disputed

    case .rule(let party):
      guard state == .disputed else { throw .wrongState }
      guard case .staff = actor else { throw .notYours }
      switch party {
      case .tutor: after.state = .completed
      case .learner:
        let earned = paid - (refund?.amount ?? .zero(paid.currency))
        settlement = earned.isFree ? .nothing : .reverse(earned)
        after.refund = Refund(paid, paid.isFree ? .unpaid : .ruling)
        after.state = .cancelled
      }
      after.finishedAt = finishedAt
    }
    return Transition(from: state, after: after, settlement: settlement)
  }

  /// What cancelling now would give back to the learner; nothing for somebody who may not cancel.
  package func cancellation(by actor: Actor, at now: Instant) throws(Refusal) -> Refund? {
    let who: Party
    switch actor {
    case .learner: who = .learner
    case .tutor: who = .tutor
    case .staff: who = .tutor  // The house calling it off costs the learner nothing either.
    case .system: return nil
    }
    switch state {
    case .held, .awaitingPayment:
      guard who == .learner || actor.party == nil else { return nil }
      return Refund(paid, .unpaid)
    case .requested:
      guard now < startsAt || actor.party == nil else { throw .alreadyStarted }
      if movedLate {
        return policy.refund(at: now, start: startsAt, bookedAt: bookedAt, paid: paid, who: who, movedLate: true)
      }
      return Refund(paid, paid.isFree ? .unpaid : who == .learner ? .notAgreed : .calledOff)
    case .confirmed:
      guard now < startsAt || actor.party == nil else { throw .alreadyStarted }
      return policy.refund(at: now, start: startsAt, bookedAt: bookedAt, paid: paid, who: who, movedLate: movedLate)
    default:
      throw .wrongState
    }
  }

  /// What this person could do now: the buttons of the booking's page, by the same rules that judge them.
  package func possible(for actor: Actor, at now: Instant) -> Set<String> {
    let later = max(startsAt, now) + .days(1)
    let acts: [Act] = [
      .awaitPayment, .secure, .accept, .decline, .cancel, .reschedule(to: later), .propose(later), .acceptProposal,
      .refuseProposal,
      .begin, .complete, .reportAbsence(of: actor.party?.other ?? .tutor), .dispute,
    ]
    return Set(acts.filter { (try? deciding($0, by: actor, at: now)) != nil }.map(\.name))
  }

  private mutating func giveBack(_ refund: Refund) -> Settlement {
    guard state.holdsMoney, !paid.isFree else {
      self.refund = Refund(.zero(price.currency), .unpaid)
      return .nothing
    }
    self.refund = refund
    return .release(back: refund.amount, kept: paid - refund.amount)
  }

  private mutating func close(as state: State, at now: Instant) {
    // What stands in calendars is taken out of them.
    if self.state == .requested || self.state == .confirmed, state != .completed { sequence += 1 }
    self.state = state
    holdExpiresAt = nil
    requestExpiresAt = nil
    proposal = nil
    finishedAt = now
  }

  private mutating func move(to start: Instant, at now: Instant) throws(Refusal) {
    guard start > now else { throw .timeInPast }
    guard start != startsAt else { throw .sameTime }
    endsAt = start + length
    startsAt = start
    proposal = nil
    sequence += 1
  }
}
