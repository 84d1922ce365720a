package import Core
import Crypto
import JSON
package import Jobs
package import Postgres
package import Site
package import Web

/// A gateway that lives in the site: its own books, its own payment page, its own signed webhooks. With no keys of a real
/// provider set it is the one in use, so that every flow can be walked through: success, decline, an extra step, slow,
/// doubled, disordered and missing webhooks. The site speaks with it only through ``Gateway``.
///
/// Webhooks are signed as Stripe signs them: `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`, five minutes of tolerance.
package struct SimulatedGateway: Gateway {
  package let name = "simulated"
  static let header = "x-simulated-signature"
  static let tolerance = Duration.minutes(5)

  let database: Database
  let site: Site
  let clock: WallClock
  let key: [UInt8]
  let post: Post

  /// Sends a webhook; the answer's status. Given from outside: HTTP in the server, the route table in tests.
  package typealias Post =
    @Sendable (_ path: String, _ headers: [(name: String, value: String)], _ body: [UInt8]) async throws -> Int

  package init(database: Database, site: Site, clock: WallClock, secret: String, post: @escaping Post) {
    self.database = database
    self.site = site
    self.clock = clock
    self.post = post
    key = HMAC.sign("simulated-gateway", key: Array(secret.utf8))
  }

  // MARK: The interface

  package func open(_ order: Order) async throws -> OpenCharge {
    let id = "sim_" + Random.token(bytes: 15)
    let charge = try await database.one(
      .openSimulatedCharge(id, order, returnURL: order.returnPath, key: order.payment.description, at: clock.now))
    return OpenCharge(charge: charge, url: SimulatedPaths.pay(charge))
  }

  package func lookUp(_ charge: String) async throws -> News? {
    try await database.first(.simulatedCharge(charge))?.news
  }

  package func refund(_ amount: Money, of charge: String, key: String) async throws -> String {
    try await database.transaction { tx in
      if let known = try await tx.first(.simulatedRefund(key: key)) { return known }
      guard let held = try await tx.first(.lockedSimulatedCharge(charge)), held.state == "succeeded",
        held.amount.currency == amount.currency,
        held.refunded + amount.amount <= held.amount.amount
      else { throw GatewayRefusal(reason: "nothing is left of this charge to send back") }
      let id = "simr_" + Random.token(bytes: 15)
      try await tx.run(.insertSimulatedRefund(id, of: charge, amount: amount.amount, key: key))
      return id
    }
  }

  package func read(webhook: Request, now: Instant) throws -> [News] {
    try Self.news(in: webhook, now: now, key: key)
  }

  /// What a message says, when it was signed with the key within the tolerance.
  static func news(in webhook: Request, now: Instant, key: [UInt8]) throws(WebhookRefusal) -> [News] {
    guard let header = webhook.header(Self.header) else { throw WebhookRefusal.unsigned }
    var fields: [String: String] = [:]
    for pair in header.split(separator: ",").prefix(10) {
      let halves = pair.split(separator: "=", maxSplits: 1)
      if halves.count == 2 { fields[String(halves[0])] = String(halves[1]) }
    }
    guard let time = fields["t"].flatMap({ Int64($0) }), let signature = fields["v1"].flatMap({ Hex.decode($0) }) else {
      throw WebhookRefusal.unsigned
    }
    guard HMAC.verify(signature, of: Array("\(time).".utf8) + webhook.body, key: key) else {
      throw WebhookRefusal.forged
    }
    let tolerance = Self.tolerance.components.seconds
    guard (now.seconds - tolerance...now.seconds + tolerance).contains(time) else { throw WebhookRefusal.stale }
    guard let json = try? JSON.read(webhook.body), let event = json["id"]?.string, let charge = json["charge"]?.string,
      let stage = json["state"]?.string.flatMap(PaymentState.Stage.init(rawValue:)), let amount = json["amount"]?.money
    else { throw WebhookRefusal.malformed }
    return [News(event: event, charge: charge, stage: stage, amount: amount, failure: json["failure"]?.string)]
  }

  // MARK: Its own life

  /// The cards it knows, each for one way a payment can go.
  enum Card: String, CaseIterable {
    case success = "4242424242424242"
    case decline = "4000000000000002"
    case authenticate = "4000002500003155"
    case slow = "4000000000000077"
    case duplicate = "4000000000000101"
    case disorder = "4000000000000119"
    case never = "4000000000000135"
  }

  /// Moves a charge along and sends what the card calls for, in one commit: what was decided is told, whatever dies.
  func pay(_ charge: String, with card: Card, isAuthenticated: Bool = false) async throws -> SimulatedCharge? {
    try await database.transaction { tx in
      guard let held = try await tx.first(.lockedSimulatedCharge(charge)) else { return nil }
      guard held.state == "open" || (held.state == "authenticating" && isAuthenticated) else { return held }
      let outcome: String
      switch card {
      case .decline: outcome = "declined"
      case .authenticate where !isAuthenticated: outcome = "authenticating"
      default: outcome = "succeeded"
      }
      let version = try await tx.one(.moveSimulatedCharge(charge, to: outcome))
      func send(_ state: PaymentState.Stage, after delay: Duration = .zero, twice: Bool = false) async throws {
        let message = SimulatedMessage(
          event: "evt_\(charge)_\(version)_\(state.rawValue)", charge: charge, state: state.rawValue,
          failure: outcome == "declined" ? "declined" : nil)
        try await tx.enqueue(DeliverSimulated(message: message), at: clock.now + delay)
        if twice { try await tx.enqueue(DeliverSimulated(message: message), at: clock.now + delay) }
      }
      switch (outcome, card) {
      case ("declined", _): try await send(.failed)
      case ("authenticating", _): try await send(.requiresAction)
      case (_, .slow):
        try await send(.processing)
        try await send(.succeeded, after: .seconds(15))
      case (_, .duplicate): try await send(.succeeded, twice: true)
      case (_, .disorder):
        try await send(.succeeded)
        try await send(.processing, after: .seconds(1))
      case (_, .never): break
      default: try await send(.succeeded)
      }
      return try await tx.one(.simulatedCharge(charge))
    }
  }

  func cancel(_ charge: String) async throws -> SimulatedCharge? {
    try await database.transaction { tx in
      guard let held = try await tx.first(.lockedSimulatedCharge(charge)) else { return nil }
      guard held.state == "open" || held.state == "authenticating" else { return held }
      let version = try await tx.one(.moveSimulatedCharge(charge, to: "cancelled"))
      let message = SimulatedMessage(
        event: "evt_\(charge)_\(version)_cancelled", charge: charge, state: "cancelled", failure: nil)
      try await tx.enqueue(DeliverSimulated(message: message))
      return try await tx.one(.simulatedCharge(charge))
    }
  }

  /// Sends one webhook, signed now. Anything but a 2xx is tried again later, as real gateways do.
  func deliver(_ message: SimulatedMessage) async throws {
    guard let charge = try await database.first(.simulatedCharge(message.charge)) else { return }
    let body = Array(
      JSONWriter.text { w in
        w.object { w in
          w.field("id", message.event)
          w.field("charge", message.charge)
          w.field("state", message.state)
          w.field("amount", charge.amount)
          w.field("failure", message.failure)
        }
      }.utf8)
    let status = try await post(
      CheckoutPaths.webhook(name), [(Self.header, sign(body, at: clock.now)), ("content-type", "application/json")],
      body)
    guard (200..<300).contains(status) else { throw Undelivered(status: status) }
  }

  func sign(_ body: [UInt8], at now: Instant) -> String {
    "t=\(now.seconds),v1=" + Hex.encode(HMAC.sign(Array("\(now.seconds).".utf8) + body, key: key))
  }

  struct Undelivered: Error { let status: Int }
}

/// A message of the simulated gateway, as it waits to be sent.
struct SimulatedMessage: Codable, Sendable, Equatable {
  let event: String
  let charge: String
  let state: String
  let failure: String?
}

struct DeliverSimulated: Job {
  static let name = "checkout.deliver-simulated"
  let message: SimulatedMessage
}
