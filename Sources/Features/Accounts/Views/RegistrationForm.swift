import Captcha
import Core
import HTML
import Site
import Time

/// The sentence of a field's refusal.
func refusalText(_ page: PageContext, _ refusals: [Registration.Refusal], _ field: String) -> String? {
  refusals.first { $0.field == field }.map { page.t.sentence("accounts.refusal.\($0.field).\($0.reason)", [:]) }
}

func refusalList(_ page: PageContext, _ refusals: [Registration.Refusal]) -> [(field: String, sentence: String)] {
  refusals.map { ($0.field, page.t.sentence("accounts.refusal.\($0.field).\($0.reason)", [:])) }
}

/// A form's address that keeps where the person was going.
func onward(_ address: String, _ next: String?) -> String {
  next.map { address + "?next=" + PercentEncoding.encode($0) } ?? address
}

/// A select of every zone, the given one chosen.
func zoneField(_ page: PageContext, value: String, error: String?) -> HTML {
  page.field(
    Field(
      "timezone", page.t("accounts.zone"), .select(Zone.identifiers.map { .init($0, $0.replacing("_", with: " ")) }),
      value: value,
      hint: page.t("accounts.zoneHint"), error: error))
}

struct RegistrationForm: View {
  var draft: Registration.Draft
  var refusals: [Registration.Refusal] = []
  /// Where it leads once the address is proved.
  var next: String?
  /// What the box stands for, as it is in force now (``LegalSet/mark``).
  var agreed = ""
  var captcha = CaptchaField.none

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.join") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    func error(_ field: String) -> String? { refusalText(page, refusals, field) }
    func role(_ value: String, _ title: String, _ words: String) -> HTML {
      """
      <label class="choice"><input type="radio" name="role" value="\(value)" required\(flag: "checked", when: draft.role == value)>\
      <span class="choice-body"><strong>\(title)</strong><span>\(words)</span></span></label>
      """
    }
    return """
      \(page.head(t("accounts.join"), lead: t("accounts.joinLead")))
      <form class="form card" method="post" action="\(Doors.register())" data-island="form timezone" data-draft="register">
      \(page.csrfField)<input type="hidden" name="next" value="\(next ?? "")">\(page.formErrors(refusalList(page, refusals)))
      <fieldset class="fieldset" id="role"><legend class="label">\(t("accounts.role"))</legend><div class="choices cards">
      \(role("learner", t("accounts.roleLearner"), t("accounts.roleLearnerWords")))
      \(role("tutor", t("accounts.roleTutor"), t("accounts.roleTutorWords")))
      </div></fieldset>
      \(page.field(Field("full_name", t("accounts.fullName"), value: draft.fullName, error: error("full_name"), autocomplete: "name", longest: 120)))
      \(page.field(Field("email", t("accounts.email"), .email, value: draft.email, error: error("email"), autocomplete: "email", longest: 254)))
      \(page.field(Field("username", t("accounts.username"), value: draft.username, hint: t("accounts.usernameHint"), error: error("username"), autocomplete: "username", longest: 30)))
      \(page.field(Field("password", t("accounts.password"), .newPassword, hint: t("accounts.passwordHint"), error: error("password"), autocomplete: "new-password", longest: PasswordPolicy.longest)))
      \(zoneField(page, value: draft.zone, error: error("timezone")))
      \(box(page, error: error("accept_terms")))<input type="hidden" name="agreed" value="\(agreed)">
      <div id="captcha">\(captcha.markup(page))</div>
      <div class="actions"><button class="button primary wide">\(t("accounts.createAccount"))</button></div>
      </form>
      <p class="center">\(t("accounts.haveAccount")) <a href="\(onward(Doors.signIn(), next))">\(t("site.signIn"))</a></p>
      """
  }
}

extension RegistrationForm {
  /// The texts open beside the form, so that nothing typed is lost.
  private func box(_ page: PageContext, error: String?) -> HTML {
    let t = page.t
    func link(_ address: String, _ words: String) -> HTML {
      "<a href=\"\(address)\" target=\"_blank\">\(words)</a>"
    }
    var field = Field("accept_terms", "", .checkbox, value: draft.acceptsTerms ? "1" : "", error: error)
    field.labelMarkup = t.markup(
      "accounts.acceptTerms",
      [
        "terms": link(Doors.terms(), t("accounts.acceptTerms.terms")),
        "privacy": link(Doors.privacy(), t("accounts.acceptTerms.privacy")),
      ])
    return page.field(field)
  }
}

/// After any letter: where it went, and what to do if it does not come. It reads the same whether we know the address.
struct LetterSent: View {
  let email: String
  let purpose: String
  /// Shown only on a trial without a mail server.
  var link: String?

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.checkMail") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let words = purpose == "verify" ? t("accounts.verifySent", email: email) : t("accounts.resetSent", email: email)
    let trial: HTML? = link.map {
      page.banner(
        .accent, t("accounts.trialTitle"), HTML(t("accounts.trialWords")),
        actions: page.buttonLink(t("accounts.openLetter"), to: $0, "primary"))
    }
    let again = purpose == "verify" ? AccountPaths.letters() : AccountPaths.forgotten()
    return """
      <div class="empty">\(page.art("inbox"))<h1>\(t("accounts.checkMail"))</h1><p>\(words)</p></div>
      \(trial)
      <div class="center">\(page.postButton(t("accounts.sendAgain"), to: again, "quiet", fields: [("email", email)]))</div>
      """
  }
}

struct VerificationForm: View {
  let token: String

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.verifyTitle") }

  func body(_ page: PageContext) -> HTML {
    """
    <section class="card center stack"><h1>\(page.t("accounts.verifyTitle"))</h1><p>\(page.t("accounts.verifyWords"))</p>
    \(page.postButton(page.t("accounts.verifyButton"), to: AccountPaths.verify(), "primary large", icon: "check", fields: [("token", token)]))</section>
    """
  }
}

struct LetterExpired: View {
  let purpose: String

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.letterExpired") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let action = purpose == "verify" ? AccountPaths.letters() : AccountPaths.forgotten()
    return """
      \(page.head(t("accounts.letterExpired"), lead: t("accounts.letterExpiredWords")))
      <form class="form card" method="post" action="\(action)" data-island="form">\(page.csrfField)
      \(page.field(Field("email", t("accounts.email"), .email, autocomplete: "email")))
      <div class="actions"><button class="button primary">\(t("accounts.sendNewLetter"))</button></div></form>
      """
  }
}
