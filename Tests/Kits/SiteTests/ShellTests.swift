import Core
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
    let site = try frame()
    var routes = Routes()
    routes.on(.get, "/", as: Guest.self) { request, _ in site.page(Plain(layout: layout), for: request) }
    var settings = WebSettings(siteURL: "http://localhost:8080", secret: Array(repeating: 7, count: 32))
    settings.logsRequests = false
    let table = RouteTable(routes, settings: settings, log: .silent, identify: { _ in nil })
    return await table.answer(Request(.get, "/", headers: headers)).text
  }

  /// Every tag closed in order, every attribute quoted and given once: what a strict reader asks of a page.
  private func faults(_ text: String) -> [String] {
    var faults: [String] = []
    var open: [Substring] = []
    let empty: Set<Substring> = ["meta", "link", "input", "br", "hr", "img", "source"]
    let plain = text.replacing(#/<script[^>]*>.*?<\/script>/#.dotMatchesNewlines(), with: "")
    for tag in plain.matches(of: #/<(\/?)([a-z][a-z0-9-]*)([^<>]*?)(\/?)>/#) {
      let name = tag.2
      if !tag.1.isEmpty {
        if open.last == name { open.removeLast() } else { faults.append("</\(name)> closes \(open.last ?? "nothing")") }
        continue
      }
      var rest = String(tag.3)
      var names: [String] = []
      rest = rest.replacing(#/([a-zA-Z:-]+)="([^"]*)"/#) { match in
        names.append(String(match.1))
        return ""
      }
      if rest.contains("=") || rest.contains("\"") || rest.contains("'") { faults.append("\(tag.0)") }
      if Set(names).count < names.count { faults.append("twice in \(tag.0)") }
      if names.contains("style") || names.contains(where: { $0.hasPrefix("on") }) { faults.append("inline in \(tag.0)") }
      if !empty.contains(name), tag.4.isEmpty { open.append(name) }
    }
    if !open.isEmpty { faults.append("open: \(open)") }
    var ids: [Substring: Int] = [:]
    for id in plain.matches(of: #/ id="([^"]*)"/#) { ids[id.1, default: 0] += 1 }
    faults += ids.filter { $0.value > 1 }.map { "id \($0.key) \($0.value) times" }
    return faults
  }

  @Test func `the frame is well formed, in each layout`() async throws {
    for layout in [Layout.standard, .narrow, .slim, .full, .room] {
      let text = try await page(layout)
      #expect(faults(text) == [], "\(layout)")
      #expect(text.hasPrefix("<!doctype html>") && text.contains("<main id=\"main\""))
      #expect(text.matches(of: #/<h1[ >]/#).count == 1)
      #expect(text.contains("<title>A &lt;b&gt;title&lt;/b&gt; · TutaLink</title>") && !text.contains("⟦"))
    }
  }

  @Test func `the language decides the direction, and nothing of the reader's cookie gets in`() async throws {
    let arabic = try await page(.standard, ["accept-language": "ar"])
    #expect(arabic.contains("<html lang=\"ar\" dir=\"rtl\"") && arabic.contains("تخطَّ إلى المحتوى") && !arabic.contains("⟦"))
    #expect(faults(arabic) == [])
    let dark = try await page(.standard, ["cookie": "theme=dark"])
    #expect(dark.contains("data-theme=\"dark\""))
    let odd = try await page(.standard, ["cookie": "theme=\"><script>"])
    #expect(!odd.contains("data-theme"))
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
    name: "TutaLink", url: "http://localhost:8080", zone: "UTC", catalogue: try Catalogue(folder: TestHouse.root + "/Assets/locales"),
    assets: try Assets(folder: TestHouse.root + "/Assets"), clock: SteppedClock("2026-11-20T09:00:00Z").clock)
}
