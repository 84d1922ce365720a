package import Outbound

/// Whether people reach the site under the address they are told.
package struct SiteCheck {
  private let url: String
  private let client: HTTPClient

  package init(url: String, client: HTTPClient) {
    self.url = url
    self.client = client
  }

  package func findings() async throws -> [Finding] {
    let isOwn = ["http://localhost", "http://127.0.0.1", "http://[::1]"].contains { url.hasPrefix($0) }
    var found: [Finding] = []
    if !url.hasPrefix("https://") {
      found.append(
        isOwn
          ? Finding(
            "site", .warning, "\(url) is an address of this machine only.",
            cure: "Set SITE_URL to what people type: links in letters begin with it.")
          : Finding(
            "site", .broken,
            "\(url) is not encrypted: passwords travel open, and browsers refuse camera and microphone.",
            cure: "Put nginx with a certificate in front (deploy/nginx.conf), and https:// into SITE_URL."))
    }
    do {
      let answer = try await client.send(OutboundRequest(.get, url + "/healthz"))
      found.append(
        answer.status == 200
          ? Finding("site", .well, "\(url) answers.")
          : Finding(
            "site", .broken, "\(url)/healthz answers \(answer.status).",
            cure: "Something else answers there, or the proxy does not reach the server: see nginx's error log."))
    } catch let error as OutboundError {
      switch error {
      case .untrusted(let why):
        found.append(
          Finding(
            "site", .broken, "Browsers do not trust the certificate of \(url): \(why)",
            cure: "Renew it, and send the whole chain (fullchain.pem)."))
      default:
        found.append(
          Finding(
            "site", .broken, "\(url) does not answer: \(error)",
            cure: "Start the server; then check that the name points here, the firewall, and nginx."))
      }
    }
    return found
  }
}
