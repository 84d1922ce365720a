import Core
import Loop
import Site
import TestDatabase
import TestKit
import Testing
import Web

@testable import Gallery

@Suite struct GalleryPagesTests {
  /// The gallery of a house under construction, or of one that people live in.
  func withGallery(inDevelopment: Bool = true, _ body: @Sendable (TestSite) async throws -> Void) async throws {
    try await withDatabase { database in
      let house = try TestHouse(database)
      let site = Site(
        name: "TutaLink", url: "http://localhost", zone: "UTC",
        catalogue: try Catalogue(folder: TestHouse.root + "/Assets/locales", forBuilders: inDevelopment),
        assets: house.site.assets, clock: house.clock.clock, isDevelopment: inDevelopment)
      try await body(house.open([GalleryFeature(site: site, root: TestHouse.root, pool: house.pool)]))
    }
  }

  @Test func `where people live there is no gallery`() async throws {
    try await withGallery(inDevelopment: false) { site in
      for address in ["/gallery", "/gallery?part=fields", "/gallery/sentences"] {
        #expect(await site.get(address).status == 404)
      }
    }
  }

  @Test(arguments: [
    "", "?theme=dark", "?language=ar&size=200", "?language=en-XB&width=320", "?part=fields", "?part=nothing",
  ])
  func `every component hangs there in every dress, in sound HTML`(_ dress: String) async throws {
    try await withGallery { site in
      let page = await site.get("/gallery" + dress)
      #expect(page.status == 200)
      #expect(pageFaults(page.text) == [])
      #expect(!page.text.contains("⟦"))
      #expect(page.text.contains("data-theme=\"dark\"") == dress.contains("dark"))
      #expect(page.text.contains("dir=\"rtl\"") == (dress.contains("=ar") || dress.contains("XB")))
      #expect(page.text.contains("size-200\"") == dress.contains("200"))
      if !dress.contains("part") {
        for piece in [
          "class=\"button primary", "class=\"dialog\"", "class=\"table\"", "#art-calendar", "--marigold",
          "class=\"skeleton",
        ] {
          #expect(page.text.contains(piece), "\(piece)")
        }
      }
    }
  }

  @Test func `a translator sees each sentence in every language, what is put in, and where it stands`() async throws {
    try await withGallery { site in
      let page = await site.get("/gallery/sentences?family=home")
      #expect(page.status == 200)
      #expect(pageFaults(page.text) == [])
      #expect(page.text.contains("id=\"home.lessonWith\""))
      #expect(page.text.contains("{subject}"))
      #expect(page.text.contains("Sources/Features/Home/Views/DashboardPage.swift:"))
      for language in Language.allCases { #expect(page.text.contains("<dd lang=\"\(language.rawValue)\"")) }
      #expect(await site.get("/gallery/sentences?family=%3Cscript%3E").text.contains("<script>") == false)
    }
  }

  @Test func `the places of a sentence are found whatever their form`() {
    #expect(GalleryFeature.places(in: "{a} and {b, plural, one {# of {c}} other {#}}, {a}") == ["a", "b", "c"])
    #expect(GalleryFeature.places(in: "nothing") == [])
  }
}
