import Core

/// Markup as a value: bytes of UTF-8 that are safe to send.
///
/// Written as HTML, with interpolation: a `String` is escaped, `HTML` is not, `[HTML]` is joined, `nil` is nothing.
/// There is no way to put a string in unescaped but ``init(trusted:)``, which only sanitising renderers use.
/// Attributes are always quoted; in debug builds an interpolation in an unquoted attribute traps. A string that
/// follows `href="`, `src="` or `action="` must be an address of this site (a `Path` prints one); any other goes
/// through `\(href:)`, which lets no scheme pass but http, https, mailto and tel.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
  package private(set) var bytes: [UInt8]

  package init(stringLiteral value: StaticString) {
    bytes = value.withUTF8Buffer { Array($0) }
  }

  package init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

  /// Bytes that a sanitising renderer made (cmark without raw HTML, an SVG writer). Never a person's words.
  package init(trusted bytes: [UInt8]) { self.bytes = bytes }

  /// Nothing at all.
  package static let none = HTML(trusted: [])

  /// A person's words, escaped.
  package init(_ text: String) {
    bytes = []
    Self.escape(text, into: &bytes)
  }

  package var isEmpty: Bool { bytes.isEmpty }

  /// The markup as text, for tests and mails.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package static func + (a: HTML, b: HTML) -> HTML { HTML(trusted: a.bytes + b.bytes) }

  package struct StringInterpolation: StringInterpolationProtocol {
    var bytes: [UInt8] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      bytes.reserveCapacity(literalCapacity + interpolationCount * 32)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    package mutating func appendInterpolation(_ text: String) {
      assert(bytes.last != UInt8(ascii: "="), "an interpolation in an unquoted attribute")
      if standsInAddress, !HTML.isOwnAddress(text) {
        assertionFailure("\(text): a foreign address goes through \\(href:)")
        bytes.append(UInt8(ascii: "#"))
        return
      }
      HTML.escape(text, into: &bytes)
    }

    package mutating func appendInterpolation(_ text: String?) {
      if let text { appendInterpolation(text) }
    }

    package mutating func appendInterpolation(_ text: Substring) { appendInterpolation(String(text)) }

    package mutating func appendInterpolation(_ html: HTML) {
      makeRoom(for: html.bytes.count)
      bytes.append(contentsOf: html.bytes)
    }

    package mutating func appendInterpolation(_ html: HTML?) {
      if let html { appendInterpolation(html) }
    }

    package mutating func appendInterpolation(_ parts: [HTML]) {
      makeRoom(for: parts.reduce(0) { $0 + $1.bytes.count })
      for part in parts { bytes.append(contentsOf: part.bytes) }
    }

    /// An array grows to what it must hold, and at the next literal all of it would be moved once more: a page stands inside
    /// of a page inside of a page.
    private mutating func makeRoom(for count: Int) {
      guard bytes.count + count > bytes.capacity else { return }
      bytes.reserveCapacity(max(bytes.capacity * 2, bytes.count + count + 1024))
    }

    /// The same as below, for what counts mostly are: what is generic across modules is not specialised.
    package mutating func appendInterpolation(_ number: Int) {
      assert(bytes.last != UInt8(ascii: "="), "an interpolation in an unquoted attribute")
      var text = String(number)
      text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    package mutating func appendInterpolation(_ number: some BinaryInteger) {
      assert(bytes.last != UInt8(ascii: "="), "an interpolation in an unquoted attribute")
      bytes.append(contentsOf: String(number).utf8)
    }

    /// An address that a person or another site gave. One with a scheme other than http, https, mailto or tel
    /// becomes `#`.
    package mutating func appendInterpolation(href address: String) {
      HTML.escape(HTML.isOwnAddress(address) || HTML.isHarmlessForeign(address) ? address : "#", into: &bytes)
    }

    /// A boolean attribute with its leading space, or nothing: `<input\(flag: "checked", when: isOn)>`.
    package mutating func appendInterpolation(flag name: StaticString, when isSet: Bool) {
      guard isSet else { return }
      bytes.append(UInt8(ascii: " "))
      name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// An attribute with its leading space, or nothing when the value is nil: `<p\(attribute: "id", id)>`.
    package mutating func appendInterpolation(attribute name: StaticString, _ value: String?) {
      guard let value else { return }
      bytes.append(UInt8(ascii: " "))
      name.withUTF8Buffer { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: "=\"".utf8)
      appendInterpolation(value)
      bytes.append(UInt8(ascii: "\""))
    }

    private var standsInAddress: Bool {
      let count = bytes.count
      guard count > 3, bytes[count - 1] == UInt8(ascii: "\""), bytes[count - 2] == UInt8(ascii: "=") else {
        return false
      }
      switch bytes[count - 3] {
      case UInt8(ascii: "f"): return bytes.hasSuffix(#" href=""#)
      case UInt8(ascii: "c"): return bytes.hasSuffix(#" src=""#)
      case UInt8(ascii: "n"): return bytes.hasSuffix(#" action=""#) || bytes.hasSuffix(#" formaction=""#)
      default: return false
      }
    }
  }

  /// `&`, `<`, `>`, `"` and `'` by reference: enough for text and for quoted attributes.
  private static func escape(_ text: String, into bytes: inout [UInt8]) {
    var text = text
    text.withUTF8 { buffer in
      var start = 0
      for (at, byte) in buffer.enumerated() {
        let reference: StaticString
        switch byte {
        case UInt8(ascii: "&"): reference = "&amp;"
        case UInt8(ascii: "<"): reference = "&lt;"
        case UInt8(ascii: ">"): reference = "&gt;"
        case UInt8(ascii: "\""): reference = "&quot;"
        case UInt8(ascii: "'"): reference = "&#39;"
        default: continue
        }
        bytes.append(contentsOf: buffer[start..<at])
        reference.withUTF8Buffer { bytes.append(contentsOf: $0) }
        start = at + 1
      }
      bytes.append(contentsOf: buffer[start...])
    }
  }

  /// A path, a query or a fragment of this site; not `//host`, not `/\host`.
  private static func isOwnAddress(_ address: String) -> Bool {
    var bytes = address.utf8.makeIterator()
    switch bytes.next() {
    case UInt8(ascii: "#"), UInt8(ascii: "?"): return true
    case UInt8(ascii: "/"):
      let second = bytes.next()
      return second != UInt8(ascii: "/") && second != UInt8(ascii: "\\")
    default: return false
    }
  }

  private static func isHarmlessForeign(_ address: String) -> Bool {
    let lower = address.lowercased()
    return ["https://", "http://", "mailto:", "tel:"].contains { lower.begins($0) }
  }
}

extension [UInt8] {
  fileprivate func hasSuffix(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { count >= $0.count && self[(count - $0.count)...].elementsEqual($0) }
  }
}

extension Sequence where Element == HTML {
  /// The parts one after another with `separator` between them.
  package func joined(_ separator: HTML) -> HTML {
    var bytes: [UInt8] = []
    var isFirst = true
    for part in self {
      if !isFirst { bytes.append(contentsOf: separator.bytes) }
      bytes.append(contentsOf: part.bytes)
      isFirst = false
    }
    return HTML(trusted: bytes)
  }
}
