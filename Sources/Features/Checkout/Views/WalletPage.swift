import Core
import HTML
import Ledger
import Site

/// Where a person's money is: what was paid, what is held for lessons to come, what a tutor has earned, each explained.
struct WalletPage: View {
  struct TutorSide: Sendable {
    let balances: [Money]
    let lines: [BalanceLine]
  }

  let payments: [PaymentRecord]
  let next: String?
  let held: [Money]
  let tutor: TutorSide?

  func title(_ page: PageContext) -> String { page.t("site.wallet") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      \(page.head(t("site.wallet"), lead: t("checkout.walletLead")))
      <div class="stack loose">\(earnings(page))\(heldCard(page))
      \(paid(page))</div>
      """
  }

  private func earnings(_ page: PageContext) -> HTML {
    guard let tutor else { return .none }
    let t = page.t
    let values: [HTML] =
      tutor.balances.isEmpty
      ? ["<p class=\"stat-value\">\(page.money(.zero(.usd)))</p>"]
      : tutor.balances.map { "<p class=\"stat-value\">\(page.money($0))</p>" }
    return """
      <section class="card"><div class="balance"><p class="stat-label">\(t("checkout.earned"))</p>\(values)</div>
      <details class="disclosure"><summary>\(t("checkout.explain"))</summary>\(BalanceExplanation(.tutor, lines: tutor.lines).body(page))</details></section>
      """
  }

  private func heldCard(_ page: PageContext) -> HTML {
    let some = held.filter { $0.amount != 0 }
    guard !some.isEmpty else { return .none }
    let values: [HTML] = some.map { "<p class=\"stat-value\">\(page.money($0))</p>" }
    return
      "<section class=\"card\"><div class=\"balance\"><p class=\"stat-label\">\(page.t("checkout.held"))</p>\(values)</div><p class=\"muted\">\(page.t("checkout.heldWords"))</p></section>"
  }

  /// What one paid as a learner; a tutor who never did is not told so.
  private func paid(_ page: PageContext) -> HTML {
    guard tutor == nil || !payments.isEmpty else { return .none }
    return """
      <section class="section"><h2>\(page.t("checkout.payments"))</h2>\(list(page))\(page.pages(newer: nil, older: next.map { Doors.wallet() + "?after=" + $0 }))</section>
      """
  }

  private func list(_ page: PageContext) -> HTML {
    let t = page.t
    guard !payments.isEmpty else {
      return page.empty(
        "wallet", t("checkout.noPayments"), t("checkout.noPaymentsWords"),
        action: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary"))
    }
    let rows: [HTML] = payments.map { payment in
      let link: HTML =
        payment.receiptNumber == nil
        ? .none : "<a class=\"link\" href=\"\(Doors.receipt(payment.id))\">\(t("checkout.receipt"))</a>"
      return """
        <tr><th scope="row" data-label="\(t("checkout.lesson"))"><a href="\(Doors.booking(payment.booking))">\(t("checkout.orderLine", subject: payment.subject, tutor: payment.tutor))</a></th>
        <td data-label="\(t("checkout.date"))">\(page.dayText(payment.createdAt))</td><td class="numeric" data-label="\(t("checkout.amount"))">\(page.money(payment.amount))</td>
        <td data-label="\(t("checkout.state"))">\(page.status(payment.refunded > 0 ? "refunded" : payment.state.stage.rawValue))</td><td>\(link)</td></tr>
        """
    }
    return """
      <div class="table-box"><table class="table"><thead><tr><th scope="col">\(t("checkout.lesson"))</th><th scope="col">\(t("checkout.date"))</th>
      <th scope="col" class="numeric">\(t("checkout.amount"))</th><th scope="col">\(t("checkout.state"))</th><th scope="col"><span class="visually-hidden">\(t("checkout.receipt"))</span></th></tr></thead><tbody>\(rows)</tbody></table></div>
      """
  }
}
