import Core
import TestDatabase
import Testing
import Time

@Suite struct InstantSetTests {
  private func set(_ bounds: (Int64, Int64)...) -> InstantSet {
    InstantSet(bounds.map { Instant(seconds: $0.0)..<Instant(seconds: $0.1) })
  }

  @Test func `stretches that touch or overlap become one, empty ones vanish`() {
    #expect(set((5, 9), (1, 3), (3, 5), (20, 20), (7, 12)) == set((1, 12)))
    #expect(set((1, 3), (4, 5)).ranges.count == 2)
    #expect(set((4, 4)).isEmpty)
  }

  @Test func `sets combine as their members do`() {
    var dice = Dice(20_261_120)
    for _ in 0..<400 {
      func random(_ dice: inout Dice) -> InstantSet {
        InstantSet(
          (0..<dice.roll(0...6)).map { _ in
            let at = Int64(dice.roll(0...40))
            return Instant(seconds: at)..<Instant(seconds: at + Int64(dice.roll(0...9)))
          })
      }
      let a = random(&dice)
      let b = random(&dice)
      for second in -1...55 as ClosedRange<Int64> {
        let at = Instant(seconds: second)
        #expect(a.union(b).contains(at) == (a.contains(at) || b.contains(at)))
        #expect(a.intersection(b).contains(at) == (a.contains(at) && b.contains(at)))
        #expect(a.subtracting(b).contains(at) == (a.contains(at) && !b.contains(at)))
        let range = at..<at + .seconds(3)
        let members = (0..<3).map { a.contains(at + .seconds($0)) }
        #expect(a.contains(range) == members.allSatisfy { $0 })
        #expect(a.overlaps(range) == members.contains(true))
      }
      // The canonical form: equal sets are equal values.
      #expect(a.union(b) == b.union(a) && a.intersection(b) == b.intersection(a))
      #expect(a.subtracting(b).union(a.intersection(b)) == a)
    }
  }
}
