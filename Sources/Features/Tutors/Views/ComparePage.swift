import Core
import HTML
import Postgres
import Site
import Web

/// A tutor beside others.
struct ComparedTutor: RowDecodable, Equatable {
  let card: TutorCard
  let years: Int?
  let approval: String
  let responseMinutes: Int?
  /// Titles of what was verified.
  let credentials: [String]

  init(row: inout RowReader) throws {
    card = try TutorCard(row: &row)
    years = try row.next()
    approval = try row.next()
    responseMinutes = try row.next()
    credentials = try row.next()
  }
}

/// Up to three tutors side by side; the address says who. On a phone each line's name stands above its values.
struct ComparePage: View {
  let tutors: [ComparedTutor]
  /// Somebody asked for more than fit.
  let hasMore: Bool

  func title(_ page: PageContext) -> String { page.t("tutors.compare.title") }

  static func address(_ slugs: [String]) -> String {
    TutorPaths.compare() + (slugs.isEmpty ? "" : "?" + Fields(slugs.map { ("t", $0) }).encoded)
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let search = page.buttonLink(t("tutors.compare.add"), to: Doors.tutors(), "", icon: "search")
    guard !tutors.isEmpty else {
      return """
        \(page.head(title(page)))\(page.empty("choose", t("tutors.compare.none"), t("tutors.compare.noneWords"),
          action: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary", icon: "search")))
        """
    }
    let more: HTML? =
      hasMore ? page.banner(.info, t("tutors.compare.most", count: TutorSearch.mostCompared)) : nil
    let heads: [HTML] = tutors.map { tutor in
      let others = tutors.map(\.card.slug).filter { $0 != tutor.card.slug }
      return """
        <th scope="col"><div class="compare-head">\(page.avatar(tutor.card.name, of: tutor.card.id, photo: tutor.card.photo, size: "large"))\
        <a href="\(Doors.tutor(tutor.card.slug))">\(tutor.card.name)</a>\
        <a class="button quiet small icon-only" href="\(Self.address(others))" aria-label="\(t("tutors.compare.remove", name: tutor.card.name))">\(page.icon("x"))</a></div></th>
        """
    }
    func row(_ name: String, _ cell: (ComparedTutor) -> HTML) -> HTML {
      let cells: [HTML] = tutors.map { "<td>\(cell($0))</td>" }
      return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>"
    }
    func words(_ text: String?) -> HTML { HTML(text.flatMap { $0.isEmpty ? nil : $0 } ?? "–") }
    return """
      \(page.head(title(page), lead: t("tutors.compare.lead", zone: page.zoneText()), actions: tutors.count < TutorSearch.mostCompared ? search : nil))
      <div class="stack">\(more)<table class="compare of-\(tutors.count)"><caption class="visually-hidden">\(title(page))</caption>
      <thead><tr><td></td>\(heads)</tr></thead><tbody>
      \(row(t("tutors.compare.about")) { words($0.card.headline) })
      \(row(t("tutors.rating")) { page.rating(thousandths: $0.card.rating, count: $0.card.ratingCount) })
      \(row(t("tutors.compare.price")) { page.price(Money($0.card.rate, $0.card.currency), perHour: true) })
      \(row(t("tutors.nextFree")) { $0.card.nextFree.map { page.soon($0) } ?? "–" })
      \(row(t("tutors.lessons")) { words($0.card.subjects.prefix(6).joined(separator: ", ")) })
      \(row(t("tutors.spoken")) { words($0.card.languages.map { t.sentence("language.\($0)", [:]) }.joined(separator: ", ")) })
      \(row(t("tutors.where")) { tutor in
        words((tutor.card.modes.map { t.sentence("tutors.mode.\($0)", [:]) } + [tutor.card.city].compactMap { $0 }).joined(separator: ", ")) })
      \(row(t("tutors.compare.held")) { "\($0.card.lessonsHeld)" })
      \(row(t("tutors.years")) { words($0.years.map { t("tutors.yearsValue", count: $0) }) })
      \(row(t("tutors.answersWithin")) { words($0.responseMinutes.map { page.durationText(minutes: $0) }) })
      \(row(t("tutors.compare.booking")) { words(t.sentence("tutors.compare.\($0.approval)", [:])) })
      \(row(t("tutors.compare.credentials")) { words($0.credentials.joined(separator: ", ")) })
      <tr class="compare-act"><th scope="row"><span class="visually-hidden">\(t("tutors.seeTimes"))</span></th>\(tutors.map { tutor -> HTML in
        "<td><a class=\"button small\" href=\"\(Doors.book(tutor.card.slug))\" aria-label=\"\(t("tutors.seeTimesOf", name: tutor.card.name))\">\(t("tutors.seeTimes"))</a></td>"
      })</tr></tbody></table></div>
      """
  }
}
