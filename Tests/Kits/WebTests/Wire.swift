import CSystem
import Core
import Crypto
import Glibc
import Loop
import Testing

@testable import Web

/// A plain TCP client that says exactly what a test tells it, and waits at most five seconds for an answer.
final class Wire {
  let descriptor: Int32
  let isConnected: Bool
  var buffer: [UInt8] = []

  struct Answer {
    var status: Int
    var head: String
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
      for line in head.split(separator: "\r\n").dropFirst() {
        guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
        return line[line.index(after: colon)...].trimmingSpaces()
      }
      return nil
    }

    func headers(_ name: String) -> [String] {
      head.split(separator: "\r\n").dropFirst().compactMap { line in
        guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { return nil }
        return line[line.index(after: colon)...].trimmingSpaces()
      }
    }
  }

  init(port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.descriptor = descriptor
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), size) == 0
      }
    }
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    // For a machine that is busy elsewhere: nothing is waited for that should not come.
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func say(_ text: String) { say(Array(text.utf8)) }

  func say(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      done += count
    }
  }

  /// False when the other side has ended or kept silent.
  private func more() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer += chunk[..<count]
    return true
  }

  /// The next answer; nothing when the connection ends before it is whole.
  func answer(isHead: Bool = false) -> Answer? {
    while true {
      if let end = firstRange(of: "\r\n\r\n") {
        let head = String(decoding: buffer[..<end], as: UTF8.self)
        let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        var answer = Answer(status: status, head: head, body: [])
        let length =
          isHead || status == 204 || status == 304 || status < 200
          ? 0 : Int(answer.header("content-length") ?? "0") ?? 0
        while buffer.count < end + 4 + length { guard more() else { return nil } }
        answer.body = Array(buffer[(end + 4)..<(end + 4 + length)])
        buffer.removeFirst(end + 4 + length)
        return answer
      }
      guard more() else { return nil }
    }
  }

  func bytes(_ count: Int) -> [UInt8]? {
    while buffer.count < count { guard more() else { return nil } }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  /// Whether the other side ends without saying anything more.
  func ends() -> Bool {
    while more() {}
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == 0 || errno == ECONNRESET
  }

  private func firstRange(of text: String) -> Int? {
    let needle = Array(text.utf8)
    guard buffer.count >= needle.count else { return nil }
    return (0...(buffer.count - needle.count)).first { buffer[$0..<($0 + needle.count)].elementsEqual(needle) }
  }

  // MARK: WebSocket, as a client speaks it

  /// The opening handshake; the answer's status.
  func upgrade(_ target: String, headers: String = "") -> Int? {
    say(
      "GET \(target) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n")
    return answer()?.status
  }

  func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true) {
    let mask: [UInt8] = [1, 2, 3, 4]
    var frame: [UInt8] = [(isLast ? 0x80 : 0) | opcode]
    switch payload.count {
    case ..<126: frame.append(0x80 | UInt8(payload.count))
    case ..<65_536: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default: frame += [0x80 | 127] + stride(from: 56, through: 0, by: -8).map { UInt8(payload.count >> $0 & 255) }
    }
    frame += mask
    frame += payload.enumerated().map { $1 ^ mask[$0 & 3] }
    say(frame)
  }

  func message(_ text: String) { frame(1, Array(text.utf8)) }

  /// The next frame's opcode and payload.
  func frame() -> (opcode: UInt8, payload: [UInt8])? {
    guard let head = bytes(2) else { return nil }
    var count = Int(head[1] & 127)
    if count == 126 {
      guard let size = bytes(2) else { return nil }
      count = Int(size[0]) << 8 | Int(size[1])
    } else if count == 127 {
      guard let size = bytes(8) else { return nil }
      count = size.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let payload = bytes(count) else { return nil }
    return (head[0] & 15, payload)
  }

  /// The next text, pings aside.
  func text() -> String? {
    while let frame = frame() {
      if frame.opcode == 1 { return String(decoding: frame.payload, as: UTF8.self) }
      if frame.opcode == 8 { return nil }
    }
    return nil
  }

  /// The code of the close frame that comes next, texts and pings aside.
  func closeCode() -> Int? {
    while let frame = frame() {
      if frame.opcode == 8 {
        return frame.payload.count >= 2 ? Int(frame.payload[0]) << 8 | Int(frame.payload[1]) : 1005
      }
    }
    return nil
  }
}

let secret = Array("a secret of at least thirty-two bytes".utf8)

func plainSettings() -> WebSettings {
  var settings = WebSettings(siteURL: "http://localhost", secret: secret)
  settings.logsRequests = false
  return settings
}

/// Somebody signed in, by the cookie `session` with a user's id or the bearer token of it.
func identify(_ request: Request) async throws -> Identity? {
  if let token = request.header("authorization"), token.hasPrefix("Bearer "), let user = ID<User>(token.dropFirst(7)) {
    return Identity(user: user, username: "ben", name: "Ben", means: .bearer)
  }
  guard let value = request.cookies["session"], let user = ID<User>(value.prefix(36)) else { return nil }
  let roles: Set<Role> = value.hasSuffix(".staff") ? [.admin] : value.hasSuffix(".tutor") ? [.tutor] : [.learner]
  return Identity(
    user: user, session: ID<Session>(high: user.high, low: user.low), username: "ana", name: "Ana", roles: roles)
}

struct Running {
  let server: HTTPServer
  let table: RouteTable
  func wire() -> Wire { Wire(port: server.port) }
}

func withServer(
  loops count: Int = 1, _ change: (inout WebSettings, inout ServerSettings) -> Void = { _, _ in },
  assets: Assets? = nil, routes declare: (inout Routes) -> Void, _ body: (Running) async throws -> Void
) async throws {
  var settings = plainSettings()
  var serverSettings = ServerSettings(port: 0)
  serverSettings.tick = .milliseconds(20)
  serverSettings.quiet = .milliseconds(20)
  change(&settings, &serverSettings)
  var routes = Routes()
  declare(&routes)
  let table = RouteTable(routes, settings: settings, log: .silent, assets: assets, identify: identify)
  let loops = LoopGroup(count: count, log: .silent)
  let server = HTTPServer(table: table, loops: loops, settings: serverSettings)
  try await server.start()
  do {
    try await body(Running(server: server, table: table))
  } catch {
    await server.stop()
    throw error
  }
  await server.stop()
  loops.stop()
}
