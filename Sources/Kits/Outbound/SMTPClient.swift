import CCurl
import Core

/// The server that takes our mail and carries it on.
package struct SMTPRelay: Sendable, Equatable {
  package enum Security: String, Sendable {
    /// STARTTLS, or nothing is sent.
    case required
    /// STARTTLS if the relay offers it. For relays on the same machine.
    case opportunistic
    /// TLS from the first byte (`smtps:`, RFC 8314).
    case implicit
    case none
  }

  package let host: String
  package let port: Int
  package let security: Security
  package let username: String?
  package let password: String?
  /// A file of certificate authorities to trust instead of the system's.
  package let authorities: String?
  /// What we call ourselves when greeting.
  package let greeting: String?

  package init(
    host: String, port: Int, security: Security = .required, username: String? = nil, password: String? = nil,
    authorities: String? = nil, greeting: String? = nil
  ) {
    self.host = host
    self.port = port
    self.security = security
    self.username = username
    self.password = password
    self.authorities = authorities
    self.greeting = greeting
  }

  /// Reads `smtp://name:password@host:587` or `smtps://…:465`, name and password percent-encoded. After `?`, joined by
  /// `&`: `tls=required|opportunistic|none`, `ca=<file>`, `helo=<name>`. TLS is required unless the host is this machine.
  package init?(url: String) {
    let security: Security
    var rest = Substring(url)
    if rest.hasPrefix("smtp://") {
      rest = rest.dropFirst(7)
      security = .required
    } else if rest.hasPrefix("smtps://") {
      rest = rest.dropFirst(8)
      security = .implicit
    } else {
      return nil
    }
    var options: [Substring: String] = [:]
    if let mark = rest.firstIndex(of: "?") {
      for pair in rest[rest.index(after: mark)...].split(separator: "&") {
        let halves = pair.split(separator: "=", maxSplits: 1)
        guard halves.count == 2, let value = PercentEncoding.decode(halves[1].utf8),
          ["tls", "ca", "helo"].contains(halves[0])
        else {
          return nil
        }
        options[halves[0]] = value
      }
      rest = rest[..<mark]
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    var username: String?
    var password: String?
    if let at = rest.lastIndex(of: "@") {
      let halves = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      username = PercentEncoding.decode(halves[0].utf8)
      password = halves.count == 2 ? PercentEncoding.decode(halves[1].utf8) : ""
      guard username?.isEmpty == false, password != nil else { return nil }
      rest = rest[rest.index(after: at)...]
    }
    var port = security == .implicit ? 465 : 587
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
      port = number
      rest = rest[..<colon]
    }
    let host = String(rest)
    guard !host.isEmpty,
      host.utf8.allSatisfy({
        ($0 >= 0x2D && $0 <= 0x3A && $0 != 0x2F) || ($0 >= 0x41 && $0 <= 0x5D) || ($0 >= 0x61 && $0 <= 0x7A)
      })
    else { return nil }
    var chosen = security
    if let wish = options["tls"] {
      guard let named = Security(rawValue: wish), security != .implicit else { return nil }
      chosen = named
    } else if security == .required, host == "localhost" || host.hasPrefix("127.") || host == "[::1]" {
      chosen = .opportunistic
    }
    self.init(
      host: host, port: port, security: chosen, username: username, password: password, authorities: options["ca"],
      greeting: options["helo"])
  }
}

/// What became of a mail for one reader.
package enum MailOutcome: Sendable, Equatable {
  /// The relay has taken it over.
  case accepted(reply: String)
  /// The relay will never take it (5xx): do not try again.
  case rejected(code: Int, reply: String)
  /// Not now: the relay said so (4xx), is not there, or will not have us. Worth another try.
  case tryAgain(reason: String)
}

package struct MailDelivery: Sendable, Equatable {
  package let recipient: MailAddress
  package let outcome: MailOutcome
}

/// What a relay said when it was only greeted.
package enum MailGreeting: Sendable, Equatable {
  case ready(isSecure: Bool, offersSignIn: Bool)
  /// It answers, and will not have us.
  case refused(reply: String)
  /// It offers no TLS, or cannot prove who it is.
  case insecure(reason: String)
  case unreachable(reason: String)
}

/// Hands mail to a relay (RFC 5321).
package struct SMTPClient: Sendable {
  private let courier: Courier

  package init(_ courier: Courier) { self.courier = courier }

  /// Delivers to each reader in a transaction of its own, so that each has an outcome of its own; in order, over one
  /// kept connection. `timeout` is for each. Throws only `CancellationError` and ``OutboundError/closed``.
  package func deliver(
    _ message: MailMessage, via relay: SMTPRelay, timeout: Duration = .seconds(30)
  ) async throws -> [MailDelivery] {
    let bytes = message.bytes
    var deliveries: [MailDelivery] = []
    for recipient in message.to {
      let outcome = try await deliver(bytes, from: message.from, to: recipient, via: relay, timeout: timeout)
      deliveries.append(MailDelivery(recipient: recipient, outcome: outcome))
    }
    return deliveries
  }

  /// Connects, secures, signs in, and sends nothing (NOOP): would it take our mail?
  package func greet(_ relay: SMTPRelay, timeout: Duration = .seconds(10)) async throws -> MailGreeting {
    let transfer = Transfer(maximumBody: 65_536) { _, easy in
      let curl = UnsafeMutableRawPointer(easy)
      Self.address(relay, curl)
      tl_set_text(curl, CURLOPT_CUSTOMREQUEST, "NOOP")
      // A kept connection would have been greeted before.
      tl_set_number(curl, CURLOPT_FRESH_CONNECT, 1)
      tl_set_number(curl, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(timeout.microseconds / 1000)))
      tl_set_number(curl, CURLOPT_TIMEOUT_MS, max(1, Int(timeout.microseconds / 1000)))
    }
    let result = try await courier.carry(transfer)
    let reply = result.lines.last { $0.hasPrefix(String(result.status)) } ?? ""
    switch result.code {
    case CURLE_OK:
      let isSecure = relay.security == .implicit || result.lines.contains { $0.uppercased().hasSuffix("STARTTLS") }
      return .ready(
        isSecure: isSecure && relay.security != .none,
        offersSignIn: result.lines.contains { $0.uppercased().hasPrefix("250") && $0.uppercased().contains("AUTH ") })
    case CURLE_LOGIN_DENIED: return .refused(reply: reply.isEmpty ? result.reason : reply)
    case CURLE_USE_SSL_FAILED, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE:
      return .insecure(reason: result.reason)
    default:
      return (400..<600).contains(result.status)
        ? .refused(reply: reply) : .unreachable(reason: result.reason)
    }
  }

  /// Where the relay is, how it is secured, and who we are to it.
  private static func address(_ relay: SMTPRelay, _ curl: UnsafeMutableRawPointer) {
    let scheme = relay.security == .implicit ? "smtps" : "smtp"
    let greeting = relay.greeting.map { "/" + PercentEncoding.encode($0) } ?? ""
    tl_set_text(curl, CURLOPT_URL, "\(scheme)://\(relay.host):\(relay.port)\(greeting)")
    tl_set_text(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    let level =
      switch relay.security {
      case .required, .implicit: CURLUSESSL_ALL
      case .opportunistic: CURLUSESSL_TRY
      case .none: CURLUSESSL_NONE
      }
    tl_set_number(curl, CURLOPT_USE_SSL, Int(level.rawValue))
    if let authorities = relay.authorities { tl_set_text(curl, CURLOPT_CAINFO, authorities) }
    if let username = relay.username {
      tl_set_text(curl, CURLOPT_USERNAME, username)
      tl_set_text(curl, CURLOPT_PASSWORD, relay.password ?? "")
    }
  }

  private func deliver(
    _ bytes: [UInt8], from sender: MailAddress, to recipient: MailAddress, via relay: SMTPRelay, timeout: Duration
  ) async throws -> MailOutcome {
    let transfer = Transfer(upload: bytes) { transfer, easy in
      let curl = UnsafeMutableRawPointer(easy)
      Self.address(relay, curl)
      tl_set_text(curl, CURLOPT_MAIL_FROM, "<\(sender.address)>")
      tl_set_list(curl, CURLOPT_MAIL_RCPT, transfer.list(["<\(recipient.address)>"]))
      tl_set_number(curl, CURLOPT_UPLOAD, 1)
      tl_set_size(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(bytes.count))
      tl_set_number(curl, CURLOPT_CONNECTTIMEOUT_MS, 10_000)
      tl_set_number(curl, CURLOPT_TIMEOUT_MS, max(1, Int(timeout.microseconds / 1000)))
    }
    let result = try await courier.carry(transfer)
    // The farewell to QUIT may follow what the relay had to say.
    let reply = result.lines.last { $0.hasPrefix(String(result.status)) } ?? ""
    if result.code == CURLE_OK { return .accepted(reply: reply) }
    // 530, 534, 535, 538: it will not have *us*, which says nothing about the reader; the setting can be put right.
    let isAboutUs =
      result.code == CURLE_LOGIN_DENIED || result.code == CURLE_USE_SSL_FAILED
      || [530, 534, 535, 538].contains(result.status)
    let answered = [CURLE_SEND_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_RECV_ERROR].contains(result.code)
    if !isAboutUs, answered, (500..<600).contains(result.status) { return .rejected(code: result.status, reply: reply) }
    return .tryAgain(reason: (400..<600).contains(result.status) ? reply : result.reason)
  }
}
