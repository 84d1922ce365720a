import Core
import Glibc
import Postgres

Signals.block()

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

do {
  let config = try Config(environment: environment)
  let log = Log(level: config.logLevel)
  switch arguments.first {
  case "serve", nil: try await House(config, log: log).serve()
  case "migrate":
    let applied = try Migrator(folder: config.migrations, url: config.databaseURL).migrate()
    print(applied.isEmpty ? "The database is up to date." : "Applied: \(applied.joined(separator: ", "))")
  case "map": print(HouseMap(try House(config, log: log)).text, terminator: "")
  case "seed": try await Seeds(config, log: log).run()
  case "admin" where arguments.dropFirst().first == "create" && arguments.count == 5:
    try await FirstAdministrator(config, log: log).create(
      email: arguments[2], username: arguments[3], name: arguments[4])
  default:
    print(
      """
      usage: tutalink [serve | migrate | seed | map | admin create EMAIL USERNAME "FULL NAME"]
      Settings come from the environment; Config/sample.env lists them.
      """)
    exit(64)
  }
  exit(0)
} catch {
  complain("\(error)\n")
  exit(70)
}
