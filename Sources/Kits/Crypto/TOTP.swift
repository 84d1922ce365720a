package import Core

/// Time-based one-time codes (RFC 6238 over RFC 4226): HMAC-SHA1, thirty seconds, six digits, which is what every
/// authenticator application makes.
package struct TOTP: Sendable, Equatable {
  /// Shared with the application; 20 bytes of ours, 16 or more of others'.
  package let secret: [UInt8]

  package static let period: Int64 = 30
  package static let digits = 6

  /// Nothing when the secret is shorter than 128 bits (RFC 4226, requirement R6).
  package init?(secret: [UInt8]) {
    guard secret.count >= 16 else { return nil }
    self.secret = secret
  }

  private init(fresh secret: [UInt8]) { self.secret = secret }

  /// A secret of 160 bits, the length the RFC recommends.
  package static func fresh() -> TOTP { TOTP(fresh: Random.bytes(20)) }

  /// Thirty-second steps since 1970.
  package static func step(at instant: Instant) -> Int64 { Int64(instant.seconds) / period }

  /// The code of one step.
  package func code(step: Int64) -> String {
    let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
    let hash = HMAC.sign(counter, key: secret, .sha1)
    let offset = Int(hash[19] & 15)
    let number =
      (UInt32(hash[offset]) & 0x7F) << 24 | UInt32(hash[offset + 1]) << 16 | UInt32(hash[offset + 2]) << 8
      | UInt32(hash[offset + 3])
    let text = String(number % 1_000_000)
    return String(repeating: "0", count: Self.digits - text.count) + text
  }

  /// The step whose code this is: the present one, the one before or the one after, for clocks and fingers that are
  /// late. Compares in constant time. Whoever accepts a step must never accept it, or an older one, again.
  package func step(of code: String, at now: Instant) -> Int64? {
    guard code.utf8.count == Self.digits else { return nil }
    let present = Self.step(at: now)
    var found: Int64?
    for step in (present - 1)...(present + 1) where constantTimeEqual(self.code(step: step), code) { found = step }
    return found
  }

  /// The address an authenticator reads from a QR code (Key URI Format).
  package func address(issuer: String, account: String) -> String {
    func encoded(_ text: String) -> String {
      text.utf8.map { byte in
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95, 126: String(UnicodeScalar(byte))
        default: "%" + Hex.encode([byte]).uppercased()
        }
      }.joined()
    }
    // A colon, even an encoded one, ends the issuer in the label.
    let issuer = encoded(issuer.filter { $0 != ":" })
    return "otpauth://totp/\(issuer):\(encoded(account))?secret=\(Base32.encode(secret))&issuer=\(issuer)"
  }
}
