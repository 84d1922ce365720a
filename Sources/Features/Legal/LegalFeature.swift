package import Core
package import Platform
package import Postgres
package import Site
package import Web

/// Everybody reads what they agree to and what is done with what they leave here.
///
/// Owns `legal_versions`. Administrators write them through ``Legal`` on a screen of theirs; who agreed to what is kept
/// with the account.
package struct LegalFeature: Feature {
  let database: Database
  let site: Site
  let standard: StandardText

  package init(database: Database, site: Site, standard: StandardText) {
    self.database = database
    self.site = site
    self.standard = standard
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.terms, as: Guest.self, terms)
    routes.on(.get, Doors.privacy, as: Guest.self, privacy)
  }

  func terms(_ request: Request, guest: Guest) async throws -> Response { try await show(.terms, request) }
  func privacy(_ request: Request, guest: Guest) async throws -> Response { try await show(.privacy, request) }

  /// The version in force, or with `?version=` an earlier one: what somebody agreed to can be read for good.
  private func show(_ document: LegalDocument, _ request: Request) async throws -> Response {
    let current = try await database.first(.inForce(document, for: site.context(for: request).language))
    let asked = request.query.text("version")
    var shown = current
    if asked == "standard" {
      shown = nil
    } else if !asked.isEmpty {
      guard let id = ID<LegalVersion>(asked), let found = try await database.first(.version(id, of: document)) else {
        throw Failure.notFound
      }
      shown = found
    }
    // Of the language that is shown, one version is in force, whoever reads it.
    var history: [LegalVersionLine] = []
    if let shown { history = try await database.all(.history(document, shown.language)) }
    return site.page(
      LegalPage(
        document: document, version: shown, isInForce: shown == nil ? current == nil : history.first?.id == shown?.id,
        others: history.filter { $0.id != shown?.id }, standard: standard), for: request)
  }
}
