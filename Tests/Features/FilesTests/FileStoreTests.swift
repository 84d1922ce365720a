import Core
import Crypto
import Glibc
import TestKit
import Testing

@testable import Files

@Suite struct FileStoreTests {
  func withFolder(_ body: (String) throws -> Void) rethrows {
    try body(Folder().path)
  }

  @Test func `content lies under its hash, and once`() throws {
    try withFolder { folder in
      let store = try FileStore(folder: folder + "/deep/files")
      let bytes = Random.bytes(300_000)
      let sha256 = try store.put(bytes)
      #expect(sha256 == SHA256.hex(bytes))
      #expect(store.path(of: sha256).hasSuffix("/\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)"))
      #expect(try FileStore.read(store.path(of: sha256), limit: 1 << 20) == bytes)
      #expect(try store.put(bytes) == sha256)
      let copied = try store.put(copyOf: store.path(of: sha256))
      #expect(copied == sha256)
      #expect(try FileStore.beginning(of: store.path(of: sha256), count: 10) == Array(bytes[..<10]))
    }
  }

  @Test func `nothing half written is left`() throws {
    try withFolder { folder in
      let store = try FileStore(folder: folder)
      #expect(throws: FileStore.Unwritable.self) { try store.put(copyOf: folder + "/absent") }
      #expect(throws: FileStore.Unwritable.self) { try store.put(copyOf: folder) }
      #expect(entries(folder + "/incoming").isEmpty)
    }
  }

  @Test func `a folder that cannot be made is said at the start`() {
    #expect(throws: FileStore.Unwritable.self) { try FileStore(folder: "/proc/nowhere/files") }
  }

  @Test func `only what nobody has touched for long is removed`() throws {
    try withFolder { folder in
      let store = try FileStore(folder: folder)
      let sha256 = try store.put([1, 2, 3])
      let first = Int(sha256.prefix(2), radix: 16)!
      #expect(store.hashes(in: first, untouchedSince: .now - .hours(1)).isEmpty)
      #expect(!store.remove(sha256, untouchedSince: .now - .hours(1)))
      #expect(store.hashes(in: first, untouchedSince: .now + .hours(1)) == [sha256])
      #expect(store.remove(sha256, untouchedSince: .now + .hours(1)))
      #expect(!store.remove(sha256, untouchedSince: .now + .hours(1)))
      #expect(try store.put([1, 2, 3]) == sha256)
    }
  }

  @Test func `many threads may put the same content at once`() async throws {
    let folder = Folder().path
    let store = try FileStore(folder: folder)
    let bytes = Random.bytes(50_000)
    let hashes = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<16 { group.addTask { try store.put(bytes) } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(hashes == [SHA256.hex(bytes)])
    #expect(entries(folder + "/incoming").isEmpty)
  }

  func entries(_ folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
