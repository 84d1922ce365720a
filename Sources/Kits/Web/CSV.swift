// Tables for spreadsheets (RFC 4180). A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula and
// runs it on the machine of whoever opens the file (CWE-1236); words that people wrote are never to be that.

/// One cell.
package enum CSVCell: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  /// Words, whoever wrote them: what could be taken for a formula gets an apostrophe in front, which spreadsheets show
  /// as text.
  case text(String)
  /// What we made ourselves and want counted: digits, a sign, a point.
  case number(String)

  package init(stringLiteral value: String) { self = .text(value) }

  fileprivate func write(to out: inout String) {
    let words: String
    switch self {
    case .number(let digits):
      precondition(digits.utf8.allSatisfy { (48...57).contains($0) || $0 == 45 || $0 == 46 }, "that is no number")
      words = digits
    case .text(let text): words = Self.isDangerous(text) ? "'" + text : text
    }
    let quotes = words.utf8.contains { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 || $0 == 59 || $0 == 9 }
    guard quotes else {
      out += words
      return
    }
    // By scalars: a quote with an accent is one character, and a spreadsheet still sees a quote.
    out.unicodeScalars.append("\"")
    for scalar in words.unicodeScalars {
      if scalar == "\"" { out.unicodeScalars.append(scalar) }
      out.unicodeScalars.append(scalar)
    }
    out.unicodeScalars.append("\"")
  }

  /// Also behind blanks and in the wide forms of East Asian keyboards, which some programs trim or fold first.
  private static func isDangerous(_ text: String) -> Bool {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}", "\t", "\r", "\n", "|", "%": return true
      case let blank where blank.properties.isWhitespace || blank.value < 32 || blank == "\u{FEFF}": continue
      default: return false
      }
    }
    return false
  }
}

package enum CSV {
  /// What a file begins with, so that spreadsheets read UTF-8.
  package static let beginning = "\u{FEFF}"

  /// One line with its end.
  package static func line(_ cells: [CSVCell]) -> String {
    var out = ""
    for (at, cell) in cells.enumerated() {
      if at > 0 { out += "," }
      cell.write(to: &out)
    }
    return out + "\r\n"
  }
}
