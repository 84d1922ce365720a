import Core
import Testing
import Web

@testable import tutalink

// The authorization matrix: every route of the running house × every role × own and foreign things, through the real
// server, on a real database. What is expected is said in `Access.table`, and nowhere else.
@Suite struct AccessTests {
  private static func key(_ route: Route) -> String {
    (route.kind == .socket ? "SOCKET" : route.method.rawValue) + " " + route.template
  }

  @Test func `every route says who may reach it, and nothing else is listed`() async throws {
    try await World.with { world in
      let routes = Set(world.house.table.listing.map(Self.key))
      let missing = routes.subtracting(Access.table.keys), gone = Set(Access.table.keys).subtracting(routes)
      #expect(missing.isEmpty, "say in Access.table who may reach these: \(missing.sorted())")
      #expect(gone.isEmpty, "Access.table lists routes that are gone: \(gone.sorted())")
      for route in world.house.table.listing {
        guard let access = Access.table[Self.key(route)] else { continue }
        let viewer =
          switch access.who {
          case .everyone: "Guest"
          case .members: "Member"
          case .tutors: "Tutor"
          case .administrators: "Administrator"
          }
        #expect(route.viewer == viewer, "\(Self.key(route)) is declared for another viewer than the table says")
      }
    }
  }

  @Test func `nobody reaches what is not theirs, and a refused request changes nothing`() async throws {
    try await World.with { world in
      for route in world.house.table.listing {
        guard let access = Access.table[Self.key(route)] else { continue }
        let isRead = route.method == .get
        let parts = try await world.make(access.thing, for: .learner) + access.parts
        var before = isRead ? [] : try await world.store()
        func stays(_ what: String) async throws {
          guard !isRead else { return }
          let after = try await world.store()
          let isSame = after == before
          #expect(isSame, "\(what) changed \(zip(before, after).filter { $0 != $1 }.map(\.0))")
          before = after
        }
        for role in Access.Role.allCases {
          let expected = Expected(access, role, route)
          guard expected != .reached else { continue }
          let what = "\(role.rawValue): \(Self.key(route))"
          let answer = try await world.ask(route, at: Self.address(route, parts), as: role, access)
          let fits = expected.fits(answer, route)
          #expect(fits, "\(what) answered \(answer), not \(expected)")
          try await stays(what)
          guard expected == .absent || expected == .unmoved else { continue }
          let nothing = try await world.ask(
            route, at: Self.address(route, world.absent(access.thing)), as: role, access)
          let isSame = answer.status == nothing.status && answer.detail == nothing.detail
          #expect(
            isSame, "\(what) tells a foreign thing (\(answer)) from none (\(nothing))")
          try await stays(what)
        }
      }
    }
  }

  @Test func `whom a route is for reaches it, and no request is a mistake of ours`() async throws {
    try await World.with { world in
      let ending = ["POST /account/sessions", "POST /api/auth/logout/", "POST /sign-out"]
      for role in Access.Role.allCases {
        for route in world.house.table.listing {
          guard let access = Access.table[Self.key(route)], Expected(access, role, route) == .reached else { continue }
          let parts = try await world.make(access.thing, for: role) + access.parts
          let answer = try await world.ask(route, at: Self.address(route, parts), as: role, access)
          if ending.contains(Self.key(route)) { try await world.renew() }
          let what = "\(role.rawValue): \(Self.key(route)) answered \(answer)"
          #expect(answer.status < 500, "\(what)")
          guard access.who != .everyone || access.thing != .none else { continue }
          #expect(answer.status != 401 && !answer.location.hasPrefix("/sign-in"), "\(what)")
          #expect(answer.status != 404 || !access.parts.isEmpty || access.json != nil, "\(what)")
          #expect(answer.status != 403, "\(what)")
          #expect(![4401, 4403, 4404].contains(answer.status), "\(what)")
        }
      }
    }
  }

  @Test func `the browser's cookie alone changes nothing`() async throws {
    try await World.with { world in
      for route in world.house.table.listing where !route.method.isSafe && route.kind != .socket {
        guard let access = Access.table[Self.key(route)], route.contract?.isSigned != true, !access.isByAddress
        else { continue }
        let role: Access.Role =
          access.thing.owners.contains(.learner) || access.who == .everyone || access.who == .members
          ? .learner : access.who == .tutors ? .tutor : .administrator
        let parts = try await world.make(access.thing, for: role) + access.parts
        let before = try await world.store()
        let answer = try await world.ask(route, at: Self.address(route, parts), as: role, access, by: .cookieAlone)
        #expect(answer.status == 403, "\(Self.key(route)) without the form's token answered \(answer)")
        let changed = zip(before, try await world.store()).filter { $0 != $1 }.map(\.0)
        #expect(changed.isEmpty, "\(Self.key(route)) changed something without the form's token")
        guard route.kind == .page else { continue }
        let guest = try await world.ask(route, at: Self.address(route, parts), as: .guest, access, by: .cookieAlone)
        #expect(guest.status == 403 || guest.location.hasPrefix("/sign-in"), "\(Self.key(route)) as guest: \(guest)")
        let changedByGuest = zip(before, try await world.store()).filter { $0 != $1 }.map(\.0)
        #expect(changedByGuest.isEmpty, "\(Self.key(route)) changed something for a guest without a token")
      }
    }
  }

  private static func address(_ route: Route, _ parts: [String]) -> String {
    var rest = parts.makeIterator()
    return route.template.split(separator: "/", omittingEmptySubsequences: false)
      .map { $0.hasPrefix(":") ? rest.next() ?? "missing" : String($0) }.joined(separator: "/")
  }
}

/// What the table expects for one route and role.
enum Expected: Equatable, CustomStringConvertible {
  case reached, unproven, forbidden, absent, unmoved

  init(_ access: Access, _ role: Access.Role, _ route: Route) {
    let isNobody = role == .guest || role == .suspended || role == .unverified
    let isAllowed =
      switch access.who {
      case .everyone: true
      case .members: !isNobody
      case .tutors: role == .tutor || role == .otherTutor
      case .administrators: role == .administrator
      }
    if !isAllowed {
      self = isNobody ? .unproven : .forbidden
    } else if access.thing == .none || access.thing.owners.contains(role) {
      self = access.doers.map { $0.contains(role) } ?? true ? .reached : .forbidden
    } else {
      self =
        switch access.foreign {
        case .absent: .absent
        case .forbidden: .forbidden
        case .unmoved: .unmoved
        }
    }
  }

  func fits(_ answer: World.Answer, _ route: Route) -> Bool {
    switch (self, route.kind) {
    case (.reached, _): true
    case (.unproven, .socket): answer.status == 4401
    case (.unproven, .page): answer.status == 303 && answer.location.hasPrefix("/sign-in")
    case (.unproven, _): answer.status == 401
    case (.forbidden, .socket): answer.status == 4403
    case (.forbidden, _): answer.status == 403
    case (.absent, _): answer.status == 404
    case (.unmoved, _): answer.status == 404 || answer.status == 303
    }
  }

  var description: String {
    switch self {
    case .reached: "reached"
    case .unproven: "401 or the sign-in"
    case .forbidden: "403"
    case .absent: "404"
    case .unmoved: "404, or 303 with nothing done"
    }
  }
}
