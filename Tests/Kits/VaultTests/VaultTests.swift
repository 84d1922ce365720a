import Core
import Crypto
import Glibc
import Postgres
import TestDatabase
import Testing

@testable import Vault

enum Note {}

let words = SealedColumn("notes", key: "id", "words")
let heads = SealedColumn("notes", key: "id", "head")

/// The keys as two processes see them: a file both may read again.
final class Shelf: Sendable {
  private let kept: Locked<KeyRing>
  init(_ ring: KeyRing) { kept = Locked(ring) }
  var ring: KeyRing {
    get { kept.withLock { $0 } }
    set { kept.withLock { $0 = newValue } }
  }
  func vault() -> Vault { Vault(ring) { self.ring } }
}

func ring(_ ids: String...) -> KeyRing {
  let keys = ids.map { Key.fresh(id: $0)! }
  return KeyRing(keys[0], Array(keys[1...]))
}

func withNotes(_ body: (Database) async throws -> Void) async throws {
  try await withDatabase { database async throws in
    try await database.run(Query("create table notes (id uuid primary key, words text, head text)"))
    try await database.run(
      Query(
        "create trigger live_key before insert or update of words on notes for each row execute function refuse_retired_key('words')"
      ))
    try await body(database)
  }
}

@Suite struct VaultTests {
  @Test func `a text opens in its own place and nowhere else`() throws {
    let vault = Vault(ring("k1"))
    let (here, there) = (ID<Note>.new(), ID<Note>.new())
    let sealed = vault.seal("the words", in: words, row: here)
    #expect(sealed.hasPrefix("k1.") && !sealed.contains("words"))
    #expect(try vault.open(sealed, in: words, row: here) == "the words")
    #expect(throws: Vault.Refusal.notGenuine("notes.words")) { try vault.open(sealed, in: words, row: there) }
    #expect(throws: Vault.Refusal.notGenuine("notes.head")) { try vault.open(sealed, in: heads, row: here) }
    #expect(vault.seal("the words", in: words, row: here) != sealed)
  }

  @Test func `a text that was tampered with does not open`() throws {
    let vault = Vault(ring("k1"))
    let row = ID<Note>.new()
    let sealed = Array(vault.seal("the words", in: words, row: row).utf8)
    for at in sealed.indices {
      var other = sealed
      other[at] = other[at] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      let text = String(decoding: other, as: UTF8.self)
      #expect(throws: Vault.Refusal.self) { try vault.open(text, in: words, row: row) }
    }
    for text in ["", "k1", "k1.", "words", ".", "k1.AAAA"] {
      #expect(throws: Vault.Refusal.self) { try vault.open(text, in: words, row: row) }
    }
  }

  @Test func `an unknown key is named, and a ring that has learned it opens`() throws {
    let shelf = Shelf(ring("k1"))
    let vault = shelf.vault()
    let row = ID<Note>.new()
    let more = ring("k2")
    let foreign = Vault(more).seal("the words", in: words, row: row)
    #expect(throws: Vault.Refusal.unknownKey("k2", "notes.words")) { try vault.open(foreign, in: words, row: row) }
    shelf.ring = more
    #expect(try vault.open(foreign, in: words, row: row) == "the words")
  }
}

@Suite struct RotationTests {
  private func fill(_ database: Database, _ vault: Vault, _ count: Int) async throws -> [ID<Note>] {
    var ids: [ID<Note>] = []
    for number in 0..<count {
      let id = ID<Note>.new()
      let text = vault.seal("note \(number)", in: words, row: id)
      try await database.run(Query("insert into notes (id, words) values (\(id), \(text))"))
      ids.append(id)
    }
    return ids
  }

  private func texts(_ database: Database, _ vault: Vault, _ ids: [ID<Note>]) async throws -> [String] {
    var texts: [String] = []
    for id in ids {
      let sealed = try await database.one(Query<String>("select words from notes where id = \(id)"))
      texts.append(try vault.open(sealed, in: words, row: id))
    }
    return texts
  }

  @Test func `rows are sealed again and read the same; a null stays one`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1"))
      let vault = shelf.vault()
      let ids = try await fill(database, vault, 7)
      let nothing = ID<Note>.new()
      try await database.run(Query("insert into notes (id) values (\(nothing))"))
      shelf.ring = try #require(shelf.ring.adding(Key.fresh(id: "k2")!)?.sealing(with: "k2"))
      vault.reread()
      let rotation = Rotation([words, heads], vault: vault, database: database, batch: 3)
      #expect(try await rotation.run() == Rotation.Report(sealed: 7))
      #expect(try await rotation.usage() == ["k2": 7])
      #expect(try await rotation.run() == Rotation.Report())
      let read = try await texts(database, vault, ids)
      #expect(read == (0..<7).map { "note \($0)" })
    }
  }

  struct Interrupted: Error {}

  @Test func `a rotation that was interrupted in the middle is resumed where it stopped`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1"))
      let vault = shelf.vault()
      let ids = try await fill(database, vault, 10)
      shelf.ring = try #require(shelf.ring.adding(Key.fresh(id: "k2")!)?.sealing(with: "k2"))
      vault.reread()
      let rotation = Rotation([words], vault: vault, database: database, batch: 4)
      await #expect(throws: Interrupted.self) {
        try await rotation.run { report in if report.sealed >= 4 { throw Interrupted() } }
      }
      #expect(try await rotation.usage() == ["k1": 6, "k2": 4])
      // Half way, every row reads.
      let half = try await texts(database, vault, ids)
      #expect(half == (0..<10).map { "note \($0)" })
      #expect(try await rotation.run() == Rotation.Report(sealed: 6))
      #expect(try await rotation.usage() == ["k2": 10])
    }
  }

  @Test func `what is written during a rotation is never overwritten`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1"))
      let vault = shelf.vault()
      let ids = try await fill(database, vault, 40)
      shelf.ring = try #require(shelf.ring.adding(Key.fresh(id: "k2")!)?.sealing(with: "k2"))
      vault.reread()
      let rotation = Rotation([words], vault: vault, database: database, batch: 5)
      // Two rotations at once, and a writer who changes every row.
      try await withThrowingTaskGroup { group in
        for _ in 0..<2 { group.addTask { _ = try await rotation.run() } }
        group.addTask {
          for id in ids {
            let text = vault.seal("changed", in: words, row: id)
            try await database.run(Query("update notes set words = \(text) where id = \(id)"))
          }
        }
        try await group.waitForAll()
      }
      let read = try await texts(database, vault, ids)
      #expect(read == ids.map { _ in "changed" })
      #expect(try await rotation.usage() == ["k2": 40])
    }
  }

  @Test func `a row that does not open is named and left, and the others go on`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1"))
      let vault = shelf.vault()
      let ids = try await fill(database, vault, 3)
      // One row's text is put into another.
      try await database.run(
        Query("update notes set words = (select words from notes where id = \(ids[0])) where id = \(ids[1])"))
      shelf.ring = try #require(shelf.ring.adding(Key.fresh(id: "k2")!)?.sealing(with: "k2"))
      vault.reread()
      let rotation = Rotation([words], vault: vault, database: database, batch: 1)
      #expect(try await rotation.run() == Rotation.Report(sealed: 2, unreadable: ["notes.words \(ids[1])"]))
      #expect(try await rotation.usage() == ["k1": 1, "k2": 2])
    }
  }

  @Test func `a key is retired when nothing uses it, and then nobody writes with it`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1"))
      let (vault, stale) = (shelf.vault(), Vault(shelf.ring))
      _ = try await fill(database, vault, 2)
      shelf.ring = try #require(shelf.ring.adding(Key.fresh(id: "k2")!)?.sealing(with: "k2"))
      vault.reread()
      let rotation = Rotation([words], vault: vault, database: database)
      await #expect(throws: Rotation.StillUsed(id: "k1", rows: 2)) {
        try await database.transaction { tx in try await rotation.retire("k1", in: tx) }
      }
      _ = try await rotation.run()
      try await database.transaction { tx in try await rotation.retire("k1", in: tx) }
      // A process that never heard of the new key.
      let late = ID<Note>.new()
      let text = stale.seal("late", in: words, row: late)
      let error = await #expect(throws: PostgresError.self) {
        try await database.run(Query("insert into notes (id, words) values (\(late), \(text))"))
      }
      #expect(error?.constraint == "sealing_key_in_use")
      #expect(try await rotation.usage() == ["k2": 2])
    }
  }

  @Test func `a key is not retired under a writer who has not committed`() async throws {
    try await withNotes { database async throws in
      let shelf = Shelf(ring("k1", "k2"))
      let stale = Vault(shelf.ring)
      let rotation = Rotation([words], vault: shelf.vault(), database: database)
      let late = ID<Note>.new()
      let text = stale.seal("late", in: words, row: late)
      let (written, write) = AsyncStream.makeStream(of: Void.self)
      let (released, release) = AsyncStream.makeStream(of: Void.self)
      let writer = Task {
        try await database.transaction { tx async throws in
          try await tx.run(Query("insert into notes (id, words) values (\(late), \(text))"))
          write.yield()
          for await _ in released { break }
        }
      }
      for await _ in written { break }
      let retiring = Task {
        try await database.transaction { tx in try await rotation.retire("k1", in: tx) }
      }
      // It waits for the writer: the database says so.
      while try await database.one(
        Query<Int>(
          "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()"
        )) == 0
      { await Task.yield() }
      release.yield()
      try await writer.value
      await #expect(throws: Rotation.StillUsed(id: "k1", rows: 1)) { try await retiring.value }
    }
  }
}

@Suite struct KeyFileTests {
  @Test func `the first start makes a file for its owner alone, and every later one reads the same`() async throws {
    let folder = Folder()
    let file = KeyFile(folder.path + "/keys")
    #expect(try file.read() == nil)
    let rings = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 { group.addTask { try file.readOrMake().setting } }
      var settings: Set<String> = []
      for try await setting in group { settings.insert(setting) }
      return settings
    }
    #expect(rings.count == 1)
    let more = try #require(try file.read()?.adding(Key.fresh(id: "k2")!))
    try file.replace(with: more)
    #expect(try file.read()?.ids == ["k1", "k2"])
  }

  @Test func `a file that others may read, or that holds no keys, is refused with a sentence`() throws {
    let folder = Folder()
    let path = folder.path + "/keys"
    let file = KeyFile(path)
    _ = try file.readOrMake()
    chmod(path, 0o644)
    #expect(throws: KeyFile.Refusal.open(path)) { try file.read() }
    chmod(path, 0o600)
    truncate(path, 0)
    #expect(throws: KeyFile.Refusal.malformed(path)) { try file.read() }
    #expect("\(KeyFile.Refusal.open(path))".contains("chmod 600"))
    #expect(throws: KeyFile.Refusal.self) { try KeyFile(folder.path + "/none/keys").readOrMake() }
  }
}
