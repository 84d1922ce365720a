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

  init(_ result: OpaquePointer, row: Int32, columns: [String]) {
    self.result = result
    self.row = row
    self.columns = columns
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

  private mutating func take() throws -> Cell {
    guard Int(position) < columns.count else {
      throw UnreadableColumn(column: "\(position + 1)", reason: "the query returns \(columns.count) columns only")
    }
    defer { position += 1 }
    return Cell(result, row: row, column: position)
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
