package import Core
package import Crypto

// Proof of work (after Hashcash, Back 2002). A challenge is
//
//   expiry "." bits "." form "." nonce "." signature        (seconds since 1970, base 16)
//
// and its proof is the challenge, a colon, and `count` numbers with commas between. With seed = SHA-256(challenge) the
// hash SHA-256(seed ‖ index ‖ number), both in four bytes, the high one first, must begin with `bits` zero bits. Eight
// small riddles instead of one large: the time they take together varies far less. Nothing is stored until a proof is used.
enum Work {
  static let count = 8
  /// People take their time with a form.
  static let lifetime = Duration.hours(2)

  static func challenge(for form: String, bits: Int, key: [UInt8], at now: Instant) -> String {
    let head = "\((now + lifetime).seconds).\(bits).\(form).\(Hex.encode(Random.bytes(12)))"
    return head + "." + signature(head, key)
  }

  private static func signature(_ head: String, _ key: [UInt8]) -> String {
    Hex.encode(HMAC.sign(head, key: key).prefix(16))
  }

  /// The challenge's nonce when the proof holds now, for that form and at least that hard; nothing otherwise.
  static func nonce(ofProof proof: String, for form: String, bits: Int, key: [UInt8], at now: Instant) -> String? {
    guard proof.utf8.count <= 400, let colon = proof.firstIndex(of: ":") else { return nil }
    let challenge = String(proof[..<colon])
    let parts = challenge.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 5, let expiry = Int64(parts[0]), let hardness = Int(parts[1]) else { return nil }
    let head = parts[..<4].joined(separator: ".")
    guard constantTimeEqual(String(parts[4]), signature(head, key)) else { return nil }
    guard now.seconds < expiry, hardness >= bits, parts[2] == form else { return nil }
    let numbers = proof[proof.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
    guard numbers.count == count else { return nil }
    let seed = SHA256.hash(challenge)
    for (index, text) in numbers.enumerated() {
      guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt32(text) else { return nil }
      guard zeros(seed, UInt32(index), number) >= hardness else { return nil }
    }
    return String(parts[3])
  }

  /// How many zero bits the riddle's hash begins with.
  static func zeros(_ seed: [UInt8], _ index: UInt32, _ number: UInt32) -> Int {
    let hash = SHA256.hash(seed + bytes(index) + bytes(number))
    var zeros = 0
    for byte in hash {
      zeros += byte.leadingZeroBitCount
      if byte != 0 { break }
    }
    return zeros
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
