import Core
import HTML
import Site
import Time

/// A year in charts, below what needs doing now.
struct FiguresSection: Sendable {
  static let months = 12

  struct Figures: Sendable {
    var lessons: [LessonMonth] = []
    var money: [MoneyMonth] = []
    var ratings: [RatingMonth] = []
    var weeks: [FilledWeek] = []
  }

  /// Nothing to draw, of either side.
  var isEmpty: Bool {
    [learning, teaching ?? Figures()].allSatisfy { $0.lessons.isEmpty && $0.money.isEmpty && $0.ratings.isEmpty }
  }

  let time: ChartTime
  let learning: Figures
  /// Nothing for who does not teach.
  let teaching: Figures?

  func markup(_ page: PageContext) -> HTML {
    let t = page.t
    let taught: HTML? = teaching.map { section("teaching", t("home.figures.teaching"), teachingCharts($0, page), page) }
    // A tutor who never learned here has nothing to look at.
    let isIdle = learning.lessons.isEmpty && learning.money.isEmpty
    let learned: HTML? =
      teaching != nil && isIdle
      ? nil : section("learning", t("home.figures.learning"), learningCharts(learning, page), page)
    return "\(taught)\(learned)"
  }

  private func section(_ id: String, _ title: String, _ charts: [HTML], _ page: PageContext) -> HTML {
    """
    <section class="section" aria-labelledby="figures-\(id)"><h2 id="figures-\(id)">\(title)</h2>\
    <div class="charts">\(charts.map { "<div class=\"card\">\($0)</div>" as HTML })</div></section>
    """
  }

  private func learningCharts(_ figures: Figures, _ page: PageContext) -> [HTML] {
    let t = page.t
    let minutes = time.values(of: figures.lessons, at: \.month) { $0.minutes }.map { $0 ?? 0 }
    let hours = Chart(
      t("home.figures.hours"), lead: t("home.figures.hoursSum", count: minutes.reduce(0, +) / 60), .bars,
      over: t("home.figures.month"), time.places, [.init(t("home.figures.hours"), minutes)],
      range: 0...Self.wholeHours(minutes.max() ?? 0)
    ) { $0 % 60 == 0 ? t("home.figures.hoursShort", count: $0 / 60) : page.durationText(minutes: $0) }
    return [page.chart(hours)]
      + money(figures.money, t("home.figures.spend"), page) {
        [
          .init(t("home.figures.paid"), amounts($0, \.come)), .init(t("home.figures.back"), amounts($0, \.back)),
        ]
      }
  }

  private func teachingCharts(_ figures: Figures, _ page: PageContext) -> [HTML] {
    let t = page.t
    func counts(_ value: (LessonMonth) -> Int) -> [Int?] {
      time.values(of: figures.lessons, at: \.month) { value($0) }.map { $0 ?? 0 }
    }
    let lessons = Chart(
      t("home.figures.lessons"), .bars, over: t("home.figures.month"), time.places,
      [
        .init(t("home.figures.held"), counts(\.held)), .init(t("home.figures.cancelled"), counts(\.cancelled)),
        .init(t("home.figures.missed"), counts(\.missed)),
      ]
    ) { "\($0)" }
    let weeks = Chart(
      t("home.figures.filled"), lead: t("home.figures.filledWords"), .bars, over: t("home.figures.week"),
      figures.weeks.map { week in
        let name = page.shortDateText(week.first)
        return Chart.Place(short: name, long: t("home.figures.weekFrom", day: page.longDayText(week.first)))
      }, [.init(t("home.figures.filled"), figures.weeks.map(\.basisPoints))], range: 0...10_000
    ) { page.percentText(basisPoints: $0) }
    let ratings = Chart(
      t("home.figures.rating"), .line, over: t("home.figures.month"), time.places,
      [.init(t("home.figures.rating"), time.values(of: figures.ratings, at: \.month) { $0.rating })], range: 1000...5000
    ) { t("home.figures.stars", stars: "\(($0 + 50) / 100 / 10).\(($0 + 50) / 100 % 10)") }
    return money(figures.money, t("home.figures.earnings"), page) {
      [
        .init(t("home.figures.earned"), amounts($0, \.come)), .init(t("home.figures.paidOut"), amounts($0, \.out)),
        .init(t("home.figures.takenBack"), amounts($0, \.back)),
      ]
    } + [page.chart(lessons), page.chart(weeks), page.chart(ratings)]
  }

  /// A chart for each currency, for amounts of two are no sum.
  private func money(
    _ rows: [MoneyMonth], _ title: String, _ page: PageContext, _ series: ([MoneyMonth]) -> [Chart.Series]
  ) -> [HTML] {
    let currencies = Set(rows.map(\.currency)).sorted { $0.code < $1.code }
    guard !currencies.isEmpty else {
      return [page.chart(Chart(title, .line, over: "", [], []) { "\($0)" })]
    }
    return currencies.map { currency in
      let own = rows.filter { $0.currency == currency }
      return page.chart(
        Chart(
          currencies.count == 1 ? title : title + ", " + currency.code, .line, over: page.t("home.figures.month"),
          time.places, series(own)
        ) { page.money(Money($0, currency)) })
    }
  }

  private func amounts(_ rows: [MoneyMonth], _ value: (MoneyMonth) -> Int) -> [Int?] {
    time.values(of: rows, at: \.month) { value($0) }.map { $0 ?? 0 }
  }

  /// Whole hours whose half is whole hours too, in minutes.
  static func wholeHours(_ minutes: Int) -> Int {
    var hours = 2
    while hours * 60 < minutes { hours += hours < 10 ? 2 : hours < 40 ? 10 : 40 }
    return hours * 60
  }
}
