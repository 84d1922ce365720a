import CMicrohttpd
import CSystem
import Core
import Glibc
import Loop

// libmicrohttpd in external epoll mode. Its epoll descriptor is one source of the loop; when it stirs, the library is
// run once in the loop's turn. A handler's connection is suspended meanwhile, and resumed with its answer.
//
// What the library leaves to us, and where it is:
//   a trickling head or body        absolute deadlines of each connection, looked at every tick
//   a client gone during a handler  one poll(2) a tick over the waiting requests
//   a handler that takes too long   the same tick: 504, and the task is cancelled
//   a body larger than allowed      answered before it is read, or swallowed up to a bound and answered then
//   WebSockets                      the descriptor is duplicated and the library's handle closed at once: it walks all
//                                   its suspended connections whenever one is resumed, upgraded ones too
//   its end                         nothing may be suspended then, or it aborts the process
//
// Everything here is touched on the loop's thread only.

/// Counts that other threads may read.
final class ServerFigures: Sendable {
  let sockets = Metrics.Gauge()
  let connections = Metrics.Gauge()
  let cutSlow = Metrics.Counter()
  let exchanges = Metrics.Gauge()
  let slowTurns = Metrics.Gauge()
}

/// One connection's deadline and peer. The library's socket context holds it.
final class Connection {
  let descriptor: Int32
  let peer: String
  fileprivate var place: Int
  private var since = Milliseconds.now()
  /// 0: none.
  private var limit: Int
  /// The deadline is for a body on its way: nothing was answered to that request, and something can be said.
  private(set) var isReceiving = false

  init(descriptor: Int32, peer: String, place: Int, limit: Int) {
    self.descriptor = descriptor
    self.peer = peer
    self.place = place
    self.limit = limit
  }

  func allow(_ milliseconds: Int, receiving: Bool = false) {
    since = Milliseconds.now()
    limit = milliseconds
    isReceiving = receiving
  }

  func isOver(at now: Int) -> Bool { limit != 0 && now - since > limit }

  /// Requests begun and not yet completed: more than none, and it must not be closed.
  var exchanges = 0

  /// Whether nothing has moved for so long, and nothing lies unread.
  func isQuiet(for milliseconds: Int, at now: Int) -> Bool {
    guard exchanges == 0, now - since > milliseconds else { return false }
    var unread: UInt8 = 0
    return recv(descriptor, &unread, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0
  }
}

/// One daemon on one loop.
final class LoopServer: Source, @unchecked Sendable {
  let table: RouteTable
  let settings: ServerSettings
  let figures = ServerFigures()
  private var daemon: OpaquePointer?
  private var box: Unmanaged<Holder>?
  private var timer: LoopTimer?
  private var waiting: [Exchange] = []
  /// Those whose bodies are being made.
  private var streaming: [ObjectIdentifier: Exchange] = [:]
  private var connections: [Connection] = []
  private var sockets: [SocketWire] = []
  var readers = FrameReaders()
  private var polls: [pollfd] = []
  private var socketsLookedAt = 0
  /// The part of the sockets that was looked at last.
  private var part = 0
  private(set) var isDraining = false
  /// The servers of all loops, this one too; where a socket finds the loop that is its home. None once it ends.
  var all: [LoopServer] = []
  var needsRun = false

  /// The daemon needs its context before the server, which needs the daemon's descriptor, can exist.
  fileprivate final class Holder {
    var server: LoopServer!
  }

  /// What the library reads and writes heads in, in bytes: twice what ``HeadCheck`` lets pass, and some. It is cleared whole
  /// after every request, so all of it goes through the processor's cache each time.
  private static let memoryOfConnection = 32 << 10

  /// On the loop. Nothing when the library refuses.
  static func start(listener: Int32, loop: Loop, table: RouteTable, settings: ServerSettings) -> LoopServer? {
    let box = Unmanaged.passRetained(Holder())
    let idle = UInt32(max(75, settings.idleDeadline.microseconds / 1_000_000 + 15))
    guard
      let daemon = mhd_start(
        listener, UInt32(settings.connectionsPerLoop), idle, Self.memoryOfConnection, box.toOpaque(), accessCallback,
        completedCallback,
        connectionCallback, targetCallback)
    else {
      box.release()
      close(listener)
      return nil
    }
    let server = LoopServer(daemon, loop, table, settings)
    server.box = box
    box.takeUnretainedValue().server = server
    loop.add(server)
    let timer = loop.timer { [unowned server] in server.look() }
    server.timer = timer
    timer.set(after: settings.tick)
    loop.turn = { [unowned server] in server.run() }
    return server
  }

  private init(_ daemon: OpaquePointer, _ loop: Loop, _ table: RouteTable, _ settings: ServerSettings) {
    self.daemon = daemon
    self.table = table
    self.settings = settings
    super.init(fd: mhd_epoll_descriptor(daemon), loop: loop)
  }

  override func readable() { needsRun = true }

  private func run() -> Bool {
    guard needsRun, let daemon else { return false }
    needsRun = false
    MHD_run(daemon)
    var milliseconds: UInt64 = 0
    if MHD_get_timeout(daemon, &milliseconds) == .YES, milliseconds == 0 { needsRun = true }
    return needsRun
  }

  /// Whose loop is that home; nothing before all have started, and at the end.
  func server(of home: String) -> LoopServer? {
    all.isEmpty ? nil : all[Int(UInt(bitPattern: home.hashValue) % UInt(all.count))]
  }

  // MARK: Waiting requests

  func wait(for exchange: Exchange) {
    exchange.place = waiting.count
    exchange.waitsSince = Milliseconds.now()
    waiting.append(exchange)
  }

  func stopWaiting(for exchange: Exchange) {
    guard exchange.place >= 0 else { return }
    let last = waiting.removeLast()
    if last !== exchange {
      waiting[exchange.place] = last
      last.place = exchange.place
    }
    exchange.place = -1
  }

  func keep(streaming exchange: Exchange) { streaming[ObjectIdentifier(exchange)] = exchange }
  func drop(streaming exchange: Exchange) { streaming[ObjectIdentifier(exchange)] = nil }

  /// The tick: slow connections, vanished clients, late handlers, silent sockets.
  private func look() {
    guard daemon != nil else { return }
    timer?.set(after: settings.tick)
    // The library's own idle times are looked at when it runs.
    needsRun = true
    let now = Milliseconds.now()
    for connection in connections where connection.isOver(at: now) {
      // The library cannot answer in the middle of a body. A proxy passes this on, and takes us for well.
      if connection.isReceiving {
        _ = Self.tooSlow.withUnsafeBytes {
          send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
      }
      connection.allow(0)
      figures.cutSlow.add()
      // The library sees the end of the stream and cleans up.
      shutdown(connection.descriptor, Int32(SHUT_RDWR))
    }
    let old = waiting.filter { now - $0.waitsSince >= 100 }
    if !old.isEmpty {
      polls.removeAll(keepingCapacity: true)
      for exchange in old { polls.append(pollfd(fd: exchange.descriptor, events: MHD_POLL_HANGUP, revents: 0)) }
      poll(&polls, nfds_t(polls.count), 0)
      for (exchange, answer) in zip(old, polls) {
        if answer.revents != 0 {
          exchange.abandon()
        } else if now - exchange.waitsSince > exchange.deadline {
          exchange.giveUp(Problem(504))
        }
      }
    }
    if now - socketsLookedAt >= min(1000, Milliseconds.of(settings.pingEvery), Milliseconds.of(settings.farewell)) {
      socketsLookedAt = now
      figures.slowTurns.set(loop.slowTurns)
      lookAtSockets(now)
    }
  }

  /// Looks at one part of the sockets, each time at the next: going through thousands of them touches as much memory as
  /// saying hundreds of messages, and a ping may come a few seconds late. Who changes places meanwhile may be passed over
  /// once.
  private func lookAtSockets(_ now: Int) {
    let pingEvery = Milliseconds.of(settings.pingEvery)
    let patience = max(0, Milliseconds.of(settings.socketIdle) - pingEvery)
    let parts = max(1, min(8, pingEvery / 4000))
    part = (part + 1) % parts
    // Sockets that were opened together are not all pinged together.
    var pings = max(100, sockets.count / 16)
    for socket in sockets[sockets.count * part / parts..<sockets.count * (part + 1) / parts]
    where socket.look(at: now, pingEvery: pingEvery, patience: patience, mayPing: pings > 0) {
      pings -= 1
    }
  }

  // MARK: Connections and sockets

  fileprivate func opened(_ handle: OpaquePointer) -> Connection {
    let peer = mhd_peer(handle).map { Address.text($0) } ?? ""
    let connection = Connection(
      descriptor: mhd_descriptor(handle), peer: peer, place: connections.count,
      limit: Milliseconds.of(settings.headDeadline))
    connections.append(connection)
    figures.connections.set(connections.count)
    return connection
  }

  fileprivate func closed(_ connection: Connection) {
    let last = connections.removeLast()
    if last !== connection {
      connections[connection.place] = last
      last.place = connection.place
    }
    figures.connections.set(connections.count)
  }

  func keep(_ socket: SocketWire) {
    socket.place = sockets.count
    sockets.append(socket)
    figures.sockets.set(sockets.count)
  }

  /// A socket has ended and its conversation has been told.
  func drop(_ socket: SocketWire) {
    guard socket.place >= 0 else { return }
    let last = sockets.removeLast()
    if last !== socket {
      sockets[socket.place] = last
      last.place = socket.place
    }
    socket.place = -1
    figures.sockets.set(sockets.count)
  }

  // MARK: The end

  /// The order matters: first nobody new, then the running ones end, then sockets, then the rest is turned away, and
  /// only a daemon without suspended connections is stopped.
  func stop() async {
    guard let daemon else { return }
    isDraining = true
    all = []
    let listener = MHD_quiesce_daemon(daemon)
    // What queues at a socket of our own would be reset with it: it is answered yet. A handed one has other owners, who
    // take what comes.
    if listener >= 0 {
      while settings.inherited.isEmpty {
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isTaken = withUnsafeMutablePointer(to: &peer) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            let descriptor = accept4(
              listener, __SOCKADDR_ARG(__sockaddr__: address), &size,
              Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
            return descriptor >= 0 && MHD_add_connection(daemon, descriptor, address, size) == .YES
          }
        }
        if !isTaken { break }
      }
      close(listener)
    }
    needsRun = true
    let end = Milliseconds.now() + Milliseconds.of(settings.grace)
    while !waiting.isEmpty || !streaming.isEmpty, Milliseconds.now() < end { try? await loop.sleep(.milliseconds(10)) }
    // A kept connection ends with its next answer. One on which nothing comes for a while is closed while it is quiet:
    // whoever sends just then gets no answer, and the longer the quiet was the less likely that is.
    while !connections.isEmpty, Milliseconds.now() < end {
      let now = Milliseconds.now()
      for connection in connections where connection.isQuiet(for: Milliseconds.of(settings.quiet), at: now) {
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
      }
      needsRun = true
      try? await loop.sleep(.milliseconds(10))
    }
    for socket in sockets { socket.finish(.goingAway, CloseCode.goingAway.name) }
    let farewell = Milliseconds.now() + min(1000, Milliseconds.of(settings.grace))
    while !sockets.isEmpty, Milliseconds.now() < farewell { try? await loop.sleep(.milliseconds(10)) }
    for socket in sockets { socket.cut() }
    for exchange in Array(streaming.values) { exchange.breakOff() }
    for exchange in waiting { exchange.giveUp(Problem(503, retryAfter: 5)) }
    MHD_run(daemon)
    // Answers larger than the socket's buffer need a few rounds.
    for _ in 0..<20 where figures.exchanges.current > 0 {
      try? await loop.sleep(.milliseconds(10))
      MHD_run(daemon)
    }
    timer?.cancel()
    timer = nil
    loop.turn = nil
    loop.remove(self)
    self.daemon = nil
    MHD_stop_daemon(daemon)
    box?.release()
    box = nil
  }

  // MARK: Answers

  private static let tooSlow = Array(
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".utf8)

  /// Hands an answer to the library.
  func queue(_ response: Response, to handle: OpaquePointer, closing: Bool) -> MHD_Result {
    let made: OpaquePointer?
    switch response.body {
    case .none: made = MHD_create_response_from_buffer(0, Self.empty, .RESPMEM_PERSISTENT)
    case .bytes(let bytes):
      made = bytes.withUnsafeBytes {
        MHD_create_response_from_buffer(
          $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress ?? UnsafeRawPointer(Self.empty)),
          .RESPMEM_MUST_COPY)
      }
    case .shared(let bytes):
      made = MHD_create_response_from_buffer_with_free_callback_cls(
        bytes.count, bytes.start, { Unmanaged<SharedBytes>.fromOpaque($0!).release() },
        Unmanaged.passRetained(bytes).toOpaque())
    case .file(let file, let offset, let length):
      if length == 0 {
        made = MHD_create_response_from_buffer(0, Self.empty, .RESPMEM_PERSISTENT)
      } else {
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 3)
        made =
          descriptor < 0 ? nil : MHD_create_response_from_fd_at_offset64(UInt64(length), descriptor, UInt64(offset))
      }
    case .stream: made = nil
    }
    guard let made else { return .NO }
    return queue(made, response, to: handle, closing: closing)
  }

  /// The same for a body that is made already.
  func queue(_ made: OpaquePointer, _ response: Response, to handle: OpaquePointer, closing: Bool) -> MHD_Result {
    defer { MHD_destroy_response(made) }
    for (name, value) in response.headers where !value.isEmpty {
      // As C strings where they lie: passed as they are, both would be copied first.
      name.withCString { name in value.withCString { value in _ = MHD_add_response_header(made, name, value) } }
    }
    if closing || isDraining { MHD_add_response_header(made, "connection", "close") }
    return MHD_queue_response(handle, UInt32(response.status), made)
  }

  nonisolated(unsafe) private static let empty = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
}

// MARK: What the library calls

private func server(_ context: UnsafeMutableRawPointer?) -> LoopServer {
  Unmanaged<LoopServer.Holder>.fromOpaque(context!).takeUnretainedValue().server
}

private func connection(_ handle: OpaquePointer) -> Connection? {
  mhd_socket_context(handle).map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
}

/// The raw target, before the library unescapes it: the request's exchange begins here.
private let targetCallback:
  @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
    context, target, handle in
    guard let handle, let target, let connection = connection(handle) else { return nil }
    connection.exchanges += 1
    return Unmanaged.passRetained(Exchange(server(context), handle, connection, target: target)).toOpaque()
  }

private let accessCallback: MHD_AccessHandlerCallback = { _, _, _, method, version, bytes, count, slot in
  guard let slot = slot?.pointee else { return .NO }
  let exchange = Unmanaged<Exchange>.fromOpaque(slot).takeUnretainedValue()
  return exchange.proceed(method!, version!, bytes, count!)
}

private let completedCallback: MHD_RequestCompletedCallback = { _, _, slot, _ in
  guard let slot, let kept = slot.pointee else { return }
  slot.pointee = nil
  let exchange = Unmanaged<Exchange>.fromOpaque(kept)
  exchange.takeUnretainedValue().isOver()
  exchange.release()
}

private let connectionCallback: MHD_NotifyConnectionCallback = { context, handle, slot, event in
  guard let handle, let slot else { return }
  if event.rawValue == 0 {
    slot.pointee = Unmanaged.passRetained(server(context).opened(handle)).toOpaque()
  } else if let kept = slot.pointee {
    slot.pointee = nil
    let connection = Unmanaged<Connection>.fromOpaque(kept).takeRetainedValue()
    server(context).closed(connection)
  }
}
