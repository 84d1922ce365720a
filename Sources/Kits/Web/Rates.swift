import Core
import Crypto
import JSON

/// How often one holder may ask.
package struct Rate: Sendable, Hashable {
  /// Whose bucket it is.
  package enum Key: Sendable, Hashable {
    /// The client's address; IPv6 by its /64.
    case address
    /// The person signed in; guests by address.
    case user
    /// The bearer token; who has none is not counted.
    case token
    /// The account that is named in the form or the JSON body, whoever names it, under one of these fields.
    case account([String])
    /// Everybody together.
    case everybody
  }

  package let key: Key
  package let count: Int
  package let period: Duration
  /// Routes whose rates name the same pool share one count; without one a route counts for itself.
  package let pool: String?

  package init(_ key: Key, _ count: Int, per period: Duration, pool: String? = nil) {
    self.key = key
    self.count = count
    self.period = period
    self.pool = pool
  }

  /// By client address; IPv6 by its /64.
  package static func perAddress(_ count: Int, per period: Duration, pool: String? = nil) -> Rate {
    Rate(.address, count, per: period, pool: pool)
  }

  /// By the person signed in; guests by address.
  package static func perUser(_ count: Int, per period: Duration, pool: String? = nil) -> Rate {
    Rate(.user, count, per: period, pool: pool)
  }

  /// By the account named in one of the fields.
  package static func perAccount(_ fields: [String], _ count: Int, per period: Duration, pool: String? = nil) -> Rate {
    Rate(.account(fields), count, per: period, pool: pool)
  }

  /// Whether the holder is known before it is known who asks: these are spent first, so that a flood costs no query.
  var isBeforeIdentity: Bool {
    switch key {
    case .address, .token, .account, .everybody: true
    case .user: false
    }
  }

  /// The holder of the request's bucket; nothing when the rate does not concern it.
  func holder(of request: Request) -> String? {
    switch key {
    case .address: return Address.rateKey(request.address)
    case .user: return request.identity?.user.description ?? Address.rateKey(request.address)
    case .token:
      return request.bearer.map { Self.hash($0) }
    case .account(let fields):
      guard let name = Self.named(fields, in: request) else { return nil }
      // Accounts are found whatever the case of their names.
      return Self.hash(name.lowercased())
    case .everybody: return "all"
    }
  }

  /// Names and tokens are kept by their hash: a store is no place for people's addresses.
  private static func hash(_ text: String) -> String { Base64.url(SHA256.hash(text).prefix(12)) }

  private static func named(_ fields: [String], in request: Request) -> String? {
    for field in fields {
      let text = request.form.text(field)
      if !text.isEmpty { return text }
    }
    guard !request.body.isEmpty, let json = try? JSON.read(request.body) else { return nil }
    for field in fields {
      if let text = json[field]?.string?.trimmingSpaces(), !text.isEmpty { return text }
    }
    return nil
  }
}

/// What a route is to somebody who asks too much. Every route has one: what a feature does not say follows from the
/// method and the kind, so that none is forgotten. The rates of a class are one count for all its routes.
package enum RateClass: String, Sendable, CaseIterable {
  /// Reading a page or a document.
  case read
  /// Changing something.
  case write
  /// Searching and browsing what the whole world may see.
  case discovery
  /// Whatever can be used to guess a password, a code or a token.
  case signIn = "sign-in"
  /// Whatever sends a letter to an address somebody types in.
  case letters
  /// Making an account.
  case registration
  /// Words to other people.
  case messages
  /// Opening a WebSocket.
  case sockets
  /// Whole tables to take home.
  case exports
  /// Other servers that call us, signed.
  case webhooks
  /// What stands ready in memory and watches the house: never counted.
  case watch

  /// The rates unless the operator says otherwise. The first is the one a setting changes; the others keep their
  /// proportion to it.
  package var rates: [Rate] {
    let minute = Duration.minutes(1)
    let name = rawValue
    switch self {
    case .read:
      return [
        .perUser(600, per: minute, pool: name), .perAddress(3000, per: minute, pool: name + "-address"),
        Rate(.token, 1200, per: minute, pool: name + "-token"),
      ]
    case .write:
      return [
        .perUser(120, per: minute, pool: name), .perAddress(1200, per: minute, pool: name + "-address"),
        Rate(.token, 240, per: minute, pool: name + "-token"),
      ]
    // A school sits behind one address: a room of thirty that signs in or registers together must get through. What one
    // account bears is a count of its own, and forms of strangers ask for work besides.
    case .discovery: return [.perAddress(600, per: minute, pool: name)]
    case .signIn:
      return [
        .perAddress(90, per: .minutes(10), pool: name),
        .perAccount(["login", "email", "username"], 20, per: .minutes(10), pool: name + "-account"),
      ]
    case .letters:
      return [
        .perAddress(10, per: .minutes(10), pool: name),
        .perAccount(["email", "login"], 5, per: .minutes(10), pool: name + "-account"),
      ]
    case .registration:
      return [
        .perAddress(60, per: .minutes(10), pool: name),
        .perAccount(["email"], 5, per: .minutes(10), pool: name + "-account"),
      ]
    case .messages:
      return [.perUser(60, per: minute, pool: name), .perAddress(600, per: minute, pool: name + "-address")]
    case .sockets:
      return [.perUser(60, per: minute, pool: name), .perAddress(3000, per: minute, pool: name + "-address")]
    case .exports: return [.perUser(10, per: .minutes(10), pool: name)]
    case .webhooks: return [.perAddress(600, per: minute, pool: name)]
    case .watch: return []
    }
  }

  /// The class of a route that names none.
  static func of(_ kind: Route.Kind, _ method: Method, isWebhook: Bool) -> RateClass {
    if isWebhook { return .webhooks }
    switch kind {
    case .quick: return .watch
    case .socket: return .sockets
    case .page, .api: return method.isSafe ? .read : .write
    }
  }

  /// The rates with the first as the operator set it: so many per period.
  func rates(_ count: Int, per period: Duration) -> [Rate] {
    guard let first = rates.first else { return [] }
    let factor =
      Double(count) / Double(first.count) * Double(first.period.microseconds) / Double(period.microseconds)
    return rates.enumerated().map { at, rate in
      guard at > 0 else { return Rate(rate.key, count, per: period, pool: rate.pool) }
      return Rate(rate.key, max(1, Int(Double(rate.count) * factor)), per: rate.period, pool: rate.pool)
    }
  }
}

/// The operator's own rates: `sign-in=60/10m, discovery=1000/1m`. Periods end in `s`, `m` or `h`.
package struct RateSettings: Sendable {
  /// What cannot be read, in a sentence.
  package struct Unreadable: Error, CustomStringConvertible { package let description: String }

  private var own: [RateClass: (count: Int, period: Duration)] = [:]

  package init() {}

  package init(_ text: String) throws(Unreadable) {
    for entry in text.split(separator: ",") {
      let entry = entry.trimmingSpaces()
      if entry.isEmpty { continue }
      let parts = entry.split(separator: "=").map { $0.trimmingSpaces() }
      guard parts.count == 2, let kind = RateClass(rawValue: parts[0]), kind != .watch else {
        let known = RateClass.allCases.filter { $0 != .watch }.map(\.rawValue).joined(separator: ", ")
        throw Unreadable(description: "“\(entry)” names no class of routes; there are \(known).")
      }
      let sides = parts[1].split(separator: "/")
      guard sides.count == 2, let count = Int(sides[0]), (1...1_000_000).contains(count),
        let number = Int(sides[1].dropLast()), (1...1_000_000).contains(number)
      else { throw Unreadable(description: "“\(entry)” should read like \(kind.rawValue)=60/10m.") }
      let period: Duration
      switch sides[1].last {
      case "s": period = .seconds(number)
      case "m": period = .minutes(number)
      case "h": period = .hours(number)
      default: throw Unreadable(description: "“\(entry)” needs a period such as 30s, 10m or 1h.")
      }
      own[kind] = (count, period)
    }
  }

  /// The rates of a class, as they are here.
  package func rates(of kind: RateClass) -> [Rate] {
    guard let (count, period) = own[kind] else { return kind.rates }
    return kind.rates(count, per: period)
  }
}
