import CCurl
import Core

/// A request to somebody else's server.
package struct OutboundRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  /// Who may be on the other end.
  package enum Reach: Sendable {
    /// Any address: for services the operator has configured.
    case anywhere
    /// Public addresses only, judged when connecting: for addresses that people typed, such as webhook targets.
    case publicOnly
  }

  package var method: Method
  /// `http` or `https`; anything else is refused.
  package var url: String
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// For the whole exchange.
  package var timeout: Duration
  /// In bytes; a longer answer is refused.
  package var maximumBody: Int
  package var reach: Reach
  /// How many redirects are followed. None unless asked.
  package var redirects: Int

  package init(
    _ method: Method = .get, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    timeout: Duration = .seconds(10), maximumBody: Int = 1 << 20, reach: Reach = .anywhere, redirects: Int = 0
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.maximumBody = maximumBody
    self.reach = reach
    self.redirects = redirects
  }
}

/// What came back; of a redirected request the last answer.
package struct OutboundResponse: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package var isSuccess: Bool { (200..<300).contains(status) }
  package var text: String { String(decoding: body, as: UTF8.self) }

  /// The first header of that name, in any case.
  package func header(_ name: String) -> String? {
    let name = name.lowercased()
    return headers.first { $0.name.lowercased() == name }?.value
  }
}

/// Why there is no answer. The reasons are curl's words, for logs and admins.
package enum OutboundError: Error, Equatable, Sendable {
  /// No `http` or `https` address, or a header that would break out of its line.
  case malformed
  /// The address is not a public one, and only those were allowed.
  case privateAddress
  /// The name does not resolve, nobody listens, or the connection broke.
  case unreachable(String)
  /// The other end cannot prove who it is.
  case untrusted(String)
  case timedOut
  case tooLarge
  /// We are shutting down.
  case closed
}

/// Speaks HTTP to others. Any status is an answer; only the lack of one throws.
package struct HTTPClient: Sendable {
  private let courier: Courier

  package init(_ courier: Courier) { self.courier = courier }

  /// Throws ``OutboundError``, or `CancellationError` when the task is cancelled, which ends the transfer at once.
  package func send(_ request: OutboundRequest) async throws -> OutboundResponse {
    guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      request.headers.allSatisfy({ Self.isSound($0.name, $0.value) })
    else { throw OutboundError.malformed }
    let transfer = Transfer(
      upload: request.body, maximumBody: request.maximumBody, publicOnly: request.reach == .publicOnly
    ) { transfer, easy in
      let curl = UnsafeMutableRawPointer(easy)
      tl_set_text(curl, CURLOPT_URL, request.url)
      tl_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
      tl_set_text(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
      tl_set_number(curl, CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0)
      tl_set_number(curl, CURLOPT_MAXREDIRS, request.redirects)
      tl_set_number(curl, CURLOPT_TIMEOUT_MS, max(1, Int(request.timeout.microseconds / 1000)))
      switch request.method {
      case .get: break
      case .head: tl_set_number(curl, CURLOPT_NOBODY, 1)
      case .post, .put, .patch, .delete:
        if request.method != .delete || !request.body.isEmpty {
          tl_set_number(curl, CURLOPT_POST, 1)
          tl_set_size(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        }
        tl_set_text(curl, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      }
      var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
      // Waiting for "100 Continue" costs a second with servers that never say it.
      lines.append("Expect:")
      let names = Set(request.headers.map { $0.name.lowercased() })
      if !names.contains("user-agent") { lines.append("User-Agent: TutaLink") }
      // curl would claim a form.
      if !names.contains("content-type") { lines.append("Content-Type:") }
      tl_set_list(curl, CURLOPT_HTTPHEADER, transfer.list(lines))
    }
    let result = try await courier.carry(transfer)
    guard result.code == CURLE_OK else { throw Self.error(of: result) }
    return OutboundResponse(status: result.status, headers: Self.headers(of: result.lines), body: result.body)
  }

  private static func error(of result: Transfer.Result) -> OutboundError {
    if result.wasTooLarge { return .tooLarge }
    if result.metPrivateAddress { return .privateAddress }
    return switch result.code {
    case CURLE_OPERATION_TIMEDOUT: .timedOut
    // The same code as for an address of another scheme: an answer that does not begin like one.
    case CURLE_UNSUPPORTED_PROTOCOL where result.reason.contains("HTTP/0.9"): .unreachable(result.reason)
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .malformed
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      .untrusted(result.reason)
    default: .unreachable(result.reason)
    }
  }

  /// Of the last head only: a redirect's or an interim answer's comes before it.
  private static func headers(of lines: [String]) -> [(name: String, value: String)] {
    let start = lines.lastIndex { $0.hasPrefix("HTTP/") } ?? 0
    return lines[start...].compactMap { line in
      guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("HTTP/") else { return nil }
      return (String(line[..<colon]), line[line.index(after: colon)...].trimmingSpaces())
    }
  }

  private static func isSound(_ name: String, _ value: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
      && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
  }
}
