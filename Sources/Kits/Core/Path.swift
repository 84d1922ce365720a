/// One address of the site, used both to match a request and to print a link, so that a link can never disagree with
/// the route it points at.
///
/// A template is made of literal segments and `:name` segments. One trailing slash is neither here nor there when
/// matching; printing keeps the template's own.
package struct Path<each Part: PathPart>: Sendable {
  package let template: String
  private let segments: [PathSegment]
  /// What stands before, between and behind the parts.
  private let literals: [String]

  package init(_ template: String, as parts: repeat (each Part).Type) {
    self.template = template
    segments = template.split(separator: "/").map { $0.hasPrefix(":") ? .part : .literal(String($0)) }
    var literals = [""]
    for (at, segment) in template.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
      if at > 0 { literals[literals.count - 1] += "/" }
      if segment.hasPrefix(":") { literals.append("") } else { literals[literals.count - 1] += segment }
    }
    self.literals = literals
    var count = 0
    for _ in repeat each parts { count += 1 }
    precondition(
      count == segments.count(where: { if case .part = $0 { true } else { false } }),
      "\(template): parts and types differ in number")
  }

  /// The address with these parts, percent-encoded.
  package func callAsFunction(_ parts: repeat each Part) -> String {
    var address = literals[0]
    var at = 0
    for part in repeat each parts {
      at += 1
      address += PercentEncoding.encode(part.pathText)
      address += literals[at]
    }
    return address
  }

  /// The parts of an address of this shape, from its decoded segments; nothing when it has another shape.
  package func match(_ got: [String]) -> (repeat each Part)? {
    guard got.count == segments.count else { return nil }
    var captured: [String] = []
    for (segment, text) in zip(segments, got) {
      switch segment {
      case .literal(let literal): guard literal == text else { return nil }
      case .part: captured.append(text)
      }
    }
    var next = captured.makeIterator()
    func read<P: PathPart>(_: P.Type) throws(NoMatch) -> P {
      guard let text = next.next(), let part = P(pathText: text) else { throw NoMatch() }
      return part
    }
    do { return (repeat try read((each Part).self)) } catch { return nil }
  }

  private struct NoMatch: Error {}
}

private enum PathSegment: Sendable {
  case literal(String)
  case part
}

/// What may stand in an address: it prints to a segment and is read back from one.
package protocol PathPart: Sendable {
  init?(pathText: String)
  var pathText: String { get }
}

extension String: PathPart {
  package init?(pathText: String) {
    guard !pathText.isEmpty else { return nil }
    self = pathText
  }
  package var pathText: String { self }
}

extension Int: PathPart {
  package init?(pathText: String) { self.init(pathText) }
  package var pathText: String { String(self) }
}

extension ID: PathPart {
  package init?(pathText: String) { self.init(pathText) }
  package var pathText: String { description }
}

/// RFC 3986 percent-encoding of one path segment or one query component.
package enum PercentEncoding {
  package static func encode(_ text: String) -> String {
    var text = text
    if text.withUTF8({ $0.allSatisfy(isUnreserved) }) { return text }
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if isUnreserved(byte) {
        out.append(byte)
        continue
      }
      out.append(37)
      out.append(hex(byte >> 4))
      out.append(hex(byte & 15))
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// RFC 3986, 2.3.
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 97...122, 48...57, 65...90, 45, 46, 95, 126: true
    default: false
    }
  }

  /// Nothing when an escape is broken, when the text is not UTF-8, or when it holds a NUL. `plus` reads `+` as a space (forms).
  package static func decode(_ bytes: some Collection<UInt8>, plus: Bool = false) -> String? {
    bytes.withContiguousStorageIfAvailable { read($0, plus) } ?? Array(bytes).withUnsafeBufferPointer { read($0, plus) }
  }

  private static func read(_ bytes: UnsafeBufferPointer<UInt8>, _ plus: Bool) -> String? {
    // Nearly always there is nothing to decode: then the text is the bytes.
    if bytes.allSatisfy({ $0 != 0 && $0 < 128 && $0 != 37 && !(plus && $0 == 43) }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case 37:
        guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
        out.append(high << 4 | low)
      case 43 where plus: out.append(32)
      default: out.append(byte)
      }
    }
    guard !out.contains(0) else { return nil }
    return String(validating: out, as: UTF8.self)
  }

  private static func hex(_ n: UInt8) -> UInt8 { n < 10 ? 48 + n : 55 + n }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
