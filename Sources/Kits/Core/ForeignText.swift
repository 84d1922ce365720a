// What strangers send is asked by its bytes. A `Character` of Swift is what people take for one: `@` with an accent is a
// single one and no `@`, and the Greek question mark (U+037E) equals a semicolon. Browsers, mail servers and file systems
// see bytes, so where a border or a promise depends on the text, these are used instead of `split`, `hasPrefix` and `==`.

extension Substring {
  /// The pieces between occurrences of one byte (an ASCII character); empty ones are left out unless they are kept.
  package func pieces(at separator: Unicode.Scalar, most: Int = .max, keepsEmpty: Bool = false) -> [Substring] {
    utf8.split(
      separator: UInt8(ascii: separator), maxSplits: most == .max ? .max : most - 1,
      omittingEmptySubsequences: !keepsEmpty
    ).map { Substring($0) }
  }

  /// Whether the bytes begin with those of the word.
  package func begins(_ word: String) -> Bool { utf8.starts(with: word.utf8) }

  /// Whether the bytes end with those of the word.
  package func ends(_ word: String) -> Bool { utf8.suffix(word.utf8.count).elementsEqual(word.utf8) }

  /// The text without spaces, tabs and line ends at either end.
  package func trimmingSpaces() -> String {
    var rest = self
    // Nearly always there are none: then the bytes at the ends say so.
    func isPlain(_ byte: UInt8?) -> Bool { byte.map { $0 > 32 && $0 < 127 } ?? true }
    if !isPlain(rest.utf8.first) { while let first = rest.first, first.isWhitespace { rest.removeFirst() } }
    if !isPlain(rest.utf8.last) { while let last = rest.last, last.isWhitespace { rest.removeLast() } }
    return String(rest)
  }
}

// The same of a whole text. Not one extension of `StringProtocol`: what is generic across modules is not specialised, and a
// header's look-up would ask the runtime what a text is.
extension String {
  package func pieces(at separator: Unicode.Scalar, most: Int = .max, keepsEmpty: Bool = false) -> [Substring] {
    self[...].pieces(at: separator, most: most, keepsEmpty: keepsEmpty)
  }
  package func begins(_ word: String) -> Bool { utf8.starts(with: word.utf8) }
  package func ends(_ word: String) -> Bool { self[...].ends(word) }
  package func trimmingSpaces() -> String { self[...].trimmingSpaces() }

  /// How many scalars the text has, as JSON Schema and PostgreSQL count its length: every byte but those that go on with one.
  package var scalarCount: Int {
    var text = self
    return text.withUTF8 { bytes in bytes.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }
  }
}

extension StringProtocol {
  /// Whether the bytes are the same; `==` also holds for other spellings of the same letters.
  package func isSpelled(_ word: some StringProtocol) -> Bool { utf8.elementsEqual(word.utf8) }
}
