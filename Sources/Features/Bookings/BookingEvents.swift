package import Core
import Jobs

/// A booking is in another state, or at another time. For what shows bookings live. A hold that is taken is not told of.
package struct BookingChanged: Event {
  package static let name = "bookings.changed"
  package let booking: ID<Booking>
  package let tutor: ID<User>
  package let learner: ID<User>
  package let from: String
  package let to: String
}

/// Money that had been set aside for a booking goes back to the learner: declined, unanswered, cancelled, not held, or ruled
/// so. The ledger has it as owed; whoever speaks with gateways sends it.
package struct RefundDue: Event {
  package static let name = "bookings.refund-due"
  package let booking: ID<Booking>
  package let learner: ID<User>
  package let amount: Money
  /// A `Refund.Rule`.
  package let rule: String
}

/// A lesson was held; what it cost is earned.
package struct LessonFinished: Event {
  package static let name = "bookings.lesson-finished"
  package let booking: ID<Booking>
  package let tutor: ID<User>
  package let learner: ID<User>
  package let subject: ID<Subject>
  package let at: Instant
}
