import CSystem
import Glibc

/// A range of IP addresses as operators write it: `203.0.113.0/24`, `2001:db8::/32` (RFC 4632, RFC 4291), or one
/// address alone.
package struct AddressRange: Sendable, Equatable, CustomStringConvertible {
  /// Sixteen bytes; IPv4 stands in its IPv6 clothes (`::ffff:0:0/96`), so that both compare alike.
  private let bytes: [UInt8]
  private let bits: Int
  package let description: String

  /// Nothing when it is no address, when the prefix is longer than the address, or when bits are set behind it: a
  /// range that was mistyped must not quietly be another.
  package init?(_ text: some StringProtocol) {
    let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = halves.first, let bytes = Self.bytes(String(first)) else { return nil }
    let isFour = !first.contains(":")
    var bits = 128
    if halves.count == 2 {
      guard halves[1].utf8.count <= 3, halves[1].utf8.allSatisfy({ (48...57).contains($0) }),
        let given = Int(halves[1]), given <= (isFour ? 32 : 128)
      else { return nil }
      bits = isFour ? given + 96 : given
    }
    guard bytes == Self.masked(bytes, bits) else { return nil }
    self.bytes = bytes
    self.bits = bits
    description = String(text)
  }

  /// Whether the address lies in it. What is no address lies nowhere.
  package func contains(_ address: String) -> Bool {
    Self.bytes(address).map { Self.masked($0, bits) == bytes } ?? false
  }

  /// The neighbourhood of an address, for records that are kept long: the /24 of IPv4, the /48 of IPv6. Nothing when
  /// it is no address.
  package static func neighbourhood(of address: String) -> String? {
    guard let bytes = bytes(address) else { return nil }
    if bytes[..<12] == Self.mapped[...] {
      return "\(bytes[12]).\(bytes[13]).\(bytes[14]).0/24"
    }
    let groups = stride(from: 0, to: 6, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
    return groups.joined(separator: ":") + "::/48"
  }

  private static let mapped: [UInt8] = Array(repeating: 0, count: 10) + [255, 255]

  private static func bytes(_ text: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return mapped + withUnsafeBytes(of: &four) { Array($0) } }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    return withUnsafeBytes(of: &six) { Array($0) }
  }

  private static func masked(_ bytes: [UInt8], _ bits: Int) -> [UInt8] {
    bytes.enumerated().map { index, byte in
      let left = bits - index * 8
      return left >= 8 ? byte : left <= 0 ? 0 : byte & ~(UInt8.max >> UInt8(left))
    }
  }
}
