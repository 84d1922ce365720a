package import Core

/// What a route allows and asks beyond its address. Several are written as a list: `[.upload(megabytes: 20), .webhook]`.
package struct RouteLimits: Sendable, ExpressibleByArrayLiteral {
  /// Bytes a body may have.
  var body: Int?
  /// Bodies other than forms and JSON are taken, to disk; forms may carry files.
  var takesFiles = false
  /// Any body, unread; no cookie, no form token: the handler checks a signature.
  var isWebhook = false
  /// Nobody is identified, no cookie is read and none is given.
  var isAnonymous = false
  var deadline: Duration?
  /// What the route is to a flood; nothing: what its kind and method make it.
  var rateClass: RateClass?
  /// Rates of its own, besides its class's.
  var rates: [Rate] = []

  package init() {}

  package init(arrayLiteral elements: RouteLimits...) {
    for other in elements {
      body = other.body ?? body
      takesFiles = takesFiles || other.takesFiles
      isWebhook = isWebhook || other.isWebhook
      isAnonymous = isAnonymous || other.isAnonymous
      deadline = other.deadline ?? deadline
      rateClass = other.rateClass ?? rateClass
      rates += other.rates
    }
  }

  /// Files may come, `megabytes` (2²⁰ bytes) in all; multipart, or a body of any other type as one file.
  package static func upload(megabytes: Int) -> RouteLimits {
    var limits = RouteLimits()
    limits.body = megabytes << 20
    limits.takesFiles = true
    return limits
  }

  /// A form or JSON of up to that size instead of 64 kB.
  package static func body(kilobytes: Int) -> RouteLimits {
    var limits = RouteLimits()
    limits.body = kilobytes << 10
    return limits
  }

  /// Another server calls: any content type, raw in `request.body`, no form token asked, nobody identified.
  package static let webhook: RouteLimits = {
    var limits = RouteLimits()
    limits.isWebhook = true
    limits.body = 1 << 20
    return limits
  }()

  /// The answer is the same whoever asks: nobody is identified, no cookie is read and none is given. For pages that stand
  /// in frames of other sites.
  package static let anonymous: RouteLimits = {
    var limits = RouteLimits()
    limits.isAnonymous = true
    return limits
  }()

  /// How long the handler may take, instead of the server's 30 s.
  package static func deadline(_ duration: Duration) -> RouteLimits {
    var limits = RouteLimits()
    limits.deadline = duration
    return limits
  }

  /// The class whose rates hold; see ``RateClass``.
  package static func rate(_ kind: RateClass) -> RouteLimits {
    var limits = RouteLimits()
    limits.rateClass = kind
    return limits
  }

  /// At most so many requests besides what the class allows; see ``Rate``.
  package static func limit(_ rate: Rate) -> RouteLimits {
    var limits = RouteLimits()
    limits.rates = [rate]
    return limits
  }
}

/// One declared route.
package final class Route: Sendable {
  package enum Kind: String, Sendable {
    case page, api, socket, quick
  }

  /// The handler with its parts filled in; what is left is the request and the proof of who asks.
  enum Call: Sendable {
    case answer(@Sendable (Request, Proof) async throws -> Response)
    case converse(@Sendable (Request, Proof) async throws -> any Conversation)
    case quick(@Sendable (Request) throws -> Response)
  }

  package let method: Method
  package let template: String
  package let kind: Kind
  /// The viewer's type, such as `Member`.
  package let viewer: String
  package let feature: String
  package let limits: RouteLimits
  /// Said by the feature, or what the kind and the method make it.
  package var rateClass: RateClass {
    limits.rateClass ?? RateClass.of(kind, method, isWebhook: limits.isWebhook)
  }
  /// What the published document says of it; every call of the API has one.
  package let contract: Contract?
  /// What may stand for each part of the address.
  package let parts: [Schema]
  /// Nothing when the parts do not read as their types.
  let prepare: @Sendable ([String]) -> Call?

  init(
    method: Method, template: String, kind: Kind, viewer: String, feature: String, limits: RouteLimits,
    contract: Contract? = nil, parts: [Schema] = [], prepare: @escaping @Sendable ([String]) -> Call?
  ) {
    self.method = method
    self.template = template
    self.kind = kind
    self.viewer = viewer
    self.feature = feature
    self.limits = limits
    self.contract = contract
    self.parts = parts
    self.prepare = prepare
  }
}

/// The routes of the house, declared feature by feature.
package struct Routes: Sendable {
  /// In whose name the next routes are declared; for the map.
  package var feature = ""
  package private(set) var all: [Route] = []

  package init() {}

  /// A page, or the form behind one. Unsafe methods need the form token. Problems are pages.
  package mutating func on<V: Viewer, each Part: PathPart>(
    _ method: Method, _ path: Path<repeat each Part>, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ handler: @escaping @Sendable (Request, V, repeat each Part) async throws -> Response
  ) {
    add(method, path, .page, viewer, limits, nil, handler)
  }

  /// A page at an address without parts.
  package mutating func on<V: Viewer>(
    _ method: Method, _ template: String, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ handler: @escaping @Sendable (Request, V) async throws -> Response
  ) {
    add(method, Path(template), .page, viewer, limits, nil, handler)
  }

  /// A call of the published API: JSON in, JSON out, problems as documents. What breaks the contract does not reach the
  /// handler.
  package mutating func api<V: Viewer, each Part: PathPart>(
    _ method: Method, _ path: Path<repeat each Part>, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ contract: Contract? = nil, _ handler: @escaping @Sendable (Request, V, repeat each Part) async throws -> Response
  ) {
    add(method, path, .api, viewer, limits, contract, handler)
  }

  /// An API call at an address without parts.
  package mutating func api<V: Viewer>(
    _ method: Method, _ template: String, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ contract: Contract? = nil, _ handler: @escaping @Sendable (Request, V) async throws -> Response
  ) {
    add(method, Path(template), .api, viewer, limits, contract, handler)
  }

  /// A WebSocket. The handler checks what is asked for and gives back who talks; what it throws closes the socket with
  /// the named code (4401, 4403, 4404, 4429).
  package mutating func socket<V: Viewer, each Part: PathPart>(
    _ path: Path<repeat each Part>, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ handler: @escaping @Sendable (Request, V, repeat each Part) async throws -> any Conversation
  ) {
    all.append(
      Route(
        method: .get, template: path.template, kind: .socket, viewer: "\(V.self)", feature: feature, limits: limits,
        parts: Self.parts(of: path)
      ) { segments in
        guard let parts = path.match(segments) else { return nil }
        return .converse { request, proof in try await handler(request, try V(proof), repeat each parts) }
      })
  }

  /// A WebSocket at an address without parts.
  package mutating func socket<V: Viewer>(
    _ template: String, as viewer: V.Type, limits: RouteLimits = RouteLimits(),
    _ handler: @escaping @Sendable (Request, V) async throws -> any Conversation
  ) {
    socket(Path(template), as: viewer, limits: limits, handler)
  }

  /// An answer made at once on the loop, for whoever asks: no waiting, no identity, no rate. For `/healthz` and what
  /// stands ready in memory.
  package mutating func quick(_ template: String, _ handler: @escaping @Sendable (Request) throws -> Response) {
    let path = Path(template)
    all.append(
      Route(
        method: .get, template: template, kind: .quick, viewer: "Guest", feature: feature, limits: RouteLimits()
      ) {
        path.match($0) == nil ? nil : .quick(handler)
      })
  }

  private mutating func add<V: Viewer, each Part: PathPart>(
    _ method: Method, _ path: Path<repeat each Part>, _ kind: Route.Kind, _ viewer: V.Type, _ limits: RouteLimits,
    _ contract: Contract?, _ handler: @escaping @Sendable (Request, V, repeat each Part) async throws -> Response
  ) {
    precondition(method == .get || !limits.isAnonymous, "what changes something is done by somebody")
    precondition(
      method != .head && method != .options && method != .trace,
      "HEAD and OPTIONS are answered from the other methods, TRACE not at all")
    all.append(
      Route(
        method: method, template: path.template, kind: kind, viewer: "\(V.self)", feature: feature, limits: limits,
        contract: contract, parts: Self.parts(of: path)
      ) { segments in
        guard let parts = path.match(segments) else { return nil }
        return .answer { request, proof in
          // Who may not ask is not told what was wrong with the question.
          let viewer = try V(proof)
          guard let contract else { return try await handler(request, viewer, repeat each parts) }
          var request = request
          try contract.hold(&request)
          return try await handler(request, viewer, repeat each parts)
        }
      })
  }

  private static func parts<each Part: PathPart>(of _: Path<repeat each Part>) -> [Schema] {
    var schemas: [Schema] = []
    for part in repeat (each Part).self {
      switch part {
      case is String.Type: schemas.append(.text(1...200))
      case is Int.Type: schemas.append(.integer)
      default: schemas.append(.id)
      }
    }
    return schemas
  }
}
