import CArgon2

/// Password hashing by argon2id (RFC 9106), kept as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
///
/// Each call fills 19 MiB and takes tens of milliseconds of one core. **Never call these on a loop**: run them in the
/// kit Loop's `BlockingPool`, whose bounded threads also keep a storm of sign-ins from taking the machine.
package enum Password {
  /// What a hash costs. The standard is OWASP's least: 19 MiB, two passes, one lane.
  package struct Cost: Sendable, Equatable {
    /// In KiB.
    package let memory: UInt32
    package let passes: UInt32
    package let lanes: UInt32

    package init(memory: UInt32, passes: UInt32, lanes: UInt32) {
      self.memory = memory
      self.passes = passes
      self.lanes = lanes
    }

    package static let standard = Cost(memory: 19_456, passes: 2, lanes: 1)
    /// For tests that make hundreds of people. Worth nothing against an attacker.
    package static let cheap = Cost(memory: 64, passes: 1, lanes: 1)
  }

  /// The longest password taken, in bytes; longer ones are refused by whoever asks for them, not cut.
  package static let longest = 1024

  /// Blocks. A PHC string under a fresh 16-byte salt. Stops the process when memory is exhausted.
  package static func hash(_ password: String, cost: Cost = .standard) -> String {
    let bytes = Array(password.utf8)
    let salt = Random.bytes(16)
    let length = argon2_encodedlen(cost.passes, cost.memory, cost.lanes, 16, 32, Argon2_id)
    var text = [CChar](repeating: 0, count: length)
    let result = argon2id_hash_encoded(
      cost.passes, cost.memory, cost.lanes, bytes, bytes.count, salt, salt.count, 32, &text, text.count)
    precondition(result == ARGON2_OK.rawValue, "argon2: \(result)")
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Blocks. Whether the password made this PHC string. A string that is none, or costs far more than ours, is no match.
  package static func verify(_ password: String, against phc: String) -> Bool {
    guard let cost = cost(of: phc), cost.memory <= 1 << 20, cost.passes <= 64, cost.lanes <= 16 else { return false }
    let bytes = Array(password.utf8)
    return argon2id_verify(phc, bytes, bytes.count) == ARGON2_OK.rawValue
  }

  /// Whether the hash was made under another cost than is wanted now; then it is renewed at the next sign-in.
  package static func needsRehash(_ phc: String, cost wanted: Cost = .standard) -> Bool { cost(of: phc) != wanted }

  /// Blocks as long as ``verify(_:against:)`` does and always says no: for addresses nobody has, so that the time taken
  /// does not tell them from others.
  package static func verifyNobody(_ password: String) -> Bool {
    _ = verify(password, against: nobody)
    return false
  }

  private static let nobody = hash(Random.token())

  private static func cost(of phc: String) -> Cost? {
    let fields = phc.split(separator: "$", omittingEmptySubsequences: false)
    guard fields.count == 6, fields[0].isEmpty, fields[1] == "argon2id", fields[2] == "v=19" else { return nil }
    let numbers = fields[3].split(separator: ",").map { $0.split(separator: "=", maxSplits: 1) }
    guard numbers.count == 3, numbers.allSatisfy({ $0.count == 2 }), numbers.map(\.[0]) == ["m", "t", "p"],
      let memory = UInt32(numbers[0][1]), let passes = UInt32(numbers[1][1]), let lanes = UInt32(numbers[2][1])
    else { return nil }
    return Cost(memory: memory, passes: passes, lanes: lanes)
  }
}
