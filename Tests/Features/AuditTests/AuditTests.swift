import Core
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Audit

struct Archive: Sendable {
  let database: Database
  let clock = SteppedClock("2026-11-21T09:00:00Z")
  var audit: AuditLog { AuditLog(clock: clock.clock) }

  func write(_ act: AuditAct = .roleGranted, _ details: [String: String] = [:], once: String? = nil) async throws {
    try await database.transaction { tx in
      try await audit.record(act, by: .command, on: .user(Person.ben.id), details, once: once, in: tx)
    }
  }

  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }

  /// As somebody who owns the tables may.
  func tamper(_ sql: SQL) async throws {
    for table in ["audit_entries", "audit_links"] as [SQL] {
      try await database.run(Query<Void>("alter table \(table) disable trigger user"))
    }
    try await database.run(Query<Void>(sql))
  }
}

func withArchive(_ body: (Archive) async throws -> Void) async throws {
  try await withDatabase { database async throws in
    try await database.insert()
    try await body(Archive(database: database))
  }
}

@Suite struct AuditTests {
  @Test func `what is recorded is linked after its commit, and the chain holds`() async throws {
    try await withArchive { archive in
      for number in 0..<5 {
        try await archive.write(.settingChanged, ["number": String(number)])
        archive.clock.advance(by: .seconds(1))
      }
      let found = try await archive.audit.verify(in: archive.database)
      #expect(found.holds && found.links == 5 && found.waiting == 0)
      #expect(found.sentence.contains("holds: 5 links"))
      #expect(try await archive.audit.contains(head: found.head, in: archive.database))
      #expect(try await archive.audit.contains(head: "ab", in: archive.database) == false)
      let lines = try await archive.audit.lines(limit: 10, in: archive.database)
      #expect(lines.map { $0.details["number"] } == ["4", "3", "2", "1", "0"])
      #expect(lines.first?.subjectName == Person.ben.name && lines.first?.channel == "command")
    }
  }

  @Test func `an act that is undone leaves no entry`() async throws {
    struct Undone: Error {}
    try await withArchive { archive in
      await #expect(throws: Undone.self) {
        try await archive.database.transaction { tx async throws in
          try await archive.audit.record(.suspended, by: .system, in: tx)
          throw Undone()
        }
      }
      let entries = try await archive.count("select count(*) from audit_entries")
      #expect(entries == 0)
      #expect(try await archive.audit.verify(in: archive.database).holds)
    }
  }

  @Test func `nothing is changed, removed or emptied`() async throws {
    try await withArchive { archive in
      try await archive.write()
      for sql in [
        "update audit_entries set act = 'key.made'", "delete from audit_entries", "truncate audit_entries cascade",
        "update audit_links set seq = 9", "delete from audit_links", "truncate audit_links",
      ] as [SQL] {
        let error = await #expect(throws: PostgresError.self) { try await archive.database.run(Query<Void>(sql)) }
        #expect(error?.state == "23000")
      }
      #expect(try await archive.audit.verify(in: archive.database).links == 1)
    }
  }

  @Test(
    arguments: [
      (
        "update audit_entries set details = '{\"n\": \"9\"}' where details->>'n' = '2'", "content", 3,
        "does not say what it said"
      ),
      (
        "update audit_entries set actor_id = subject_id::uuid, subject_kind = null, subject_id = null where details->>'n' = '1'",
        "content", 2, "Entry"
      ),
      ("update audit_links set prev_hash = hash where seq = 4", "order", 4, "does not follow"),
      ("delete from audit_links where seq = 2", "gap", 3, "A link is missing before link 3"),
      ("delete from audit_links where seq = 5", "unlinked", 5, "in no link"),
      (
        "insert into audit_entries (id, at, act, channel) values ('0190aaaa-0000-7000-8000-000000000001', now(), 'key.made', 'command')",
        "unlinked", 6, "was removed, or never made"
      ),
    ] as [(StaticString, String, Int, String)])
  func `who owns the tables and tampers is found out, at the very link`(
    _ sql: StaticString, _ reason: String, _ link: Int, _ words: String
  ) async throws {
    try await withArchive { archive in
      for number in 0..<5 {
        try await archive.write(.settingChanged, ["n": String(number)])
        archive.clock.advance(by: .seconds(1))
      }
      try await archive.tamper(SQL(stringLiteral: sql))
      let found = try await archive.audit.verify(in: archive.database)
      #expect(found.reason == reason && found.brokenAt == link)
      #expect(found.sentence.contains("broken") && found.sentence.contains(words))
    }
  }

  @Test func `an end that was cut off shows by a head that was noted down`() async throws {
    try await withArchive { archive in
      try await archive.write(.keyMade)
      try await archive.write(.keyRotated)
      let head = try await archive.audit.verify(in: archive.database).head
      try await archive.tamper("delete from audit_links where seq = 2")
      try await archive.tamper("delete from audit_entries where act = 'key.rotated'")
      // The chain alone cannot know.
      #expect(try await archive.audit.verify(in: archive.database).holds)
      #expect(try await archive.audit.contains(head: head, in: archive.database) == false)
    }
  }

  @Test func `many at once make one chain, and nobody waits for another's transaction`() async throws {
    try await withArchive { archive in
      let (written, write) = AsyncStream.makeStream(of: Void.self)
      let (released, release) = AsyncStream.makeStream(of: Void.self)
      let long = Task {
        try await archive.database.transaction { tx async throws in
          try await archive.audit.record(.merged, by: .command, in: tx)
          write.yield()
          for await _ in released { break }
        }
      }
      for await _ in written { break }
      try await withThrowingTaskGroup { group in
        for number in 0..<40 { group.addTask { try await archive.write(.settingChanged, ["n": String(number)]) } }
        try await group.waitForAll()
      }
      // All forty are linked while the long one is still open.
      #expect(try await archive.audit.verify(in: archive.database).links == 40)
      release.yield()
      try await long.value
      let found = try await archive.audit.verify(in: archive.database)
      #expect(found.holds && found.links == 41 && found.waiting == 0)
    }
  }

  @Test func `what a crash left unlinked is linked later; an hour without a link is told`() async throws {
    try await withArchive { archive in
      // The commit happened, what follows it did not.
      try await archive.database.run(
        Query<Void>(
          """
          insert into audit_entries (id, at, act, channel)
          values (\(ID<AuditEntry>.new()), \(archive.clock.clock.now), 'key.made', 'command')
          """))
      let waiting = try await archive.audit.verify(in: archive.database)
      #expect(waiting.holds && waiting.waiting == 1 && waiting.links == 0)
      archive.clock.advance(by: .minutes(61))
      let late = try await archive.audit.verify(in: archive.database)
      #expect(late.reason == "late" && late.sentence.contains("over an hour"))
      try await archive.audit.link(in: archive.database)
      let found = try await archive.audit.verify(in: archive.database)
      #expect(found.holds && found.links == 1 && found.waiting == 0)
    }
  }

  @Test func `an entry with a key of its own is written once`() async throws {
    try await withArchive { archive in
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 { group.addTask { try await archive.write(.signInFailures, once: "hour 9") } }
        try await group.waitForAll()
      }
      let entries = try await archive.count("select count(*) from audit_entries")
      #expect(entries == 1)
      #expect(try await archive.audit.verify(in: archive.database).links == 1)
    }
  }

  @Test func `entries are found by act, by person and by day, page by page`() async throws {
    try await withArchive { archive in
      for number in 0..<7 {
        try await archive.write(number < 3 ? .keyMade : .suspended, ["n": String(number)])
        archive.clock.advance(by: .hours(6))
      }
      var filter = AuditFilter()
      filter.act = "key"
      let keys = try await archive.audit.lines(filter, limit: 10, in: archive.database)
      #expect(keys.count == 3)
      filter.act = "account.suspended"
      let first = try await archive.audit.lines(filter, limit: 3, in: archive.database)
      let rest = try await archive.audit.lines(filter, before: first[2].cursor, limit: 3, in: archive.database)
      #expect((first + rest).map { $0.details["n"] } == ["6", "5", "4", "3"])
      filter = AuditFilter()
      filter.concerned = Person.ben.id.description
      let his = try await archive.audit.lines(filter, limit: 10, in: archive.database)
      #expect(his.count == 7)
      filter.concerned = Person.ada.id.description
      let none = try await archive.audit.lines(filter, limit: 10, in: archive.database)
      #expect(none.isEmpty)
      filter = AuditFilter()
      filter.from = Instant(rfc3339: "2026-11-22T00:00:00Z")
      filter.until = Instant(rfc3339: "2026-11-23T00:00:00Z")
      let day = try await archive.audit.lines(filter, limit: 10, in: archive.database)
      #expect(day.map { $0.details["n"] } == ["6", "5", "4", "3"])
    }
  }

  @Test func `of an address the neighbourhood is kept alone`() throws {
    let request = Request(.get, "/api/users/me/", address: "203.0.113.77")
    let origin = AuditOrigin(request, actor: Person.ada.id)
    #expect(origin.address == "203.0.113.0/24" && origin.channel == .api && origin.actor == Person.ada.id)
    #expect(origin.request == request.id)
  }
}
