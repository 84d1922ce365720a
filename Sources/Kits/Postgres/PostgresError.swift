import CPostgres
import Core

/// What the server, or the way to it, said instead of an answer.
///
/// `state` is the five-character SQLSTATE ("PostgreSQL Error Codes", appendix A of its manual); that, and the name of
/// the violated constraint, is what programs look at. The detail line is left out: it quotes values.
package struct PostgresError: Error, Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  package let message: String
  package let state: String
  package let constraint: String?
  package let table: String?
  package let column: String?
  /// Where in the statement, in characters from 1; for scripts.
  package let position: Int?

  package init(
    _ message: String, state: String, constraint: String? = nil, table: String? = nil, column: String? = nil,
    position: Int? = nil
  ) {
    self.message = message
    self.state = state
    self.constraint = constraint
    self.table = table
    self.column = column
    self.position = position
  }

  init(result: OpaquePointer) {
    func text(_ field: UnsafePointer<CChar>?) -> String? { field.map { String(cString: $0) } }
    message = text(postgres_error_message(result)) ?? String(cString: PQresultErrorMessage(result))
    // Without a state the report is libpq's own: the connection broke.
    state = text(postgres_error_state(result)) ?? "08006"
    constraint = text(postgres_error_constraint(result))
    table = text(postgres_error_table(result))
    column = text(postgres_error_column(result))
    position = text(postgres_error_position(result)).flatMap { Int($0) }
  }

  /// The connection to the server is no more: `08…`, or the server is shutting down, crashed, or starting.
  package var isConnectionLost: Bool {
    state.hasPrefix("08") || state == "57P01" || state == "57P02" || state == "57P03"
  }
  package var isUniqueViolation: Bool { state == "23505" }
  package var isForeignKeyViolation: Bool { state == "23503" }
  package var isCheckViolation: Bool { state == "23514" }
  /// Two rows overlap where an `exclude` constraint forbids it.
  package var isExclusionViolation: Bool { state == "23P01" }

  /// The transaction met another and lost; the same again may succeed (serialization failure, deadlock).
  var isCollision: Bool { state == "40001" || state == "40P01" }
  /// A prepared statement no longer fits the tables, or is gone from the session.
  var isStalePlan: Bool { state == "26000" || (state == "0A000" && message.contains("cached plan")) }

  /// The same: what reflects would quote the message, and with it the value.
  package var debugDescription: String { description }

  package var description: String {
    // Class 22, data exceptions, quotes the value it cannot take; what is written down never has it.
    let told = state.hasPrefix("22") ? message.prefix { $0 != "\"" } : message[...]
    var text = "\(state) \(told.trimmingSpaces())"
    if let constraint { text += " (\(constraint))" }
    return text
  }
}

/// A column that does not hold what the program reads from it: the query and the type it fills disagree.
package struct UnreadableColumn: Error, Equatable, Sendable, CustomStringConvertible {
  package let column: String
  package let reason: String

  package var description: String { "column \(column): \(reason)" }
}
