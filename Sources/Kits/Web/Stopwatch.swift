// libmicrohttpd's header brings the system's clock types with it, so both modules are named here.
import CMicrohttpd
import CSystem
import Core
import Glibc

/// A monotonic start, for durations in the log.
struct Stopwatch: Sendable {
  private let start: UInt64 = Stopwatch.now()

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  var microseconds: Int { Int(Self.now() - start) }
}

/// A coarse monotonic clock for deadlines.
enum Milliseconds {
  static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  static func of(_ duration: Duration) -> Int { Int(duration.microseconds / 1000) }
}
