import Core
import Glibc

/// A few threads for what blocks or computes long: hashing, files, images, name lookups. Loops hand work in and are
/// resumed on their own thread.
///
/// Threads start when there is work for them, and stay until the pool is let go of.
package final class BlockingPool: Sendable {
  private let queue: WorkQueue

  /// At most `threads` at a time work, and at most `waiting` wait; more is refused with `Failure.unavailable`, so that
  /// a flood is turned away at the door instead of piling up. Threads that are `background` yield the cores to whatever
  /// else wants them (nice 10): for work that would fill every core, such as hashing.
  package init(threads: Int, waiting: Int = 10_000, background: Bool = false) {
    precondition(threads > 0)
    queue = WorkQueue(threads: threads, limit: waiting, nice: background ? 10 : 0)
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

/// Guarded by its mutex throughout.
private final class WorkQueue: @unchecked Sendable {
  private let limit: Int
  private let threads: Int
  private let nice: Int32
  private var running = 0
  private var idle = 0
  private var isClosed = false
  private var work: [@Sendable () -> Void] = []
  private var head = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(threads: Int, limit: Int, nice: Int32) {
    self.threads = threads
    self.limit = limit
    self.nice = nice
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
    if idle > 0 {
      pthread_cond_signal(condition)
    } else if running < threads {
      running += 1
      spawn()
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
    // On Linux a niceness is a thread's own, and 0 names the one that asks (setpriority(2)).
    if nice != 0 { setpriority(PRIO_PROCESS, 0, nice) }
    while let action = take() { action() }
  }

  private func take() -> (@Sendable () -> Void)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while head == work.count {
      if isClosed { return nil }
      idle += 1
      pthread_cond_wait(condition, mutex)
      idle -= 1
    }
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
}
