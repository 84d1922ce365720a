package import Core
import HTML
package import Site
import Time

extension LegalDocument {
  /// Where it is read.
  package var address: String {
    switch self {
    case .terms: Doors.terms()
    case .privacy: Doors.privacy()
    }
  }

  /// Where a version of it is read; the standard text without one.
  package func address(of version: ID<LegalVersion>?) -> String {
    address + "?version=" + (version?.description ?? "standard")
  }

  package func title(_ page: PageContext) -> String { page.t.sentence("legal.\(rawValue)", [:]) }
}

struct LegalPage: View {
  let document: LegalDocument
  /// Nothing: the standard text.
  let version: LegalVersion?
  let isInForce: Bool
  /// Other versions in the same language, newest first.
  let others: [LegalVersionLine]
  let standard: StandardText

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { document.title(page) }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let lead = version.map { version in
      isInForce
        ? t("legal.since", date: day(version.publishedAt, page), number: version.number)
        : t("legal.was", date: day(version.publishedAt, page), number: version.number)
    }
    let language = version?.language ?? page.language
    let words = version?.words ?? standard.words(document, page)
    return """
      \(page.head(title(page), lead: lead))
      <div class="stack loose">\(notes(page))
      <article class="prose" lang="\(language.rawValue)" dir="\(language.isRightToLeft ? "rtl" : "ltr")">\(Markdown.render(words, under: 1))</article>
      \(earlier(page))<nav class="cluster" aria-label="\(t("legal.also"))">\(LegalDocument.allCases.filter { $0 != document }.map { other in
        page.buttonLink(other.title(page), to: other.address, icon: "book")
      })</nav></div>
      """
  }

  private func day(_ instant: Instant, _ page: PageContext) -> String {
    page.dateText(page.zone.local(instant).date)
  }

  private func notes(_ page: PageContext) -> [HTML] {
    let t = page.t
    var notes: [HTML] = []
    if !isInForce {
      notes.append(
        page.banner(
          .warning, t("legal.earlier"), actions: page.buttonLink(t("legal.toCurrent"), to: document.address, "small")))
    }
    guard let version else {
      return notes + [page.banner(.info, t("legal.standardText"), HTML(t("legal.standardWords", site: page.site.name)))]
    }
    if version.language != page.language.formatting {
      notes.append(
        page.banner(
          .info, t("legal.otherLanguage", mine: page.language.ownName, language: version.language.ownName)))
    }
    return notes
  }

  private func earlier(_ page: PageContext) -> HTML? {
    guard !others.isEmpty else { return nil }
    let lines: [HTML] = others.map {
      "<li><a href=\"\(document.address(of: $0.id))\">\(page.t("legal.version", number: $0.number, date: day($0.publishedAt, page)))</a></li>"
    }
    return
      "<details class=\"disclosure\"><summary>\(page.t("legal.versions"))</summary><ul class=\"list\">\(lines)</ul></details>"
  }
}
