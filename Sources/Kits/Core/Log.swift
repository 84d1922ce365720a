import CSystem
import Glibc

/// JSON lines on standard error: one object a line, a level, an event name, and named values. Never personal data,
/// never a secret: what is logged is ids, routes, durations, states.
package struct Log: Sendable {
  package enum Level: String, Sendable, Comparable {
    case debug, info, warning, error

    package static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
    private var rank: Int {
      switch self {
      case .debug: 0
      case .info: 1
      case .warning: 2
      case .error: 3
      }
    }
  }

  package enum Value: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    case text(String)
    case number(Int)
    case flag(Bool)
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
  }

  private let level: Level
  private let sink: @Sendable (String) -> Void

  /// Writes what is at least `level`. The default sink is standard error, one `write` a line.
  package init(
    level: Level = .info,
    sink: @escaping @Sendable (String) -> Void = { line in
      var bytes = Array(line.utf8)
      bytes.append(10)
      _ = Glibc.write(2, bytes, bytes.count)
    }
  ) {
    self.level = level
    self.sink = sink
  }

  /// Swallows everything; for tests that do not look.
  package static let silent = Log(level: .error, sink: { _ in })

  // What is below the level is not even put together: every request has a line.
  package func debug(_ event: String, _ values: @autoclosure () -> KeyValuePairs<String, Value> = [:]) {
    if level <= .debug { write(.debug, event, values()) }
  }
  package func info(_ event: String, _ values: @autoclosure () -> KeyValuePairs<String, Value> = [:]) {
    if level <= .info { write(.info, event, values()) }
  }
  package func warning(_ event: String, _ values: KeyValuePairs<String, Value> = [:]) { write(.warning, event, values) }
  package func error(_ event: String, _ values: KeyValuePairs<String, Value> = [:]) { write(.error, event, values) }

  private func write(_ level: Level, _ event: String, _ values: KeyValuePairs<String, Value>) {
    guard level >= self.level else { return }
    var line = "{\"at\":\"\(Instant.now.rfc3339)\",\"level\":\"\(level.rawValue)\",\"event\":\(Self.quoted(event))"
    for (key, value) in values {
      line += ",\(Self.quoted(key)):"
      switch value {
      case .text(let text): line += Self.quoted(text)
      case .number(let number): line += String(number)
      case .flag(let flag): line += flag ? "true" : "false"
      }
    }
    sink(line + "}")
  }

  /// A JSON string (RFC 8259): quotes, backslashes and control characters escaped, so that no value can forge a line.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
