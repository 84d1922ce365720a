import Core

/// The header fields that keep browsers strict. Set once, put on every answer that does not say otherwise.
struct SecurityPolicy: Sendable {
  private let pagePolicy: String
  private let isSecure: Bool

  init(_ settings: WebSettings) {
    let forms = (["'self'"] + settings.formTargets).joined(separator: " ")
    pagePolicy =
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
      + "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action \(forms); object-src 'none'"
    isSecure = settings.isSecure
  }

  func apply(to response: inout Response, isSignedIn: Bool) {
    let isPage = response.header("content-type")?.hasPrefix("text/html") ?? false
    // What is no page loads nothing and is framed nowhere, even when a browser shows it.
    response.setIfMissing("content-security-policy", isPage ? pagePolicy : "default-src 'none'; frame-ancestors 'none'")
    response.setIfMissing("x-content-type-options", "nosniff")
    response.setIfMissing("referrer-policy", "strict-origin-when-cross-origin")
    response.setIfMissing("cross-origin-opener-policy", "same-origin")
    if isPage {
      response.setIfMissing(
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(self), payment=(), usb=(), serial=()")
    }
    if isSecure { response.setIfMissing("strict-transport-security", "max-age=63072000; includeSubDomains") }
    response.setIfMissing("cache-control", isSignedIn ? "no-store" : "no-cache")
  }
}
