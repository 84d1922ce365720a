/// Keys from a secret that is not evenly random, such as what two parties agreed on (RFC 5869, with SHA-256).
package enum HKDF {
  /// At most 32 bytes: `extract` and one block of `expand`, which is all that web push asks for.
  package static func key(from secret: [UInt8], salt: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
    precondition((1...32).contains(count))
    let random = HMAC.sign(secret, key: salt)
    return Array(HMAC.sign(info + [1], key: random).prefix(count))
  }
}
