public import Glibc

/// Bytes as the key of a map: a token, a digest, a text told from others by its spelling alone (`==` of texts also holds
/// for other spellings). Hashed and compared as one piece of memory; as an `Array` they would be taken one by one.
public struct ByteString: Hashable, Sendable {
  public let bytes: [UInt8]

  @inlinable public init(_ bytes: [UInt8]) { self.bytes = bytes }
  @inlinable public init(_ text: String) { bytes = Array(text.utf8) }

  @inlinable public static func == (a: ByteString, b: ByteString) -> Bool {
    guard a.bytes.count == b.bytes.count else { return false }
    return a.bytes.withUnsafeBytes { a in
      b.bytes.withUnsafeBytes { b in a.count == 0 || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
    }
  }

  @inlinable public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
