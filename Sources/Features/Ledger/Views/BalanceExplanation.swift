import Core
package import HTML
package import Site

/// "Explain this balance": every line that made it, in plain words, with what there was after each. For whoever's balance it
/// is; a piece of a page, not a page.
package struct BalanceExplanation: Sendable {
  package enum Side: String, Sendable {
    /// What a tutor has earned and not been paid out.
    case tutor
    /// What a learner has paid in: free, set aside, or on its way back.
    case learner

    package var kinds: [Account.Kind] {
      switch self {
      case .tutor: [.tutorPayable]
      case .learner: [.learnerWallet, .held]
      }
    }
  }

  let side: Side
  let lines: [BalanceLine]

  package init(_ side: Side, lines: [BalanceLine]) {
    self.side = side
    self.lines = lines
  }

  package func body(_ page: PageContext) -> HTML {
    let t = page.t
    guard !lines.isEmpty else {
      return page.empty("wallet", t("ledger.none"), t.sentence("ledger.none.\(side.rawValue)", [:]))
    }
    let rows: [HTML] = lines.map { line in
      let isIn = line.moved.amount > 0
      return """
        <tr><td data-label="\(t("ledger.when"))">\(page.moment(line.at))</td>\
        <th scope="row" data-label="\(t("ledger.what"))">\(sentence(line, page))</th>\
        <td class="numeric \(isIn ? "plus" : "minus")" data-label="\(t("ledger.moved"))">\(isIn ? "+" : "")\(page.money(line.moved))</td>\
        <td class="numeric" data-label="\(t("ledger.balance"))">\(page.money(line.balance))</td></tr>
        """
    }
    return """
      <div class="table-box"><table class="table ledger"><caption>\(t.sentence("ledger.caption.\(side.rawValue)", [:]))</caption>\
      <thead><tr><th scope="col">\(t("ledger.when"))</th><th scope="col">\(t("ledger.what"))</th>\
      <th scope="col" class="numeric">\(t("ledger.moved"))</th><th scope="col" class="numeric">\(t("ledger.balance"))</th></tr></thead>\
      <tbody>\(rows)</tbody></table></div>
      """
  }

  /// The entry's sentence, with the figures its memo keeps.
  private func sentence(_ line: BalanceLine, _ page: PageContext) -> String {
    var values: [String: any MessageValue] = ["subject": line.memo["subject"] ?? ""]
    values["when"] = line.memo["starts_at"].flatMap { Instant(rfc3339: $0) }.map { page.momentText($0) } ?? ""
    for name in ["price", "fee", "kept", "back"] {
      values[name] = line.memo[name].flatMap { Int($0) }.map { page.money(Money($0, line.moved.currency)) } ?? ""
    }
    return page.t.sentence("ledger.\(side.rawValue).\(line.kind.rawValue)", values)
  }
}
