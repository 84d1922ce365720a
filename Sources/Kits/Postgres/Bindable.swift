// Values on their way to the server. The statement is prepared first, so the server has said of which type each
// parameter is; a value is encoded for that type, in binary where that is plain, as text where the server's own parser
// is the better judge (enumerations, dates, JSON, arrays).
package import Core
import Glibc

/// A type of the server, by its object identifier (`pg_type.dat`).
package struct PostgresType: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let bool = PostgresType(rawValue: 16)
  package static let bytea = PostgresType(rawValue: 17)
  package static let int8 = PostgresType(rawValue: 20)
  package static let int2 = PostgresType(rawValue: 21)
  package static let int4 = PostgresType(rawValue: 23)
  package static let text = PostgresType(rawValue: 25)
  package static let oid = PostgresType(rawValue: 26)
  package static let float4 = PostgresType(rawValue: 700)
  package static let float8 = PostgresType(rawValue: 701)
  package static let date = PostgresType(rawValue: 1082)
  package static let time = PostgresType(rawValue: 1083)
  package static let timestamptz = PostgresType(rawValue: 1184)
  package static let numeric = PostgresType(rawValue: 1700)
  package static let record = PostgresType(rawValue: 2249)
  package static let uuid = PostgresType(rawValue: 2950)
  package static let jsonb = PostgresType(rawValue: 3802)
  package static let tstzrange = PostgresType(rawValue: 3910)
}

/// What may stand in an interpolation of ``SQL``.
package protocol Bindable: Sendable {
  /// Adds itself as the next parameter, which the server says is of `type`.
  func bind(into parameters: inout Parameters, as type: PostgresType) throws
}

/// The values of one execution in one buffer.
package struct Parameters: Sendable {
  private struct Value {
    /// In the buffer; negative for null.
    let offset: Int
    let length: Int32
    let format: Int32
  }

  private var bytes: [UInt8] = []
  private var values: [Value] = []

  init(count: Int) {
    bytes.reserveCapacity(count * 24)
    values.reserveCapacity(count)
  }

  /// A value in the server's binary form.
  package mutating func add(binary write: (inout [UInt8]) throws -> Void) rethrows {
    let start = bytes.count
    try write(&bytes)
    values.append(Value(offset: start, length: Int32(bytes.count - start), format: 1))
  }

  /// A value the server parses. PostgreSQL's text has no NUL: that is refused here as the server would (22021).
  package mutating func add(text: String) throws {
    let start = bytes.count
    var text = text
    let isPlain = text.withUTF8 { text in
      bytes.append(contentsOf: text)
      return text.isEmpty || memchr(text.baseAddress!, 0, text.count) == nil
    }
    guard isPlain else { throw PostgresError("text holds a NUL character", state: "22021") }
    bytes.append(0)
    values.append(Value(offset: start, length: 0, format: 0))
  }

  package mutating func addNull() {
    values.append(Value(offset: -1, length: 0, format: 1))
  }

  /// Gives libpq its parallel arrays; they live as long as the call.
  func withPointers<Result>(
    _ body: (
      Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) -> Result
  ) -> Result {
    let count = values.count
    guard count > 0 else { return body(0, nil, nil, nil) }
    return bytes.withUnsafeBytes { buffer in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { pointers in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { numbers in
          let (lengths, formats) = (numbers.baseAddress!, numbers.baseAddress! + count)
          // An empty value is not NULL: it needs an address, any.
          let base = buffer.baseAddress ?? UnsafeRawPointer(pointers.baseAddress!)
          for (index, value) in values.enumerated() {
            let start = value.offset < 0 ? nil : (base + value.offset).assumingMemoryBound(to: CChar.self)
            (pointers.baseAddress! + index).initialize(to: start)
            (lengths + index).initialize(to: value.length)
            (formats + index).initialize(to: value.format)
          }
          return body(Int32(count), pointers.baseAddress, lengths, formats)
        }
      }
    }
  }
}

extension [UInt8] {
  mutating func append<Integer: FixedWidthInteger>(network value: Integer) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}

extension Bindable where Self: FixedWidthInteger {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    func exactly<Narrow: FixedWidthInteger>(_: Narrow.Type) throws -> Narrow {
      guard let value = Narrow(exactly: self) else {
        throw PostgresError("\(self) is out of range for a \(Narrow.bitWidth)-bit column", state: "22003")
      }
      return value
    }
    switch type {
    case .int8:
      let value = try exactly(Int64.self)
      parameters.add { $0.append(network: value) }
    case .int4:
      let value = try exactly(Int32.self)
      parameters.add { $0.append(network: value) }
    case .int2:
      let value = try exactly(Int16.self)
      parameters.add { $0.append(network: value) }
    case .float8: parameters.add { $0.append(network: Double(self).bitPattern) }
    default: try parameters.add(text: String(self))
    }
  }
}

extension Int: Bindable {}
extension Int64: Bindable {}
extension Int32: Bindable {}

extension Double: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    switch type {
    case .float8: parameters.add { $0.append(network: bitPattern) }
    case .float4: parameters.add { $0.append(network: Float(self).bitPattern) }
    default: try parameters.add(text: description)
    }
  }
}

extension Bool: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    if type == .bool { parameters.add { $0.append(self ? 1 : 0) } } else { try parameters.add(text: self ? "t" : "f") }
  }
}

extension String: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws { try parameters.add(text: self) }
}

extension ID: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    guard type == .uuid else { return try parameters.add(text: description) }
    parameters.add { bytes in
      withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes.append(contentsOf: $0) }
    }
  }
}

extension Instant: Bindable {
  /// The server counts from 2000-01-01T00:00:00Z, in the same microseconds.
  static let postgresEpoch: Int64 = 946_684_800_000_000

  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    guard type == .timestamptz else { return try parameters.add(text: rfc3339) }
    let (count, isTooEarly) = microseconds.subtractingReportingOverflow(Self.postgresEpoch)
    guard !isTooEarly else { throw PostgresError("an instant before any that is stored", state: "22008") }
    parameters.add { $0.append(network: count) }
  }
}

extension Currency: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws { try parameters.add(text: code) }
}

extension Language: Bindable {}

extension Range: Bindable where Bound == Instant {
  /// From the lower bound up to, and without, the upper one: `[)`.
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    guard type == .tstzrange else {
      return try parameters.add(text: "[\"\(lowerBound.rfc3339)\",\"\(upperBound.rfc3339)\")")
    }
    parameters.add {
      $0.append(0x02)  // RANGE_LB_INC (rangetypes.h)
      for bound in [lowerBound, upperBound] {
        $0.append(network: Int32(8))
        $0.append(network: bound.microseconds - Instant.postgresEpoch)
      }
    }
  }
}

extension Optional: Bindable where Wrapped: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    if let self { try self.bind(into: &parameters, as: type) } else { parameters.addNull() }
  }
}

/// The value of nothing.
struct Null: Bindable {
  func bind(into parameters: inout Parameters, as type: PostgresType) { parameters.addNull() }
}

/// An enumeration with a raw value is stored as that value: `enum Status: String, Bindable, Readable`.
extension Bindable where Self: RawRepresentable, RawValue: Bindable {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    try rawValue.bind(into: &parameters, as: type)
  }
}

/// What may be the element of a bound array.
package protocol BindableElement: Sendable {
  static func bind(_ array: [Self], into parameters: inout Parameters, as type: PostgresType) throws
  /// The element as PostgreSQL's array syntax quotes it.
  var arrayText: String { get }
}

extension BindableElement {
  /// As text, so that one form serves every element type the server has (arrays of enumerations, of dates, of …).
  package static func bind(_ array: [Self], into parameters: inout Parameters, as type: PostgresType) throws {
    var text = "{"
    for (index, element) in array.enumerated() {
      if index > 0 { text += "," }
      text += "\""
      let element = element.arrayText
      if element.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
        for scalar in element.unicodeScalars {
          if scalar == "\"" || scalar == "\\" { text += "\\" }
          text.unicodeScalars.append(scalar)
        }
      } else {
        text += element
      }
      text += "\""
    }
    try parameters.add(text: text + "}")
  }
}

extension String: BindableElement { package var arrayText: String { self } }
extension Int: BindableElement { package var arrayText: String { String(self) } }
extension Double: BindableElement { package var arrayText: String { description } }
extension Bool: BindableElement { package var arrayText: String { self ? "t" : "f" } }
extension ID: BindableElement { package var arrayText: String { description } }
extension Instant: BindableElement { package var arrayText: String { rfc3339 } }
extension Currency: BindableElement { package var arrayText: String { code } }
extension Language: BindableElement {}
extension BindableElement where Self: RawRepresentable, RawValue: BindableElement {
  package var arrayText: String { rawValue.arrayText }
}

extension UInt8: BindableElement {
  package var arrayText: String { String(self) }

  /// Bytes are a `bytea`, not an array.
  package static func bind(_ array: [UInt8], into parameters: inout Parameters, as type: PostgresType) throws {
    guard type == .bytea else { throw PostgresError("bytes are bound to a bytea only", state: "42804") }
    parameters.add { $0.append(contentsOf: array) }
  }
}

extension Array: Bindable where Element: BindableElement {
  package func bind(into parameters: inout Parameters, as type: PostgresType) throws {
    try Element.bind(self, into: &parameters, as: type)
  }
}
