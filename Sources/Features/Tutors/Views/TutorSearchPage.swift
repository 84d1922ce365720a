import Core
import HTML
import Site
import Web

/// The directory: filters, counts, cards. A form of plain GETs, so every state of it is an address.
struct TutorSearchPage: View {
  let search: TutorSearch
  let fields: Fields
  let refusals: [TutorSearch.Refusal]
  /// The cards, drawn.
  let cards: [HTML]
  let count: Int
  let facets: [FacetCount]
  let subjects: SubjectChoice
  let currency: Currency
  let next: String?
  /// Where the found are, when the map is asked for.
  var map: TutorMap?

  func title(_ page: PageContext) -> String {
    subjects[search.subject].map { page.t("tutors.titleFor", subject: $0) } ?? page.t("site.findTutor")
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let found =
      count > TutorSearch.countCap ? t("tutors.moreThan", count: TutorSearch.countCap) : t("tutors.found", count: count)
    let wrong: [HTML] = refusals.map { page.banner(.warning, t.sentence($0.sentence, [:])) }
    let older = next.map { Doors.tutors() + "?" + fields.with("after", $0).encoded }
    let list: HTML =
      cards.isEmpty
      ? page.empty(
        "search", t("tutors.none"), t("tutors.noneWords"),
        action: page.buttonLink(t("tutors.clear"), to: Doors.tutors(), "primary"))
      : """
      <div class="tutor-list">\(cards)</div>
      <div class="actions compare-bar"><button class="button" formaction="\(TutorPaths.compare())">\(page.icon("users"))<span>\(t("tutors.compare.do"))</span></button>\
      <span class="hint">\(t("tutors.compare.hint", count: TutorSearch.mostCompared))</span></div>
      """
    return """
      \(page.head(title(page), lead: t("tutors.lead", zone: page.zoneText())))
      \(wrong)
      <form class="filters" action="\(Doors.tutors())" method="get" id="tutor-search">\(kept)
      <div class="split side-first">
      <aside aria-label="\(t("tutors.filters"))">\(filters(page))</aside>
      <div class="stack">
      \(tools(page))\(chips(page))
      \(map.map { TutorMapView(map: $0, fields: fields).markup(page) })
      <div class="spread found"><div role="status"><h2 class="label">\(found)</h2></div>\(keep(page))\(sorting(page))</div>
      \(list)
      \(page.pages(newer: search.cursor == nil ? nil : Doors.tutors() + "?" + fields.with("after", nil).encoded, older: older))
      </div></div></form>
      """
  }

  /// What the form has no field for and does not let go of.
  private var kept: [HTML] {
    (fields["near"] == nil ? ["view"] : ["near", "town", "view"]).compactMap { name in
      fields[name].map { "<input type=\"hidden\" name=\"\(name)\" value=\"\($0)\">" }
    }
  }

  private func sorting(_ page: PageContext) -> HTML {
    let options: [HTML] = TutorSearch.Order.allCases.map {
      "<option value=\"\($0.rawValue)\"\(flag: "selected", when: $0 == search.order)>\(page.t.sentence("tutors.order.\($0.rawValue)", [:]))</option>"
    }
    return """
      <div class="cluster"><label class="label" for="sort">\(page.t("tutors.sort"))</label>\
      <div class="select"><select class="input" id="sort" name="sort">\(options)</select></div>\
      <button class="button small">\(page.t("tutors.apply"))</button></div>
      """
  }

  /// List or map.
  private func tools(_ page: PageContext) -> HTML {
    let t = page.t
    func view(_ name: String?, _ label: String, _ icon: String) -> HTML {
      let isHere = (map == nil) == (name == nil)
      return """
        <a class="chip\(isHere ? " on" : "")" href="\(Doors.tutors() + "?" + fields.with("view", name).with("after", nil).encoded)"\
        \(attribute: "aria-current", isHere ? "page" : nil)>\(page.icon(icon))\(label)</a>
        """
    }
    return """
      <nav class="chips" aria-label="\(t("tutors.views"))">\(view(nil, t("tutors.asList"), "list"))\(view("map", t("tutors.asMap"), "map-pin"))</nav>
      """
  }

  /// Keeping the search: the same for every reader, for the form that keeps it is a page of its own.
  private func keep(_ page: PageContext) -> HTML {
    let address =
      TutorPaths.savedSearches() + "?" + fields.with("after", nil).with("view", nil).with("new", "1").encoded
    return page.buttonLink(page.t("tutors.saved.do"), to: address, "quiet small", icon: "heart")
  }

  /// What is set, each to be taken away by itself.
  private func chips(_ page: PageContext) -> HTML {
    let t = page.t
    let set = search.chips(fields, subject: subjects[search.subject], currency, page)
    guard !set.isEmpty else { return .none }
    let chips: [HTML] = set.map { chip in
      """
      <a class="chip on" href="\(Doors.tutors() + "?" + (chip.name == "near" ? fields.anywhere : fields.with(chip.name, nil)).with("after", nil).encoded)" \
      aria-label="\(t("tutors.remove", filter: chip.label))">\(chip.label) \(page.icon("x"))</a>
      """
    }
    return "<div class=\"chips\">\(chips)</div>"
  }

  private func filters(_ page: PageContext) -> HTML {
    let t = page.t
    func options(_ list: [(String, String)], chosen: String, any: String) -> HTML {
      let rest: [HTML] = list.map {
        "<option value=\"\($0.0)\"\(flag: "selected", when: $0.0 == chosen)>\($0.1)</option>"
      }
      return "<option value=\"\">\(any)</option>\(rest)"
    }
    func select(_ name: String, _ label: String, _ options: HTML) -> HTML {
      """
      <div class="field"><label class="label" for="f-\(name)">\(label)</label>\
      <div class="select"><select class="input" id="f-\(name)" name="\(name)">\(options)</select></div></div>
      """
    }
    func facet(_ name: String, _ label: String, word: (FacetCount) -> String) -> HTML {
      let rows = facets.filter { $0.facet == name }.prefix(8)
      guard !rows.isEmpty else { return .none }
      let chosen = fields[name] ?? ""
      let items: [HTML] = rows.map { row in
        """
        <label class="check"><input type="radio" name="\(name)" value="\(row.value)"\(flag: "checked", when: row.value == chosen)>\
        <span>\(word(row))</span><span class="facet-count">\(row.count)</span></label>
        """
      }
      let any: HTML = """
        <label class="check"><input type="radio" name="\(name)" value=""\(flag: "checked", when: chosen.isEmpty)><span>\(t("tutors.any"))</span></label>
        """
      return "<fieldset class=\"facet\"><legend>\(label)</legend>\(any)\(items)</fieldset>"
    }
    let subjectOptions: HTML =
      "<option value=\"\">\(t("tutors.anySubject"))</option>\(subjects.options(choosing: search.subject))"
    let weekdayOptions = options(
      TutorSearch.weekdays.map { ($0, t.sentence("tutors.weekday.\($0)", [:])) }, chosen: fields["weekday"] ?? "",
      any: t("tutors.anyDay"))
    let timeOptions = options(
      ["morning", "afternoon", "evening"].map { ($0, t.sentence("tutors.time.\($0)", [:])) },
      chosen: fields["time"] ?? "", any: t("tutors.anyTime"))
    let ratingOptions = options(
      [5, 4, 3].map { (String($0), t("tutors.starsUp", stars: $0)) },
      chosen: search.ratingMin.map { String($0 / 1000) } ?? "", any: t("tutors.any"))
    // How far is a question only once there is somewhere to be far from.
    let radius: HTML? = search.near.map { near in
      let steps: [HTML] = Set(TutorSearch.radii + [near.radius]).sorted().map {
        "<option value=\"\($0)\"\(flag: "selected", when: $0 == near.radius)>\(t("tutors.within", count: $0))</option>"
      }
      return """
        <label class="visually-hidden" for="f-km">\(t("tutors.howFar"))</label>\
        <div class="select"><select class="input" id="f-km" name="km">\(steps)</select></div>
        """
    }
    return """
      <details class="drawer" data-island="drawer"><summary class="button"><span class="when-closed">\(page.icon("filter"))\(t("tutors.filters"))</span><span class="when-open">\(page.icon("x"))\(t("island.close"))</span></summary>
      <div class="drawer-panel"><div class="drawer-head"><h2>\(t("tutors.filters"))</h2></div>
      <div class="field"><label class="label" for="f-q">\(t("tutors.words"))</label><input class="input" id="f-q" type="search" name="q" value="\(search.words)" maxlength="100"></div>
      \(select("subject", t("tutors.subject"), subjectOptions))
      <div class="field" data-island="near" data-refused="\(t("tutors.here.refused"))" data-unknown="\(t("tutors.here.unknown"))" data-asking="\(t("tutors.here.asking"))">\
      <label class="label" for="f-place">\(t("tutors.nearPlace"))</label><p class="hint" id="f-place-hint">\(t("tutors.nearHint"))</p>
      <input class="input" id="f-place" name="place" value="\(fields["place"] ?? "")" maxlength="80" aria-describedby="f-place-hint">
      \(radius)<button class="button small" type="button" data-here hidden>\(page.icon("map-pin"))<span>\(t("tutors.nearMe"))</span></button>
      <p class="hint" role="status" data-said></p></div>
      <label class="check"><input type="checkbox" name="soon" value="1"\(flag: "checked", when: search.freeWithin != nil)><span>\(t("tutors.soon"))</span></label>
      \(select("weekday", t("tutors.day"), weekdayOptions))\(select("time", t("tutors.timeOfDay"), timeOptions))
      <div class="field"><label class="label" for="f-price">\(t("tutors.priceMax", currency: currency.code))</label>\
      <input class="input" id="f-price" name="price_max" inputmode="decimal" value="\(fields["price_max"] ?? "")" maxlength="10"></div>
      <label class="check"><input type="checkbox" name="free_lessons" value="1"\(flag: "checked", when: search.isPaid == false)><span>\(t("tutors.freeLessons"))</span></label>
      \(select("rating_min", t("tutors.rating"), ratingOptions))
      \(facet("language", t("tutors.spoken")) { t.sentence("language.\($0.value)", [:]) })
      \(facet("mode", t("tutors.where")) { t.sentence("tutors.mode.\($0.value)", [:]) })
      \(facet("category", t("tutors.field")) { t.sentence("tutors.category.\($0.value)", [:]) })
      <div class="actions sticky"><button class="button primary">\(t("tutors.show"))</button>\
      <a class="button quiet" href="\(Doors.tutors())">\(t("tutors.clear"))</a></div>
      </div></details>
      """
  }
}

extension TutorSearch {
  /// What is set, as the name of its parameter and as words; `title` is the subject's.
  func chips(_ fields: Fields, subject title: String?, _ currency: Currency, _ page: PageContext) -> [(
    name: String, label: String
  )] {
    let t = page.t
    var set: [(name: String, label: String)] = []
    if !words.isEmpty { set.append(("q", "“\(words)”")) }
    if let title { set.append(("subject", title)) }
    if !category.isEmpty { set.append(("category", t.sentence("tutors.category.\(category)", [:]))) }
    if !language.isEmpty { set.append(("language", t.sentence("language.\(language)", [:]))) }
    if !mode.isEmpty { set.append(("mode", t.sentence("tutors.mode.\(mode)", [:]))) }
    if let rate = rateMax {
      set.append(("price_max", t("tutors.upTo", price: page.money(Money(rate, currency)))))
    }
    if isPaid == false { set.append(("free_lessons", t("tutors.freeLessons"))) }
    if let rating = ratingMin { set.append(("rating_min", t("tutors.starsUp", stars: rating / 1000))) }
    if freeWithin != nil { set.append(("soon", t("tutors.soon"))) }
    if let weekday = fields["weekday"], TutorSearch.weekdays.contains(weekday) {
      set.append(("weekday", t.sentence("tutors.weekday.\(weekday)", [:])))
    }
    if let time = fields["time"], ["morning", "afternoon", "evening"].contains(time) {
      set.append(("time", t.sentence("tutors.time.\(time)", [:])))
    }
    if let near {
      let town = String(fields.text("town").prefix(80))
      let place = town.isEmpty ? fields.text("near").replacing(",", with: ", ") : town
      set.append(("near", t("tutors.near", place: place, count: near.radius)))
    }
    return set
  }
}

/// The subjects as the options of a list: hundreds, and drawn in one piece while they stand.
struct SubjectChoice: Sendable {
  let lines: [SubjectLine]
  private let drawn: HTML
  /// By slug: which line it is, and where its option stands in the drawn ones.
  private let places: [String: (line: Int, bytes: Range<Int>)]

  init(_ lines: [SubjectLine]) {
    self.lines = lines
    let options = lines.map { Self.option($0, isChosen: false) }
    drawn = "\(options)"
    var places: [String: (line: Int, bytes: Range<Int>)] = [:]
    var start = 0
    for (line, option) in options.enumerated() {
      let end = start + option.bytes.count
      if places[lines[line].slug] == nil { places[lines[line].slug] = (line, start..<end) }
      start = end
    }
    self.places = places
  }

  /// The title of a subject.
  subscript(slug: String) -> String? { places[slug].map { lines[$0.line].title } }

  /// All that is drawn, with the chosen one drawn anew in its place.
  func options(choosing slug: String) -> HTML {
    guard let place = places[slug] else { return drawn }
    var bytes = drawn.bytes
    bytes.replaceSubrange(place.bytes, with: Self.option(lines[place.line], isChosen: true).bytes)
    return HTML(trusted: bytes)
  }

  /// Bytes, about.
  var weight: Int { 100 + lines.count * 400 }

  private static func option(_ line: SubjectLine, isChosen: Bool) -> HTML {
    "<option value=\"\(line.slug)\"\(flag: "selected", when: isChosen)>\(line.title)</option>"
  }
}

/// One tutor in a list.
struct TutorCardView {
  let tutor: TutorCard
  /// Whether it stands in a form in which tutors are chosen to be compared.
  var isComparable = false

  func markup(_ page: PageContext) -> HTML {
    let t = page.t
    let address = Doors.tutor(tutor.slug)
    let languages = page.listText(tutor.languages.map { t.sentence("language.\($0)", [:]) })
    let tags: [HTML] = tutor.subjects.prefix(4).map { "<span class=\"chip\">\($0)</span> " }
    let free: HTML? = tutor.nextFree.map {
      "<p class=\"tutor-next\">\(page.icon("clock"))\(t("tutors.nextFree")) \(page.soon($0))</p>"
    }
    let away = tutor.kilometres.map { t("tutors.away", count: TutorSearch.rounded(kilometres: $0)) }
    let whereabouts = [tutor.city, away].compactMap { $0 }.joined(separator: " · ")
    let place: HTML? = whereabouts.isEmpty ? nil : "<span>\(page.icon("map-pin"))\(whereabouts)</span>"
    let held: HTML? =
      tutor.lessonsHeld > 0
      ? "<span>\(page.icon("book"))\(t("tutors.lessonsHeld", count: tutor.lessonsHeld))</span>" : nil
    let choice: HTML? =
      isComparable
      ? """
      <label class="check compare-choice"><input type="checkbox" name="t" value="\(tutor.slug)" aria-label="\(t("tutors.compare.choose", name: tutor.name))">\
      <span>\(t("tutors.compare.one"))</span></label>
      """ : nil
    return """
      <article class="tutor-card">\(page.avatar(tutor.name, of: tutor.id, photo: tutor.photo, size: "large"))
      <div class="tutor-main"><h3><a href="\(address)">\(tutor.name)</a> <span class="verified">\(page.icon("shield-check"))\(t("tutors.verifiedMark"))</span></h3>
      <p class="tutor-headline">\(tutor.headline)</p>
      <p class="tutor-meta">\(page.rating(thousandths: tutor.rating, count: tutor.ratingCount))<span>\(page.icon("globe"))\(languages)</span>\(held)\(place)</p>
      <p class="tutor-tags">\(tags)</p></div>
      <div class="tutor-side">\(page.price(Money(tutor.rate, tutor.currency), perHour: true))\(free)
      <a class="button primary" href="\(Doors.book(tutor.slug))" aria-label="\(t("tutors.seeTimesOf", name: tutor.name))">\(t("tutors.seeTimes"))</a>\(choice)</div></article>
      """
  }
}
