import CPostgres
import Core
import Glibc
import Loop

/// What a pool has seen and what it does now.
package struct DatabaseStatistics: Sendable, Equatable {
  /// Statements run, failed ones too.
  package internal(set) var queries = 0
  package internal(set) var failures = 0
  package internal(set) var slowQueries = 0
  /// Time spent waiting for answers, all statements together.
  package internal(set) var queryTime = Duration.zero
  /// Sessions with the server, those under way included.
  package internal(set) var connections = 0
  /// Sessions nobody uses now.
  package internal(set) var idle = 0
  /// Tasks waiting for a session now.
  package internal(set) var waiting = 0
  /// Tasks that waited in vain.
  package internal(set) var timeouts = 0

  static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.queries += b.queries
    sum.failures += b.failures
    sum.slowQueries += b.slowQueries
    sum.queryTime += b.queryTime
    sum.connections += b.connections
    sum.idle += b.idle
    sum.waiting += b.waiting
    sum.timeouts += b.timeouts
    return sum
  }
}

/// The sessions of one loop. Every member but `statistics` is touched on the loop's thread only.
///
/// Whoever finds none free waits in line, at most `patience`, while at most `limit` are open. Fewer are at work at once,
/// `atWork`: more statements than the server has cores take turns there and hold one another's locks and pages, and all of
/// them end later than if they had waited here. A session held for longer than ``brief`` does not count: an export, or a
/// booker who waits for a lock, stands in nobody's way.
///
/// A session that was lost, or that comes back in the middle of a transaction, is never handed on. A server that restarts
/// is waited for a little while; one that stays away makes waiters fail at once, so that requests do not pile up.
final class Pool: @unchecked Sendable {
  let loop: Loop
  let statistics = Locked(DatabaseStatistics())

  private let url: String
  let limit: Int
  private let atWork: Int
  private let patience: Duration
  private let statementTimeout: Duration
  private let connectors: BlockingPool
  private let cancellers: BlockingPool
  private let log: Log

  private var idle: [Connection] = []
  private var held: [(connection: Connection, since: ContinuousClock.Instant)] = []
  /// Those that are connecting, idle or held.
  private var open = 0
  private var connecting = 0
  private var line: [Waiter] = []
  private var failingSince: Instant?
  private var isRetrying = false
  private var closing: [UnsafeContinuation<Void, Never>]?
  private var clock: LoopTimer?
  private var isClockSet = false

  private static let brief = Duration.milliseconds(100)
  /// A server away for longer is taken to be down.
  private static let grace = Duration.seconds(2)

  private final class Waiter: @unchecked Sendable {
    let since = ContinuousClock.now
    var continuation: UnsafeContinuation<Connection, any Error>?
  }

  init(
    url: String, loop: Loop, limit: Int, atWork: Int, patience: Duration, statementTimeout: Duration,
    connectors: BlockingPool, cancellers: BlockingPool, log: Log
  ) {
    precondition(atWork > 0)
    self.url = url
    self.loop = loop
    self.limit = limit
    self.atWork = atWork
    self.patience = patience
    self.statementTimeout = statementTimeout
    self.connectors = connectors
    self.cancellers = cancellers
    self.log = log
  }

  // MARK: Taking and giving back

  /// A session that is free and sound. Give it back with ``release(_:)``.
  func acquire() async throws -> Connection {
    precondition(loop.inLoop)
    if closing != nil { throw Failure.unavailable }
    if line.isEmpty, hasRoom, let connection = idle.popLast() {
      held.append((connection, ContinuousClock.now))
      note()
      return connection
    }
    let waiter = Waiter()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
        waiter.continuation = continuation
        line.append(waiter)
        note()
        serve()
      }
    } onCancel: {
      loop.post { self.dismiss(waiter, CancellationError()) }
    }
  }

  func release(_ connection: Connection) {
    precondition(loop.inLoop)
    held.removeAll { $0.connection === connection }
    if connection.isLost || connection.isInTransaction || closing != nil {
      connection.close()
      open -= 1
      finishClosing()
    } else {
      idle.append(connection)
    }
    serve()
    note()
  }

  /// Whether one more may be at work.
  private var hasRoom: Bool {
    if held.count < atWork { return true }
    let now = ContinuousClock.now
    return held.count { now - $0.since < Self.brief } < atWork
  }

  /// Hands what is idle to those in line, and opens more, as far as there is room.
  private func serve() {
    while !line.isEmpty, !idle.isEmpty, hasRoom {
      let connection = idle.removeLast()
      let waiter = line.removeFirst()
      held.append((connection, ContinuousClock.now))
      waiter.continuation?.resume(returning: connection)
      waiter.continuation = nil
    }
    growIfNeeded()
    watch()
  }

  /// While there is a line: looks again when its first may have waited in vain, or a session may have been held for long.
  private func watch() {
    guard let first = line.first, !isClockSet, closing == nil else { return }
    if clock == nil { clock = loop.timer { [weak self] in self?.look() } }
    clock?.set(after: min(Self.brief, patience - (ContinuousClock.now - first.since)))
    isClockSet = true
  }

  private func look() {
    isClockSet = false
    let now = ContinuousClock.now
    while let first = line.first, now - first.since >= patience {
      statistics.withLock { $0.timeouts += 1 }
      log.warning("database.pool_timeout", ["loop": .text(loop.name), "waiting": .number(line.count)])
      dismiss(first, Failure.unavailable)
    }
    serve()
  }

  /// Sends a waiter away. Nothing when it has been served already.
  private func dismiss(_ waiter: Waiter, _ error: any Error) {
    guard let continuation = waiter.continuation else { return }
    line.removeAll { $0 === waiter }
    waiter.continuation = nil
    note()
    continuation.resume(throwing: error)
  }

  // MARK: Opening

  private func growIfNeeded() {
    while closing == nil, !isRetrying, open < limit, connecting < line.count, idle.isEmpty,
      connecting < atWork, hasRoom
    {
      open += 1
      connecting += 1
      Task(executorPreference: loop) { await self.connect() }
    }
  }

  private func connect() async {
    let (url, timeout) = (url, statementTimeout)
    do {
      let address = try await connectors.run {
        UInt(bitPattern: try Session.open(url, statementTimeout: timeout))
      }
      connecting -= 1
      failingSince = nil
      let connection = Connection(OpaquePointer(bitPattern: address)!, loop: loop, cancellers: cancellers)
      connection.onLost = { [weak self, weak connection] in
        if let connection { self?.forget(connection) }
      }
      release(connection)
    } catch {
      connecting -= 1
      open -= 1
      let now = Instant.now
      let since = failingSince ?? now
      failingSince = since
      finishClosing()
      note()
      guard now - since > Self.grace else { return retrySoon() }
      log.error("database.unreachable", ["loop": .text(loop.name), "error": .text("\(error)")])
      for waiter in line { dismiss(waiter, Failure.unavailable) }
    }
  }

  private func retrySoon() {
    guard !isRetrying else { return }
    isRetrying = true
    Task(executorPreference: loop) { [self] in
      try? await loop.sleep(.milliseconds(100))
      isRetrying = false
      serve()
    }
  }

  /// An idle session was lost.
  private func forget(_ connection: Connection) {
    guard let index = idle.firstIndex(where: { $0 === connection }) else { return }
    idle.remove(at: index)
    connection.close()
    open -= 1
    log.info("database.connection_lost", ["loop": .text(loop.name)])
    note()
    serve()
  }

  // MARK: Closing

  /// Closes what is idle, and the rest when it comes back. Returns when all are closed.
  func close() async {
    if closing == nil {
      closing = []
      for waiter in line { dismiss(waiter, Failure.unavailable) }
      for connection in idle { connection.close() }
      open -= idle.count
      idle = []
      clock = nil
      note()
    }
    guard open > 0 else { return }
    await withUnsafeContinuation { closing?.append($0) }
  }

  private func finishClosing() {
    guard open == 0, let waiting = closing else { return }
    closing = []
    for continuation in waiting { continuation.resume() }
  }

  private func note() {
    statistics.withLock {
      $0.connections = open
      $0.idle = idle.count
      $0.waiting = line.count
    }
  }
}
