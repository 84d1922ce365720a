import Audit
import Core
import Postgres
import TestKit
import Testing
import Web

@testable import Accounts
@testable import Admin

@Suite struct AuditPagesTests {
  @Test func `what administrators do is written down and found again`() async throws {
    try await withOffice { office in
      try await office.submit()
      _ = await office.site.post("/admin/people/\(Person.ben.id)/suspension", ["suspend": "on"], as: .root)
      office.house.clock.advance(by: .minutes(1))
      _ = await office.site.post(
        "/admin/verification/\(Person.dan.id)/verdict", ["verdict": "reject", "reason": "Your papers"], as: .root)
      let page = await office.site.get("/admin/audit", as: .root)
      #expect(page.status == 200 && pageFaults(page.text) == [])
      for words in [
        "Account suspended", "Tutor sent back", "Rosa Lind", "Ben Ortiz", "127.0.0.0/24", "The chain holds: 2",
      ] {
        #expect(page.text.contains(words), "\(words)")
      }
      let found = await office.site.get("/admin/audit?act=tutor&person=dan&from=2026-11-20&until=2026-11-20", as: .root)
      #expect(found.text.contains("Dan Okafor") && !found.text.contains("Ben Ortiz"))
      let nothing = await office.site.get("/admin/audit?person=%27nobody", as: .root)
      #expect(nothing.text.contains("Nothing of the kind") && pageFaults(nothing.text) == [])
      let refused = await office.site.get("/admin/audit?from=yesterday", as: .root)
      #expect(refused.status == 422 && refused.text.contains("This is no day") && pageFaults(refused.text) == [])
    }
  }

  @Test func `a long record is read page by page, each entry once`() async throws {
    try await withOffice { office in
      for number in 0..<120 {
        try await office.database.transaction { tx in
          try await AuditLog(clock: office.house.clock.clock).record(
            .settingChanged, by: .command, ["number": "n\(number)."], in: tx)
        }
        if number.isMultiple(of: 3) { office.house.clock.advance(by: .seconds(1)) }
      }
      var address: String? = "/admin/audit?act=setting"
      var seen: [String] = []
      while let next = address {
        let page = await office.site.get(next, as: .root).text
        seen += page.split(separator: "number: n").dropFirst().compactMap {
          $0.split(separator: ".").first.map(String.init)
        }
        address = page.split(separator: "rel=\"next\" href=\"").dropFirst().first?.split(separator: "\"").first.map {
          String($0).replacing("&amp;", with: "&")
        }
      }
      #expect(seen.count == 120 && Set(seen).count == 120)
      // Three share each second; seconds go back.
      let seconds = seen.compactMap { Int($0) }.map { ($0 + 2) / 3 }
      #expect(seconds == seconds.sorted(by: >))
    }
  }

  @Test func `a broken chain is told on the page`() async throws {
    try await withOffice { office in
      _ = await office.site.post("/admin/people/\(Person.ben.id)/suspension", ["suspend": "on"], as: .root)
      try await office.database.run(Query<Void>("alter table audit_entries disable trigger user"))
      try await office.database.run(Query<Void>("update audit_entries set actor_id = null"))
      let page = await office.site.get("/admin/audit", as: .root)
      #expect(page.text.contains("chain is broken") && page.text.contains("does not say what it said"))
    }
  }
}
