import Core
import HTML
import Legal
import Site
import Time

/// One's own account: who one is.
struct AccountPage: View {
  let account: OwnAccount
  let draft: AccountProfile.Draft
  let refusals: [Registration.Refusal]
  /// What has just been saved: `profile` or `photo`.
  let note: String
  /// What one agreed to when one came.
  let agreements: [Agreement]

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("site.account") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let saved: HTML? =
      ["profile", "photo"].contains(note)
      ? page.banner(.success, t.sentence("accounts.saved.\(note)", [:])) : nil
    return """
      \(page.head(t("site.account"), lead: account.email))
      <div class="stack loose">\(saved)\(page.formErrors(refusalList(page, refusals)))
      \(photoCard(page))\(profileCard(page))\(noticesCard(page))\(securityCard(page))\(agreementsCard(page))</div>
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

  private func noticesCard(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="card"><h2>\(t("notices.choices"))</h2><p>\(t("notices.choicesLead"))</p>
      <div class="actions">\(page.buttonLink(t("notices.mailChoices"), to: Doors.noticeChoices(), icon: "bell"))</div></section>
      """
  }

  private func agreementsCard(_ page: PageContext) -> HTML? {
    let t = page.t
    guard !agreements.isEmpty else { return nil }
    let lines: [HTML] = agreements.map {
      """
      <li class="list-row"><div class="list-main"><a href="\($0.document.address(of: $0.version))">\($0.document.title(page))</a></div>\
      <div class="list-end muted">\(page.moment($0.at))</div></li>
      """
    }
    return """
      <section class="card"><h2>\(t("accounts.agreements"))</h2><p>\(t("accounts.agreementsLead"))</p><ul class="list">\(lines)</ul></section>
      """
  }

  private func securityCard(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="card"><h2>\(t("accounts.security"))</h2><p>\(t("accounts.securityLead"))</p>
      <div class="actions">\(page.buttonLink(t("accounts.securityOpen"), to: Doors.security(), icon: "lock"))</div></section>
      """
  }
}
