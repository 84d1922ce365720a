package import Core

/// A JSON text as a value (RFC 8259). For bodies whose shape is looked at, not mapped: requests, webhooks, settings.
///
/// Hot paths write with ``JSONWriter`` and build no value at all.
package enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits. Anything larger is refused when read.
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object(Object)

  /// The members of an object in the order they were written. Names are unique; looking one up is linear, since
  /// objects that people send are short.
  package struct Object: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    package private(set) var members: [(name: String, value: JSON)]

    package init() { members = [] }

    /// A name given twice keeps its first place and its last value.
    package init(dictionaryLiteral elements: (String, JSON)...) {
      members = []
      for (name, value) in elements { self[name] = value }
    }

    /// For members whose names are known to differ, as those a reader has checked.
    init(distinct members: [(name: String, value: JSON)]) { self.members = members }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var names: [String] { members.map(\.name) }

    /// The member of that name; setting nothing takes it away.
    package subscript(name: String) -> JSON? {
      get { members.first { $0.name == name }?.value }
      set {
        let at = members.firstIndex { $0.name == name }
        switch (at, newValue) {
        case (let at?, let value?): members[at].value = value
        case (let at?, nil): members.remove(at: at)
        case (nil, let value?): members.append((name, value))
        case (nil, nil): break
        }
      }
    }

    package func makeIterator() -> IndexingIterator<[(name: String, value: JSON)]> { members.makeIterator() }
  }
}

// Looking in. What is of another kind, or not there, is nothing.
extension JSON {
  package subscript(name: String) -> JSON? { object?[name] }

  package subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: Object? { if case .object(let value) = self { value } else { nil } }
  package var isNull: Bool { if case .null = self { true } else { false } }

  /// A whole number. `1.0` is none: who means a count writes one.
  package var int: Int? { if case .int(let value) = self { value } else { nil } }

  /// Any number.
  package var double: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// The strings of an array of strings; nothing when a single element is something else.
  package var strings: [String]? {
    guard let array else { return nil }
    let strings = array.compactMap(\.string)
    return strings.count == array.count ? strings : nil
  }

  /// A key in its 36-character form.
  package func id<Of>(_: Of.Type = Of.self) -> ID<Of>? { string.flatMap { ID<Of>($0) } }

  /// An RFC 3339 instant.
  package var instant: Instant? { string.flatMap { Instant(rfc3339: $0) } }

  /// `{"amount": 4500, "currency": "USD"}`, in minor units.
  package var money: Money? {
    guard let amount = self["amount"]?.int, let currency = self["currency"]?.string.flatMap({ Currency($0) }) else {
      return nil
    }
    return Money(amount, currency)
  }
}

extension JSON: Equatable {
  /// The order of an object's members says nothing (RFC 8259, 4); whole and decimal numbers stay apart.
  package static func == (a: JSON, b: JSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.double(let a), .double(let b)): a == b
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a.count == b.count && a.allSatisfy { b[$0.name] == $0.value }
    default: false
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    var object = Object()
    for (name, value) in elements { object[name] = value }
    self = .object(object)
  }
}

extension JSON: CustomStringConvertible {
  /// The compact text, in UTF-8.
  package var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.finish()
  }

  /// The compact text.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
  package var description: String { text }
}
