import Core
import HTML
import QR
import Site
import Time

/// What keeps the account its owner's: password, second factor, and where one is signed in.
struct SecurityPage: View {
  let account: OwnAccount
  let factor: FactorState?
  let sessions: [SessionLine]
  let current: ID<Session>?
  let refusals: [Registration.Refusal]
  /// What has just been done, or why one was led here: see `saved`.
  let note: String

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("accounts.security") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let banner: HTML? =
      switch note {
      case "password", "sessions", "factorOff", "paper":
        page.banner(note == "paper" ? .warning : .success, t.sentence("accounts.saved.\(note)", [:]))
      case "required": page.banner(.warning, t("accounts.factorRequired"))
      default: nil
      }
    return """
      \(page.head(t("accounts.security"), lead: account.email))
      <div class="stack loose">\(banner)\(page.formErrors(refusalList(page, refusals)))
      \(factorCard(page))\(passwordCard(page))\(sessionsCard(page))</div>
      """
  }

  private func error(_ field: String, _ page: PageContext) -> String? { refusalText(page, refusals, field) }

  private func ownPassword(_ page: PageContext) -> HTML {
    page.field(
      Field(
        "factor_password", page.t("accounts.currentPassword"), .password, error: error("factor_password", page),
        autocomplete: "current-password"))
  }

  private func factorCard(_ page: PageContext) -> HTML {
    let t = page.t
    guard let factor else {
      return """
        <section class="card" id="second-factor"><h2>\(t("accounts.factor"))</h2><p>\(t("accounts.factorWords"))</p>
        <form class="form" method="post" action="\(AccountPaths.factor())" data-island="form">\(page.csrfField)
        \(ownPassword(page))
        <div class="actions"><button class="button primary">\(page.icon("shield-check"))<span>\(t("accounts.factorTurnOn"))</span></button></div></form></section>
        """
    }
    let few: HTML? = factor.paperLeft < 3 ? page.banner(.warning, t("accounts.paperFew")) : nil
    return """
      <section class="card" id="second-factor"><div class="spread"><h2>\(t("accounts.factor"))</h2><span class="badge">\(t("accounts.factorIsOn"))</span></div>
      <dl class="facts"><div><dt>\(t("accounts.factorSince"))</dt><dd>\(page.moment(factor.since))</dd></div>
      <div><dt>\(t("accounts.paperLeft"))</dt><dd>\(String(factor.paperLeft))</dd></div></dl>\(few)
      <form class="form" method="post" action="\(AccountPaths.paper())">\(page.csrfField)
      <p>\(t("accounts.factorChangeWords"))</p>\(ownPassword(page))\(codeField(page, error: error("code", page)))
      <div class="actions"><button class="button">\(page.icon("refresh"))<span>\(t("accounts.paperRenew"))</span></button>
      <button class="button danger" formaction="\(AccountPaths.factorRemoval())">\(t("accounts.factorTurnOff"))</button></div></form></section>
      """
  }

  private func passwordCard(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="card"><h2>\(t("accounts.changePassword"))</h2>
      <form class="form" method="post" action="\(AccountPaths.password())" data-island="form">\(page.csrfField)
      <input type="text" name="username" value="\(account.username)" autocomplete="username" hidden>
      \(page.field(Field("current_password", t("accounts.currentPassword"), .password, error: error("current_password", page), autocomplete: "current-password")))
      \(page.field(Field("new_password", t("accounts.newPassword"), .newPassword, hint: t("accounts.passwordHint"), error: error("new_password", page), autocomplete: "new-password", longest: PasswordPolicy.longest)))
      <div class="actions"><button class="button">\(t("accounts.setPassword"))</button></div></form></section>
      """
  }

  private func sessionsCard(_ page: PageContext) -> HTML {
    let t = page.t
    let lines: [HTML] = sessions.map { session in
      let isHere = session.id == current
      let end: HTML =
        isHere
        ? "<span class=\"badge\">\(t("site.thisDevice"))</span>"
        : page.postButton(t("site.signOut"), to: AccountPaths.session(session.id), "small")
      return """
        <li class="list-row">\(page.icon(session.kind == "api" ? "code" : "laptop"))<div class="list-main"><span>\(session.kind == "api" ? t("accounts.apiDevice") : page.deviceText(session.device))</span>\
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
}

/// The field for a code of the moment, or one from paper.
private func codeField(_ page: PageContext, error: String?) -> HTML {
  page.field(
    Field(
      "code", page.t("accounts.code"), hint: page.t("accounts.codeHint"), error: error, autocomplete: "one-time-code",
      longest: 40))
}

/// The second step of signing in.
struct CodeForm: View {
  var refusal: SecondFactors.Verdict?

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.codeTitle") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let error = refusal.map { $0 == .resting ? t("accounts.refusal.code.resting") : t("accounts.refusal.code.wrong") }
    return """
      \(page.head(t("accounts.codeTitle"), lead: t("accounts.codeLead")))
      <form class="form card" method="post" action="\(AccountPaths.code())" data-island="form">\(page.csrfField)
      \(codeField(page, error: error))
      <div class="actions"><button class="button primary wide">\(t("site.signIn"))</button></div></form>
      <p class="center"><a href="\(Doors.signIn())">\(t("accounts.codeElse"))</a></p>
      """
  }
}

/// The code to be read by a phone, and the same to be typed.
struct FactorSetUp: View {
  let address: String
  let secret: String
  let isRefused: Bool

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.setUpTitle") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let groups = stride(from: 0, to: secret.utf8.count, by: 4).map { at in
      String(secret.utf8.dropFirst(at).prefix(4).map { Character(UnicodeScalar($0)) })
    }
    let drawing = QRCode(address)?.svg(label: t("accounts.qr"))
    return """
      \(page.head(t("accounts.setUpTitle"), lead: t("accounts.setUpLead")))
      <section class="card center stack">\(drawing)
      <p>\(t("accounts.setUpType"))</p><p><code class="secret">\(groups.joined(separator: " "))</code></p></section>
      <form class="form card" method="post" action="\(AccountPaths.factorCode())" data-island="form">\(page.csrfField)
      \(page.field(Field("code", t("accounts.code"), hint: t("accounts.setUpHint"), error: isRefused ? t("accounts.refusal.code.wrong") : nil, autocomplete: "one-time-code", longest: 12)))
      <div class="actions"><button class="button primary">\(t("accounts.factorTurnOn"))</button>\(page.buttonLink(t("accounts.setUpCancel"), to: Doors.security(), "quiet"))</div></form>
      """
  }
}

/// The codes for paper, shown once.
struct PaperCodes: View {
  let codes: [String]
  let isFirst: Bool

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.paperTitle") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let done: HTML? = isFirst ? page.banner(.success, t("accounts.factorOnNow")) : nil
    let lines: [HTML] = codes.map { "<li><code class=\"secret\">\($0)</code></li>" }
    return """
      \(page.head(t("accounts.paperTitle"), lead: t("accounts.paperLead")))\(done)
      <section class="card"><ol class="paper-codes">\(lines)</ol></section>
      <div class="actions">\(page.buttonLink(t("accounts.paperKept"), to: Doors.security(), "primary"))</div>
      """
  }
}
