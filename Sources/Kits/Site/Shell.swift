import Core
import HTML
import JSON
import Time
import Web

/// The frame round every page: head, navigation, content, footer. Its addresses are doors; what a place holds is not
/// its business.
struct Shell {
  let view: any View
  let page: PageContext
  let sheet: Sheet

  private var t: Wording { page.t }

  var markup: HTML {
    let title = view.title(page)
    let body = view.body(page)
    return """
      <!doctype html>
      <html lang="\(t.language.rawValue)" dir="\(t.language.isRightToLeft ? "rtl" : "ltr")"\(attribute: "class", page.clothes)\(attribute: "data-theme", page.theme) data-zone="\(page.zone.identifier)">
      <head>
      <meta charset="utf-8">
      <title>\(title == page.site.name ? title : "\(title) · \(page.site.name)")</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="csrf-token" content="\(page.csrf)">
      <meta name="theme-color" content="#fcf9f3" media="(prefers-color-scheme: light)">
      <meta name="theme-color" content="#12151a" media="(prefers-color-scheme: dark)">
      <link rel="icon" href="\(page.asset("icon.svg"))" type="image/svg+xml">
      <link rel="apple-touch-icon" href="\(page.asset("app/icon-192.png"))">
      <link rel="manifest" href="\(Doors.manifest())">
      \(page.bringsSheet ? sheet.element : sheet.link)\(view.sheets.map { Sheet.link(page.asset("css/\($0)/app.css")) })
      <script async type="module" src="\(page.asset("islands/boot.js"))"></script>
      \(isFramed ? page.site.frameModules(isMember: page.viewer != nil) : nil)
      </head>
      <body class="page\(isRoom ? " room-page" : "")" data-island="webapp"\(attribute: "data-user", page.viewer?.user.description)>
      <a class="skip-link" href="#main">\(t("site.skip"))</a>
      \(isFramed ? header : nil)
      \(isFramed ? page.troubles() : nil)
      <main id="main" class="\(mainClass)" tabindex="-1">
      \(body)
      </main>
      \(isFramed ? footer : nil)
      <div class="toasts" id="toasts" role="status" aria-live="polite"></div>
      \(page.site.islandWords[t.language])
      </body>
      </html>
      """
  }

  /// The modules of the islands that stand in every frame and those they import, for a visitor and, with the others,
  /// for who is signed in.
  static let frameModules = ["zone", "webapp", "drafts", "theme", "words"]
  static let memberModules = ["bell", "socket", "toast", "menu"]

  /// Links that fetch these at once: a phone would otherwise learn of each only from the one before, four answers deep.
  /// At low priority: what is painted goes first.
  static func modules(isMember: Bool, of assets: Assets) -> HTML {
    let links: [HTML] = (frameModules + (isMember ? memberModules : [])).map {
      "<link rel=\"modulepreload\" href=\"\(assets.address("islands/\($0).js"))\" fetchpriority=\"low\">"
    }
    return "\(links)"
  }

  private var isRoom: Bool { if case .room = view.layout { true } else { false } }

  private var isFramed: Bool {
    switch view.layout {
    case .room, .bare: false
    case .standard, .narrow, .slim, .full: true
    }
  }

  private var mainClass: String {
    switch view.layout {
    case .standard: "main"
    case .narrow, .bare: "main narrow"
    case .slim: "main slim"
    case .full, .room: "main full"
    }
  }

  /// The sentences islands say, in the reader's language. A data block, not a script: nothing in it runs.
  static func words(_ t: Wording) -> HTML {
    // The places of a sentence stay places: the island fills them.
    let places: [String: any MessageValue] = ["count": "{count}", "name": "{name}", "size": "{size}"]
    let json = JSONWriter.text { writer in
      writer.object { w in
        for key in islandWords { w.field(named: key, t.sentence("island." + key, places)) }
      }
    }
    // `<` cannot close the block early; by bytes, for a `<` with an accent is one character.
    let bytes = json.utf8.flatMap { $0 == UInt8(ascii: "<") ? Array("\\u003c".utf8) : [$0] }
    return "<script type=\"application/json\" id=\"words\">" + HTML(trusted: bytes) + "</script>"
  }

  static let islandWords = [
    "dismiss", "undo", "close", "cancel", "confirm", "show-password", "hide-password", "strength-weak", "strength-fair",
    "strength-good", "strength-strong", "saving", "reconnecting", "connected", "offline", "theme-auto", "theme-light",
    "theme-dark", "theme", "copied", "characters-left", "draft-restored", "draft-discard", "field-missing",
    "field-wrong",
    "field-short", "field-long", "file-remove", "file-too-large", "dashboard-changed", "draft-offline", "draft-online",
    "draft-send", "offline-waiting", "offline-back",
    "draft-waiting",
  ]

  private func navigation(_ label: String, _ address: String) -> HTML {
    let isHere = page.path == address || (address != "/" && page.path.hasPrefix(address + "/"))
    return "<a href=\"\(address)\"\(attribute: "aria-current", isHere ? "page" : nil)>\(label)</a>"
  }

  private var header: HTML {
    """
    <header class="site-header"><div class="site-header-bar">
    <a class="site-name" href="\(Doors.home())"><svg class="site-mark" viewBox="0 0 32 32" aria-hidden="true"><use href="\(page.asset("icons.svg") + "#mark")"></use></svg><span>\(page.site.name)</span></a>
    <form class="site-search" role="search" action="\(Doors.tutors())"><label class="visually-hidden" for="site-q">\(t("site.search"))</label>\(page.icon("search"))<input id="site-q" type="search" name="q" placeholder="\(t("site.searchHint"))" maxlength="100"></form>
    <nav class="site-nav" aria-label="\(t("site.mainNavigation"))">\(places)</nav>
    <div class="site-tools">\(tools)</div>
    </div></header>
    """
  }

  private var places: [HTML] {
    guard let viewer = page.viewer else { return [navigation(t("site.findTutor"), Doors.tutors())] }
    var places = [
      navigation(t("site.dashboard"), Doors.dashboard()), navigation(t("site.findTutor"), Doors.tutors()),
      navigation(t("site.bookings"), Doors.bookings()),
    ]
    if viewer.roles.contains(.admin) { places.append(navigation(t("site.admin"), Doors.admin())) }
    return places
  }

  private var tools: HTML {
    guard let viewer = page.viewer else {
      return """
        <a class="button quiet" href="\(Doors.signIn())">\(t("site.signIn"))</a>
        <a class="button primary" href="\(Doors.register())">\(t("site.join"))</a>
        """
    }
    func item(_ label: String, _ address: String, _ icon: String) -> HTML {
      "<a class=\"menu-item\" href=\"\(address)\">\(page.icon(icon))\(label)</a>"
    }
    var items = [item(t("site.account"), Doors.account(), "user"), item(t("site.wallet"), Doors.wallet(), "wallet")]
    if viewer.roles.contains(.tutor) {
      items.append(item(t("site.tutorProfile"), Doors.tutorProfile(), "book"))
      items.append(item(t("site.availability"), Doors.availability(), "calendar"))
      items.append(item(t("site.embedding"), Doors.tutorEmbedding(), "code"))
    }
    // On a phone the bar at the top has no room for it.
    if viewer.roles.contains(.admin) { items.insert(item(t("site.admin"), Doors.admin(), "shield-check"), at: 0) }
    return """
      <a class="bell" href="\(Doors.notifications())" data-island="bell" aria-label="\(t("site.notifications"))">\(page.icon("bell"))<span class="count" data-unread hidden></span></a>
      <details class="menu" data-island="menu"><summary class="menu-button" aria-label="\(t("site.accountMenu"))">\
      \(page.avatar(viewer.name, of: viewer.user, address: viewer.photo, size: "small"))<span class="menu-name" dir="auto">\(viewer.name)</span>\(page.icon("chevron-down"))</summary>
      <div class="menu-panel"><p class="menu-head"><strong dir="auto">\(viewer.name)</strong><span>\(viewer.username)</span></p>
      \(items)<hr><form method="post" action="\(Doors.signOut())">\(page.csrfField)<button class="menu-item">\(page.icon("log-out"))\(t("site.signOut"))</button></form></div></details>
      """
  }

  private var footer: HTML {
    let languages: [HTML] = Language.allCases.map {
      "<option value=\"\($0.rawValue)\" lang=\"\($0.rawValue)\"\(flag: "selected", when: $0 == t.language)>\($0.ownName)</option>"
    }
    return """
      <footer class="site-footer"><div class="site-footer-in"><p class="site-footer-note">\(t("site.footer", name: page.site.name))</p>
      <nav class="site-footer-links" aria-label="\(t("site.footerNavigation"))"><a href="\(Doors.tutors())">\(t("site.findTutor"))</a> <a href="\(Doors.status())">\(t("site.status"))</a> <a href="\(Doors.terms())">\(t("site.terms"))</a> <a href="\(Doors.privacy())">\(t("site.privacy"))</a></nav>
      <form class="language" method="post" action="\(Doors.language())">\(page.csrfField)<input type="hidden" name="next" value="\(page.path)"><label for="lang">\(page.icon("globe"))<span class="visually-hidden">\(t("site.language"))</span></label><select id="lang" name="language">\(languages)</select><button class="button quiet small">\(t("site.change"))</button></form>
      <div class="theme" data-island="theme" hidden></div></div></footer>
      \(bottomBar)
      """
  }

  private var bottomBar: HTML {
    func place(_ label: String, _ address: String, _ icon: String) -> HTML {
      let isHere = page.path == address
      return
        "<a href=\"\(address)\"\(attribute: "aria-current", isHere ? "page" : nil)>\(page.icon(icon))<span>\(label)</span></a>"
    }
    let places: [HTML] =
      page.viewer == nil
      ? [
        place(t("site.home"), Doors.home(), "home"), place(t("site.findTutorShort"), Doors.tutors(), "search"),
        place(t("site.signIn"), Doors.signIn(), "user"),
      ]
      : [
        place(t("site.dashboard"), Doors.dashboard(), "home"),
        place(t("site.findTutorShort"), Doors.tutors(), "search"),
        place(t("site.bookings"), Doors.bookings(), "calendar"),
        place(t("site.notificationsShort"), Doors.notifications(), "bell"),
        place(t("site.account"), Doors.account(), "user"),
      ]
    return "<nav class=\"bottom-bar\" aria-label=\"\(t("site.bottomNavigation"))\">\(places)</nav>"
  }
}

/// What a person sees when something did not work: what happened, what it means, what to do.
struct ProblemPage: View {
  let problem: Problem
  /// The request's, for whoever writes to us about it.
  let number: String

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t.sentence(key(page) + ".title", [:]) }

  func body(_ page: PageContext) -> HTML {
    let words =
      problem.detail == Problem(problem.status).detail ? page.t.sentence(key(page) + ".words", [:]) : problem.detail
    let action = page.buttonLink(page.t("site.toHome"), to: Doors.home(), "primary")
    let trace: HTML? =
      problem.status >= 500 ? "<p class=\"muted small center\">\(page.t("site.requestNumber", id: number))</p>" : nil
    return """
      <div class="empty">\(page.art("lost"))<h1>\(title(page))</h1><p>\(words)</p><div class="actions">\(action)</div></div>\(trace)
      """
  }

  private func key(_ page: PageContext) -> String {
    let key = "problem.\(problem.status)"
    return page.site.catalogue.has(key + ".title") ? key : problem.status >= 500 ? "problem.500" : "problem.400"
  }
}
