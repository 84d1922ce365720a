// Codable over the JSON value, for jobs, events and settings, where shape matters more than speed. No Foundation: it
// would cost every process several megabytes and its start.

extension JSON {
  /// The compact JSON text of a value. Keys are written as they are; optionals that are nothing are left out by synthesis.
  /// Throws `EncodingError` for a number JSON cannot say.
  package static func encode(_ value: some Encodable) throws -> String { try JSON(encoding: value).text }

  /// A value from its JSON text. Throws ``JSONError`` for what is not JSON, `DecodingError` for another shape.
  package static func decode<T: Decodable>(_ type: T.Type = T.self, from text: String) throws -> T {
    try JSON.read(text).decode(type)
  }

  package static func decode<T: Decodable>(_ type: T.Type = T.self, from bytes: [UInt8]) throws -> T {
    try JSON.read(bytes).decode(type)
  }

  package init(encoding value: some Encodable) throws {
    let slot = Slot()
    try slot.encode(value, path: [])
    self = slot.json
  }

  package func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T { try Self.decode(type, from: self, path: []) }

  fileprivate static func decode<T: Decodable>(_ type: T.Type, from json: JSON, path: [any CodingKey]) throws -> T {
    if type == JSON.self { return json as! T }
    return try T(from: ValueDecoder(json: json, codingPath: path))
  }
}

/// A JSON value carries itself through any coder of ours.
extension JSON: Codable {
  package init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? ValueDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "JSON is read from JSON only"))
    }
    self = decoder.json
  }

  package func encode(to encoder: any Encoder) throws {
    guard let encoder = encoder as? ValueEncoder else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "JSON is written to JSON only"))
    }
    encoder.slot.content = .leaf(self)
  }
}

// MARK: Encoding

/// A place in the tree that is being built; containers write into places, so they may be filled in any order.
private final class Slot {
  enum Content {
    case nothing
    case leaf(JSON)
    case object([(name: String, slot: Slot)])
    case array([Slot])
  }

  var content = Content.nothing

  var json: JSON {
    switch content {
    case .nothing: .object([:])
    case .leaf(let json): json
    case .object(let members):
      .object(members.reduce(into: JSON.Object()) { $0[$1.name] = $1.slot.json })
    case .array(let slots): .array(slots.map(\.json))
    }
  }

  func becomeObject() { if case .object = content {} else { content = .object([]) } }
  func becomeArray() { if case .array = content {} else { content = .array([]) } }

  func member(_ name: String) -> Slot {
    guard case .object(var members) = content else { preconditionFailure("not an object") }
    let slot = Slot()
    content = .nothing
    members.append((name, slot))
    content = .object(members)
    return slot
  }

  func append() -> Slot {
    guard case .array(var slots) = content else { preconditionFailure("not an array") }
    let slot = Slot()
    content = .nothing
    slots.append(slot)
    content = .array(slots)
    return slot
  }

  var count: Int { if case .array(let slots) = content { slots.count } else { 0 } }

  func encode<T: Encodable>(_ value: T, path: [any CodingKey]) throws {
    switch value {
    case let value as JSON: content = .leaf(value)
    case let value as String: content = .leaf(.string(value))
    case let value as Bool: content = .leaf(.bool(value))
    case let value as Int: content = .leaf(.int(value))
    case let value as Double: try encode(number: value, path: path)
    default: try value.encode(to: ValueEncoder(slot: self, codingPath: path))
    }
  }

  func encode(number value: some BinaryFloatingPoint, path: [any CodingKey]) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: "JSON has no such number"))
    }
    content = .leaf(.double(Double(value)))
  }

  func encode(integer value: some FixedWidthInteger, path: [any CodingKey]) throws {
    guard let int = Int(exactly: value) else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: path, debugDescription: "the number needs more than 64 bits"))
    }
    content = .leaf(.int(int))
  }
}

private struct ValueEncoder: Encoder, SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.becomeObject()
    return KeyedEncodingContainer(ObjectEncoder<Key>(slot: slot, codingPath: codingPath))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.becomeArray()
    return ArrayEncoder(slot: slot, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() { slot.content = .leaf(.null) }
  func encode(_ value: Bool) { slot.content = .leaf(.bool(value)) }
  func encode(_ value: String) { slot.content = .leaf(.string(value)) }
  func encode(_ value: Double) throws { try slot.encode(number: value, path: codingPath) }
  func encode(_ value: Float) throws { try slot.encode(number: value, path: codingPath) }
  func encode(_ value: Int) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: Int8) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: Int16) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: Int32) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: Int64) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: UInt) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: UInt8) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: UInt16) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: UInt32) throws { try slot.encode(integer: value, path: codingPath) }
  func encode(_ value: UInt64) throws { try slot.encode(integer: value, path: codingPath) }
  func encode<T: Encodable>(_ value: T) throws { try slot.encode(value, path: codingPath) }
}

private struct ObjectEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  private func at(_ key: Key) -> ValueEncoder {
    ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
  }

  func encodeNil(forKey key: Key) { at(key).encodeNil() }
  func encode(_ value: Bool, forKey key: Key) { at(key).encode(value) }
  func encode(_ value: String, forKey key: Key) { at(key).encode(value) }
  func encode(_ value: Double, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Float, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Int, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Int8, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Int16, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Int32, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: Int64, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: UInt, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: UInt8, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: UInt16, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: UInt32, forKey key: Key) throws { try at(key).encode(value) }
  func encode(_ value: UInt64, forKey key: Key) throws { try at(key).encode(value) }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try at(key).encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested>
  {
    at(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { at(key).unkeyedContainer() }
  func superEncoder() -> any Encoder {
    ValueEncoder(slot: slot.member("super"), codingPath: codingPath + [Step(stringValue: "super")])
  }
  func superEncoder(forKey key: Key) -> any Encoder { at(key) }
}

private struct ArrayEncoder: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]
  var count: Int { slot.count }

  private func next() -> ValueEncoder {
    ValueEncoder(slot: slot.append(), codingPath: codingPath + [Step(intValue: slot.count - 1)])
  }

  func encodeNil() { next().encodeNil() }
  func encode(_ value: Bool) { next().encode(value) }
  func encode(_ value: String) { next().encode(value) }
  func encode(_ value: Double) throws { try next().encode(value) }
  func encode(_ value: Float) throws { try next().encode(value) }
  func encode(_ value: Int) throws { try next().encode(value) }
  func encode(_ value: Int8) throws { try next().encode(value) }
  func encode(_ value: Int16) throws { try next().encode(value) }
  func encode(_ value: Int32) throws { try next().encode(value) }
  func encode(_ value: Int64) throws { try next().encode(value) }
  func encode(_ value: UInt) throws { try next().encode(value) }
  func encode(_ value: UInt8) throws { try next().encode(value) }
  func encode(_ value: UInt16) throws { try next().encode(value) }
  func encode(_ value: UInt32) throws { try next().encode(value) }
  func encode(_ value: UInt64) throws { try next().encode(value) }
  func encode<T: Encodable>(_ value: T) throws { try next().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    next().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
  func superEncoder() -> any Encoder { next() }
}

/// A step on the way to a value, for error messages.
private struct Step: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }
  init(intValue: Int) {
    stringValue = "[\(intValue)]"
    self.intValue = intValue
  }
}

// MARK: Decoding

private struct ValueDecoder: Decoder, SingleValueDecodingContainer {
  let json: JSON
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let object) = json else { throw mismatch([String: JSON].self, "an object") }
    return KeyedDecodingContainer(ObjectDecoder<Key>(object: object, codingPath: codingPath))
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mismatch([JSON].self, "an array") }
    return ArrayDecoder(elements: elements, codingPath: codingPath)
  }
  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
    .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "expected \(wanted)"))
  }

  func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard case .int(let int) = json else { throw mismatch(type, "a whole number") }
    guard let value = T(exactly: int) else {
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "\(int) does not fit \(type)"))
    }
    return value
  }

  func decodeNil() -> Bool { json.isNull }
  func decode(_ type: Bool.Type) throws -> Bool {
    if let value = json.bool { value } else { throw mismatch(type, "true or false") }
  }
  func decode(_ type: String.Type) throws -> String {
    if let value = json.string { value } else { throw mismatch(type, "a string") }
  }
  func decode(_ type: Double.Type) throws -> Double {
    if let value = json.double { value } else { throw mismatch(type, "a number") }
  }
  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSON.decode(type, from: json, path: codingPath) }
}

private struct ObjectDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let object: JSON.Object
  let codingPath: [any CodingKey]

  var allKeys: [Key] { object.names.compactMap { Key(stringValue: $0) } }
  func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

  private func at(_ key: Key) throws -> ValueDecoder {
    guard let json = object[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "no member \(key.stringValue)"))
    }
    return ValueDecoder(json: json, codingPath: codingPath + [key])
  }

  func decodeNil(forKey key: Key) throws -> Bool { try at(key).decodeNil() }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try at(key).decode(type) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try at(key).decode(type) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try at(key).decode(type) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try at(key).decode(type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try at(key).integer(type) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try at(key).integer(type) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try at(key).integer(type) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try at(key).integer(type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try at(key).integer(type) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try at(key).integer(type) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try at(key).integer(type) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try at(key).integer(type) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try at(key).integer(type) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try at(key).integer(type) }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try at(key).decode(type) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<
    Nested
  > {
    try at(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try at(key).unkeyedContainer() }
  func superDecoder() throws -> any Decoder {
    ValueDecoder(json: object["super"] ?? .null, codingPath: codingPath + [Step(stringValue: "super")])
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try at(key) }
}

private struct ArrayDecoder: UnkeyedDecodingContainer {
  let elements: [JSON]
  let codingPath: [any CodingKey]
  private(set) var currentIndex = 0
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  init(elements: [JSON], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  private func here() throws -> ValueDecoder {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        JSON.self, .init(codingPath: codingPath, debugDescription: "the array ends here"))
    }
    return ValueDecoder(json: elements[currentIndex], codingPath: codingPath + [Step(intValue: currentIndex)])
  }

  /// Moves on only when reading succeeded.
  private mutating func take<T>(_ read: (ValueDecoder) throws -> T) throws -> T {
    let value = try read(here())
    currentIndex += 1
    return value
  }

  mutating func decodeNil() throws -> Bool {
    guard try here().decodeNil() else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode(_ type: Bool.Type) throws -> Bool { try take { try $0.decode(type) } }
  mutating func decode(_ type: String.Type) throws -> String { try take { try $0.decode(type) } }
  mutating func decode(_ type: Double.Type) throws -> Double { try take { try $0.decode(type) } }
  mutating func decode(_ type: Float.Type) throws -> Float { try take { try $0.decode(type) } }
  mutating func decode(_ type: Int.Type) throws -> Int { try take { try $0.integer(type) } }
  mutating func decode(_ type: Int8.Type) throws -> Int8 { try take { try $0.integer(type) } }
  mutating func decode(_ type: Int16.Type) throws -> Int16 { try take { try $0.integer(type) } }
  mutating func decode(_ type: Int32.Type) throws -> Int32 { try take { try $0.integer(type) } }
  mutating func decode(_ type: Int64.Type) throws -> Int64 { try take { try $0.integer(type) } }
  mutating func decode(_ type: UInt.Type) throws -> UInt { try take { try $0.integer(type) } }
  mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take { try $0.integer(type) } }
  mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take { try $0.integer(type) } }
  mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take { try $0.integer(type) } }
  mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take { try $0.integer(type) } }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try take { try $0.decode(type) } }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try take { try $0.container(keyedBy: type) }
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take { try $0.unkeyedContainer() }
  }
  mutating func superDecoder() throws -> any Decoder { try take { $0 } }
}
