import Core
import Glibc
import Loop
import Postgres
import TestDatabase
import Testing

@Suite struct MigratorTests {
  /// A folder of files, and an empty database; both gone afterwards.
  func withFolder(_ files: [String: String], _ body: (Folder, Migrator, String) async throws -> Void) async throws {
    let folder = Folder()
    for (name, text) in files { folder.write(name, text) }
    try await withDatabaseAddress(.nothing) { address in
      try await body(folder, Migrator(folder: folder.path, url: address), address)
    }
  }

  let two = [
    "20260101-0900-first.sql": "create table first (n int);\n-- two statements\ninsert into first values (1);",
    "20260102-0900-second.sql": "alter table first add m int;",
  ]

  @Test func `files are applied in order, once`() async throws {
    try await withFolder(two) { folder, migrator, address in
      let names = two.keys.sorted()
      #expect(try migrator.pending() == names)
      #expect(try migrator.migrate() == names)
      #expect(try migrator.migrate() == [])
      #expect(try migrator.pending() == [])
      folder.write("20260103-0900-third.sql", "drop table first;")
      #expect(try migrator.pending() == ["20260103-0900-third.sql"])
      try migrator.migrate()
      let rows = try PlainConnection(address).rows("select name from schema_migrations order by name")
      #expect(rows.count == 3)
    }
  }

  @Test func `a failing file is named, undone whole, and those before it stay`() async throws {
    var files = two
    files["20260103-0900-third.sql"] = "create table third (n int);\nselect nonsense;"
    try await withFolder(files) { folder, migrator, address in
      let refusal = #expect(throws: MigrationRefusal.self) { try migrator.migrate() }
      #expect(refusal?.description.hasPrefix("20260103-0900-third.sql: 42703") == true)
      let connection = try PlainConnection(address)
      #expect(try connection.rows("select to_regclass('third')") == [[nil]])
      #expect(try connection.rows("select count(*) from schema_migrations") == [["2"]])
      folder.write("20260103-0900-third.sql", "create table third (n int);")
      #expect(try migrator.migrate() == ["20260103-0900-third.sql"])
    }
  }

  @Test func `a changed, a vanished, a late and a badly named file are refused by name`() async throws {
    try await withFolder(two) { folder, migrator, _ in
      try migrator.migrate()
      folder.write("20260102-0900-second.sql", "alter table first add k int;")
      #expect(throws: MigrationRefusal.changed("20260102-0900-second.sql")) { try migrator.migrate() }
      #expect(throws: MigrationRefusal.changed("20260102-0900-second.sql")) { try migrator.pending() }
      unlink(folder.path + "/20260102-0900-second.sql")
      #expect(throws: MigrationRefusal.missing("20260102-0900-second.sql")) { try migrator.migrate() }
      folder.write("20260102-0900-second.sql", two["20260102-0900-second.sql"]!)
      folder.write("20260101-1200-late.sql", "select 1;")
      #expect(throws: MigrationRefusal.late("20260101-1200-late.sql", after: "20260102-0900-second.sql")) {
        try migrator.migrate()
      }
      unlink(folder.path + "/20260101-1200-late.sql")
      folder.write("third.sql", "select 1;")
      #expect(throws: MigrationRefusal.badName("third.sql")) { try migrator.migrate() }
      unlink(folder.path + "/third.sql")
      #expect(try migrator.migrate() == [])
    }
    #expect(throws: MigrationRefusal.unreadable("/nowhere")) { try Migrator(folder: "/nowhere", url: "").files() }
  }

  @Test func `two nodes that start together migrate once`() async throws {
    try await withFolder(two) { _, migrator, address in
      let pool = BlockingPool(threads: 4)
      let path = migrator
      let applied = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 { group.addTask { try await pool.run { try path.migrate().count } } }
        return try await group.reduce(0, +)
      }
      #expect(applied == 2)
      #expect(try PlainConnection(address).rows("select n from first") == [["1"]])
    }
  }
}
