/// The languages the house ships. A language says which catalogue is read and which way the page runs.
package enum Language: String, Hashable, Sendable, CaseIterable, Codable {
  case english = "en"
  case spanish = "es"
  case arabic = "ar"
  case urdu = "ur"

  package var isRightToLeft: Bool { self == .arabic || self == .urdu }

  /// The language's name in itself.
  package var ownName: String {
    switch self {
    case .english: "English"
    case .spanish: "Español"
    case .arabic: "العربية"
    case .urdu: "اردو"
    }
  }

  /// The best of ours for an `Accept-Language` header (RFC 9110, 12.5.4): highest quality first, the primary subtag decides.
  package static func preferred(acceptLanguage header: String) -> Language? {
    var best: (language: Language, quality: Double)?
    for entry in header.split(separator: ",").prefix(20) {
      let fields = entry.split(separator: ";")
      guard let tag = fields.first?.split(separator: "-").first else { continue }
      guard let language = Language(rawValue: tag.trimmingSpaces().lowercased()) else { continue }
      var quality = 1.0
      for field in fields.dropFirst() {
        let text = field.trimmingSpaces()
        if text.hasPrefix("q=") { quality = Double(text.dropFirst(2)) ?? 0 }
      }
      if quality > 0, quality > best?.quality ?? 0 { best = (language, quality) }
    }
    return best?.language
  }
}

extension StringProtocol {
  /// The text without spaces, tabs and line ends at either end.
  package func trimmingSpaces() -> String {
    var scalars = Substring(self)
    while let first = scalars.first, first.isWhitespace { scalars.removeFirst() }
    while let last = scalars.last, last.isWhitespace { scalars.removeLast() }
    return String(scalars)
  }
}
