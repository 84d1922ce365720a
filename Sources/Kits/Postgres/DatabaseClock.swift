package import Core
import Glibc
import Loop

/// The database's clock, which is that of all nodes: read now and then, and carried on by this machine's monotonic clock in
/// between. A node whose own clock strays or is set neither begins lessons early nor ends them, and its leases and tokens
/// are those of the others.
package final class DatabaseClock: Sendable {
  private struct Anchor {
    /// What to add to the monotonic clock; nothing before the first reading.
    var offset: Int64?
    /// How far this machine's own clock was off at the last reading.
    var astray = Duration.zero
    var isClosed = false
  }

  private let database: Database
  private let log: Log
  private let anchor = Locked(Anchor())

  /// More is told in the log, once.
  package static let tolerance = Duration.seconds(2)

  package init(_ database: Database, log: Log) {
    self.database = database
    self.log = log
  }

  /// Before the first reading it is this machine's.
  package var clock: WallClock {
    WallClock { [anchor] in
      anchor.withLock { $0.offset }.map { Instant(microseconds: Self.monotonic() + $0) } ?? .now
    }
  }

  /// Own clock minus the database's, at the last reading.
  package var astray: Duration { anchor.withLock { $0.astray } }

  /// Reads once. A reading that was long under way is not exact, and is left out.
  @concurrent package func read() async throws {
    let before = Self.monotonic()
    let theirs = try await database.one(Query<Instant>("select clock_timestamp()"))
    let after = Self.monotonic()
    guard after - before < 200_000 else { return }
    let astray = Instant.now - theirs
    let wasAstray = anchor.withLock { anchor in
      defer {
        anchor.offset = theirs.microseconds - (before + after) / 2
        anchor.astray = astray
      }
      return anchor.astray
    }
    let (isOff, wasOff) = (Self.isOff(astray), Self.isOff(wasAstray))
    if isOff, !wasOff {
      log.error("clock.astray", ["milliseconds": .number(Int(astray.microseconds / 1000))])
    } else if wasOff, !isOff {
      log.info("clock.right_again")
    }
  }

  /// Reads every ten seconds, until it is closed.
  package func start() {
    let loop = database.loops.loops[0]
    Task(executorPreference: loop) { [self] in
      while !anchor.withLock({ $0.isClosed }) {
        try? await read()
        try? await loop.sleep(.seconds(10))
      }
    }
  }

  package func close() { anchor.withLock { $0.isClosed = true } }

  private static func isOff(_ difference: Duration) -> Bool { difference > tolerance || difference < .zero - tolerance }

  private static func monotonic() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
