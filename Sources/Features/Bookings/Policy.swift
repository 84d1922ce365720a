package import Core
package import JSON

/// The terms of a booking, as data. A copy is frozen into each booking, printed as sentences before paying, and judged by
/// the one function ``refund(at:start:bookedAt:paid:who:)``: what a preview says is what will be done.
package struct Policy: Hashable, Sendable {
  /// Cancelling this long before the start costs nothing.
  package var freeCancelHours = 24
  /// The part of the price that comes back when a learner cancels later than that.
  package var lateRefundPercent = 50
  /// Cancelling this soon after booking costs nothing, however near the start.
  package var graceMinutes = 30
  /// Until how long before the start a learner may move the lesson.
  package var rescheduleCutoffHours = 12
  /// How late somebody may be before the other may say that they did not come.
  package var noShowMinutes = 15
  /// The part of the price that comes back to a learner who did not come.
  package var noShowRefundPercent = 0
  /// How long a time is kept for somebody who has not paid yet.
  package var holdMinutes = 10
  /// How long a tutor may think about a request.
  package var requestExpiryHours = 24
  /// How long after the end a lesson counts as held when neither side says otherwise.
  package var settleHours = 24
  /// How long a learner may object to what became of a lesson.
  package var disputeDays = 7

  package init() {}

  package static let standard = Policy()

  private nonisolated(unsafe) static let fields:
    [(name: String, path: WritableKeyPath<Policy, Int>, range: ClosedRange<Int>)] = [
      ("free_cancel_hours", \.freeCancelHours, 0...720),
      ("late_refund_percent", \.lateRefundPercent, 0...100),
      ("grace_minutes", \.graceMinutes, 0...1440),
      ("reschedule_cutoff_hours", \.rescheduleCutoffHours, 0...720),
      ("no_show_minutes", \.noShowMinutes, 5...120),
      ("no_show_refund_percent", \.noShowRefundPercent, 0...100),
      ("hold_minutes", \.holdMinutes, 1...60),
      ("request_expiry_hours", \.requestExpiryHours, 1...168),
      ("settle_hours", \.settleHours, 1...168),
      ("dispute_days", \.disputeDays, 0...60),
    ]

  package var json: JSON {
    var object = JSON.Object()
    for field in Self.fields { object[field.name] = .int(self[keyPath: field.path]) }
    return .object(object)
  }

  /// Writes the terms as the members of an object.
  func write(to w: inout JSONWriter) {
    for field in Self.fields { w.field(named: field.name, self[keyPath: field.path]) }
  }

  // A house has few terms, and each booking brings some: they are read, and written, once.
  private static let known = Memo<String, Policy>(limit: 512)
  private static let written = Memo<Policy, String>(limit: 512)

  /// The same as text, as it is stored.
  var text: String { Self.written.value(self) { JSONWriter.text { w in w.object { w in write(to: &w) } } } }

  /// Reads what is stored.
  init(stored text: String) throws(JSONError) {
    if let known = Self.known.find(text) {
      self = known
      return
    }
    self.init(json: try JSON.read(text))
    Self.known.hold(self, under: text)
  }

  /// Reads what ``json`` wrote. A term that is missing or out of range has the house's standard value: terms were checked
  /// when they were written, and a booking must stay readable whatever terms are added later.
  package init(json: JSON) {
    for field in Self.fields {
      if let value = json[field.name]?.int, field.range.contains(value) { self[keyPath: field.path] = value }
    }
  }
}

/// What comes back, and by which rule.
package struct Refund: Equatable, Sendable {
  package enum Rule: String, Sendable, CaseIterable {
    /// Nothing had been paid.
    case unpaid
    /// The tutor had not agreed yet.
    case notAgreed = "not_agreed"
    /// Early enough before the start.
    case early
    /// Soon after booking.
    case grace
    /// Later than that: a part comes back.
    case late
    /// Moved when it was already late to cancel: moving does not make it early again.
    case movedLate = "moved_late"
    /// The tutor, or the house, called it off.
    case calledOff = "called_off"
    case learnerAbsent = "learner_absent"
    case tutorAbsent = "tutor_absent"
    /// Staff decided for the learner.
    case ruling
  }

  package let amount: Money
  package let rule: Rule

  package init(_ amount: Money, _ rule: Rule) {
    self.amount = amount
    self.rule = rule
  }
}

extension Policy {
  /// What a cancellation of an agreed lesson by `who` at `now` gives back of `paid`. The one rule for preview and execution.
  package func refund(
    at now: Instant, start: Instant, bookedAt: Instant, paid: Money, who: Party, movedLate: Bool = false
  ) -> Refund {
    guard !paid.isFree else { return Refund(paid, .unpaid) }
    guard who == .learner else { return Refund(paid, .calledOff) }
    if movedLate { return Refund(paid.share(lateRefundPercent, of: 100), .movedLate) }
    if now <= start - .hours(freeCancelHours) { return Refund(paid, .early) }
    if now <= bookedAt + .minutes(graceMinutes), now < start { return Refund(paid, .grace) }
    return Refund(paid.share(lateRefundPercent, of: 100), .late)
  }

  /// What comes back when somebody did not come.
  package func refund(absent: Party, paid: Money) -> Refund {
    guard !paid.isFree else { return Refund(paid, .unpaid) }
    return absent == .tutor
      ? Refund(paid, .tutorAbsent) : Refund(paid.share(noShowRefundPercent, of: 100), .learnerAbsent)
  }

  /// Until when cancelling costs the learner nothing; `nil` when it already costs something.
  package func freeUntil(start: Instant, bookedAt: Instant, now: Instant) -> Instant? {
    let until = max(start - .hours(freeCancelHours), min(bookedAt + .minutes(graceMinutes), start))
    return now <= until ? until : nil
  }

  /// Until when the learner may move the lesson.
  package func movableUntil(start: Instant) -> Instant { start - .hours(rescheduleCutoffHours) }
}

/// One of the terms in plain words: the key of a message and its figures.
package struct Sentence: Equatable, Sendable {
  package let key: String
  package let figures: [String: Int]
}

extension Policy {
  /// The terms as they are printed before paying and on the booking.
  package func sentences(mode: Reservation.Mode, isFree: Bool) -> [Sentence] {
    var out: [Sentence] = []
    if isFree {
      out.append(Sentence(key: "bookings.policy.free_lesson", figures: [:]))
    } else {
      out.append(Sentence(key: "bookings.policy.free_cancel", figures: ["hours": freeCancelHours]))
      if graceMinutes > 0 { out.append(Sentence(key: "bookings.policy.grace", figures: ["minutes": graceMinutes])) }
      out.append(
        lateRefundPercent == 0
          ? Sentence(key: "bookings.policy.late_nothing", figures: [:])
          : Sentence(key: "bookings.policy.late", figures: ["percent": lateRefundPercent]))
      out.append(Sentence(key: "bookings.policy.tutor_cancels", figures: [:]))
    }
    out.append(Sentence(key: "bookings.policy.reschedule", figures: ["hours": rescheduleCutoffHours]))
    if !isFree {
      out.append(
        noShowRefundPercent == 0
          ? Sentence(key: "bookings.policy.no_show_nothing", figures: ["minutes": noShowMinutes])
          : Sentence(
            key: "bookings.policy.no_show", figures: ["minutes": noShowMinutes, "percent": noShowRefundPercent]))
    }
    if mode == .request {
      out.append(Sentence(key: "bookings.policy.request", figures: ["hours": requestExpiryHours]))
    }
    return out
  }
}
