import Core
import HTML
import Site
import Web

/// The API for people: what each call does, takes and gives.
struct DocsPage: View {
  let groups: [(name: String, operations: [OpenAPIDocument.Operation])]

  func title(_ page: PageContext) -> String { page.t("openapi.title") }

  func body(_ page: PageContext) -> HTML {
    let sections: [HTML] = groups.map { group in
      let operations: [HTML] = group.operations.map { operation($0, page) }
      return "<section class=\"stack\"><h2>\(group.name)</h2>\(operations)</section>"
    }
    return """
      <div class="stack loose">\(page.head(title(page), lead: page.t("openapi.lead"), actions: page.buttonLink(page.t("openapi.document"), to: OpenAPIFeature.document())))
      \(sections)</div>
      """
  }

  private func operation(_ operation: OpenAPIDocument.Operation, _ page: PageContext) -> HTML {
    let t = page.t, contract = operation.contract
    var rows: [HTML] = operation.parts.map { row("", $0, page, isNeeded: true) }
    rows += contract.query.map { row("?", $0, page, isNeeded: false) }
    if case .object(let members)? = contract.body?.kind {
      rows += members.map { row("", $0, page, isNeeded: !$0.schema.isOptional) }
    }
    let table: HTML? =
      rows.isEmpty
      ? nil
      : """
      <div class="table-box"><table class="table"><caption>\(t("openapi.takes"))</caption><thead><tr><th scope="col">\(t("openapi.field"))</th>\
      <th scope="col">\(t("openapi.kind"))</th><th scope="col">\(t("openapi.needed"))</th></tr></thead><tbody>\(rows)</tbody></table></div>
      """
    let answer: HTML? = contract.answer.map { "<p>\(t("openapi.gives")) <code>\($0.words)</code></p>" }
    return """
      <details class="disclosure"><summary><span lang="en" dir="ltr"><code>\(operation.route.method.rawValue) \(operation.address)</code> \(contract.summary)</span></summary>
      <div class="stack"><p class="muted">\(t(operation.needsProof ? "openapi.proof" : "openapi.open"))</p>\(table)
      <p>\(t("openapi.answers", status: contract.status, refusals: operation.refusals.map(String.init).joined(separator: ", ")))</p>\(answer)</div></details>
      """
  }

  private func row(_ mark: String, _ member: Schema.Member, _ page: PageContext, isNeeded: Bool) -> HTML {
    """
    <tr><th scope="row" data-label="\(page.t("openapi.field"))"><code>\(mark)\(member.name)</code></th>\
    <td data-label="\(page.t("openapi.kind"))"><code>\(member.schema.words)</code> \(member.schema.says)</td>\
    <td data-label="\(page.t("openapi.needed"))">\(page.t(isNeeded ? "openapi.yes" : "openapi.no"))</td></tr>
    """
  }
}

extension Schema {
  /// The shape in a line, in the words of JSON: `{"rating": integer 1–5, "comment"?: string}`.
  var words: String {
    let words =
      switch kind {
      case .anything: "any"
      case .text(_, let format): format ?? "string"
      case .choice(let choices): choices.map { "\"\($0)\"" }.joined(separator: " | ")
      case .integer(let range):
        range.upperBound == Int.max ? "integer" : "integer \(range.lowerBound)–\(range.upperBound)"
      case .number: "number"
      case .boolean: "boolean"
      case .list(let element, _): "[\(element.words)]"
      case .object(let members):
        "{"
          + members.map { "\"\($0.name)\"\($0.schema.isOptional ? "?" : ""): \($0.schema.words)" }.joined(
            separator: ", ")
          + "}"
      case .map(let value): "{string: \(value.words)}"
      case .either(let schemas): schemas.map(\.words).joined(separator: " | ")
      case .named(_, let schema): schema.words
      }
    return isNullable ? words + " | null" : words
  }
}
