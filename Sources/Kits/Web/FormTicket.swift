import Core
import Crypto
import Synchronization

// Proof that a form came from our own page (CSRF). The token is an HMAC over the session, or over a random cookie for
// guests, so it cannot be made without the site's secret, nor moved from one person to another. It is masked anew for
// each page, so that a compressed page does not give it away piece by piece (BREACH).

/// Makes and checks form tokens with the site's secret.
struct Seal: Sendable {
  private let tokenKey: [UInt8]
  private let guestKey: [UInt8]
  /// Those of people who were here lately: every page they see asks for theirs.
  private let proofs = Memo<String, [UInt8]>(limit: 10_000)
  static let guestCookie = "guest"

  init(secret: [UInt8]) {
    tokenKey = HMAC.sign("form tokens", key: secret)
    guestKey = HMAC.sign("guest cookies", key: secret)
  }

  private func proof(of holder: String) -> [UInt8] {
    proofs.value(holder) { Array(HMAC.sign(holder, key: tokenKey).prefix(16)) }
  }

  /// A token for the holder: a random mask and the proof under it, in 64 hexadecimal digits.
  func token(for holder: String) -> String {
    let mask = Random.bytes(16)
    return Hex.encode(mask + zip(mask, proof(of: holder)).map { $0 ^ $1 })
  }

  func accepts(_ token: String, for holder: String) -> Bool {
    guard token.utf8.count == 64, let bytes = Hex.decode(token), bytes.count == 32 else { return false }
    // Every byte is looked at, whatever differs.
    var difference: UInt8 = 0
    for (at, byte) in proof(of: holder).enumerated() { difference |= bytes[at] ^ bytes[16 + at] ^ byte }
    return difference == 0
  }

  static func holder(_ identity: Identity) -> String {
    identity.session.map { "session " + $0.description } ?? "user " + identity.user.description
  }

  /// A guest's cookie: a name nobody can guess, signed, so that no neighbour can plant one of its choosing.
  func guestCookie(for requestID: String) -> String {
    // Derived, not drawn: asking twice within a request gives the same, without a place to keep it.
    let name = Hex.encode(HMAC.sign("new " + requestID, key: guestKey).prefix(16))
    return name + "." + signature(name)
  }

  /// The cookie as it is, when we made it.
  func readGuest(_ cookie: String?) -> String? {
    guard let cookie, cookie.utf8.count == 65, let dot = cookie.firstIndex(of: ".") else { return nil }
    let given = Array(cookie[cookie.index(after: dot)...].utf8)
    let right = Array(signature(String(cookie[..<dot])).utf8)
    guard given.count == right.count else { return nil }
    var difference: UInt8 = 0
    for (a, b) in zip(given, right) { difference |= a ^ b }
    return difference == 0 ? cookie : nil
  }

  private func signature(_ name: String) -> String { Hex.encode(HMAC.sign(name, key: guestKey).prefix(16)) }
}

/// One request's way to a form token. It remembers whether the token was asked for, because only then a guest needs a
/// cookie.
final class FormTicket: Sendable {
  private let seal: Seal
  private let requestID: String
  /// The guest cookie that came, if it is ours.
  let guest: String?
  private let isAsked = Atomic<Bool>(false)

  init(seal: Seal, requestID: String, guest: String?) {
    self.seal = seal
    self.requestID = requestID
    self.guest = seal.readGuest(guest)
  }

  func token(for identity: Identity?) -> String {
    if let identity { return seal.token(for: Seal.holder(identity)) }
    isAsked.store(true, ordering: .relaxed)
    return seal.token(for: "guest " + (guest ?? seal.guestCookie(for: requestID)))
  }

  func accepts(_ token: String, from identity: Identity?) -> Bool {
    if let identity { return seal.accepts(token, for: Seal.holder(identity)) }
    guard let guest else { return false }
    return seal.accepts(token, for: "guest " + guest)
  }

  /// The cookie to be set, when a token was handed to a guest who has none.
  var newGuest: Cookie? {
    guard guest == nil, isAsked.load(ordering: .relaxed) else { return nil }
    return Cookie(Seal.guestCookie, seal.guestCookie(for: requestID), maxAge: .days(30))
  }
}
