import Core
import Loop

/// Logs how the server goes about a statement that was slow.
///
/// The plan is the generic one, for parameters nobody knows: it holds no value that a person typed, which the plans of
/// PostgreSQL's own auto_explain do. On a session and a thread of its own, one statement at a time, each once in ten minutes:
/// a slow database is not made slower by being asked why.
final class Explainer: Sendable {
  private let url: String
  private let log: Log
  private let thread = BlockingPool(threads: 1, waiting: 8)
  private let known = Locked<[String: Instant]>([:])

  /// How many statements are remembered; beyond that all are forgotten, and may be explained again.
  private static let memory = 1000

  init(url: String, log: Log) {
    self.url = url
    self.log = log
  }

  func explain(_ statement: String) {
    let now = Instant.now
    let isNew = known.withLock { known in
      if let at = known[statement], now - at < .minutes(10) { return false }
      if known.count >= Self.memory { known = [:] }
      known[statement] = now
      return true
    }
    guard isNew else { return }
    let (url, log, thread) = (url, log, thread)
    Task {
      do {
        let plan = try await thread.run { try Self.plan(of: statement, url: url) }
        log.warning("database.slow_plan", ["statement": .text(Self.line(statement)), "plan": .text(plan)])
      } catch {
        log.info("database.not_explained", ["statement": .text(Self.line(statement)), "error": .text("\(error)")])
      }
    }
  }

  /// Lines of `explain`, from the top. Nothing is executed: `explain` without `analyze` only plans.
  static func plan(of statement: String, url: String) throws -> String {
    let connection = try PlainConnection(url)
    try connection.script(
      "set statement_timeout = '5s'; set lock_timeout = '1s'; set plan_cache_mode = force_generic_plan")
    // The statement is the program's own text, as everything that is prepared here.
    try connection.script("prepare slow as \(statement)")
    let count = try connection.rows(
      "select cardinality(parameter_types) from pg_prepared_statements where name = 'slow'")
    let parameters = Int((count.first?.first ?? nil) ?? "") ?? 0
    let nothing = parameters == 0 ? "" : "(" + Array(repeating: "null", count: parameters).joined(separator: ", ") + ")"
    return try connection.rows("explain execute slow\(nothing)").compactMap { $0.first ?? nil }.joined(separator: "\n")
  }

  private static func line(_ statement: String) -> String {
    statement.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
