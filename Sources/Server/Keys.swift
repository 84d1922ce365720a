import Accounts
import Audit
import Core
import Crypto
import Loop
import Notices
import Postgres
import Vault

/// `tutalink keys`: the ring that seals columns, where it comes from, and its change while the site serves.
///
/// Names are `k1`, `k2` and so on. A new key waits behind the one that seals until `rotate` puts it in front, so that
/// every node can be given it first.
struct Keys {
  static let help = """
    usage: tutalink keys COMMAND

      list         the keys, which one seals, and how many texts each has sealed
      new          makes a key that waits; give it to every node before rotating
      rotate       the newest key seals from now on, and every row is sealed again with it, while the site serves;
                   interrupted, it goes on where it stopped when it is started again
      retire ID    takes a key that seals nothing any more out of use; refused while a row needs it
      push         a new pair that says to browsers' push services who we are; browsers that know the older one stay with
                   it, and it goes with the last of them
      push --all   the same after a pair has become known: every browser is forgotten, and people turn notes on again

    The keys are in TUTALINK_KEYS, or in the file TUTALINK_KEYS_FILE (keys in TUTALINK_HOME), which is made at the
    first start. They are in no backup of the database: keep a copy of every key as long as a backup that needs it.
    """

  let config: Config
  let log: Log

  /// Every column of the house that is sealed.
  static let columns = AccountsFeature.sealedColumns + NoticesFeature.sealedColumns

  // MARK: Where the ring comes from

  /// The ring as the settings give it; its file is made at the first start.
  static func vault(_ config: Config) throws -> Vault {
    guard let setting = config.keys else {
      let file = KeyFile(config.keysFile)
      return Vault(try file.readOrMake()) { (try? file.read()) ?? nil }
    }
    guard let ring = KeyRing(setting: setting) else {
      throw Config.Unusable(
        description: "TUTALINK_KEYS cannot be read; `id:base64url,id:base64url`, the first one seals, was expected.")
    }
    return Vault(ring)
  }

  private func ring() throws -> KeyRing {
    if let setting = config.keys, let ring = KeyRing(setting: setting) { return ring }
    _ = try Self.vault(config)
    guard let ring = try KeyFile(config.keysFile).read() else { throw KeyFile.Refusal.malformed(config.keysFile) }
    return ring
  }

  /// Puts the ring in its file and tells the nodes; where the keys are a setting, says what to set.
  private func keep(_ ring: KeyRing, _ database: Database) async throws -> Bool {
    guard config.keys == nil else {
      print(
        "The keys are a setting here. Set this on every node, restart them, then go on:\n\nTUTALINK_KEYS=\(ring.setting)\n"
      )
      return false
    }
    try KeyFile(config.keysFile).replace(with: ring)
    _ = try await database.all(Query<String>("select pg_notify('keys', '')::text"))
    return true
  }

  private static func number(_ id: String) -> Int { id.hasPrefix("k") ? Int(id.dropFirst()) ?? 0 : 0 }

  // MARK: The commands

  func run(_ arguments: [String]) async throws {
    switch arguments.first {
    case "list" where arguments.count == 1: try await withDatabase(config, log) { try await list($0) }
    case "new" where arguments.count == 1: try await withDatabase(config, log) { try await new($0) }
    case "rotate" where arguments.count == 1: try await withDatabase(config, log) { try await rotate($0) }
    case "retire" where arguments.count == 2:
      try await withDatabase(config, log) { try await retire(arguments[1], $0) }
    case "push" where arguments.count == 1: try await withDatabase(config, log) { try await push(all: false, $0) }
    case "push" where arguments.dropFirst() == ["--all"]:
      try await withDatabase(config, log) { try await push(all: true, $0) }
    default: throw Misused(help: Self.help, isAsked: arguments.first.map(Misused.asksForHelp) ?? false)
    }
  }

  private func rotation(_ vault: Vault, _ database: Database) -> Rotation {
    Rotation(Self.columns, vault: vault, database: database)
  }

  func list(_ database: Database) async throws {
    let ring = try ring()
    let usage = try await rotation(Vault(ring), database).usage()
    for (place, id) in ring.ids.enumerated() {
      let state = place == 0 ? "seals" : Self.number(id) > Self.number(ring.ids[0]) ? "waits" : "opens"
      print("\(id)  \(state)  \(usage[id] ?? 0) texts")
    }
    for (id, count) in usage.sorted(by: { $0.key < $1.key }) where !ring.ids.contains(id) {
      print("\(id)  MISSING  \(count) texts: nobody can read them without this key.")
    }
  }

  func new(_ database: Database) async throws {
    let old = try ring()
    let id = "k\((old.ids.map(Self.number).max() ?? 0) + 1)"
    guard let key = Key.fresh(id: id), let ring = old.adding(key) else { return }
    _ = try await keep(ring, database)
    try await record(.keyMade, id, database)
    print("\(id) is made and waits. Give it to every node, then: tutalink keys rotate")
  }

  func rotate(_ database: Database) async throws {
    var ring = try ring()
    let newest = ring.ids.max { Self.number($0) < Self.number($1) } ?? ring.ids[0]
    if Self.number(newest) > Self.number(ring.ids[0]), let turned = ring.sealing(with: newest) {
      guard try await keep(turned, database) else { return }
      ring = turned
      print("\(newest) seals from now on.")
    }
    let vault = Vault(ring)
    let rotation = rotation(vault, database)
    // A node that had not heard of the new key yet may write with the old one during the first pass.
    for _ in 0..<3 {
      let report = try await rotation.run { report in complain("\r\(report.sealed) rows sealed again") }
      if report.sealed > 0 { complain("\n") }
      for row in report.unreadable { print("It does not open, and was left as it is: \(row)") }
      let others = try await rotation.usage().filter { $0.key != vault.ids[0] }
      if others.isEmpty {
        try await record(.keyRotated, vault.ids[0], database)
        print("Every text is sealed with \(vault.ids[0]).")
        for id in vault.ids.dropFirst() where Self.number(id) < Self.number(vault.ids[0]) {
          print("\(id) seals nothing any more: tutalink keys retire \(id)")
        }
        return
      }
      if report.unreadable.count == others.values.reduce(0, +) { break }
    }
    let left = try await rotation.usage().filter { $0.key != vault.ids[0] }
    throw Refused(
      description: "Not every text is sealed anew: "
        + left.sorted { $0.key < $1.key }.map { "\($0.value) with \($0.key)" }.joined(separator: ", ")
        + ". Start it again; if rows do not open, see the runbook.")
  }

  func retire(_ id: String, _ database: Database) async throws {
    let old = try ring()
    guard let ring = old.dropping(id) else {
      throw Refused(description: old.ids.first == id ? "\(id) is the key that seals." : "There is no key \(id).")
    }
    let rotation = rotation(Vault(old), database)
    try await database.transaction { tx in
      try await rotation.retire(id, in: tx)
      try await AuditLog(clock: .system).record(.keyRetired, by: .command, on: .key(id), in: tx)
    }
    // The file last: a crash before leaves a key too many, never one too few.
    if try await keep(ring, database) {
      print("\(id) is out of use and out of \(config.keysFile). A backup made before now still needs it.")
    }
  }

  func push(all: Bool, _ database: Database) async throws {
    let keys = PushKeys(database: database, vault: Vault(try ring()), clock: .system)
    let forgotten = try await database.transaction { tx in
      let count = all ? try await keys.replace(in: tx) : nil
      if !all { try await keys.make(in: tx) }
      try await AuditLog(clock: .system).record(.keyMade, by: .command, on: .key("push"), in: tx)
      return count
    }
    print("Browsers subscribe with a new pair from now on.")
    if let forgotten { print("\(forgotten) browsers were forgotten; their people turn notes on again.") }
  }

  private func record(_ act: AuditAct, _ id: String, _ database: Database) async throws {
    try await database.transaction { tx in
      try await AuditLog(clock: .system).record(act, by: .command, on: .key(id), in: tx)
    }
  }
}
