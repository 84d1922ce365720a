import Core
import HTML
import TestKit
import Testing
import Time
import Web

@testable import Site

@Suite struct FormatsTests {
  private func page(_ language: Language = .english, _ zone: String = "America/New_York") throws -> PageContext {
    let site = Site(
      name: "TutaLink", url: "http://localhost:8080", zone: "UTC",
      catalogue: try Catalogue(folder: TestHouse.root + "/Assets/locales"),
      assets: try Assets(folder: TestHouse.root + "/Assets"), clock: SteppedClock("2026-11-20T09:00:00Z").clock)
    return site.context(language: language, zone: zone)
  }
  private let instant = Instant(rfc3339: "2026-11-20T22:30:00Z")!
  private let space = "\u{a0}"

  @Test func `a moment is told in the reader's zone and language`() throws {
    let english = try page()
    #expect(english.timeText(instant) == "5:30\(space)PM")
    #expect(english.dayText(instant) == "Fri, Nov 20, 2026")
    #expect(english.timeText(instant, in: Zone("Asia/Kolkata")) == "4:00\(space)AM")
    #expect(english.dayText(instant, in: Zone("Asia/Kolkata")) == "Sat, Nov 21, 2026")
    let arabic = try page(.arabic, "Asia/Karachi")
    #expect(arabic.dayText(instant).contains("2026") && arabic.dayText(instant).contains("نوفمبر"))
    #expect(arabic.timeText(instant).contains("3:30"))
  }

  @Test func `a week begins as it does where the language is spoken`() throws {
    let formats = try page().site.formats
    #expect(Language.allCases.map { formats.firstWeekday(in: $0) } == [7, 1, 6, 7])
    #expect(try page(.spanish).hourText(17) == "17" && page().hourText(17) == "5\(space)PM")
  }

  @Test func `a zone is named by its city and its offset at that instant`() throws {
    let page = try page()
    let winter = instant, summer = Instant(rfc3339: "2026-07-01T12:00:00Z")!
    for (zone, at, wanted) in [
      ("America/New_York", winter, "New York time (GMT\u{2212}5)"),
      ("America/New_York", summer, "New York time (GMT\u{2212}4)"),
      ("Asia/Kolkata", winter, "Kolkata time (GMT+5:30)"), ("Asia/Kathmandu", winter, "Kathmandu time (GMT+5:45)"),
      ("America/St_Johns", winter, "St. John’s time (GMT\u{2212}3:30)"),
      ("America/Argentina/Buenos_Aires", winter, "Buenos Aires time (GMT\u{2212}3)"),
      ("Europe/London", winter, "London time (GMT)"), ("UTC", winter, "UTC"),
    ] { #expect(page.zoneText(Zone(zone)!, at: at) == wanted) }
    let arabic = try self.page(.arabic)
    #expect(arabic.zoneText(Zone("Asia/Kolkata")!, at: winter) == "بتوقيت كالكتا (GMT+5:30)")
    #expect(try self.page(.urdu).zoneText(Zone("Europe/Vienna")!, at: winter).contains("ویانا"))
    #expect(try self.page(.spanish).zoneText(Zone("Europe/London")!, at: winter).contains("Londres"))
  }

  @Test func `both zones are shown where they differ at that instant, and one where they do not`() throws {
    let page = try page(.english, "Europe/London")
    let kolkata = page.bothZones(instant, other: Zone("Asia/Kolkata")!, name: "<Ada>").text
    #expect(kolkata.contains("London time") && kolkata.contains("for &lt;Ada&gt;, Kolkata time (GMT+5:30)"))
    #expect(!page.bothZones(instant, other: Zone("Europe/Lisbon")!, name: "Ada").text.contains("Ada"))
  }

  @Test func `money is exact, by its currency's own decimals, with Western digits`() throws {
    let english = try page(), arabic = try page(.arabic)
    #expect(
      english.money(Money(4500, .usd)) == "$45" && english.money(Money(4550, .usd)) == "$45.50"
        && english.money(Money(0, .usd)) == "$0")
    #expect(english.money(Money(-4550, .usd)) == "-$45.50")
    #expect(english.money(Money(1234, Currency("JPY")!)) == "¥1,234")
    #expect(english.money(Money(123_456_789_012_345, .usd)) == "$1,234,567,890,123.45")
    #expect(arabic.money(Money(4550, .usd)).contains("45.50"))
    #expect(arabic.money(Money(3200, .usd)).hasSuffix("US$\u{200E}"), "the sign stays whole in a line from the right")
    #expect(english.price(Money(0, .usd)).text.contains("Free"))
  }
}

@Suite struct MarkdownTests {
  @Test(arguments: [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html,<script>alert(1)</script>)", "![x](javascript:alert(1))", "<javascript:alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "[x](&#106;avascript:alert(1))", "[x](java\nscript:alert(1))", "<iframe src=//evil>", "<style>*{}</style>",
    "[x]: javascript:alert(1)\n[x]",
    "`<script>`", "<!-- --><script>alert(1)</script>", "<svg/onload=alert(1)>", "\" onmouseover=\"alert(1)",
    "[a](http://x.example/\"onclick=\"alert(1))",
    "|a|\n|-|\n|<script>alert(1)</script>|", "<div\nonclick=alert(1)>",
  ])
  func `nothing that runs comes out`(text: String) {
    let out = Markdown.render(text).text.lowercased()
    for tag in ["<script", "<iframe", "<style", "<svg", "<img src=x", "<div"] { #expect(!out.contains(tag), "\(out)") }
    // An attribute that runs, or an address that does: only inside a real tag do they matter.
    for match in out.matches(of: #/<[a-z][^>]*>/#) {
      #expect(
        !match.0.contains(" on") && !match.0.contains("javascript:") && !match.0.contains("vbscript:")
          && !match.0.contains("data:"), "\(match.0)")
    }
  }

  @Test func `a picture from elsewhere becomes its words`() {
    let out = Markdown.render("![a *cat*](https://elsewhere.example/pixel.png) [![b](data:x)](/home) ![](x)").text
    #expect(
      !out.contains("<img") && out.contains("a <em>cat</em>") && out.contains("<a href=\"/home\">b</a>"), "\(out)")
  }

  @Test func `no level of heading is left out, wherever somebody begins`() {
    let out = Markdown.render("## a\n\n## b\n\n##### c\n\n### d\n\n# e\n\n## f", under: 1).text
    for part in ["<h2>a</h2>", "<h2>b</h2>", "<h3>c</h3>", "<h3>d</h3>", "<h2>e</h2>", "<h3>f</h3>"] {
      #expect(out.contains(part), "\(part): \(out)")
    }
  }

  @Test func `what people write comes out as they meant it, below the page's own title`() {
    let out = Markdown.render(
      "# Me\n\nI teach **algebra**\nand ~~magic~~.\n\n* one\n* two\n\n<https://example.org>\n\n| a |\n|---|\n| b |"
    ).text
    for part in [
      "<h3>Me</h3>", "<strong>algebra</strong>", "<br", "<del>magic</del>", "<li>one</li>",
      "href=\"https://example.org\"", "<table>",
    ] {
      #expect(out.contains(part), "\(part)")
    }
    #expect(!out.contains("<h1") && !out.contains("<h2"))
    #expect(Markdown.render("").isEmpty)
    _ = Markdown.render(String(repeating: "[", count: 20_000))
    _ = Markdown.render(String(repeating: "> ", count: 5000) + "x")
    _ = Markdown.render("\u{0}\u{fffd}\u{202e}")
  }
}
