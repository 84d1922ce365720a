import Core
import Glibc
import Loop
import Postgres

/// A command that was asked wrongly, or asked for its help.
struct Misused: Error {
  let help: String
  let isAsked: Bool

  static func asksForHelp(_ word: String) -> Bool { ["--help", "-h", "help"].contains(word) }
}

/// A command that will not do what was asked, in a sentence.
struct Refused: Error, CustomStringConvertible { let description: String }

/// A database for the time of a command.
func withDatabase<Result>(
  _ config: Config, _ log: Log, _ body: (Database) async throws -> Result
) async throws -> Result {
  let loops = LoopGroup(count: 1, log: log)
  let database = Database(url: config.databaseURL, loops: loops, connectionsPerLoop: 2, log: log)
  defer { loops.stop() }
  do {
    let result = try await body(database)
    await database.close()
    return result
  } catch {
    await database.close()
    throw error
  }
}
