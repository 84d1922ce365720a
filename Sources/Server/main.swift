import Core
import Glibc
import Postgres

Signals.arm()

let arguments = Array(CommandLine.arguments.dropFirst())
var environment: [String: String] = [:]
var entry = environ
while let pointer = entry.pointee {
  let pair = String(cString: pointer)
  if let sign = pair.firstIndex(of: "=") {
    environment[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
  }
  entry += 1
}

/// The help of a command that has some of its own; it needs no settings.
func help(_ arguments: [String]) -> String? {
  guard arguments.dropFirst().contains(where: Misused.asksForHelp) else { return nil }
  return switch arguments.first {
  case "admin": AdminCommand.help
  case "keys": Keys.help
  case "audit": AuditCommand.help
  default: nil
  }
}

do {
  if let help = help(arguments) { throw Misused(help: help, isAsked: true) }
  let config = try Config(environment: environment)
  let log = Log(level: config.logLevel)
  switch arguments.first {
  case "serve", nil: try await House(config, log: log).serve(environment)
  case "migrate":
    let applied = try Migrator(folder: config.migrations, url: config.databaseURL).migrate()
    print(applied.isEmpty ? "The database is up to date." : "Applied: \(applied.joined(separator: ", "))")
  case "map": print(HouseMap(try House(config, log: log)).text, terminator: "")
  case "doctor": exit(try await Examination(config: config).run(Array(arguments.dropFirst())) ? 0 : 1)
  case "backup":
    // One place knows how: the script, which needs pg_dump and age beside it.
    var words: [UnsafeMutablePointer<CChar>?] = (["bin/backup"] + arguments.dropFirst()).map { strdup($0) }
    words.append(nil)
    execv("bin/backup", &words)
    complain("bin/backup cannot be started: \(String(cString: strerror(errno))).\n")
    exit(69)
  case "seed": try await Seeds(config, log: log).run()
  case "admin": try await AdminCommand(config, log: log).run(Array(arguments.dropFirst()))
  case "keys": try await Keys(config: config, log: log).run(Array(arguments.dropFirst()))
  case "audit":
    guard try await AuditCommand(config, log: log).run(Array(arguments.dropFirst())) else { exit(1) }
  case let word:
    print(
      """
      usage: tutalink COMMAND

        serve     the site; what runs when no command is given
        migrate   brings the database up to date
        admin     administrators, suspension, maintenance, merging of accounts
        keys      the keys that seal columns: list, new, rotate, retire
        audit     the record of who did what: verify, tail
        doctor    looks at all the site stands on, and says what to do: doctor [PART…]
        backup    bin/backup: makes one, verify, restore, list
        seed      a small cast for a look at the site
        map       what the house consists of

      `tutalink COMMAND --help` says more of one with commands of its own.
      Settings come from the environment; Config/sample.env lists them.
      """)
    exit(word.map(Misused.asksForHelp) == true ? 0 : 64)
  }
  exit(0)
} catch let misused as Misused {
  print(misused.help)
  exit(misused.isAsked ? 0 : 64)
} catch {
  complain("\(error)\n")
  exit(70)
}
