/// A statement in which every interpolation is a bound parameter.
///
/// Text comes from literals only: there is no way to splice a `String`. A nested `SQL` value is spliced with its
/// parameters renumbered, which is how optional filters and orders are put together:
///
///     let order: SQL = newest ? "written_at desc" : "stars desc"
///     Query("select … from reviews where tutor_id = \(tutor) order by \(order)")
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  package typealias StringLiteralType = StaticString

  /// The text, with `$1`, `$2` … where values are bound.
  package private(set) var text: String
  private(set) var values: [any Bindable]
  /// Where in the text's UTF-8 each `$n` begins.
  private var marks: [Int]

  package init(stringLiteral value: StaticString) {
    text = value.description
    values = []
    marks = []
  }

  package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }

  private init() {
    text = ""
    values = []
    marks = []
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var sql = SQL()

    package init(literalCapacity: Int, interpolationCount: Int) {
      sql.text.reserveCapacity(literalCapacity + interpolationCount * 3)
      sql.values.reserveCapacity(interpolationCount)
      sql.marks.reserveCapacity(interpolationCount)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      literal.withUTF8Buffer { sql.text += String(decoding: $0, as: UTF8.self) }
    }

    /// Binds a value; `nil` is null. (The optional in the signature is what tells the compiler that one is meant.)
    package mutating func appendInterpolation<Value: Bindable>(_ value: Value?) {
      if let value { sql.bind(value) } else { sql.bind(value) }
    }

    /// Splices a fragment.
    package mutating func appendInterpolation(_ fragment: SQL) { sql.append(fragment) }
  }

  private mutating func bind(_ value: any Bindable) {
    marks.append(text.utf8.count)
    values.append(value)
    text += "$"
    text += String(values.count)
  }

  /// Adds a fragment at the end.
  package mutating func append(_ fragment: SQL) {
    guard !fragment.marks.isEmpty else {
      text += fragment.text
      return
    }
    let source = fragment.text.utf8
    var from = source.startIndex
    for (number, mark) in fragment.marks.enumerated() {
      let at = source.index(source.startIndex, offsetBy: mark)
      text += fragment.text[from..<at]
      bind(fragment.values[number])
      from = source.index(at, offsetBy: 1 + String(number + 1).utf8.count)
    }
    text += fragment.text[from...]
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
