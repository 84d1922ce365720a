import Glibc

/// A database key that remembers what it is the key of.
///
/// A UUIDv7 (RFC 9562): made where the row is made, so that a thing has its name before it is stored,
/// and sorted by birth, so that indexes stay dense. In addresses and JSON it is an opaque string.
package struct ID<Of>: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new key born at `instant`; 74 bits of it are random.
  package init(bornAt instant: Instant) {
    let milliseconds = UInt64(bitPattern: instant.microseconds / 1000)
    // Both words in one call of the system (getentropy(3) gives all it is asked for, or nothing).
    var drawn: (UInt64, UInt64) = (0, 0)
    if withUnsafeMutableBytes(of: &drawn, { getentropy($0.baseAddress, $0.count) }) != 0 {
      var random = SystemRandomNumberGenerator()
      drawn = (random.next(), random.next())
    }
    high = milliseconds << 16 | 0x7000 | drawn.0 & 0xFFF
    low = 0x8000_0000_0000_0000 | drawn.1 & 0x3FFF_FFFF_FFFF_FFFF
  }

  /// A new key, born now.
  package static func new() -> ID { ID(bornAt: .now) }

  /// Reads the 36-character form. Anything else is no key.
  package init?(_ text: some StringProtocol) {
    guard let (high, low) = Spelling.words(of: String(text)) else { return nil }
    self.init(high: high, low: low)
  }

  package var description: String { Spelling.text(high, low) }

  /// Adds the 36 characters, as ``description`` has them.
  package func spell(into bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
      Spelling.write(high, low, to: text.baseAddress!)
      bytes.append(contentsOf: text)
    }
  }

  package static func < (a: ID, b: ID) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }

  /// The same key seen as another kind of thing, for the rare row that shares its parent's key.
  package func `as`<Other>(_: Other.Type = Other.self) -> ID<Other> { ID<Other>(high: high, low: low) }
}

extension ID: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = ID(text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not an identifier"))
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

// The nouns that several floors speak of. They have no values; they only tell one key from another.
package enum User {}
package enum Session {}
package enum Subject {}
package enum Booking {}
package enum Payment {}
package enum StoredFile {}
package enum Room {}

/// The 36 characters of a UUID (RFC 9562, 4): two words as hexadecimal digits in groups of 8, 4, 4, 4 and 12. Apart from
/// ``ID``, which is generic, so that no key asks the runtime what it is a key of.
private enum Spelling {
  static func words(of text: String) -> (high: UInt64, low: UInt64)? {
    var text = text
    return text.withUTF8 { text in
      guard text.count == 36 else { return nil }
      var high: UInt64 = 0
      var low: UInt64 = 0
      for (position, byte) in text.enumerated() {
        if isDash(position) {
          guard byte == UInt8(ascii: "-") else { return nil }
          continue
        }
        let value: UInt64
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = UInt64(byte - UInt8(ascii: "A") + 10)
        default: return nil
        }
        if position < 18 { high = high << 4 | value } else { low = low << 4 | value }
      }
      return (high, low)
    }
  }

  static func text(_ high: UInt64, _ low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { text in
      write(high, low, to: text.baseAddress!)
      return 36
    }
  }

  /// Writes 36 bytes.
  static func write(_ high: UInt64, _ low: UInt64, to text: UnsafeMutablePointer<UInt8>) {
    let digits = ("0123456789abcdef" as StaticString).utf8Start
    var at = text
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 {
        at.pointee = UInt8(ascii: "-")
        at += 1
      }
      let byte = Int(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index & 7))) & 255
      at[0] = digits[byte >> 4]
      at[1] = digits[byte & 15]
      at += 2
    }
  }

  private static func isDash(_ position: Int) -> Bool {
    position == 8 || position == 13 || position == 18 || position == 23
  }
}
