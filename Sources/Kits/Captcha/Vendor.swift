import JSON
package import Outbound
package import Web

/// A captcha of somebody else, as its manual says (all three speak the same protocol: a widget puts a token in the form,
/// the server posts it with its secret and reads `success`).
package enum Vendor: String, Sendable, CaseIterable {
  case turnstile, hcaptcha, recaptcha

  enum Answer: Sendable, Equatable {
    case yes, no
    /// Nobody answered, or not as the manual says.
    case away
  }

  /// The form's field with the token.
  package var field: String {
    switch self {
    case .turnstile: "cf-turnstile-response"
    case .hcaptcha: "h-captcha-response"
    case .recaptcha: "g-recaptcha-response"
    }
  }

  var widget: String {
    switch self {
    case .turnstile: "cf-turnstile"
    case .hcaptcha: "h-captcha"
    case .recaptcha: "g-recaptcha"
    }
  }

  var script: String {
    switch self {
    case .turnstile: "https://challenges.cloudflare.com/turnstile/v0/api.js"
    case .hcaptcha: "https://js.hcaptcha.com/1/api.js"
    case .recaptcha: "https://www.google.com/recaptcha/api.js"
    }
  }

  private var verification: String {
    switch self {
    case .turnstile: "https://challenges.cloudflare.com/turnstile/v0/siteverify"
    case .hcaptcha: "https://api.hcaptcha.com/siteverify"
    case .recaptcha: "https://www.google.com/recaptcha/api/siteverify"
    }
  }

  /// What the page with the widget must be opened for.
  package var content: ForeignContent {
    switch self {
    case .turnstile:
      ForeignContent(scripts: ["https://challenges.cloudflare.com"], frames: ["https://challenges.cloudflare.com"])
    case .hcaptcha:
      ForeignContent(
        scripts: ["https://hcaptcha.com", "https://*.hcaptcha.com"],
        frames: ["https://hcaptcha.com", "https://*.hcaptcha.com"],
        styles: ["https://hcaptcha.com", "https://*.hcaptcha.com"],
        connections: ["https://hcaptcha.com", "https://*.hcaptcha.com"])
    case .recaptcha:
      ForeignContent(
        scripts: ["https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/"],
        frames: ["https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"])
    }
  }

  /// A token solved on another site's page is no proof for ours: where the answer names a host it must be ours.
  func ask(_ client: HTTPClient, at address: String?, secret: String, token: String, person: String, host: String)
    async -> Answer
  {
    var fields = Fields()
    fields.add("secret", secret)
    fields.add("response", token)
    fields.add("remoteip", person)
    let request = OutboundRequest(
      .post, address ?? verification, headers: [("content-type", "application/x-www-form-urlencoded")],
      body: Array(fields.encoded.utf8), timeout: .seconds(5), maximumBody: 64 << 10)
    guard let answer = try? await client.send(request), answer.isSuccess, let said = try? JSON.read(answer.body),
      let success = said["success"]?.bool
    else { return .away }
    guard success else {
      // A secret or a call of ours that is wrong is no fault of the person's.
      let codes = said["error-codes"]?.array?.compactMap(\.string) ?? []
      let isOurs = codes.contains {
        ["missing-input-secret", "invalid-input-secret", "bad-request", "internal-error", "sitekey-secret-mismatch"]
          .contains($0)
      }
      return isOurs ? .away : .no
    }
    if let named = said["hostname"]?.string, !named.isEmpty, named != host { return .no }
    return .yes
  }
}
