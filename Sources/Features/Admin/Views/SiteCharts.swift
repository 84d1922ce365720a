import Core
import HTML
import Site

/// A month of the whole site, in the administrator's zone.
struct SiteCharts: Sendable {
  static let days = 30

  let time: ChartTime
  let bookings: [BookingDay]
  let money: [MoneyDay]

  func markup(_ page: PageContext) -> HTML {
    let t = page.t
    func counts(_ value: (BookingDay) -> Int) -> [Int?] {
      time.values(of: bookings, at: \.day) { value($0) }.map { $0 ?? 0 }
    }
    let made = Chart(
      t("admin.chart.bookings"), lead: t("admin.chart.bookingsSum", count: bookings.reduce(0) { $0 + $1.bookings }),
      .bars,
      over: t("admin.chart.day"), time.places, [.init(t("admin.chart.bookings"), counts(\.bookings))]
    ) { "\($0)" }
    let active = Chart(
      t("admin.chart.active"), lead: t("admin.chart.activeWords"), .line, over: t("admin.chart.day"), time.places,
      [.init(t("admin.chart.learners"), counts(\.learners)), .init(t("admin.chart.tutors"), counts(\.tutors))]
    ) { "\($0)" }
    let charts = [page.chart(made), page.chart(active)] + moneyCharts(page)
    return """
      <section class="section" aria-labelledby="charts-title"><h2 id="charts-title">\(t("admin.chart.title"))</h2>\
      <div class="charts">\(charts.map { "<div class=\"card\">\($0)</div>" as HTML })</div></section>
      """
  }

  private func moneyCharts(_ page: PageContext) -> [HTML] {
    let t = page.t
    return Set(money.map(\.currency)).sorted { $0.code < $1.code }.map { currency in
      let own = money.filter { $0.currency == currency }
      func amounts(_ value: (MoneyDay) -> Int) -> [Int?] {
        time.values(of: own, at: \.day) { value($0) }.map { $0 ?? 0 }
      }
      let (gross, refunds) = own.reduce((0, 0)) { ($0.0 + $1.gross, $0.1 + $1.refunds) }
      let (tenThousandfold, isTooMuch) = refunds.multipliedReportingOverflow(by: 10_000)
      let share = gross > 0 && !isTooMuch ? page.percentText(basisPoints: tenThousandfold / gross) : "–"
      return page.chart(
        Chart(
          t("admin.chart.money", currency: currency.code),
          lead: t("admin.chart.moneySum", gross: page.money(Money(gross, currency)), share: share), .line,
          over: t("admin.chart.day"), time.places,
          [
            .init(t("admin.chart.gross"), amounts(\.gross)), .init(t("admin.chart.fees"), amounts(\.fees)),
            .init(t("admin.chart.refunds"), amounts(\.refunds)),
          ]
        ) { page.money(Money($0, currency)) })
    }
  }
}
