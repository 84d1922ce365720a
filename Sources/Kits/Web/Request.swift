package import Core
import Glibc
package import JSON

/// One request, read and checked: everything a handler may know of it.
package struct Request: Sendable {
  /// What was sent and stays as it is, shared by the copies that a request is passed on in.
  private final class Head: Sendable {
    let id: String
    let path: String
    let segments: [String]
    let queryText: String
    let query: Fields
    let headers: Headers

    init(id: String, path: String, segments: [String], queryText: String, query: Fields, headers: Headers) {
      self.id = id
      self.path = path
      self.segments = segments
      self.queryText = queryText
      self.query = query
      self.headers = headers
    }
  }

  private let head: Head
  package let method: Method
  /// The house's own number of it; stands in logs, problem documents and the `x-request-id` header.
  package var id: String { head.id }
  /// As it was sent, without the query.
  package var path: String { head.path }
  /// The path's segments, percent-decoded; a trailing slash makes none.
  package var segments: [String] { head.segments }
  /// As it was sent, without the question mark.
  package var queryText: String { head.queryText }
  package var query: Fields { head.query }
  package var headers: Headers { head.headers }
  /// The client's IP address: the peer's, or what a trusted proxy says.
  package internal(set) var address: String
  /// What came, unless it was a multipart form or an upload.
  package internal(set) var body: [UInt8]
  /// The texts of a form, urlencoded or multipart.
  package internal(set) var form = Fields()
  /// The files of a multipart form; or the one body of an upload route, whose field is `body`.
  package internal(set) var files: [UploadedFile] = []
  /// Who asks; nil for guests and on routes that do not ask.
  package internal(set) var identity: Identity?
  /// The language of the answer's sentences: the person's, a cookie's, the browser's, the site's.
  package internal(set) var language = Language.english
  /// The IANA zone of the answer's times: the person's, a cookie's, the site's.
  package internal(set) var zone = "UTC"
  /// Whether problems are told in JSON.
  package internal(set) var isAPI: Bool
  /// Whether the site is reached by https.
  package internal(set) var isSecure = false
  /// The template of the route that answers, such as `/tutors/:slug`; empty when there is none.
  package internal(set) var route = ""

  var isMalformed = false
  /// The body as its contract has read it, so that the handler need not.
  var document: JSON?
  var ticket: FormTicket?

  /// A request as it stands in tests and at the server's door. `target` is path and query as sent.
  package init(
    _ method: Method, _ target: String, headers: Headers = Headers(), body: [UInt8] = [], address: String = "127.0.0.1"
  ) {
    self.method = method
    self.body = body
    self.address = address
    let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    let path = mark == target.endIndex ? target : String(target[..<mark])
    let queryText = mark == target.endIndex ? "" : String(target[target.utf8.index(after: mark)...])
    isAPI = path.begins("/api/") || path == "/api"
    var segments: [String] = []
    var isSound = path.utf8.first == UInt8(ascii: "/")
    segments.reserveCapacity(4)
    var bytes = path
    bytes.withUTF8 { bytes in
      var start = 0
      while start <= bytes.count {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        defer { start = end + 1 }
        if start == end {
          // The first is what stands before the leading slash, the last what follows a trailing one.
          if start != 0, end != bytes.count { isSound = false }
        } else if let text = PercentEncoding.decode(bytes[start..<end]), text != ".", text != ".." {
          segments.append(text)
        } else {
          isSound = false
        }
      }
    }
    let query = queryText.isEmpty ? Fields() : Fields(urlencoded: queryText.utf8)
    isMalformed = !isSound || query == nil
    head = Head(
      id: RequestNumber.next(), path: path, segments: segments, queryText: queryText, query: query ?? Fields(),
      headers: headers)
  }

  /// What one client is taken to be where things are counted: an IPv4 address, or the /64 a household is given.
  package var addressKey: String { Address.rateKey(address) }

  /// The first header of that name.
  package func header(_ name: String) -> String? { headers[name] }

  /// The token of `Authorization: Bearer` (RFC 6750, 2.1); nothing when there is none, or a proof of another kind.
  package var bearer: String? {
    guard var field = header("authorization") else { return nil }
    let scheme: StaticString = "bearer "
    let length = scheme.utf8CodeUnitCount
    return field.withUTF8 { bytes in
      guard bytes.count > length, (0..<length).allSatisfy({ bytes[$0] | 32 == scheme.utf8Start[$0] }) else {
        return nil
      }
      return String(decoding: bytes[length...], as: UTF8.self).trimmingSpaces()
    }
  }

  package var cookies: Cookies { Cookies(headers: headers.all("cookie"), secure: isSecure) }

  /// The body as JSON. A body that is none is the client's mistake: 400 with the place.
  package func json() throws -> JSON {
    if let document { return document }
    guard !body.isEmpty else { throw Problem(400, "The body is empty; JSON was expected.") }
    do { return try JSON.read(body) } catch { throw Problem(400, "The body is not JSON: \(error)") }
  }

  /// The body as JSON of a known shape.
  package func json<T: Decodable>(as type: T.Type) throws -> T {
    let value = try json()
    do { return try value.decode(type) } catch let error as DecodingError {
      throw Problem(400, Self.sentence(error))
    }
  }

  /// The token every form of the site sends back in its field `_csrf`, or a script in the header `x-csrf-token`.
  /// Asking for it gives a guest a cookie, so ask only where there is a form.
  package var csrf: String { ticket?.token(for: identity) ?? "" }

  /// The same, asked for later: for a page that may or may not turn out to hold a form.
  package var csrfSource: @Sendable () -> String {
    { [ticket, identity] in ticket?.token(for: identity) ?? "" }
  }

  /// Path and query, as an address to come back to.
  package var target: String { queryText.isEmpty ? path : path + "?" + queryText }

  /// Whether the client holds what has this `ETag` already (`If-None-Match`), so that ``Response/unchanged(_:)`` says it
  /// all.
  package func holds(_ tag: String) -> Bool {
    guard method == .get || method == .head, let wanted = header("if-none-match") else { return false }
    return Validator.matches(wanted, tag)
  }

  /// Whether the client would rather read JSON than a page.
  package var prefersJSON: Bool {
    if isAPI { return true }
    guard let accept = headers["accept"] else { return false }
    return (accept.contains("application/json") || accept.contains("application/problem+json"))
      && !accept.contains("text/html")
  }

  private static func sentence(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String { path.map { $0.stringValue }.joined(separator: ".") }
    switch error {
    case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing."
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context.codingPath)) has the wrong type."
    case .dataCorrupted(let context): return "\(place(context.codingPath)): \(context.debugDescription)."
    @unknown default: return "The body has the wrong shape."
    }
  }
}

/// A file that came with a form, on disk until the last one who holds this lets go.
package struct UploadedFile: Sendable {
  /// The form's field.
  package let field: String
  /// What the sender calls it: the last component only, without control characters. Never a path.
  package let filename: String
  /// What the sender says it is. Look into the file before believing it.
  package let declaredType: String
  /// Bytes.
  package let size: Int
  /// Where it lies. Move or copy it to keep it.
  package var path: String { file.path }
  let file: TemporaryFile
}
