import Core
import HTML
import Postgres
import Site

/// What was booked on one day, and by how many.
struct BookingDay: RowDecodable, Equatable {
  let day: Int
  let bookings: Int
  let learners: Int
  let tutors: Int

  init(row: inout RowReader) throws {
    day = try row.next()
    bookings = try row.next()
    learners = try row.next()
    tutors = try row.next()
  }
}

/// Money of one day and currency, in minor units, as the books have it.
struct MoneyDay: RowDecodable, Equatable {
  let day: Int
  let currency: Currency
  let gross: Int
  let fees: Int
  let refunds: Int

  init(row: inout RowReader) throws {
    day = try row.next()
    currency = try row.next()
    gross = try row.next()
    fees = try row.next()
    refunds = try row.next()
  }
}

extension Query where Row == BookingDay {
  static func bookingDays(by days: [Instant]) -> Self {
    Query(
      """
      select width_bucket(created_at, \(days)::timestamptz[]) as day, count(*), count(distinct learner_id), count(distinct tutor_id)
        from lesson_facts where created_at >= \(days.first) group by 1 order by 1
      """)
  }
}

extension Query where Row == MoneyDay {
  /// Paid in through gateways, the house's share, and given back to learners.
  static func moneyDays(by days: [Instant]) -> Self {
    Query(
      """
      select width_bucket(at, \(days)::timestamptz[]) as day, currency,
             coalesce(sum(amount) filter (where account = 'learner_wallet' and kind = 'payment'), 0)::bigint,
             coalesce(sum(amount) filter (where account = 'platform_fees'), 0)::bigint,
             coalesce(sum(amount) filter (where account = 'refunds_payable' and kind in ('release', 'reversal', 'returned')), 0)::bigint
        from ledger_movements where at >= \(days.first) and account in ('learner_wallet', 'platform_fees', 'refunds_payable')
       group by 1, 2 order by 2, 1
      """)
  }
}

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
