/// The languages the house ships. A language says which catalogue is read and which way the page runs.
package enum Language: String, Hashable, Sendable, CaseIterable, Codable {
  case english = "en"
  case spanish = "es"
  case arabic = "ar"
  case urdu = "ur"
  /// English made long and accented, by the tag that CLDR has for it: what does not fit, or was never in a catalogue,
  /// is seen by whoever reads no other language. For builders and tests.
  case longEnglish = "en-XA"
  /// The same from right to left, for what does not mirror.
  case mirroredEnglish = "en-XB"

  /// The languages that people are offered.
  package static let allCases: [Language] = [.english, .spanish, .arabic, .urdu]
  /// Those that nobody speaks; without the words for them a site speaks English.
  package static let madeUp: [Language] = [.longEnglish, .mirroredEnglish]

  /// The language that people are offered by this name; nothing for another, a made-up one too.
  package init?(offered name: String) {
    guard let language = Self.allCases.first(where: { $0.rawValue.isSpelled(name) }) else { return nil }
    self = language
  }

  /// By its place: a raw value's enumeration is hashed by that, which is a text.
  package func hash(into hasher: inout Hasher) {
    switch self {
    case .english: hasher.combine(0)
    case .spanish: hasher.combine(1)
    case .arabic: hasher.combine(2)
    case .urdu: hasher.combine(3)
    case .longEnglish: hasher.combine(4)
    case .mirroredEnglish: hasher.combine(5)
    }
  }

  package var isRightToLeft: Bool { self == .arabic || self == .urdu || self == .mirroredEnglish }

  /// Whose dates, numbers and plurals it has.
  package var formatting: Language { Self.madeUp.contains(self) ? .english : self }

  /// The language's name in itself.
  package var ownName: String {
    switch self {
    case .english: "English"
    case .spanish: "Español"
    case .arabic: "العربية"
    case .urdu: "اردو"
    case .longEnglish: "Long English"
    case .mirroredEnglish: "Mirrored English"
    }
  }

  /// The best of ours for an `Accept-Language` header (RFC 9110, 12.5.4): highest quality first, the primary subtag decides.
  package static func preferred(acceptLanguage header: String) -> Language? {
    var best: (language: Language, quality: Double)?
    for entry in header.split(separator: ",").prefix(20) {
      let fields = entry.split(separator: ";")
      guard let whole = fields.first?.trimmingSpaces().lowercased(), let tag = whole.split(separator: "-").first
      else { continue }
      let own = madeUp.first { $0.rawValue.lowercased() == whole } ?? Language(rawValue: String(tag))
      guard let language = own else { continue }
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
