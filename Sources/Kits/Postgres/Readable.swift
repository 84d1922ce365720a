// Values on their way from the server, in its binary form (the `…send` functions of PostgreSQL's adt directory).
import CPostgres
package import Core

/// One value of an answer. It points into the answer's memory and must not outlive the reading of its row.
package struct Cell {
  /// Nothing when the value is null.
  package let bytes: UnsafeRawBufferPointer?
  package let type: PostgresType
  let result: OpaquePointer
  let index: Int32

  init(bytes: UnsafeRawBufferPointer?, type: PostgresType, result: OpaquePointer, index: Int32) {
    self.bytes = bytes
    self.type = type
    self.result = result
    self.index = index
  }

  init(_ result: OpaquePointer, row: Int32, column: Int32) {
    let length = PQgetlength(result, row, column)
    if length == 0, PQgetisnull(result, row, column) != 0 {
      bytes = nil
    } else {
      bytes = UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length))
    }
    type = PostgresType(rawValue: PQftype(result, column))
    self.result = result
    index = column
  }

  var column: String { PQfname(result, index).map { String(cString: $0) } ?? "\(index + 1)" }

  /// The error that says this cell is no `Value`.
  package func unreadable(as _: Any.Type, _ reason: String? = nil) -> UnreadableColumn {
    UnreadableColumn(
      column: column, reason: reason ?? "type \(type.rawValue) is not read this way; cast it in the query")
  }

  func present() throws -> UnsafeRawBufferPointer {
    guard let bytes else { throw UnreadableColumn(column: column, reason: "null where a value was expected") }
    return bytes
  }
}

/// What can be read from a column.
package protocol Readable: Sendable {
  static func read(_ cell: Cell) throws -> Self
}

extension UnsafeRawBufferPointer {
  func network<Integer: FixedWidthInteger>(_: Integer.Type, at offset: Int = 0) -> Integer {
    precondition(offset + MemoryLayout<Integer>.size <= count, "a value shorter than its type")
    return Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }
}

extension Readable where Self: FixedWidthInteger {
  package static func read(_ cell: Cell) throws -> Self {
    let bytes = try cell.present()
    let value: Self?
    switch cell.type {
    case .int8: value = Self(exactly: bytes.network(Int64.self))
    case .int4: value = Self(exactly: bytes.network(Int32.self))
    case .int2: value = Self(exactly: bytes.network(Int16.self))
    case .oid: value = Self(exactly: bytes.network(UInt32.self))
    case .numeric:
      // What `sum(bigint)` makes: whole, but numeric.
      let parts = Numeric.text(bytes).split(separator: ".")
      value = parts.count == 1 || parts[1].utf8.allSatisfy { $0 == 48 } ? Self(parts[0]) : nil
    default: throw cell.unreadable(as: Self.self)
    }
    guard let value else { throw cell.unreadable(as: Self.self, "the number does not fit a whole number") }
    return value
  }
}

extension Int: Readable {}
extension Int64: Readable {}
extension Int32: Readable {}

extension Double: Readable {
  package static func read(_ cell: Cell) throws -> Double {
    let bytes = try cell.present()
    switch cell.type {
    case .float8: return Double(bitPattern: bytes.network(UInt64.self))
    case .float4: return Double(Float(bitPattern: bytes.network(UInt32.self)))
    case .int8: return Double(bytes.network(Int64.self))
    case .int4: return Double(bytes.network(Int32.self))
    case .int2: return Double(bytes.network(Int16.self))
    case .numeric: return Double(Numeric.text(bytes)) ?? .nan
    default: throw cell.unreadable(as: Double.self)
    }
  }
}

extension Bool: Readable {
  package static func read(_ cell: Cell) throws -> Bool {
    let bytes = try cell.present()
    guard cell.type == .bool else { throw cell.unreadable(as: Bool.self) }
    return bytes[0] != 0
  }
}

extension String: Readable {
  package static func read(_ cell: Cell) throws -> String {
    let bytes = try cell.present()
    switch cell.type {
    case .uuid: return ID<Void>(high: bytes.network(UInt64.self), low: bytes.network(UInt64.self, at: 8)).description
    case .int8, .int4, .int2, .oid: return String(try Int.read(cell))
    case .numeric: return Numeric.text(bytes)
    case .bool: return bytes[0] != 0 ? "true" : "false"
    case .float4, .float8: return try Double.read(cell).description
    case .timestamptz: return try Instant.read(cell).rfc3339
    case .date: return Self.date(bytes.network(Int32.self))
    case .time: return Self.time(bytes.network(Int64.self))
    case .jsonb: return String(decoding: bytes.dropFirst(), as: UTF8.self)  // one byte of version goes first
    default:
      // text, varchar, bpchar, name, "char", json, unknown, xml; and from 16384 on what extensions and we define:
      // enumerations, citext, all of which travel as their text.
      guard [25, 1043, 1042, 19, 18, 114, 705, 142].contains(cell.type.rawValue) || cell.type.rawValue >= 16384 else {
        throw cell.unreadable(as: String.self)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// ISO 8601, from days since 2000-01-01.
  private static func date(_ days: Int32) -> String {
    if days == .max { return "infinity" }
    if days == .min { return "-infinity" }
    return String(Instant(seconds: (Int64(days) + 10_957) * 86_400).rfc3339.prefix { $0 != "T" })
  }

  /// `15:04:05`, from microseconds since midnight; with six decimals only when there is a fraction.
  private static func time(_ microseconds: Int64) -> String {
    String(Instant(microseconds: microseconds).rfc3339.drop { $0 != "T" }.dropFirst().dropLast())
  }
}

extension ID: Readable {
  package static func read(_ cell: Cell) throws -> ID {
    let bytes = try cell.present()
    if cell.type == .uuid { return ID(high: bytes.network(UInt64.self), low: bytes.network(UInt64.self, at: 8)) }
    guard let id = ID(try String.read(cell)) else { throw cell.unreadable(as: ID.self, "not an identifier") }
    return id
  }
}

extension Instant: Readable {
  package static func read(_ cell: Cell) throws -> Instant {
    let bytes = try cell.present()
    guard cell.type == .timestamptz else { throw cell.unreadable(as: Instant.self) }
    return try Instant(postgres: bytes.network(Int64.self), cell)
  }

  fileprivate init(postgres microseconds: Int64, _ cell: Cell) throws {
    guard microseconds != .max, microseconds != .min else {
      throw cell.unreadable(as: Instant.self, "infinity is no instant")
    }
    self.init(microseconds: microseconds + Self.postgresEpoch)
  }
}

extension Currency: Readable {
  package static func read(_ cell: Cell) throws -> Currency {
    guard let currency = Currency(try String.read(cell)) else {
      throw cell.unreadable(as: Currency.self, "not a currency code")
    }
    return currency
  }
}

extension Language: Readable {}

extension Range: Readable where Bound == Instant {
  package static func read(_ cell: Cell) throws -> Range<Instant> {
    let bytes = try cell.present()
    guard cell.type == .tstzrange else { throw cell.unreadable(as: Range.self) }
    // Only '[)' with both bounds: flags 0x02 (rangetypes.h), and what we write ourselves.
    guard bytes[0] == 0x02, bytes.count == 25 else {
      throw cell.unreadable(as: Range.self, "not a range from an instant up to another")
    }
    return try Instant(
      postgres: bytes.network(Int64.self, at: 5), cell)..<Instant(postgres: bytes.network(Int64.self, at: 17), cell)
  }
}

extension Optional: Readable where Wrapped: Readable {
  package static func read(_ cell: Cell) throws -> Wrapped? { cell.bytes == nil ? nil : try Wrapped.read(cell) }
}

extension Readable where Self: RawRepresentable, RawValue: Readable {
  package static func read(_ cell: Cell) throws -> Self {
    guard let value = Self(rawValue: try RawValue.read(cell)) else {
      throw cell.unreadable(as: Self.self, "a value \(Self.self) does not know")
    }
    return value
  }
}

/// What may be the element of a read array.
package protocol ReadableElement: Readable {
  static func readArray(_ cell: Cell) throws -> [Self]
}

extension ReadableElement {
  package static func readArray(_ cell: Cell) throws -> [Self] {
    var elements: [Self] = []
    elements.reserveCapacity(try cell.elementCount(of: [Self].self))
    try cell.eachElement(of: [Self].self) { elements.append(try Self.read($0)) }
    return elements
  }
}

extension Cell {
  /// How many elements a one-dimensional array has (`array_send`: dimensions, flags, element type; length and bound of each
  /// dimension; elements).
  fileprivate func elementCount(of type: Any.Type) throws -> Int {
    let bytes = try present()
    guard bytes.count >= 12 else { throw unreadable(as: type) }
    let dimensions = bytes.network(Int32.self)
    guard dimensions != 0 else { return 0 }
    guard dimensions == 1, bytes.count >= 20 else { throw unreadable(as: type) }
    return Int(bytes.network(Int32.self, at: 12))
  }

  /// The elements of an array without nulls whose type has a size of its own, one after another: where each begins. Nothing
  /// for any other array, which ``eachElement(of:_:)`` reads.
  fileprivate func elements(_ type: PostgresType, of size: Int, in whole: Any.Type) throws -> (
    first: UnsafeRawPointer, step: Int, count: Int
  )? {
    let count = try elementCount(of: whole)
    let (bytes, step) = (try present(), 4 + size)
    guard count > 0, bytes.network(Int32.self, at: 4) == 0, bytes.network(UInt32.self, at: 8) == type.rawValue,
      bytes.count == 20 + count * step
    else { return nil }
    return (bytes.baseAddress! + 24, step, count)
  }

  /// Each element as a cell.
  func eachElement(of type: Any.Type, _ body: (Cell) throws -> Void) throws {
    let bytes = try present()
    var left = try elementCount(of: type)
    guard left > 0 else { return }
    let elementType = PostgresType(rawValue: bytes.network(UInt32.self, at: 8))
    var at = 20
    while left > 0 {
      let length = Int(bytes.network(Int32.self, at: at))
      at += 4
      let element = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[at..<at + length])
      try body(Cell(bytes: element, type: elementType, result: result, index: index))
      at += max(0, length)
      left -= 1
    }
  }
}

extension String: ReadableElement {}
extension Int: ReadableElement {}
extension Double: ReadableElement {}
extension Bool: ReadableElement {}
extension ID: ReadableElement {
  package static func readArray(_ cell: Cell) throws -> [ID] {
    guard let (first, step, count) = try cell.elements(.uuid, of: 16, in: [ID].self) else {
      var ids: [ID] = []
      try cell.eachElement(of: [ID].self) { ids.append(try ID.read($0)) }
      return ids
    }
    return Array(unsafeUninitializedCapacity: count) { ids, filled in
      let ids = UnsafeMutableRawPointer(ids.baseAddress!)
      for at in 0..<count {
        let words = (first + at * step).loadUnaligned(as: (UInt64, UInt64).self)
        // What is generic in its key is not specialised: whatever it is the key of, a key is these two words.
        ids.storeBytes(
          of: ID<Void>(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1)),
          toByteOffset: at * MemoryLayout<ID<Void>>.stride, as: ID<Void>.self)
      }
      filled = count
    }
  }
}
extension Instant: ReadableElement {
  package static func readArray(_ cell: Cell) throws -> [Instant] {
    var instants: [Instant] = []
    guard let (first, step, count) = try cell.elements(.timestamptz, of: 8, in: [Instant].self) else {
      try cell.eachElement(of: [Instant].self) { instants.append(try Instant.read($0)) }
      return instants
    }
    instants.reserveCapacity(count)
    for at in 0..<count {
      let microseconds = (first + at * step).loadUnaligned(as: Int64.self)
      instants.append(try Instant(postgres: Int64(bigEndian: microseconds), cell))
    }
    return instants
  }
}
extension Currency: ReadableElement {}
extension Language: ReadableElement {}

extension UInt8: ReadableElement {
  package static func read(_ cell: Cell) throws -> UInt8 { throw cell.unreadable(as: UInt8.self) }

  /// A `bytea`.
  package static func readArray(_ cell: Cell) throws -> [UInt8] {
    let bytes = try cell.present()
    guard cell.type == .bytea else { throw cell.unreadable(as: [UInt8].self) }
    return Array(bytes)
  }
}

extension Array: Readable where Element: ReadableElement {
  package static func read(_ cell: Cell) throws -> [Element] { try Element.readArray(cell) }
}

/// PostgreSQL's `numeric`: groups of four decimal digits (`numeric_send`).
enum Numeric {
  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    let count = Int(bytes.network(Int16.self))
    let weight = Int(bytes.network(Int16.self, at: 2))
    let sign = bytes.network(UInt16.self, at: 4)
    let decimals = Int(bytes.network(Int16.self, at: 6))
    switch sign {
    case 0xC000: return "NaN"
    case 0xD000: return "inf"
    case 0xF000: return "-inf"
    default: break
    }
    func group(_ index: Int) -> String {
      let value = index >= 0 && index < count ? bytes.network(Int16.self, at: 8 + index * 2) : 0
      let digits = String(value)
      return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
    var whole = weight < 0 ? "0" : (0...weight).map(group).joined()
    whole = String(whole.drop { $0 == "0" })
    if whole.isEmpty { whole = "0" }
    var text = (sign == 0x4000 ? "-" : "") + whole
    if decimals > 0 {
      let groups = (decimals + 3) / 4
      let fraction = (0..<groups).map { group(weight + 1 + $0) }.joined()
      text += "." + fraction.prefix(decimals)
    }
    return text
  }
}
