import CHiredis
import Core
import Glibc
import Loop

// One connection to Redis on one loop, by hiredis' asynchronous context: its descriptor is a source of the loop, and its
// replies come as callbacks there. hiredis answers every command exactly once, with nothing when the connection ends.
//
// A link that broke is made again by itself, after a growing, jittered pause. Until it stands, commands are refused at
// once: whoever limits or relays has another way, and must not wait for one that is not there. Only the very first
// connection is waited for.

/// Every member is touched on its loop's thread only, except `standing`.
final class RedisLink: @unchecked Sendable {
  private enum State { case idle, connecting, up, resting, closed }

  let loop: Loop
  private let address: RedisAddress
  private let resolver: BlockingPool
  private let log: Log
  private let isQuiet: Bool
  private var state = State.idle
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var wire: Wire?
  private var failures = 0
  private var retry: LoopTimer?
  private var watch: LoopTimer?
  /// Commands under way, oldest first as far as they are not answered; looked through for deadlines.
  private var pending: [Batch] = []
  /// Those that wait for the very first connection.
  private var early: [Batch] = []
  private let isUp = Locked(false)

  private static let tick = Duration.milliseconds(100)
  private static let patience = Duration.seconds(2)

  init(_ address: RedisAddress, loop: Loop, resolver: BlockingPool, log: Log, isQuiet: Bool = false) {
    self.address = address
    self.loop = loop
    self.resolver = resolver
    self.log = log
    self.isQuiet = isQuiet
  }

  /// Whether it stands, from any thread.
  var standing: Bool { isUp.withLock { $0 } }

  /// Sends all, in order, and gives the replies in the same order.
  @concurrent func run(_ commands: [[String]], within limit: Duration) async throws -> [RedisReply] {
    guard !commands.isEmpty else { return [] }
    guard loop.inLoop else {
      return try await withTaskExecutorPreference(loop) { try await self.run(commands, within: limit) }
    }
    return try await withUnsafeThrowingContinuation { continuation in
      let batch = Batch(commands, until: Self.now() + limit, continuation)
      switch state {
      case .up: send(batch)
      case .idle:
        early.append(batch)
        connect()
        setWatch()
      case .connecting where failures == 0: early.append(batch)
      case .connecting, .resting, .closed: batch.fail()
      }
    }
  }

  /// Begins to connect, so that the first command finds it standing.
  func warm() { loop.post { [self] in if state == .idle { connect() } } }

  /// Ends the connection for good; what is under way fails.
  func close() {
    loop.post { [self] in
      state = .closed
      retry?.cancel()
      retry = nil
      drop()
    }
  }

  // MARK: Connecting

  private func connect() {
    state = .connecting
    guard case .host(let name, let port) = address.place else {
      guard case .socket(let path) = address.place else { return }
      return attach(redisAsyncConnectUnix(path))
    }
    // hiredis would look the name up on this thread.
    Task(executorPreference: loop) { [self] in
      let number = try? await resolver.run { Self.numeric(name) }
      guard state == .connecting, context == nil else { return }
      guard let number = number ?? nil else { return broke("its name “\(name)” is not known") }
      attach(redisAsyncConnect(number, Int32(port)))
    }
  }

  private static func numeric(_ name: String) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &found) == 0, let first = found else { return nil }
    defer { freeaddrinfo(found) }
    var text = [CChar](repeating: 0, count: 64)
    guard
      getnameinfo(first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        == 0
    else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func attach(_ made: UnsafeMutablePointer<redisAsyncContext>?) {
    guard let made else { return broke("no memory") }
    guard made.pointee.err == 0 else {
      let reason = String(cString: made.pointee.errstr)
      redisAsyncFree(made)
      return broke(reason)
    }
    let wire = Wire(made, self)
    context = made
    self.wire = wire
    loop.add(wire)
    wire.attach()
    // Standing means answering: a stopped server's kernel still accepts.
    var greeting: [[String]] = []
    if let password = address.password { greeting.append(["AUTH"] + (address.user.map { [$0] } ?? []) + [password]) }
    if address.database != 0 { greeting.append(["SELECT", String(address.database)]) }
    greeting.append(["PING"])
    let batch = Batch(greeting, until: Self.now() + Self.patience) { [weak self] result in
      guard let self, self.wire === wire else { return }
      switch result {
      case .success(let replies):
        if let refusal = replies.lazy.compactMap({ if case .refused(let text) = $0 { text } else { nil } }).first {
          return self.broke(refusal)
        }
        self.stands()
      case .failure: break
      }
    }
    send(batch)
  }

  private func stands() {
    state = .up
    isUp.withLock { $0 = true }
    if !isQuiet { log.info("redis.up", ["loop": .text(loop.name)]) }
    failures = 0
    let waiting = early
    early = []
    for batch in waiting { send(batch) }
  }

  /// The connection ended or was never made.
  private func broke(_ reason: String) {
    guard state == .connecting || state == .up else { return }
    // Once an outage, not once a try.
    if failures == 0, !isQuiet {
      log.warning("redis.down", ["loop": .text(loop.name), "reason": .text(reason)])
    }
    isUp.withLock { $0 = false }
    state = .resting
    failures += 1
    drop()
    let most = min(5000, 100 << min(failures - 1, 6))
    if retry == nil { retry = loop.timer { [weak self] in if let self, state == .resting { connect() } } }
    retry?.set(after: .milliseconds(Int.random(in: most / 2...most)))
  }

  private func drop() {
    isUp.withLock { $0 = false }
    let waiting = early
    early = []
    for batch in waiting { batch.fail() }
    guard let context else { return }
    self.context = nil
    wire = nil
    // Answers what is under way with nothing, and takes the source off the loop.
    redisAsyncFree(context)
  }

  fileprivate func ended(_ wire: Wire, _ reason: String) {
    guard self.wire === wire else { return }
    // hiredis frees the context itself now.
    context = nil
    self.wire = nil
    broke(reason)
  }

  // MARK: Commands

  private func send(_ batch: Batch) {
    guard let context else { return batch.fail() }
    pending.append(batch)
    setWatch()
    for command in batch.commands {
      let bytes = Self.encoded(command)
      let status = bytes.withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) {
          redisAsyncFormattedCommand(
            context,
            { _, reply, data in
              let batch = Unmanaged<Batch>.fromOpaque(data!).takeRetainedValue()
              batch.answer(reply.map { RedisReply($0.assumingMemoryBound(to: redisReply.self)) })
            }, Unmanaged.passRetained(batch).toOpaque(), $0.baseAddress, $0.count)
        }
      }
      if status != REDIS_OK {
        // Disconnecting: no callback will come.
        Unmanaged.passUnretained(batch).release()
        batch.fail()
        return
      }
    }
  }

  /// An array of bulk strings (the Redis serialization protocol).
  private static func encoded(_ words: [String]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words {
      bytes += "$\(word.utf8.count)\r\n".utf8
      bytes += word.utf8
      bytes += "\r\n".utf8
    }
    return bytes
  }

  private func setWatch() {
    if watch == nil { watch = loop.timer { [weak self] in self?.look() } }
    watch?.set(after: Self.tick)
  }

  /// Redis answers in order, so one command that is late means that nothing comes: the connection is given up.
  private func look() {
    pending.removeAll { $0.isDone }
    early.removeAll { $0.isDone }
    let now = Self.now()
    for batch in early where now > batch.deadline { batch.fail() }
    if pending.contains(where: { now > $0.deadline }) { broke("no answer in time") }
    pending.removeAll { $0.isDone }
    if pending.isEmpty && early.isEmpty { return }
    setWatch()
  }

  private static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  // MARK: Parts

  /// Commands that go together, and who waits for their replies.
  fileprivate final class Batch: @unchecked Sendable {
    let commands: [[String]]
    let deadline: Duration
    private var replies: [RedisReply] = []
    private var done: ((Result<[RedisReply], any Error>) -> Void)?

    init(_ commands: [[String]], until deadline: Duration, _ done: @escaping (Result<[RedisReply], any Error>) -> Void)
    {
      self.commands = commands
      self.deadline = deadline
      self.done = done
    }

    convenience init(
      _ commands: [[String]], until deadline: Duration, _ continuation: UnsafeContinuation<[RedisReply], any Error>
    ) {
      self.init(commands, until: deadline) { continuation.resume(with: $0) }
    }

    var isDone: Bool { done == nil }

    func answer(_ reply: RedisReply?) {
      guard let reply else { return fail() }
      replies.append(reply)
      if replies.count == commands.count { finish(.success(replies)) }
    }

    func fail() { finish(.failure(Failure.unavailable)) }

    private func finish(_ result: Result<[RedisReply], any Error>) {
      guard let done else { return }
      self.done = nil
      done(result)
    }
  }

  /// The descriptor of one connection. hiredis tells when it wants what, and when it is done with it.
  fileprivate final class Wire: Source, @unchecked Sendable {
    private var context: UnsafeMutablePointer<redisAsyncContext>?
    private weak var link: RedisLink?

    init(_ context: UnsafeMutablePointer<redisAsyncContext>, _ link: RedisLink) {
      self.context = context
      self.link = link
      super.init(fd: hiredis_descriptor(context), loop: link.loop)
    }

    func attach() {
      guard let context else { return }
      hiredis_attach(
        context, Unmanaged.passUnretained(self).toOpaque(), { Wire.of($0).want(read: true) },
        { Wire.of($0).want(read: false) }, { Wire.of($0).want(write: true) }, { Wire.of($0).want(write: false) },
        { Wire.of($0).cleanUp() })
      context.pointee.data = Unmanaged.passUnretained(self).toOpaque()
      redisAsyncSetConnectCallback(context) { context, status in
        guard status != REDIS_OK, let context, let data = context.pointee.data else { return }
        let wire = Unmanaged<Wire>.fromOpaque(data).takeUnretainedValue()
        wire.link?.ended(wire, context.pointee.errstr.map { String(cString: $0) } ?? "refused")
      }
      redisAsyncSetDisconnectCallback(context) { context, status in
        guard let context, let data = context.pointee.data else { return }
        let wire = Unmanaged<Wire>.fromOpaque(data).takeUnretainedValue()
        wire.link?.ended(wire, context.pointee.errstr.map { String(cString: $0) } ?? "closed")
      }
    }

    override func readable() { if let context { redisAsyncHandleRead(context) } }
    override func writable() { if let context { redisAsyncHandleWrite(context) } }

    private static func of(_ data: UnsafeMutableRawPointer?) -> Wire {
      Unmanaged<Wire>.fromOpaque(data!).takeUnretainedValue()
    }
    private func want(read wanted: Bool) { loop.want(read: wanted, self) }
    private func want(write wanted: Bool) { loop.want(write: wanted, self) }

    /// Before hiredis closes the descriptor. The loop's grave keeps us until the turn is over.
    private func cleanUp() {
      context = nil
      loop.remove(self)
    }
  }
}
