// One thread that waits for descriptors, timers and Swift tasks: the executor everything on a request's way runs on,
// so that no request ever changes thread. Waiting is libevent's; the order of a turn is ours:
//
//   tasks and posts → the `turn` hook, while it has more → wait → callbacks of descriptors and timers → the grave
//
// All state is touched on the loop's own thread, except the inbox (under a lock) and three atomics.
import CEvent
import CSystem
package import Core
import Glibc
import Synchronization

/// An event loop on its own thread, and a `TaskExecutor`: `Task(executorPreference: loop) { … }` stays on that thread,
/// with everything it awaits. Nothing that runs there may block; ``BlockingPool`` is for what must.
package final class Loop: TaskExecutor, @unchecked Sendable {
  /// What other threads hand in.
  private struct Inbox {
    var jobs: [UnownedJob] = []
    var posts: [@Sendable () -> Void] = []
    var isEmpty: Bool { jobs.isEmpty && posts.isEmpty }
  }

  /// A turn that takes longer starves every other connection of the loop, and is logged.
  package static let longestTurn = Duration.milliseconds(50)

  /// How it is called in the log.
  package let name: String
  /// Called after each batch of tasks, for a library that must be pumped (HTTP). True means there is more to do at
  /// once, and the loop does not sleep. Set it on the loop.
  package var turn: (() -> Bool)?
  /// Turns over ``longestTurn`` so far; for metrics. Read it on the loop.
  package private(set) var slowTurns = 0

  /// How long the loop has been at work, not waiting, since it began; from any thread. Its rate is how full the loop is.
  package var busy: Duration { .nanoseconds(Int64(clamping: busyNanoseconds.load(ordering: .relaxed))) }

  let base: OpaquePointer
  private let log: Log
  private let busyNanoseconds = Atomic<UInt64>(0)
  private let inbox = Locked(Inbox())
  private let wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
  private let isSleeping = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  private let threadOrNone = Atomic<UInt>(0)
  private let over = Atomic<Bool>(false)
  private var local: [UnownedJob] = []
  private var batch: [UnownedJob] = []
  private var localPosts: [@Sendable () -> Void] = []
  private var nextTurn: [@Sendable () -> Void] = []
  private var grave: [Source] = []
  private var turnBegan: UInt64 = 0
  private var reportedAt: UInt64 = 0
  private var thread = pthread_t()
  private let ready = Locked<(@Sendable () -> Void)?>(nil)

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// The loop whose thread this is, if it is one's.
  package static var current: Loop? {
    pthread_getspecific(key).map { Unmanaged<Loop>.fromOpaque($0).takeUnretainedValue() }
  }

  /// A loop that is not running yet; see ``start(_:)``.
  package init(name: String = "loop", log: Log = Log()) {
    self.name = name
    self.log = log
    let settings = event_config_new()
    // One thread touches the base: libevent need not lock.
    event_config_set_flag(settings, Int32(EVENT_BASE_FLAG_NOLOCK.rawValue))
    base = event_base_new_with_config(settings)!
    event_config_free(settings)
    _ = Loop.key
  }

  deinit {
    event_base_free(base)
    close(wakeDescriptor)
  }

  // MARK: Tasks and posts

  /// Whether the caller runs on this loop's thread.
  package var inLoop: Bool { UInt(pthread_self()) == threadOrNone.load(ordering: .relaxed) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if inLoop { return local.append(job) }
    inbox.withLock { $0.jobs.append(job) }
    wake()
  }

  /// Runs `action` on the loop soon, from any thread. In order among posts of one thread.
  package func post(_ action: @escaping @Sendable () -> Void) {
    if inLoop { return localPosts.append(action) }
    inbox.withLock { $0.posts.append(action) }
    wake()
  }

  /// Runs `action` after every descriptor that is ready now has been served once: how long work is cut into slices that
  /// others come between. On the loop.
  package func postNextTurn(_ action: @escaping @Sendable () -> Void) {
    precondition(inLoop)
    nextTurn.append(action)
  }

  /// The store of `isSleeping` and its load here are both sequentially consistent: either the sleeper sees the new
  /// entry, or we see the sleeper.
  private func wake() {
    if isSleeping.load(ordering: .sequentiallyConsistent) { signal() }
  }

  private func signal() {
    var one: UInt64 = 1
    _ = write(wakeDescriptor, &one, 8)
  }

  // MARK: Descriptors

  /// Watches a source for reading. The loop holds it until ``remove(_:)``.
  package func add(_ source: Source) {
    precondition(inLoop && source.loop === self && !source.isWatched)
    source.isWatched = true
    source.reading = event_new(
      base, source.fd, Int16(EV_READ | EV_PERSIST),
      { _, _, context in
        let source = Unmanaged<Source>.fromOpaque(context!).takeUnretainedValue()
        source.loop.awake()
        withExtendedLifetime(source) { source.readable() }
      }, Unmanaged.passRetained(source).toOpaque())
    event_add(source.reading, nil)
  }

  /// Whether `writable()` shall be called. Off until asked for; switch it off again when there is nothing to write.
  package func want(write wanted: Bool, _ source: Source) {
    precondition(inLoop)
    guard source.isWatched else { return }
    if wanted, source.writing == nil {
      source.writing = event_new(
        base, source.fd, Int16(EV_WRITE | EV_PERSIST),
        { _, _, context in
          let source = Unmanaged<Source>.fromOpaque(context!).takeUnretainedValue()
          source.loop.awake()
          withExtendedLifetime(source) { source.writable() }
        }, Unmanaged.passUnretained(source).toOpaque())
      event_add(source.writing, nil)
    } else if !wanted, let event = source.writing {
      event_free(event)
      source.writing = nil
    }
  }

  /// Whether `readable()` shall be called. On when added; off is how a reader pushes back.
  package func want(read wanted: Bool, _ source: Source) {
    precondition(inLoop)
    guard source.isWatched else { return }
    if wanted { event_add(source.reading, nil) } else { event_del(source.reading) }
  }

  /// Stops watching. Call it before the descriptor is closed. The source lives until the turn is over, because
  /// libevent may be in the middle of calling it.
  package func remove(_ source: Source) {
    precondition(inLoop)
    guard source.isWatched else { return }
    source.isWatched = false
    if let event = source.reading { event_free(event) }
    if let event = source.writing { event_free(event) }
    source.reading = nil
    source.writing = nil
    grave.append(source)
    Unmanaged.passUnretained(source).release()
  }

  // MARK: Time

  /// A timer of this loop, not set yet. Made, set and cancelled on the loop.
  package func timer(_ action: @escaping () -> Void) -> LoopTimer {
    precondition(inLoop, "a loop's timer is made on the loop")
    return LoopTimer(self, action)
  }

  /// Waits. Throws `CancellationError` as soon as the task is cancelled.
  @concurrent package func sleep(_ duration: Duration) async throws {
    guard inLoop else {
      return try await withTaskExecutorPreference(self) { try await self.sleep(duration) }
    }
    let sleeper = Sleeper()
    let timer = timer { sleeper.wake() }
    defer { timer.cancel() }
    timer.set(after: duration)
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        sleeper.waiting = continuation
        if Task.isCancelled { sleeper.wake(throwing: CancellationError()) }
      }
    } onCancel: {
      post { sleeper.wake(throwing: CancellationError()) }
    }
  }

  /// Touched on the loop only.
  private final class Sleeper: @unchecked Sendable {
    var waiting: UnsafeContinuation<Void, any Error>?

    func wake(throwing error: (any Error)? = nil) {
      guard let waiting else { return }
      self.waiting = nil
      if let error { waiting.resume(throwing: error) } else { waiting.resume() }
    }
  }

  // MARK: Life

  /// Starts the thread. `ready` runs first on it.
  package func start(_ ready: @escaping @Sendable () -> Void = {}) {
    self.ready.withLock { $0 = ready }
    pthread_create(
      &thread, nil,
      { context in
        let loop = Unmanaged<Loop>.fromOpaque(context!).takeRetainedValue()
        pthread_setspecific(Loop.key, Unmanaged.passUnretained(loop).toOpaque())
        loop.run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  /// Ends the loop once it has nothing more to run at once. Whoever still sleeps or waits for a descriptor then never
  /// wakes: stop what uses the loop first.
  package func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    signal()
  }

  /// Waits for the thread's end, after ``stop()``. Not from the loop itself.
  package func join() {
    precondition(!inLoop)
    pthread_join(thread, nil)
  }

  /// Whether the thread has ended.
  var isOver: Bool { over.load(ordering: .acquiring) }

  private final class Alarm: Source {
    override func readable() {
      var count: UInt64 = 0
      _ = read(fd, &count, 8)
    }
  }

  /// The first callback after a wait tells when the turn began, and that nobody need wake us.
  func awake() {
    guard turnBegan == 0 else { return }
    turnBegan = Self.nanoseconds()
    isSleeping.store(false, ordering: .relaxed)
  }

  private static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private func run() {
    threadOrNone.store(UInt(pthread_self()), ordering: .relaxed)
    let alarm = Alarm(fd: wakeDescriptor, loop: self)
    add(alarm)
    turnBegan = Self.nanoseconds()
    ready.withLock { action in
      defer { action = nil }
      return action
    }?()
    let executor = asUnownedTaskExecutor()
    while true {
      var hasMore = false
      // Bounded: descriptors must not starve behind tasks that make tasks.
      for _ in 0..<16 {
        swap(&batch, &local)
        var posts = localPosts
        localPosts.removeAll(keepingCapacity: true)
        inbox.withLock { inbox in
          if !inbox.jobs.isEmpty {
            batch.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
          }
          if !inbox.posts.isEmpty {
            posts.append(contentsOf: inbox.posts)
            inbox.posts.removeAll()
          }
        }
        for action in posts { action() }
        for job in batch { job.runSynchronously(on: executor) }
        batch.removeAll(keepingCapacity: true)
        hasMore = turn?() ?? false
        if local.isEmpty && localPosts.isEmpty { break }
      }
      watch()
      var canSleep = local.isEmpty && localPosts.isEmpty && nextTurn.isEmpty && !hasMore
      if isStopping.load(ordering: .relaxed), canSleep, inbox.withLock({ $0.isEmpty }) { break }
      if canSleep {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        if !inbox.withLock({ $0.isEmpty }) {
          canSleep = false
          isSleeping.store(false, ordering: .relaxed)
        }
      }
      turnBegan = 0
      event_base_loop(base, EVLOOP_ONCE | (canSleep ? 0 : EVLOOP_NONBLOCK))
      awake()
      if !nextTurn.isEmpty {
        localPosts.append(contentsOf: nextTurn)
        nextTurn.removeAll(keepingCapacity: true)
      }
      grave.removeAll(keepingCapacity: true)
    }
    remove(alarm)
    grave.removeAll()
    turn = nil
    threadOrNone.store(0, ordering: .relaxed)
    pthread_setspecific(Self.key, nil)
    over.store(true, ordering: .releasing)
  }

  /// Says so when the turn took too long; at most once a second, since a slow stretch is one thing to know.
  private func watch() {
    let now = Self.nanoseconds()
    let took = now - turnBegan
    // Written by this thread only.
    busyNanoseconds.store(busyNanoseconds.load(ordering: .relaxed) &+ took, ordering: .relaxed)
    guard took > 50_000_000 else { return }
    slowTurns += 1
    guard now - reportedAt > 1_000_000_000 else { return }
    reportedAt = now
    log.warning(
      "loop.slow_turn",
      ["loop": .text(name), "milliseconds": .number(Int(took / 1_000_000)), "so_far": .number(slowTurns)])
  }
}
