import CMicrohttpd
import CSystem
import CWslay
import Core
import Glibc
import Loop
import Synchronization

// One WebSocket on its own descriptor. wslay reads RFC 6455: masking, fragments, control frames, UTF-8, close codes.
// Its context takes 8.5 kB, so it exists only while a frame or message is half read; what we send is framed by
// ourselves, once for all receivers.
//
// Closing: our frame, then no more writing (shutdown), then what still comes is thrown away until the other side ends
// or the farewell's time has passed. A plain close(2) with unread bytes would reset the connection, and the other side
// would never see the code.

/// Touched on the loop's thread only.
final class SocketWire: Source, SocketOutput, @unchecked Sendable {
  private enum State {
    case open
    /// Our goodbye is queued or sent.
    case closing(until: Int, peerHasClosed: Bool)
    case ended
  }

  private enum Event {
    case opened
    case text(String)
    case closed
  }

  private static let numbers = Atomic<Int>(0)
  /// Messages that may wait for the conversation before we stop reading.
  private static let mostWaiting = 128
  /// Bytes the kernel may hold for one socket; it doubles the figure for its own needs (socket(7)).
  private static let kernelBuffer: Int32 = 128 << 10

  private let server: LoopServer
  private let conversation: any Conversation
  private let limits: SocketLimits
  private var socket: Socket!
  var place = -1
  private var state = State.open

  private var context: OpaquePointer?
  private var early: [UInt8] = []
  private var earlyAt = 0
  private var control: [UInt8] = []
  /// Bytes given to wslay, and bytes of frames it has finished: when equal, nothing is half read.
  private var handed = 0
  private var finished = 0
  private var frame = 0
  private var isMessageWhole = true

  private var queue: [[UInt8]] = []
  private var first = 0
  private var offset = 0
  private var queued = 0

  private var events: [Event] = []
  private var isTalking = false
  /// The conversation has been told of the end.
  private var isTold = false
  private var isPushingBack = false
  private var tokens: Double
  private var tokensAt = Milliseconds.now()
  private var heardAt = Milliseconds.now()
  private var pingedAt = Milliseconds.now()

  @discardableResult
  static func open(
    _ descriptor: Int32, _ server: LoopServer, _ conversation: any Conversation, _ identity: Identity?, early: [UInt8]
  ) -> SocketWire {
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
    // Left alone, the kernel would take in megabytes for one who does not read, and we would notice late.
    var buffer = Self.kernelBuffer
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, size)
    let wire = SocketWire(descriptor, server, conversation)
    let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
    wire.socket = Socket(id: number, loop: server.loop, identity: identity, output: wire)
    server.keep(wire)
    server.loop.add(wire)
    wire.put(.opened)
    if !early.isEmpty {
      wire.early = early
      // Not within the library's callback.
      server.loop.post { wire.pump() }
    }
    return wire
  }

  private init(_ descriptor: Int32, _ server: LoopServer, _ conversation: any Conversation) {
    self.server = server
    self.conversation = conversation
    limits = conversation.limits
    tokens = Double(limits.messagesPerSecond)
    super.init(fd: descriptor, loop: server.loop)
  }

  deinit { if let context { wslay_event_context_free(context) } }

  // MARK: The conversation, one call after another

  private func put(_ event: Event) {
    events.append(event)
    guard !isTalking else { return }
    isTalking = true
    Task(executorPreference: loop) { [self] in
      var at = 0
      while at < events.count {
        let event = events[at]
        at += 1
        if at == events.count {
          events.removeAll(keepingCapacity: at < 32)
          at = 0
        }
        switch event {
        case .opened: await conversation.opened(socket)
        case .text(let text): await conversation.received(text, on: socket)
        case .closed:
          await conversation.closed(socket)
          socket = nil
          isTold = true
          leave()
        }
        if isPushingBack, events.count - at < Self.mostWaiting / 4 {
          isPushingBack = false
          loop.want(read: true, self)
          pump()
        }
      }
      isTalking = false
    }
  }

  private func message(_ bytes: UnsafeRawBufferPointer) {
    guard case .open = state else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    if conversation.counts(text) {
      let now = Milliseconds.now()
      tokens = min(
        Double(limits.messagesPerSecond), tokens + Double(now - tokensAt) / 1000 * Double(limits.messagesPerSecond))
      tokensAt = now
      guard tokens >= 1 else { return finish(.tooFast, CloseCode.tooFast.name) }
      tokens -= 1
    }
    put(.text(text))
  }

  // MARK: Reading

  override func readable() {
    switch state {
    case .open: pump()
    case .closing: discard()
    case .ended: break
    }
  }

  private func pump() {
    guard case .open = state else { return }
    if context == nil {
      wslay_event_context_server_init(&context, &SocketWire.callbacks, Unmanaged.passUnretained(self).toOpaque())
      wslay_event_config_set_max_recv_msg_length(context, UInt64(limits.payload))
    }
    guard wslay_event_recv(context) == 0 else { return cut() }
    if earlyAt == early.count {
      early = []
      earlyAt = 0
    }
    guard case .open = state else { return }
    if wslay_event_want_write(context) != 0 {
      guard wslay_event_send(context) == 0 else { return cut() }
      let bytes = control
      control = []
      if wslay_event_get_read_enabled(context) == 0 {
        // The other side said goodbye, or broke the protocol; either way wslay has written the last frame.
        let hasClosed = wslay_event_get_close_received(context) != 0
        state = .closing(until: deadline(server.settings.farewell), peerHasClosed: hasClosed)
        farewell()
        enqueue(bytes)
        return
      }
      enqueue(bytes)
    }
    guard case .open = state, handed == finished, isMessageWhole else { return }
    wslay_event_context_free(context)
    context = nil
    handed = 0
    finished = 0
  }

  private func discard() {
    var scratch: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &scratch) { scratch in
      // Bounded: a flood must not hold the loop.
      for _ in 0..<256 {
        let count = recv(fd, scratch.baseAddress, scratch.count, Int32(MSG_DONTWAIT))
        if count > 0 { continue }
        if count == 0 || errno != EAGAIN { cut() }
        return
      }
    }
  }

  nonisolated(unsafe) private static var callbacks: wslay_event_callbacks = {
    var callbacks = wslay_event_callbacks()
    callbacks.recv_callback = { context, buffer, count, _, user in
      let wire = Unmanaged<SocketWire>.fromOpaque(user!).takeUnretainedValue()
      let got = wire.receive(buffer!, count)
      if got > 0 { return got }
      wslay_event_set_error(
        context, got == 0 ? Int32(WSLAY_ERR_WOULDBLOCK.rawValue) : Int32(WSLAY_ERR_CALLBACK_FAILURE.rawValue))
      return -1
    }
    callbacks.send_callback = { _, bytes, count, _, user in
      Unmanaged<SocketWire>.fromOpaque(user!).takeUnretainedValue().control
        .append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
      return count
    }
    callbacks.on_frame_recv_start_callback = { _, argument, user in
      let wire = Unmanaged<SocketWire>.fromOpaque(user!).takeUnretainedValue()
      let frame = argument!.pointee
      let count = Int(frame.payload_length)
      wire.frame = 6 + (count < 126 ? 0 : count < 65_536 ? 2 : 8) + count
      if frame.opcode & 8 == 0 { wire.isMessageWhole = frame.fin != 0 }
    }
    callbacks.on_frame_recv_end_callback = { _, user in
      let wire = Unmanaged<SocketWire>.fromOpaque(user!).takeUnretainedValue()
      wire.finished += wire.frame
    }
    callbacks.on_msg_recv_callback = { _, argument, user in
      let wire = Unmanaged<SocketWire>.fromOpaque(user!).takeUnretainedValue()
      let message = argument!.pointee
      wire.heardAt = Milliseconds.now()
      switch message.opcode {
      case 1: wire.message(UnsafeRawBufferPointer(start: message.msg, count: message.msg_length))
      case 2: wire.finish(.notText, CloseCode.notText.name)
      default: break
      }
    }
    return callbacks
  }()

  /// Bytes for wslay; 0 when there are none now or enough messages wait, negative when the stream has ended.
  private func receive(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
    if events.count >= Self.mostWaiting {
      if !isPushingBack {
        isPushingBack = true
        loop.want(read: false, self)
      }
      return 0
    }
    // After our goodbye nothing more is understood.
    guard case .open = state else { return 0 }
    if earlyAt < early.count {
      let part = min(count, early.count - earlyAt)
      early.withUnsafeBytes {
        UnsafeMutableRawPointer(buffer).copyMemory(from: $0.baseAddress! + earlyAt, byteCount: part)
      }
      earlyAt += part
      handed += part
      return part
    }
    let got = recv(fd, buffer, count, Int32(MSG_DONTWAIT))
    if got > 0 {
      handed += got
      return got
    }
    return got < 0 && errno == EAGAIN ? 0 : -1
  }

  // MARK: Writing

  func deliver(_ message: SocketMessage) {
    guard case .open = state else { return }
    enqueue(message.frame)
  }

  func finish(_ code: CloseCode, _ reason: String) {
    guard case .open = state else { return }
    state = .closing(until: deadline(server.settings.farewell), peerHasClosed: false)
    farewell()
    loop.want(read: true, self)
    enqueue(SocketFrame.close(code, reason))
  }

  private func enqueue(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    queue.append(bytes)
    queued += bytes.count
    guard queue.count - first == 1 else { return checkQueue() }
    flush()
  }

  private func flush() {
    while first < queue.count {
      let sent = queue[first].withUnsafeBytes {
        send(fd, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if sent < 0 {
        if errno == EAGAIN {
          loop.want(write: true, self)
          return checkQueue()
        }
        return cut()
      }
      queued -= sent
      offset += sent
      guard offset == queue[first].count else { continue }
      offset = 0
      queue[first] = []
      first += 1
      if first == queue.count || first > 64 {
        queue.removeFirst(first)
        first = 0
      }
    }
    loop.want(write: false, self)
    guard case .closing(_, let peerHasClosed) = state else { return }
    if peerHasClosed { return cut() }
    shutdown(fd, Int32(SHUT_WR))
  }

  override func writable() { flush() }

  /// Who does not read what is sent would fill our memory: cut, with the reason behind the frame that is half sent.
  private func checkQueue() {
    guard case .open = state, queued > limits.queued else { return }
    let kept = offset > 0 ? [queue[first]] : []
    queue = kept + [SocketFrame.close(.behind, CloseCode.behind.name)]
    first = 0
    queued = queue.reduce(-offset) { $0 + $1.count }
    // It costs a descriptor only, and who reads slowly shall still learn why.
    state = .closing(until: deadline(server.settings.farewellBehind), peerHasClosed: false)
    server.table.log.info("socket.behind", ["socket": .number(socket.id)])
    farewell()
  }

  // MARK: Time and the end

  /// Called about once a second. Answers whether it pinged.
  func look(at now: Int, mayPing: Bool) -> Bool {
    switch state {
    case .open:
      if now - heardAt > Milliseconds.of(server.settings.socketIdle) {
        finish(.idle, CloseCode.idle.name)
      } else if mayPing, now - max(heardAt, pingedAt) >= Milliseconds.of(server.settings.pingEvery) {
        pingedAt = now
        enqueue(SocketFrame.ping)
        return true
      }
    case .closing(let until, _): if now > until { cut() }
    case .ended: break
    }
    return false
  }

  private func deadline(_ patience: Duration) -> Int { Milliseconds.now() + Milliseconds.of(patience) }

  /// The conversation and whoever waits for the end are told, once.
  private func farewell() {
    socket.end()
    put(.closed)
  }

  /// Ends without another word.
  func cut() {
    switch state {
    case .ended: return
    case .open:
      state = .ended
      farewell()
    case .closing: state = .ended
    }
    loop.remove(self)
    close(fd)
    queue = []
    early = []
    leave()
  }

  /// The server watches over it until the descriptor is closed and the conversation has been told.
  private func leave() {
    if isTold, case .ended = state { server.drop(self) }
  }
}
