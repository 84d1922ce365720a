import Core
import JSON
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import WebApp

@Suite struct WebAppPagesTests {
  /// The site, and the addresses of all its assets.
  func withApp(_ body: @Sendable (TestSite, Set<String>) async throws -> Void) async throws {
    try await withDatabase { database in
      let house = try TestHouse(database)
      let assets = house.site.assets
      try await body(house.open([WebAppFeature(site: house.site)]), Set(assets.paths.map(assets.address)))
    }
  }

  @Test func `the manifest names the site, its icons are there, and it speaks the reader's language`() async throws {
    try await withApp { site, assets in
      let answer = await site.get("/manifest.webmanifest")
      #expect(answer.status == 200)
      #expect(answer.header("content-type") == "application/manifest+json")
      let manifest = try JSON.read(answer.content)
      #expect(manifest["start_url"]?.string == "/")
      #expect(manifest["lang"]?.string == "en")
      let icons = manifest["icons"]?.array ?? []
      #expect(icons.compactMap { $0["sizes"]?.string } == ["192x192", "512x512", "512x512"])
      #expect(icons.last?["purpose"]?.string == "maskable")
      for icon in icons { #expect(assets.contains(icon["src"]?.string ?? "")) }
    }
  }

  @Test func `the offline page of each language is nobody's, and sound`() async throws {
    try await withApp { site, _ in
      for language in Language.allCases {
        let page = await site.get("/offline/\(language.rawValue)")
        #expect(page.status == 200)
        #expect(
          page.text.contains("<html lang=\"\(language.rawValue)\" dir=\"\(language.isRightToLeft ? "rtl" : "ltr")\""))
        #expect(pageFaults(page.text) == [])
        // It is kept on the device: nothing of one reader may be in it.
        let signedIn = await site.get("/offline/\(language.rawValue)", as: .ben)
        #expect(signedIn.text == page.text)
        #expect(!signedIn.text.contains("Ben"))
      }
      #expect(await site.get("/offline/xx").status == 404)
    }
  }

  @Test func `the service worker knows all it keeps, and each of it is there`() async throws {
    try await withApp { site, assets in
      let worker = await site.get("/service-worker.js")
      #expect(worker.status == 200)
      #expect(worker.header("content-type")?.hasPrefix("text/javascript") == true)
      #expect(worker.header("cache-control") == "no-cache")
      let first = try #require(worker.text.split(separator: "\n").first)
      let house = try JSON.read(String(first.dropFirst("self.house = ".count).dropLast()))
      let kept = (house["shell"]?.array ?? []).compactMap(\.string)
      #expect(kept.count > 10)
      for address in kept where !assets.contains(address) {
        #expect(address.hasPrefix("/offline/"), "\(address)")
        #expect(await site.get(address).status == 200, "\(address)")
      }
    }
  }
}
