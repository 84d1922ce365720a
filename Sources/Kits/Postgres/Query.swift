package import Core

/// A statement, its bound values, and how one row of its answer is read. Features keep theirs as static members in one
/// file, so that a handler reads `database.first(.occasion(of: lesson, for: learner.id))`.
package struct Query<Row: Sendable>: Sendable {
  package let sql: SQL
  let read: @Sendable (inout RowReader) throws -> Row

  /// Rows read by a closure, for the query that needs no type of its own.
  package init(_ sql: SQL, read: @escaping @Sendable (inout RowReader) throws -> Row) {
    self.sql = sql
    self.read = read
  }
}

/// A type that is made of one row. The initialiser reads the columns in the order the query names them.
package protocol RowDecodable: Sendable {
  init(row: inout RowReader) throws
}

extension Query where Row: RowDecodable {
  package init(_ sql: SQL) { self.init(sql) { row in try Row(row: &row) } }
}

extension Query where Row: Readable {
  /// One column: `Query<Int>("select count(*) from lessons")`.
  package init(_ sql: SQL) { self.init(sql) { row in try row.next() } }
}

extension Query where Row == Void {
  /// A statement that answers nothing.
  package init(_ sql: SQL) { self.init(sql) { _ in } }
}

extension Query {
  /// Several columns: `Query<(ID<User>, String)>("select id, name from people")`.
  package init<First: Readable, Second: Readable, each Other: Readable>(_ sql: SQL)
  where Row == (First, Second, repeat each Other) {
    self.init(sql) { row in
      (try row.next(First.self), try row.next(Second.self), repeat try row.next((each Other).self))
    }
  }

  /// The same row made into something else.
  package func map<Other: Sendable>(_ transform: @escaping @Sendable (Row) throws -> Other) -> Query<Other> {
    Query<Other>(sql) { row in try transform(try read(&row)) }
  }
}

/// One row while it is read. It cannot be kept.
package struct RowReader: ~Copyable {
  private let result: OpaquePointer
  private let row: Int32
  private let columns: [String]
  private var position: Int32 = 0
  /// What is left of a row that stands in a column of another.
  private var record: UnsafeRawBufferPointer.SubSequence?

  init(_ result: OpaquePointer, row: Int32, columns: [String]) {
    self.result = result
    self.row = row
    self.columns = columns
  }

  /// A row that is an element of an array (`record_send`: how many fields; each one's type, length and bytes).
  private init(record: Cell) throws {
    // A field that cannot be read is told by the column all of them stand in.
    (result, row, position, columns) = (record.result, 0, record.index, [])
    let bytes = try record.present()
    guard record.type == .record, bytes.count >= 4 else { throw record.unreadable(as: [Any].self) }
    self.record = bytes.dropFirst(4)
  }

  /// The next column.
  package mutating func next<Value: Readable>(_: Value.Type = Value.self) throws -> Value {
    try Value.read(try take())
  }

  // The same for the types that columns mostly have, said one by one: what is generic across modules is not specialised
  // and asks the runtime at every column.

  package mutating func next(_: Int.Type = Int.self) throws -> Int { try Int.read(try take()) }
  package mutating func next(_: String.Type = String.self) throws -> String { try String.read(try take()) }
  package mutating func next(_: Bool.Type = Bool.self) throws -> Bool { try Bool.read(try take()) }
  package mutating func next(_: Instant.Type = Instant.self) throws -> Instant { try Instant.read(try take()) }
  package mutating func next(_: Int?.Type = Int?.self) throws -> Int? { try Int?.read(try take()) }
  package mutating func next(_: String?.Type = String?.self) throws -> String? { try String?.read(try take()) }
  package mutating func next(_: Instant?.Type = Instant?.self) throws -> Instant? { try Instant?.read(try take()) }
  package mutating func next(_: [Int].Type = [Int].self) throws -> [Int] { try [Int].read(try take()) }
  package mutating func next(_: [String].Type = [String].self) throws -> [String] { try [String].read(try take()) }
  package mutating func next(_: [Int]?.Type = [Int]?.self) throws -> [Int]? { try [Int]?.read(try take()) }
  package mutating func next(_: [Bool]?.Type = [Bool]?.self) throws -> [Bool]? { try [Bool]?.read(try take()) }
  package mutating func next(_: [Instant]?.Type = [Instant]?.self) throws -> [Instant]? {
    try [Instant]?.read(try take())
  }

  /// The next column, which is an array of rows: `array(select row(…) …)`. Each is read as one row of a query is, but for
  /// names, which its columns have none of.
  package mutating func next<Row: RowDecodable>(rows _: Row.Type = Row.self) throws -> [Row] {
    var rows: [Row] = []
    try take().eachElement(of: [Row].self) {
      var reader = try RowReader(record: $0)
      rows.append(try Row(row: &reader))
    }
    return rows
  }

  private mutating func take() throws -> Cell {
    if let rest = record { return try takeField(of: rest) }
    guard Int(position) < columns.count else {
      throw UnreadableColumn(column: "\(position + 1)", reason: "the query returns \(columns.count) columns only")
    }
    defer { position += 1 }
    return Cell(result, row: row, column: position)
  }

  private mutating func takeField(of rest: UnsafeRawBufferPointer.SubSequence) throws -> Cell {
    let bytes = UnsafeRawBufferPointer(rebasing: rest)
    guard bytes.count >= 8 else {
      throw Cell(bytes: nil, type: .record, result: result, index: position)
        .unreadable(as: [Any].self, "the rows in it have fewer columns")
    }
    let length = Int(bytes.network(Int32.self, at: 4))
    let end = 8 + max(0, length)
    record = rest.dropFirst(end)
    return Cell(
      bytes: length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[8..<end]),
      type: PostgresType(rawValue: bytes.network(UInt32.self)), result: result, index: position)
  }

  /// A column by its name; the first of that name.
  package subscript<Value: Readable>(_ column: String) -> Value {
    get throws {
      guard let index = columns.firstIndex(of: column) else {
        throw UnreadableColumn(column: column, reason: "the query returns no column of this name")
      }
      return try Value.read(Cell(result, row: row, column: Int32(index)))
    }
  }
}
