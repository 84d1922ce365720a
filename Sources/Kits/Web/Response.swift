import Core
import Crypto
package import HTML
package import JSON

/// What a request is answered with. Security headers, cookies' attributes, the request's id and the log line are
/// added by the ``RouteTable`` on the way out; a handler only says what it means.
package struct Response: Sendable {
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// A stretch of a file, sent by the kernel without passing through us.
    case file(OpenFile, offset: Int, length: Int)
    /// Bytes that live as long as the process, shared by every answer.
    case shared(SharedBytes)
    /// Bytes that are made while they are sent; see ``stream(_:type:within:_:)``.
    case stream(StreamedBody)
  }

  package var status: Int
  /// Lower-case names. ``with(header:_:)`` replaces.
  package var headers: [(name: String, value: String)]
  package var cookies: [Cookie] = []
  package var body: Body
  /// What else this page may load; see ``ForeignContent``.
  package var foreign: ForeignContent?
  /// What this page may do that others may not; see ``PageRights``.
  package var rights = PageRights()
  /// Of a page that holds one `<style>`: the SHA-256 of what stands in it, in Base64. The policy lets in this one only.
  package var styleDigest: String?

  package init(_ status: Int, headers: [(name: String, value: String)] = [], body: Body = .none) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A page.
  package static func html(_ html: HTML, status: Int = 200) -> Response {
    .bytes(html.bytes, type: "text/html; charset=utf-8", status: status)
  }

  package static func text(_ text: String, status: Int = 200) -> Response {
    .bytes(Array(text.utf8), type: "text/plain; charset=utf-8", status: status)
  }

  package static func bytes(_ bytes: [UInt8], type: String, status: Int = 200) -> Response {
    Response(status, headers: [("content-type", type)], body: .bytes(bytes))
  }

  /// JSON written straight into bytes.
  package static func json(_ status: Int = 200, _ write: (inout JSONWriter) throws -> Void) rethrows -> Response {
    .bytes(try JSONWriter.bytes(write), type: "application/json", status: status)
  }

  package static func json(_ status: Int = 200, _ value: some JSONWritable) -> Response {
    .json(status) { $0.write(value) }
  }

  /// 204.
  package static let nothing = Response(204)

  /// 303 to an address of this site, after a form. Any other address leads home: nobody's input can send a person
  /// elsewhere.
  package static func see(_ address: String) -> Response {
    Response(303, headers: [("location", LocalAddress.read(address) ?? "/")])
  }

  /// 303 to another site that the program itself chose (a payment page, a sign-in provider).
  package static func away(_ address: String) -> Response {
    precondition(address.hasPrefix("https://") || address.hasPrefix("http://"), "an absolute address is needed")
    return Response(303, headers: [("location", LocalAddress.withoutControls(address))])
  }

  /// 308: the thing has moved for good, to an address of this site.
  package static func moved(_ address: String) -> Response {
    Response(308, headers: [("location", LocalAddress.read(address) ?? "/")])
  }

  /// A refusal in the form the client reads; see ``Problem``.
  package static func problem(_ problem: Problem, for request: Request) -> Response { problem.document(for: request) }

  /// The first header of that name (lower case).
  package func header(_ name: String) -> String? { headers.first { Self.isSame($0.name, name) }?.value }

  /// Whether two names are one. They are plain ASCII, so their lengths tell most of them apart.
  private static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.count == b.utf8.count && a == b }

  package func with(header name: String, _ value: String) -> Response {
    var copy = self
    copy.set(name, value)
    return copy
  }

  package func with(rights: PageRights) -> Response {
    var copy = self
    copy.rights = rights
    return copy
  }

  package func with(cookie: Cookie) -> Response {
    var copy = self
    copy.cookies.append(cookie)
    return copy
  }

  /// Keeps browsers from keeping it; for what must not be shown again from a cache.
  package var unstored: Response { with(header: "cache-control", "no-store") }

  /// With an `ETag` of its bytes; or 304 without them when the client has the same already.
  package func tagged(for request: Request) -> Response {
    guard status == 200, request.method == .get || request.method == .head, case .bytes(let bytes) = body else {
      return self
    }
    let tag = "\"" + Base64.url(SHA256.hash(bytes).prefix(12)) + "\""
    var tagged = tagged(tag)
    guard request.holds(tag) else { return tagged }
    tagged.status = 304
    tagged.body = .none
    tagged.headers.removeAll { $0.name == "content-type" }
    return tagged
  }

  /// With a validator that was known before the body was made.
  package func tagged(_ tag: String) -> Response {
    var tagged = with(header: "etag", tag)
    tagged.setIfMissing("cache-control", "private, no-cache")
    return tagged
  }

  /// 304: what the client holds under that tag still stands.
  package static func unchanged(_ tag: String) -> Response { Response(304).tagged(tag) }

  mutating func set(_ name: String, _ value: String) {
    headers.removeAll { Self.isSame($0.name, name) }
    headers.append((name, value))
  }

  mutating func setIfMissing(_ name: String, _ value: String) {
    if header(name) == nil { headers.append((name, value)) }
  }

  /// How many bytes the body has; a streamed one has none before it is made.
  package var length: Int {
    switch body {
    case .none: 0
    case .bytes(let bytes): bytes.count
    case .file(_, _, let length): length
    case .shared(let bytes): bytes.count
    case .stream: 0
    }
  }

  /// The body in memory, for tests. A file is read.
  package var content: [UInt8] {
    switch body {
    case .none: []
    case .bytes(let bytes): bytes
    case .file(let file, let offset, let length): file.read(offset: offset, length: length)
    case .shared(let bytes): bytes.array
    case .stream: []
    }
  }

  /// The body as text, for tests.
  package var text: String { String(decoding: content, as: UTF8.self) }
}

/// Addresses that cannot lead away from this site.
package enum LocalAddress {
  /// The address as it was, when it is a path of this site; nothing when it is another host's (`//host`, `/\host`,
  /// `https:…`), or when it holds control characters that a browser would drop before reading it.
  package static func read(_ text: String?) -> String? {
    guard let text, text.utf8.count <= 2000 else { return nil }
    var bytes = text.utf8.makeIterator()
    guard bytes.next() == UInt8(ascii: "/") else { return nil }
    let second = bytes.next()
    guard second != UInt8(ascii: "/"), second != UInt8(ascii: "\\") else { return nil }
    guard text.utf8.allSatisfy({ $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "\\") }) else { return nil }
    return text
  }

  static func withoutControls(_ text: String) -> String {
    String(decoding: text.utf8.filter { $0 > 32 && $0 != 127 }, as: UTF8.self)
  }
}

/// Comparing validators (RFC 9110, 8.8.3.2 and 13.1).
enum Validator {
  /// Whether `If-None-Match` names the tag, compared weakly.
  static func matches(_ header: String, _ tag: String) -> Bool {
    let plain = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
    for entry in header.split(separator: ",") {
      let entry = entry.trimmingSpaces()
      if entry == "*" { return true }
      if (entry.hasPrefix("W/") ? entry.dropFirst(2) : entry[...]) == plain { return true }
    }
    return false
  }
}
