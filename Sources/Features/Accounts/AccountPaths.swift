import Core

enum AccountPaths {
  static let forgotten = Path("/forgotten-password")
  static let reset = Path("/reset-password")
  static let verify = Path("/verify")
  static let letters = Path("/verification-letters")
  static let password = Path("/account/password")
  static let photo = Path("/account/photo")
  static let sessions = Path("/account/sessions")
  static let factor = Path("/account/security/second-factor")
  static let factorCode = Path("/account/security/second-factor/code")
  static let factorRemoval = Path("/account/security/second-factor/removal")
  static let paper = Path("/account/security/recovery-codes")
  static let code = Path("/sign-in/code")
  static let session = Path("/account/sessions/:session", as: ID<Session>.self)

  static let apiRegister = Path("/api/auth/register/")
  static let apiCaptcha = Path("/api/auth/captcha/:form/", as: String.self)
  static let apiVerify = Path("/api/auth/verify-email/")
  static let apiLogin = Path("/api/auth/login/")
  static let apiLogout = Path("/api/auth/logout/")
  static let apiReset = Path("/api/auth/password-reset/")
  static let apiResetConfirm = Path("/api/auth/password-reset/confirm/")
  static let apiToken = Path("/api/token/")
  static let apiRefresh = Path("/api/token/refresh/")
  static let apiTicket = Path("/api/ws-ticket/")
  static let apiMe = Path("/api/users/me/")
}
