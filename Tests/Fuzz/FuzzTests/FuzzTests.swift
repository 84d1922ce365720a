import Core
import FuzzTargets
import Glibc
import Testing

// The fuzz targets without a fuzzer: every seed and every input that ever broke something, then small changes of them.
// The changes are the same in every run, so that a commit is judged by what it changed; `FUZZ_SEED=7 bin/test swift Fuzz`
// makes others, and `bin/test fuzz` looks for new ones as long as one likes.
@Suite(.serialized) struct FuzzTests {
  private static let folder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/") + "/Corpus"

  private static let seed =
    getenv("FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

  private static func corpus(_ name: String) -> [[UInt8]] {
    guard let directory = opendir(folder + "/" + name) else { return [] }
    defer { closedir(directory) }
    var files: [String] = []
    while let entry = readdir(directory) {
      let file = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !file.hasPrefix(".") { files.append(file) }
    }
    return files.sorted().map { file in
      guard let handle = fopen("\(folder)/\(name)/\(file)", "rb") else { return [] }
      defer { fclose(handle) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = fread(&bytes, 1, bytes.count, handle)
      return Array(bytes.prefix(count))
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `its seeds and small changes of them keep every promise`(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let seeds = Self.corpus(name)
    #expect(!seeds.isEmpty, "Tests/Fuzz/Corpus/\(name) has no seeds")
    for seed in seeds { target.run(seed) }
    print("\(name): FUZZ_SEED=\(Self.seed)")
    var random = Changes(state: Self.seed)
    let isOverWire = name == "http" || name == "socket" || name == "pictures"
    for _ in 0..<(isOverWire ? 150 : 1500) {
      var bytes = seeds[random.below(seeds.count)]
      for _ in 0...random.below(4) { random.change(&bytes, seeds) }
      target.run(Array(bytes.prefix(target.longest)))
    }
  }
}

/// xorshift64*, so that a seed says everything.
private struct Changes {
  var state: UInt64

  init(state: UInt64) { self.state = state &* 2_685_821_657_736_338_717 | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 2_685_821_657_736_338_717
  }

  mutating func below(_ limit: Int) -> Int { Int(next() >> 33) % max(1, limit) }

  mutating func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
    let at = below(bytes.count + 1)
    switch below(7) {
    case 0 where at < bytes.count: bytes[at] = UInt8(truncatingIfNeeded: next())
    case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8(below(8))
    case 2 where at < bytes.count: bytes.remove(at: at)
    case 3: bytes.insert(UInt8(truncatingIfNeeded: next()), at: at)
    case 4 where at < bytes.count: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(16)))
    case 5:
      let other = seeds[below(seeds.count)]
      let from = below(other.count + 1)
      bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + below(32))], at: at)
    default:
      let words: [[UInt8]] = [
        Array("99999999999999999999".utf8), Array("-9223372036854775808".utf8), [0], [0xFF], Array("\r\n".utf8), [0xC3],
        Array("%00".utf8), Array("../".utf8), [0x80, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
      ]
      bytes.insert(contentsOf: words[below(words.count)], at: at)
    }
  }
}
