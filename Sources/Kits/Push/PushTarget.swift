import Core
import Crypto

/// A browser that wants to be told: where its vendor takes messages for it, and the keys that only it can read with. Made
/// of what a stranger sent, so nothing else gets by.
package struct PushTarget: Sendable, Equatable {
  package static let longestEndpoint = 1000

  /// The capability address of the browser; a secret between it, its vendor and us.
  package let endpoint: String
  /// `https://push.example`, of the endpoint.
  package let origin: String
  /// The browser's point of P-256.
  package let publicKey: [UInt8]
  /// 16 bytes that the vendor does not know.
  package let authentication: [UInt8]

  package enum Refusal: Error, Equatable, Sendable {
    /// No `https` address of a host with a name, on the standard port.
    case endpoint
    case keys
  }

  /// - Parameters:
  ///   - publicKey: `p256dh` as the browser gives it, base64url of 65 bytes.
  ///   - authentication: `auth`, base64url of 16 bytes.
  ///   - peer: an origin that is let in although it is none of the open internet's: for tests.
  package init(endpoint: String, publicKey: String, authentication: String, peer: String? = nil) throws(Refusal) {
    guard let origin = Self.origin(of: endpoint, peer: peer) else { throw .endpoint }
    guard let point = Base64.decodeURL(publicKey), P256.isPoint(point),
      let secret = Base64.decodeURL(authentication), secret.count == 16
    else { throw .keys }
    self.endpoint = endpoint
    self.origin = origin
    self.publicKey = point
    self.authentication = secret
  }

  /// Strict on purpose: no sign-in, no port, no address in figures. What the name resolves to is judged at the moment of
  /// connecting.
  private static func origin(of endpoint: String, peer: String?) -> String? {
    guard endpoint.utf8.count <= longestEndpoint, endpoint.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      return nil
    }
    if let peer, endpoint.begins(peer + "/") { return peer }
    guard endpoint.begins("https://") else { return nil }
    let rest = endpoint.utf8.dropFirst(8)
    guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    let host = rest[..<slash]
    let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard host.count <= 253, labels.count >= 2,
      labels.allSatisfy({ (1...63).contains($0.count) && $0.first != 45 && $0.last != 45 }),
      host.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46 }),
      labels.last!.contains(where: { (97...122).contains($0) })
    else { return nil }
    return "https://" + String(decoding: host, as: UTF8.self)
  }
}
