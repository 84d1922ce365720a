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

  /// A new key born at `instant`. It tells the microsecond: the twelve bits behind the milliseconds are their fraction (RFC 9562,
  /// 6.2, method 3), so that of two things made one after the other the later one has the greater key. 62 bits are random.
  package init(bornAt instant: Instant) {
    let (milliseconds, rest) = instant.microseconds.quotientAndRemainder(dividingBy: 1000)
    let fraction = UInt64(rest.magnitude) * 4096 / 1000
    // getentropy(3) gives all it is asked for, or nothing.
    var drawn: UInt64 = 0
    if withUnsafeMutableBytes(of: &drawn, { getentropy($0.baseAddress, $0.count) }) != 0 {
      drawn = .random(in: 0 ... .max)
    }
    high = UInt64(bitPattern: milliseconds) << 16 | 0x7000 | fraction
    low = 0x8000_0000_0000_0000 | drawn & 0x3FFF_FFFF_FFFF_FFFF
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
    let text = UnsafeMutableRawPointer(text)
    let dash = UInt8(ascii: "-")
    text.storeBytes(of: digits(high >> 32), as: UInt64.self)
    text.storeBytes(of: dash, toByteOffset: 8, as: UInt8.self)
    let middle = digits(high)
    text.storeBytes(of: UInt32(truncatingIfNeeded: middle), toByteOffset: 9, as: UInt32.self)
    text.storeBytes(of: dash, toByteOffset: 13, as: UInt8.self)
    text.storeBytes(of: UInt32(truncatingIfNeeded: middle >> 32), toByteOffset: 14, as: UInt32.self)
    text.storeBytes(of: dash, toByteOffset: 18, as: UInt8.self)
    let next = digits(low >> 32)
    text.storeBytes(of: UInt32(truncatingIfNeeded: next), toByteOffset: 19, as: UInt32.self)
    text.storeBytes(of: dash, toByteOffset: 23, as: UInt8.self)
    text.storeBytes(of: UInt32(truncatingIfNeeded: next >> 32), toByteOffset: 24, as: UInt32.self)
    text.storeBytes(of: digits(low), toByteOffset: 28, as: UInt64.self)
  }

  /// The eight digits of the lower half of a word, all at once, as they stand in memory: a page of a list spells dozens of
  /// keys.
  @inline(__always) private static func digits(_ word: UInt64) -> UInt64 {
    var spread = word & 0xFFFF_FFFF
    // A half word, then a byte, then four bits to each of the parts of the whole.
    spread = (spread << 16 | spread) & 0x0000_FFFF_0000_FFFF
    spread = (spread << 8 | spread) & 0x00FF_00FF_00FF_00FF
    spread = (spread << 4 | spread) & 0x0F0F_0F0F_0F0F_0F0F
    // One in every byte that is ten or more: letters stand 39 behind the digits.
    let letters = ((spread + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    return (spread + 0x3030_3030_3030_3030 + letters * 39).bigEndian
  }

  private static func isDash(_ position: Int) -> Bool {
    position == 8 || position == 13 || position == 18 || position == 23
  }
}
