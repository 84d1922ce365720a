package import Core

/// The key of whatever an entry is about: a booking, a payment, a payout. The ledger does not look behind it.
package enum Reference {}
package enum LedgerTransaction {}
package enum LedgerAccount {}

/// Whose money, and what for. Every account but ``gatewayClearing`` holds what is owed to its owner.
package enum Account: Hashable, Sendable {
  /// Where money comes from and goes back to; minus what the outside world has put in.
  case gatewayClearing
  /// Paid in and not yet set aside for anything.
  case learnerWallet(ID<User>)
  /// Set aside for one purpose until it is known what becomes of it.
  case held(ID<User>, for: ID<Reference>)
  case tutorPayable(ID<User>)
  case platformFees
  /// On its way back through the gateway.
  case refundsPayable(ID<User>)

  package enum Kind: String, Sendable, CaseIterable {
    case gatewayClearing = "gateway_clearing"
    case learnerWallet = "learner_wallet"
    case held
    case tutorPayable = "tutor_payable"
    case platformFees = "platform_fees"
    case refundsPayable = "refunds_payable"
  }

  package var kind: Kind {
    switch self {
    case .gatewayClearing: .gatewayClearing
    case .learnerWallet: .learnerWallet
    case .held: .held
    case .tutorPayable: .tutorPayable
    case .platformFees: .platformFees
    case .refundsPayable: .refundsPayable
    }
  }

  package var owner: ID<User>? {
    switch self {
    case .gatewayClearing, .platformFees: nil
    case .learnerWallet(let user), .held(let user, _), .tutorPayable(let user), .refundsPayable(let user): user
    }
  }

  package var purpose: ID<Reference>? {
    if case .held(_, let purpose) = self { purpose } else { nil }
  }

  /// Nobody's own money may fall below nothing; the store refuses it too.
  package var mayOwe: Bool {
    switch self {
    case .gatewayClearing, .tutorPayable, .platformFees: true
    case .learnerWallet, .held, .refundsPayable: false
    }
  }
}

/// One balanced set of postings, named by what happened and to what. The pair is unique: posted again, it is a no-op.
package struct Entry: Equatable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Money arrived through a gateway.
    case payment
    /// Paid money was set aside.
    case reserve
    /// What was set aside was earned.
    case capture
    /// What was set aside was given back, all or in part; the rest was earned.
    case release
    /// Money went back through a gateway.
    case refund
    /// Earned money was taken back after a dispute.
    case reversal
    /// A tutor was paid out.
    case payout
    /// Money paid for what could no longer be had goes back.
    case returned
    /// What one account held is another's, because both are one person.
    case merge
  }

  package struct Line: Equatable, Sendable {
    package let account: Account
    package let amount: Money
    package init(_ account: Account, _ amount: Money) {
      self.account = account
      self.amount = amount
    }
  }

  package let kind: Kind
  package let reference: ID<Reference>
  package let lines: [Line]
  /// Parameters of the plain sentence that explains this entry; no personal data beyond what its readers may see.
  package let memo: [String: String]

  /// Lines of nothing are left out. What does not balance is a mistake in the program, and it stops.
  package init<Of>(_ kind: Kind, _ reference: ID<Of>, memo: [String: String] = [:], lines: [Line]) {
    self.kind = kind
    self.reference = reference.as()
    self.memo = memo
    self.lines = lines.filter { $0.amount.amount != 0 }
    var sums: [Currency: Int] = [:]
    for line in lines { sums[line.amount.currency, default: 0] += line.amount.amount }
    precondition(sums.values.allSatisfy { $0 == 0 }, "\(kind) does not balance")
  }

  /// An entry that moves nothing is not posted: what is free leaves no trace here.
  package var isEmpty: Bool { lines.isEmpty }
}

extension Entry {
  /// A gateway says that `amount` arrived: it is the learner's, and not yet set aside.
  package static func payment<Of>(
    _ payment: ID<Of>, by learner: ID<User>, _ amount: Money, memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .payment, payment, memo: memo, lines: [.init(.gatewayClearing, -amount), .init(.learnerWallet(learner), amount)])
  }

  /// Sets `price` aside for `purpose`, out of what the learner has paid in.
  package static func reserve<Of>(
    _ price: Money, of learner: ID<User>, for purpose: ID<Of>, memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .reserve, purpose, memo: memo,
      lines: [.init(.learnerWallet(learner), -price), .init(.held(learner, for: purpose.as()), price)])
  }

  /// What was set aside for `purpose` is earned: the tutor's share and the house's, by the frozen fee.
  package static func capture<Of>(
    _ split: FeeSplit, of learner: ID<User>, to tutor: ID<User>, for purpose: ID<Of>, memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .capture, purpose, memo: memo,
      lines: [
        .init(.held(learner, for: purpose.as()), -split.gross), .init(.tutorPayable(tutor), split.net),
        .init(.platformFees, split.fee),
      ])
  }

  /// `back` of what was set aside goes back to the learner through the gateway; `kept` is earned.
  package static func release<Of>(
    _ back: Money, of learner: ID<User>, keeping kept: FeeSplit, to tutor: ID<User>, for purpose: ID<Of>,
    memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .release, purpose, memo: memo,
      lines: [
        .init(.held(learner, for: purpose.as()), -(back + kept.gross)), .init(.refundsPayable(learner), back),
        .init(.tutorPayable(tutor), kept.net), .init(.platformFees, kept.fee),
      ])
  }

  /// The gateway has sent `amount` back to the learner.
  package static func refund<Of>(_ refund: ID<Of>, to learner: ID<User>, _ amount: Money, memo: [String: String] = [:])
    -> Entry
  {
    Entry(
      .refund, refund, memo: memo, lines: [.init(.refundsPayable(learner), -amount), .init(.gatewayClearing, amount)])
  }

  /// After a dispute: what the tutor and the house had earned goes back to the learner.
  package static func reversal<Of>(
    _ split: FeeSplit, to learner: ID<User>, from tutor: ID<User>, for purpose: ID<Of>, memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .reversal, purpose, memo: memo,
      lines: [
        .init(.tutorPayable(tutor), -split.net), .init(.platformFees, -split.fee),
        .init(.refundsPayable(learner), split.gross),
      ])
  }

  /// What the learner has paid in and can no longer spend as meant goes back through the gateway.
  package static func returned<Of>(
    _ payment: ID<Of>, to learner: ID<User>, _ amount: Money, memo: [String: String] = [:]
  ) -> Entry {
    Entry(
      .returned, payment, memo: memo,
      lines: [.init(.learnerWallet(learner), -amount), .init(.refundsPayable(learner), amount)])
  }

  /// Earnings sent to the tutor.
  package static func payout<Of>(_ payout: ID<Of>, to tutor: ID<User>, _ amount: Money, memo: [String: String] = [:])
    -> Entry
  {
    Entry(.payout, payout, memo: memo, lines: [.init(.tutorPayable(tutor), -amount), .init(.gatewayClearing, amount)])
  }
}
