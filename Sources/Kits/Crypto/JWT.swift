package import Core
package import JSON

/// JSON Web Tokens signed with HMAC-SHA256 (RFC 7519, RFC 7515). The algorithm is pinned: a token that names another,
/// or none, does not verify, whatever its signature.
package enum JWT {
  package enum Refusal: Error, Equatable, Sendable {
    /// Not three parts of base64url holding the right JSON.
    case malformed
    /// Another algorithm, an unknown key, or extensions we would have to understand (`crit`).
    case unsupported
    case forged
    case expired
    case notYetValid
  }

  /// The claims signed by the ring's newest key, whose id goes into the header as `kid`. Put `exp` into the claims.
  package static func sign(_ claims: JSON.Object, with ring: KeyRing) -> String {
    let header: JSON = ["alg": "HS256", "typ": "JWT", "kid": .string(ring.newest.id)]
    return sign(header, .object(claims), secret: ring.newest.derived(for: "jwt"))
  }

  /// The claims, if a key of the ring signed them and `now` lies within `nbf` ..< `exp`. A token without `exp` is refused:
  /// ours always end. `leeway` forgives clocks that differ.
  package static func verify(
    _ token: String, with ring: KeyRing, at now: Instant, leeway: Duration = .zero
  ) throws(Refusal) -> JSON.Object {
    try verify(token, at: now, leeway: leeway) { kid in kid.flatMap { ring.key(named: $0) }?.derived(for: "jwt") }
  }

  /// For secrets agreed with others, where the token names no key of ours.
  package static func sign(_ claims: JSON.Object, secret: [UInt8]) -> String {
    sign(["alg": "HS256", "typ": "JWT"], .object(claims), secret: secret)
  }

  /// As ``verify(_:with:at:leeway:)``, with a secret agreed with others.
  package static func verify(
    _ token: String, secret: [UInt8], at now: Instant, leeway: Duration = .zero
  ) throws(Refusal) -> JSON.Object {
    try verify(token, at: now, leeway: leeway) { _ in secret }
  }

  private static func sign(_ header: JSON, _ claims: JSON, secret: [UInt8]) -> String {
    let head = Base64.url(header.bytes) + "." + Base64.url(claims.bytes)
    return head + "." + Base64.url(HMAC.sign(head, key: secret))
  }

  private static func verify(
    _ token: String, at now: Instant, leeway: Duration, secret: (_ kid: String?) -> [UInt8]?
  ) throws(Refusal) -> JSON.Object {
    guard token.utf8.count <= 8192 else { throw .malformed }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let header = object(parts[0]), let signature = Base64.decodeURL(parts[2]) else {
      throw .malformed
    }
    guard header["alg"]?.string == "HS256", header["crit"] == nil, let secret = secret(header["kid"]?.string) else {
      throw .unsupported
    }
    guard HMAC.verify(signature, of: Array("\(parts[0]).\(parts[1])".utf8), key: secret) else { throw .forged }
    guard let claims = object(parts[1]) else { throw .malformed }
    let time = Double(now.microseconds) / 1_000_000
    let leeway = Double(leeway.microseconds) / 1_000_000
    guard let end = claims["exp"]?.double else { throw .malformed }
    guard time - leeway < end else { throw .expired }
    if let start = claims["nbf"] {
      guard let start = start.double else { throw .malformed }
      guard time + leeway >= start else { throw .notYetValid }
    }
    return claims
  }

  private static func object(_ part: Substring) -> JSON.Object? {
    guard let bytes = Base64.decodeURL(part) else { return nil }
    return (try? JSON.read(bytes, limits: JSON.Limits(size: 8192, depth: 8)))?.object
  }
}
