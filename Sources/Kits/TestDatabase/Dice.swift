import Glibc

/// Random numbers that are the same in every run, so that no test depends on luck: SplitMix64 (Steele, Lea, Flood 2014).
/// `SEED` in the environment throws others; say it in what a failure tells.
package struct Dice: RandomNumberGenerator, Sendable {
  /// What brings these numbers back.
  package let seed: UInt64
  private var state: UInt64

  /// From `SEED`, or a number that never changes.
  package init() { self.init(getenv("SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_120) }

  package init(_ seed: UInt64) {
    self.seed = seed
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
