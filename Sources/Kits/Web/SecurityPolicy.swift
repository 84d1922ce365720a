import Core

/// Another site that one page must be opened for, such as a captcha's: the content policy of all other pages stays shut.
package struct ForeignContent: Sendable, Equatable {
  /// Origins or addresses whose scripts may run, such as `https://challenges.cloudflare.com`.
  package var scripts: [String]
  package var frames: [String]
  package var styles: [String]
  package var connections: [String]

  package init(scripts: [String], frames: [String] = [], styles: [String] = [], connections: [String] = []) {
    self.scripts = scripts
    self.frames = frames
    self.styles = styles
    self.connections = connections
  }
}

/// What one page may do that no other may; nothing of it is said for a page that does not ask.
package struct PageRights: Sendable, Equatable {
  /// Origins whose pages may hold this one in a frame, besides the site's own; nothing: no page at all may. `*` is every
  /// origin there is.
  package var framers: [String]?
  /// The page may hold pages of this site in frames.
  package var holdsFrames: Bool
  /// The page may ask the browser where it is (`geolocation`); the person is asked by the browser then.
  package var asksPlace: Bool

  package init(framers: [String]? = nil, holdsFrames: Bool = false, asksPlace: Bool = false) {
    self.framers = framers
    self.holdsFrames = holdsFrames
    self.asksPlace = asksPlace
  }
}

/// The header fields that keep browsers strict. Set once, put on every answer that does not say otherwise.
struct SecurityPolicy: Sendable {
  private let forms: String
  private let pagePolicy: String
  private let scriptPolicy: String
  /// The site itself, also for sockets: `'self'` alone leaves those out in older browsers. Nothing else is needed: the
  /// relay of calls is not under this rule, and a video bridge stands behind the site's own proxy.
  private let connections: String
  private let isSecure: Bool
  private let permissions = Self.permissions(asksPlace: false)
  private let permissionsWithPlace = Self.permissions(asksPlace: true)

  init(_ settings: WebSettings) {
    forms = (["'self'"] + settings.formTargets).joined(separator: " ")
    connections = "'self' " + Self.socketOrigin(settings.siteURL)
    pagePolicy = Self.policy(forms: forms, connections: connections, open: nil, style: nil, PageRights())
    // A script's own policy counts only when it runs as a worker.
    scriptPolicy =
      "default-src 'none'; script-src 'self'; connect-src \(connections); worker-src 'self'; frame-ancestors 'none'; "
      + "require-trusted-types-for 'script'; trusted-types tutalink"
    isSecure = settings.isSecure
  }

  /// No inline script, no inline style but the house's own sheet by its digest, no text that becomes markup or script (trusted types: the one policy an island may make
  /// is called `tutalink`), no frame but where a page was given one, no plug-in. Scripts of another site bring sinks of their own, so where one is let
  /// in, trusted types cannot be asked of the page.
  private static func policy(
    forms: String, connections: String, open: ForeignContent?, style: String?, _ rights: PageRights
  ) -> String {
    func sources(_ own: String, _ foreign: [String]?) -> String { ([own] + (foreign ?? [])).joined(separator: " ") }
    let frames = (open?.frames ?? []) + (rights.holdsFrames ? ["'self'"] : [])
    let policy = [
      "default-src 'self'", "script-src \(sources("'self'", open?.scripts))",
      "style-src \(sources("'self'", style.map { ["'sha256-\($0)'"] + (open?.styles ?? []) } ?? open?.styles))",
      "img-src 'self' data: blob:", "media-src 'self' blob:",
      "connect-src \(sources(connections, open?.connections))",
      "frame-src \(frames.isEmpty ? "'none'" : frames.joined(separator: " "))", "worker-src 'self'",
      "frame-ancestors \(rights.framers.map { sources("'self'", $0) } ?? "'none'")", "base-uri 'none'",
      "form-action \(forms)", "object-src 'none'",
    ]
    return
      (policy + (open == nil ? ["require-trusted-types-for 'script'", "trusted-types tutalink"] : []))
      .joined(separator: "; ")
  }

  /// `wss://tutors.example.edu` for `https://tutors.example.edu/learn`.
  private static func socketOrigin(_ siteURL: String) -> String {
    let scheme = siteURL.begins("https://") ? "wss://" : "ws://"
    return scheme + (siteURL.pieces(at: "/").dropFirst().first ?? "localhost")
  }

  func apply(to response: inout Response, isSignedIn: Bool) {
    // A 304 brings the kept answer's fields up to date (RFC 9111, 3.2): of what that may do it says nothing.
    if response.status == 304, response.header("content-type") == nil {
      return response.setIfMissing("cache-control", isSignedIn ? "no-store" : "no-cache")
    }
    let isPage = response.header("content-type")?.hasPrefix("text/html") ?? false
    // What is no page loads nothing and is framed nowhere, even when a browser shows it.
    let isScript = response.header("content-type")?.hasPrefix("text/javascript") ?? false
    let policy =
      isPage
      ? response.foreign == nil && response.styleDigest == nil && response.rights.framers == nil
        && !response.rights.holdsFrames
        ? pagePolicy
        : Self.policy(
          forms: forms, connections: connections, open: response.foreign, style: response.styleDigest, response.rights)
      : isScript ? scriptPolicy : "default-src 'none'; frame-ancestors 'none'; sandbox"
    response.setIfMissing("content-security-policy", policy)
    response.setIfMissing("x-content-type-options", "nosniff")
    // The older field knows no list of origins: where there is one, the policy alone speaks.
    if response.rights.framers == nil || !isPage { response.setIfMissing("x-frame-options", "DENY") }
    response.setIfMissing("referrer-policy", "strict-origin-when-cross-origin")
    response.setIfMissing("cross-origin-opener-policy", "same-origin")
    response.setIfMissing(
      "cross-origin-resource-policy", response.rights.framers == nil || !isPage ? "same-origin" : "cross-origin")
    if isPage {
      response.setIfMissing("permissions-policy", response.rights.asksPlace ? permissionsWithPlace : permissions)
    }
    if isSecure { response.setIfMissing("strict-transport-security", "max-age=63072000; includeSubDomains") }
    response.setIfMissing("cache-control", isSignedIn ? "no-store" : "no-cache")
  }

  private static func permissions(asksPlace: Bool) -> String {
    "accelerometer=(), autoplay=(self), browsing-topics=(), camera=(self), display-capture=(self), "
      + "fullscreen=(self), geolocation=\(asksPlace ? "(self)" : "()"), gyroscope=(), hid=(), magnetometer=(), "
      + "microphone=(self), midi=(), payment=(), publickey-credentials-get=(self), screen-wake-lock=(self), serial=(), "
      + "usb=(), xr-spatial-tracking=()"
  }
}
