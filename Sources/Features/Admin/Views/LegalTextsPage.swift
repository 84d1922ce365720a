import Core
import HTML
import Legal
import Site
import Time

/// Which legal texts are the site's own, and in which languages.
struct LegalTextsPage: View {
  /// The newest of each document and language.
  let lines: [LegalVersionLine]

  func title(_ page: PageContext) -> String { page.t("admin.legal") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let rows: [HTML] = LegalDocument.allCases.flatMap { document in
      Language.allCases.map { row(document, $0, page) }
    }
    return """
      <p class="lead">\(t("admin.legalLead"))</p>\(Self.missing(lines, page, isHere: true))
      \(adminTable([t("admin.legalText"), t("site.language"), t("checkout.state"), t("admin.act")], rows))
      """
  }

  private func row(_ document: LegalDocument, _ language: Language, _ page: PageContext) -> HTML {
    let t = page.t
    let own = lines.first { $0.document == document && $0.language == language }
    let other =
      lines.first { $0.document == document && $0.language == .english } ?? lines.first { $0.document == document }
    let state: HTML =
      if let own {
        "<span class=\"badge success\">\(t("admin.legalOwn", number: own.number))</span> \(page.ago(own.publishedAt))"
      } else if let other {
        "<span class=\"muted\">\(t("admin.legalFallsBack", language: other.language.ownName))</span>"
      } else { "<span class=\"badge warning\">\(t("admin.legalStandard"))</span>" }
    let label = own == nil ? t("admin.legalWrite") : t("admin.legalChange")
    return """
      <tr><th scope="row" data-label="\(t("admin.legalText"))"><a href="\(document.address)">\(document.title(page))</a></th>\
      <td data-label="\(t("site.language"))" lang="\(language.rawValue)">\(language.ownName)</td><td data-label="\(t("checkout.state"))">\(state)</td>\
      <td><a class="button small" href="\(LegalEditor.address(document, language))" aria-label="\(label): \(document.title(page)), \(language.ownName)">\(page.icon("edit"))<span>\(label)</span></a></td></tr>
      """
  }

  /// What says that there is something to write; nothing when both texts are the site's own.
  static func missing(_ lines: [LegalVersionLine], _ page: PageContext, isHere: Bool = false) -> HTML? {
    let t = page.t
    let missing = LegalDocument.allCases.filter { document in !lines.contains { $0.document == document } }
    guard !missing.isEmpty else { return nil }
    return page.banner(
      .warning, t("admin.legalMissing", texts: page.andText(missing.map { $0.title(page) })),
      HTML(t("admin.legalMissingWords")),
      actions: isHere ? nil : page.buttonLink(t("admin.legalWrite"), to: AdminPaths.legal()))
  }
}

/// One text in one language: what stands, what shall stand, how it will look.
struct LegalEditor: View {
  let document: LegalDocument
  let language: Language
  let words: String
  /// The number of the version that the words are written over.
  let base: Int
  var refusal: LegalDraft.Refusal?
  /// Whether the words are shown as readers would see them.
  var isPreview = false
  var isSaved = false
  let history: [LegalVersionLine]

  static func address(_ document: LegalDocument, _ language: Language) -> String {
    AdminPaths.legalText(document.rawValue, language.rawValue)
  }

  func title(_ page: PageContext) -> String { "\(document.title(page)) · \(language.ownName)" }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let sentence = refusal.map { t.sentence("admin.legalRefusal.\($0.rawValue)", ["count": LegalDraft.longest]) }
    let newest = history.first
    let saved: HTML? = isSaved ? page.banner(.success, t("admin.legalSaved")) : nil
    let other: HTML? =
      refusal == .overtaken
      ? newest.map {
        "<p><a href=\"\(document.address(of: $0.id))\" target=\"_blank\">\(t("legal.version", number: $0.number, date: day($0, page)))</a></p>"
      } : nil
    let direction = language.isRightToLeft ? "rtl" : "ltr"
    let preview: HTML? =
      isPreview
      ? """
      <section class="card stack" id="preview" aria-labelledby="preview-title"><h2 id="preview-title">\(t("admin.legalPreview"))</h2>
      <article class="prose" lang="\(language.rawValue)" dir="\(direction)">\(Markdown.render(words, under: 2))</article></section>
      """ : nil
    let lines: [HTML] = history.map {
      """
      <li class="list-row"><div class="list-main"><a href="\(document.address(of: $0.id))">\(t("legal.version", number: $0.number, date: day($0, page)))</a></div>\
      <div class="list-end">\(page.ago($0.publishedAt))</div></li>
      """
    }
    let versions: HTML? =
      lines.isEmpty
      ? nil
      : "<section class=\"section\"><h2>\(t("admin.legalVersions"))</h2><ul class=\"list\">\(lines)</ul></section>"
    return """
      <p><a class="button quiet" href="\(AdminPaths.legal())">\(page.icon("chevron-left"))<span>\(t("admin.legal"))</span></a></p>\(saved)
      \(page.formErrors(sentence.map { [("text", $0)] } ?? []))\(other)
      \(history.isEmpty && !isPreview && refusal == nil ? page.banner(.info, t("admin.legalBegin")) : nil)
      <form class="form card" method="post" action="\(Self.address(document, language))" data-island="form">\(page.csrfField)\
      <input type="hidden" name="base" value="\(base)">
      \(page.field(Field("text", title(page), .area(rows: 22), value: words, hint: t("admin.legalHint"), error: sentence, longest: LegalDraft.longest)))
      <p class="hint">\(t("admin.legalOnce"))</p>
      <div class="actions"><button class="button primary">\(t("admin.legalPublish"))</button>
      <button class="button" name="act" value="preview" formnovalidate>\(page.icon("eye"))<span>\(t("admin.legalPreviewDo"))</span></button></div></form>
      \(preview)\(versions)
      """
  }

  private func day(_ line: LegalVersionLine, _ page: PageContext) -> String {
    page.dateText(page.zone.local(line.publishedAt).date)
  }
}
