package import Core

/// Named texts: a query, or what a form sent. A name may occur several times.
package struct Fields: Sendable, ExpressibleByDictionaryLiteral, Sequence {
  package private(set) var pairs: [(name: String, value: String)]

  package init() { pairs = [] }

  package init(dictionaryLiteral elements: (String, String)...) { pairs = elements.map { ($0.0, $0.1) } }

  package init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

  /// Reads `application/x-www-form-urlencoded` (WHATWG URL, 5.1). Nothing when an escape is broken, when a text is not
  /// UTF-8 or holds a NUL, or when there are more than `limit` fields.
  package init?(urlencoded bytes: some Collection<UInt8>, limit: Int = 1000) {
    pairs = []
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
      guard pairs.count < limit else { return nil }
      let name = pair.prefix { $0 != UInt8(ascii: "=") }
      guard let decodedName = PercentEncoding.decode(name, plus: true),
        let value = PercentEncoding.decode(pair.dropFirst(name.count + 1), plus: true)
      else { return nil }
      pairs.append((decodedName, value))
    }
  }

  /// The first value of that name, as it was sent.
  package subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Every value of that name, in order.
  package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// The first value without spaces around it; empty when there is none.
  package func text(_ name: String) -> String { self[name]?.trimmingSpaces() ?? "" }

  /// The first value as a whole number.
  package func int(_ name: String) -> Int? { Int(text(name)) }

  /// Whether a checkbox of that name was ticked.
  package func isOn(_ name: String) -> Bool {
    guard let value = self[name] else { return false }
    return !["", "0", "false", "off", "no"].contains(value)
  }

  /// The names that occur, each once, in order.
  package var names: [String] {
    var seen = Set<String>()
    return pairs.compactMap { seen.insert($0.name).inserted ? $0.name : nil }
  }

  package var isEmpty: Bool { pairs.isEmpty }

  package mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }

  /// The same fields with `name` once, or without it when `value` is nil; for links that change one filter of a list.
  package func with(_ name: String, _ value: String?) -> Fields {
    var fields = Fields(pairs.filter { $0.name != name })
    if let value { fields.add(name, value) }
    return fields
  }

  /// `a=1&b=2`, percent-encoded.
  package var encoded: String {
    var text = ""
    for (name, value) in pairs {
      if !text.isEmpty { text += "&" }
      text += PercentEncoding.encode(name)
      text += "="
      text += PercentEncoding.encode(value)
    }
    return text
  }

  package func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { pairs.makeIterator() }
}
