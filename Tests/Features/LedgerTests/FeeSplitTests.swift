import Core
import Testing

@testable import Ledger

@Suite struct FeeSplitTests {
  @Test func `a split never makes or loses a minor unit`() {
    for gross in (0...400).map({ $0 * 7 }) + [1, 99, 2_147_483_647] {
      for basisPoints in [0, 1, 33, 1500, 1800, 1999, 5000, 9999, 10_000] {
        let split = FeeSplit(of: Money(gross, .usd), basisPoints: basisPoints)
        #expect(split.fee + split.net == split.gross)
        #expect(split.fee.amount >= 0 && split.net.amount >= 0)
      }
    }
  }

  @Test func `the standard fee of eighteen percent is what a person would compute`() {
    #expect(FeeSplit(of: Money(4500, .usd), basisPoints: 1800).fee == Money(810, .usd))
    #expect(FeeSplit(of: Money(4500, .usd), basisPoints: 1800).net == Money(3690, .usd))
    #expect(FeeSplit(of: Money(500, .jpy), basisPoints: 1850).fee == Money(92, .jpy))  // 92.5, half to even
  }
}
