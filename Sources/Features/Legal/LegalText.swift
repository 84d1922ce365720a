package import Core

/// The two texts that stand behind the box of the registration form.
package enum LegalDocument: String, CaseIterable, Sendable {
  /// What one agrees to.
  case terms
  /// What is done with what one leaves here.
  case privacy
}

/// A text as it was published. It never changes.
package struct LegalVersion: Equatable, Sendable {
  package let id: ID<LegalVersion>
  package let document: LegalDocument
  package let language: Language
  /// From one, by document and language.
  package let number: Int
  /// Markdown.
  package let words: String
  package let publishedAt: Instant
}

/// What an administrator would publish. `base` is the version that stood on the screen; none is zero.
package struct LegalDraft: Equatable, Sendable {
  /// Characters as the database counts them.
  package static let longest = 60_000

  package let document: LegalDocument
  package let language: Language
  package let words: String
  package let base: Int

  package enum Refusal: String, Error, Equatable { case missing, tooLong, overtaken }

  /// Forms send the ends of lines as two characters; one is kept.
  package init(_ document: LegalDocument, _ language: Language, words: String, base: Int) throws(Refusal) {
    let words = words.replacing("\r\n", with: "\n").trimmingSpaces()
    guard !words.isEmpty else { throw .missing }
    guard words.unicodeScalars.count <= Self.longest else { throw .tooLong }
    self.document = document
    self.language = language
    self.words = words
    self.base = base
  }

  enum Verdict: Equatable {
    /// It becomes the version of this number.
    case next(Int)
    /// It stands already: sent twice, or nothing was changed.
    case stands
    /// Somebody else published meanwhile.
    case overtaken
  }

  func judged(after newest: LegalVersion?) -> Verdict {
    if newest?.words == words { return .stands }
    let number = newest?.number ?? 0
    return number == base ? .next(number + 1) : .overtaken
  }
}

/// What is in force for a reader, as it stood on their screen: by document a version, or none for the standard text.
package struct LegalSet: Equatable, Sendable {
  package let versions: [LegalDocument: ID<LegalVersion>]

  package init(_ versions: [LegalDocument: ID<LegalVersion>] = [:]) { self.versions = versions }

  /// For a form's hidden field: the same as long as nothing new is published.
  package var mark: String {
    LegalDocument.allCases.map { versions[$0]?.description ?? "standard" }.joined(separator: " ")
  }
}
