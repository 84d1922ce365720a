package import Core

/// A clock the test moves.
package final class SteppedClock: Sendable {
  private let instant: Locked<Instant>

  package init(_ instant: Instant) { self.instant = Locked(instant) }

  /// Starts at an RFC 3339 instant, such as `2026-11-20T09:00:00Z`.
  package convenience init(_ text: String) { self.init(Instant(rfc3339: text)!) }

  package var now: Instant { instant.withLock { $0 } }
  package func advance(by duration: Duration) { instant.withLock { $0 += duration } }
  package func set(to instant: Instant) { self.instant.withLock { $0 = instant } }

  /// What rules and kits are given.
  package var clock: WallClock { WallClock { self.now } }
}
