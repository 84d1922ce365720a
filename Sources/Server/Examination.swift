import Core
import Doctor
import Loop
import Outbound
import Site

/// `tutalink doctor`: looks at everything the site stands on, says what is wrong in plain words, and what to do.
struct Examination {
  static let parts = ["database", "mail", "relay", "store", "media", "disk", "clock", "limits", "names", "site"]
  /// What the migrations ask of PostgreSQL.
  private static let extensions = ["btree_gist", "citext", "pg_trgm", "unaccent"]

  let config: Config

  struct Refused: Error, CustomStringConvertible { let description: String }

  /// Prints what it finds in `wanted` parts, all when empty; whether nothing is broken.
  func run(_ wanted: [String]) async throws -> Bool {
    if let strange = wanted.first(where: { !Self.parts.contains($0) }) {
      throw Refused(
        description: "“\(strange)” is nothing the doctor looks at; it is one of \(Self.parts.joined(separator: ", ")).")
    }
    let loops = LoopGroup(count: 1, log: .silent)
    let courier = Courier(loops: loops)
    let machine = MachineCheck(home: config.home)
    var broken = 0
    var warnings = 0
    for part in Self.parts where wanted.isEmpty || wanted.contains(part) {
      let findings: [Finding] =
        switch part {
        case "database":
          DatabaseCheck(
            url: config.databaseURL, migrations: config.migrations, extensions: Self.extensions,
            sessions: config.loops * config.connectionsPerLoop
          ).findings()
        case "mail": try await mail(SMTPClient(courier))
        case "relay":
          RelayCheck(stun: config.stunURLs, turn: config.turnURLs, secret: config.turnSecret).findings()
        case "store": [machine.store()]
        case "media": [MediaCheck(home: config.home).finding()]
        case "disk": [machine.disk()]
        case "clock": [machine.clock()]
        case "limits": [machine.limits()]
        case "names": names()
        default: try await SiteCheck(url: config.siteURL, client: HTTPClient(courier)).findings()
        }
      for finding in findings { print(finding.text) }
      broken += findings.count { $0.state == .broken }
      warnings += findings.count { $0.state == .warning }
    }
    await courier.close()
    loops.stop()
    switch (broken, warnings) {
    case (0, 0): print("\nEverything is well.")
    case (0, _): print("\nNothing is broken; \(warnings) to look at (!).")
    default: print("\n\(broken) broken (✘), \(warnings) to look at (!).")
    }
    return broken == 0
  }

  private func mail(_ client: SMTPClient) async throws -> [Finding] {
    guard let url = config.smtpURL else { return try await MailCheck(nil, client: client).findings() }
    guard let relay = SMTPRelay(url: url) else {
      return [
        Finding("mail", .broken, "SMTP_URL cannot be read.", cure: "smtp://user:password@host:587 was expected.")
      ]
    }
    return try await MailCheck(relay, client: client).findings()
  }

  private func names() -> [Finding] {
    guard let sender = MailAddress(reading: config.mailFrom), let at = sender.address.lastIndex(of: "@") else {
      return [
        Finding("names", .broken, "MAIL_FROM cannot be read.", cure: "Name <name@example.org> was expected.")
      ]
    }
    let domain = String(sender.address[sender.address.index(after: at)...])
    return NameCheck(domain: domain, selector: config.dkimSelector, server: config.nameServer).findings()
  }
}
