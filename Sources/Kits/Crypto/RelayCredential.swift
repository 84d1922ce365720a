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
}
