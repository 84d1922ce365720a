import Core
import Platform
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Status

struct Unwell: Error {}

@Suite struct StatusPagesTests {
  /// A site whose parts are as told; the watch has looked once.
  func withStatus(
    _ conditions: [(String, Condition?)], _ body: @Sendable (TestSite, Metrics) async throws -> Void
  ) async throws {
    try await withDatabase { database in
      let house = try TestHouse(database)
      let metrics = Metrics()
      let components = conditions.map { name, condition in
        Component(name) {
          guard let condition else { throw Unwell() }
          return condition
        }
      }
      let watch = Watch(
        components, figures: Figure.jobs, database: database, metrics: metrics, clock: house.clock.clock, log: .silent)
      await watch.look()
      try await body(house.open([StatusFeature(site: house.site, watch: watch)]), metrics)
    }
  }

  @Test func `everything works is said to everybody, part by part`() async throws {
    try await withStatus([("database", .well), ("mail", .well), ("relay", .off)]) { site, _ in
      let page = await site.get("/status")
      #expect(page.status == 200)
      #expect(page.text.contains("Everything works."))
      #expect(page.text.contains("Letters are sent as they come up."))
      // What nobody set up is nobody's trouble.
      #expect(!page.text.contains("closed networks"))
      #expect(pageFaults(page.text) == [])
    }
  }

  @Test(arguments: [
    ("mail", Condition?.some(.limited), "Most things work", "Letters are sent late"),
    ("files", .down, "Something does not work", "Nothing can be uploaded right now"),
    ("database", nil, "Something does not work", "Nothing can be booked or changed"),
    ("live", .limited, "Most things work", "take a slower way just now"),
    ("live", .down, "Something does not work", "What was written is kept"),
  ])
  func `a part that is late, down, or whose look fails is told in plain words`(
    _ name: String, _ condition: Condition?, _ overall: String, _ words: String
  ) async throws {
    try await withStatus([("jobs", .well), (name, condition)]) { site, metrics in
      let page = await site.get("/status")
      #expect(page.status == 200)
      #expect(page.text.contains(overall))
      #expect(page.text.contains(words))
      #expect(pageFaults(page.text) == [])
      let json = await site.get("/api/status/")
      #expect(json.text.contains(#""name":"\#(name)","status":"\#((condition ?? .down).rawValue)""#))
      #expect(metrics.text.contains(#"component_up{component="jobs"} 1"#))
      #expect(metrics.text.contains(#"component_up{component="\#(name)"} \#(condition == .limited ? "0.5" : "0")"#))
    }
  }

  @Test func `figures are read from the database and told to Prometheus`() async throws {
    try await withDatabase { database in
      let metrics = Metrics()
      try await database.run(
        Query(
          "insert into jobs (id, name, payload, created_at) values (gen_random_uuid(), 'tests.x', '{}', now() - interval '1 hour')"
        ))
      let watch = Watch([], figures: Figure.jobs, database: database, metrics: metrics, log: .silent)
      #expect(!metrics.text.contains("jobs_open{"))
      await watch.look()
      #expect(metrics.text.contains(#"jobs_open{name="tests.x"} 1"#))
      #expect(metrics.text.contains("# TYPE jobs_oldest_due_seconds gauge\njobs_oldest_due_seconds 36"))
    }
  }
}
