import Core
import JSON
package import Platform
package import Site
package import Web

/// Tells people whether it is us: how each part of the site is, in plain words, from memory.
///
/// Owns nothing and reads nothing: what it tells is what ``Watch`` last saw, so that a dead database is told of as well as
/// a living one, and a crowd that asks costs nothing.
package struct StatusFeature: Feature {
  static let api = Path("/api/status/")

  let site: Site
  let watch: Watch

  package init(site: Site, watch: Watch) {
    self.site = site
    self.watch = watch
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.status, as: Guest.self, show)
    routes.api(.get, Self.api, as: Guest.self, .status, tell)
  }

  func show(_ request: Request, guest: Guest) async throws -> Response {
    site.page(StatusPage(report: Report(watch)), for: request).unstored
  }

  func tell(_ request: Request, guest: Guest) async throws -> Response {
    let report = Report(watch)
    return Response.json(200) { w in
      w.object { w in
        w.field("status", report.overall.rawValue)
        w.field("checked_at", report.at?.rfc3339)
        w.array("components", report.components) { w, component in
          w.object { w in
            w.field("name", component.name)
            w.field("status", component.condition.rawValue)
          }
        }
      }
    }.unstored
  }
}

/// What people are told; parts that nobody has set up are left out.
struct Report: Sendable {
  let at: Instant?
  let components: [(name: String, condition: Condition)]

  init(_ watch: Watch) {
    let sight = watch.sight
    self.init(
      at: sight.at,
      components: watch.components.map { ($0.name, sight.conditions[$0.name] ?? .off) })
  }

  init(at: Instant?, components: [(name: String, condition: Condition)]) {
    self.at = at
    self.components = components.filter { $0.condition != .off }
  }

  /// As bad as the worst part.
  var overall: Condition {
    if components.contains(where: { $0.condition == .down }) { return .down }
    return components.contains { $0.condition == .limited } ? .limited : .well
  }
}
