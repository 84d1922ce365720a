import CSystem
import Core
import Crypto
import Glibc

/// Bytes under the hash of themselves: `ab/cd/abcd…`. What is there is whole and never changes: it was written beside,
/// flushed to the disk, and renamed. Blocks; for the pool's threads.
struct FileStore: Sendable {
  /// The store cannot be written; the operator's trouble, not the person's.
  struct Unwritable: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(String(cString: strerror(code)))" }
  }

  private let folder: String

  init(folder: String) throws {
    self.folder = folder
    try Self.makeFolder(folder)
    try Self.makeFolder(folder + "/incoming")
  }

  func path(of sha256: String) -> String { "\(folder)/\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)" }

  /// Lays the bytes in; their hash.
  func put(_ bytes: [UInt8]) throws -> String {
    try put { descriptor, hasher in
      hasher.update(bytes)
      try bytes.withUnsafeBytes { try Self.write($0, to: descriptor, folder) }
    }
  }

  /// Lays in a copy of a file.
  func put(copyOf path: String) throws -> String {
    let source = open(path, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { throw Unwritable(path: path, code: errno) }
    defer { close(source) }
    return try put { descriptor, hasher in
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
      defer { chunk.deallocate() }
      while true {
        let count = Glibc.read(source, chunk.baseAddress, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Unwritable(path: path, code: errno) }
        if count == 0 { break }
        let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<count])
        hasher.update(bytes)
        try Self.write(bytes, to: descriptor, folder)
      }
    }
  }

  private func put(_ fill: (Int32, inout SHA256.Hasher) throws -> Void) throws -> String {
    let temporary = "\(folder)/incoming/\(Hex.encode(Random.bytes(12)))"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw Unwritable(path: temporary, code: errno) }
    var isKept = false
    defer { if !isKept { unlink(temporary) } }
    var hasher = SHA256.Hasher()
    do {
      defer { close(descriptor) }
      try fill(descriptor, &hasher)
      guard fsync(descriptor) == 0 else { throw Unwritable(path: temporary, code: errno) }
    }
    let sha256 = Hex.encode(hasher.finish())
    let path = path(of: sha256)
    // Known already: a new date keeps the sweeper away until its row is there.
    if utimensat(AT_FDCWD, path, nil, 0) == 0 { return sha256 }
    let first = "\(folder)/\(sha256.prefix(2))"
    let second = "\(first)/\(sha256.dropFirst(2).prefix(2))"
    try Self.makeFolder(first)
    try Self.makeFolder(second)
    guard rename(temporary, path) == 0 else { throw Unwritable(path: path, code: errno) }
    isKept = true
    // The names must survive a crash as well as the bytes.
    for folder in [second, first, folder] { Self.flush(folder) }
    return sha256
  }

  /// The hashes in one of the 256 folders whose date is older.
  func hashes(in folder: Int, untouchedSince limit: Instant) -> [String] {
    let first = "\(self.folder)/\(folder < 16 ? "0" : "")\(String(folder, radix: 16))"
    return Self.names(in: first).flatMap { second in
      Self.names(in: "\(first)/\(second)").filter { $0.utf8.count == 64 && isUntouched($0, since: limit) }
    }
  }

  /// Removes the content unless it was put again meanwhile.
  func remove(_ sha256: String, untouchedSince limit: Instant) -> Bool {
    isUntouched(sha256, since: limit) && unlink(path(of: sha256)) == 0
  }

  private func isUntouched(_ sha256: String, since limit: Instant) -> Bool {
    var status = stat()
    return stat(path(of: sha256), &status) == 0 && Int64(status.st_mtim.tv_sec) < limit.seconds
  }

  // MARK: Files

  static func read(_ path: String, limit: Int) throws -> [UInt8] { try beginning(of: path, count: limit) }

  static func beginning(of path: String, count: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Unwritable(path: path, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    let wanted = min(count, Int(status.st_size))
    return [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      filled = 0
      while filled < wanted {
        let got = Glibc.read(descriptor, buffer.baseAddress! + filled, wanted - filled)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { break }
        filled += got
      }
    }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ folder: String) throws {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Unwritable(path: folder, code: errno) }
      done += count
    }
  }

  private static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o750) == 0 { return }
    let code = errno
    if code == EEXIST { return }
    let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    guard code == ENOENT, !parent.isEmpty, parent != path else { throw Unwritable(path: path, code: code) }
    try makeFolder(parent)
    guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw Unwritable(path: path, code: errno) }
  }

  private static func flush(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
