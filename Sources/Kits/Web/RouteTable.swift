package import Core
import Crypto
import Glibc

// The one way through the house for every request, whether it came over a socket or from a test:
//
//   receive: address → route → method → body allowed?        (by the head alone, at once)
//   respond: rate → who asks → rate → form token → handler → refusal told → headers, cookies, log, figures
//
// `HTTPServer` calls the two halves with the body read in between; `answer` does both for a request in memory.

/// The declared routes made fast, with everything that stands between a request and its handler.
package final class RouteTable: Sendable {
  package typealias Identify = @Sendable (Request) async throws -> Identity?
  /// Asked once it is known who asks and before anything is done: an answer stands instead of the handler's, a refusal
  /// that is thrown is told like any other, nothing lets the request through.
  package typealias Gate = @Sendable (Request, Route) async throws -> Response?

  let settings: WebSettings
  let log: Log
  package let metrics: Metrics
  let clock: WallClock
  private let routes: [Entry]
  private let nodes: [Node]
  private let assets: Assets?
  private let seal: Seal
  private let identify: Identify
  private let gate: Gate
  private let problemPage: @Sendable (Request, Problem) -> Response
  private let translate: @Sendable (any Error) -> Problem?
  private let policy: SecurityPolicy
  /// The page that is not there, for somebody signed in.
  private let missing: Entry
  private static let missingCall = Route.Call.answer { _, _ in throw Failure.notFound }
  private let inFlight: Metrics.Gauge
  private let memory: MemoryLimits

  final class Entry: Sendable {
    let route: Route
    let rates: [(rate: Rate, quota: Quota)]
    /// The `RateLimit-Policy` field; empty without rates.
    let ratePolicy: String
    let figures: RouteFigures

    init(_ route: Route, _ settings: WebSettings, _ metrics: Metrics) {
      self.route = route
      figures = RouteFigures(metrics, template: route.template)
      rates = settings.quotas(settings.rates.rates(of: route.rateClass) + route.limits.rates) {
        Self.name(of: route, $0)
      }
      ratePolicy = rates.map { _, quota in
        "\"\(quota.name)\";q=\(quota.count);w=\(max(1, quota.period.microseconds / 1_000_000))"
      }.joined(separator: ", ")
    }

    /// A pool of the route's own: `post-lessons-id-review`.
    private static func name(of route: Route, _ at: Int) -> String {
      let words = route.template.lowercased().split { !($0.isLetter || $0.isNumber) }
      return ([route.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "-")
        + (at == 0 ? "" : "-\(at)")
    }
  }

  private struct Node: Sendable {
    var literals: [String: Int] = [:]
    var part: Int?
    var routes: [Int] = []
  }

  /// A route that answers, with its parts read.
  struct Match: Sendable {
    let index: Int
    let route: Route
    let call: Route.Call
  }

  /// What is known from the head alone.
  enum Reception {
    /// The answer stands, whatever the body says.
    case answer(Response)
    /// A body is to be read, if there is one.
    case read(Match, BodyReader?)
  }

  /// `problemPage` draws refusals for people; `translate` knows further errors, such as a database that is away;
  /// `identify` finds out who asks, once a request; `gate` may shut whole parts of the house.
  package init(
    _ routes: Routes, settings: WebSettings, log: Log, metrics: Metrics = Metrics(), assets: Assets? = nil,
    clock: WallClock = .system, translate: @escaping @Sendable (any Error) -> Problem? = { _ in nil },
    problemPage: (@Sendable (Request, Problem) -> Response)? = nil, identify: @escaping Identify = { _ in nil },
    gate: @escaping Gate = { _, _ in nil }
  ) {
    self.settings = settings
    self.log = log
    self.metrics = metrics
    self.assets = assets
    self.clock = clock
    self.translate = translate
    self.problemPage = problemPage ?? { Problem.plainPage($0, $1) }
    self.identify = identify
    self.gate = gate
    seal = Seal(secret: settings.secret)
    policy = SecurityPolicy(settings)
    missing = Entry(
      Route(
        method: .get, template: "none", kind: .page, viewer: "Guest", feature: "", limits: RouteLimits(),
        prepare: { _ in Self.missingCall }), settings, metrics)
    inFlight = metrics.gauge("http_requests_in_flight", "Requests whose handler runs now.")
    let memory = MemoryLimits()
    self.memory = memory
    var entries: [Entry] = []
    var nodes = [Node()]
    for (index, route) in routes.all.enumerated() {
      entries.append(Entry(route, settings, metrics))
      var at = 0
      for segment in route.template.split(separator: "/") {
        let next: Int
        if segment.hasPrefix(":") {
          next = nodes[at].part ?? nodes.count
          nodes[at].part = next
        } else {
          next = nodes[at].literals[String(segment)] ?? nodes.count
          nodes[at].literals[String(segment)] = next
        }
        if next == nodes.count { nodes.append(Node()) }
        at = next
      }
      let twin = nodes[at].routes.first {
        entries[$0].route.method == route.method && entries[$0].route.template == route.template
      }
      precondition(twin == nil, "\(route.method.rawValue) \(route.template) is declared twice")
      nodes[at].routes.append(index)
    }
    self.routes = entries
    self.nodes = nodes
  }

  /// What is declared, in order; `bin/map` prints it.
  package var listing: [Route] { routes.map(\.route) }

  /// Beyond the last declared one stands the page that is not there.
  private func entry(_ index: Int) -> Entry { index < routes.count ? routes[index] : missing }

  // MARK: In memory

  /// Answers a request through the same middle as the server, without a port. For tests and for the house itself.
  package func answer(_ request: Request) async -> Response {
    var response: Response
    switch receive(request, length: request.body.isEmpty ? nil : request.body.count, isChunked: false) {
    case .answer(let ready): response = ready
    case .read(let match, let reader):
      request.body.withUnsafeBytes { reader?.feed($0) }
      var whole = request
      let problem = finish(reader, into: &whole)
      response = await respond(whole, match, bodyProblem: problem)
    }
    if request.method == .head {
      if case .stream = response.body {} else { response.setIfMissing("content-length", String(response.length)) }
      response.body = .none
    }
    if case .stream(let body) = response.body {
      do { response.body = .bytes(try await BodyWriter.collect(body)) } catch {
        return complete(refusal(error, for: request), for: request, nil, Stopwatch())
      }
    }
    return response
  }

  /// The form token of somebody signed in; tests send it as `_csrf`.
  package func csrf(for identity: Identity) -> String { seal.token(for: Seal.holder(identity)) }

  /// A guest's `Cookie` header and the form token that goes with it; for tests.
  package func guestProof() -> (cookie: String, token: String) {
    let cookie = seal.guestCookie(for: RequestNumber.next())
    let name = (settings.isSecure ? "__Host-" : "") + Seal.guestCookie
    return (name + "=" + cookie, seal.token(for: "guest " + cookie))
  }

  // MARK: By the head alone

  /// `length` is the declared length of the body, nil when there is none or it is chunked.
  func receive(_ head: Request, length: Int?, isChunked: Bool) -> Reception {
    let began = Stopwatch()
    var request = head
    func refuse(_ problem: Problem, _ entry: Int? = nil) -> Reception {
      prepare(&request)
      return .answer(complete(document(problem, for: request), for: request, entry, began))
    }
    guard !request.isMalformed else { return refuse(Problem(400, "The address is malformed.")) }
    switch find(request.segments, request.method) {
    case .nothing:
      prepare(&request)
      if let response = standing(request) { return .answer(complete(response, for: request, nil, began)) }
      // Somebody signed in should see a page of the house as theirs, even one that is not there.
      if (length ?? 0) == 0, !isChunked, !request.prefersJSON, request.method.isSafe, request.header("cookie") != nil {
        return .read(Match(index: routes.count, route: missing.route, call: Self.missingCall), nil)
      }
      return refuse(Problem(404))
    case .otherMethods(let methods):
      let allow = (methods + (methods.contains(.get) ? [.head] : []) + [.options]).map(\.rawValue).joined(
        separator: ", ")
      if request.method == .options {
        prepare(&request)
        return .answer(complete(Response(204, headers: [("allow", allow)]), for: request, nil, began))
      }
      var problem = Problem(405)
      problem.headers = [.init(name: "allow", value: allow)]
      return refuse(problem)
    case .route(let match):
      request.route = match.route.template
      if match.route.kind == .api || match.route.kind == .socket { request.isAPI = true }
      let hasBody = (length ?? 0) > 0 || isChunked
      if case .quick(let call) = match.call {
        if hasBody { return refuse(Problem(400, "This request takes no body."), match.index) }
        prepare(&request)
        do { return .answer(complete(try call(request), for: request, match.index, began)) } catch {
          return .answer(complete(refusal(error, for: request), for: request, match.index, began))
        }
      }
      guard hasBody else { return .read(match, nil) }
      do throws(Problem) {
        guard match.route.method != .get else { throw Problem(400, "This request takes no body.") }
        let type = request.header("content-type")
        return .read(
          match, try BodyReader(route: match.route, contentType: type, length: length, folder: settings.uploads))
      } catch { return refuse(error, match.index) }
    }
  }

  /// Puts into the request what its body became; a body that is refused is told by ``respond(_:_:bodyProblem:)``.
  func finish(_ reader: BodyReader?, into request: inout Request) -> Problem? {
    guard let reader else { return nil }
    do throws(Problem) {
      let body = try reader.finish()
      request.body = body.bytes
      request.form = body.form
      request.files = body.files
      return nil
    } catch { return error }
  }

  /// What any refusal of the server itself looks like, logged like the rest.
  func refuse(_ request: Request, _ problem: Problem) -> Response {
    var request = request
    prepare(&request)
    return complete(document(problem, for: request), for: request, nil, Stopwatch())
  }

  private func prepare(_ request: inout Request) {
    request.isSecure = settings.isSecure
    request.address = clientAddress(request)
    request.language = settings.language
    request.zone = settings.zone
    if let header = request.header("accept-language"), let language = Language.preferred(acceptLanguage: header) {
      request.language = language
    }
  }

  /// Who is behind the proxies we trust: the last address in `X-Forwarded-For` that is not one of them.
  private func clientAddress(_ request: Request) -> String {
    guard isTrusted(request.address), let header = request.headers.all("x-forwarded-for").last else {
      return request.address
    }
    for entry in header.pieces(at: ",").reversed() {
      let address = entry.trimmingSpaces()
      guard Address.isValid(address) else { return request.address }
      if !isTrusted(address) { return address }
    }
    return request.address
  }

  private func isTrusted(_ address: String) -> Bool {
    Address.isLoopback(address) || settings.trustedProxies.contains(address)
  }

  /// What stands in memory beside the routes: assets and figures.
  private func standing(_ request: Request) -> Response? {
    guard request.method == .get || request.method == .head else { return nil }
    if request.path == "/metrics", mayReadMetrics(request) {
      return .bytes(Array(metrics.text.utf8), type: "text/plain; version=0.0.4; charset=utf-8").unstored
    }
    return assets?.answer(request)
  }

  private func mayReadMetrics(_ request: Request) -> Bool {
    switch settings.metrics {
    case .off: false
    case .loopback: Address.isLoopback(request.address) && request.header("x-forwarded-for") == nil
    case .token(let token): request.header("authorization") == "Bearer " + token
    }
  }

  // MARK: The whole

  /// Everything from the rate to the log line.
  func respond(_ request: Request, _ match: Match, bodyProblem: Problem? = nil) async -> Response {
    let began = Stopwatch()
    inFlight.add(1)
    defer { inFlight.add(-1) }
    var request = request
    prepare(&request)
    request.route = match.index < routes.count ? match.route.template : ""
    if match.route.kind == .api || match.route.kind == .socket { request.isAPI = true }
    var verdict: Spent?
    var response: Response
    do {
      if let bodyProblem { throw bodyProblem }
      let shut = try await admit(&request, match, &verdict)
      guard case .answer(let call) = match.call else { throw Problem(426, "This address is for WebSockets.") }
      if let shut {
        response = shut
      } else {
        response = try await call(request, Proof(identity: request.identity))
      }
    } catch {
      response = refusal(error, for: request)
    }
    if let verdict { tell(verdict, match, in: &response) }
    return complete(response, for: request, match.index, began)
  }

  /// The tightest of the buckets that were asked.
  private struct Spent {
    let quota: Quota
    let verdict: LimitVerdict
  }

  /// Rate, identity, rate, gate, form token; in this order, so that a flood costs no query. What is returned stands
  /// instead of the handler's answer.
  private func admit(_ request: inout Request, _ match: Match, _ spent: inout Spent?) async throws -> Response? {
    try await spend(beforeIdentity: true, request, match, &spent)
    let limits = match.route.limits
    if limits.isWebhook { return nil }
    if !limits.isAnonymous {
      request.identity = try await identify(request)
      prefer(&request)
      request.ticket = FormTicket(seal: seal, requestID: request.id, guest: request.cookies[Seal.guestCookie])
    }
    try await spend(beforeIdentity: false, request, match, &spent)
    if let answer = try await gate(request, match.route) { return answer }
    if !request.method.isSafe { try checkOrigin(request, match.route.kind) }
    return nil
  }

  private func spend(beforeIdentity: Bool, _ request: Request, _ match: Match, _ spent: inout Spent?) async throws {
    for (rate, quota) in entry(match.index).rates where rate.isBeforeIdentity == beforeIdentity {
      guard let holder = rate.holder(of: request) else { continue }
      let verdict = await ask(quota, holder)
      let isTighter =
        spent.map { verdict.remaining * $0.quota.count < $0.verdict.remaining * quota.count } ?? true
      if isTighter || !verdict.isAllowed { spent = Spent(quota: quota, verdict: verdict) }
      guard verdict.isAllowed else { throw Problem(429, retryAfter: max(1, verdict.retryAfter)) }
    }
  }

  /// A shared store that cannot be asked opens no door: this process counts by itself meanwhile.
  private func ask(_ quota: Quota, _ holder: String) async -> LimitVerdict {
    let now = clock.now
    guard let store = settings.limitStore else { return memory.take(quota, holder: holder, at: now) }
    do { return try await store.spend(quota, holder: holder, at: now) } catch {
      return memory.take(quota, holder: holder, at: now)
    }
  }

  /// The fields of draft-ietf-httpapi-ratelimit-headers-10: what is allowed, and how it stands with the tightest.
  private func tell(_ spent: Spent, _ match: Match, in response: inout Response) {
    response.headers.reserveCapacity(Self.usualFields)
    response.set("ratelimit-policy", entry(match.index).ratePolicy)
    let seconds = spent.verdict.isAllowed ? spent.verdict.reset : spent.verdict.retryAfter
    var field = "\""
    field.reserveCapacity(48)
    field += spent.quota.name
    field += "\";r="
    field += String(spent.verdict.remaining)
    field += ";t="
    field += String(seconds)
    response.set("ratelimit", field)
  }

  private func prefer(_ request: inout Request) {
    if let identity = request.identity {
      request.language = identity.language
      request.zone = identity.zone
      return
    }
    let cookies = request.cookies
    if let language = cookies["language"].flatMap(Language.init(rawValue:)) { request.language = language }
    if let zone = cookies["zone"].flatMap({ PercentEncoding.decode($0.utf8) }), Self.isZoneName(zone) {
      request.zone = zone
    }
  }

  private static func isZoneName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && !text.contains("..")
      && text.utf8.allSatisfy {
        ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || [43, 45, 47, 95].contains($0)
      }
      && text.utf8.first != UInt8(ascii: "/")
  }

  /// What changes something must come from our own page: the browser says so (`Sec-Fetch-Site`, `Origin`), and the form
  /// brings the token. Bearers are exempt, since no browser sends their token by itself; so are guests' API calls,
  /// which act in nobody's name, beyond the browser's own word.
  private func checkOrigin(_ request: Request, _ kind: Route.Kind) throws(Problem) {
    if request.identity?.means == .bearer { return }
    if let site = request.header("sec-fetch-site"), site != "same-origin", site != "none" { throw Self.foreignForm }
    if let origin = request.header("origin"), !isOwn(origin, request) {
      // A browser that hides the origin (`null`) but vouches for the site is believed.
      guard origin == "null", request.header("sec-fetch-site") == "same-origin" else { throw Self.foreignForm }
    }
    guard kind == .page || request.identity != nil else { return }
    let token = request.header("x-csrf-token") ?? request.form["_csrf"] ?? ""
    guard let ticket = request.ticket, ticket.accepts(token, from: request.identity) else { throw Self.staleForm }
  }

  private static let foreignForm = Problem(
    403, "This was sent from another site, so nothing was done. Open the page here and send it again.",
    title: "Sent from elsewhere", kind: "foreign_origin")
  private static let staleForm = Problem(
    403,
    "The page was open too long, or you signed in or out meanwhile, so nothing was done. Go back, reload the page and send it again.",
    title: "This form is no longer valid", kind: "stale_form")

  /// Whether an `Origin` is this site: what people use, or the host they asked for.
  func isOwn(_ origin: String, _ request: Request) -> Bool {
    if origin.isSpelled(settings.siteURL) { return true }
    guard let host = request.header("host"), let scheme = ["https://", "http://"].first(where: { origin.begins($0) })
    else { return false }
    if settings.isSecure, scheme != "https://" { return false }
    return Substring(origin.utf8.dropFirst(scheme.utf8.count)).lowercased().isSpelled(host.lowercased())
  }

  // MARK: Sockets

  /// How a request for a socket is met.
  enum SocketAdmission: Sendable {
    case talk(any Conversation, Identity?)
    /// Browsers cannot see an HTTP refusal, so the socket is opened and closed with a code they can.
    case close(CloseCode, String)
    case refuse(Response)
  }

  func converse(_ request: Request, _ match: Match) async -> SocketAdmission {
    let began = Stopwatch()
    var request = request
    prepare(&request)
    request.route = match.route.template
    request.isAPI = true
    guard case .converse(let call) = match.call else { return .refuse(refuse(request, Problem(404))) }
    // Another site's page must not talk in our person's name: cookies go with sockets whoever opens them.
    if let origin = request.header("origin"), !isOwn(origin, request), !settings.socketOrigins.contains(origin) {
      return .refuse(complete(document(Self.foreignForm, for: request), for: request, match.index, began))
    }
    var verdict: Spent?
    do {
      if let shut = try await admit(&request, match, &verdict) {
        return .refuse(complete(shut, for: request, match.index, began))
      }
      let conversation = try await call(request, Proof(identity: request.identity))
      _ = complete(Response(101), for: request, match.index, began)
      return .talk(conversation, request.identity)
    } catch {
      let status: Int
      switch error {
      case ProofRefusal.unproven: status = 401
      case ProofRefusal.notAllowed: status = 403
      default: status = problem(of: error, for: request).status
      }
      _ = complete(Response(status), for: request, match.index, began)
      switch status {
      case 401: return .close(.noProof, "")
      case 403: return .close(.noRight, "")
      case 404: return .close(.noRoom, "")
      case 409: return .close(.takenOver, "")
      case 429: return .close(.tooFast, "")
      default: return .close(.failed, "")
      }
    }
  }

  // MARK: Refusals

  /// The one place where what is thrown becomes what is told.
  private func refusal(_ error: any Error, for request: Request) -> Response {
    if case ProofRefusal.unproven = error, !request.prefersJSON {
      let back = request.method.isSafe ? request.target : nil
      guard let back, let next = LocalAddress.read(back), next != "/" else { return .see(settings.signIn) }
      return .see(settings.signIn + "?next=" + PercentEncoding.encode(next))
    }
    return document(problem(of: error, for: request), for: request)
  }

  private func problem(of error: any Error, for request: Request) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let failure as Failure:
      switch failure {
      case .notFound: return Problem(404)
      case .forbidden: return Problem(403)
      case .conflict(let sentence): return Problem(409, sentence)
      case .unavailable: return Problem(503, retryAfter: 5)
      }
    case ProofRefusal.unproven: return Problem(401)
    case ProofRefusal.notAllowed: return Problem(403)
    case let explained as any Explained: return explained.problem
    case is CancellationError: return Problem(503, retryAfter: 5)
    default:
      if let problem = translate(error) { return problem }
      log.error(
        "http.failed",
        [
          "id": .text(request.id), "route": .text(request.route), "error": .text(String(describing: type(of: error))),
          "what": .text(String(reflecting: error)),
        ])
      return Problem(500)
    }
  }

  private func document(_ problem: Problem, for request: Request) -> Response {
    var response = request.prefersJSON ? problem.document(for: request) : problemPage(request, problem)
    response.status = problem.status
    if let seconds = problem.retryAfter { response.set("retry-after", String(seconds)) }
    if problem.status == 401 { response.set("www-authenticate", "Bearer") }
    for header in problem.headers { response.set(header.name, header.value) }
    response.set("cache-control", "no-store")
    return response
  }

  /// A body that ended in the middle: the client sees a cut, we keep the reason.
  func note(brokenBody error: any Error, of request: Request) {
    if error is CancellationError { return }
    log.error(
      "http.body_broken",
      [
        "id": .text(request.id), "route": .text(request.route), "error": .text(String(describing: type(of: error))),
        "what": .text(String(reflecting: error)),
      ])
  }

  // MARK: The way out

  /// Hardly an answer has more: room for them is made once.
  private static let usualFields = 20

  /// Takes the answer over, so that its fields are not copied once more.
  private func complete(
    _ response: consuming Response, for request: Request, _ index: Int?, _ began: Stopwatch
  ) -> Response {
    response.headers.reserveCapacity(Self.usualFields)
    policy.apply(to: &response, isSignedIn: request.identity != nil)
    if let cookie = request.ticket?.newGuest { response.cookies.append(cookie) }
    for cookie in response.cookies { response.headers.append(("set-cookie", cookie.text(secure: settings.isSecure))) }
    response.headers.append(("x-request-id", request.id))
    let microseconds = began.microseconds
    (index.map { entry($0) } ?? missing).figures.count(response.status, microseconds)
    if settings.logsRequests {
      let user = request.identity.map { Log.Value.text($0.user.description) } ?? ""
      log.info(
        "http.request",
        [
          "id": .text(request.id), "method": .text(request.method.rawValue),
          "route": .text(index.flatMap { $0 < routes.count ? routes[$0].route.template : nil } ?? ""),
          "status": .number(response.status),
          "us": .number(microseconds), "user": user,
        ])
    }
    return response
  }

  // MARK: Finding

  enum Found {
    case route(Match)
    case otherMethods([Method])
    case nothing
  }

  /// Literal segments go before parts; of two routes of one shape the first whose parts read is taken.
  func find(_ segments: [String], _ method: Method) -> Found {
    let wanted = method == .head ? Method.get : method
    var others: [Method] = []
    var match: Match?
    func visit(_ at: Int, _ depth: Int) -> Bool {
      if depth == segments.count {
        for index in nodes[at].routes {
          let route = routes[index].route
          guard route.method == wanted || !others.contains(route.method), let call = route.prepare(segments) else {
            continue
          }
          if route.method == wanted {
            match = Match(index: index, route: route, call: call)
            return true
          }
          others.append(route.method)
        }
        return false
      }
      if let next = nodes[at].literals[segments[depth]], visit(next, depth + 1) { return true }
      if let next = nodes[at].part { return visit(next, depth + 1) }
      return false
    }
    if visit(0, 0) { return .route(match!) }
    return others.isEmpty ? .nothing : .otherMethods(others)
  }
}

/// One route's counters and durations.
final class RouteFigures: Sendable {
  private let metrics: Metrics
  private let template: String
  private let byStatus = Locked<[Int: Metrics.Counter]>([:])
  private let duration: Metrics.Histogram

  init(_ metrics: Metrics, template: String) {
    self.metrics = metrics
    self.template = template
    duration = metrics.histogram(
      "http_request_duration_seconds", "From the head to the answer.", labels: ["route": template])
  }

  func count(_ status: Int, _ microseconds: Int) {
    let counter = byStatus.withLock { byStatus in
      if let known = byStatus[status] { return known }
      let counter = metrics.counter(
        "http_requests_total", "Answered requests.", labels: ["route": template, "status": String(status)])
      byStatus[status] = counter
      return counter
    }
    counter.add()
    duration.observe(Double(microseconds) / 1_000_000)
  }
}
