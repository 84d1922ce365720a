package import Core
package import Crypto
import JSON

/// Says to a push service who sends (RFC 8292), so that nobody else can write to a browser that subscribed with our key,
/// and so that the vendor knows whom to write to when something is amiss.
package struct VAPID: Sendable {
  package let keys: P256KeyPair
  /// `mailto:` or `https:`.
  package let contact: String

  package init(_ keys: P256KeyPair, contact: String) {
    self.keys = keys
    self.contact = contact
  }

  /// What a browser subscribes with: `applicationServerKey`.
  package var publicKey: String { Base64.url(keys.publicKey) }

  /// The value of `Authorization`, for one vendor and twelve hours; more than a day is refused.
  package func authorization(for origin: String, at now: Instant) -> String {
    let claims: JSON = [
      "aud": .string(origin), "exp": .int(Int((now + .hours(12)).seconds)), "sub": .string(contact),
    ]
    let head = Base64.url(Array(#"{"typ":"JWT","alg":"ES256"}"#.utf8)) + "." + Base64.url(claims.bytes)
    return "vapid t=\(head).\(Base64.url(keys.sign(Array(head.utf8)))), k=\(publicKey)"
  }
}
