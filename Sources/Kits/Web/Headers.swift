import Glibc

/// A request's header fields, in the order they came, in two allocations whatever their number. Names are looked up
/// without regard to case.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  private struct Span {
    var name: Range<UInt32>
    var value: Range<UInt32>
  }

  private var bytes: [UInt8] = []
  private var spans: [Span] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) {
    var name = name
    var value = value
    name.withUTF8 { name in value.withUTF8 { value in add(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value)) }
    }
  }

  mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    if spans.isEmpty {
      // With an array's own words the most that glibc keeps at hand for each thread: a round 1024 takes ten times as long.
      bytes.reserveCapacity(960)
      spans.reserveCapacity(16)
    }
    let start = UInt32(bytes.count)
    for byte in name { bytes.append(byte >= 65 && byte <= 90 ? byte | 32 : byte) }
    let middle = UInt32(bytes.count)
    bytes.append(contentsOf: value)
    spans.append(Span(name: start..<middle, value: middle..<UInt32(bytes.count)))
  }

  /// The first value of that name. Bytes that are not UTF-8 are replaced.
  package subscript(name: String) -> String? {
    for span in spans where matches(span, name) { return text(span.value) }
    return nil
  }

  /// Every value of that name.
  package func all(_ name: String) -> [String] { spans.filter { matches($0, name) }.map { text($0.value) } }

  /// Names (lower case) and values, as they came.
  package var pairs: [(name: String, value: String)] { spans.map { (text($0.name), text($0.value)) } }

  package var count: Int { spans.count }

  private func text(_ range: Range<UInt32>) -> String {
    String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
  }

  private func matches(_ span: Span, _ name: String) -> Bool {
    guard name.utf8.count == span.name.count else { return false }
    var name = name
    return name.withUTF8 { name in
      bytes.withUnsafeBufferPointer { bytes in
        let start = Int(span.name.lowerBound)
        for (at, byte) in name.enumerated() where bytes[start + at] != (byte >= 65 && byte <= 90 ? byte | 32 : byte) {
          return false
        }
        return true
      }
    }
  }
}
