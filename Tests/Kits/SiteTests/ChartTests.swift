import Core
import HTML
import TestKit
import Testing
import Web

@testable import Site

@Suite struct ChartTests {
  private func page(_ language: Language = .english) throws -> PageContext {
    let site = Site(
      name: "TutaLink", url: "http://localhost:8080", zone: "UTC",
      catalogue: try Catalogue(folder: TestHouse.root + "/Assets/locales"),
      assets: try Assets(folder: TestHouse.root + "/Assets"), clock: SteppedClock("2026-11-20T09:00:00Z").clock)
    return site.context(language: language, zone: "UTC")
  }

  private func chart(_ shape: Chart.Shape = .bars, _ series: [Chart.Series]) -> Chart {
    Chart(
      "Lessons", shape, over: "Month",
      [.init(short: "Oct", long: "October 2026"), .init(short: "Nov", long: "November 2026")], series
    ) { "\($0) pieces" }
  }

  @Test func `bars stand on each other, and every figure is in the table`() throws {
    let text = try page().chart(chart(.bars, [.init("Held", [3, 1]), .init("Missed", [1, nil])])).text
    // The highest pile is four: three are three quarters, and the fourth stands on them.
    #expect(text.contains("y=\"25\" width=\"60\" height=\"75\"") && text.contains("y=\"0\" width=\"60\" height=\"25\""))
    #expect(text.matches(of: /<rect/).count == 3)
    #expect(text.contains("<th scope=\"row\">October 2026</th>") && text.contains(">3 pieces</td>"))
    #expect(text.contains("data-label=\"Missed\">–</td>") && text.contains("<summary>The figures as a table"))
    #expect(pageFaults("<h1>a</h1>" + text) == [])
  }

  @Test func `a line has holes where nothing is known`() throws {
    let text = try page().chart(chart(.line, [.init("Stars", [nil, 4])])).text
    #expect(text.contains("d=\"M750 0\"") && text.contains("d=\"M750 0h0\""))
    #expect(pageFaults("<h1>a</h1>" + text) == [])
  }

  @Test func `nothing to draw is a sentence`() throws {
    for series in [[Chart.Series("Held", [0, 0])], [.init("Held", [nil, nil])], []] {
      let text = try page().chart(chart(.bars, series)).text
      #expect(text.contains("Nothing in this time yet.") && !text.contains("<svg"))
    }
  }

  @Test func `the axis ends at a round number whose half is whole`() {
    for (value, top) in [
      (0, 2), (1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 20), (61, 80), (4501, 6000), (.max, .max),
    ] {
      #expect(Chart.roundAbove(value) == top, "\(value)")
    }
  }
}
