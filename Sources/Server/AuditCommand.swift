import Audit
import Core
import Postgres

/// `tutalink audit`: the record of who did what, looked at and checked from the machine itself.
struct AuditCommand {
  static let help = """
    usage: tutalink audit COMMAND

      verify [HEAD]   rebuilds the chain from nothing, and names the first link that does not hold; with a head that was
                      noted down before, also whether the end was cut off. Ends with 0 when all holds, else with 1
      tail [N]        the last N entries, 20 when none is given, the newest last
    """

  let config: Config
  let log: Log
  private var audit: AuditLog { AuditLog(clock: .system) }

  init(_ config: Config, log: Log) {
    self.config = config
    self.log = log
  }

  /// Whether all holds.
  func run(_ arguments: [String]) async throws -> Bool {
    switch arguments.first {
    case "verify" where arguments.count <= 2:
      return try await withDatabase(config, log) { try await verify(arguments.dropFirst().first, $0) }
    case "tail" where arguments.count <= 2:
      guard let count = Int(arguments.dropFirst().first ?? "20"), (1...10_000).contains(count) else {
        throw Misused(help: Self.help, isAsked: false)
      }
      try await withDatabase(config, log) { try await tail(count, $0) }
      return true
    default: throw Misused(help: Self.help, isAsked: arguments.first.map(Misused.asksForHelp) ?? false)
    }
  }

  private func verify(_ head: String?, _ database: Database) async throws -> Bool {
    try await audit.link(in: database)
    let found = try await audit.verify(in: database)
    print(found.sentence)
    guard let head else { return found.holds }
    guard try await audit.contains(head: head, in: database) else {
      print("The head \(head) is in no link: what came up to it was cut off or written anew.")
      return false
    }
    print("The head that was noted down is in the chain.")
    return found.holds
  }

  private func tail(_ count: Int, _ database: Database) async throws {
    for line in try await audit.lines(limit: count, in: database).reversed() {
      var words = [line.at.rfc3339, line.act, "by", line.actorName ?? line.actor ?? line.channel]
      if let kind = line.subjectKind, let subject = line.subject {
        words += ["on", kind, line.subjectName ?? subject]
      }
      if let address = line.address { words += ["from", address] }
      words += line.details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      print(words.joined(separator: " "))
    }
  }
}
