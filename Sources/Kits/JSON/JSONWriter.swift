package import Core

/// Writes JSON straight into bytes: no tree, no reflection, one growing array. For answers on hot paths.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object { w in
///   w.field("id", tutor.id)
///   w.field("price", tutor.price)
///   w.array("lessons", lessons) { w, lesson in
///     w.object { w in w.field("start_at", lesson.start) }
///   }
/// }
/// ```
/// Strings are escaped per RFC 8259, and `<` as `\u003c`, so that the text may also stand in a `<script>` element.
package struct JSONWriter: Sendable {
  private var bytes: [UInt8] = []
  private var needsComma = false

  /// `capacity` is a guess in bytes that saves growing. 960 are, with an array's own words, the most that glibc keeps at hand
  /// for each thread.
  package init(capacity: Int = 960) { bytes.reserveCapacity(capacity) }

  /// The text so far. Complete once every opened value is closed, which the closures see to.
  package consuming func finish() -> [UInt8] { bytes }

  /// What `body` writes, as bytes.
  package static func bytes(capacity: Int = 960, _ body: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
    var writer = JSONWriter(capacity: capacity)
    try body(&writer)
    return writer.finish()
  }

  /// What `body` writes, as a string; for socket messages.
  package static func text(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
    String(decoding: try bytes(body), as: UTF8.self)
  }

  // MARK: Values: the document itself, or the next element of an array

  package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  package mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    try array { w in for element in elements { try body(&w, element) } }
  }

  /// One value. Inside ``array(_:)`` the next element.
  package mutating func write(_ value: some JSONWritable) { value.write(to: &self) }
  package mutating func write(_ value: Instant) { instant(value) }

  // MARK: Members of an object

  /// `"name": value`. The name is a literal of plain characters and is not escaped.
  package mutating func field(_ name: StaticString, _ value: some JSONWritable) {
    key(name)
    value.write(to: &self)
  }

  // The same for the values that answers mostly hold, said one by one: what is generic across modules is not specialised
  // and asks the runtime at every member.

  package mutating func field(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  package mutating func field(_ name: StaticString, _ value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, _ value: Int) {
    key(name)
    integer(Int64(value))
  }

  package mutating func field(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  package mutating func field(_ name: StaticString, _ value: Instant) {
    key(name)
    instant(value)
  }

  package mutating func field(_ name: StaticString, _ value: Instant?) {
    key(name)
    if let value { instant(value) } else { null() }
  }

  package mutating func field(_ name: StaticString, _ value: Money) {
    key(name)
    value.write(to: &self)
  }

  package mutating func field<Of>(_ name: StaticString, _ value: ID<Of>) {
    key(name)
    identifier(value)
  }

  /// A member whose name is not known when compiling; the name is escaped.
  package mutating func field(named name: String, _ value: some JSONWritable) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    value.write(to: &self)
  }

  package mutating func object(_ name: StaticString, _ body: (inout JSONWriter) throws -> Void) rethrows {
    key(name)
    try object(body)
  }

  package mutating func array(_ name: StaticString, _ body: (inout JSONWriter) throws -> Void) rethrows {
    key(name)
    try array(body)
  }

  package mutating func array<Elements: Sequence>(
    _ name: StaticString, _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    key(name)
    try array(elements, body)
  }

  /// `"name":` for a value written next, by whatever writes it.
  package mutating func key(_ name: StaticString) {
    let count = name.utf8CodeUnitCount
    // In one piece, for each is asked anew whether there is room for it.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 4) { text in
      text[0] = UInt8(ascii: ",")
      text[1] = UInt8(ascii: "\"")
      (text.baseAddress! + 2).initialize(from: name.utf8Start, count: count)
      text[count + 2] = UInt8(ascii: "\"")
      text[count + 3] = UInt8(ascii: ":")
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[(needsComma ? 0 : 1)...]))
    }
    needsComma = false
  }

  /// A value that is JSON already, such as a `jsonb` column the database rendered. It is not checked.
  package mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  /// The same, as bytes of UTF-8.
  package mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  /// An object that is JSON already, is not empty and ends with its brace, with the members that `body` writes behind its own.
  package mutating func object(extending json: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
    raw(json)
    bytes.removeLast()
    try body(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  // MARK: The scalars

  mutating func null() { literal("null") }
  mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

  mutating func integer(_ value: Int64) {
    separate()
    var rest = value.magnitude
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var at = 20
      repeat {
        at -= 1
        digits[at] = UInt8(truncatingIfNeeded: 48 + rest % 10)
        rest /= 10
      } while rest > 0
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      bytes.append(contentsOf: UnsafeBufferPointer(start: digits.baseAddress! + at, count: 20 - at))
    }
    needsComma = true
  }

  /// The shortest digits that read back as the same number; what JSON cannot say (infinity, not a number) is `null`.
  mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: value.description.utf8)
    needsComma = true
  }

  mutating func string(_ value: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var value = value
    value.withUTF8 { text in
      var start = 0
      for at in text.indices where Self.mustEscape(text[at]) {
        bytes.append(contentsOf: text[start..<at])
        escape(text[at])
        start = at + 1
      }
      bytes.append(contentsOf: text[start...])
    }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  mutating func identifier<Of>(_ value: ID<Of>) { quoted { value.spell(into: &$0) } }
  mutating func instant(_ value: Instant) { quoted { value.spell(into: &$0) } }

  /// Text that is known to need no escaping, such as a currency's code.
  mutating func plain(_ value: String) { quoted { $0.append(contentsOf: value.utf8) } }

  @inline(__always) private mutating func quoted(_ spell: (inout [UInt8]) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    spell(&bytes)
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  @inline(__always) private static func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "<")
  }

  private mutating func escape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    default:
      let digits: StaticString = "0123456789abcdef"
      bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
      bytes.append(digits.utf8Start[Int(byte >> 4)])
      bytes.append(digits.utf8Start[Int(byte & 15)])
    }
  }

  private mutating func literal(_ text: StaticString) {
    separate()
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    needsComma = true
  }

  @inline(__always) private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }
}

/// What can be written as one JSON value.
package protocol JSONWritable {
  func write(to writer: inout JSONWriter)
}

extension String: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Substring: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.string(String(self)) }
}

extension Int: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.integer(Int64(self)) }
}

extension Int64: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.integer(self) }
}

extension Double: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.double(self) }
}

extension Bool: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.bool(self) }
}

/// The 36-character text.
extension ID: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.identifier(self) }
}

/// RFC 3339 in UTC.
extension Instant: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.instant(self) }
}

extension Currency: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.plain(code) }
}

extension Language: JSONWritable {
  package func write(to writer: inout JSONWriter) { writer.plain(rawValue) }
}

/// `{"amount":4500,"currency":"USD"}`, in minor units.
extension Money: JSONWritable {
  package func write(to writer: inout JSONWriter) {
    writer.object { w in
      w.field("amount", amount)
      w.field("currency", currency)
    }
  }
}

/// Nothing is `null`.
extension Optional: JSONWritable where Wrapped: JSONWritable {
  package func write(to writer: inout JSONWriter) {
    if let self { self.write(to: &writer) } else { writer.null() }
  }
}

extension Array: JSONWritable where Element: JSONWritable {
  package func write(to writer: inout JSONWriter) {
    writer.array { w in for element in self { element.write(to: &w) } }
  }
}

extension JSON: JSONWritable {
  package func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .bool(let value): writer.bool(value)
    case .int(let value): writer.integer(Int64(value))
    case .double(let value): writer.double(value)
    case .string(let value): writer.string(value)
    case .array(let elements): elements.write(to: &writer)
    case .object(let object): object.write(to: &writer)
    }
  }
}

extension JSON.Object: JSONWritable {
  package func write(to writer: inout JSONWriter) {
    writer.object { w in for (name, value) in members { w.field(named: name, value) } }
  }
}
