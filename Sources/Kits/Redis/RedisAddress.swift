/// Where a Redis is: `redis://[user:password@]host[:port][/database]` or `unix:/path/to/socket`.
package struct RedisAddress: Sendable, Equatable {
  enum Place: Sendable, Equatable {
    case host(String, port: Int)
    case socket(String)
  }
  let place: Place
  let user: String?
  let password: String?
  let database: Int

  /// Nothing when it cannot be read; `rediss://` (TLS) is not spoken, put a tunnel or a private network between.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
      (place, user, password, database) = (.socket(path), nil, nil, 0)
      return
    }
    guard text.hasPrefix("redis://") else { return nil }
    var rest = text.dropFirst(8)
    var user: String?
    var password: String?
    if let at = rest.lastIndex(of: "@") {
      let credentials = rest[..<at]
      rest = rest[rest.index(after: at)...]
      guard let colon = credentials.firstIndex(of: ":"),
        let name = Self.unescaped(credentials[..<colon]),
        let secret = Self.unescaped(credentials[credentials.index(after: colon)...])
      else { return nil }
      user = name.isEmpty ? nil : name
      password = secret
    }
    var database = 0
    if let slash = rest.firstIndex(of: "/") {
      let number = rest[rest.index(after: slash)...]
      if !number.isEmpty {
        guard let value = Int(number), (0...9999).contains(value) else { return nil }
        database = value
      }
      rest = rest[..<slash]
    }
    var host = String(rest)
    var port = 6379
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty { rest = rest.dropFirst() } else { rest = "6379" }
      guard let value = Int(rest), (1...65_535).contains(value) else { return nil }
      port = value
    } else if let colon = rest.firstIndex(of: ":") {
      host = String(rest[..<colon])
      guard let value = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(value) else { return nil }
      port = value
    }
    guard !host.isEmpty else { return nil }
    place = .host(host, port: port)
    (self.user, self.password, self.database) = (user, password, database)
  }

  /// Percent escapes (RFC 3986, 2.1) undone.
  private static func unescaped(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let digits = String(rest.prefix(2)), let value = UInt8(digits, radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
