package import Core
package import Site
package import Web

/// Who is let through before any handler runs: nobody but administrators while the site rests; to administration only
/// those who come from where it is open, and with the second proof where that is asked for.
package struct AdministrationDoor: Sendable {
  let open: [AddressRange]
  let needsSecondFactor: Bool
  let maintenance: Maintenance
  let site: Site

  /// - Parameter open: from where administration is reached; nothing means from everywhere.
  package init(open: [AddressRange], needsSecondFactor: Bool, maintenance: Maintenance, site: Site) {
    self.open = open
    self.needsSecondFactor = needsSecondFactor
    self.maintenance = maintenance
    self.site = site
  }

  /// An answer that stands instead of the handler's, a refusal, or nothing.
  package func judge(_ request: Request, _ route: Route) async throws -> Response? {
    if Self.isAdministration(route) {
      guard open.isEmpty || open.contains(where: { $0.contains(request.address) }) else {
        throw Problem(
          403, site.context(for: request).t("admin.notFromHere", address: request.address), kind: "address_not_allowed")
      }
      if needsSecondFactor, let identity = request.identity, !identity.hasSecondFactor,
        identity.roles.contains(where: \.isStaff)
      {
        guard !request.prefersJSON else {
          throw Problem(403, site.context(for: request).t("admin.needsFactor"), kind: "second_factor_required")
        }
        return .see(Doors.security() + "?saved=required")
      }
    }
    guard let notice = try await maintenance.notice(), !Self.passesAlways(route),
      request.identity?.roles.contains(.admin) != true
    else { return nil }
    throw Problem(
      503, notice.sentence, kind: "maintenance",
      retryAfter: notice.minutes * 60)
  }

  /// What administrators alone may use: known by who it is for, and by where it stands.
  static func isAdministration(_ route: Route) -> Bool {
    route.viewer == "Administrator" || route.viewer == "Staff"
      || ["/admin", "/api/admin", "/api/dashboard/admin"].contains { isBelow($0, route.template) }
  }

  /// The way in for administrators, what watches the machine, and lessons that are being held: their sockets and what
  /// their page asks for.
  private static func passesAlways(_ route: Route) -> Bool {
    route.kind == .socket
      || [
        "/sign-in", "/sign-out", "/language", "/healthz", "/readyz", "/lessons/:booking/room", "/api/auth/login",
        "/api/auth/logout", "/api/token", "/api/ws-ticket",
      ].contains { isBelow($0, route.template) }
  }

  /// Whether it is that address or one below it. Asked for every request: nothing is allocated.
  private static func isBelow(_ prefix: String, _ template: String) -> Bool {
    let (prefix, template) = (prefix.utf8, template.utf8)
    guard template.starts(with: prefix) else { return false }
    let rest = template.dropFirst(prefix.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "/")
  }
}
