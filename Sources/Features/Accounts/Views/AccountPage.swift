import Core
import HTML
import Site
import Time

/// One's own account: who one is, how one proves it, and where one is signed in.
struct AccountPage: View {
  let account: OwnAccount
  let draft: AccountProfile.Draft
  let refusals: [Registration.Refusal]
  let sessions: [SessionLine]
  let current: ID<Session>?
  /// What has just been saved: `profile`, `photo`, `password` or `sessions`.
  let note: String

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("site.account") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let saved: HTML? =
      ["profile", "photo", "password", "sessions"].contains(note)
      ? page.banner(.success, t.sentence("accounts.saved.\(note)", [:])) : nil
    return """
      \(page.head(t("site.account"), lead: account.email))
      <div class="stack loose">\(saved)\(page.formErrors(refusalList(page, refusals)))
      \(photoCard(page))\(profileCard(page))\(passwordCard(page))\(sessionsCard(page))</div>
      """
  }

  private func photoCard(_ page: PageContext) -> HTML {
    let t = page.t
    let error = refusalText(page, refusals, "photo")
    let sentence: HTML? = error.map { "<p class=\"error\">\(page.icon("alert"))<span>\($0)</span></p>" }
    return """
      <section class="card" id="photo"><h2>\(t("accounts.photo"))</h2><div class="cluster">
      \(page.avatar(account.fullName, of: account.id, photo: account.photo, size: "huge"))
      <form class="form" method="post" action="\(AccountPaths.photo())" enctype="multipart/form-data" data-island="form">\(page.csrfField)
      <div class="field"><label class="label" for="photo-file">\(t("accounts.choosePhoto"))</label><p class="hint">\(t("accounts.photoHint"))</p>
      <input class="input" type="file" id="photo-file" name="photo" accept="image/jpeg,image/png,image/webp" required>\(sentence)</div>
      <div class="actions"><button class="button">\(page.icon("upload"))<span>\(t("accounts.savePhoto"))</span></button></div></form></div></section>
      """
  }

  private func profileCard(_ page: PageContext) -> HTML {
    let t = page.t
    func error(_ field: String) -> String? { refusalText(page, refusals, field) }
    let isStudent = account.roles.contains("learner")
    let goals: HTML? =
      isStudent
      ? page.field(
        Field(
          "learning_goals", t("accounts.learningGoals"), .area(rows: 4), value: draft.learningGoals,
          hint: t("accounts.learningGoalsHint"), error: error("learning_goals"), isRequired: false, longest: 2000))
      : nil
    return """
      <section class="card"><h2>\(t("accounts.aboutYou"))</h2>
      <form class="form" method="post" action="\(Doors.account())" data-island="form" data-draft="account">\(page.csrfField)
      \(page.field(Field("full_name", t("accounts.fullName"), value: draft.fullName, error: error("full_name"), autocomplete: "name", longest: 120)))
      <div class="field-row">
      \(zoneField(page, value: draft.zone, error: error("timezone")))
      \(page.field(Field("locale", t("site.language"), .select(Language.allCases.map { .init($0.rawValue, $0.ownName) }), value: draft.language, error: error("locale"))))
      </div><div class="field-row">
      \(page.field(Field("department", t("accounts.department"), value: draft.department, error: error("department"), isRequired: false, longest: 120)))
      \(page.field(Field("year_of_study", t("accounts.yearOfStudy"), .number, value: draft.yearOfStudy, error: error("year_of_study"), isRequired: false, range: 1...12)))
      </div>\(goals)
      <div class="actions"><button class="button primary">\(t("accounts.save"))</button></div></form></section>
      """
  }

  private func passwordCard(_ page: PageContext) -> HTML {
    let t = page.t
    func error(_ field: String) -> String? { refusalText(page, refusals, field) }
    return """
      <section class="card"><h2>\(t("accounts.changePassword"))</h2>
      <form class="form" method="post" action="\(AccountPaths.password())" data-island="form">\(page.csrfField)
      <input type="text" name="username" value="\(account.username)" autocomplete="username" hidden>
      \(page.field(Field("current_password", t("accounts.currentPassword"), .password, error: error("current_password"), autocomplete: "current-password")))
      \(page.field(Field("new_password", t("accounts.newPassword"), .newPassword, hint: t("accounts.passwordHint"), error: error("new_password"), autocomplete: "new-password", longest: PasswordPolicy.longest)))
      <div class="actions"><button class="button">\(t("accounts.setPassword"))</button></div></form></section>
      """
  }

  private func sessionsCard(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = sessions.map { session in
      let isHere = session.id == current
      let end: HTML =
        isHere
        ? "<span class=\"badge\">\(t("accounts.thisDevice"))</span>"
        : page.postButton(t("site.signOut"), to: AccountPaths.session(session.id), "small")
      return """
        <li class="list-row">\(page.icon(session.kind == "api" ? "code" : "laptop"))<div class="list-main"><span>\(deviceName(session, t))</span>\
        <p class="muted small">\(t("accounts.lastSeen")) \(page.ago(session.seenAt))</p></div><div class="list-end">\(end)</div></li>
        """
    }
    let others: HTML? =
      sessions.count > 1
      ? page.postButton(
        t("accounts.signOutElsewhere"), to: AccountPaths.sessions(), "danger", icon: "log-out",
        asking: t("accounts.signOutElsewhereAsk")) : nil
    return
      "<section class=\"card\"><h2>\(t("accounts.sessions"))</h2><ul class=\"list\">\(lines)</ul>\(others)</section>"
  }

  /// A browser's name as people know it.
  private func deviceName(_ session: SessionLine, _ t: Wording) -> String {
    if session.kind == "api" { return t("accounts.apiDevice") }
    let device = session.device ?? ""
    let browser = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")].first {
      device.contains($0.0)
    }?.1
    let system = [
      ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
      ("Linux", "Linux"),
    ]
    .first { device.contains($0.0) }?.1
    guard let browser else { return t("accounts.unknownDevice") }
    return system.map { t("accounts.device", browser: browser, system: $0) } ?? browser
  }
}
