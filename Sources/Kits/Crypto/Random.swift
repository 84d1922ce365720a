import COpenSSL
import Glibc

/// Unpredictable bytes and tokens, from the system's generator (getentropy(3)).
package enum Random {
  /// `count` bytes nobody can guess. Stops the process when the system has no entropy: there is no safe way on.
  package static func bytes(_ count: Int) -> [UInt8] {
    // Swift would write a zero into the one empty array that all threads share.
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      // It gives all it is asked for or nothing, and no more than 256 at once.
      for start in stride(from: 0, to: count, by: 256) {
        precondition(getentropy(buffer.baseAddress! + start, min(256, count - start)) == 0, "no entropy")
      }
      filled = count
    }
  }

  /// A token for addresses, cookies and mails: base64url of `bytes` random bytes (32 give 43 characters, 256 bits).
  package static func token(bytes count: Int = 32) -> String { Base64.url(bytes(count)) }

  /// Decimal digits, each equally likely; for codes people type.
  package static func digits(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<count).map { _ in Character(String(Int.random(in: 0...9, using: &generator))) })
  }
}

/// Whether two secrets are the same, in time that depends on their length alone.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}

/// As for bytes, over UTF-8.
package func constantTimeEqual(_ a: String, _ b: String) -> Bool { constantTimeEqual(Array(a.utf8), Array(b.utf8)) }
