package import Outbound

/// Whether the mail server takes our mail: connects, secures, signs in, and sends nothing.
package struct MailCheck {
  private let relay: SMTPRelay?
  private let client: SMTPClient

  package init(_ relay: SMTPRelay?, client: SMTPClient) {
    self.relay = relay
    self.client = client
  }

  package func findings() async throws -> [Finding] {
    guard let relay else {
      return [
        Finding(
          "mail", .warning, "No mail server is set: letters wait on the administrator's outbox page.",
          cure: "Set SMTP_URL, such as smtp://user:password@host:587.")
      ]
    }
    let place = "\(relay.host):\(relay.port)"
    switch try await client.greet(relay) {
    case .ready(let isSecure, let offersSignIn):
      var found: [Finding] = []
      if !isSecure, !(relay.host == "localhost" || relay.host.hasPrefix("127.") || relay.host == "[::1]") {
        found.append(
          Finding(
            "mail", .warning, "\(place) speaks without encryption: letters and the password travel open.",
            cure: "Use a server that offers STARTTLS, and take tls=… out of SMTP_URL."))
      }
      if relay.username != nil, !offersSignIn {
        found.append(
          Finding(
            "mail", .broken, "\(place) offers no signing in, though SMTP_URL has a name and password.",
            cure: "Mail for users is often taken on port 587 or 465 only; or take the name out of SMTP_URL."))
      }
      let signedIn = relay.username == nil ? "" : ", and we are signed in"
      return found
        + [
          Finding("mail", .well, "\(place) takes our mail\(isSecure ? " over TLS" : "")\(signedIn).")
        ].filter { _ in found.allSatisfy { $0.state != .broken } }
    case .refused(let reply):
      return [
        Finding(
          "mail", .broken, "\(place) does not let us in: \(reply)",
          cure: "Put the name and password in SMTP_URL right (percent-encoded).")
      ]
    case .insecure(let reason):
      return [
        Finding(
          "mail", .broken, "\(place) cannot be spoken with securely: \(reason)",
          cure: "Check its certificate and name; `openssl s_client -starttls smtp -connect \(place)` shows both.")
      ]
    case .unreachable(let reason):
      return [
        Finding(
          "mail", .broken, "\(place) does not answer: \(reason)",
          cure: "Check host and port of SMTP_URL, and the firewall: many hosts block outgoing port 25.")
      ]
    }
  }
}
