import Core
package import Crypto
import Glibc

/// The ring's file: one line as the setting gives it, readable by its owner alone. Replaced as a whole, so that a
/// process that reads it meanwhile, or a crash, never meets half a ring.
package struct KeyFile: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package enum Refusal: Error, Equatable, CustomStringConvertible {
    case unreadable(String, String)
    case unwritable(String, String)
    /// Others than its owner may read it.
    case open(String)
    case malformed(String)

    package var description: String {
      switch self {
      case .unreadable(let path, let why): "The keys in \(path) cannot be read: \(why)."
      case .unwritable(let path, let why): "The keys in \(path) cannot be written: \(why)."
      case .open(let path): "\(path) may be read by others than its owner; `chmod 600 \(path)` first."
      case .malformed(let path):
        "\(path) holds no keys; `id:base64url,id:base64url`, the first one seals, was expected."
      }
    }
  }

  /// The ring; nothing when there is no file.
  package func read() throws(Refusal) -> KeyRing? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw .unreadable(path, String(cString: strerror(errno)))
    }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { throw .unreadable(path, String(cString: strerror(errno))) }
    guard facts.st_mode & 0o077 == 0 else { throw .open(path) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(file, &bytes, bytes.count)
    guard count >= 0 else { throw .unreadable(path, String(cString: strerror(errno))) }
    let text = String(decoding: bytes[..<count], as: UTF8.self).trimmingSpaces()
    guard let ring = KeyRing(setting: text) else { throw .malformed(path) }
    return ring
  }

  /// The ring, made with one fresh key when there is no file. Of two processes that make it at once, one wins and both
  /// have its keys.
  package func readOrMake() throws(Refusal) -> KeyRing {
    if let ring = try read() { return ring }
    guard let ring = KeyRing(setting: KeyRing.freshSetting()) else { throw .malformed(path) }
    let temporary = try writeAside(ring)
    defer { unlink(temporary) }
    if link(temporary, path) == 0 {
      try syncFolder()
      return ring
    }
    guard errno == EEXIST, let first = try read() else { throw .unwritable(path, String(cString: strerror(errno))) }
    return first
  }

  /// Puts a ring in place of the old one.
  package func replace(with ring: KeyRing) throws(Refusal) {
    let temporary = try writeAside(ring)
    guard rename(temporary, path) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw .unwritable(path, why)
    }
    try syncFolder()
  }

  private func writeAside(_ ring: KeyRing) throws(Refusal) -> String {
    let temporary = path + "." + Hex.encode(Random.bytes(6))
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .unwritable(path, String(cString: strerror(errno))) }
    defer { close(file) }
    let bytes = Array((ring.setting + "\n").utf8)
    guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw .unwritable(path, why)
    }
    return temporary
  }

  /// The name is on disk too, not the bytes alone.
  private func syncFolder() throws(Refusal) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw .unwritable(path, String(cString: strerror(errno))) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw .unwritable(path, String(cString: strerror(errno))) }
  }
}
