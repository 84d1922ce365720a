import Core
import HTML
import QR
import Site
import Time

/// Every component, with the words of the catalogues, so that it is seen in the languages people read. What is said to
/// builders is English.
struct GalleryPage: View {
  let dress: Dress
  let icons: [String]
  let colours: [String]
  /// What the features hang beside the components: views of theirs with made-up contents.
  let hung: [@Sendable (PageContext) -> [Specimen]]

  var sheets: [String] { ["gallery", "room"] }

  func title(_ page: PageContext) -> String { "Gallery" }

  func body(_ page: PageContext) -> HTML {
    let shown = parts.filter { dress.part.isEmpty || $0.name == dress.part }
    let hung = hung.flatMap { $0(page) }
    let sections: [HTML] = shown.map { part in
      let all = part.specimens(page) + hung.filter { $0.part == part.part }
      let specimens: [HTML] = all.map { specimen in
        """
        <div class="specimen"><p class="eyebrow" lang="en" dir="ltr">\(specimen.name)</p>\(specimen.markup)</div>
        """
      }
      return """
        <section class="section" aria-labelledby="part-\(part.name)"><h2 id="part-\(part.name)" lang="en" dir="ltr">\(part.title)</h2>\(specimens)</section>
        """
    }
    return """
      <div lang="en" dir="ltr">\(page.head("Gallery", lead: "Every component in every dress. Sentences are the catalogues' own."))\(choices(page))</div>
      <div class="gallery">\(sections)</div>
      """
  }

  private func choices(_ page: PageContext) -> HTML {
    func link(_ label: String, _ isOn: Bool, _ change: (inout Dress) -> Void) -> HTML {
      "<a class=\"chip\" href=\"\(dress.address(change))\"\(attribute: "aria-current", isOn ? "true" : nil)>\(label)</a> "
    }
    let themes: [HTML] = [nil, "light", "dark"].map { theme in
      link(theme ?? "as the system", dress.theme == theme) { $0.theme = theme }
    }
    let languages: [HTML] = (Language.allCases + Language.madeUp).map { language in
      link(language.rawValue, page.language == language) { $0.language = language }
    }
    let sizes: HTML =
      link("200 %", dress.isLarge) { $0.isLarge.toggle() } + link("320 px", dress.isNarrow) { $0.isNarrow.toggle() }
    let names: [HTML] =
      [link("all", dress.part.isEmpty) { $0.part = "" }]
      + parts.map { part in link(part.title, dress.part == part.name) { $0.part = part.name } }
    let sentences: HTML = "<a class=\"chip\" href=\"\(GalleryFeature.sentences())\">Sentences</a>"
    return """
      <nav class="stack tight" aria-label="Dresses"><div class="chips">\(themes)\(languages)\(sizes)\(sentences)</div><div class="chips">\(names)</div></nav>
      """
  }
}

struct Part {
  let part: Specimen.Part
  let title: String
  let specimens: (PageContext) -> [Specimen]

  var name: String { part.rawValue }
}

extension GalleryPage {
  var parts: [Part] {
    [
      Part(part: .colours, title: "Colours", specimens: colourSheet),
      Part(part: .type, title: "Type", specimens: typeScale),
      Part(part: .icons, title: "Icons", specimens: iconSheet),
      Part(part: .buttons, title: "Buttons", specimens: buttons),
      Part(part: .fields, title: "Fields", specimens: fields),
      Part(part: .labels, title: "Chips, badges, states", specimens: labels),
      Part(part: .people, title: "People", specimens: people),
      Part(part: .messages, title: "Messages", specimens: messages),
      Part(part: .ways, title: "Ways through", specimens: ways),
      Part(part: .cards, title: "Cards and lists", specimens: cards),
      Part(part: .tables, title: "Tables and charts", specimens: tables),
      Part(part: .times, title: "Times", specimens: times),
      Part(part: .money, title: "Money", specimens: money),
      Part(part: .room, title: "The room", specimens: { _ in [] }),
      Part(part: .waiting, title: "Nothing, not yet, under way", specimens: waiting),
    ]
  }

  private func colourSheet(_ page: PageContext) -> [Specimen] {
    let swatches: [HTML] = colours.map {
      """
      <li><svg viewBox="0 0 10 4" preserveAspectRatio="none" aria-hidden="true"><rect width="10" height="4" fill="\("var(--\($0))")"></rect></svg><code>\($0)</code></li>
      """
    }
    return [Specimen(.colours, "Assets/css/20-tokens.css", "<ul class=\"swatches\">\(swatches)</ul>")]
  }

  private func typeScale(_ page: PageContext) -> [Specimen] {
    let words = page.t("home.title")
    let steps: [HTML] = ["scale-5", "scale-4", "scale-3", "scale-2", "scale-1", "", "small", "scale-tiny"].map {
      "<p class=\"\($0)\">\(words)</p>"
    }
    return [
      Specimen(.type, "--text-5 … --text-tiny", "\(steps)"),
      Specimen(
        .type,
        "lead muted small strong eyebrow",
        """
        <p class="eyebrow">\(page.t("home.eyebrow"))</p><p class="lead">\(page.t("home.lead"))</p><p class="muted">\(page.t("home.lead"))</p><p class="strong numeric">0123456789</p>
        """),
      Specimen(
        .type,
        "prose",
        "<div class=\"prose\" dir=\"auto\">\(Markdown.render("**\(words)**\n\n- \(page.t("home.step1"))\n- \(page.t("home.step2"))\n\n> \(page.t("home.lead"))"))</div>"
      ),
    ]
  }

  private func iconSheet(_ page: PageContext) -> [Specimen] {
    let small: [HTML] = icons.filter { !$0.hasPrefix("art-") }.map {
      "<li>\(page.icon($0))<span lang=\"en\" dir=\"ltr\">\($0)</span></li>"
    }
    let large: [HTML] = icons.filter { $0.hasPrefix("art-") }.map {
      "<li>\(page.art(String($0.dropFirst(4))))<span lang=\"en\" dir=\"ltr\">\($0)</span></li>"
    }
    return [
      Specimen(.icons, "page.icon(name)", "<ul class=\"icon-sheet\">\(small)</ul>"),
      Specimen(.icons, "page.art(name)", "<ul class=\"icon-sheet\">\(large)</ul>"),
    ]
  }

  private func buttons(_ page: PageContext) -> [Specimen] {
    let t = page.t
    func button(_ classes: String, _ label: String, _ rest: HTML = .none) -> HTML {
      "<button type=\"button\" class=\"button \(classes)\"\(rest)><span>\(label)</span></button> "
    }
    return [
      Specimen(
        .buttons,
        "button primary · accent · (plain) · quiet · danger · danger primary",
        """
        <div class="actions">\(button("primary", t("site.join")))\(button("accent", t("home.enterRoom")))\(button("", t("site.change")))\
        \(button("quiet", t("site.signIn")))\(button("danger", t("admin.suspend")))\(button("danger primary", t("admin.suspend")))</div>
        """),
      Specimen(
        .buttons,
        "button small · large · link · icon-only",
        """
        <div class="actions">\(button("small", t("site.change")))\(button("large", t("site.findTutor")))\(button("link", t("site.change")))\
        <button type="button" class="button icon-only" aria-label="\(t("island.close"))">\(page.icon("x"))</button>\
        \(page.buttonLink(t("home.seeAll"), to: Doors.tutors(), icon: "arrow-right"))</div>
        """),
      Specimen(
        .buttons,
        "disabled · aria-busy",
        """
        <div class="actions">\(button("primary", t("site.join"), " disabled"))\(button("", t("site.change"), " disabled"))\(button("primary", t("island.saving"), " aria-busy=\"true\""))</div>
        """),
      Specimen(.buttons, "button wide", button("wide primary", t("site.findTutor"))),
      Specimen(
        .buttons,
        "link more",
        "<p><a class=\"link more\" href=\"\(Doors.tutors())\">\(t("home.seeAll"))\(page.icon("arrow-right"))</a></p>"),
    ]
  }

  private func fields(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let label = t("accounts.fullName")
    let options = Language.allCases.map { Field.Option($0.rawValue, $0.ownName) }
    return [
      Specimen(
        .fields,
        "page.field: plain, with a hint, optional, refused",
        """
        <div class="form">\(page.field(Field("g-plain", label, value: "Amal Haddad")))\
        \(page.field(Field("g-hint", t("accounts.email"), .email, hint: t("site.searchHint"), isRequired: false)))\
        \(page.field(Field("g-wrong", label, value: "?", error: t("island.field-wrong"))))</div>
        """),
      Specimen(
        .fields,
        "disabled, readonly",
        """
        <div class="field-row"><div class="field"><label class="label" for="g-off">\(label)</label><input class="input" id="g-off" value="Amal Haddad" disabled></div>\
        <div class="field"><label class="label" for="g-kept">\(t("accounts.email"))</label><input class="input" id="g-kept" value="amal@example.org" readonly></div></div>
        """),
      Specimen(
        .fields, "Field.Kind.newPassword", page.field(Field("g-password", t("accounts.password"), .newPassword))),
      Specimen(
        .fields,
        "area, select, number, date",
        """
        <div class="form">\(page.field(Field("g-area", t("tutors.about"), .area(rows: 3), value: t("home.lead"), longest: 500)))\
        <div class="field-row">\(page.field(Field("g-select", t("site.language"), .select(options), value: page.language.rawValue)))\
        \(page.field(Field("g-number", t("home.hours"), .number, value: "3", range: 1...9)))\(page.field(Field("g-date", t("home.upcoming"), .date)))</div></div>
        """),
      Specimen(
        .fields,
        "combobox (island over a datalist)",
        """
        <div class="field"><label class="label" for="g-combo">\(t("site.search"))</label><div class="combobox" data-island="combobox"><input class="input" type="text" id="g-combo" list="g-combos">\
        <datalist id="g-combos">\(Language.allCases.map { language -> HTML in "<option value=\"\(t.sentence("language.\(language.rawValue)", [:]))\"></option>" })</datalist></div></div>
        """),
      Specimen(
        .fields,
        "hours-range: times by keyboard",
        """
        <div class="hours-range"><input class="input" type="time" step="300" value="09:00" aria-label="\(t("scheduling.from", day: page.weekdayText(page.zone.local(page.now).date)))"><span aria-hidden="true">–</span>\
        <input class="input" type="time" step="300" value="12:30" aria-label="\(t("scheduling.until", day: page.weekdayText(page.zone.local(page.now).date)))"></div>
        """),
      Specimen(
        .fields,
        "input-group",
        """
        <div class="field"><label class="label" for="g-price">\(t("home.earned"))</label><div class="input-group"><span class="affix">$</span><input class="input" id="g-price" value="24"><span class="affix">\(t("site.perHour"))</span></div></div>
        """),
      Specimen(
        .fields,
        "check, radio, toggle",
        """
        <div><label class="check"><input type="checkbox" checked><span>\(t("home.step1"))<small>\(t("home.step1Words"))</small></span></label>\
        <label class="check"><input type="checkbox"><span>\(t("home.step2"))</span></label>\
        <label class="check"><input type="radio" name="g-radio" checked><span>\(t("home.step1"))</span></label>\
        <label class="check"><input type="radio" name="g-radio"><span>\(t("home.step2"))</span></label>\
        <label class="toggle"><input type="checkbox" role="switch" checked><span>\(t("home.step3"))</span></label></div>
        """),
      Specimen(
        .fields,
        "choices cards",
        """
        <fieldset class="fieldset"><legend class="label">\(t("home.how"))</legend><div class="choices cards">\
        <label class="choice"><input type="radio" name="g-choice" checked><span class="choice-body"><strong>\(t("home.step1"))</strong><span>\(t("home.step1Words"))</span></span></label>\
        <label class="choice"><input type="radio" name="g-choice"><span class="choice-body"><strong>\(t("home.step2"))</strong><span>\(t("home.step2Words"))</span></span></label></div></fieldset>
        """),
      Specimen(
        .fields,
        "star-input",
        """
        <fieldset class="star-input"><legend class="label">\(t("reviews.title"))</legend><div>\((1...5).map { star($0, t) })</div></fieldset>
        """),
      Specimen(
        .fields,
        "file-drop",
        """
        <div class="file-drop" data-island="file-drop"><input type="file" id="g-file"><label for="g-file">\(page.icon("upload"))<strong>\(t("tutors.credentials"))</strong><span>PDF</span></label><ul class="file-list" hidden></ul></div>
        """),
      Specimen(
        .fields,
        "page.formErrors",
        page.formErrors([("g-wrong", t("island.field-wrong")), ("g-plain", t("island.field-missing"))])),
    ]
  }

  private func star(_ number: Int, _ t: Wording) -> HTML {
    """
    <input type="radio" name="g-stars" value="\(number)" id="g-star-\(number)"\(flag: "checked", when: number == 4)><label for="g-star-\(number)"><span class="visually-hidden">\(t("site.stars", rating: number))</span></label>
    """
  }

  private func labels(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let states: [HTML] = [
      "held", "awaiting_payment", "requested", "confirmed", "in_progress", "completed", "expired", "declined",
      "cancelled",
      "no_show_learner", "disputed", "draft", "verified", "pending", "paid", "refunded", "failed", "queued", "sent",
    ].map { page.status($0) + " " }
    let tones: [HTML] = ["info", "success", "warning", "danger", "accent"].map {
      "<span class=\"badge \($0)\">\(t("status.pending"))</span> "
    }
    return [
      Specimen(
        .labels,
        "chip · chip on · a.chip · label.chip",
        """
        <div class="chips"><span class="chip">\(t("language.ar"))</span> <a class="chip on" href="\(Doors.tutors())">\(t("language.en")) \(page.icon("x", "small"))</a> \
        <a class="chip" href="\(Doors.tutors())">\(t("language.es"))</a> <label class="chip"><input type="checkbox" checked><span>\(t("language.ur"))</span></label></div>
        """),
      Specimen(.labels, "page.status(state)", "<div class=\"cluster\">\(states)</div>"),
      Specimen(
        .labels, "badge info … accent · count", "<div class=\"cluster\">\(tones)<span class=\"count\">3</span></div>"),
    ]
  }

  private var someone: ID<User> { ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0003) }

  private func named(_ page: PageContext) -> String {
    page.language == .arabic || page.language == .urdu ? "أمل حداد" : "Amal Haddad"
  }

  private func people(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let avatars: [HTML] = (0..<8).map {
      page.avatar(named(page), of: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | UInt64($0))) + " "
    }
    return [
      Specimen(
        .people,
        "page.avatar: small, (plain), large, huge; hue-0 … hue-7",
        """
        <div class="cluster">\(["small", "", "large", "huge"].map { page.avatar(named(page), of: someone, size: $0) })</div><div class="cluster">\(avatars)\
        <span class="avatar-box">\(page.avatar(named(page), of: someone))<span class="presence on"></span></span></div>
        """),
      Specimen(
        .people,
        "page.rating, page.stars, verified",
        """
        <div class="cluster">\(page.rating(thousandths: 4600, count: 31)) \(page.rating(thousandths: 0, count: 0)) <span class="verified">\(page.icon("shield-check"))\(t("status.verified"))</span></div>
        """),
      Specimen(
        .people,
        "tutor-card in tutor-list",
        """
        <div class="tutor-list"><article class="tutor-card">\(page.avatar(named(page), of: someone, size: "large"))<div class="tutor-main"><h3><a href="\(Doors.tutors())">\(named(page))</a> \
        <span class="verified">\(page.icon("shield-check"))\(t("status.verified"))</span></h3><p class="tutor-headline">\(t("home.lead"))</p>\
        <p class="tutor-meta">\(page.rating(thousandths: 4800, count: 12))<span>\(page.icon("globe"))\(page.listText([t("language.ar"), t("language.en")]))</span></p>\
        <p class="tutor-tags"><span class="chip">\(t("home.step1"))</span></p></div>\
        <div class="tutor-side">\(page.price(Money(2400, .usd), perHour: true))<p class="tutor-next">\(page.icon("clock"))\(page.soon(page.now + .hours(5)))</p>\
        <a class="button primary" href="\(Doors.tutors())">\(t("tutors.seeTimes"))</a></div></article></div>
        """),
      Specimen(
        .people,
        "review",
        """
        <article class="review"><div class="review-head">\(page.avatar(named(page), of: someone, size: "small"))<strong>\(named(page))</strong>\(page.stars(thousandths: 5000))</div><p>\(t("home.closingWords"))</p></article>
        """),
    ]
  }

  private func messages(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let banners: [HTML] = [Tone.info, .success, .warning, .danger, .accent].map {
      page.banner($0, t("problem.503.title"), HTML(t("problem.503.words")))
    }
    return [
      Specimen(.messages, "page.banner(tone, title, words)", "<div class=\"stack\">\(banners)</div>"),
      Specimen(
        .messages,
        "banner with actions",
        page.banner(
          .accent, t("home.requests", count: 2),
          actions: page.buttonLink(t("admin.look"), to: Doors.bookings(), "primary"))),
      Specimen(
        .messages,
        "toast",
        """
        <div class="stack tight"><div class="toast">\(page.icon("check"))<p>\(t("island.copied"))</p><button type="button">\(t("island.undo"))</button></div>\
        <div class="toast danger">\(page.icon("alert"))<p>\(t("island.offline"))</p><button type="button">\(t("island.dismiss"))</button></div></div>
        """),
      Specimen(
        .messages,
        "dialog",
        """
        <dialog class="dialog" open aria-labelledby="g-dialog"><div class="dialog-head"><h3 id="g-dialog">\(t("admin.suspend"))</h3><button type="button" class="button quiet icon-only" aria-label="\(t("island.close"))">\(page.icon("x"))</button></div>\
        <div class="dialog-body"><p>\(t("admin.suspendAsk", name: named(page)))</p></div><div class="dialog-foot actions end"><button type="button" class="button quiet">\(t("island.cancel"))</button>\
        <button type="button" class="button danger primary">\(t("admin.suspend"))</button></div></dialog>
        """),
      Specimen(
        .messages,
        "notices",
        """
        <div class="notices"><article class="notice unread"><span class="notice-icon">\(page.icon("calendar"))</span><div class="notice-body"><p><a href="\(Doors.notifications())">\(t("home.beingVerified"))</a></p><p class="muted small">\(page.ago(page.now - .hours(2)))</p></div></article>\
        <article class="notice"><span class="notice-icon">\(page.icon("star"))</span><div class="notice-body"><p><a href="\(Doors.notifications())">\(t("home.toReview"))</a></p><p class="muted small">\(page.ago(page.now - .days(2)))</p></div></article></div>
        """),
    ]
  }

  private func ways(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let address = Doors.gallery()
    return [
      Specimen(
        .ways,
        "tabs",
        """
        <nav class="tabs" aria-label="\(t("home.upcoming"))"><a href="\(address)" aria-current="page">\(t("home.upcoming")) <span class="count">2</span></a><a href="\(address)">\(t("home.toReview"))</a><a href="\(address)">\(t("home.saved"))</a></nav>
        """),
      Specimen(
        .ways,
        "stepper",
        """
        <ol class="stepper"><li class="done"><a href="\(address)">\(t("home.step1"))</a></li><li aria-current="step"><span>\(t("home.step2"))</span></li><li><span>\(t("home.step3"))</span></li></ol>
        """),
      Specimen(.ways, "page.pages", page.pages(newer: address, older: address, note: "21–40")),
      Specimen(
        .ways,
        "menu",
        """
        <details class="menu" open><summary class="menu-button">\(page.avatar(named(page), of: someone, size: "small"))<span>\(t("site.accountMenu"))</span>\(page.icon("chevron-down"))</summary><div class="menu-panel"><p class="menu-head"><strong>\(named(page))</strong><span>amal</span></p>\
        <a class="menu-item" href="\(Doors.account())">\(page.icon("user"))\(t("site.account"))</a><a class="menu-item" href="\(Doors.wallet())">\(page.icon("wallet"))\(t("site.wallet"))</a><hr>\
        <button type="button" class="menu-item">\(page.icon("log-out"))\(t("site.signOut"))</button></div></details>
        """),
      Specimen(
        .ways,
        "drawer",
        """
        <details class="drawer" data-island="drawer"><summary class="button"><span class="when-closed">\(page.icon("filter"))\(t("tutors.filters"))</span><span class="when-open">\(page.icon("x"))\(t("island.close"))</span></summary><div class="drawer-panel"><div class="drawer-head"><h3>\(t("tutors.filters"))</h3></div>\
        <label class="check"><input type="checkbox"><span>\(t("tutors.soon"))</span></label></div></details>
        """),
      Specimen(
        .ways,
        "side-nav",
        """
        <nav class="side-nav" aria-label="\(t("site.account"))"><a href="\(address)" aria-current="page">\(page.icon("user"))\(t("site.account"))</a><a href="\(address)">\(page.icon("wallet"))\(t("site.wallet"))</a></nav>
        """),
      Specimen(
        .ways,
        "disclosure",
        "<details class=\"disclosure\" open><summary>\(t("home.how"))</summary><p>\(t("home.step1Words"))</p></details>"
      ),
      Specimen(
        .ways,
        "QRCode.svg",
        QRCode("https://example.org/tutors/amal")?.svg(label: "https://example.org/tutors/amal") ?? .none),
      Specimen(
        .ways,
        "copy",
        "<div class=\"copy\" data-island=\"copy\"><code>https://example.org/tutors/amal</code><button class=\"button small\" type=\"button\">\(t("island.copied"))</button></div>"
      ),
    ]
  }

  private func cards(_ page: PageContext) -> [Specimen] {
    let t = page.t
    func card(_ classes: String) -> HTML {
      "<section class=\"card \(classes)\"><header class=\"card-head\"><h3>\(t("home.step1"))</h3></header><p>\(t("home.step1Words"))</p></section>"
    }
    let rows: [HTML] = [t("home.step1"), t("home.step2")].map {
      """
      <li class="list-row">\(page.avatar(named(page), of: someone))<div class="list-main"><a href="\(Doors.bookings())">\($0)</a><p class="muted small">\(page.moment(page.now))</p></div><div class="list-end">\(page.status("confirmed"))</div></li>
      """
    }
    return [
      Specimen(
        .cards, "card · quiet · sunken", "<div class=\"grid\">\(card(""))\(card("quiet"))\(card("sunken"))</div>"),
      Specimen(.cards, "list, list-row", "<ul class=\"list\">\(rows)</ul>"),
      Specimen(
        .cards,
        "facts · facts rows",
        """
        <dl class="facts"><div><dt>\(t("tutors.spoken"))</dt><dd>\(t("language.ar"))</dd></div><div><dt>\(t("home.hours"))</dt><dd>12</dd></div></dl>\
        <dl class="facts rows"><div><dt>\(t("tutors.spoken"))</dt><dd>\(t("language.ar"))</dd></div><div><dt>\(t("home.hours"))</dt><dd>12</dd></div></dl>
        """),
      Specimen(
        .cards,
        "stats",
        """
        <div class="stats"><div class="stat"><p class="stat-label">\(t("home.earned"))</p><p class="stat-value">\(page.money(Money(41_200, .usd)))</p><p class="stat-note up">\(t("home.inThirtyDays", count: 9))</p></div>\
        <div class="stat"><p class="stat-label">\(t("home.hours"))</p><p class="stat-value">12</p></div></div>
        """),
      Specimen(
        .cards,
        "timeline",
        """
        <ol class="timeline"><li class="done"><time datetime="\(page.now.rfc3339)">\(page.momentText(page.now))</time><p>\(t("status.held"))</p></li><li><p>\(t("status.confirmed"))</p></li></ol>
        """),
      Specimen(
        .cards,
        "checks",
        """
        <ol class="checks"><li class="ok">\(page.icon("shield-check"))<div><strong>\(t("home.promise1"))</strong><p>\(t("home.promise1Words"))</p></div></li><li class="bad">\(page.icon("alert"))<div><strong>\(t("home.promise2"))</strong><p>\(t("home.promise2Words"))</p></div></li></ol>
        """),
    ]
  }

  private func tables(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let (who, amount, state) = (t("accounts.fullName"), t("home.earned"), t("status.pending"))
    let rows: [HTML] = (1...3).map {
      """
      <tr><th scope="row" data-label="\(who)">\(named(page))</th><td class="numeric" data-label="\(amount)">\(page.money(Money(2400 * $0, .usd)))</td><td data-label="\(state)">\(page.status("paid"))</td></tr>
      """
    }
    let today = page.zone.local(page.now).date
    let days = (0..<7).map { today - (6 - $0) }
    let places = days.map { Chart.Place(short: page.weekdayText($0), long: page.longDayText($0)) }
    let bars = Chart(
      t("home.hours"), .bars, over: t("scheduling.day"), places,
      [.init(t("status.completed"), [2, 3, 0, 4, 1, 5, 2]), .init(t("status.cancelled"), [0, 1, 0, 0, 1, 0, 0])]
    ) { "\($0)" }
    let line = Chart(
      t("home.earned"), .line, over: t("scheduling.day"), places,
      [.init(t("home.earned"), [1200, 2400, nil, 3600, 2400, 4800, 6000])]
    ) { page.money(Money($0, .usd)) }
    let none = Chart(t("home.earned"), .bars, over: t("scheduling.day"), [], []) { "\($0)" }
    return [
      Specimen(
        .tables,
        "table in table-box",
        """
        <div class="table-box"><table class="table"><caption>\(t("site.wallet"))</caption><thead><tr><th scope="col" aria-sort="ascending"><a href="\(Doors.gallery())">\(who)</a></th><th scope="col" class="numeric">\(amount)</th><th scope="col">\(state)</th></tr></thead><tbody>\(rows)</tbody></table></div>
        """),
      Specimen(.tables, "page.chart: bars, of two series", page.chart(bars)),
      Specimen(.tables, "page.chart: a line, with a hole", page.chart(line)),
      Specimen(.tables, "page.chart of nothing", page.chart(none)),
    ]
  }

  private func times(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let day = page.zone.local(page.now).date
    let hours: [HTML] = (0..<4).map { hour in
      let at = page.now + .hours(hour)
      let isTaken = hour == 2
      return isTaken
        ? "<span class=\"slot taken\">\(page.timeText(at))</span>"
        : "<label class=\"slot\"><input type=\"radio\" name=\"g-slot\"\(flag: "checked", when: hour == 1)><span>\(page.timeText(at))</span></label>"
    }
    let days: [HTML] = (0..<5).map { (ahead: Int) -> HTML in
      let date = day + ahead
      return
        "<li class=\"slots-day\"><h3><span>\(page.weekdayText(date))</span> \(page.shortDateText(date))</h3><div class=\"slots-times\"><div>\(ahead == 0 ? hours : [])</div></div></li>"
    }

    return [
      Specimen(
        .times,
        "page.bothZones, page.soon, page.ago",
        """
        \(page.bothZones(page.now, other: Zone("America/New_York") ?? .utc, name: named(page)))<p>\(page.soon(page.now + .hours(30))) · \(page.ago(page.now - .hours(3)))</p>
        """),
      Specimen(
        .times,
        "countdown",
        """
        <p><span class="countdown" data-island="countdown" data-until="\((page.now + .minutes(14)).rfc3339)"><span class="visually-hidden">\(t("home.beginsIn"))</span><span class="countdown-clock">\(page.timeText(page.now + .minutes(14)))</span></span></p>
        """),
      Specimen(
        .times,
        "next-lesson",
        """
        <article class="next-lesson"><div><p class="eyebrow">\(t("home.nextLesson"))</p><h3>\(t("home.lessonWith", subject: t("home.step1"), name: named(page)))</h3><p class="muted">\(page.momentWithZoneText(page.now + .hours(3)))</p></div>\
        <div class="next-lesson-side">\(page.status("confirmed"))<a class="button accent large" href="\(Doors.bookings())">\(t("home.enterRoom"))</a></div></article>
        """),
      Specimen(.times, "slots", "<div class=\"slots\"><ol class=\"slots-days\" tabindex=\"0\">\(days)</ol></div>"),
      Specimen(
        .times,
        "agenda",
        """
        <ol class="agenda"><li class="agenda-day"><h3><span class="agenda-date">\(day.day)</span><span>\(page.longDayText(day))</span></h3><ol><li class="agenda-item"><time datetime="\(page.now.rfc3339)"><strong>\(page.timeText(page.now))</strong><span>\(page.durationText(minutes: 60))</span></time>\(page.avatar(named(page), of: someone))<div class="agenda-main"><a href="\(Doors.bookings())">\(t("home.lessonWith", subject: t("home.step1"), name: named(page)))</a></div>\(page.status("confirmed"))</li></ol></li></ol>
        """),
    ]
  }

  private func money(_ page: PageContext) -> [Specimen] {
    let t = page.t
    return [
      Specimen(
        .money,
        "page.price",
        "<div class=\"cluster\">\(page.price(Money(2400, .usd), perHour: true)) \(page.price(Money(2450, .eur))) \(page.price(.zero(.usd)))</div>"
      ),
      Specimen(
        .money,
        "order-lines",
        """
        <section class="card order"><h3>\(t("site.wallet"))</h3><dl class="order-lines"><div><dt>\(t("home.step1"))</dt><dd>\(page.money(Money(2400, .usd)))</dd></div><div class="minus"><dt>\(t("status.refunded"))</dt><dd>\(page.money(Money(-400, .usd)))</dd></div><div class="total"><dt>\(t("status.paid"))</dt><dd>\(page.money(Money(2000, .usd)))</dd></div></dl></section>
        """),
      Specimen(
        .money,
        "policy",
        "<ul class=\"policy\"><li>\(page.icon("check"))<span>\(t("home.promise3Words"))</span></li><li>\(page.icon("info"))<span>\(t("home.promise2Words"))</span></li></ul>"
      ),
    ]
  }

  private func waiting(_ page: PageContext) -> [Specimen] {
    let t = page.t
    return [
      Specimen(
        .waiting,
        "page.empty(art, title, words, action:)",
        page.empty(
          "calendar", t("home.noLessons"), t("home.noLessonsWords"),
          action: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary"))),
      Specimen(
        .waiting,
        "skeleton lines · block · card",
        """
        <div class="grid" aria-hidden="true"><div class="skeleton lines"></div><div class="skeleton block"></div><div class="skeleton card"></div></div>
        """),
      Specimen(
        .waiting,
        "progress",
        """
        <label class="progress"><span>\(t("island.saving"))</span><progress max="100" value="40"></progress><span class="numeric">40 %</span></label>
        """),
    ]
  }
}
