import Core
import Glibc
import TestKit
import Testing

@testable import Ledger

/// The ledger without a database: accounts are sums, and an entry is applied whole or refused whole.
struct PaperLedger {
  var balances: [Account: Int] = [:]
  var posted: Set<String> = []

  enum Refusal: Error { case overdrawn, repeated }

  mutating func post(_ entry: Entry) throws(Refusal) {
    guard posted.insert("\(entry.kind.rawValue) \(entry.reference)").inserted else { throw .repeated }
    for line in entry.lines { balances[line.account, default: 0] += line.amount.amount }
    guard entry.lines.allSatisfy({ $0.account.mayOwe || balances[$0.account]! >= 0 }) else {
      for line in entry.lines { balances[line.account]! -= line.amount.amount }
      throw .overdrawn
    }
  }
}

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

@Suite struct EntryTests {
  @Test func `any sequence of entries weighs nothing, overdraws nobody and loses no money`() throws {
    var (count, random) = property("ledger", count: 20_000)
    let learners = (0..<5).map { _ in ID<User>.new() }
    let tutors = (0..<3).map { _ in ID<User>.new() }
    struct Lesson { let id: ID<Booking>, learner: ID<User>, tutor: ID<User>, price: Int, points: Int }
    var paper = PaperLedger()
    var reserved: [Lesson] = []
    var captured: [(Lesson, Money)] = []
    var paidIn = 0
    var sentBack = 0

    func usd(_ amount: Int) -> Money { Money(amount, .usd) }
    for _ in 0..<count {
      switch Int.random(in: 0..<7, using: &random) {
      case 0, 1:
        let amount = Int.random(in: 1...20_000, using: &random)
        try paper.post(.payment(ID<Payment>.new(), by: learners.randomElement(using: &random)!, usd(amount)))
        paidIn += amount
      case 2:
        let lesson = Lesson(
          id: .new(), learner: learners.randomElement(using: &random)!, tutor: tutors.randomElement(using: &random)!,
          price: Int.random(in: 1...20_000, using: &random), points: Int.random(in: 0...10_000, using: &random))
        let covered = paper.balances[.learnerWallet(lesson.learner), default: 0] >= lesson.price
        do {
          try paper.post(.reserve(usd(lesson.price), of: lesson.learner, for: lesson.id))
          check(covered)
          reserved.append(lesson)
        } catch { check(!covered) }
      case 3:
        guard let at = reserved.indices.randomElement(using: &random) else { continue }
        let lesson = reserved.remove(at: at)
        let split = FeeSplit(of: usd(lesson.price), basisPoints: lesson.points)
        let entry = Entry.capture(split, of: lesson.learner, to: lesson.tutor, for: lesson.id)
        try paper.post(entry)
        check((try? paper.post(entry)) == nil)
        captured.append((lesson, split.gross))
        check(paper.balances[.held(lesson.learner, for: lesson.id.as())] == 0)
      case 4:
        guard let at = reserved.indices.randomElement(using: &random) else { continue }
        let lesson = reserved.remove(at: at)
        let back = Int.random(in: 0...lesson.price, using: &random)
        let kept = FeeSplit(of: usd(lesson.price - back), basisPoints: lesson.points)
        try paper.post(.release(usd(back), of: lesson.learner, keeping: kept, to: lesson.tutor, for: lesson.id))
        check(paper.balances[.held(lesson.learner, for: lesson.id.as())] == 0)
      case 5:
        let learner = learners.randomElement(using: &random)!
        let due = paper.balances[.refundsPayable(learner), default: 0]
        guard due > 0 else { continue }
        let amount = Int.random(in: 1...due, using: &random)
        try paper.post(.refund(ID<Payment>.new(), to: learner, usd(amount)))
        sentBack += amount
      default:
        guard let at = captured.indices.randomElement(using: &random) else { continue }
        let (lesson, gross) = captured.remove(at: at)
        let split = FeeSplit(of: gross, basisPoints: lesson.points)
        try paper.post(.reversal(split, to: lesson.learner, from: lesson.tutor, for: lesson.id))
      }
      check(paper.balances[.gatewayClearing, default: 0] == sentBack - paidIn)
    }
    check(paper.balances.values.reduce(0, +) == 0)
    check(paper.balances.allSatisfy { $0.key.mayOwe || $0.value >= 0 })
  }
}
