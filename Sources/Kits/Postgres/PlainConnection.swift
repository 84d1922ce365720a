import CPostgres
import Core
import Glibc

/// A session that blocks: for the migrator and for making databases, which have no loop. Text in, text out.
package struct PlainConnection: ~Copyable {
  private let handle: OpaquePointer

  /// - Parameter url: an address as libpq takes it.
  package init(_ url: String) throws { handle = try Session.open(url, statementTimeout: nil) }

  deinit { PQfinish(handle) }

  /// Runs a script of one or many statements; several together are one transaction unless they say otherwise. The
  /// script is the program's own text, never made of what people typed.
  package func script(_ text: String) throws { PQclear(try Session.simply(handle, text)) }

  /// The rows of one statement with values for `$1`, `$2` …, everything as text.
  package func rows(_ statement: String, _ values: [String?] = []) throws -> [[String?]] {
    let pointers = values.map { $0.map { UnsafePointer(strdup($0)) } ?? nil }
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    let result = try Session.checked(
      handle, PQexecParams(handle, statement, Int32(values.count), nil, pointers, nil, nil, 0))
    defer { PQclear(result) }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        PQgetisnull(result, row, column) != 0 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  /// The address of another database on the same server.
  package static func address(_ url: String, database: String) -> String {
    // Later words win over earlier ones in libpq's `key=value` form; a URL is taken apart first.
    guard let options = PQconninfoParse(url, nil) else { return "\(url) dbname=\(database)" }
    defer { PQconninfoFree(options) }
    var text = ""
    var option = options
    while let keyword = option.pointee.keyword {
      defer { option += 1 }
      let name = String(cString: keyword)
      guard name != "dbname", let value = option.pointee.val else { continue }
      let quoted = String(cString: value).flatMap { $0 == "'" || $0 == "\\" ? "\\\($0)" : "\($0)" }
      text += "\(name)='\(String(quoted))' "
    }
    return text + "dbname='\(database)'"
  }
}
