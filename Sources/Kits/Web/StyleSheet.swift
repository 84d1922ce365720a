// Style sheets are written for people and sent to phones: comments, indents and line ends are a tenth of what is sent,
// and of what is read again on a slow processor before anything is painted.

/// A style sheet without what only people read.
enum StyleSheet {
  /// No comment, and of white space only what parts two words. Strings, bare `url(…)` and escapes stay as they are.
  static func tightened(_ sheet: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(sheet.count)
    var at = 0
    var isParted = false
    var isCommented = false

    /// What stood between the last byte and this one, as far as it means anything.
    func part(before next: UInt8) {
      defer { (isParted, isCommented) = (false, false) }
      guard let last = out.last else { return }
      if isParted {
        if !borders.contains(last), !borders.contains(next) { out.append(UInt8(ascii: " ")) }
      } else if isCommented, isOfName(last), isOfName(next) {
        // A comment parts two names and is no white space.
        out.append(contentsOf: "/**/".utf8)
      }
    }
    func take(to end: Int) {
      part(before: sheet[at])
      out.append(contentsOf: sheet[at..<end])
      at = end
    }

    while at < sheet.count {
      let byte = sheet[at]
      switch byte {
      case UInt8(ascii: "/") where at + 1 < sheet.count && sheet[at + 1] == UInt8(ascii: "*"):
        var end = at + 2
        while end < sheet.count,
          !(sheet[end] == UInt8(ascii: "/") && sheet[end - 1] == UInt8(ascii: "*") && end > at + 2)
        {
          end += 1
        }
        at = min(end + 1, sheet.count)
        isCommented = true
      case 9, 10, 12, 13, 32:
        isParted = true
        at += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        var end = at + 1
        while end < sheet.count, sheet[end] != byte { end += sheet[end] == UInt8(ascii: "\\") ? 2 : 1 }
        take(to: min(end + 1, sheet.count))
      case UInt8(ascii: "\\"):
        take(to: min(at + 2, sheet.count))
      case UInt8(ascii: "u") where sheet[at...].starts(with: "url(".utf8):
        let inner = sheet[(at + 4)...].first { ![9, 10, 12, 13, 32].contains($0) }
        if inner == UInt8(ascii: "\"") || inner == UInt8(ascii: "'") {
          take(to: at + 4)
        } else {
          take(to: (sheet[at...].firstIndex(of: UInt8(ascii: ")")) ?? sheet.count - 1) + 1)
        }
      default:
        take(to: at + 1)
      }
    }
    return out
  }

  /// Beside these no space means anything.
  private static let borders: Set<UInt8> = [
    UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ";"), UInt8(ascii: ","),
  ]

  private static func isOfName(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == 45 || byte == 95 || (48...57).contains(byte) || (97...122).contains(byte | 32)
  }
}
