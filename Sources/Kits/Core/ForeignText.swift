// What strangers send is asked by its bytes. A `Character` of Swift is what people take for one: `@` with an accent is a
// single one and no `@`, and the Greek question mark (U+037E) equals a semicolon. Browsers, mail servers and file systems
// see bytes, so where a border or a promise depends on the text, these are used instead of `split`, `hasPrefix` and `==`.

extension StringProtocol where SubSequence == Substring {
  /// The pieces between occurrences of one byte (an ASCII character); empty ones are left out unless they are kept.
  package func pieces(at separator: Unicode.Scalar, most: Int = .max, keepsEmpty: Bool = false) -> [Substring] {
    self[...].utf8.split(
      separator: UInt8(ascii: separator), maxSplits: most == .max ? .max : most - 1,
      omittingEmptySubsequences: !keepsEmpty
    ).map { Substring($0) }
  }

  /// Whether the bytes begin with those of the word.
  package func begins(_ word: String) -> Bool { utf8.starts(with: word.utf8) }

  /// Whether the bytes end with those of the word.
  package func ends(_ word: String) -> Bool { utf8.reversed().starts(with: word.utf8.reversed()) }

  /// Whether the bytes are the same; `==` also holds for other spellings of the same letters.
  package func isSpelled(_ word: some StringProtocol) -> Bool { utf8.elementsEqual(word.utf8) }
}
