package import Core
package import Outbound

/// What a browser is to be told, and how much it matters.
package struct PushMessage: Sendable {
  /// RFC 8030, 5.3: what wakes a sleeping phone.
  package enum Urgency: String, Sendable { case low, normal, high }

  /// At most ``PushSeal/longest`` bytes.
  package let bytes: [UInt8]
  /// For how long the vendor keeps it while the browser is away.
  package let lifetime: Duration
  package let urgency: Urgency
  /// One that waits is replaced by a later one of the same topic: 1 to 32 characters of base64url.
  package let topic: String?

  package init(_ bytes: [UInt8], lifetime: Duration, urgency: Urgency = .normal, topic: String? = nil) {
    self.bytes = bytes
    self.lifetime = lifetime
    self.urgency = urgency
    self.topic = topic
  }
}

/// What became of a message.
package enum PushOutcome: Sendable, Equatable {
  /// The vendor has taken it over.
  case accepted
  /// There is no such browser any more (404, 410), or never was a push service there: forget it.
  case gone
  /// Not now: the vendor is busy (429, 5xx), or nobody answered. `after` is the vendor's wish.
  case later(after: Duration?, reason: String)
  /// It will never be taken as it is: too large (413), or the vendor does not accept us (400, 401, 403).
  case refused(status: Int, reason: String)
}

/// Hands messages to browsers' vendors (RFC 8030).
package struct PushClient: Sendable {
  private let client: HTTPClient
  private let peer: String?

  /// - Parameter peer: an origin that may be a private address: for tests.
  package init(_ client: HTTPClient, peer: String? = nil) {
    self.client = client
    self.peer = peer
  }

  /// Encrypts and sends one message. Throws only `CancellationError`, and what stops the house.
  package func send(
    _ message: PushMessage, to target: PushTarget, as sender: VAPID, at now: Instant
  ) async throws -> PushOutcome {
    var headers = [
      (name: "authorization", value: sender.authorization(for: target.origin, at: now)),
      (name: "content-encoding", value: "aes128gcm"),
      (name: "content-type", value: "application/octet-stream"),
      (name: "ttl", value: String(max(0, message.lifetime.microseconds / 1_000_000))),
      (name: "urgency", value: message.urgency.rawValue),
    ]
    if let topic = message.topic { headers.append((name: "topic", value: topic)) }
    // Steps of 256 bytes: the vendor sees who is told when, and not how much.
    let padding = min(PushSeal.longest, (message.bytes.count + 255) / 256 * 256)
    let answer: OutboundResponse
    do {
      answer = try await client.send(
        OutboundRequest(
          .post, target.endpoint, headers: headers,
          body: PushSeal.seal(message.bytes, for: target, padding: padding), maximumBody: 1 << 16,
          reach: target.origin == peer ? .anywhere : .publicOnly))
    } catch let error as OutboundError {
      switch error {
      case .closed: throw error
      case .privateAddress, .malformed: return .gone
      case .timedOut, .tooLarge, .unreachable, .untrusted: return .later(after: nil, reason: "\(error)")
      }
    }
    let words = String(answer.text.prefix(200))
    switch answer.status {
    case 200..<300: return .accepted
    case 404, 410: return .gone
    case 429, 500...:
      return .later(after: Self.wish(answer.header("retry-after")), reason: "\(answer.status) \(words)")
    default: return .refused(status: answer.status, reason: "\(answer.status) \(words)")
    }
  }

  /// Seconds; an hour at most, so that nobody stops our queue. Who says a date (RFC 9110, 10.2.3) gets our own back-off.
  static func wish(_ text: String?) -> Duration? {
    text.flatMap { Int($0) }.map { .seconds(min(max($0, 1), 3600)) }
  }
}
