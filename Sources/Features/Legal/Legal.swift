package import Audit
package import Core
package import Postgres

/// The legal texts, for other rooms: what is in force, what was before, and how a new version comes.
package struct Legal: Sendable {
  let clock: WallClock

  package init(clock: WallClock) { self.clock = clock }

  /// What somebody agrees to who reads this language.
  package func inForce(for language: Language, in database: Database) async throws -> LegalSet {
    LegalSet(
      Dictionary(try await database.all(.inForce(for: language)).map { ($0.document, $0.id) }) { first, _ in first })
  }

  /// The newest of each document and language; what is missing was never written.
  package func newest(in database: Database) async throws -> [LegalVersionLine] { try await database.all(.newest) }

  package func newest(_ document: LegalDocument, _ language: Language, in database: Database) async throws
    -> LegalVersion?
  {
    try await database.first(.newest(document, language))
  }

  /// Newest first.
  package func history(_ document: LegalDocument, _ language: Language, in database: Database) async throws
    -> [LegalVersionLine]
  {
    try await database.all(.history(document, language))
  }

  /// Makes a version of a draft, in force from that moment. The same words again are no new version; words written over
  /// an older version than the newest are refused, so that nobody's are lost unseen.
  package func publish(_ draft: LegalDraft, by author: ID<User>, _ origin: AuditOrigin, in database: Database)
    async throws
  {
    do {
      try await database.transaction { tx in
        switch draft.judged(after: try await tx.first(.newest(draft.document, draft.language))) {
        case .stands: return
        case .overtaken: throw LegalDraft.Refusal.overtaken
        case .next(let number):
          try await tx.run(.insert(.new(), draft, number: number, by: author, at: clock.now))
          try await AuditLog(clock: clock).record(
            .settingChanged, by: origin, on: .setting("legal"),
            [
              "setting": draft.document.rawValue, "language": draft.language.rawValue, "version": String(number),
            ], in: tx)
        }
      }
    } catch let error as PostgresError where error.constraint == "one_legal_version_per_number" {
      // Both read the same newest one. By now the other's stands: the same words are well, others come too late.
      guard try await newest(draft.document, draft.language, in: database)?.words == draft.words else {
        throw LegalDraft.Refusal.overtaken
      }
    }
  }
}
