import Captcha
import Core
import HTML
import Site

struct SignInForm: View {
  let login: String
  let next: String?
  var refusal: SigningIn.Refusal?
  /// A key of something that has just gone well.
  var note: String?

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("site.signIn") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let banner: HTML =
      if let refusal {
        page.banner(.danger, refusal == .resting ? t("accounts.resting") : t("accounts.wrong"))
      } else if let note {
        page.banner(.success, t.sentence(note, [:]))
      } else { .none }
    return """
      \(page.head(t("accounts.welcomeBack")))
      <form class="form card sign-in" method="post" action="\(Doors.signIn())" data-island="form">
      \(page.csrfField)<input type="hidden" name="next" value="\(next ?? "")">\(banner)
      \(page.field(Field("login", t("accounts.login"), value: login, autocomplete: "username", longest: 254)))
      \(page.field(Field("password", t("accounts.password"), .password, autocomplete: "current-password")))
      <label class="check"><input type="checkbox" name="remember_me" value="1"><span>\(t("accounts.rememberMe"))</span></label>
      <div class="actions"><button class="button primary wide">\(t("site.signIn"))</button></div>
      <p><a href="\(AccountPaths.forgotten())">\(t("accounts.forgotten"))</a></p>
      </form>
      <p class="center">\(t("accounts.newHere")) <a href="\(onward(Doors.register(), next))">\(t("accounts.join"))</a></p>
      """
  }
}

struct ForgottenForm: View {
  var email = ""
  /// The end of a refusal's key.
  var refusal: String?
  var captcha = CaptchaField.none

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.forgotten") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let sentence = refusal.map { t.sentence("accounts.refusal.\($0)", [:]) }
    let isAddress = refusal?.hasPrefix("email.") ?? false
    return """
      \(page.head(t("accounts.forgotten"), lead: t("accounts.forgottenLead")))
      <form class="form card" method="post" action="\(AccountPaths.forgotten())" data-island="form">\(page.csrfField)\(isAddress ? nil : sentence.map { page.banner(.danger, $0) })
      \(page.field(Field("email", t("accounts.email"), .email, value: email, error: isAddress ? sentence : nil, autocomplete: "email")))
      \(captcha.markup(page))
      <div class="actions"><button class="button primary">\(t("accounts.sendReset"))</button>\(page.buttonLink(t("site.signIn"), to: Doors.signIn(), "quiet"))</div></form>
      """
  }
}

struct ResetForm: View {
  let token: String
  var refusal: PasswordPolicy.Refusal?

  var layout: Layout { .slim }

  func title(_ page: PageContext) -> String { page.t("accounts.newPassword") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let error = refusal.map { t.sentence("accounts.refusal.password.\($0.rawValue)", [:]) }
    return """
      \(page.head(t("accounts.newPassword"), lead: t("accounts.resetLead")))
      <form class="form card" method="post" action="\(AccountPaths.reset())" data-island="form">\(page.csrfField)
      <input type="hidden" name="token" value="\(token)">
      \(page.field(Field("password", t("accounts.newPassword"), .newPassword, hint: t("accounts.passwordHint"), error: error, autocomplete: "new-password", longest: PasswordPolicy.longest)))
      <div class="actions"><button class="button primary">\(t("accounts.setPassword"))</button></div></form>
      """
  }
}
