import Core
import HTML
import Site
import Web

/// What to paste into one's own site, how it will look there, and which sites may show it.
struct EmbeddingPage: View {
  let owner: EmbeddingOwner
  let snippets: Snippets
  /// Parameters that made no sense.
  let wrong: [String]
  let subjects: [(slug: String, title: String)]
  let origins: [String]
  let rule: EmbeddingRule
  /// `added` or `removed`.
  let note: String
  let typed: String
  let refusal: SiteOrigin.Refusal?

  func title(_ page: PageContext) -> String { page.t(owner.tutor == nil ? "embedding.siteTitle" : "embedding.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let saved: HTML? =
      switch note {
      case "added": page.banner(.success, t("embedding.added"))
      case "removed": page.banner(.success, t("embedding.removed"))
      default: nil
      }
    let rest: HTML? =
      if case .tutor(_, _, _, let isListed) = owner, !isListed {
        page.banner(.info, t("embedding.notListed"))
      } else { nil }
    let back: HTML? =
      owner.tutor == nil ? page.buttonLink(page.t("site.admin"), to: Doors.admin(), "quiet", icon: "chevron-left") : nil
    return """
      \(page.head(title(page), lead: t("embedding.lead"), actions: back))
      <div class="stack loose">\(saved)\(rest)
      \(page.formErrors(refusal.map { [("origin", t.sentence("embedding.refusal.\($0.rawValue)", ["count": SiteOrigin.most]))] } ?? []))
      <div class="split even"><div class="stack">\(choices(page))
      <div class="stack" id="embedding-snippets">\(wrongChoices(page))\(pieces(page))</div></div>
      <section class="stack" aria-labelledby="preview-title"><h2 id="preview-title">\(t("embedding.preview"))</h2>
      <div class="embed-preview" id="embedding-preview"><iframe src="\(snippets.frame)" title="\(t("embedding.preview"))"></iframe></div></section></div>
      \(allowed(page))</div>
      """
  }

  private func wrongChoices(_ page: PageContext) -> HTML? {
    wrong.isEmpty ? nil : page.banner(.warning, page.t("embedding.wrong"))
  }

  /// What a visitor reads on the link, in the language of the frame.
  private func label(_ page: PageContext) -> String {
    let words = snippets.look.language.map { page.site.context(language: $0, zone: page.site.zone).t } ?? page.t
    return switch owner {
    case .tutor(_, _, let name, _): words("embedding.book", name: name)
    case .site: words("embedding.bookSite", site: page.site.name)
    }
  }

  private func choices(_ page: PageContext) -> HTML {
    let t = page.t
    let look = snippets.look
    func option(_ value: String, _ label: String) -> Field.Option { Field.Option(value, label) }
    let subject: HTML? =
      owner.tutor == nil
      ? page.field(
        Field(
          "subject", t("embedding.subject"),
          .select([option("", t("embedding.allSubjects"))] + subjects.map { option($0.slug, $0.title) }),
          value: snippets.subject, isRequired: false)) : nil
    // The footer has a choice of that name already.
    let languages: [HTML] =
      [("", t("embedding.readers"))].map { "<option value=\"\($0.0)\">\($0.1)</option>" }
      + Language.allCases.map {
        "<option value=\"\($0.rawValue)\" lang=\"\($0.rawValue)\"\(flag: "selected", when: $0 == look.language)>\($0.ownName)</option>"
      }
    return """
      <form class="form card" method="get" action="\(owner.address)" data-island="embedding"><h2>\(t("embedding.look"))</h2>
      <div class="field-row"><div class="field"><label class="label" for="accent">\(t("embedding.accent"))</label><p class="hint" id="accent-hint">\(t("embedding.accentHint"))</p>
      <input class="input" type="color" id="accent" name="accent" value="#\((look.accent ?? Look.houseAccent).text)" aria-describedby="accent-hint"></div></div>
      <div class="field-row">\(page.field(Field("theme", t("embedding.theme"), .select(Look.Theme.allCases.map { option($0.rawValue, t.sentence("embedding.theme.\($0.rawValue)", [:])) }), value: look.theme.rawValue)))
      \(page.field(Field("radius", t("embedding.radius"), .select([option("", t("embedding.radius.house")), option("0", t("embedding.radius.none")), option("6", t("embedding.radius.small")), option("16", t("embedding.radius.large"))]), value: look.radius.map(String.init) ?? "", isRequired: false)))</div>
      <div class="field-row"><div class="field"><label class="label" for="embed-lang">\(t("site.language"))</label><div class="select"><select class="input" id="embed-lang" name="lang">\(languages)</select></div></div>
      \(page.field(Field("way", t("embedding.way"), .select([option("", t("embedding.way.inline")), option("dialog", t("embedding.way.dialog"))]), value: snippets.isDialog ? "dialog" : "", isRequired: false)))</div>
      \(subject)<div class="actions"><button class="button">\(t("embedding.show"))</button></div></form>
      """
  }

  private func pieces(_ page: PageContext) -> HTML {
    let t = page.t
    let label = label(page)
    func piece(_ kind: String, _ code: String) -> HTML {
      let title = t.sentence("embedding.\(kind)", [:])
      return """
        <section class="card stack tight"><h2>\(title)</h2><p class="hint">\(t.sentence("embedding.\(kind)Words", [:]))</p>
        <div class="copy embed-code" data-island="copy"><pre tabindex="0" aria-label="\(title)"><code dir="ltr">\(code)</code></pre>\
        <button class="button small" type="button" aria-label="\(t("embedding.copy", what: title))">\(t("embedding.copyDo"))</button></div></section>
        """
    }
    return
      piece("script", snippets.script(label)) + piece("iframe", snippets.iframe(label))
      + piece("link", snippets.link(label))
  }

  private func allowed(_ page: PageContext) -> HTML {
    let t = page.t
    let isSite = owner.tutor == nil
    let lines: [HTML] = origins.map { origin in
      """
      <li class="list-row"><div class="list-main"><code dir="ltr">\(origin)</code></div><div class="list-end">\
      \(page.postButton(t("embedding.forbid", site: origin), to: isSite ? EmbeddingPaths.siteOriginRemoval() : EmbeddingPaths.tutorOriginRemoval(), "small quiet", icon: "trash", fields: [("origin", origin)]))</div></li>
      """
    }
    let list: HTML =
      origins.isEmpty ? "<p class=\"muted\">\(t("embedding.noOrigins"))</p>" : "<ul class=\"list\">\(lines)</ul>"
    let above: HTML? =
      switch rule {
      case .listed: nil
      case .any: page.banner(.info, t("embedding.any"))
      case .off: page.banner(.warning, t("embedding.off"))
      }
    return """
      <section class="card stack" id="origins"><h2>\(t("embedding.origins"))</h2><p>\(t(isSite ? "embedding.siteOriginsWords" : "embedding.originsWords"))</p>
      \(above)\(list)
      <form class="form" method="post" action="\(isSite ? EmbeddingPaths.siteOrigins() : EmbeddingPaths.tutorOrigins())" data-island="form">\(page.csrfField)
      \(page.field(Field("origin", t("embedding.origin"), value: typed, hint: t("embedding.originHint"), error: refusal.map { t.sentence("embedding.refusal.\($0.rawValue)", ["count": SiteOrigin.most]) }, longest: 300)))
      <div class="actions"><button class="button">\(page.icon("plus"))<span>\(t("embedding.allow"))</span></button></div></form></section>
      """
  }
}
