/// The request methods the house knows (RFC 9110, section 9). Any other is answered 501.
package enum Method: String, Sendable, CaseIterable, Hashable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"
  /// Known, and allowed nowhere: 405.
  case trace = "TRACE"

  /// Whether it only reads. What is not safe needs proof that the person's own page sent it.
  package var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }
}
