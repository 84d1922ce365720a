import Core
import JSON
package import Platform
package import Site
package import Web

/// The published API, described: a document for programs and a page for people.
///
/// Owns nothing, and knows no other feature: it reads the contracts of the routes declared before it, so it stands last
/// among the features. What it says cannot drift from what is answered, because requests are held against the same
/// contracts.
package struct OpenAPIFeature: Feature {
  static let document = Path("/api/openapi.json")
  static let docs = Path("/api/docs/")

  let site: Site

  package init(site: Site) { self.site = site }

  package func routes(_ routes: inout Routes) {
    let itself = Contract("This document.", gives: 200, .map(.anything))
    let described = routes.all.filter { $0.kind == .api && $0.template.hasPrefix("/api/") }
    let document = OpenAPIDocument(of: described, name: site.name, url: site.url)
    let bytes = document.json.bytes
    let page = DocsPage(groups: document.groups)
    routes.api(.get, Self.document, as: Guest.self, itself) { request, _ in
      Response.bytes(bytes, type: "application/json").tagged(for: request)
    }
    routes.on(.get, Self.docs, as: Guest.self) { [site] request, _ in site.page(page, for: request) }
  }
}
