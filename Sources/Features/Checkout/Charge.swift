package import Core

/// Where a payment stands. What a gateway says may come twice, late or in any order; the state only ever moves forward.
package struct PaymentState: Equatable, Sendable {
  package enum Stage: String, Sendable, CaseIterable {
    case created, processing
    case requiresAction = "requires_action"
    case succeeded, failed, cancelled

    package var isOpen: Bool {
      switch self {
      case .created, .processing, .requiresAction: true
      case .succeeded, .failed, .cancelled: false
      }
    }
  }

  package let stage: Stage

  package init(_ stage: Stage) { self.stage = stage }

  package enum Step: Equatable, Sendable {
    /// Goes on to this stage.
    case move(Stage)
    /// Says nothing new: a duplicate, or older than what is known.
    case stale
    /// Money arrived for a payment that had been given up: it is taken, for it is there.
    case late(Stage)
    /// Another amount or currency than was asked for: never taken as paid.
    case mismatch
  }

  /// What news from the gateway makes of it.
  package func hearing(_ news: News, expected: Money) -> Step {
    if let amount = news.amount, amount != expected { return .mismatch }
    switch (stage, news.stage) {
    case (.succeeded, _): return .stale
    case (.failed, .succeeded), (.cancelled, .succeeded): return .late(.succeeded)
    case (.failed, _), (.cancelled, _): return .stale
    case (_, .created): return .stale
    case (.processing, .requiresAction): return .stale  // Disorder: the step had been taken.
    case (let now, let then): return now == then ? .stale : .move(then)
    }
  }
}

/// What a gateway says of a charge.
package struct News: Equatable, Sendable {
  /// The gateway's own number of the message; the same message has the same number.
  package let event: String
  /// The gateway's name of the charge.
  package let charge: String
  package let stage: PaymentState.Stage
  package let amount: Money?
  /// Why it did not go through: `declined`, `expired`, `insufficient_funds`.
  package let failure: String?

  package init(event: String, charge: String, stage: PaymentState.Stage, amount: Money?, failure: String? = nil) {
    self.event = event
    self.charge = charge
    self.stage = stage
    self.amount = amount
    self.failure = failure
  }
}
