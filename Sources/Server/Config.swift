import Captcha
import Core
import Embedding
import Glibc
import Web

/// Every setting of the server, read once from the environment. `Config/sample.env` is the manual: one sentence each.
struct Config: Sendable {
  let home: String
  let assets: String
  let migrations: String
  let databaseURL: String
  let redisURL: String?
  let isOneOfSeveral: Bool
  let host: String
  let port: Int
  let siteName: String
  let siteURL: String
  let zone: String
  let loops: Int
  let connectionsPerLoop: Int
  let connectionsAtWork: Int
  let secret: String
  let keys: String?
  let keysFile: String
  let adminAddresses: [AddressRange]
  let adminNeedsSecondFactor: Bool
  let smtpURL: String?
  let mailFrom: String
  let pushPeer: String?
  let stunURLs: [String]
  let turnURLs: [String]
  let turnSecret: String?
  let isRelayOnly: Bool
  let isDevelopment: Bool
  let captcha: Captcha.Way
  let captchaURL: String?
  let rates: RateSettings
  let limitsFactor: Int
  let drainSeconds: Int
  let logLevel: Log.Level
  let metricsToken: String?
  let trustedProxies: [String]
  let slowQueryMilliseconds: Int
  let dkimSelector: String?
  let nameServer: String?
  let embedding: EmbeddingRule

  /// A setting that cannot be used, in a sentence that names it.
  struct Unusable: Error, CustomStringConvertible { let description: String }

  init(environment: [String: String]) throws(Unusable) {
    func text(_ name: String, or standard: String) -> String {
      environment[name].flatMap { $0.isEmpty ? nil : $0 } ?? standard
    }
    func number(_ name: String, or standard: Int, _ range: ClosedRange<Int>) throws(Unusable) -> Int {
      guard let given = environment[name], !given.isEmpty else { return standard }
      guard let value = Int(given), range.contains(value) else {
        throw Unusable(
          description:
            "\(name) is “\(given)”; it must be a whole number from \(range.lowerBound) to \(range.upperBound).")
      }
      return value
    }
    func list(_ name: String) -> [String] {
      text(name, or: "").split(separator: ",").map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
    }

    home = text("TUTALINK_HOME", or: ".tutalink")
    assets = text("TUTALINK_ASSETS", or: "Assets")
    migrations = text("TUTALINK_MIGRATIONS", or: "Database/Migrations")
    guard let url = environment["DATABASE_URL"], !url.isEmpty else {
      throw Unusable(description: "DATABASE_URL is not set. `bin/run` starts a private database and sets it.")
    }
    databaseURL = url
    redisURL = environment["REDIS_URL"].flatMap { $0.isEmpty ? nil : $0 }
    isOneOfSeveral = text("SEVERAL_NODES", or: "0") == "1"
    host = text("HOST", or: "127.0.0.1")
    port = try number("PORT", or: 8080, 0...65_535)
    siteName = text("SITE_NAME", or: "TutaLink")
    let address = text("SITE_URL", or: "http://localhost:\(port)")
    guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
      throw Unusable(description: "SITE_URL is “\(address)”; it must begin with http:// or https://.")
    }
    siteURL = address.hasSuffix("/") ? String(address.dropLast()) : address
    zone = text("SITE_ZONE", or: "UTC")
    loops = try number("LOOPS", or: max(1, min(16, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))), 1...64)
    connectionsPerLoop = try number("CONNECTIONS_PER_LOOP", or: 8, 1...100)
    connectionsAtWork = try number("CONNECTIONS_AT_WORK", or: 3, 1...100)
    smtpURL = environment["SMTP_URL"].flatMap { $0.isEmpty ? nil : $0 }
    mailFrom = text("MAIL_FROM", or: "\(siteName) <no-reply@localhost>")
    pushPeer = environment["PUSH_PEER"].flatMap { $0.isEmpty ? nil : $0 }
    stunURLs = list("STUN_URLS")
    turnURLs = list("TURN_URLS")
    turnSecret = environment["TURN_SECRET"].flatMap { $0.isEmpty ? nil : $0 }
    isRelayOnly = text("RELAY_ONLY", or: "0") == "1"
    isDevelopment = text("DEV", or: "0") == "1"
    switch text("CAPTCHA", or: "work") {
    case "off": captcha = .off
    case "work": captcha = .work(bits: try number("CAPTCHA_BITS", or: 14, 1...24))
    case let name:
      guard let vendor = Vendor(rawValue: name) else {
        throw Unusable(description: "CAPTCHA is “\(name)”; it must be off, work, turnstile, hcaptcha or recaptcha.")
      }
      let (siteKey, secret) = (text("CAPTCHA_SITE_KEY", or: ""), text("CAPTCHA_SECRET", or: ""))
      guard !siteKey.isEmpty, !secret.isEmpty else {
        throw Unusable(description: "CAPTCHA=\(name) needs CAPTCHA_SITE_KEY and CAPTCHA_SECRET.")
      }
      captcha = .vendor(vendor, siteKey: siteKey, secret: secret)
    }
    captchaURL = environment["CAPTCHA_URL"].flatMap { $0.isEmpty ? nil : $0 }
    do throws(RateSettings.Unreadable) { rates = try RateSettings(text("RATES", or: "")) } catch {
      throw Unusable(description: "RATES: \(error)")
    }
    limitsFactor = try number("LIMITS_FACTOR", or: 1, 0...1_000_000)
    drainSeconds = try number("DRAIN_SECONDS", or: 10, 0...600)
    guard let level = Log.Level(rawValue: text("LOG_LEVEL", or: "info")) else {
      throw Unusable(
        description: "LOG_LEVEL is “\(text("LOG_LEVEL", or: ""))”; it must be debug, info, warning or error.")
    }
    logLevel = level
    keys = environment["TUTALINK_KEYS"].flatMap { $0.isEmpty ? nil : $0 }
    keysFile = text("TUTALINK_KEYS_FILE", or: home + "/keys")
    var ranges: [AddressRange] = []
    for given in list("ADMIN_ADDRESSES") {
      guard let range = AddressRange(given) else {
        throw Unusable(
          description:
            "ADMIN_ADDRESSES names “\(given)”; an address or a range such as 203.0.113.0/24 or 2001:db8::/32 was expected."
        )
      }
      ranges.append(range)
    }
    adminAddresses = ranges
    adminNeedsSecondFactor = text("ADMIN_SECOND_FACTOR", or: "0") == "1"
    trustedProxies = list("TRUSTED_PROXIES")
    for given in trustedProxies where AddressRange(given) == nil || given.contains("/") {
      throw Unusable(description: "TRUSTED_PROXIES names “\(given)”; single addresses were expected.")
    }
    metricsToken = environment["METRICS_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    slowQueryMilliseconds = try number("SLOW_QUERY_MS", or: 100, 1...60_000)
    dkimSelector = environment["DKIM_SELECTOR"].flatMap { $0.isEmpty ? nil : $0 }
    nameServer = environment["NAME_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
    guard let rule = EmbeddingRule(rawValue: text("EMBEDDING", or: "listed")) else {
      throw Unusable(description: "EMBEDDING is “\(text("EMBEDDING", or: ""))”; it must be listed, any or off.")
    }
    embedding = rule
    secret = try Self.secret(given: environment["SECRET_KEY"], home: home)
  }

  /// The key that signs cookies and seals columns: given, or kept in the home folder, or made there at the first start.
  private static func secret(given: String?, home: String) throws(Unusable) -> String {
    if let given, !given.isEmpty {
      guard given.utf8.count >= 32 else { throw Unusable(description: "SECRET_KEY is shorter than 32 characters.") }
      return given
    }
    mkdir(home, 0o700)
    let path = home + "/secret"
    if let kept = contents(of: path), kept.utf8.count >= 32 { return kept }
    var random = SystemRandomNumberGenerator()
    let made = (0..<4).map { _ in String(random.next(), radix: 36) + String(random.next(), radix: 36) }.joined()
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard file >= 0 else {
      // Another process was first; what it wrote is the secret.
      if let kept = contents(of: path), kept.utf8.count >= 32 { return kept }
      throw Unusable(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
    }
    defer { close(file) }
    guard write(file, made, made.utf8.count) == made.utf8.count, fsync(file) == 0 else {
      throw Unusable(description: "\(path) cannot be written: \(String(cString: strerror(errno))).")
    }
    return made
  }

  private static func contents(of path: String) -> String? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self).trimmingSpaces() : nil
  }
}
