import CICU
package import Core
import Glibc
package import HTML
import JSON

/// Every word a person reads, by language and key. One JSON file a feature and language:
/// `Assets/locales/en/bookings.json` holds `{"bookings.title": "Your bookings", …}`.
package final class Catalogue: Sendable {
  private let vocabularies: [Language: Vocabulary]

  private let english: Set<String>
  /// The sentences as they stand in the files, by language and key; only where builders look at them.
  private let sources: [Language: [String: String]]

  package struct Unreadable: Error, CustomStringConvertible {
    package let description: String
  }

  /// Reads `folder/<language>/*.json`. A malformed sentence or a key given twice stops the start, named.
  /// `forBuilders` adds the languages nobody speaks, and keeps the sentences as they stand in the files.
  package init(folder: String, forBuilders: Bool = false) throws {
    var messages: [Language: [String: Message]] = [:]
    var sources: [Language: [String: String]] = [:]
    for language in Language.allCases {
      var known: [String: Message] = [:]
      let path = "\(folder)/\(language.rawValue)"
      for name in Self.files(in: path) {
        let file = "\(path)/\(name)"
        guard let bytes = Self.contents(of: file) else { throw Unreadable(description: "\(file) cannot be read") }
        guard let members = try JSON.read(bytes).object else { throw Unreadable(description: "\(file) is no object") }
        for (key, value) in members {
          guard let text = value.string else { throw Unreadable(description: "\(file): \(key) is no sentence") }
          let message: Message
          do throws(Message.Malformed) {
            message = try Message(parsing: text)
          } catch { throw Unreadable(description: "\(file): \(key): \(error.reason)") }
          guard known.updateValue(message, forKey: key) == nil else {
            throw Unreadable(description: "\(file): \(key) is given twice")
          }
          if forBuilders { sources[language, default: [:]][key] = text }
        }
      }
      messages[language] = known
    }
    var vocabularies: [Language: Vocabulary] = [:]
    func sentences(of language: Language) -> [String: Sentence] {
      let rules = PluralRules(language)
      return (messages[language] ?? [:]).mapValues { Sentence(message: $0, rules: rules) }
    }
    let english = sentences(of: .english)
    for language in Language.allCases {
      let all = language == .english ? english : english.merging(sentences(of: language)) { _, own in own }
      vocabularies[language] = Vocabulary(language: language, sentences: all)
    }
    if forBuilders {
      let rules = PluralRules(.english)
      let madeUp = (messages[.english] ?? [:]).mapValues { Sentence(message: $0.madeUp(), rules: rules) }
      for language in Language.madeUp {
        vocabularies[language] = Vocabulary(language: language, sentences: madeUp)
      }
    }
    self.sources = sources
    self.vocabularies = vocabularies
    self.english = Set(english.keys)
  }

  /// The sentence of `key`; English where the language has none yet; the key in brackets where nobody has.
  package func wording(_ key: String, in language: Language, _ values: [String: any MessageValue] = [:]) -> String {
    words(in: language).sentence(key, values)
  }

  /// Whether English has the key.
  package func has(_ key: String) -> Bool { english.contains(key) }

  /// All keys, sorted.
  package var keys: [String] { english.sorted() }

  /// The sentence as it stands in the file; nothing where the language has none, or where no builder looks.
  package func source(of key: String, in language: Language) -> String? { sources[language]?[key] }

  /// One language's words; English where the site does not know the language.
  package func words(in language: Language) -> Wording {
    guard let vocabulary = vocabularies[language] ?? vocabularies[.english] else {
      preconditionFailure("every language has its vocabulary")
    }
    return Wording(vocabulary: vocabulary)
  }

  private static func files(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".json") { names.append(name) }
    }
    return names.sorted()
  }

  private static func contents(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
}

/// A sentence with the plural rules of the language it is written in.
private final class Sentence: Sendable {
  let message: Message
  let rules: PluralRules
  /// The whole of it, when nothing is put in.
  let plain: String?

  init(message: Message, rules: PluralRules) {
    self.message = message
    self.rules = rules
    plain = message.plain
  }

  func wording(_ value: (String) -> (any MessageValue)?) -> String {
    plain ?? message.wording(plural: rules.category, value)
  }
}

/// All sentences of one language, in English where it has none of its own: one look-up for each word of a page.
private final class Vocabulary: Sendable {
  let language: Language
  let sentences: [String: Sentence]

  init(language: Language, sentences: [String: Sentence]) {
    self.language = language
    self.sentences = sentences
  }
}

/// One language's words, called like a function: `t("bookings.title")`, `t("bookings.with", name: tutor)`.
@dynamicCallable
package struct Wording: Sendable {
  private let vocabulary: Vocabulary

  fileprivate init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  package var language: Language { vocabulary.language }

  /// A sentence with nothing to be put in, as most are.
  package func dynamicallyCall(withArguments key: [String]) -> String {
    let key = key.first ?? ""
    return vocabulary.sentences[key]?.wording { _ in nil } ?? Self.missing(key)
  }

  /// The first argument is the key, the named ones are put into the sentence.
  package func dynamicallyCall(withKeywordArguments pairs: KeyValuePairs<String, any MessageValue>) -> String {
    let key = pairs.first?.value.wording ?? ""
    guard let sentence = vocabulary.sentences[key] else { return Self.missing(key) }
    // Few enough to look through.
    return sentence.wording { name in pairs.dropFirst().first { $0.key == name }?.value }
  }

  /// For keys and values that are data, such as a stored notification.
  package func sentence(_ key: String, _ values: [String: any MessageValue]) -> String {
    vocabulary.sentences[key]?.wording { values[$0] } ?? Self.missing(key)
  }

  /// A sentence with pieces of a page in it, such as links: what stands round them is escaped as all words are.
  package func markup(_ key: String, _ pieces: KeyValuePairs<String, HTML>) -> HTML {
    // Each piece is marked by a character that nobody writes (Unicode 16, 23.5: private use), and put in its place after.
    let first: UInt32 = 0xF000
    var values: [String: any MessageValue] = [:]
    for (number, piece) in pieces.enumerated() {
      values[piece.key] = Unicode.Scalar(first + UInt32(number)).map { String(Character($0)) }
    }
    var parts: [HTML] = []
    var text = String.UnicodeScalarView()
    func close() {
      if !text.isEmpty { parts.append(HTML(String(text))) }
      text = .init()
    }
    for scalar in sentence(key, values).unicodeScalars {
      if scalar.value >= first, scalar.value < first + UInt32(pieces.count) {
        close()
        parts.append(pieces[Int(scalar.value - first)].value)
      } else {
        text.append(scalar)
      }
    }
    close()
    return "\(parts)"
  }

  private static func missing(_ key: String) -> String { "⟦\(key)⟧" }
}

/// CLDR's plural categories through ICU. Immutable once made; `uplrules_select` may be called from any thread.
private final class PluralRules: @unchecked Sendable {
  private let rules: UnsafeMutableRawPointer?
  /// The categories of the numbers that sentences mostly have, asked for once.
  private let small: [String]

  init(_ language: Language) {
    var status = U_ZERO_ERROR
    let rules = icu_plural_open(language.rawValue, &status)
    self.rules = rules
    small = (0..<256).map { Self.category(of: $0, by: rules) }
  }

  func category(of count: Int) -> String {
    small.indices.contains(count) ? small[count] : Self.category(of: count, by: rules)
  }

  private static func category(of count: Int, by rules: UnsafeMutableRawPointer?) -> String {
    guard let rules else { return "other" }
    var status = U_ZERO_ERROR
    var keyword = [UChar](repeating: 0, count: 16)
    let length = icu_plural_select(rules, Double(count), &keyword, 16, &status)
    guard status.rawValue <= U_ZERO_ERROR.rawValue, length > 0 else { return "other" }
    return String(utf16: keyword, length)
  }
}
