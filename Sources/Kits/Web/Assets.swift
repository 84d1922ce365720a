import CSystem
import Compression
import Core
import Crypto
import Glibc

// What browsers load besides pages: style sheets, modules, fonts, pictures. Everything is read into memory at the
// start and named by its content, so that a browser may keep it for ever and never asks again.
//
// Modules import one another and style sheets name fonts by relative address; those addresses are rewritten to the
// hashed ones when the file is loaded. A hash covers the file and all it refers to, however far, so a change deep down
// renames all that lead to it, and circles of modules do no harm.
//
// Style sheets whose names begin with a number (`css/20-tokens.css`) are chapters of one: they are joined in name order
// into `app.css` of their folder, so that a page asks once and a colleague still finds the component in a file of its own;
// what is joined is tightened too (``StyleSheet``), but for development.
//
// Text is kept compressed beside the plain bytes, once ``Assets/compress()`` has made it so: after the start and in the
// background, because the best brotli takes a second for all of them. Until then it goes plain, which is right too.

/// The files under `/assets/`.
package final class Assets: Sendable {
  package struct Missing: Error, CustomStringConvertible {
    package let description: String
  }

  private struct Entry: Sendable {
    let path: String
    let address: String
    let type: String
    let tag: String
    let bytes: SharedBytes
    /// Best first; empty until they are made, and for what is compressed by its nature.
    var coded: [(coding: Compression, bytes: SharedBytes)] = []

    /// What says itself compressed is not compressed again; what is tiny gains nothing.
    var isCompressible: Bool {
      bytes.count > 256
        && (type.hasPrefix("text/") || type.hasSuffix("json") || type == "image/svg+xml" || type == "application/wasm"
          || type == "font/ttf" || type == "font/otf")
    }

    /// Every form of it has a tag of its own: a cache must not mend one with a piece of another.
    func tag(_ coding: Compression?) -> String { coding.map { tag.dropLast() + "-\($0.rawValue)\"" } ?? tag }
  }

  private struct Shelf: Sendable {
    var byPath: [String: Entry] = [:]
    var byAddress: [String: Entry] = [:]
    var stamp: UInt64 = 0
  }

  private let mounts: [(prefix: String, folder: String)]
  /// Whether files are looked at again at each use, so that addresses may change while the server runs.
  package let isLive: Bool
  private let shelf: Locked<Shelf>

  /// Reads `folder`, and what else is mounted: `["lib/katex": "/usr/share/javascript/katex"]`. Left out are catalogues
  /// (`locales/`), tests of modules (`*.test.js`) and hidden files. `live` looks for changes at each use: for
  /// development only.
  package init(folder: String, mounts: [String: String] = [:], live: Bool = false) throws {
    self.mounts = [("", folder)] + mounts.sorted { $0.key < $1.key }.map { ($0.key + "/", $0.value) }
    isLive = live
    var status = stat()
    guard stat(folder, &status) == 0 else { throw Missing(description: "there is no folder \(folder)") }
    shelf = Locked(Self.read(self.mounts, isTight: !live))
  }

  /// The address of a file, such as `css/app.css`, with its hash. A file that does not exist keeps its plain address,
  /// which answers 404; in debug builds it traps.
  package func address(_ path: String) -> String {
    refresh()
    if let entry = shelf.withLock({ $0.byPath[path] }) { return entry.address }
    assert(isLive, "there is no asset \(path)")
    return "/assets/" + path
  }

  /// What a file holds as browsers get it, with the addresses in it rewritten; nothing when there is none.
  package func content(of path: String) -> [UInt8]? {
    refresh()
    return shelf.withLock { $0.byPath[path]?.bytes.array }
  }

  /// All paths, sorted.
  package var paths: [String] { shelf.withLock { $0.byPath.keys.sorted() } }

  func answer(_ request: Request) -> Response? {
    guard request.segments.first == "assets" else { return nil }
    refresh()
    let (entry, isHashed) = shelf.withLock { shelf -> (Entry?, Bool) in
      if let entry = shelf.byAddress[request.path] { return (entry, true) }
      return (shelf.byPath[request.segments.dropFirst().joined(separator: "/")], false)
    }
    guard let entry else { return nil }
    let coding = AcceptEncoding.choose(request.header("accept-encoding"), from: entry.coded.map(\.coding))
    let tag = entry.tag(coding)
    var response = Response(
      200,
      headers: [
        ("content-type", entry.type), ("etag", tag),
        ("cache-control", isHashed ? "public, max-age=31536000, immutable" : "public, no-cache"),
      ], body: .shared(entry.coded.first { $0.coding == coding }?.bytes ?? entry.bytes))
    if entry.isCompressible { response.set("vary", "accept-encoding") }
    if let coding { response.set("content-encoding", coding.rawValue) }
    if let wanted = request.header("if-none-match"), Validator.matches(wanted, tag) {
      response.status = 304
      response.body = .none
      response.headers.removeAll { $0.name == "content-type" || $0.name == "content-encoding" }
    }
    return response
  }

  /// Makes the compressed forms of all text. Blocks for about a second a megabyte: on a thread of its own, once, after
  /// the start. What changes afterwards, in development, goes plain.
  package func compress() {
    for path in paths {
      guard var entry = shelf.withLock({ $0.byPath[path] }), entry.isCompressible else { continue }
      let plain = entry.bytes.array
      for coding in Compression.allCases {
        guard let small = coding.smallest(plain), small.count < plain.count * 9 / 10 else { continue }
        entry.coded.append((coding, SharedBytes(small)))
      }
      let done = entry
      shelf.withLock { shelf in
        guard shelf.byPath[path]?.address == done.address else { return }
        shelf.byPath[path] = done
        shelf.byAddress[done.address] = done
      }
    }
  }

  // MARK: Reading

  private func refresh() {
    guard isLive else { return }
    let stamp = Self.stamp(mounts)
    if shelf.withLock({ $0.stamp }) != stamp {
      let fresh = Self.read(mounts, isTight: false)
      shelf.withLock { $0 = fresh }
    }
  }

  /// A number that changes when any file does.
  private static func stamp(_ mounts: [(prefix: String, folder: String)]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for mount in mounts {
      for file in files(in: mount.folder) {
        var status = stat()
        guard stat(mount.folder + "/" + file, &status) == 0 else { continue }
        for word in [
          UInt64(bitPattern: Int64(status.st_mtim.tv_sec)), UInt64(status.st_mtim.tv_nsec), UInt64(status.st_size),
        ] {
          hash = (hash ^ word) &* 0x100_0000_01b3
        }
        for byte in file.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
    }
    return hash
  }

  private static func read(_ mounts: [(prefix: String, folder: String)], isTight: Bool) -> Shelf {
    var shelf = Shelf()
    shelf.stamp = stamp(mounts)
    var contents: [String: [UInt8]] = [:]
    for mount in mounts {
      for path in files(in: mount.folder) {
        guard let file = OpenFile(path: mount.folder + "/" + path) else { continue }
        contents[mount.prefix + path] = file.read(offset: 0, length: file.size)
      }
    }
    joinChapters(in: &contents, isTight: isTight)
    let links = contents.reduce(into: [String: [Link]]()) {
      $0[$1.key] = references(in: $1.value, of: $1.key, among: contents)
    }
    let digests = contents.mapValues { SHA256.hash($0) }
    var addresses: [String: String] = [:]
    for path in contents.keys {
      var reached: Set<String> = [path]
      var open = [path]
      while let next = open.popLast() {
        for link in links[next] ?? [] where reached.insert(link.target).inserted { open.append(link.target) }
      }
      // Its own first, then what it leads to, in an order that does not depend on the walk.
      let digest = SHA256.hash(digests[path]! + reached.subtracting([path]).sorted().flatMap { digests[$0]! })
      addresses[path] = address(path, hash: String(Hex.encode(digest).prefix(12)))
    }
    for (path, bytes) in contents {
      var out: [UInt8] = []
      var at = 0
      for link in links[path] ?? [] {
        out.append(contentsOf: bytes[at..<link.range.lowerBound])
        out.append(contentsOf: addresses[link.target]!.utf8)
        at = link.range.upperBound
      }
      out.append(contentsOf: bytes[at...])
      let entry = Entry(
        path: path, address: addresses[path]!, type: type(of: path),
        tag: "\"" + Hex.encode(SHA256.hash(out).prefix(12)) + "\"",
        bytes: SharedBytes(out))
      shelf.byPath[path] = entry
      shelf.byAddress[entry.address] = entry
    }
    return shelf
  }

  /// Replaces numbered style sheets by the `app.css` they make up. An `app.css` written by hand comes first.
  private static func joinChapters(in contents: inout [String: [UInt8]], isTight: Bool) {
    for path in contents.keys.sorted() where path.hasSuffix(".css") {
      let parts = path.split(separator: "/")
      guard let name = parts.last, let dash = name.firstIndex(of: "-"), !name[..<dash].isEmpty,
        name[..<dash].utf8.allSatisfy({ (48...57).contains($0) }), let chapter = contents.removeValue(forKey: path)
      else { continue }
      contents[(parts.dropLast() + ["app.css"]).joined(separator: "/"), default: []] +=
        isTight ? StyleSheet.tightened(chapter) : chapter + [10]
    }
  }

  /// `/assets/css/app.1a2b3c.css`.
  private static func address(_ path: String, hash: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "/assets/" + path + "." + hash }
    let at = path.index(path.endIndex, offsetBy: -name.distance(from: dot, to: name.endIndex))
    return "/assets/" + path[..<at] + "." + hash + path[at...]
  }

  private static func files(in folder: String, under path: String = "") -> [String] {
    guard let stream = opendir(folder + "/" + path) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let item = readdir(stream) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !name.hasPrefix("."), !name.hasSuffix(".test.js"), !name.hasSuffix("~") else { continue }
      let whole = path.isEmpty ? name : path + "/" + name
      var status = stat()
      guard stat(folder + "/" + whole, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR {
        if whole != "locales" { found += files(in: folder, under: whole) }
      } else if status.st_mode & S_IFMT == S_IFREG {
        found.append(whole)
      }
    }
    return found.sorted()
  }

  // MARK: References between files

  private struct Link: Sendable {
    let range: Range<Int>
    let target: String
  }

  /// Where a module names another (`import … from "./x.js"`, `import("./x.js")`, `new URL("./x", import.meta.url)`) or a
  /// style sheet a file (`url(…)`, `@import "…"`). Only addresses that exist count; all else stays as it is.
  private static func references(in bytes: [UInt8], of path: String, among files: [String: [UInt8]]) -> [Link] {
    if path.hasSuffix(".js") || path.hasSuffix(".mjs") { return moduleReferences(in: bytes, of: path, among: files) }
    if path.hasSuffix(".css") { return styleReferences(in: bytes, of: path, among: files) }
    return []
  }

  private static func moduleReferences(in bytes: [UInt8], of path: String, among files: [String: [UInt8]]) -> [Link] {
    var links: [Link] = []
    var at = 0
    while at < bytes.count {
      let quote = bytes[at]
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
        at += 1
        continue
      }
      guard let end = bytes[(at + 1)...].firstIndex(where: { $0 == quote || $0 == 10 }), bytes[end] == quote else {
        at += 1
        continue
      }
      let range = at + 1..<end
      if introducesModule(bytes[..<at]), let target = resolve(bytes[range], from: path), files[target] != nil {
        links.append(Link(range: range, target: target))
        at = end + 1
      } else {
        // An apostrophe in a comment must not hide what follows it.
        at += 1
      }
    }
    return links
  }

  private static func introducesModule(_ before: ArraySlice<UInt8>) -> Bool {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 10 || byte == 9 || byte == 13 }
    let trimmed = before.prefix((before.lastIndex { !isSpace($0) } ?? -1) + 1)
    func ends(_ word: StaticString) -> Bool {
      word.withUTF8Buffer { word in
        guard trimmed.suffix(word.count).elementsEqual(word) else { return false }
        guard let previous = trimmed.dropLast(word.count).last else { return true }
        return
          !(previous == 95 || previous == 36 || (previous >= 48 && previous <= 57)
          || (previous | 32 >= 97 && previous | 32 <= 122))
      }
    }
    return ends("from") || ends("import") || ends("import(") || ends("URL(")
  }

  private static func styleReferences(in bytes: [UInt8], of path: String, among files: [String: [UInt8]]) -> [Link] {
    var links: [Link] = []
    func take(_ range: Range<Int>) {
      // A fragment or query after the name stays where it is.
      let end = bytes[range].firstIndex { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "?") } ?? range.upperBound
      if let target = resolve(bytes[range.lowerBound..<end], from: path, isStyle: true), files[target] != nil {
        links.append(Link(range: range.lowerBound..<end, target: target))
      }
    }
    var at = 0
    while at < bytes.count {
      let rest = bytes[at...]
      if rest.starts(with: "url(".utf8) {
        var from = at + 4
        guard let close = rest.firstIndex(of: UInt8(ascii: ")")), close >= from else { break }
        var to = close
        while from < to, [32, 34, 39].contains(bytes[from]) { from += 1 }
        while to > from, [32, 34, 39].contains(bytes[to - 1]) { to -= 1 }
        take(from..<to)
        at = close + 1
      } else if rest.starts(with: "@import ".utf8), let first = rest.dropFirst(8).firstIndex(where: { $0 != 32 }),
        bytes[first] == 34 || bytes[first] == 39, let end = bytes[(first + 1)...].firstIndex(of: bytes[first])
      {
        take(first + 1..<end)
        at = end + 1
      } else {
        at += 1
      }
    }
    return links
  }

  /// The path a reference means: relative to the file, or `/assets/…`. Bare module names mean nothing to us.
  private static func resolve(_ reference: ArraySlice<UInt8>, from path: String, isStyle: Bool = false) -> String? {
    let text = String(decoding: reference, as: UTF8.self)
    if text.hasPrefix("/assets/") { return String(text.dropFirst(8)) }
    guard text.hasPrefix("./") || text.hasPrefix("../") || (isStyle && !text.contains(":") && !text.hasPrefix("/"))
    else { return nil }
    var parts = path.split(separator: "/").dropLast().map(String.init)
    for part in text.split(separator: "/") {
      if part == "." { continue }
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(String(part))
      }
    }
    return parts.joined(separator: "/")
  }

  private static func type(of path: String) -> String {
    switch path.split(separator: ".").last?.lowercased() {
    case "css": "text/css; charset=utf-8"
    case "js", "mjs": "text/javascript; charset=utf-8"
    case "json", "map": "application/json"
    case "webmanifest": "application/manifest+json"
    case "svg": "image/svg+xml"
    case "png": "image/png"
    case "jpg", "jpeg": "image/jpeg"
    case "webp": "image/webp"
    case "avif": "image/avif"
    case "gif": "image/gif"
    case "ico": "image/x-icon"
    case "woff2": "font/woff2"
    case "woff": "font/woff"
    case "ttf": "font/ttf"
    case "otf": "font/otf"
    case "wasm": "application/wasm"
    case "mp3": "audio/mpeg"
    case "ogg", "oga": "audio/ogg"
    case "wav": "audio/wav"
    case "mp4": "video/mp4"
    case "webm": "video/webm"
    case "txt": "text/plain; charset=utf-8"
    case "html": "text/html; charset=utf-8"
    default: "application/octet-stream"
    }
  }
}
