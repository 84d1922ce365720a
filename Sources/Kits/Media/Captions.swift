// Captions of a film, read from WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format") or SubRip, and written anew.
//
// Browsers forgive nearly everything in such a file; we forgive what tools commonly write and refuse what would be shown
// wrong: times that cannot be read, that run backwards or beyond the film, text without a time. What is kept is what can
// be shown safely: words, line ends, bold, italics, underline and who speaks, and where a cue stands. Styles, regions,
// notes, scripts' metadata and all other markup stay behind. See docs/decisions/captions.md.
package import Core

/// The captions of one film in one language.
package struct Captions: Sendable, Equatable {
  /// What is shown for a while.
  package struct Cue: Sendable, Equatable {
    /// Milliseconds from the film's beginning; `start` is below `end`.
    package let start: Int
    package let end: Int
    /// Where it stands, as WebVTT has it: `line:10% align:start`. Empty unless the file said.
    package let settings: String
    /// WebVTT's cue text: escaped, every tag closed, no empty line.
    package let text: String
  }

  /// Why a file is not taken. Lines count from one.
  package enum Refusal: Error, Equatable, Sendable {
    /// Larger than ``largest``.
    case tooLarge
    /// Not text in UTF-8, or with control characters in it.
    case notText
    /// No cue with words in it.
    case empty
    /// A time that cannot be read, or that ends before it begins.
    case time(line: Int)
    /// A cue that begins before the one above it.
    case order(line: Int)
    /// A time beyond what the film may last.
    case late(line: Int)
    /// Text that no time stands above, or a time in the middle of text.
    case parted(line: Int)
    /// More text in a cue than anybody reads.
    case long(line: Int)
    /// More cues than ``most``.
    case many

    /// Its name without the line.
    package var reason: String {
      switch self {
      case .tooLarge: "tooLarge"
      case .notText: "notText"
      case .empty: "empty"
      case .time: "time"
      case .order: "order"
      case .late: "late"
      case .parted: "parted"
      case .long: "long"
      case .many: "many"
      }
    }

    package var line: Int? {
      switch self {
      case .tooLarge, .notText, .empty, .many: nil
      case .time(let line), .order(let line), .late(let line), .parted(let line), .long(let line): line
      }
    }
  }

  /// Bytes of a file.
  package static let largest = 512 << 10
  package static let most = 3000
  /// Unicode scalars and lines of a cue.
  static let mostWords = 800
  static let mostLines = 8
  static let deepest = 8

  package let cues: [Cue]

  /// Reads a file that a stranger wrote. `longest` is what the film may last.
  package init(reading bytes: [UInt8], longest: Duration) throws(Refusal) {
    guard bytes.count <= Self.largest else { throw .tooLarge }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
    var lines = try Self.lines(of: text)
    var cues: [Cue] = []
    var at = 0
    if let first = lines.first, Self.isHead(first, "WEBVTT") {
      // The head and what stands under it tell players nothing that we keep.
      while at < lines.count, !lines[at].isEmpty { at += 1 }
    }
    lines.append([])
    let limit = Int(clamping: longest.microseconds / 1000)
    var isNumbered = false
    while at < lines.count {
      if lines[at].isEmpty {
        at += 1
        isNumbered = false
        continue
      }
      if !Self.hasArrow(lines[at]) {
        if ["NOTE", "STYLE", "REGION"].contains(where: { Self.isHead(lines[at], $0) }), !isNumbered {
          while !lines[at].isEmpty { at += 1 }
          continue
        }
        // A cue's name or number; the next line has its time.
        guard !isNumbered, Self.hasArrow(lines[at + 1]) else { throw .parted(line: at + 1) }
        isNumbered = true
        at += 1
        continue
      }
      isNumbered = false
      let place = at + 1
      guard let timing = Timing(lines[at]), timing.start < timing.end else { throw .time(line: place) }
      guard timing.end <= limit else { throw .late(line: place) }
      guard timing.start >= cues.last?.start ?? 0 else { throw .order(line: place) }
      at += 1
      var markup = Markup()
      var count = 0
      while !lines[at].isEmpty {
        guard !Self.hasArrow(lines[at]) else { throw .parted(line: at + 1) }
        count += 1
        guard count <= Self.mostLines else { throw .long(line: at + 1) }
        markup.read(lines[at])
        guard markup.words <= Self.mostWords else { throw .long(line: at + 1) }
        at += 1
      }
      guard markup.words > 0 else { continue }
      guard cues.count < Self.most else { throw .many }
      cues.append(Cue(start: timing.start, end: timing.end, settings: timing.settings, text: markup.finished))
    }
    guard !cues.isEmpty else { throw .empty }
    self.cues = cues
  }

  /// As WebVTT. Read again it gives the same captions.
  package var text: String {
    var out = "WEBVTT\n"
    for cue in cues {
      let settings = cue.settings.isEmpty ? "" : " " + cue.settings
      out += "\n\(Self.written(cue.start)) --> \(Self.written(cue.end))\(settings)\n\(cue.text)\n"
    }
    return out
  }

  /// `00:01:02.345`.
  private static func written(_ milliseconds: Int) -> String {
    func digits(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let seconds = milliseconds / 1000
    return
      "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2)).\(digits(milliseconds % 1000, 3))"
  }

  typealias Line = [Unicode.Scalar]

  /// Lines without their ends and what is blank before those, whichever of the three ends they have.
  private static func lines(of text: String) throws(Refusal) -> [Line] {
    var lines: [Line] = []
    var line: Line = []
    var previous: Unicode.Scalar = " "
    var scalars = text.unicodeScalars[...]
    if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
    func end() {
      while let last = line.last, last == " " || last == "\t" { line.removeLast() }
      lines.append(line)
      line = []
    }
    for scalar in scalars {
      switch scalar {
      case "\n" where previous == "\r": break
      case "\n", "\r": end()
      case "\t": line.append(scalar)
      default:
        guard scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value) else { throw .notText }
        line.append(scalar)
      }
      previous = scalar
    }
    end()
    return lines
  }

  /// Whether a line is the word, alone or with something after a space.
  private static func isHead(_ line: Line, _ word: String) -> Bool {
    guard line.starts(with: word.unicodeScalars) else { return false }
    let rest = line.dropFirst(word.unicodeScalars.count)
    return rest.first.map { $0 == " " || $0 == "\t" } ?? true
  }

  private static func hasArrow(_ line: Line) -> Bool {
    guard line.count >= 3 else { return false }
    return (2..<line.count).contains { line[$0] == ">" && line[$0 - 1] == "-" && line[$0 - 2] == "-" }
  }
}

/// `00:01.000 --> 00:02.500 align:start line:10%`, or with commas as SubRip has it.
private struct Timing {
  let start: Int
  let end: Int
  let settings: String

  init?(_ line: Captions.Line) {
    let words = line.split { $0 == " " || $0 == "\t" }.map { $0.map(\.value) }
    guard words.count >= 3, words[1] == [45, 45, 62], let start = Self.time(words[0]), let end = Self.time(words[2])
    else { return nil }
    self.start = start
    self.end = end
    var names: Set<String> = []
    var kept: [String] = []
    for word in words.dropFirst(3) {
      guard let (name, setting) = Self.setting(word), names.insert(name).inserted else { continue }
      kept.append(setting)
    }
    settings = kept.joined(separator: " ")
  }

  /// Hours may be left out; minutes and seconds have two digits, milliseconds three.
  private static func time(_ word: [UInt32]) -> Int? {
    let parts = word.split(separator: 58, omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let last = parts.last, last.count == 6,
      last[last.startIndex + 2] == 46 || last[last.startIndex + 2] == 44,
      let seconds = number(last.prefix(2), 2...2), let milliseconds = number(last.suffix(3), 3...3),
      let minutes = number(parts[parts.count - 2], 2...2), seconds < 60, minutes < 60
    else { return nil }
    var hours = 0
    if parts.count == 3 {
      guard let read = number(parts[0], 1...4) else { return nil }
      hours = read
    }
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
  }

  private static func number(_ digits: ArraySlice<UInt32>, _ count: ClosedRange<Int>) -> Int? {
    guard count.contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  /// A setting that means something to every player, without the finer alignment that few know.
  private static func setting(_ word: [UInt32]) -> (name: String, setting: String)? {
    guard let colon = word.firstIndex(of: 58), word.allSatisfy({ $0 < 0x80 }) else { return nil }
    func text(_ part: ArraySlice<UInt32>) -> String { String(decoding: part.map { UInt8($0) }, as: UTF8.self) }
    let name = text(word[..<colon])
    let value = word[(colon + 1)...].prefix { $0 != 44 }
    let isGood: Bool
    switch name {
    case "align": isGood = ["start", "center", "end", "left", "right"].contains(text(value))
    case "vertical": isGood = ["rl", "lr"].contains(text(value))
    case "line":
      let digits = value.first == 45 ? value.dropFirst() : value
      isGood = number(digits, 1...2) != nil || isPercentage(value)
    case "position", "size": isGood = isPercentage(value)
    default: isGood = false
    }
    return isGood ? (name, name + ":" + text(value)) : nil
  }

  /// From `0%` to `100%`, with up to two decimals.
  private static func isPercentage(_ value: ArraySlice<UInt32>) -> Bool {
    guard value.last == 37 else { return false }
    let parts = value.dropLast().split(separator: 46, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap({ number($0, 1...3) }), whole <= 100 else { return false }
    switch parts.count {
    case 1: return true
    case 2: return number(parts[1], 1...2).map { whole < 100 || $0 == 0 } ?? false
    default: return false
    }
  }
}

/// A cue's text on its way to being ours: read line by line, written with every tag closed.
private struct Markup {
  private enum Tag: Equatable { case bold, italic, underline, voice }

  private var out = String.UnicodeScalarView()
  private var open: [Tag] = []
  /// A line has ended, and what comes next begins another: an empty one would end the cue.
  private var isBroken = false
  /// Blanks that count only when something follows them on their line.
  private var blanks = Captions.Line()
  /// Scalars that are shown.
  private(set) var words = 0

  private static let entities: [(String, Unicode.Scalar)] = [
    ("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("quot;", "\""), ("apos;", "'"), ("#39;", "'"), ("nbsp;", "\u{A0}"),
    ("lrm;", "\u{200E}"), ("rlm;", "\u{200F}"),
  ]

  /// All of it, every tag closed.
  var finished: String {
    var copy = self
    while let tag = copy.open.popLast() { copy.put(closing: tag) }
    return String(copy.out)
  }

  mutating func read(_ line: Captions.Line) {
    isBroken = !out.isEmpty
    blanks = []
    var at = 0
    while at < line.count {
      let scalar = line[at]
      if scalar == "<", let end = line[at...].firstIndex(of: ">") {
        read(tag: line[(at + 1)..<end])
        at = end + 1
      } else {
        let (shown, width) = Self.scalar(line[at...])
        if shown == " " || shown == "\t" { blanks.append(" ") } else { put(word: shown) }
        at += width
      }
    }
    blanks = []
  }

  /// What stands at the beginning, an entity or itself, and how long that is.
  private static func scalar(_ rest: ArraySlice<Unicode.Scalar>) -> (Unicode.Scalar, Int) {
    guard rest.first == "&" else { return (rest[rest.startIndex], 1) }
    for (name, scalar) in entities where rest.dropFirst().starts(with: name.unicodeScalars) {
      return (scalar, 1 + name.unicodeScalars.count)
    }
    return ("&", 1)
  }

  private mutating func read(tag: ArraySlice<Unicode.Scalar>) {
    let isClosing = tag.first == "/"
    let body = isClosing ? tag.dropFirst() : tag
    let name = body.prefix { $0 != " " && $0 != "\t" && $0 != "." }
    let kind: Tag
    switch String(String.UnicodeScalarView(name)) {
    case "b", "B": kind = .bold
    case "i", "I": kind = .italic
    case "u", "U": kind = .underline
    case "v", "V": kind = .voice
    default: return
    }
    if isClosing {
      guard open.contains(kind) else { return }
      while let tag = open.popLast() {
        put(closing: tag)
        if tag == kind { return }
      }
      return
    }
    guard open.count < Captions.deepest else { return }
    switch kind {
    case .bold: begin(kind, "<b>")
    case .italic: begin(kind, "<i>")
    case .underline: begin(kind, "<u>")
    case .voice:
      // Classes come first (`<v.loud Mary>`), then the name.
      let rest = body.drop { $0 != " " && $0 != "\t" }
      var speaker = String.UnicodeScalarView()
      var isParted = false
      var at = rest.startIndex
      while at < rest.endIndex, speaker.count < 80 {
        let (shown, width) = Self.scalar(rest[at...])
        at += width
        if shown == " " || shown == "\t" {
          isParted = !speaker.isEmpty
        } else {
          if isParted { speaker.append(" ") }
          isParted = false
          speaker.append(shown)
        }
      }
      // With the tag's end these would be the arrow that only times have.
      while let last = speaker.last, last == "-" || last == " " { speaker.removeLast() }
      guard !speaker.isEmpty else { return }
      begin(kind, "<v ")
      for scalar in speaker { put(scalar) }
      out.append(">")
    }
  }

  private mutating func begin(_ tag: Tag, _ text: String) {
    part()
    out.append(contentsOf: text.unicodeScalars)
    open.append(tag)
  }

  private mutating func put(closing tag: Tag) {
    // A blank at a line's end would not be read again; within the line it stands before the tag, as it did.
    if !isBroken { flushBlanks() }
    let text =
      switch tag {
      case .bold: "</b>"
      case .italic: "</i>"
      case .underline: "</u>"
      case .voice: "</v>"
      }
    out.append(contentsOf: text.unicodeScalars)
  }

  private mutating func put(word scalar: Unicode.Scalar) {
    part()
    put(scalar)
    words += 1
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "&": out.append(contentsOf: "&amp;".unicodeScalars)
    case "<": out.append(contentsOf: "&lt;".unicodeScalars)
    case ">": out.append(contentsOf: "&gt;".unicodeScalars)
    default: out.append(scalar)
    }
  }

  private mutating func part() {
    if isBroken {
      out.append("\n")
      isBroken = false
    }
    flushBlanks()
  }

  private mutating func flushBlanks() {
    words += blanks.count
    out.append(contentsOf: blanks)
    blanks = []
  }
}
