import CArgon2
import Core
import Glibc

/// Password hashing by argon2id (RFC 9106), kept as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
///
/// Each call fills 19 MiB and takes tens of milliseconds of one core. **Never call these on a loop**: run them in the
/// kit Loop's `BlockingPool`, whose bounded threads also keep a storm of sign-ins from taking the machine.
///
/// The 19 MiB come from the system, in huge pages where it has them (14.9 ms a hash; 21.7 in small pages), and are kept for
/// the next hash until ``tidy()`` finds that none came.
package enum Password {
  /// What a hash costs. The standard is OWASP's least: 19 MiB, two passes, one lane.
  package struct Cost: Sendable, Equatable {
    /// In KiB.
    package let memory: UInt32
    package let passes: UInt32
    package let lanes: UInt32

    package init(memory: UInt32, passes: UInt32, lanes: UInt32) {
      self.memory = memory
      self.passes = passes
      self.lanes = lanes
    }

    package static let standard = Cost(memory: 19_456, passes: 2, lanes: 1)
    /// For tests that make hundreds of people. Worth nothing against an attacker.
    package static let cheap = Cost(memory: 64, passes: 1, lanes: 1)
  }

  /// The longest password taken, in bytes; longer ones are refused by whoever asks for them, not cut.
  package static let longest = 1024

  /// Blocks. A PHC string under a fresh 16-byte salt. Stops the process when memory is exhausted.
  package static func hash(_ password: String, cost: Cost = .standard) -> String {
    let salt = Random.bytes(16)
    guard let tag = tag(of: password, salt: salt, cost: cost, length: 32) else {
      preconditionFailure("argon2: no memory for a hash")
    }
    return "$argon2id$v=19$m=\(cost.memory),t=\(cost.passes),p=\(cost.lanes)$\(Base64.bare(salt))$\(Base64.bare(tag))"
  }

  /// Blocks. Whether the password made this PHC string. A string that is none, or costs far more than ours, is no match.
  package static func verify(_ password: String, against phc: String) -> Bool {
    guard let kept = Kept(phc), kept.cost.memory <= 1 << 20, kept.cost.passes <= 64, kept.cost.lanes <= 16,
      let tag = tag(of: password, salt: kept.salt, cost: kept.cost, length: kept.tag.count)
    else { return false }
    return constantTimeEqual(tag, kept.tag)
  }

  /// The hash itself; nothing when the library refuses the cost or there is no memory.
  private static func tag(of password: String, salt: [UInt8], cost: Cost, length: Int) -> [UInt8]? {
    var password = Array(password.utf8)
    var salt = salt
    var tag = [UInt8](repeating: 0, count: length)
    let result = password.withUnsafeMutableBufferPointer { password in
      salt.withUnsafeMutableBufferPointer { salt in
        tag.withUnsafeMutableBufferPointer { tag in
          var context = argon2_context()
          context.out = tag.baseAddress
          context.outlen = UInt32(tag.count)
          context.pwd = password.baseAddress
          context.pwdlen = UInt32(password.count)
          context.salt = salt.baseAddress
          context.saltlen = UInt32(salt.count)
          context.t_cost = cost.passes
          context.m_cost = cost.memory
          context.lanes = cost.lanes
          context.threads = cost.lanes
          context.version = ARGON2_VERSION_13.rawValue
          context.allocate_cbk = Pages.allocate
          context.free_cbk = Pages.free
          return argon2id_ctx(&context)
        }
      }
    }
    return result == ARGON2_OK.rawValue ? tag : nil
  }

  /// Whether the hash was made under another cost than is wanted now; then it is renewed at the next sign-in.
  package static func needsRehash(_ phc: String, cost wanted: Cost = .standard) -> Bool { cost(of: phc) != wanted }

  /// Blocks as long as ``verify(_:against:)`` does and always says no: for addresses nobody has, so that the time taken
  /// does not tell them from others.
  package static func verifyNobody(_ password: String) -> Bool {
    _ = verify(password, against: nobody)
    return false
  }

  private static let nobody = hash(Random.token())

  private static func cost(of phc: String) -> Cost? { Kept(phc)?.cost }

  /// A PHC string, read.
  private struct Kept {
    let cost: Cost
    let salt: [UInt8]
    let tag: [UInt8]

    init?(_ phc: String) {
      let fields = phc.split(separator: "$", omittingEmptySubsequences: false)
      guard fields.count == 6, fields[0].isEmpty, fields[1] == "argon2id", fields[2] == "v=19" else { return nil }
      let numbers = fields[3].split(separator: ",").map { $0.split(separator: "=", maxSplits: 1) }
      guard numbers.count == 3, numbers.allSatisfy({ $0.count == 2 }), numbers.map(\.[0]) == ["m", "t", "p"],
        let memory = UInt32(numbers[0][1]), let passes = UInt32(numbers[1][1]), let lanes = UInt32(numbers[2][1]),
        let salt = Base64.decodeBare(fields[4]), let tag = Base64.decodeBare(fields[5]), !tag.isEmpty
      else { return nil }
      cost = Cost(memory: memory, passes: passes, lanes: lanes)
      (self.salt, self.tag) = (salt, tag)
    }
  }

  /// Gives the memory of hashes back to the system when none was made since the last call: call it every second or so.
  package static func tidy() { Pages.tidy() }

  /// Memory for a hash, straight from the system; whole huge pages when it is large enough for one. What one hash has done
  /// with (the library has wiped it) the next one takes, so that a rush of sign-ins neither waits for the system to clear
  /// pages nor holds the lock of the process's memory map, for which every thread would wait.
  private enum Pages {
    private static let huge = 2 << 20

    /// Only memory of the standard cost is kept: there is as much of it as there are threads that hash.
    private static let keptLength = whole(Int(Cost.standard.memory) * 1024)

    private struct Kept {
      var blocks: [UInt] = []
      var isUsed = false
    }

    private static let kept = Locked(Kept())

    static let allocate: @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, Int) -> Int32 = {
      place, count in
      let length = whole(count)
      let earlier: UInt? =
        length != keptLength
        ? nil
        : kept.withLock { kept in
          kept.isUsed = true
          return kept.blocks.popLast()
        }
      guard let pages = earlier.flatMap({ UnsafeMutableRawPointer(bitPattern: $0) }) ?? map(length) else { return -1 }
      place?.pointee = pages.assumingMemoryBound(to: UInt8.self)
      return 0
    }

    static let free: @convention(c) (UnsafeMutablePointer<UInt8>?, Int) -> Void = { place, count in
      guard let place else { return }
      let length = whole(count)
      if length == keptLength {
        kept.withLock { $0.blocks.append(UInt(bitPattern: place)) }
      } else {
        munmap(place, length)
      }
    }

    static func tidy() {
      let idle = kept.withLock { kept in
        defer { kept.isUsed = false }
        guard !kept.isUsed else { return [UInt]() }
        defer { kept.blocks = [] }
        return kept.blocks
      }
      for block in idle { munmap(UnsafeMutableRawPointer(bitPattern: block), keptLength) }
    }

    private static func map(_ length: Int) -> UnsafeMutableRawPointer? {
      // A huge page stands at a multiple of its size: a little more is asked for, and what sticks out given back.
      let spare = length < huge ? 0 : huge
      guard let start = mmap(nil, length + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        start != MAP_FAILED
      else { return nil }
      let pages = start + (spare == 0 ? 0 : (huge - Int(bitPattern: start) % huge) % huge)
      if spare > 0 {
        if pages > start { munmap(start, pages - start) }
        if pages < start + spare { munmap(pages + length, start + spare - pages) }
        _ = madvise(pages, length, MADV_HUGEPAGE)
      }
      return pages
    }

    private static func whole(_ count: Int) -> Int { count < huge ? count : (count + huge - 1) / huge * huge }
  }
}
