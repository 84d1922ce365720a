import Core

/// Another site, as browsers name one: `https://school.example`, with its port when that is not the usual one. It is put
/// into a header field that decides who may frame us, so it is nothing but letters, digits, dots and hyphens.
struct SiteOrigin: Hashable, Sendable {
  let text: String

  enum Refusal: String, Error, Equatable { case missing, malformed, insecure, tooMany }

  /// As many an owner may allow.
  static let most = 20

  /// Reads what is copied from an address bar: what follows the host is left out, capitals become small. A site without
  /// encryption may be this machine only: on any other network whoever stands between could put us into a page.
  init(typed words: String) throws(Refusal) {
    let words = words.trimmingSpaces()
    guard !words.isEmpty else { throw .missing }
    guard words.utf8.count <= 2000, words.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { throw .malformed }
    var rest = Substring(words.lowercased())
    let isPlain: Bool
    if rest.utf8.starts(with: "https://".utf8) {
      isPlain = false
      rest = rest.dropFirst(8)
    } else if rest.utf8.starts(with: "http://".utf8) {
      isPlain = true
      rest = rest.dropFirst(7)
    } else {
      guard !rest.utf8.contains(UInt8(ascii: ":")) || Self.hasPortOnly(rest) else { throw .malformed }
      isPlain = false
    }
    let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, Self.isHost(name) else { throw .malformed }
    var port = ""
    if parts.count == 2 {
      guard let number = Int(parts[1]), (1...65_535).contains(number), parts[1].utf8.allSatisfy(Self.isDigit) else {
        throw .malformed
      }
      port = number == (isPlain ? 80 : 443) ? "" : ":\(number)"
    }
    guard !isPlain || name == "localhost" || name == "127.0.0.1" else { throw .insecure }
    text = (isPlain ? "http://" : "https://") + name + port
  }

  init(stored text: String) { self.text = text }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// `school.example:8443/page`: a host and its port, not a scheme.
  private static func hasPortOnly(_ text: Substring) -> Bool {
    let tail = text.drop { $0 != ":" }.dropFirst().prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    return !tail.isEmpty && tail.utf8.allSatisfy(isDigit)
  }

  /// Labels of letters, digits and hyphens (RFC 1123, 2.1), a dot among them or the machine itself. Names in other scripts
  /// come as browsers send them: `xn--…`.
  private static func isHost(_ name: Substring) -> Bool {
    guard (1...253).contains(name.utf8.count) else { return false }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count > 1 || name == "localhost" else { return false }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.utf8.first != 45 && label.utf8.last != 45
        && label.utf8.allSatisfy { isDigit($0) || (97...122).contains($0) || $0 == 45 }
    }
  }
}

/// Who may frame what, for the whole site: the operator's word, above what owners allow.
package enum EmbeddingRule: String, Sendable, CaseIterable {
  /// The origins that the tutor or an administrator named.
  case listed
  /// Every site.
  case any
  /// None; the addresses lead to the pages themselves.
  case off
}
