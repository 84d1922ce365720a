import CSystem
import Core
import Glibc

/// Now and then looks whether the process has come to rest, and then gives the system back what a rush of work made the
/// heap grow by: without being asked the C library keeps most of it for good.
package final class AtRest: Sendable {
  private let loop: Loop
  private let pool: BlockingPool
  private let tidy: @Sendable () -> Void
  private let period: Duration
  private let isClosed = Locked(false)

  /// - Parameters:
  ///   - pool: where it is done, for the heap's locks are held for about a millisecond.
  ///   - period: how often it looks.
  ///   - tidy: called each time, busy or not, on the pool: for what else is kept for the next time.
  package init(
    loop: Loop, pool: BlockingPool, every period: Duration = .seconds(1), tidy: @escaping @Sendable () -> Void = {}
  ) {
    self.loop = loop
    self.pool = pool
    self.period = period
    self.tidy = tidy
  }

  /// Until it is closed.
  package func start() {
    Task(executorPreference: loop) { [self] in
      var before = Self.spent
      var hasWorked = true
      while !isClosed.withLock({ $0 }) {
        try? await loop.sleep(period)
        let spent = Self.spent
        let isAtRest = spent - before < period / Self.share
        before = spent
        if !isAtRest { hasWorked = true }
        let trims = isAtRest && hasWorked
        if trims { hasWorked = false }
        try? await pool.run { [tidy] in
          tidy()
          if trims { malloc_trim(0) }
        }
      }
    }
  }

  package func close() { isClosed.withLock { $0 = true } }

  /// At rest is who takes less than this part of one core: timers, and an occasional visitor.
  private static let share = 20

  /// The processor time this process has taken (clock_gettime(2)).
  private static var spent: Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
