import Core
import Postgres
import TestDatabase
import Testing

@Suite struct ValueTests {
  @Test func `every value comes back as it was bound`() async throws {
    try await withDatabase(.nothing) { database async throws in
      func same<Value: Bindable & Readable & Equatable>(_ value: Value, _ query: (Value) -> SQL) async throws {
        #expect(try await database.one(Query<Value>(query(value))) == value)
      }
      for number in [0, 1, -1, Int.max, Int.min] { try await same(number) { "select \($0)::bigint" } }
      for number in [0, 7, -2_147_483_648] { try await same(number) { "select \($0)::int" } }
      try await same(-32_768) { "select \($0)::smallint" }
      try await same(Int64.max) { "select \($0)::numeric" }
      for number in [0, 1.5, -2e300, .infinity] { try await same(number) { "select \($0)::float8" } }
      try await same(true) { "select \($0)::bool" }
      try await same(false) { "select \($0)::bool" }
      for text in ["", "a", "O'Reilly \\ \" $1", "سلام 👩‍🏫", String(repeating: "x", count: 100_000)] {
        try await same(text) { "select \($0)::text" }
        try await same([text, "", "{}", "NULL", "a,b"]) { "select \($0)::text[]" }
      }
      try await same(ID<User>.new()) { "select \($0)::uuid" }
      try await same([ID<User>.new(), .new()]) { "select \($0)::uuid[]" }
      try await same([ID<User>]()) { "select \($0)::uuid[]" }
      for text in ["1999-12-31T23:59:59.999999Z", "2026-11-20T17:30:00Z", "1850-01-01T00:00:00Z"] {
        let instant = try #require(Instant(rfc3339: text))
        try await same(instant) { "select \($0)::timestamptz" }
        try await same(instant..<instant + .hours(1)) { "select \($0)::tstzrange" }
        try await same([instant]) { "select \($0)::timestamptz[]" }
      }
      try await same([1, -5, Int.max]) { "select \($0)::bigint[]" }
      try await same([1, -5]) { "select \($0)::int[]" }
      try await same([UInt8](0...255)) { "select \($0)::bytea" }
      try await same([UInt8]()) { "select \($0)::bytea" }
      try await same(Currency.usd) { "select \($0)::char(3)" }
      try await same(Language.arabic) { "select \($0)::text" }
      try await same("{\"a\": [1, null, \"ü\"]}") { "select \($0)::jsonb" }
      try await same("2026-02-28") { "select \($0)::date" }
      try await same("09:05:00") { "select \($0)::time" }
      try await same(Int?.none) { "select \($0)::int" }
      try await same(String?.some("x")) { "select \($0)::text" }
    }
  }

  @Test(arguments: [
    "0", "1", "-1", "10000", "0.5", "-0.0001", "123456789.000120", "99999999999999999999.99", "100000000",
  ])
  func `a numeric is read to the last digit`(text: String) async throws {
    try await withDatabase(.nothing) { database async throws in
      #expect(try await database.one(Query<String>("select \(text)::numeric")) == text)
      #expect(try await database.one(Query<Double>("select \(text)::numeric")) == Double(text))
    }
  }

  @Test func `sums of whole numbers are read as whole numbers`() async throws {
    try await withDatabase(.nothing) { database async throws in
      #expect(
        try await database.one(Query<Int>("select sum(n) from generate_series(1, 100000::bigint) n")) == 5_000_050_000)
      #expect(try await database.one(Query<Int?>("select sum(n) from generate_series(1, 0) n")) == nil)
      await #expect(throws: UnreadableColumn.self) { try await database.one(Query<Int>("select 1.5::numeric")) }
    }
  }

  enum Colour: String, Bindable, Readable { case red, green }

  @Test func `enumerations of the database and of Swift meet by name`() async throws {
    try await withDatabase(.nothing) { database async throws in
      try await database.run(Query("create type colour as enum ('red', 'green', 'blue')"))
      #expect(try await database.one(Query<Colour>("select \(Colour.green)::colour")) == .green)
      #expect(try await database.one(Query<[String]>("select \(["red", "blue"])::colour[]")) == ["red", "blue"])
      await #expect(throws: UnreadableColumn.self) { try await database.one(Query<Colour>("select 'blue'::colour")) }
    }
  }

  @Test func `text with a NUL is refused with the server's own state, and nothing breaks`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let error = await #expect(throws: PostgresError.self) {
        try await database.one(Query<String>("select \("a\0b")::text"))
      }
      #expect(error?.state == "22021")
      #expect(try await database.one(Query<Int>("select 1")) == 1)
    }
  }

  @Test func `a number too large for its column is refused`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let error = await #expect(throws: PostgresError.self) {
        try await database.one(Query<Int>("select \(3_000_000_000)::int"))
      }
      #expect(error?.state == "22003")
    }
  }

  struct Person: RowDecodable, Equatable {
    let id: ID<User>
    let name: String
    let age: Int?
    init(row: inout RowReader) throws {
      id = try row.next()
      name = try row.next()
      age = try row.next()
    }
  }

  @Test func `rows are read in order, by name, as tuples and by closures`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let id = ID<User>.new()
      let person: SQL = "select \(id) as id, \("Amal")::text as name, null::int as age"
      // An untyped parameter arrives as text; an identifier reads either.
      let read = try await database.one(Query<Person>(person))
      #expect(read.id == id && read.name == "Amal" && read.age == nil)
      let pair = try await database.one(Query<(Int, String, Bool)>("select 1, 'a', true"))
      #expect(pair == (1, "a", true))
      let named = try await database.one(
        Query(person) { row in (try row["name"] as String, try row["id"] as ID<User>) })
      #expect(named == ("Amal", id))
      let unreadable = await #expect(throws: UnreadableColumn.self) {
        try await database.one(Query<Int>("select null::int as age"))
      }
      #expect(unreadable?.description == "column age: null where a value was expected")
      await #expect(throws: UnreadableColumn.self) { _ = try await database.one(Query<(Int, Int)>("select 1")) }
      await #expect(throws: Failure.notFound) { try await database.one(Query<Int>("select 1 where false")) }
      #expect(try await database.first(Query<Int>("select 1 where false")) == nil)
      #expect(try await database.all(Query<Int>("select generate_series(1, 5)")) == [1, 2, 3, 4, 5])
    }
  }

  /// Two numbers and a text that may be missing, as a row of a query or in a column of one.
  private struct Mark: RowDecodable, Equatable {
    let at: Int
    let id: ID<User>
    let note: String?

    init(at: Int, id: ID<User>, note: String?) { (self.at, self.id, self.note) = (at, id, note) }

    init(row: inout RowReader) throws {
      at = try row.next()
      id = try row.next()
      note = try row.next()
    }
  }

  private struct Marks: RowDecodable {
    let before: Int
    let marks: [Mark]
    let after: Int

    init(row: inout RowReader) throws {
      before = try row.next()
      marks = try row.next(rows: Mark.self)
      after = try row.next()
    }
  }

  @Test func `an array of rows is read as rows are`() async throws {
    try await withDatabase(.nothing) { database async throws in
      let id = ID<User>.new()
      func marks(_ rows: SQL) async throws -> Marks {
        try await database.one(Query("select 1, array(\(rows)) as marks, 2"))
      }
      let read = try await marks(
        "select row(n, \(id)::uuid, case n when 2 then null when 3 then '' else 'note ' || n end) from generate_series(1, 4) n"
      )
      #expect(
        read.marks == [
          Mark(at: 1, id: id, note: "note 1"), Mark(at: 2, id: id, note: nil), Mark(at: 3, id: id, note: ""),
          Mark(at: 4, id: id, note: "note 4"),
        ])
      #expect(read.before == 1 && read.after == 2)
      #expect(try await marks("select row(1, null::uuid, '') where false").marks.isEmpty)
      for (rows, reason): (SQL, String) in [
        ("select row(1, null::uuid, '')", "column marks: null where a value was expected"),
        ("select row(1, \(id)::uuid)", "column marks: the rows in it have fewer columns"),
        ("select row('a'::text, null::uuid, '')", "column marks: type 25 is not read this way; cast it in the query"),
        ("select 'a'::text", "column marks: type 25 is not read this way; cast it in the query"),
      ] {
        let unreadable = await #expect(throws: UnreadableColumn.self) { try await marks(rows) }
        #expect(unreadable?.description == reason)
      }
    }
  }
}

@Suite struct SQLTests {
  @Test func `fragments are spliced with their parameters renumbered`() {
    let wide: SQL = "stars > \(1) and stars < \(2)"
    let filters: [SQL] = [wide, "name = \("$1")", "true"]
    let sql: SQL = "select '$1' where id = \(0) and \(filters.joined(" and ")) limit \(9)"
    #expect(sql.text == "select '$1' where id = $1 and stars > $2 and stars < $3 and name = $4 and true limit $5")
  }

  @Test func `renumbering past nine keeps every parameter`() async throws {
    let numbers = Array(1...25)
    let list = numbers.map { "(\($0)::int)" as SQL }.joined(", ")
    try await withDatabase(.nothing) { database async throws in
      #expect(
        try await database.all(Query<Int>("select n + \(100)::int from (values \(list)) v(n)"))
          == numbers.map { $0 + 100 })
    }
  }
}
