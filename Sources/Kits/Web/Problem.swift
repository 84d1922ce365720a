import Core
import HTML
package import JSON

/// A refusal with its HTTP status and a sentence (RFC 9457). Handlers throw ``Failure`` for the four ordinary ones, and
/// this where a status or fields must be named. One place turns both into a page or a document.
package struct Problem: Error, Sendable, Equatable {
  package var status: Int
  /// A name for programs, such as `slot_taken`; becomes the problem's `type`.
  package var kind: String?
  package var title: String
  package var detail: String
  /// Sentences by field, for 400 and 422.
  package var errors: [String: [String]]
  /// Further members of the document, such as what could be done instead.
  package var more: [String: JSON]
  /// After how many seconds to try again; for 429 and 503.
  package var retryAfter: Int?
  /// Further header fields of the answer.
  var headers: [Header] = []

  struct Header: Sendable, Equatable {
    var name: String
    var value: String
  }

  package init(
    _ status: Int, _ detail: String = "", title: String? = nil, kind: String? = nil, errors: [String: [String]] = [:],
    more: [String: JSON] = [:], retryAfter: Int? = nil
  ) {
    self.status = status
    self.kind = kind
    self.title = title ?? Self.title(of: status)
    self.detail = detail.isEmpty ? Self.sentence(for: status) : detail
    self.errors = errors
    self.more = more
    self.retryAfter = retryAfter
  }

  /// 422 with sentences by field.
  package static func invalid(_ errors: [String: [String]]) -> Problem { Problem(422, errors: errors) }

  static func title(of status: Int) -> String {
    switch status {
    case 400: "Bad request"
    case 401: "Sign in first"
    case 403: "Not allowed"
    case 404: "Not found"
    case 405: "Method not allowed"
    case 409: "Conflict"
    case 413: "Too large"
    case 415: "Unsupported type"
    case 416: "Range not satisfiable"
    case 422: "Not accepted"
    case 426: "Upgrade required"
    case 429: "Too many requests"
    case 431: "Headers too large"
    case 501: "Not implemented"
    case 503: "Unavailable"
    case 504: "Took too long"
    default: status < 500 ? "Refused" : "Something went wrong"
    }
  }

  static func sentence(for status: Int) -> String {
    switch status {
    case 400: "The request could not be understood."
    case 401: "Please sign in and try again."
    case 403: "You may not do this."
    case 404: "There is nothing at this address, or you may not see it."
    case 405: "This address does not answer that method."
    case 409: "Somebody else was first. Please look again."
    case 413: "What you sent is larger than allowed here."
    case 415: "This kind of content is not accepted here."
    case 422: "Some fields need another look."
    case 429: "That was a little fast. Please wait and try again."
    case 503: "We cannot do this right now. Please try again in a moment."
    case 504: "This took too long and was given up. Please try again."
    default: status < 500 ? "The request was refused." : "We have been told, and are sorry."
    }
  }

  /// The problem document. `type` is `about:blank` unless the problem has a name of its own.
  func document(for request: Request) -> Response {
    var response = Response.json(status) { w in
      w.object { w in
        w.field("type", kind.map { "urn:problem:" + $0 } ?? "about:blank")
        w.field("title", title)
        w.field("status", status)
        w.field("detail", detail)
        if let kind { w.field("code", kind) }
        if !errors.isEmpty {
          w.object("errors") { w in
            for (name, sentences) in errors.sorted(by: { $0.key < $1.key }) { w.field(named: name, sentences) }
          }
        }
        for (name, value) in more.sorted(by: { $0.key < $1.key }) { w.field(named: name, value) }
        w.field("request_id", request.id)
      }
    }
    response.set("content-type", "application/problem+json")
    return response
  }

  /// What is shown when the site gives no page of its own.
  static func plainPage(_ request: Request, _ problem: Problem) -> Response {
    .html(
      """
      <!doctype html><html lang="en"><head><meta charset="utf-8"><title>\(problem.title)</title></head>
      <body><h1>\(problem.title)</h1><p>\(problem.detail)</p><p>Request \(request.id)</p></body></html>
      """, status: problem.status)
  }
}

/// An error that knows how it is told outward; a feature's typed refusals may be one.
package protocol Explained: Error {
  var problem: Problem { get }
}
