import CPostgres
import Core
import Glibc

/// How a session with the server begins. Everything here blocks and belongs on a thread of its own.
enum Session {
  /// Opens a session, in UTC, with the limits every statement of ours lives under. The address may override them.
  static func open(_ url: String, statementTimeout: Duration?) throws -> OpaquePointer {
    // What comes before the address is a default, what is in the address wins (libpq, PQconnectdbParams).
    let handle = ["connect_timeout", "application_name", "client_encoding", "dbname"].withPointers { keywords in
      ["5", "tutalink", "UTF8", url].withPointers { values in PQconnectdbParams(keywords, values, 1) }
    }
    guard let handle else { throw PostgresError("out of memory", state: "53200") }
    guard PQstatus(handle) == CONNECTION_OK else {
      let message = String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: "; ")
      PQfinish(handle)
      throw PostgresError(message, state: "08001")
    }
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    var settings = "set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'iso_8601'"
    if let statementTimeout {
      settings += "; set statement_timeout to \(statementTimeout.microseconds / 1000)"
      settings += "; set idle_in_transaction_session_timeout to \(statementTimeout.microseconds / 1000)"
    }
    do { PQclear(try simply(handle, settings)) } catch {
      PQfinish(handle)
      throw error
    }
    return handle
  }

  /// Runs a script and waits. The caller clears the result.
  static func simply(_ handle: OpaquePointer, _ script: String) throws -> OpaquePointer {
    guard !script.utf8.contains(0) else { throw PostgresError("a statement holds a NUL character", state: "22021") }
    return try checked(handle, PQexec(handle, script))
  }

  static func checked(_ handle: OpaquePointer, _ result: OpaquePointer?) throws -> OpaquePointer {
    guard let result else { throw PostgresError(String(cString: PQerrorMessage(handle)), state: "08006") }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQclear(result)
      throw PostgresError("copy is not spoken here", state: "0A000")
    default:
      defer { PQclear(result) }
      throw PostgresError(result: result)
    }
  }
}

extension [String] {
  /// The texts as a NULL-terminated array of C strings, for the duration of a call.
  func withPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result) rethrows -> Result {
    var pointers: [UnsafePointer<CChar>?] = map { UnsafePointer(strdup($0)) }
    pointers.append(nil)
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    return try body(&pointers)
  }
}
