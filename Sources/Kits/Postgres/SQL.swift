package import Core

/// A statement in which every interpolation is a bound parameter.
///
/// Text comes from literals only: there is no way to splice a `String`. A nested `SQL` value is spliced with its
/// parameters renumbered, which is how optional filters and orders are put together:
///
///     let order: SQL = newest ? "written_at desc" : "stars desc"
///     Query("select … from reviews where tutor_id = \(tutor) order by \(order)")
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  package typealias StringLiteralType = StaticString

  /// The statement without its values. Every literal stands in the program for as long as that runs, so a statement is
  /// told from others by where its literals stand: to put one together, and to find what a session has prepared for it,
  /// its text is neither made nor read. (The same text written in two places is two shapes: it is prepared twice.)
  struct Shape: Hashable, Sendable {
    /// A literal, or the place of a value, which has no length.
    private struct Piece: Equatable, Sendable {
      let start: UInt
      let count: Int
    }

    private var pieces: [Piece] = []
    /// Grown with every piece, so that a look-up reads them once, to compare.
    private var sum: UInt = 0

    fileprivate mutating func reserve(_ count: Int) { pieces.reserveCapacity(count) }

    fileprivate mutating func add(_ literal: StaticString) {
      precondition(literal.hasPointerRepresentation, "a literal of SQL stands in the program")
      guard literal.utf8CodeUnitCount > 0 else { return }
      add(Piece(start: UInt(bitPattern: literal.utf8Start), count: literal.utf8CodeUnitCount))
    }

    fileprivate mutating func addValue() { add(Piece(start: 0, count: 0)) }

    fileprivate mutating func add(_ other: Shape) { for piece in other.pieces { add(piece) } }

    private mutating func add(_ piece: Piece) {
      pieces.append(piece)
      // FNV's prime: the pieces are the program's own, so nobody can choose two that agree.
      sum = (sum ^ piece.start ^ UInt(piece.count)) &* 0x100_0000_01b3
      sum ^= sum >> 29
    }

    /// The text, with `$1`, `$2` … where values are bound.
    var text: String {
      var bytes: [UInt8] = []
      var number = 0
      for piece in pieces {
        if let start = UnsafePointer<UInt8>(bitPattern: piece.start) {
          bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: piece.count))
        } else {
          number += 1
          bytes.append(UInt8(ascii: "$"))
          bytes.append(contentsOf: String(number).utf8)
        }
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    static func == (a: Shape, b: Shape) -> Bool { a.sum == b.sum && a.pieces == b.pieces }
    func hash(into hasher: inout Hasher) { hasher.combine(sum) }
  }

  private(set) var shape = Shape()
  private(set) var values: [any Bindable] = []

  /// The text, with `$1`, `$2` … where values are bound.
  package var text: String { shape.text }

  package init(stringLiteral value: StaticString) { shape.add(value) }

  package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }

  private init() {}

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var sql = SQL()

    package init(literalCapacity: Int, interpolationCount: Int) {
      // With room for a fragment or two that are spliced in: they have pieces and values of their own.
      sql.shape.reserve(interpolationCount * 2 + 16)
      sql.values.reserveCapacity(interpolationCount + 4)
    }

    package mutating func appendLiteral(_ literal: StaticString) { sql.shape.add(literal) }

    /// Binds a value; `nil` is null. (The optional in the signature is what tells the compiler that one is meant.)
    package mutating func appendInterpolation<Value: Bindable>(_ value: Value?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    // The same for what stands in nearly every statement, said one by one: what is generic across modules is not
    // specialised and asks the runtime at every value.

    package mutating func appendInterpolation(_ value: String?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation(_ value: Int?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation(_ value: Bool?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation(_ value: Instant?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation(_ value: Currency?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation(_ value: Range<Instant>?) {
      if let value { sql.bind(value) } else { sql.bind(Null()) }
    }

    package mutating func appendInterpolation<Of>(_ value: ID<Of>?) {
      // A key of anything is the same sixteen bytes.
      if let value { sql.bind(ID<Void>(high: value.high, low: value.low)) } else { sql.bind(Null()) }
    }

    /// Splices a fragment.
    package mutating func appendInterpolation(_ fragment: SQL) { sql.append(fragment) }
  }

  private mutating func bind(_ value: any Bindable) {
    shape.addValue()
    values.append(value)
  }

  /// Adds a fragment at the end.
  package mutating func append(_ fragment: SQL) {
    shape.add(fragment.shape)
    values.append(contentsOf: fragment.values)
  }

  package static func + (a: SQL, b: SQL) -> SQL {
    var sum = a
    sum.append(b)
    return sum
  }

  package static func += (a: inout SQL, b: SQL) { a.append(b) }
}

extension Sequence<SQL> {
  /// The fragments with `separator` between them: `filters.joined(" and ")`.
  package func joined(_ separator: SQL) -> SQL {
    var sum: SQL = ""
    var isFirst = true
    for fragment in self {
      if !isFirst { sum.append(separator) }
      isFirst = false
      sum.append(fragment)
    }
    return sum
  }
}
