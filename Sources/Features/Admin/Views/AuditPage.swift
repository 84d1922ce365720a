import Audit
import Core
import HTML
import Site
import Time
import Web

/// Who did what to whom, the newest first, and what is looked for.
struct AuditPage: Sendable {
  let lines: [AuditLine]
  let verification: AuditVerification
  let filter: Draft
  /// Which of the filter's fields cannot be read.
  let refusals: [String]

  /// The filter as it was typed.
  struct Draft: Sendable, Equatable {
    var act = ""
    var person = ""
    var from = ""
    var until = ""

    init(_ query: Fields) {
      act = String(query.text("act").prefix(60))
      person = String(query.text("person").prefix(254))
      from = String(query.text("from").prefix(10))
      until = String(query.text("until").prefix(10))
    }

    /// What is looked for, and the fields that are no days.
    func read() -> (filter: AuditFilter, refusals: [String]) {
      var filter = AuditFilter()
      var refusals: [String] = []
      func day(_ text: String, _ field: String) -> CivilDate? {
        if text.isEmpty { return nil }
        guard let date = CivilDate(text) else {
          refusals.append(field)
          return nil
        }
        return date
      }
      filter.act = act
      filter.from = day(from, "from").flatMap { Instant(rfc3339: "\($0)T00:00:00Z") }
      filter.until = day(until, "until").flatMap { Instant(rfc3339: "\($0)T00:00:00Z") }.map { $0 + .days(1) }
      return (filter, refusals)
    }

    /// The same question, for the page after.
    func address(after cursor: PageCursor) -> String {
      var fields = Fields()
      for (name, value) in [("act", act), ("person", person), ("from", from), ("until", until)] where !value.isEmpty {
        fields.add(name, value)
      }
      fields.add("after", cursor.text)
      return AdminPaths.audit() + "?" + fields.encoded
    }
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let chain =
      verification.holds
      ? page.banner(.success, t("admin.auditHolds", count: verification.links))
      : page.banner(.danger, t("admin.auditBroken"), "<p>\(verification.sentence)</p>")
    return "\(chain)\(search(page))\(list(page))"
  }

  private func search(_ page: PageContext) -> HTML {
    let t = page.t
    let acts: [Field.Option] =
      [.init("", t("admin.auditAll"))]
      + AuditAct.allCases.map { .init($0.rawValue, t.sentence("admin.act.\($0.rawValue)", [:])) }
    func error(_ field: String) -> String? { refusals.contains(field) ? t("admin.auditNoDay") : nil }
    return """
      <form class="form card" role="search" aria-label="\(t("admin.auditLook"))" action="\(AdminPaths.audit())"><div class="field-row">
      \(page.field(Field("act", t("admin.auditAct"), .select(acts), value: filter.act, isRequired: false)))
      \(page.field(Field("person", t("admin.auditPerson"), value: filter.person, hint: t("admin.auditPersonHint"), isRequired: false, longest: 254)))
      </div><div class="field-row">
      \(page.field(Field("from", t("admin.auditFrom"), .date, value: filter.from, error: error("from"), isRequired: false)))
      \(page.field(Field("until", t("admin.auditUntil"), .date, value: filter.until, error: error("until"), isRequired: false)))
      </div><div class="actions"><button class="button">\(page.icon("search"))<span>\(t("admin.search"))</span></button></div></form>
      """
  }

  private func list(_ page: PageContext) -> HTML {
    let t = page.t
    guard !lines.isEmpty else { return page.empty("search", t("admin.auditNone"), t("admin.auditNoneWords")) }
    let rows: [HTML] = lines.prefix(AdminPage.pageSize).map { line in
      let who = line.actorName ?? line.actor ?? t.sentence("admin.channel.\(line.channel)", [:])
      let whom = line.subjectName ?? line.subject ?? ""
      let details = line.details.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
      let more: HTML? = details.isEmpty ? nil : "<p class=\"muted small\">\(details)</p>"
      return """
        <tr><th scope="row" data-label="\(t("admin.auditAct"))">\(words(line.act, t))\(more)</th><td data-label="\(t("admin.auditWho"))">\(who)</td>
        <td data-label="\(t("admin.auditWhom"))">\(whom)</td><td data-label="\(t("admin.auditWhere"))">\(line.address ?? "")</td><td data-label="\(t("checkout.date"))">\(page.moment(line.at))</td></tr>
        """
    }
    let older = lines.count > AdminPage.pageSize ? filter.address(after: lines[AdminPage.pageSize - 1].cursor) : nil
    return adminTable(
      [t("admin.auditAct"), t("admin.auditWho"), t("admin.auditWhom"), t("admin.auditWhere"), t("checkout.date")], rows)
      + page.pages(newer: nil, older: older)
  }

  private func words(_ act: String, _ t: Wording) -> String {
    AuditAct(rawValue: act).map { t.sentence("admin.act.\($0.rawValue)", [:]) } ?? act
  }
}
