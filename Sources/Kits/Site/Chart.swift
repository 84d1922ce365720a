package import Core
package import HTML
import Time

/// A chart for people who would rather look than read, with the same figures in a table for those who read.
///
/// Time runs with the page: from the right where lines do. Bars of several series stand on each other, so their values
/// are of one kind and none is negative; a line may have holes. Colours are the tokens of `.chart` in `43-pieces.css`, at
/// most four. Drawn by ``PageContext/chart(_:)``.
package struct Chart: Sendable {
  package enum Shape: Sendable { case bars, line }

  /// A place on the time axis: `Nov` under the chart, `November 2026` in the table.
  package struct Place: Sendable {
    package let short: String
    package let long: String
    package init(short: String, long: String) {
      self.short = short
      self.long = long
    }
  }

  package struct Series: Sendable {
    package let name: String
    /// One for each place. Nothing where nothing is known, which is not none.
    package let values: [Int?]
    package init(_ name: String, _ values: [Int?]) {
      self.name = name
      self.values = values
    }
  }

  package var title: String
  /// One sentence below the title: the sum, or what it means.
  package var lead: String?
  package var shape: Shape
  /// What the places are, for the head of the table's first column: `Month`.
  package var placeName: String
  package var places: [Place]
  package var series: [Series]
  /// What the vertical axis runs over. By itself from nothing to a round number above the highest value.
  package var range: ClosedRange<Int>?
  /// How a value is written, with its unit.
  package var write: @Sendable (Int) -> String

  package init(
    _ title: String, lead: String? = nil, _ shape: Shape, over placeName: String, _ places: [Place],
    _ series: [Series], range: ClosedRange<Int>? = nil, write: @escaping @Sendable (Int) -> String
  ) {
    self.title = title
    self.lead = lead
    self.shape = shape
    self.placeName = placeName
    self.places = places
    self.series = series
    self.range = range
    self.write = write
  }

  /// Whether there is nothing to draw: no value, or bars that are all none.
  package var isEmpty: Bool {
    series.allSatisfy { $0.values.allSatisfy { $0 == nil || (shape == .bars && $0 == 0) } }
  }

  /// The top of what is drawn: the highest bar, or the highest point.
  var highest: Int {
    switch shape {
    case .line: series.flatMap { $0.values.compactMap { $0 } }.max() ?? 0
    case .bars: places.indices.map { place in series.reduce(0) { $0 + ($1.values[place] ?? 0) } }.max() ?? 0
    }
  }

  /// The smallest of 2, 4, 6, 8, 10, 20, 40 … that is not below `value`: its half is a whole number too.
  static func roundAbove(_ value: Int) -> Int {
    var power = 1
    while true {
      for step in [2, 4, 6, 8, 10] {
        let (bound, isTooMuch) = step.multipliedReportingOverflow(by: power)
        if isTooMuch { return .max }
        if bound >= value { return bound }
      }
      power *= 10
    }
  }
}

extension PageContext {
  /// A chart with its key and, behind a disclosure, its table.
  package func chart(_ chart: Chart) -> HTML {
    let lead: HTML? = chart.lead.map { "<p class=\"muted small\">\($0)</p>" }
    guard !chart.isEmpty else {
      return """
        <figure class="chart"><figcaption>\(chart.title)</figcaption><p class="muted">\(t("site.chart.none"))</p></figure>
        """
    }
    let tones = ["", "second", "third", "fourth"]
    let key: HTML? =
      chart.series.count < 2
      ? nil
      : """
      <ul class="chart-key" aria-hidden="true">\(chart.series.enumerated().map { at, series -> HTML in
          "<li\(attribute: "class", at == 0 ? nil : tones[at % 4])>\(series.name)</li>"
        })</ul>
      """
    // Every label where there is room for all, else about six.
    let every = chart.places.count <= 12 ? 1 : (chart.places.count + 5) / 6
    let labels: [HTML] = chart.places.enumerated().map { at, place in
      at % every == 0 ? "<span>\(place.short)</span>" : "<span></span>"
    }
    let range = chart.range ?? 0...Chart.roundAbove(chart.highest)
    let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
    return """
      <figure class="chart"><figcaption>\(chart.title)</figcaption>\(lead)\(key)
      <div class="chart-frame" aria-hidden="true"><div class="chart-scale"><span>\(chart.write(range.upperBound))</span>\
      <span>\(chart.write(middle))</span><span>\(chart.write(range.lowerBound))</span></div>
      <div class="chart-plot">\(drawing(chart, range, tones))<div class="chart-places\(chart.places.count <= 6 || every > 1 ? " few" : "")">\(labels)</div></div></div>
      \(table(chart))</figure>
      """
  }

  /// A thousand wide and a hundred high, stretched to its frame; strokes keep their width. Mirrored by the style sheet.
  private func drawing(_ chart: Chart, _ range: ClosedRange<Int>, _ tones: [String]) -> HTML {
    let step = 1000.0 / Double(max(chart.places.count, 1))
    let span = Double(max(range.upperBound - range.lowerBound, 1))
    func height(_ value: Int) -> Double { Double(value - range.lowerBound) / span * 100 }
    /// Two decimals are more than any screen shows.
    func number(_ value: Double) -> String {
      let hundredths = Int((value * 100).rounded())
      let rest = abs(hundredths % 100)
      return (hundredths < 0 ? "-" : "") + "\(abs(hundredths) / 100)"
        + (rest == 0 ? "" : ".\(rest < 10 ? "0" : "")\(rest)")
    }
    var marks: [HTML] = []
    switch chart.shape {
    case .bars:
      let wide = min(step * 0.7, 60)
      for place in chart.places.indices {
        var below = 0
        for (at, series) in chart.series.enumerated() {
          guard let value = series.values[place], value > 0 else { continue }
          let x = step * (Double(place) + 0.5) - wide / 2
          marks.append(
            """
            <rect class="chart-bar \(tones[at % 4])" x="\(number(x))" y="\(number(100 - height(below + value)))" \
            width="\(number(wide))" height="\(number(height(value)))"><title>\(chart.places[place].long): \(chart.write(value))\
            \(chart.series.count > 1 ? " " + series.name : "")</title></rect>
            """)
          below += value
        }
      }
    case .line:
      for (at, series) in chart.series.enumerated() {
        var path = ""
        var dots = ""
        var isOpen = false
        for (place, value) in series.values.enumerated() {
          guard let value else {
            isOpen = false
            continue
          }
          let point = number(step * (Double(place) + 0.5)) + " " + number(100 - height(value))
          path += (isOpen ? "L" : "M") + point
          dots += "M" + point + "h0"
          isOpen = true
        }
        marks.append("<path class=\"chart-line \(tones[at % 4])\" d=\"\(path)\"></path>")
        marks.append("<path class=\"chart-line chart-dots \(tones[at % 4])\" d=\"\(dots)\"></path>")
      }
    }
    return """
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none" focusable="false"><g class="chart-grid"><path d="M0 0H1000M0 50H1000M0 100H1000"></path>\
      </g>\(marks)</svg>
      """
  }

  private func table(_ chart: Chart) -> HTML {
    let heads: [HTML] = chart.series.map { "<th scope=\"col\" class=\"numeric\">\($0.name)</th>" }
    let rows: [HTML] = chart.places.enumerated().map { place, name in
      let cells: [HTML] = chart.series.map { series in
        let text = series.values[place].map(chart.write) ?? "–"
        return "<td class=\"numeric\" data-label=\"\(series.name)\">\(text)</td>"
      }
      return "<tr><th scope=\"row\">\(name.long)</th>\(cells)</tr>"
    }
    return """
      <details class="disclosure"><summary>\(t("site.chart.table"))<span class="visually-hidden">: \(chart.title)</span></summary>\
      <table class="table"><thead><tr><th scope="col">\(chart.placeName)</th>\(heads)</tr></thead><tbody>\(rows)</tbody></table></details>
      """
  }
}

/// A time axis in the reader's zone: stretches that follow each other up to now.
package struct ChartTime: Sendable {
  /// Where each stretch begins; the last is under way.
  package let bounds: [Instant]
  package let places: [Chart.Place]

  /// A value for each place, of rows that name theirs from 1 on (`width_bucket` over ``bounds``).
  package func values<Row>(of rows: [Row], at place: (Row) -> Int, _ value: (Row) -> Int?) -> [Int?] {
    var values = [Int?](repeating: nil, count: places.count)
    for row in rows where values.indices.contains(place(row) - 1) { values[place(row) - 1] = value(row) }
    return values
  }
}

extension PageContext {
  /// The last months, this one included.
  package func months(_ count: Int) -> ChartTime {
    let today = zone.date(now).parts
    let dates = (0..<count).reversed().compactMap { back in
      let month = today.year * 12 + today.month - 1 - back
      return CivilDate(month / 12, month % 12 + 1, 1)
    }
    return ChartTime(
      bounds: dates.map { zone.day($0).lowerBound },
      places: dates.map { Chart.Place(short: monthText($0), long: longMonthText($0)) })
  }

  /// The last days, today included.
  package func days(_ count: Int) -> ChartTime {
    let dates = (0..<count).reversed().map { zone.date(now) - $0 }
    return ChartTime(
      bounds: dates.map { zone.day($0).lowerBound },
      places: dates.map { Chart.Place(short: shortDateText($0), long: longDayText($0)) })
  }

  /// Hundredths as a share: `12.5 %` of 1250 basis points.
  package func percentText(basisPoints: Int) -> String {
    let tenths = (basisPoints + 5) / 10
    return t("site.percent", share: tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)")
  }
}
