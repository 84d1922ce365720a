import Core
import Legal
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Admin

@Suite struct LegalTextsPagesTests {
  private static let text = "/admin/legal/terms/en"

  @Test func `whoever is no administrator neither sees nor writes them`() async throws {
    try await withOffice { office async throws in
      for address in ["/admin/legal", Self.text] {
        #expect(await office.site.get(address, as: .ada).status == 403)
        #expect(await office.site.get(address).status == 303)
      }
      #expect(await office.site.post(Self.text, ["text": "Mine now."], as: .ada).status == 403)
      #expect(try await office.count("select count(*) from legal_versions") == 0)
    }
  }

  @Test func `the overview says what is not yet the site's own, until it is`() async throws {
    try await withOffice { office async throws in
      let banner = "Not yet yours: Terms of use and Privacy policy"
      #expect(await office.site.get("/admin", as: .root).text.contains(banner))
      let begun = await office.site.get(Self.text, as: .root)
      #expect(begun.text.contains("## What this is") && begun.text.contains("This is the standard text"))
      #expect(await office.site.post(Self.text, ["text": "Be kind.", "base": "0"], as: .root).status == 303)
      #expect(await office.site.get("/admin", as: .root).text.contains("Not yet yours: Privacy policy"))
      // Any language will do: readers of the others are shown that one.
      #expect(
        await office.site.post("/admin/legal/privacy/es", ["text": "Nada.", "base": "0"], as: .root).status == 303)
      #expect(!(await office.site.get("/admin", as: .root).text.contains("Not yet yours")))
      let list = await office.site.get("/admin/legal", as: .root)
      #expect(list.text.contains("Shown in English") && list.text.contains("Shown in Español"))
      #expect(pageFaults(list.text) == [])
    }
  }

  @Test func `a text is shown before it is published, and a preview publishes nothing`() async throws {
    try await withOffice { office async throws in
      let page = await office.site.post(
        Self.text, ["text": "# Rules\n\n<i>Be</i> **kind**.", "base": "0", "act": "preview"], as: .root)
      #expect(page.status == 200 && page.text.contains("<strong>kind</strong>") && page.text.contains("<h3>Rules</h3>"))
      #expect(!page.text.contains("<i>Be") && page.text.contains("&lt;i&gt;Be") && pageFaults(page.text) == [])
      #expect(try await office.count("select count(*) from legal_versions") == 0)
    }
  }

  @Test func `what is refused comes back with its words and a sentence`() async throws {
    try await withOffice { office async throws in
      let missing = await office.site.post(Self.text, ["text": " ", "base": "0"], as: .root)
      #expect(missing.status == 422 && missing.text.contains("Write the text first.") && pageFaults(missing.text) == [])
      let long = await office.site.post(
        Self.text, ["text": String(repeating: "لا ", count: 20_001), "base": "0"], as: .root)
      #expect(long.status == 422 && long.text.contains("60000 characters at most"), "\(long.status)")
      for address in ["/admin/legal/imprint/en", "/admin/legal/terms/fr", "/admin/legal/terms/en-XA"] {
        #expect(await office.site.get(address, as: .root).status == 404, "\(address)")
        #expect(await office.site.post(address, ["text": "x", "base": "0"], as: .root).status == 404, "\(address)")
      }
      #expect(try await office.count("select count(*) from legal_versions") == 0)
    }
  }

  @Test func `of two administrators the second is told, keeps the words, and may then decide`() async throws {
    try await withOffice { office async throws in
      // Both opened the page while nothing stood there.
      #expect(await office.site.post(Self.text, ["text": "Rosa's.", "base": "0"], as: .root).status == 303)
      let second = await office.site.post(Self.text, ["text": "Somebody else's.", "base": "0"], as: .root)
      #expect(second.status == 422 && second.text.contains("Somebody else published a version"))
      #expect(second.text.contains("Somebody else&#39;s.") || second.text.contains("Somebody else's."))
      #expect(second.text.contains("name=\"base\" value=\"1\"") && pageFaults(second.text) == [])
      #expect(try await office.count("select count(*) from legal_versions") == 1)
      // Having read it, they publish theirs over it; sent twice, it is one version.
      for _ in 0..<2 {
        #expect(await office.site.post(Self.text, ["text": "Somebody else's.", "base": "1"], as: .root).status == 303)
      }
      #expect(try await office.count("select max(number) from legal_versions") == 2)
      // What was written over nothing known is refused too, and numbers of strangers do not trap.
      for base in ["", "-1", "7", "99999999999999999999"] {
        #expect(await office.site.post(Self.text, ["text": "New.", "base": base], as: .root).status == 422, "\(base)")
      }
    }
  }
}
