import CSystem
import Core
import Crypto
import Glibc
import JSON
import Loop

@testable import Web

extension FuzzTarget {
  /// Bytes as they come over a connection: the library's parser, our checks, routing, bodies.
  static let http = FuzzTarget("http") { bytes in _ = Wire.hasty.exchange(bytes) }

  /// Bytes behind an accepted handshake: frames, fragments, control frames, closing.
  static let socket = FuzzTarget("socket") { bytes in
    let handshake =
      "GET /ws/echo/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    let answer = Wire.patient.exchange(Array(handshake.utf8) + bytes)
    hold(answer.starts(with: Array("HTTP/1.1 101".utf8)), "the handshake is accepted whatever follows")
  }
}

/// A server that lives as long as the process, and one-shot connections to it.
private final class Wire: Sendable {
  /// What waits for more, although nothing comes, is cut by its deadline; here that is soon.
  static let hasty = Wire(.milliseconds(300))
  /// For requests that are whole: a machine with other things to do may come to them late.
  static let patient = Wire(.seconds(60))
  private let port: Int

  private final class Echo: Conversation {
    func opened(_ socket: Socket) async {}
    func received(_ text: String, on socket: Socket) async {
      _ = try? JSON.read(text)
      socket.send(text)
    }
    func closed(_ socket: Socket) async {}
  }

  private init(_ deadline: Duration) {
    var routes = Routes()
    routes.on(.get, Path("/things/:number", as: Int.self), as: Guest.self) { request, _, number in
      .text("\(number) \(request.query.encoded) \(request.cookies["session"] ?? "")")
    }
    routes.on(.post, Path("/things"), as: Guest.self, limits: .upload(megabytes: 1)) { request, _ in
      .text("\(request.form.encoded) \(request.files.count)")
    }
    routes.api(.post, Path("/api/things/"), as: Guest.self) { request, _ in .json(200, try request.json()) }
    routes.socket(Path("/ws/echo/"), as: Guest.self) { _, _ in Echo() }
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 7, count: 32))
    settings.rateFactor = 0
    settings.logsRequests = false
    let loops = LoopGroup(count: 1, log: .silent)
    var patience = ServerSettings(host: "127.0.0.1", port: 0)
    (patience.headDeadline, patience.bodyDeadline, patience.idleDeadline) = (deadline, deadline, deadline)
    (patience.farewell, patience.tick) = (.milliseconds(300), .milliseconds(50))
    let server = HTTPServer(
      table: RouteTable(routes, settings: settings, log: .silent), loops: loops,
      settings: patience)
    let ready = Handover()
    // On the loop: whoever waits here may hold the last thread that tasks have.
    Task(executorPreference: loops.any) {
      try await server.start()
      ready.open(server.port)
    }
    port = ready.wait()
    Self.keep.withLock { $0.append((server, loops)) }
  }

  private static let keep = Locked<[(HTTPServer, LoopGroup)]>([])

  /// Sends all, says that nothing more comes, and reads to the end.
  func exchange(_ bytes: [UInt8]) -> [UInt8] {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(port).bigEndian
    name.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    hold(connected == 0, "the server listens")
    _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    shutdown(socket, Int32(SHUT_WR))
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN {
        fatalError("broken: who says nothing more is answered or cut within a minute: \(Hex.encode(bytes))")
      }
      guard count > 0 else { return received }
      received += buffer.prefix(count)
    }
  }
}

/// Hands one number from a task to the thread that waits for it.
private final class Handover: Sendable {
  private let port = Locked(0)
  func open(_ number: Int) { port.withLock { $0 = number } }
  func wait() -> Int {
    while true {
      let number = port.withLock { $0 }
      if number != 0 { return number }
      usleep(1000)
    }
  }
}
