import Core
import Glibc
import Synchronization

/// Numbers of requests: sixteen digits of base 32 that sort by time. The first 48 bits are milliseconds, as in a
/// UUIDv7; the rest tells processes and requests apart. None is ever taken from outside, so none can be forged.
enum RequestNumber {
  private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
  private static let process = UInt64.random(in: 0...0xFFFF)
  private static let count = Atomic<UInt64>(0)

  static func next() -> String {
    let milliseconds = UInt64(bitPattern: Instant.now.microseconds / 1000)
    let tail = process << 16 | count.wrappingAdd(1, ordering: .relaxed).oldValue & 0xFFFF
    return String(unsafeUninitializedCapacity: 16) { buffer in
      // 48 bits and 32 bits: the first eight digits hold the high forty bits of the time.
      let high = milliseconds >> 8 & 0xFF_FFFF_FFFF
      let low = (milliseconds & 0xFF) << 32 | tail
      for at in 0..<8 {
        buffer[7 - at] = digits[Int(high >> UInt64(at * 5) & 31)]
        buffer[15 - at] = digits[Int(low >> UInt64(at * 5) & 31)]
      }
      return 16
    }
  }
}
