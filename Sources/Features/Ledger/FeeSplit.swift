package import Core

/// How a price is shared between the tutor and the house: whole minor units, and never one more or less than the price.
package struct FeeSplit: Equatable, Sendable {
  package let gross: Money
  package let fee: Money

  /// What is the tutor's. Computed by subtraction, so that `fee + net == gross` always.
  package var net: Money { gross - fee }

  /// `basisPoints` are hundredths of a percent, 0 to 10,000; the fee is rounded half to even.
  package init(of gross: Money, basisPoints: Int) {
    precondition(gross.amount >= 0 && (0...10_000).contains(basisPoints), "a fee of \(basisPoints) on \(gross)")
    self.gross = gross
    fee = gross.share(basisPoints, of: 10_000)
  }
}
