import Core
import HTML
import Site

/// Every sentence of one family beside its translations: what a translator needs to see, and where it will stand.
struct SentencesPage: View {
  struct Sentence: Sendable {
    let key: String
    let places: [String]
    /// As they stand in the files; nothing where one is missing.
    let wording: [(language: Language, text: String?)]
    let uses: [String]
  }

  let families: [String]
  let chosen: String
  let sentences: [Sentence]

  var sheets: [String] { ["gallery"] }

  func title(_ page: PageContext) -> String { "Sentences: \(chosen)" }

  func body(_ page: PageContext) -> HTML {
    let tabs: [HTML] = families.map {
      "<a href=\"\(GalleryFeature.sentences() + "?family=" + $0)\"\(attribute: "aria-current", $0 == chosen ? "page" : nil)>\($0)</a>"
    }
    let missing = sentences.reduce(0) { $0 + $1.wording.count { $0.text == nil } }
    let note =
      missing == 0
      ? page.banner(.success, "Every language has every sentence of this family.")
      : page.banner(.warning, "\(missing) translations are missing here; English stands in for them.")
    return """
      <div lang="en" dir="ltr">\(page.head(title(page), lead: "Assets/locales/<language>/*.json, as they stand in the files."))
      <nav class="tabs" aria-label="Families">\(tabs)</nav>\(note)
      <div class="stack loose sentences">\(sentences.map { sentence($0, page) })</div></div>
      """
  }

  private func sentence(_ sentence: Sentence, _ page: PageContext) -> HTML {
    let lines: [HTML] = sentence.wording.map { language, text in
      let said: HTML = text.map { HTML($0) } ?? "<span class=\"badge danger\">missing</span>"
      return """
        <div><dt>\(language.ownName)</dt><dd lang="\(language.rawValue)" dir="\(language.isRightToLeft ? "rtl" : "ltr")">\(said)</dd></div>
        """
    }
    let places: [HTML] = sentence.places.map { "<span class=\"chip\">{\($0)}</span> " }
    let uses: [HTML] = sentence.uses.map { "<li><code>\($0)</code></li>" }
    let used: HTML =
      uses.isEmpty
      ? "<p class=\"muted small\">Named nowhere by its whole key.</p>" : "<ul class=\"muted small\">\(uses)</ul>"
    let values: HTML? = places.isEmpty ? nil : "<p class=\"chips\">\(places)</p>"
    return """
      <section class="card" id="\(sentence.key)"><header class="card-head"><h2><code>\(sentence.key)</code></h2></header>\(values)
      <dl class="facts rows">\(lines)</dl>\(used)</section>
      """
  }
}
