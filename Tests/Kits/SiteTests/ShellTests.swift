import Core
import Crypto
import HTML
import TestKit
import Testing
import Web

@testable import Site

/// A page of nothing but a title.
private struct Plain: View {
  var layout: Layout = .standard
  func title(_ page: PageContext) -> String { "A <b>title</b>" }
  func body(_ page: PageContext) -> HTML { page.head("A <b>title</b>") }
}

@Suite struct ShellTests {
  private func page(_ layout: Layout = .standard, _ headers: Headers = [:]) async throws -> String {
    try await answer(layout, headers).text
  }

  private func answer(_ layout: Layout, _ headers: Headers) async throws -> Response {
    let site = try frame()
    var routes = Routes()
    routes.on(.get, "/", as: Guest.self) { request, _ in site.page(Plain(layout: layout), for: request) }
    var settings = WebSettings(siteURL: "http://localhost:8080", secret: Array(repeating: 7, count: 32))
    settings.logsRequests = false
    let table = RouteTable(routes, settings: settings, log: .silent, identify: { _ in nil })
    return await table.answer(Request(.get, "/", headers: headers))
  }

  @Test func `the strict reader finds what is wrong`() {
    #expect(pageFaults("<h1>a</h1><p class=\"x\">b<br></p>") == [])
    for wrong in [
      "<h1>a</h1><p>b", "<h1>a</h1></p>", "<h1>a</h1><p><b>x</p></b>", "<h1>a</h1><p class=x>b</p>",
      "<h1>a</h1><p class=\"x\" class=\"y\">b</p>",
      "<h1>a</h1><p style=\"x\">b</p>", "<h1>a</h1><p onclick=\"x\">b</p>",
      "<h1>a</h1><p id=\"x\">b</p><p id=\"x\">c</p>", "<p>none</p>", "<h1>a</h1><h1>b</h1>",
      "<h1>⟦x.y⟧</h1>",
    ] { #expect(pageFaults(wrong) != [], "\(wrong)") }
  }

  @Test func `the frame is well formed, in each layout`() async throws {
    for layout in [Layout.standard, .narrow, .slim, .full, .room] {
      let text = try await page(layout)
      #expect(pageFaults(text) == [], "\(layout)")
      #expect(text.hasPrefix("<!doctype html>") && text.contains("<main id=\"main\""))
      #expect(text.matches(of: #/<h1[ >]/#).count == 1)
      #expect(text.contains("<title>A &lt;b&gt;title&lt;/b&gt; · TutaLink</title>") && !text.contains("⟦"))
    }
  }

  @Test func `the language decides the direction, and nothing of the reader's cookie gets in`() async throws {
    let arabic = try await page(.standard, ["accept-language": "ar"])
    #expect(
      arabic.contains("<html lang=\"ar\" dir=\"rtl\"") && arabic.contains("تخطَّ إلى المحتوى") && !arabic.contains("⟦"))
    #expect(pageFaults(arabic) == [])
    let dark = try await page(.standard, ["cookie": "theme=dark"])
    #expect(dark.contains("data-theme=\"dark\""))
    let odd = try await page(.standard, ["cookie": "theme=\"><script>"])
    #expect(!odd.contains("data-theme"))
  }

  @Test func `what is not well is said on every page in its words, and gone when it is well`() throws {
    let site = try frame()
    func text(_ path: String, _ layout: Layout = .standard) -> String {
      site.page(Plain(layout: layout), for: Request(.get, path)).text
    }
    let late = "take a slower way just now"
    #expect(!text("/").contains("site-troubles"))
    let unwell = Locked([Trouble("live", "limited")])
    site.troubles.ask { unwell.withLock { $0 } }
    for path in ["/", "/tutors"] {
      #expect(text(path).contains(late) && text(path).contains("banner warning"))
      #expect(pageFaults(text(path)) == [])
    }
    // A room has no head to say it in, and the page of status says it itself.
    #expect(!text("/", .room).contains(late))
    #expect(!text("/status").contains(late))
    unwell.withLock { $0.append(Trouble("mail", "down")) }
    #expect(text("/").contains("banner danger") && text("/").contains(late))
    #expect(text("/").contains("Letters cannot be sent right now"))
    #expect(pageFaults(text("/")) == [])
    unwell.withLock { $0 = [] }
    // However often it is asked: once a page, for months.
    for _ in 0..<300_000 { #expect(site.troubles.now.isEmpty) }
    #expect(!text("/").contains("site-troubles"))
  }

  @Test func `all that the frame's islands import is fetched at once, and nothing twice`() throws {
    let assets = try frame().assets
    for isMember in [true, false] {
      let links = Shell.modules(isMember: isMember, of: assets).text
      var wanted = ["zone", "webapp", "theme"] + (isMember ? ["bell", "menu"] : [])
      var reached = Set(wanted)
      while let name = wanted.popLast() {
        let text = String(decoding: try #require(assets.content(of: "islands/\(name).js")), as: UTF8.self)
        for found in text.matches(of: #/from "\/assets\/islands\/([a-z-]+)\.[0-9a-f]+\.js"/#)
        where reached.insert(String(found.1)).inserted {
          wanted.append(String(found.1))
        }
      }
      for name in reached { #expect(links.contains(assets.address("islands/\(name).js")), "\(name)") }
      #expect(links.matches(of: /modulepreload/).count == reached.count)
    }
  }

  @Test
  func
    `a page brings the style sheet to a person who does not say that it is kept, and the policy lets in this one only`()
    async throws
  {
    let assets = try frame().assets
    let address = assets.address("css/app.css")
    let sheet = String(decoding: try #require(assets.content(of: "css/app.css")), as: UTF8.self)
    let link = "<link rel=\"stylesheet\" href=\"\(address)\">"
    func answer(_ headers: Headers) async throws -> (text: String, policy: String) {
      let answer = try await self.answer(.standard, headers)
      return (answer.text, answer.header("content-security-policy") ?? "")
    }
    let first = try await answer(["sec-fetch-dest": "document"])
    #expect(first.text.contains("<style data-sheet=\"\(address)\">\(sheet)</style>") && !first.text.contains(link))
    #expect(first.policy.contains("style-src 'self' 'sha256-\(Base64.encode(SHA256.hash(Array(sheet.utf8))))'; "))
    #expect(!first.policy.contains("unsafe"))
    // A sheet of yesterday is not this one.
    let old = try await answer(["sec-fetch-dest": "document", "cookie": "sheet=/assets/css/app.0123456789ab.css"])
    #expect(old.text.contains("<style data-sheet=\"\(address)\">"))
    for headers: Headers in [
      ["sec-fetch-dest": "document", "cookie": "sheet=\(address)"], ["sec-fetch-dest": "empty"],
      ["sec-fetch-dest": "iframe"], [:],
    ] {
      let later = try await answer(headers)
      #expect(later.text.contains(link) && !later.text.contains("<style"))
      #expect(later.policy.contains("style-src 'self'; "))
    }
  }

  @Test func `a problem has its own page, in plain words`() throws {
    let site = try frame()
    for status in [400, 403, 404, 409, 413, 429, 500, 503, 418] {
      let response = site.problem(Problem(status), for: Request(.get, "/"))
      #expect(response.text.matches(of: #/<h1[ >]/#).count == 1 && !response.text.contains("⟦"), "\(status)")
    }
  }
}

private func frame() throws -> Site {
  Site(
    name: "TutaLink", url: "http://localhost:8080", zone: "UTC",
    catalogue: try Catalogue(folder: TestHouse.root + "/Assets/locales"),
    assets: try Assets(folder: TestHouse.root + "/Assets"), clock: SteppedClock("2026-11-20T09:00:00Z").clock)
}
