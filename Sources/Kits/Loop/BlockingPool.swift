import CSystem
import Core
import Glibc

/// A few threads for what blocks or computes long: hashing, files, images, name lookups. Loops hand work in and are
/// resumed on their own thread.
///
/// Threads start when there is work for them, and stay until the pool is let go of.
package final class BlockingPool: Sendable {
  private let queue: WorkQueue

  /// At most `threads` at a time work, and at most `waiting` wait; more is refused with `Failure.unavailable`, so that
  /// a flood is turned away at the door instead of piling up.
  ///
  /// A `background` pool is for work that would fill every core, such as hashing, and gives way to the rest of the process:
  /// while that computes too, only one of the threads works, and rests after each piece for as long as the piece took. A
  /// niceness alone does not do it: it counts within a control group or session only, and what the process waits for, its
  /// database, is in another (docs/decisions/hashing.md).
  package convenience init(threads: Int, waiting: Int = 10_000, background: Bool = false) {
    self.init(threads: threads, waiting: waiting, sharing: background ? ProcessorTime.ofTheOthers : nil)
  }

  /// - Parameter sharing: the processor time, in nanoseconds, of all in the process but threads with these clocks.
  init(threads: Int, waiting: Int, sharing: (@Sendable (_ but: [clockid_t]) -> Int64)?) {
    precondition(threads > 0)
    queue = WorkQueue(threads: threads, limit: waiting, timeOfOthers: sharing)
  }

  deinit { queue.close() }

  /// What a pool does now.
  package struct Figures: Sendable, Equatable {
    /// Threads at work.
    package let working: Int
    /// What waits for one.
    package let waiting: Int
  }

  package var figures: Figures { queue.figures }

  /// Runs `body` on one of the threads. When the task is cancelled before its turn comes, `body` does not run and
  /// `CancellationError` is thrown; once begun it runs to its end.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    let isCancelled = Locked(false)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Result, any Error>) in
        let accepted = queue.put {
          if isCancelled.withLock({ $0 }) { return continuation.resume(throwing: CancellationError()) }
          continuation.resume(with: Swift.Result(catching: body))
        }
        if !accepted { continuation.resume(throwing: Failure.unavailable) }
      }
    } onCancel: {
      isCancelled.withLock { $0 = true }
    }
  }
}

/// What clocks say, in nanoseconds (clock_gettime(2)).
private enum ProcessorTime {
  static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func ofTheOthers(but threads: [clockid_t]) -> Int64 {
    now(CLOCK_PROCESS_CPUTIME_ID) - threads.reduce(0) { $0 + now($1) }
  }

  static var ofThisThread: clockid_t {
    var clock = clockid_t()
    pthread_getcpuclockid(pthread_self(), &clock)
    return clock
  }
}

/// Guarded by its mutex throughout.
private final class WorkQueue: @unchecked Sendable {
  /// Niceness of threads that give way: who wakes up beside them goes first.
  private static let nice: Int32 = 5
  /// The others are at work when they take more than this part of one core. Sign-ins themselves take a thirtieth.
  private static let part: Int64 = 5

  private let limit: Int
  private let threads: Int
  private let timeOfOthers: (@Sendable ([clockid_t]) -> Int64)?
  private var running = 0
  private var idle = 0
  /// Threads that work or rest after work.
  private var taken = 0
  /// Whether the rest of the process was at work during the last piece.
  private var isShared = false
  private var clocks: [clockid_t] = []
  private var isClosed = false
  private var work: [@Sendable () -> Void] = []
  private var head = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(threads: Int, limit: Int, timeOfOthers: (@Sendable ([clockid_t]) -> Int64)?) {
    self.threads = threads
    self.limit = limit
    self.timeOfOthers = timeOfOthers
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  func put(_ action: @escaping @Sendable () -> Void) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard work.count - head < limit else { return false }
    work.append(action)
    // Who was woken for earlier work counts as idle until it has taken it.
    if work.count - head > idle, running < threads {
      running += 1
      spawn()
    } else {
      pthread_cond_signal(condition)
    }
    return true
  }

  var figures: BlockingPool.Figures {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return BlockingPool.Figures(working: running - idle, waiting: work.count - head)
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  private func spawn() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        Unmanaged<WorkQueue>.fromOpaque(context!).takeRetainedValue().drain()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_detach(thread)
  }

  private func drain() {
    guard let timeOfOthers else {
      while let action = take() {
        action()
        release(isShared: false)
      }
      return
    }
    // On Linux a niceness is a thread's own, and 0 names the one that asks (setpriority(2)).
    setpriority(PRIO_PROCESS, 0, Self.nice)
    let own = ProcessorTime.ofThisThread
    enter(own)
    while let action = take() {
      let begun = ProcessorTime.now(CLOCK_MONOTONIC)
      let before = timeOfOthers(ownClocks)
      action()
      let took = ProcessorTime.now(CLOCK_MONOTONIC) - begun
      let isShared = (timeOfOthers(ownClocks) - before) * Self.part > took
      if isShared { usleep(UInt32(clamping: took / 1000)) }
      release(isShared: isShared)
    }
    leave(own)
  }

  private var ownClocks: [clockid_t] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return clocks
  }

  private func enter(_ clock: clockid_t) {
    pthread_mutex_lock(mutex)
    clocks.append(clock)
    pthread_mutex_unlock(mutex)
  }

  private func leave(_ clock: clockid_t) {
    pthread_mutex_lock(mutex)
    clocks.removeAll { $0 == clock }
    pthread_mutex_unlock(mutex)
  }

  private func take() -> (@Sendable () -> Void)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while head == work.count || (isShared && taken > 0) {
      if isClosed, head == work.count { return nil }
      idle += 1
      pthread_cond_wait(condition, mutex)
      idle -= 1
    }
    taken += 1
    let action = work[head]
    head += 1
    if head == work.count {
      work.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 1000 {
      work.removeFirst(head)
      head = 0
    }
    return action
  }

  /// What `take` gave is done.
  private func release(isShared: Bool) {
    pthread_mutex_lock(mutex)
    taken -= 1
    let wasHeldBack = self.isShared
    self.isShared = isShared
    // Those that were held back may work again: one of them, or all.
    if wasHeldBack || isShared { pthread_cond_broadcast(condition) }
    pthread_mutex_unlock(mutex)
  }
}
