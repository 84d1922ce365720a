package import Core

/// A cookie to be set. Always `HttpOnly`, `SameSite=Lax` and for the whole site; on an https site also `Secure`, and
/// its name gets the `__Host-` prefix, so that no neighbouring domain can plant one (RFC 6265bis, 4.1.3).
package struct Cookie: Sendable, Equatable {
  package var name: String
  package var value: String
  /// How long the browser keeps it; nil: until it is closed.
  package var maxAge: Duration?

  /// The value is sent as it is: letters, digits and `-._~` are safe everywhere.
  package init(_ name: String, _ value: String, maxAge: Duration? = nil) {
    self.name = name
    self.value = value
    self.maxAge = maxAge
  }

  /// Takes a cookie away.
  package static func expired(_ name: String) -> Cookie { Cookie(name, "", maxAge: .seconds(0)) }

  /// The `Set-Cookie` value.
  package func text(secure: Bool) -> String {
    var out = (secure ? "__Host-" : "") + name + "=" + Self.safe(value) + "; Path=/; HttpOnly; SameSite=Lax"
    if let maxAge { out += "; Max-Age=\(maxAge.microseconds / 1_000_000)" }
    if secure { out += "; Secure" }
    return out
  }

  /// Without what would end the value or begin another attribute.
  private static func safe(_ value: String) -> String {
    if value.utf8.allSatisfy(isCookieOctet) { return value }
    return PercentEncoding.encode(value)
  }

  /// cookie-octet of RFC 6265, 4.1.1.
  private static func isCookieOctet(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",") && byte != UInt8(ascii: ";")
      && byte != UInt8(ascii: "\\")
  }
}

/// The cookies a request brought.
package struct Cookies: Sendable {
  let headers: [String]
  /// On an https site only cookies with the `__Host-` prefix count.
  let secure: Bool

  /// The value of that name (without prefix). When it was sent twice, nothing: one of the two is not ours. By bytes, as
  /// browsers read what they are told to keep: U+037E equals a semicolon as a `Character`, and behind one a neighbouring
  /// site could write a name that browsers let nobody but us set.
  package subscript(name: String) -> String? {
    let wanted = secure ? "__Host-" + name : name
    var found: String?
    for header in headers {
      for pair in header.pieces(at: ";") {
        let pair = pair.utf8.drop { $0 == UInt8(ascii: " ") }
        guard let sign = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<sign].elementsEqual(wanted.utf8) else {
          continue
        }
        if found != nil { return nil }
        found = String(Substring(pair[pair.index(after: sign)...]))
      }
    }
    return found
  }
}
