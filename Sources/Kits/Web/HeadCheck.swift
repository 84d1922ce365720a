import Glibc

// libmicrohttpd 0.9.75 reads heads laxly. What follows refuses, before a body byte is believed, every head that two
// servers in a row might read differently (RFC 9112, 11.2), and a defect of that version: it appends a folded line to
// the header's *name*, so that `Content-Length:` CRLF ` 5` arrives as `Content-Length5`, the request seems to have no
// body, and its body would be read as the next request.

/// What the header fields of one request must satisfy.
struct HeadCheck {
  static let mostFields = 100
  /// Bytes of names and values.
  static let mostBytes = 12_000

  private(set) var lengths = 0
  private(set) var encodings = 0
  private(set) var hosts = 0
  private(set) var bytes = 0
  private(set) var fields = 0
  private(set) var isBad = false
  /// The declared length of the body.
  private(set) var length = 0
  private(set) var isChunked = false
  private(set) var expectsContinue = false

  /// tchar of RFC 9110, 5.6.2: letters, digits and these.
  @inline(__always) private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 97...122, 45, 65...90, 48...57, 33, 35...39, 42, 43, 46, 94...96, 124, 126: true
    default: false
    }
  }

  mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    fields += 1
    bytes += name.count + value.count
    if name.isEmpty { isBad = true }
    for byte in name where !Self.isTokenByte(byte) { isBad = true }
    for byte in value where (byte < 32 && byte != 9) || byte == 127 { isBad = true }
    if name.count > 14, Self.begins(name, "content-length") { isBad = true }
    if name.count > 17, Self.begins(name, "transfer-encoding") { isBad = true }
    switch name.count {
    case 14 where Self.begins(name, "content-length"):
      lengths += 1
      if value.isEmpty || value.count > 15 || !value.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
        isBad = true
      } else {
        length = value.reduce(0) { $0 * 10 + Int($1 - 48) }
      }
    case 17 where Self.begins(name, "transfer-encoding"):
      encodings += 1
      if value.count == 7, Self.begins(value, "chunked") { isChunked = true } else { isBad = true }
    case 6 where Self.begins(name, "expect"):
      expectsContinue = true
    case 4 where Self.begins(name, "host"):
      hosts += 1
      if value.isEmpty || value.count > 255 || !value.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 47 && $0 != 64 }) {
        isBad = true
      }
    default: break
    }
  }

  /// Whether body and host are said once and clearly.
  func isSound(isVersion11: Bool) -> Bool {
    !isBad && lengths <= 1 && encodings <= 1 && !(lengths > 0 && encodings > 0) && hosts <= 1
      && (!isVersion11 || hosts == 1)
      && (isVersion11 || encodings == 0) && fields <= Self.mostFields
  }

  private static func begins(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    strncasecmp(
      bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
      UnsafeRawPointer(word.utf8Start).assumingMemoryBound(to: CChar.self), word.utf8CodeUnitCount) == 0
  }
}
