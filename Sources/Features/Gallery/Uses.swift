import Glibc

/// Where sentences are asked for: the places in the sources and islands that name a key, or the beginning of one whose
/// end is a value. Read on each visit, for sources change while somebody translates; blocks for some tenths of a second.
struct Uses: Sendable {
  private var whole: [String: [String]] = [:]
  /// What stands before the value in `"bookings.state.\(state)"`.
  private var beginnings: [(text: String, place: String)] = []

  init(in root: String) {
    for folder in ["Sources", "Assets/islands"] { walk(root + "/" + folder, under: folder) }
  }

  /// `file:line` of every place, exact ones first.
  func of(_ key: String) -> [String] {
    // A notice is named by its kind; its sentences stand under it. Islands leave their family's name away.
    var names = [key]
    for ending in [".notice", ".subject", ".body", ".action"] where key.hasSuffix(ending) {
      names.append(String(key.dropLast(ending.count)))
    }
    if key.hasPrefix("island.") { names.append(String(key.dropFirst(7))) }
    let exact = names.flatMap { whole[$0] ?? [] }
    return exact.isEmpty ? beginnings.filter { key.hasPrefix($0.text) }.map(\.place) : exact
  }

  private mutating func walk(_ path: String, under name: String) {
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let item = readdir(folder) {
      let file = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if file.hasPrefix(".") || file.hasSuffix(".test.js") { continue }
      if file.hasSuffix(".swift") || file.hasSuffix(".js") {
        read(path + "/" + file, as: name + "/" + file)
      } else if !file.contains(".") {
        walk(path + "/" + file, under: name + "/" + file)
      }
    }
  }

  private mutating func read(_ path: String, as name: String) {
    guard let file = fopen(path, "r") else { return }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    var line = 1
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      guard byte == UInt8(ascii: "\"") else { continue }
      var end = at
      while end < bytes.count, Self.isOfKey(bytes[end]) { end += 1 }
      guard end > at + 2, end < bytes.count else { continue }
      let text = String(decoding: bytes[at..<end], as: UTF8.self)
      if bytes[end] == UInt8(ascii: "\"") {
        if text.hasSuffix(".") {
          beginnings.append((text, "\(name):\(line)"))
        } else {
          whole[text, default: []].append("\(name):\(line)")
        }
        at = end + 1
      } else if bytes[end] == UInt8(ascii: "\\"), text.contains(".") {
        beginnings.append((text, "\(name):\(line)"))
        at = end
      }
    }
  }

  private static func isOfKey(_ byte: UInt8) -> Bool {
    (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || byte == 45 || byte == 46 || byte == 95
  }
}
