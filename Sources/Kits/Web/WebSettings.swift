package import Core

/// What the site's operator decides about the web.
package struct WebSettings: Sendable {
  /// Who may read `/metrics`.
  package enum MetricsAccess: Sendable {
    case off
    /// Only a client on this machine, that no proxy speaks for.
    case loopback
    /// Whoever brings it as a bearer token.
    case token(String)
  }

  /// Scheme, host and port people use, without a trailing slash: `https://tutors.example.edu`. With https, cookies are
  /// `Secure` and prefixed, and browsers are told to stay with https.
  package var siteURL: String
  /// At least 32 bytes; forms and guests' cookies are signed with keys derived from it.
  package var secret: [UInt8]
  /// How often each class of routes may be asked.
  package var rates = RateSettings()
  /// Multiplies every route's rate; 0 switches rates off.
  package var rateFactor = 1.0
  /// Where rates are counted when several nodes share a site; nothing: in this process.
  package var limitStore: (any LimitStore)?
  /// Addresses of proxies whose `X-Forwarded-For` and `-Proto` are believed. Loopback always is.
  package var trustedProxies: [String] = []
  /// Further origins a form may lead to (`form-action`), such as payment pages.
  package var formTargets: [String] = []
  /// Further origins from which a browser may open sockets.
  package var socketOrigins: [String] = []
  /// Where people without proof are led.
  package var signIn = "/sign-in"
  package var language = Language.english
  /// The IANA zone for those who have not said theirs.
  package var zone = "UTC"
  package var metrics = MetricsAccess.loopback
  /// The folder of files being received.
  package var uploads = "/tmp"
  /// One line a request in the log.
  package var logsRequests = true

  package init(siteURL: String, secret: [UInt8]) {
    precondition(secret.count >= 32, "the secret needs 32 bytes")
    var url = siteURL
    while url.hasSuffix("/") { url.removeLast() }
    self.siteURL = url
    self.secret = secret
  }

  package var isSecure: Bool { siteURL.hasPrefix("https://") }
}
