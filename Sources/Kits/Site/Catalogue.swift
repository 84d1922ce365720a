import CICU
package import Core
import Glibc
import JSON

/// Every word a person reads, by language and key. One JSON file a feature and language:
/// `Assets/locales/en/bookings.json` holds `{"bookings.title": "Your bookings", …}`.
package final class Catalogue: Sendable {
  private let messages: [Language: [String: Message]]
  private let rules: [Language: PluralRules]

  package struct Unreadable: Error, CustomStringConvertible {
    package let description: String
  }

  /// Reads `folder/<language>/*.json`. A malformed sentence or a key given twice stops the start, named.
  package init(folder: String) throws {
    var messages: [Language: [String: Message]] = [:]
    for language in Language.allCases {
      var known: [String: Message] = [:]
      let path = "\(folder)/\(language.rawValue)"
      for name in Self.files(in: path) {
        let file = "\(path)/\(name)"
        guard let bytes = Self.contents(of: file) else { throw Unreadable(description: "\(file) cannot be read") }
        guard let members = try JSON.read(bytes).object else { throw Unreadable(description: "\(file) is no object") }
        for (key, value) in members {
          guard let text = value.string else { throw Unreadable(description: "\(file): \(key) is no sentence") }
          guard known[key] == nil else { throw Unreadable(description: "\(file): \(key) is given twice") }
          do throws(Message.Malformed) {
            known[key] = try Message(parsing: text)
          } catch { throw Unreadable(description: "\(file): \(key): \(error.reason)") }
        }
      }
      messages[language] = known
    }
    self.messages = messages
    rules = Dictionary(uniqueKeysWithValues: Language.allCases.map { ($0, PluralRules($0)) })
  }

  /// The sentence of `key`; English where the language has none yet; the key in brackets where nobody has.
  package func wording(_ key: String, in language: Language, _ values: [String: any MessageValue] = [:]) -> String {
    for candidate in [language, .english] {
      if let message = messages[candidate]?[key] {
        return message.wording(values, plural: { self.rules[candidate]?.category(of: $0) ?? "other" })
      }
    }
    return "⟦\(key)⟧"
  }

  /// Whether English has the key.
  package func has(_ key: String) -> Bool { messages[.english]?[key] != nil }

  package func words(in language: Language) -> Wording { Wording(catalogue: self, language: language) }

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

/// One language's words, called like a function: `t("bookings.title")`, `t("bookings.with", name: tutor)`.
@dynamicCallable
package struct Wording: Sendable {
  let catalogue: Catalogue
  package let language: Language

  /// The first argument is the key, the named ones are put into the sentence.
  package func dynamicallyCall(withKeywordArguments pairs: KeyValuePairs<String, any MessageValue>) -> String {
    var values: [String: any MessageValue] = [:]
    for (name, value) in pairs.dropFirst() { values[name] = value }
    return catalogue.wording(pairs.first?.value.wording ?? "", in: language, values)
  }

  /// For keys and values that are data, such as a stored notification.
  package func sentence(_ key: String, _ values: [String: any MessageValue]) -> String {
    catalogue.wording(key, in: language, values)
  }
}

/// CLDR's plural categories through ICU. Immutable once made; `uplrules_select` may be called from any thread.
private struct PluralRules: @unchecked Sendable {
  private let rules: UnsafeMutableRawPointer?

  init(_ language: Language) {
    var status = U_ZERO_ERROR
    rules = icu_plural_open(language.rawValue, &status)
  }

  func category(of count: Int) -> String {
    guard let rules else { return "other" }
    var status = U_ZERO_ERROR
    var keyword = [UChar](repeating: 0, count: 16)
    let length = icu_plural_select(rules, Double(count), &keyword, 16, &status)
    guard status.rawValue <= U_ZERO_ERROR.rawValue, length > 0 else { return "other" }
    return String(decoding: keyword[..<Int(length)], as: UTF16.self)
  }
}
