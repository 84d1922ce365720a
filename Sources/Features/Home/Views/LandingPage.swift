import Core
import HTML
import Site
import Tutors

/// Search first; then people who are free soon, how it works, what is taught, and what learners say.
struct LandingPage: View {
  let freeSoon: HTML
  let topics: [Topic]
  let words: [KindWords]

  var layout: Layout { .full }

  func title(_ page: PageContext) -> String { page.site.name }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let popular: [HTML] = topics.prefix(5).map {
      "<a class=\"chip\" href=\"\(Doors.tutors() + "?subject=" + $0.slug)\">\($0.title)</a> "
    }
    let popularLine: HTML? = topics.isEmpty ? nil : "<p class=\"hero-note chips\">\(popular)</p>"
    let options: [HTML] = topics.map { "<option value=\"\($0.title)\"></option>" }
    let choices: HTML? = topics.isEmpty ? nil : "<datalist id=\"hero-topics\">\(options)</datalist>"
    let live: HTML =
      freeSoon.isEmpty
      ? page.empty(
        "calendar", t("home.noTutors"), t("home.noTutorsWords"),
        action: page.buttonLink(t("home.teach"), to: Doors.register() + "?role=tutor", "primary"))
      : "<div class=\"tutor-list\">\(freeSoon)</div><p>\(page.buttonLink(t("home.seeAll"), to: Doors.tutors(), "", icon: "arrow-right"))</p>"
    return """
      <section class="hero"><div class="wrap hero-in"><div class="hero-words"><p class="eyebrow">\(t("home.eyebrow"))</p>
      <h1>\(t("home.title"))</h1><p class="lead">\(t("home.lead"))</p>
      <form class="hero-search" role="search" action="\(Doors.tutors())"><div class="hero-search-field combobox" data-island="combobox">\(page.icon("search"))\
      <label class="visually-hidden" for="hero-q">\(t("site.search"))</label><input id="hero-q" type="text" enterkeyhint="search" name="q" placeholder="\(t("home.searchHint"))" maxlength="100"\(attribute: "list", topics.isEmpty ? nil : "hero-topics")>\(choices)</div>\
      <button class="button primary large">\(t("home.search"))</button></form>\(popularLine)</div>
      <div class="hero-side"><ol class="checks">
      <li class="ok">\(page.icon("shield-check"))<div><strong>\(t("home.promise1"))</strong><p>\(t("home.promise1Words"))</p></div></li>
      <li class="ok">\(page.icon("calendar"))<div><strong>\(t("home.promise2"))</strong><p>\(t("home.promise2Words"))</p></div></li>
      <li class="ok">\(page.icon("receipt"))<div><strong>\(t("home.promise3"))</strong><p>\(t("home.promise3Words"))</p></div></li></ol></div></div></section>
      <section class="band"><div class="wrap"><h2>\(t("home.freeSoon"))</h2><p class="muted">\(t("home.freeSoonWords", zone: page.zoneText()))</p>\(live)</div></section>
      <section class="band tint"><div class="wrap"><h2>\(t("home.how"))</h2><ol class="steps">
      \(step("search", t("home.step1"), t("home.step1Words"), page))\(step("calendar", t("home.step2"), t("home.step2Words"), page))\(step("lesson", t("home.step3"), t("home.step3Words"), page))</ol></div></section>
      \(topicSection(page))\(quotes(page))
      <section class="closing"><div class="wrap"><h2>\(t("home.closing"))</h2><p class="lead">\(t("home.closingWords"))</p><div class="actions">
      \(page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary large"))\(page.buttonLink(t("home.teach"), to: Doors.register() + "?role=tutor", "large"))</div></div></section>
      """
  }

  private func step(_ art: String, _ title: String, _ words: String, _ page: PageContext) -> HTML {
    "<li>\(page.art(art))<h3>\(title)</h3><p>\(words)</p></li>"
  }

  private func topicSection(_ page: PageContext) -> HTML {
    guard !topics.isEmpty else { return .none }
    let icons = [
      "music": "music", "languages": "language", "university": "sigma", "school": "book", "professional": "laptop",
    ]
    let items: [HTML] = topics.map { topic in
      let tutors =
        topic.tutors > Topic.most
        ? page.t("tutors.moreThan", count: Topic.most) : page.t("tutors.found", count: topic.tutors)
      return
        """
        <li><a href="\(Doors.tutors() + "?subject=" + topic.slug)">\(page.icon(icons[topic.category] ?? "book"))<strong>\(topic.title)</strong>\
        <span>\(tutors)</span></a></li>
        """
    }
    return
      "<section class=\"band\"><div class=\"wrap\"><h2>\(page.t("home.topics"))</h2><ul class=\"topics\">\(items)</ul></div></section>"
  }

  private func quotes(_ page: PageContext) -> HTML {
    guard !words.isEmpty else { return .none }
    let quotes: [HTML] = words.map { words in
      let name = words.author.split(separator: " ").first.map(String.init) ?? words.author
      return """
        <figure class="quote"><blockquote><p>\(words.words)</p></blockquote><figcaption>\(page.avatar(name, of: words.authorID, size: "small"))\
        <span>\(name), \(words.subject)</span></figcaption></figure>
        """
    }
    return
      "<section class=\"band tint\"><div class=\"wrap\"><h2>\(page.t("home.words"))</h2><div class=\"quotes\">\(quotes)</div></div></section>"
  }
}
