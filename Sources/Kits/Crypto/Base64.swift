/// RFC 4648: base64 (section 4, padded) and base64url (section 5, without padding), and base 16 in lower case.
///
/// Decoding is canonical: foreign characters, wrong padding and set bits behind the last byte are refused, so that one
/// value has one text.
package enum Base64 {
  package static func encode(_ bytes: some Collection<UInt8>) -> String { text(bytes, plain, padded: true) }
  package static func url(_ bytes: some Collection<UInt8>) -> String { text(bytes, urlSafe, padded: false) }
  // For bytes as they mostly come: what is generic is not specialised in other modules.
  package static func url(_ bytes: [UInt8]) -> String { text(bytes, urlSafe, padded: false) }
  package static func url(_ bytes: ArraySlice<UInt8>) -> String { text(bytes, urlSafe, padded: false) }
  /// Section 4 without padding, as PHC strings have it.
  static func bare(_ bytes: some Collection<UInt8>) -> String { text(bytes, plain, padded: false) }

  /// The bytes of padded base64, or nothing.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    guard text.utf8.count.isMultiple(of: 4) else { return nil }
    var body = Array(text.utf8)
    var padding = 0
    while padding < 2, body.last == UInt8(ascii: "=") {
      body.removeLast()
      padding += 1
    }
    guard padding == (4 - body.count % 4) % 4 else { return nil }
    return bytes(body, plain)
  }

  static func decodeBare(_ text: some StringProtocol) -> [UInt8]? { bytes(Array(text.utf8), plain) }

  /// The bytes of unpadded base64url, or nothing.
  package static func decodeURL(_ text: some StringProtocol) -> [UInt8]? { bytes(Array(text.utf8), urlSafe) }

  private static let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static func text(_ bytes: some Collection<UInt8>, _ alphabet: [UInt8], padded: Bool) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      held += 8
      while held >= 6 {
        held -= 6
        out.append(alphabet[Int(bits >> held & 63)])
      }
    }
    if held > 0 { out.append(alphabet[Int(bits << (6 - held) & 63)]) }
    if padded { while !out.count.isMultiple(of: 4) { out.append(UInt8(ascii: "=")) } }
    return String(decoding: out, as: UTF8.self)
  }

  private static func bytes(_ text: [UInt8], _ alphabet: [UInt8]) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for character in text {
      let value: UInt32
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(character - 65)
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(character - 71)
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(character + 4)
      case alphabet[62]: value = 62
      case alphabet[63]: value = 63
      default: return nil
      }
      bits = bits << 6 | value
      held += 6
      if held >= 8 {
        held -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> held))
      }
    }
    return bits & ((1 << held) - 1) == 0 ? out : nil
  }
}

package enum Hex {
  /// Two lower-case digits for each byte.
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    bytes.withContiguousStorageIfAvailable(text) ?? Array(bytes).withUnsafeBufferPointer(text)
  }

  private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
      for (index, byte) in bytes.enumerated() {
        text[index * 2] = digit(byte >> 4)
        text[index * 2 + 1] = digit(byte & 15)
      }
      return bytes.count * 2
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  /// The bytes of an even number of digits of either case, or nothing.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case 48...57: digit = character - 48
      case 65...70: digit = character - 55
      case 97...102: digit = character - 87
      default: return nil
      }
      if let known = high {
        out.append(known << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? out : nil
  }
}
