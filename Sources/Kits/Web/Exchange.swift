import CMicrohttpd
import CSystem
import Core
import Crypto
import Glibc
import Loop

/// One request and its answer. The library's slot holds it until the request is completed, its task until the handler
/// is. Touched on the loop's thread only.
final class Exchange: @unchecked Sendable {
  private enum Phase {
    case head
    case body
    /// The handler runs; the connection is suspended.
    case waiting
    /// The body is made while it is sent; the connection is suspended when it is ahead of its writer.
    case streaming
    case answered
  }

  /// Bytes of a refused body that are swallowed, so that the answer reaches a client which reads only after it wrote.
  private static let mostSwallowed = 8 << 20

  private let server: LoopServer
  private let connection: Connection
  private var handle: OpaquePointer?
  private let target: String?
  /// Said even of a target that is not believed, so that a program is refused in a program's words.
  private let isAPI: Bool
  private var phase = Phase.head
  private var request: Request?
  private var match: RouteTable.Match?
  private var reader: BodyReader?
  /// Ready since the head; sent when the body has been swallowed.
  private var ready: Response?
  private var declared: Int?
  private var received = 0
  private var most = 0
  private var task: Task<Void, Never>?
  private var admission: RouteTable.SocketAdmission?
  private var writer: BodyWriter?
  /// In the server's list of waiting requests.
  var place = -1
  var waitsSince = 0
  private(set) var deadline = 0

  init(_ server: LoopServer, _ handle: OpaquePointer, _ connection: Connection, target: UnsafePointer<CChar>) {
    self.server = server
    self.handle = handle
    self.connection = connection
    self.target = Self.read(target)
    isAPI = strncmp(target, "/api/", 5) == 0
    server.figures.exchanges.add(1)
  }

  deinit { server.figures.exchanges.add(-1) }

  var descriptor: Int32 { connection.descriptor }

  /// The target when it is a path of plain visible ASCII (RFC 9112, 3.2.1) that hides no NUL.
  private static func read(_ text: UnsafePointer<CChar>) -> String? {
    guard text.pointee == 47 else { return nil }
    var at = text
    while at.pointee != 0 {
      // CChar is signed: what is above ASCII is below zero.
      if at.pointee <= 32 || at.pointee == 127 { return nil }
      if at.pointee == 37, at[1] == 48, at[2] == 48 { return nil }
      at += 1
    }
    return String(cString: text)
  }

  // MARK: What the library calls

  func proceed(
    _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>, _ bytes: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>
  ) -> MHD_Result {
    guard let handle else { return .NO }
    switch phase {
    case .head: return head(handle, method, version)
    case .body:
      if count.pointee > 0 {
        let chunk = UnsafeRawBufferPointer(start: bytes, count: count.pointee)
        count.pointee = 0
        received += chunk.count
        guard received <= most else { return .NO }
        reader?.feed(chunk)
        return .YES
      }
      // The library framed the body otherwise than the head says: whatever follows on this connection is not to be
      // believed.
      if let declared, declared != received { return refuse(handle, Problem(400)) }
      if let ready { return answer(handle, ready, closing: false) }
      return dispatch(handle)
    case .waiting: return .YES
    case .streaming, .answered: return .NO
    }
  }

  /// The request is over, answered or not.
  func isOver() {
    connection.exchanges -= 1
    connection.allow(Milliseconds.of(server.settings.idleDeadline))
    handle = nil
    if phase == .waiting {
      phase = .answered
      server.stopWaiting(for: self)
      task?.cancel()
    } else if phase == .streaming {
      endStream(.broken)
      task?.cancel()
    }
  }

  // MARK: Head

  private struct Scratch {
    var check = HeadCheck()
    var headers = Headers()
  }

  private func head(_ handle: OpaquePointer, _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>)
    -> MHD_Result
  {
    phase = .body
    var scratch = Scratch()
    withUnsafeMutablePointer(to: &scratch) { scratch in
      _ = MHD_get_connection_values_n(
        handle, .HEADER_KIND,
        { context, _, name, nameCount, value, valueCount in
          let scratch = context!.assumingMemoryBound(to: Scratch.self)
          let name = UnsafeRawBufferPointer(start: name, count: nameCount)
          let value = UnsafeRawBufferPointer(start: value, count: valueCount)
          scratch.pointee.check.add(name, value)
          scratch.pointee.headers.add(name, value)
          return .YES
        }, scratch)
    }
    let check = scratch.check
    let isVersion11 = strcmp(version, "HTTP/1.1") == 0
    guard let target, isVersion11 || strcmp(version, "HTTP/1.0") == 0 else { return refuse(handle, Problem(400)) }
    guard check.bytes <= HeadCheck.mostBytes, check.fields <= HeadCheck.mostFields else {
      return refuse(handle, Problem(431))
    }
    guard check.isSound(isVersion11: isVersion11) else { return refuse(handle, Problem(400)) }
    guard let method = Method(rawValue: String(cString: method)) else { return refuse(handle, Problem(501)) }
    let request = Request(method, target, headers: scratch.headers, address: connection.peer)
    self.request = request
    if check.lengths > 0 { declared = check.length }
    let hasBody = check.length > 0 || check.isChunked
    if hasBody {
      let seconds = check.length / server.settings.bodyRate
      connection.allow(Milliseconds.of(server.settings.bodyDeadline) + seconds * 1000, receiving: true)
    }
    switch server.table.receive(request, length: check.lengths > 0 ? check.length : nil, isChunked: check.isChunked) {
    case .answer(let response):
      ready = response
      // A client that waits for leave, or has more to say than we listen to, is answered before it begins.
      if hasBody, check.expectsContinue || check.length > Self.mostSwallowed {
        return answer(handle, response, closing: true)
      }
      most = Self.mostSwallowed
    case .read(let match, let reader):
      self.match = match
      self.reader = reader
      most = (reader?.limit ?? 0) + Self.mostSwallowed
    }
    return .YES
  }

  /// A head that is not to be believed: answered at once, and the connection ends.
  private func refuse(_ handle: OpaquePointer, _ problem: Problem) -> MHD_Result {
    let request = request ?? Request(.get, isAPI ? "/api/" : "/", address: connection.peer)
    return answer(handle, server.table.refuse(request, problem), closing: true)
  }

  private func answer(_ handle: OpaquePointer, _ response: Response, closing: Bool) -> MHD_Result {
    phase = .answered
    return queue(response, to: handle, closing: closing)
  }

  /// Hands the answer to the library, with as long to send it as its length deserves.
  private func queue(_ response: Response, to handle: OpaquePointer, closing: Bool) -> MHD_Result {
    guard case .stream(let body) = response.body else {
      let seconds = request?.method == .head ? 0 : response.length / server.settings.sendRate
      connection.allow(Milliseconds.of(server.settings.sendDeadline) + seconds * 1000)
      return server.queue(response, to: handle, closing: closing)
    }
    connection.allow(Milliseconds.of(body.deadline))
    guard
      let made = MHD_create_response_from_callback(
        UInt64.max, 32 << 10,
        { context, _, bytes, most in
          let exchange = Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
          return exchange.more(UnsafeMutableRawBufferPointer(start: bytes, count: most))
        }, Unmanaged.passRetained(self).toOpaque(), { Unmanaged<Exchange>.fromOpaque($0!).release() })
    else { return .NO }
    // What is asked by HEAD is not made. The library of 0.9.75 would send the last chunk all the same, which the client
    // takes for the next answer; so this head goes without, and the connection ends with it.
    if request?.method == .head { mhd_do_not_chunk(made) } else { begin(body) }
    return server.queue(made, response, to: handle, closing: closing)
  }

  // MARK: Handler

  private func dispatch(_ handle: OpaquePointer) -> MHD_Result {
    guard request != nil, let match else { return .NO }
    let problem = server.table.finish(reader, into: &request!)
    reader = nil
    let request = request!
    if case .converse = match.call {
      guard let reply = Handshake.reply(to: request) else {
        let problem = Problem(426, "This address is for WebSockets, version 13.")
        return answer(
          handle, server.table.refuse(request, problem).with(header: "sec-websocket-version", "13"), closing: true)
      }
      suspend(handle, match)
      task = Task(executorPreference: server.loop) { [self, table = server.table] in
        let admission = await table.converse(request, match)
        welcome(admission, reply)
      }
      return .YES
    }
    suspend(handle, match)
    task = Task(executorPreference: server.loop) { [self, table = server.table] in
      let response = await table.respond(request, match, bodyProblem: problem)
      finish(response)
    }
    return .YES
  }

  private func suspend(_ handle: OpaquePointer, _ match: RouteTable.Match) {
    phase = .waiting
    connection.allow(0)
    deadline = Milliseconds.of(match.route.limits.deadline ?? server.settings.handlerDeadline)
    server.wait(for: self)
    MHD_suspend_connection(handle)
  }

  /// The handler is done. After a deadline's answer its late one is dropped.
  private func finish(_ response: Response, closing: Bool = false) {
    guard phase == .waiting else { return }
    phase = .answered
    server.stopWaiting(for: self)
    guard let handle else { return }
    // When the library takes no answer, it asks again after the resumption and is told to close.
    _ = queue(response, to: handle, closing: closing)
    MHD_resume_connection(handle)
    server.needsRun = true
  }

  // MARK: Bodies made while they are sent

  private func begin(_ body: StreamedBody) {
    phase = .streaming
    server.keep(streaming: self)
    let writer = BodyWriter { [weak self, loop = server.loop] in
      loop.post { [weak self] in self?.goOn() }
    }
    self.writer = writer
    let request = request
    task = Task(executorPreference: server.loop) { [table = server.table] in
      do {
        try await body.write(writer)
        writer.finish(.whole)
      } catch {
        writer.finish(.broken)
        if let request { table.note(brokenBody: error, of: request) }
      }
    }
  }

  /// What the library is given to send: so many bytes, 0 for later, -1 for the end, -2 for a cut (the library's own
  /// numbers, which are macros of a kind that Swift does not read).
  private func more(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let writer, let handle else { return -2 }
    switch writer.take(into: buffer) {
    case .bytes(let count): return count
    case .wait:
      // Looked at every tick, so that a client who leaves meanwhile is noticed.
      server.wait(for: self)
      deadline = .max
      MHD_suspend_connection(handle)
      return 0
    case .end:
      endStream(.whole)
      return -1
    case .cut:
      endStream(.broken)
      return -2
    }
  }

  /// The writer has written, or ended.
  private func goOn() {
    guard phase == .streaming, place >= 0, let handle else { return }
    server.stopWaiting(for: self)
    MHD_resume_connection(handle)
    server.needsRun = true
  }

  private func endStream(_ outcome: BodyWriter.Outcome) {
    phase = .answered
    server.stopWaiting(for: self)
    server.drop(streaming: self)
    writer?.finish(outcome)
  }

  /// Nobody reads, or the server stops: the writer ends, and the library is told to cut.
  func breakOff() {
    task?.cancel()
    writer?.finish(.broken)
    goOn()
  }

  /// The client has gone.
  func abandon() {
    if phase == .streaming { return breakOff() }
    task?.cancel()
    finish(Response(499), closing: true)
  }

  /// The handler takes too long, or the server stops.
  func giveUp(_ problem: Problem) {
    if phase == .streaming { return breakOff() }
    guard let request else { return }
    task?.cancel()
    finish(server.table.refuse(request, problem), closing: true)
  }

  // MARK: Upgrade

  private func welcome(_ admission: RouteTable.SocketAdmission, _ reply: String) {
    if case .refuse(let response) = admission { return finish(response, closing: true) }
    guard phase == .waiting, let handle else { return }
    phase = .answered
    server.stopWaiting(for: self)
    self.admission = admission
    // The library hands our slot back to the callback, so the context need not hold anything.
    let response = MHD_create_response_for_upgrade(
      { _, _, slot, extra, extraCount, descriptor, upgrade in
        guard let slot else { return }
        let exchange = Unmanaged<Exchange>.fromOpaque(slot).takeUnretainedValue()
        let early = extraCount > 0 ? Array(UnsafeRawBufferPointer(start: extra, count: extraCount)) : []
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        mhd_let_go(upgrade)
        exchange.server.needsRun = true
        exchange.talk(own, early)
      }, nil)
    MHD_add_response_header(response, "Upgrade", "websocket")
    MHD_add_response_header(response, "Sec-WebSocket-Accept", reply)
    _ = MHD_queue_response(handle, 101, response)
    MHD_destroy_response(response)
    MHD_resume_connection(handle)
    server.needsRun = true
  }

  private func talk(_ descriptor: Int32, _ early: [UInt8]) {
    guard descriptor >= 0, let admission else { return }
    // Who arrives while the server takes its leave would be greeted by nobody.
    if server.isDraining {
      close(descriptor)
      return
    }
    switch admission {
    case .talk(let conversation, let identity):
      let home = conversation.home.flatMap { server.server(of: $0) } ?? server
      guard home !== server else {
        SocketWire.open(descriptor, server, conversation, identity, early: early)
        return
      }
      home.loop.post {
        if home.isDraining {
          close(descriptor)
        } else {
          SocketWire.open(descriptor, home, conversation, identity, early: early)
        }
      }
    case .close(let code, let reason):
      SocketWire.open(descriptor, server, Silence(), nil, early: early).finish(
        code, reason.isEmpty ? code.name : reason)
    case .refuse: close(descriptor)
    }
  }
}

/// Nobody talks: for sockets that are opened only to be closed with a code.
private final class Silence: Conversation {
  func opened(_ socket: Socket) async {}
  func received(_ text: String, on socket: Socket) async {}
  func closed(_ socket: Socket) async {}
}

/// The opening handshake (RFC 6455, 4.2).
enum Handshake {
  /// `Sec-WebSocket-Accept`, or nothing when this is no request for a WebSocket of version 13.
  static func reply(to request: Request) -> String? {
    guard request.method == .get, request.header("upgrade")?.lowercased() == "websocket",
      let connection = request.header("connection"),
      connection.split(separator: ",").contains(where: { $0.trimmingSpaces().lowercased() == "upgrade" }),
      request.header("sec-websocket-version") == "13", let key = request.header("sec-websocket-key"),
      key.utf8.count == 24,
      Base64.decode(key)?.count == 16
    else { return nil }
    return accept(key)
  }

  static func accept(_ key: String) -> String {
    Base64.encode(sha1(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
  }

  /// SHA-1 (RFC 3174). The handshake asks for it, to show that both sides speak the protocol; it protects nothing here.
  static func sha1(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) { padded.append(UInt8((message.count * 8) >> shift & 255)) }
    func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
    for block in stride(from: 0, to: padded.count, by: 64) {
      var words = (0..<16).map { at in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(padded[block + at * 4 + $1]) } }
      for at in 16..<80 { words.append(rotate(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 1)) }
      var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
      for at in 0..<80 {
        let mixed: UInt32
        let constant: UInt32
        switch at {
        case 0..<20: (mixed, constant) = (b & c | ~b & d, 0x5A82_7999)
        case 20..<40: (mixed, constant) = (b ^ c ^ d, 0x6ED9_EBA1)
        case 40..<60: (mixed, constant) = (b & c | b & d | c & d, 0x8F1B_BCDC)
        default: (mixed, constant) = (b ^ c ^ d, 0xCA62_C1D6)
        }
        (a, b, c, d, e) = (rotate(a, 5) &+ mixed &+ e &+ constant &+ words[at], a, rotate(b, 30), c, d)
      }
      for (at, value) in [a, b, c, d, e].enumerated() { state[at] = state[at] &+ value }
    }
    return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
  }
}
