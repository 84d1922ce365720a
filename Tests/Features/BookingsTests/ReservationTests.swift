import Core
import Glibc
import TestKit
import Testing

@testable import Bookings

/// How many operations a property runs through, and from which seed: `COUNT` and `SEED` in the environment.
func property(_ name: String, count standard: Int) -> (count: Int, random: Dice) {
  let count = getenv("COUNT").flatMap { Int(String(cString: $0)) } ?? standard
  let dice = Dice()
  print("\(name): \(count) operations, SEED=\(dice.seed)")
  return (count, dice)
}

/// `#expect` costs too much to be asked a million times; this one costs nothing until it fails.
func check(_ holds: Bool, _ words: @autoclosure () -> String = "", at place: SourceLocation = #_sourceLocation) {
  if !holds { Issue.record("\(words())", sourceLocation: place) }
}

@Suite struct ReservationTests {
  let now = Instant(rfc3339: "2026-11-20T12:00:00Z")!
  let learner = Actor.learner(.new())
  let tutor = Actor.tutor(.new())
  let staff = Actor.staff(.new())

  func reservation(
    _ mode: Reservation.Mode = .instant, in ahead: Duration = .hours(72), price: Int = 4500
  ) -> Reservation {
    Reservation(
      mode: mode, startsAt: now + ahead, endsAt: now + ahead + .hours(1), price: Money(price, .usd), policy: .standard,
      at: now)
  }

  func confirmed(in ahead: Duration = .hours(72), price: Int = 4500) throws -> Reservation {
    try reservation(in: ahead, price: price).deciding(.secure, by: .system, at: now).after
  }

  @Test func `a paid instant booking goes from hold to completed, and its money with it`() throws {
    var booking = reservation()
    booking = try booking.deciding(.awaitPayment, by: learner, at: now).after
    #expect(booking.state == .awaitingPayment)
    let secured = try booking.deciding(.secure, by: .system, at: now + .minutes(2))
    #expect(secured.settlement == .reserve(Money(4500, .usd)))
    #expect(secured.after.state == .confirmed)
    let begun = try secured.after.deciding(.begin, by: .system, at: booking.startsAt - .minutes(5)).after
    #expect(begun.state == .inProgress)
    let done = try begun.deciding(.complete, by: tutor, at: booking.endsAt)
    #expect(done.settlement == .capture(Money(4500, .usd)))
    #expect(done.after.state == .completed)
  }

  @Test func `two who met early may be done early, one who waits alone may not`() throws {
    let booking = try confirmed()
    let early = booking.startsAt - .minutes(10)
    #expect(throws: Reservation.Refusal.tooEarly) { try booking.deciding(.complete, by: tutor, at: early) }
    let begun = try booking.deciding(.begin, by: .system, at: early).after
    #expect(try begun.deciding(.complete, by: tutor, at: early + .minutes(5)).after.state == .completed)
    #expect(throws: Reservation.Refusal.tooEarly) {
      try begun.deciding(.complete, by: learner, at: early + .minutes(5))
    }
  }

  @Test func `a request waits for the tutor, who may decline it with everything given back`() throws {
    let requested = try reservation(.request).deciding(.secure, by: .system, at: now).after
    #expect(requested.state == .requested)
    #expect(throws: Reservation.Refusal.notYours) { try requested.deciding(.accept, by: learner, at: now) }
    #expect(try requested.deciding(.accept, by: tutor, at: now).after.state == .confirmed)
    let declined = try requested.deciding(.decline, by: tutor, at: now)
    #expect(declined.settlement == .release(back: Money(4500, .usd), kept: Money(0, .usd)))
    #expect(declined.after.refund?.rule == .notAgreed)
  }

  @Test func `cancelling follows the printed terms, to the second`() throws {
    let booking = try confirmed()
    let free = booking.startsAt - .hours(24)
    let early = try booking.deciding(.cancel, by: learner, at: free)
    #expect(early.after.refund == Refund(Money(4500, .usd), .early))
    let late = try booking.deciding(.cancel, by: learner, at: free + .seconds(1))
    #expect(late.after.refund == Refund(Money(2250, .usd), .late))
    #expect(late.settlement == .release(back: Money(2250, .usd), kept: Money(2250, .usd)))
    #expect(throws: Reservation.Refusal.alreadyStarted) {
      try booking.deciding(.cancel, by: learner, at: booking.startsAt)
    }
    let calledOff = try booking.deciding(.cancel, by: tutor, at: booking.startsAt - .minutes(1))
    #expect(calledOff.after.refund == Refund(Money(4500, .usd), .calledOff))
    let soon = try confirmed(in: .hours(3))
    #expect(try soon.deciding(.cancel, by: learner, at: now + .minutes(30)).after.refund?.rule == .grace)
    #expect(try soon.deciding(.cancel, by: learner, at: now + .minutes(31)).after.refund?.rule == .late)
  }

  @Test func `the preview of a cancellation is what the cancellation does`() throws {
    for hours in stride(from: 1, to: 100, by: 3) {
      let booking = try confirmed(in: .hours(hours))
      for minutes in stride(from: 0, to: hours * 60, by: 17) {
        let at = now + .minutes(minutes)
        #expect(
          try booking.cancellation(by: learner, at: at) == booking.deciding(.cancel, by: learner, at: at).after.refund)
      }
    }
  }

  @Test func `moving a lesson late does not make cancelling it free`() throws {
    let booking = try confirmed(in: .hours(20))
    let at = now + .hours(2)
    let moved = try booking.deciding(.reschedule(to: now + .days(9)), by: learner, at: at).after
    #expect(moved.movedLate && moved.sequence == 1)
    #expect(try moved.cancellation(by: learner, at: at + .minutes(1)) == Refund(Money(2250, .usd), .movedLate))
    #expect(try moved.cancellation(by: tutor, at: at + .minutes(1)) == Refund(Money(4500, .usd), .calledOff))
    #expect(throws: Reservation.Refusal.tooLate) {
      try booking.deciding(.reschedule(to: now + .days(9)), by: learner, at: booking.startsAt - .hours(11))
    }
  }

  @Test func `a proposal changes nothing until the other side accepts it`() throws {
    let booking = try confirmed()
    let asked = try booking.deciding(.propose(now + .hours(80)), by: tutor, at: now).after
    #expect(asked.startsAt == booking.startsAt)
    #expect(throws: Reservation.Refusal.ownProposal) { try asked.deciding(.acceptProposal, by: tutor, at: now) }
    let moved = try asked.deciding(.acceptProposal, by: learner, at: now).after
    #expect(moved.startsAt == now + .hours(80) && moved.endsAt == now + .hours(81) && moved.state == .confirmed)
    #expect(!moved.movedLate)
  }

  @Test func `money that comes after the hold ran out still finds its booking`() throws {
    let expired = try reservation().deciding(.expire, by: .system, at: now + .minutes(10)).after
    #expect(expired.state == .expired)
    #expect(try expired.deciding(.secure, by: .system, at: now + .minutes(11)).after.state == .confirmed)
    #expect(throws: Reservation.Refusal.wrongState) {
      try expired.deciding(.secure, by: learner, at: now + .minutes(11))
    }
    let request = try reservation(.request).deciding(.secure, by: .system, at: now).after
    let unanswered = try request.deciding(.expire, by: .system, at: now + .hours(24)).after
    #expect(unanswered.refund == Refund(Money(4500, .usd), .notAgreed))
    #expect(throws: Reservation.Refusal.wrongState) {
      try unanswered.deciding(.secure, by: .system, at: now + .hours(25))
    }
  }

  @Test func `nobody speaks of their own absence, nor too early`() throws {
    let booking = try confirmed()
    let late = booking.startsAt + .minutes(15)
    #expect(throws: Reservation.Refusal.tooEarly) {
      try booking.deciding(.reportAbsence(of: .tutor), by: learner, at: late - .seconds(1))
    }
    #expect(throws: Reservation.Refusal.notYours) {
      try booking.deciding(.reportAbsence(of: .tutor), by: tutor, at: late)
    }
    let tutorAway = try booking.deciding(.reportAbsence(of: .tutor), by: learner, at: late)
    #expect(tutorAway.after.state == .noShowTutor)
    #expect(tutorAway.settlement == .release(back: Money(4500, .usd), kept: Money(0, .usd)))
    let learnerAway = try booking.deciding(.reportAbsence(of: .learner), by: tutor, at: late)
    #expect(learnerAway.settlement == .release(back: Money(0, .usd), kept: Money(4500, .usd)))
    let disputed = try learnerAway.after.deciding(.dispute, by: learner, at: late + .days(2)).after
    let ruled = try disputed.deciding(.rule(for: .learner), by: staff, at: late + .days(3))
    #expect(ruled.settlement == .reverse(Money(4500, .usd)))
  }

  @Test func `a free lesson moves no money, whatever becomes of it`() throws {
    let booking = try reservation(price: 0).deciding(.secure, by: learner, at: now)
    #expect(booking.settlement == .nothing && booking.after.state == .confirmed)
    #expect(try booking.after.deciding(.cancel, by: learner, at: now).settlement == .nothing)
    #expect(try booking.after.deciding(.complete, by: learner, at: booking.after.endsAt).settlement == .nothing)
  }

  @Test func `any sequence of acts keeps money and state together`() {
    var (count, random) = property("bookings", count: 20_000)
    var seen: Set<Reservation.State> = [.held]
    var done = 0
    while done < count {
      var policy = Policy()
      policy.lateRefundPercent = Int.random(in: 0...100, using: &random)
      policy.noShowRefundPercent = Int.random(in: 0...100, using: &random)
      policy.freeCancelHours = Int.random(in: 0...48, using: &random)
      policy.rescheduleCutoffHours = Int.random(in: 0...48, using: &random)
      let start = now + .minutes(Int.random(in: 20...6000, using: &random))
      let price = Money(Bool.random(using: &random) ? Int.random(in: 0...99_999, using: &random) : 0, .usd)
      var booking = Reservation(
        mode: Bool.random(using: &random) ? .instant : .request, startsAt: start, endsAt: start + .minutes(60),
        price: price,
        policy: policy, at: now)
      var clock = now
      var aside = 0
      var back = 0
      var earned = 0
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        done += 1
        // Time stands still, creeps, or jumps to where something happens.
        switch Int.random(in: 0..<5, using: &random) {
        case 0: clock += .seconds(Int.random(in: 0...900, using: &random))
        case 1: clock += .minutes(Int.random(in: 0...600, using: &random))
        case 2: clock = max(clock, booking.startsAt + .minutes(Int.random(in: -20...80, using: &random)))
        default: break
        }
        let other = clock + .minutes(Int.random(in: -60...9000, using: &random))
        let acts: [Reservation.Act] = [
          .awaitPayment, .secure, .secure, .failPayment, .accept, .decline, .cancel, .reschedule(to: other),
          .propose(other),
          .acceptProposal, .refuseProposal, .begin, .begin, .complete, .complete, .reportAbsence(of: .learner),
          .reportAbsence(of: .tutor), .expire, .dispute, .rule(for: .learner), .rule(for: .tutor),
        ]
        let act = acts.randomElement(using: &random)!
        let actor = [learner, tutor, staff, .system].randomElement(using: &random)!
        guard let step = try? booking.deciding(act, by: actor, at: clock) else { continue }
        switch step.settlement {
        case .nothing: break
        case .reserve(let amount):
          check(aside == 0 && amount == price && back + earned == 0)
          aside += amount.amount
        case .capture(let amount):
          check(amount.amount == aside)
          aside = 0
          earned += amount.amount
        case .release(let returned, let kept):
          check(returned.amount + kept.amount == aside && returned.amount >= 0 && kept.amount >= 0)
          aside = 0
          back += returned.amount
          earned += kept.amount
        case .reverse(let amount):
          check(amount.amount == earned)
          earned = 0
          back += amount.amount
        }
        let after = step.after
        seen.insert(after.state)
        check(step.from == booking.state)
        check(
          after.state.holdsMoney ? aside == price.amount : aside == 0,
          "\(act) led to \(after.state) with \(aside) aside")
        check(aside + back + earned == (after.paid.isFree ? 0 : price.amount))
        check(after.length == booking.length)
        check(after.sequence >= booking.sequence)
        check(after.startsAt == booking.startsAt || after.sequence > booking.sequence)
        check(!after.state.isUnpaid || after.holdExpiresAt != nil)
        check(after.state != .inProgress || after.begunAt != nil)
        check(after.refund.map { $0.amount.amount <= after.paid.amount && $0.amount.amount == back } ?? (back == 0))
        check(after.state.isLive || after.finishedAt != nil)
        booking = after
      }
    }
    check(
      count < 100_000 || seen.count == Reservation.State.allCases.count,
      "unreached: \(Set(Reservation.State.allCases).subtracting(seen))")
  }
}
