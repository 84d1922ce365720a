import Core
import TestKit
import Testing

@testable import Checkout

@Suite struct PaymentStateTests {
  private let price = Money(4500, .usd)

  private func news(_ stage: PaymentState.Stage, _ amount: Money? = Money(4500, .usd)) -> News {
    News(event: "e", charge: "c", stage: stage, amount: amount)
  }

  /// How far a stage is: nothing that is heard may lead back.
  private func rank(_ stage: PaymentState.Stage) -> Int {
    switch stage {
    case .created: 0
    case .requiresAction: 1
    case .processing: 2
    case .failed, .cancelled: 3
    case .succeeded: 4
    }
  }

  private func apply(_ step: PaymentState.Step, to state: PaymentState) -> PaymentState {
    switch step {
    case .move(let stage), .late(let stage): PaymentState(stage)
    case .stale, .mismatch: state
    }
  }

  /// Any news, in any order, any number of times. On failure the seed is in the message.
  @Test func `whatever is heard, a payment only moves forward, and ends the same in any order`() {
    let seed = Dice().seed
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for round in 0..<20_000 {
      let heard = (0..<next(12)).map { _ in
        news(
          PaymentState.Stage.allCases[next(6)],
          next(10) == 0 ? Money(1, .usd) : next(10) == 0 ? Money(4500, .eur) : next(5) == 0 ? nil : price)
      }
      var payment = PaymentState(.created)
      var effects = 0
      for item in heard {
        let step = payment.hearing(item, expected: price)
        let after = apply(step, to: payment)
        #expect(
          rank(after.stage) >= rank(payment.stage), "seed \(seed) round \(round): \(payment.stage) heard \(item.stage)")
        if step == .mismatch { #expect(item.amount != price && item.amount != nil, "seed \(seed) round \(round)") }
        if after.stage == .succeeded, payment.stage != .succeeded { effects += 1 }
        // The same news again says nothing new.
        #expect(apply(after.hearing(item, expected: price), to: after) == after, "seed \(seed) round \(round)")
        payment = after
      }
      let isPaid = heard.contains { $0.stage == .succeeded && ($0.amount == nil || $0.amount == price) }
      #expect(
        (payment.stage == .succeeded) == isPaid,
        "seed \(seed) round \(round): money that came is taken, whatever the order")
      #expect(effects == (isPaid ? 1 : 0), "seed \(seed) round \(round)")
    }
  }

  @Test func `another amount or currency is never taken as paid`() {
    for stage in PaymentState.Stage.allCases {
      #expect(PaymentState(stage).hearing(news(.succeeded, Money(4499, .usd)), expected: price) == .mismatch)
      #expect(PaymentState(stage).hearing(news(.succeeded, Money(4500, .eur)), expected: price) == .mismatch)
    }
  }

  @Test func `money for a payment that was given up is taken as late`() {
    for stage in [PaymentState.Stage.failed, .cancelled] {
      #expect(PaymentState(stage).hearing(news(.succeeded), expected: price) == .late(.succeeded))
      #expect(PaymentState(stage).hearing(news(.processing), expected: price) == .stale)
    }
  }
}
