import Core
import HTML
import Site
import Web

/// The searches a person keeps, and the form that keeps another.
struct SavedSearchesPage: View {
  /// A question that waits for its name.
  struct Draft {
    let query: String
    var name: String
    var sendsMail: Bool
    var refusal: SavedSearch.Refusal?
  }

  let searches: [SavedSearch]
  let subjects: [SubjectLine]
  let currency: Currency
  /// Its reader has ended all letters about searches, whatever each search says.
  let lettersEnded: Bool
  var draft: Draft?
  var note: String?

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("tutors.saved.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let done: HTML? =
      switch note {
      case "kept": page.banner(.success, t("tutors.saved.kept"))
      case "gone": page.banner(.success, t("tutors.saved.gone"))
      default: nil
      }
    let ended: HTML? =
      lettersEnded && searches.contains(where: \.sendsMail)
      ? page.banner(
        .info, t("tutors.saved.ended"),
        actions: page.buttonLink(t("tutors.saved.endedChoices"), to: Doors.noticeChoices(), icon: "settings")) : nil
    let rows: [HTML] = searches.map { row($0, page) }
    let list: HTML =
      searches.isEmpty
      ? draft == nil
        ? page.empty(
          "search", t("tutors.saved.none"), t("tutors.saved.noneWords"),
          action: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary", icon: "search")) : .none
      : "<ul class=\"list card\">\(rows)</ul>"
    return """
      \(page.head(title(page), lead: t("tutors.saved.lead")))
      <div class="stack">\(done)\(ended)\(draft.map { form($0, page) })\(list)</div>
      """
  }

  private func words(_ query: String, _ page: PageContext) -> String {
    let fields = Fields(urlencoded: Array(query.utf8)) ?? Fields()
    let (search, _) = TutorSearch.read(fields, zone: page.zone, now: page.now)
    let set = search.chips(fields, subject: subjects.first { $0.slug == search.subject }?.title, currency, page).map(
      \.label)
    return set.isEmpty ? page.t("tutors.saved.everybody") : set.joined(separator: " · ")
  }

  private func form(_ draft: Draft, _ page: PageContext) -> HTML {
    let t = page.t
    let refusal = draft.refusal.map { t.sentence("tutors.saved.\($0.rawValue)", ["count": SavedSearch.most]) }
    return """
      \(page.formErrors(refusal.map { [("name", $0)] } ?? []))
      <form class="card form" method="post" action="\(TutorPaths.savedSearches())">\(page.csrfField)
      <h2>\(t("tutors.saved.new"))</h2><p class="muted">\(words(draft.query, page))</p>
      <input type="hidden" name="query" value="\(draft.query)">
      \(page.field(Field("name", t("tutors.saved.name"), value: draft.name, error: refusal, longest: 80)))
      \(page.field(Field("mail", t("tutors.saved.mail"), .checkbox, value: draft.sendsMail ? "1" : "", hint: t("tutors.saved.mailHint"), isRequired: false)))
      <div class="actions"><button class="button primary">\(page.icon("check"))<span>\(t("tutors.saved.keep"))</span></button></div></form>
      """
  }

  private func row(_ search: SavedSearch, _ page: PageContext) -> HTML {
    let t = page.t
    let letters = page.postButton(
      search.sendsMail ? t("tutors.saved.mailOff") : t("tutors.saved.mailOn"),
      to: TutorPaths.savedSearchLetters(search.id),
      "small quiet", icon: search.sendsMail ? "bell" : "mail", fields: search.sendsMail ? [("off", "1")] : [])
    let state: HTML? =
      search.sendsMail ? "<span class=\"badge success\">\(page.icon("mail"))\(t("tutors.saved.letters"))</span>" : nil
    return """
      <li class="list-row"><div class="list-main"><a href="\(Doors.tutors() + "?" + search.query)"><strong>\(search.name)</strong></a> \(state)\
      <p class="muted small">\(words(search.query, page))</p></div><div class="list-end">\(letters)\
      \(page.postButton(t("tutors.saved.remove", name: search.name), to: TutorPaths.savedSearchRemoval(search.id), "small quiet", icon: "trash"))</div></li>
      """
  }
}
