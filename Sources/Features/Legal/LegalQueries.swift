package import Core
package import Postgres

// Owns legal_versions.

extension LegalVersion: RowDecodable {
  package init(row: inout RowReader) throws {
    id = try row.next()
    document = LegalDocument(rawValue: try row.next()) ?? .terms
    language = Language(offered: try row.next()) ?? .english
    number = try row.next()
    words = try row.next()
    publishedAt = try row.next()
  }
}

/// A version without its words.
package struct LegalVersionLine: RowDecodable, Equatable {
  package let id: ID<LegalVersion>
  package let document: LegalDocument
  package let language: Language
  package let number: Int
  package let publishedAt: Instant

  package init(row: inout RowReader) throws {
    id = try row.next()
    document = LegalDocument(rawValue: try row.next()) ?? .terms
    language = Language(offered: try row.next()) ?? .english
    number = try row.next()
    publishedAt = try row.next()
  }
}

extension Query where Row == LegalVersion {
  /// What is in force for readers of a language: theirs, else English, else the language that there is.
  static func inForce(_ document: LegalDocument, for language: Language) -> Self {
    Query(
      """
      select id, document, language, number, words, published_at from legal_versions where document = \(document.rawValue)
       order by language = \(language.formatting.rawValue) desc, language = 'en' desc, language, number desc limit 1
      """)
  }

  static func newest(_ document: LegalDocument, _ language: Language) -> Self {
    Query(
      """
      select id, document, language, number, words, published_at from legal_versions
       where document = \(document.rawValue) and language = \(language.rawValue) order by number desc limit 1
      """)
  }

  static func version(_ id: ID<LegalVersion>, of document: LegalDocument) -> Self {
    Query(
      """
      select id, document, language, number, words, published_at from legal_versions
       where id = \(id) and document = \(document.rawValue)
      """)
  }
}

extension Query where Row == LegalVersionLine {
  static func inForce(for language: Language) -> Self {
    Query(
      """
      select distinct on (document) id, document, language, number, published_at from legal_versions
       order by document, language = \(language.formatting.rawValue) desc, language = 'en' desc, language, number desc
      """)
  }

  /// The newest of each document and language.
  static var newest: Self {
    Query(
      """
      select distinct on (document, language) id, document, language, number, published_at from legal_versions
       order by document, language, number desc
      """)
  }

  /// Newest first.
  static func history(_ document: LegalDocument, _ language: Language) -> Self {
    Query(
      """
      select id, document, language, number, published_at from legal_versions
       where document = \(document.rawValue) and language = \(language.rawValue) order by number desc limit 100
      """)
  }
}

extension Query<Void> {
  static func insert(
    _ id: ID<LegalVersion>, _ draft: LegalDraft, number: Int, by author: ID<User>, at now: Instant
  ) -> Self {
    Query(
      """
      insert into legal_versions (id, document, language, number, words, author_id, published_at)
      values (\(id), \(draft.document.rawValue), \(draft.language.rawValue), \(number), \(draft.words), \(author), \(now))
      """)
  }
}
