import COpenSSL
package import Core

/// A name and password for a TURN relay that end by themselves ("A REST API For Access To TURN Services",
/// draft-uberti-behave-turn-rest; coturn's `use-auth-secret`).
package struct RelayCredential: Sendable, Equatable {
  /// `<expiry in Unix seconds>:<user>`
  package let username: String
  /// base64 of the HMAC-SHA1 of the username under the secret shared with the relay.
  package let credential: String
  package let expiry: Instant

  package init(user: String, secret: String, expiry: Instant) {
    username = "\(expiry.seconds):\(user)"
    credential = Base64.encode(HMAC.sign(username, key: Array(secret.utf8), .sha1))
    self.expiry = expiry
  }

  /// The key that signs what we say to a relay of that realm: MD5 of `name:realm:password`, as RFC 8489 has it.
  package func key(realm: String) -> [UInt8] {
    let text = Array("\(username):\(realm):\(credential)".utf8)
    return [UInt8](unsafeUninitializedCapacity: 16) { buffer, filled in
      var count: UInt32 = 0
      precondition(EVP_Digest(text, text.count, buffer.baseAddress, &count, EVP_md5(), nil) == 1)
      filled = Int(count)
    }
  }
}
