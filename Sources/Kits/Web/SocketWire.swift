import CMicrohttpd
import CSystem
import Core
import Glibc
import Loop
import Synchronization

// One WebSocket on its own descriptor. wslay reads RFC 6455: masking, fragments, control frames, UTF-8, close codes.
// Its context takes 8.5 kB, so a socket has one only while a frame or message is half read, and gives it back to its
// loop's few spare ones; what we send is framed by ourselves, once for all receivers.
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
    /// `isNew`: the conversation was not asked yet whether it hears it at once.
    case text(String, isNew: Bool)
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

  private var reader: FrameReader?
  /// The last read took all there was: the next one would only be told so.
  private var isDrained = false
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
  /// When it was first asked for a sign of life since it gave one.
  private var askedAt: Int?

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
        case .text(let text, let isNew):
          if isNew, conversation.hears(text, on: socket) { break }
          await conversation.received(text, on: socket)
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
    if !isTalking, conversation.hears(text, on: socket) { return }
    put(.text(text, isNew: isTalking))
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
    let reader = self.reader ?? server.readers.take(for: self, longest: limits.payload)
    self.reader = reader
    isDrained = false
    guard reader.read() else { return cut() }
    if earlyAt == early.count {
      early = []
      earlyAt = 0
    }
    guard case .open = state else { return }
    if reader.hasAnswers {
      guard reader.writeAnswers() else { return cut() }
      let bytes = control
      control = []
      if reader.hasEnded {
        // The other side said goodbye, or broke the protocol; either way wslay has written the last frame.
        let hasClosed = reader.heardGoodbye
        state = .closing(until: deadline(server.settings.farewell), peerHasClosed: hasClosed)
        farewell()
        enqueue(bytes)
        return
      }
      enqueue(bytes)
    }
    guard case .open = state, handed == finished, isMessageWhole else { return }
    server.readers.giveBack(reader)
    self.reader = nil
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

  func answer(_ bytes: UnsafeRawBufferPointer) { control.append(contentsOf: bytes) }

  func frameBegins(of count: Int, isControl: Bool, isLast: Bool) {
    frame = 6 + (count < 126 ? 0 : count < 65_536 ? 2 : 8) + count
    if !isControl { isMessageWhole = isLast }
  }

  func frameEnds() { finished += frame }

  func heard(opcode: UInt8, _ bytes: UnsafeRawBufferPointer) {
    heardAt = Milliseconds.now()
    askedAt = nil
    switch opcode {
    case 1: message(bytes)
    case 2: finish(.notText, CloseCode.notText.name)
    default: break
    }
  }

  /// Bytes for wslay; 0 when there are none now or enough messages wait, negative when the stream has ended.
  func receive(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
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
    if isDrained { return 0 }
    let got = recv(fd, buffer, count, Int32(MSG_DONTWAIT))
    if got > 0 {
      isDrained = got < count
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

  /// Called every few seconds, with the settings in milliseconds. Answers whether it pinged.
  ///
  /// Nobody is cut for silence who was not asked: the patience is counted from the first ping that went unanswered. So a
  /// process that was stopped for minutes asks its sockets when it goes on, instead of ending them all.
  func look(at now: Int, pingEvery: Int, patience: Int, mayPing: Bool) -> Bool {
    switch state {
    case .open:
      if let askedAt, now - askedAt > patience, !hasUnread {
        finish(.idle, CloseCode.idle.name)
      } else if mayPing, now - max(heardAt, pingedAt) >= pingEvery {
        pingedAt = now
        askedAt = askedAt ?? now
        enqueue(SocketFrame.ping)
        return true
      }
    case .closing(let until, _): if now > until { cut() }
    case .ended: break
    }
    return false
  }

  /// Something has come that we have not read yet: it may be the sign of life.
  private var hasUnread: Bool {
    var byte: UInt8 = 0
    return recv(fd, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
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
