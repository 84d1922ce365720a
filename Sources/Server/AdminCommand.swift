import Accounts
import Admin
import Audit
import Core
import Crypto
import Glibc
import Ledger
import Loop
import Postgres
import Web

/// `tutalink admin`: what is done for the site from the machine itself, when no administrator can sign in or should not
/// have to.
struct AdminCommand {
  static let help = """
    usage: tutalink admin COMMAND

      create EMAIL USERNAME "FULL NAME"     an administrator, with a password typed on standard input; or gives the role
                                            to the account that has the address
      revoke PERSON                         takes the administrator's role
      suspend PERSON | restore PERSON       closes an account and everything it has open, or opens it again
      second-factor-off PERSON              takes the second proof from somebody who lost phone and paper
      merge-users KEEP GONE [--dry-run]     makes one account of two: what GONE has goes to KEEP, and GONE is closed.
                                            All of it or nothing; what stands in the way is named
      maintenance on "SENTENCE" [MINUTES]   people read the sentence instead of the site; administrators pass, running
                                            lessons go on. On all nodes at once
      maintenance off | status

    PERSON, KEEP and GONE are a username, an address or an id.
    """

  let config: Config
  let log: Log

  init(_ config: Config, log: Log) {
    self.config = config
    self.log = log
  }

  func run(_ arguments: [String]) async throws {
    let rest = Array(arguments.dropFirst())
    switch (arguments.first, rest.count) {
    case ("create", 3): try await create(email: rest[0], username: rest[1], name: rest[2])
    case ("revoke", 1): try await withDatabase(config, log) { try await revoke(rest[0], $0) }
    case ("suspend", 1): try await withDatabase(config, log) { try await suspend(rest[0], isOn: true, $0) }
    case ("restore", 1): try await withDatabase(config, log) { try await suspend(rest[0], isOn: false, $0) }
    case ("second-factor-off", 1): try await withDatabase(config, log) { try await removeFactor(rest[0], $0) }
    case ("merge-users", 2...3) where rest.count == 2 || rest.contains("--dry-run"):
      let names = rest.filter { $0 != "--dry-run" }
      guard names.count == 2 else { throw Misused(help: Self.help, isAsked: false) }
      try await withDatabase(config, log) {
        try await merge(keep: names[0], gone: names[1], isTrial: rest.count == 3, $0)
      }
    case ("maintenance", 1...3): try await withDatabase(config, log) { try await maintain(rest, $0) }
    default: throw Misused(help: Self.help, isAsked: arguments.first.map(Misused.asksForHelp) ?? false)
    }
  }

  private func sessions(_ database: Database) -> Sessions {
    Sessions(database: database, clock: .system, secret: config.secret)
  }

  private func person(_ name: String, _ database: Database) async throws -> ID<User> {
    guard let id = try await Sessions.person(called: name, in: database) else {
      throw Refused(description: "Nobody is called “\(name)”; a username, an address or an id was expected.")
    }
    return id
  }

  func create(email: String, username: String, name: String) async throws {
    guard let address = EmailAddress(email) else { throw Refused(description: "\(email) is no e-mail address.") }
    guard Registration.isUsername(username) else {
      throw Refused(description: "\(username) is no username: 3 to 30 of a–z, 0–9, dot, dash.")
    }
    try await withDatabase(config, log) { database in
      let sessions = sessions(database)
      if let known = try await Sessions.person(called: address.text, in: database) {
        try await database.transaction { tx in
          _ = try await sessions.setRole(.admin, isOn: true, of: known, by: .command, in: tx)
        }
        print("\(address.text) is an administrator now.")
        return
      }
      complain("Password (at least \(PasswordPolicy.shortest) characters): ")
      guard let password = readLine(), PasswordPolicy.judge(password, personal: [name, username]) == nil else {
        throw Refused(
          description:
            "The password is too simple: at least \(PasswordPolicy.shortest) characters, letters and something else.")
      }
      let hash = Password.hash(password)
      let id = ID<User>.new()
      try await database.transaction { tx in
        try await tx.run(
          Query<Void>(
            """
            insert into users (id, email, username, full_name, password_hash, verified_at, terms_accepted_at)
            values (\(id), \(address.text)::citext, \(username)::citext, \(name), \(hash), now(), now())
            """))
        _ = try await sessions.setRole(.admin, isOn: true, of: id, by: .command, in: tx)
      }
      print("\(address.text) can sign in as an administrator.")
    }
  }

  private func suspend(_ name: String, isOn: Bool, _ database: Database) async throws {
    let user = try await person(name, database)
    let sessions = sessions(database)
    try await database.transaction { tx in
      _ = try await sessions.suspend(user, isOn: isOn, by: .command, in: tx)
    }
    print(isOn ? "\(name) is suspended and signed out everywhere." : "\(name) may sign in again.")
  }

  private func revoke(_ name: String, _ database: Database) async throws {
    let user = try await person(name, database)
    let sessions = sessions(database)
    let isChanged = try await database.transaction { tx in
      try await sessions.setRole(.admin, isOn: false, of: user, by: .command, in: tx)
    }
    print(isChanged ? "\(name) is no administrator any more." : "\(name) was none.")
  }

  private func removeFactor(_ name: String, _ database: Database) async throws {
    let user = try await person(name, database)
    let sessions = sessions(database)
    let isGone = try await database.transaction { tx in
      try await sessions.removeSecondFactor(of: user, by: .command, in: tx)
    }
    print(isGone ? "\(name) signs in with the password alone." : "\(name) has no second proof.")
  }

  private func merge(keep: String, gone: String, isTrial: Bool, _ database: Database) async throws {
    let merge = UserMerge(
      keep: try await person(keep, database), gone: try await person(gone, database), ledger: Ledger(),
      sessions: sessions(database))
    let report = try await merge.run(isTrial: isTrial, in: database)
    for line in report.moved { print("\(line.place): \(line.rows)") }
    if report.conflicts.isEmpty {
      print(isTrial ? "Nothing stands in the way; nothing was changed." : "\(gone) is \(keep) now; \(gone) is closed.")
    } else {
      throw Refused(
        description: "Nothing was changed. In the way:\n" + report.conflicts.map { "  " + $0 }.joined(separator: "\n"))
    }
  }

  private func maintain(_ words: [String], _ database: Database) async throws {
    let maintenance = Maintenance(database: database)
    switch (words[0], words.count) {
    case ("on", 2...3):
      guard let minutes = Int(words.count == 3 ? words[2] : "10"), (1...10_000).contains(minutes),
        (1...500).contains(words[1].unicodeScalars.count)
      else { throw Misused(help: Self.help, isAsked: false) }
      try await maintenance.begin(words[1], minutes: minutes)
      print("People read now: \(words[1])")
    case ("off", 1): print(try await maintenance.end() ? "The site is open." : "The site was open already.")
    case ("status", 1): print(try await maintenance.notice()?.sentence ?? "The site is open.")
    default: throw Misused(help: Self.help, isAsked: false)
    }
  }
}
