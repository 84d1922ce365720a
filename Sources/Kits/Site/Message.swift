// A catalogue's sentence, parsed once. The form is the part of ICU MessageFormat that sentences here need: `{name}`,
// `{count, plural, =0 {…} one {…} other {…}}` with `#` for the number, and `{kind, select, a {…} other {…}}`.
// ICU's own C interface knows numbered arguments only; the plural rules are ICU's (CLDR).

/// What may be put into a sentence.
package protocol MessageValue: Sendable {
  /// As it reads; numbers are printed by the language's own digits elsewhere.
  var wording: String { get }
  /// The number that plural rules judge, if it is one.
  var quantity: Int? { get }
}

extension String: MessageValue {
  package var wording: String { self }
  package var quantity: Int? { nil }
}

extension Int: MessageValue {
  package var wording: String { String(self) }
  package var quantity: Int? { self }
}

/// One sentence of a catalogue.
struct Message: Equatable, Sendable {
  indirect enum Piece: Equatable, Sendable {
    case text(String)
    case value(String)
    case number
    /// By the number itself, or else by its category.
    case plural(String, exactly: [Int: Message], [String: Message])
    case select(String, [String: Message])
  }

  let pieces: [Piece]

  /// The sentence itself, when nothing is to be put in.
  var plain: String? {
    guard pieces.count <= 1 else { return nil }
    switch pieces.first {
    case nil: return ""
    case .text(let text): return text
    default: return nil
    }
  }

  struct Malformed: Error, Equatable { let reason: String }

  init(pieces: [Piece]) { self.pieces = pieces }

  /// Reads a sentence; an unclosed brace, an unknown form or a choice without `other` is malformed.
  init(parsing text: String) throws(Malformed) {
    var rest = Substring(text).utf8
    self = try Self.parse(&rest, inChoice: false)
    guard rest.isEmpty else { throw Malformed(reason: "a closing brace without its opening one") }
  }

  /// By bytes, for all that means something is ASCII: to look for it among letters was two fifths of a server's start.
  private static func parse(_ rest: inout Substring.UTF8View, inChoice: Bool) throws(Malformed) -> Message {
    var pieces: [Piece] = []
    while true {
      let end =
        rest.firstIndex { byte in
          byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") || (inChoice && byte == UInt8(ascii: "#"))
        } ?? rest.endIndex
      if end != rest.startIndex { pieces.append(.text(String(Substring(rest[..<end])))) }
      rest = rest[end...]
      guard let byte = rest.first, byte != UInt8(ascii: "}") else { return Message(pieces: pieces) }
      rest.removeFirst()
      pieces.append(byte == UInt8(ascii: "#") ? .number : try argument(&rest))
    }
  }

  private static func argument(_ rest: inout Substring.UTF8View) throws(Malformed) -> Piece {
    guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "}") || $0 == UInt8(ascii: ",") }) else {
      throw Malformed(reason: "an unclosed brace")
    }
    let name = word(rest[..<end])
    guard !name.isEmpty else { throw Malformed(reason: "an argument without a name") }
    let stop = rest[end]
    rest = rest[rest.index(after: end)...]
    if stop == UInt8(ascii: "}") { return .value(name) }
    guard let comma = rest.firstIndex(of: UInt8(ascii: ",")) else {
      throw Malformed(reason: "\(name): a choice without its cases")
    }
    let form = word(rest[..<comma])
    rest = rest[rest.index(after: comma)...]
    var cases: [String: Message] = [:]
    while true {
      rest = rest.drop(while: isSpace)
      guard let byte = rest.first else { throw Malformed(reason: "\(name): an unclosed choice") }
      if byte == UInt8(ascii: "}") {
        rest.removeFirst()
        break
      }
      guard let open = rest.firstIndex(of: UInt8(ascii: "{")) else {
        throw Malformed(reason: "\(name): a case without its sentence")
      }
      let label = word(rest[..<open])
      rest = rest[rest.index(after: open)...]
      cases[label] = try parse(&rest, inChoice: form == "plural")
      guard rest.first == UInt8(ascii: "}") else { throw Malformed(reason: "\(name): an unclosed case") }
      rest.removeFirst()
    }
    guard cases["other"] != nil else { throw Malformed(reason: "\(name): a choice without `other`") }
    switch form {
    case "plural":
      let exact = cases.compactMap { label, message in
        label.hasPrefix("=") ? Int(label.dropFirst()).map { ($0, message) } : nil
      }
      return .plural(name, exactly: Dictionary(exact, uniquingKeysWith: { first, _ in first }), cases)
    case "select": return .select(name, cases)
    default: throw Malformed(reason: "\(name): \(form) is no form of ours")
    }
  }

  /// A name, a form or a label, however it is spaced and broken into lines.
  private static func word(_ bytes: Substring.UTF8View.SubSequence) -> String {
    String(decoding: bytes.filter { !isSpace($0) }, as: UTF8.self)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
  }

  /// The sentence with `values` put in. A value that is not given shows as `{name}`, which tests look for.
  func wording(_ values: [String: any MessageValue], plural: (Int) -> String) -> String {
    wording(plural: plural) { values[$0] }
  }

  /// The same with values wherever they are: `value` gives the one of a name.
  func wording(plural: (Int) -> String, _ value: (String) -> (any MessageValue)?) -> String {
    var out = ""
    write(to: &out, plural, number: nil, value)
    return out
  }

  private func write(
    to out: inout String, _ plural: (Int) -> String, number: Int?, _ value: (String) -> (any MessageValue)?
  ) {
    for piece in pieces {
      switch piece {
      case .text(let text): out += text
      case .value(let name): out += value(name)?.wording ?? "{\(name)}"
      case .number: out += number.map(String.init) ?? "#"
      case .plural(let name, let exact, let cases):
        let count = value(name)?.quantity ?? 0
        let chosen = (exact.isEmpty ? nil : exact[count]) ?? cases[plural(count)] ?? cases["other"]
        chosen?.write(to: &out, plural, number: count, value)
      case .select(let name, let cases):
        let chosen = cases[value(name)?.wording ?? "other"] ?? cases["other"]
        chosen?.write(to: &out, plural, number: number, value)
      }
    }
  }
}

// MARK: Made-up English

extension Message {
  /// The sentence in letters that English does not have, two fifths longer, between brackets: what shows no brackets is
  /// cut off, and what shows plain letters was never in a catalogue. Values are left as they are.
  func madeUp() -> Message {
    let letters = pieces.reduce(0) { $0 + $1.letters }
    guard letters > 0 else { return self }
    // In words, as longer languages have more of them, and not one that no line can hold.
    var more = ""
    for at in 0..<max(1, letters * 2 / 5) { more += at % 6 == 0 ? " ·" : "·" }
    return Message(pieces: [.text("⟨")] + pieces.map(\.accented) + [.text("\(more)⟩")])
  }
}

extension Message.Piece {
  fileprivate var letters: Int {
    switch self {
    case .text(let text): text.count
    case .value, .number: 0
    case .plural(_, _, let cases), .select(_, let cases):
      cases["other"]?.pieces.reduce(0) { $0 + $1.letters } ?? 0
    }
  }

  fileprivate var accented: Self {
    func cases<Label>(_ cases: [Label: Message]) -> [Label: Message] {
      cases.mapValues { Message(pieces: $0.pieces.map(\.accented)) }
    }
    return switch self {
    case .text(let text): .text(Self.accent(text))
    case .value, .number: self
    case .plural(let name, let exact, let all): .plural(name, exactly: cases(exact), cases(all))
    case .select(let name, let all): .select(name, cases(all))
    }
  }

  /// Every letter of English by one that looks like it.
  private static let alike: [Character: Character] = Dictionary(
    uniqueKeysWithValues: zip(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "åƀçđéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ"))

  private static func accent(_ text: String) -> String { String(text.map { alike[$0] ?? $0 }) }
}
