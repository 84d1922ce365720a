/// RFC 4648, section 6: base 32 in capitals, without padding; the alphabet people can type.
package enum Base32 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count * 8 + 4) / 5)
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      held += 8
      while held >= 5 {
        held -= 5
        out.append(alphabet[Int(bits >> held & 31)])
      }
    }
    if held > 0 { out.append(alphabet[Int(bits << (5 - held) & 31)]) }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes, or nothing. Either case; spaces and hyphens between characters are passed over, as people copy them.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for character in text.utf8 {
      let value: UInt32
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(character - 65)
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(character - 97)
      case UInt8(ascii: "2")...UInt8(ascii: "7"): value = UInt32(character - 50 + 26)
      case UInt8(ascii: " "), UInt8(ascii: "-"): continue
      default: return nil
      }
      bits = (bits << 5 | value) & 0xFFFF
      held += 5
      if held >= 8 {
        held -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> held))
      }
    }
    // One, three or six characters over make no byte; set bits behind the last byte would give a value two texts.
    return held < 5 && bits & ((1 << held) - 1) == 0 ? out : nil
  }
}
