// What of MIME we write, and why not with curl_mime: curl's parts exist only inside a transfer. A message as bytes can
// be kept, shown to the admin, parsed in tests and sent again unchanged; and headers beyond ASCII (RFC 2047) curl leaves
// to us anyway.
import Core
import Crypto

/// Bytes with CRLF line ends.
struct Lines {
  var bytes: [UInt8] = []
  mutating func line(_ text: String = "") {
    bytes.append(contentsOf: text.utf8)
    bytes.append(contentsOf: [13, 10])
  }
}

/// A part of a mail, with its own headers.
indirect enum MailPart {
  /// Words, in quoted-printable: readable in the raw, short lines whatever is in them.
  case text(_ type: String, String)
  /// Bytes, in base64; with a filename an attachment.
  case file(_ type: String, _ filename: String?, [UInt8])
  case multipart(_ kind: String, [MailPart])

  func write(to out: inout Lines) {
    switch self {
    case .text(let type, let text):
      out.line("Content-Type: " + type)
      out.line("Content-Transfer-Encoding: quoted-printable")
      out.line()
      QuotedPrintable.write(text, to: &out)
    case .file(let type, let filename, let bytes):
      out.line("Content-Type: " + type)
      if let filename {
        out.line("Content-Disposition: attachment;\r\n " + EncodedWord.parameter("filename", filename))
      }
      out.line("Content-Transfer-Encoding: base64")
      out.line()
      let text = Array(Base64.encode(bytes).utf8)
      for start in stride(from: 0, to: text.count, by: 76) {
        out.bytes.append(contentsOf: text[start..<min(start + 76, text.count)])
        out.line()
      }
    case .multipart(let kind, let parts):
      // 128 random bits: no part can hold the line that ends it.
      let boundary = "=_" + Random.token(bytes: 16)
      out.line("Content-Type: multipart/\(kind); boundary=\"\(boundary)\"")
      out.line()
      for part in parts {
        out.line("--" + boundary)
        part.write(to: &out)
      }
      out.line("--" + boundary + "--")
    }
  }
}

/// RFC 2045, 6.7.
enum QuotedPrintable {
  static func write(_ text: String, to out: inout Lines) {
    let digits = Array("0123456789ABCDEF".utf8)
    // Any line end is one, and a NUL is none of a text's business.
    for line in Self.lines(of: text) {
      var width = 0
      for (at, byte) in line.enumerated() {
        let isLast = at == line.count - 1
        let plain = (byte >= 33 && byte <= 126 && byte != UInt8(ascii: "=")) || ((byte == 32 || byte == 9) && !isLast)
        if width + (plain ? 1 : 3) > 75 {
          out.line("=")
          width = 0
        }
        if plain {
          out.bytes.append(byte)
          width += 1
        } else {
          out.bytes.append(contentsOf: [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
          width += 3
        }
      }
      out.line()
    }
  }

  private static func lines(of text: String) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    var afterReturn = false
    for byte in text.utf8 where byte != 0 {
      if byte == 10, afterReturn {
        afterReturn = false
        continue
      }
      afterReturn = byte == 13
      if byte == 10 || byte == 13 { lines.append([]) } else { lines[lines.count - 1].append(byte) }
    }
    if lines.count > 1, lines.last == [] { lines.removeLast() }
    return lines
  }
}

/// Words beyond ASCII in headers (RFC 2047 for text, RFC 2231 for parameters). Control characters, line ends above all,
/// become spaces: nothing put into a header ends it.
enum EncodedWord {
  /// For an unstructured header such as the subject.
  static func text(_ text: String) -> String {
    let text = clean(text)
    // Encoded too when it could be taken for an encoded word, or makes too long a line.
    return isPlain(text) && !text.contains("=?") && text.utf8.count <= 200 ? text : encode(text)
  }

  /// For a name in front of an address.
  static func phrase(_ text: String) -> String {
    let text = clean(text)
    guard isPlain(text), !text.contains("=?"), text.utf8.count <= 200 else { return encode(text) }
    return "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }.map(String.init).joined() + "\""
  }

  static func parameter(_ name: String, _ value: String) -> String {
    let value = String(clean(value).prefix(100))
    if isPlain(value), !value.contains(where: { "\"\\%".contains($0) }) { return "\(name)=\"\(value)\"" }
    var out = "\(name)*=utf-8''"
    for byte in value.utf8 {
      let isSafe =
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._".utf8.contains(byte)
      out +=
        isSafe ? String(UnicodeScalar(byte)) : "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
    }
    return out
  }

  private static func clean(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(1000) {
      let isControl =
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
      out.append(isControl ? " " : scalar)
    }
    return String(out).trimmingSpaces()
  }

  private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

  /// Base64 words of at most 75 characters, cut between characters, one a line.
  private static func encode(_ text: String) -> String {
    var words: [String] = []
    var piece: [UInt8] = []
    for character in text.unicodeScalars {
      let bytes = Array(String(character).utf8)
      if piece.count + bytes.count > 45 {
        words.append("=?utf-8?B?" + Base64.encode(piece) + "?=")
        piece = []
      }
      piece += bytes
    }
    if !piece.isEmpty { words.append("=?utf-8?B?" + Base64.encode(piece) + "?=") }
    return words.joined(separator: "\r\n ")
  }
}
