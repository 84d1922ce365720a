import CSystem
import Core
import Glibc
import JSON
import Loop

/// A browser's end of a room's socket, as far as tests need one (RFC 6455): it blocks, so it works on threads of its own.
final class RoomWire: Sendable {
  private static let threads = BlockingPool(threads: 12)
  private let descriptor: Int32
  private let buffer = Locked<[UInt8]>([])

  /// What came: a message, or the code the server closed with.
  enum Heard: Equatable {
    case message(JSON)
    case closed(Int)
  }

  struct Silent: Error, CustomStringConvertible {
    let description: String
  }

  /// Opens `/ws/session/<code>/` as the person of that session cookie. `receiving`: the bytes the kernel keeps for us.
  static func open(port: Int, code: String, as session: String?, receiving: Int32? = nil) async throws -> RoomWire {
    try await threads.run {
      let wire = RoomWire(port: port, receiving: receiving)
      let cookie = session.map { "Cookie: session=\($0)\r\n" } ?? ""
      wire.say(
        Array(
          ("GET /ws/session/\(code)/ HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(cookie)\r\n").utf8))
      let head = try wire.head()
      guard head.hasPrefix("HTTP/1.1 101") else { throw Silent(description: "no upgrade: \(head)") }
      return wire
    }
  }

  private init(port: Int, receiving: Int32?) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var receiving {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiving, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), size)
      }
    }
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Vanishes as a lost network does: without a goodbye.
  func vanish() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  func send(_ type: String, _ data: JSON = .object([:])) {
    frame(1, Array(JSON.object(["type": .string(type), "data": data]).text.utf8))
  }

  func send(text: String) { frame(1, Array(text.utf8)) }

  /// The next thing that comes; a minute of silence is an error.
  func next() async throws -> Heard {
    try await Self.threads.run { try self.read() }
  }

  /// The data of the next message of that type; others before it are passed over.
  @discardableResult
  func hear(_ type: String, where fits: (JSON) -> Bool = { _ in true }) async throws -> JSON {
    while true {
      switch try await next() {
      case .message(let json):
        if json["type"]?.string == type, let data = json["data"], fits(data) { return data }
      case .closed(let code): throw Silent(description: "closed with \(code) while waiting for \(type)")
      }
    }
  }

  /// What came until the answer to something said now: all the server had to say by then. Twice in a row also waits for what
  /// the server does after the first answer.
  @discardableResult
  func everythingSoFar() async throws -> [JSON] {
    send("nothing_known")
    var heard: [JSON] = []
    while true {
      switch try await next() {
      case .message(let json):
        if json["data"]?["code"]?.string == "unknown_type" { return heard }
        heard.append(json)
      case .closed(let code): throw Silent(description: "closed with \(code)")
      }
    }
  }

  func closeCode() async throws -> Int {
    while true { if case .closed(let code) = try await next() { return code } }
  }

  // MARK: Bytes

  private func say(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      done += count
    }
  }

  /// Client frames are masked; a mask of zeros is one.
  private func frame(_ opcode: UInt8, _ payload: [UInt8]) {
    var bytes: [UInt8] = [0x80 | opcode]
    if payload.count < 126 {
      bytes.append(0x80 | UInt8(payload.count))
    } else if payload.count < 65_536 {
      bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    } else {
      bytes.append(0x80 | 127)
      for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 255)) }
    }
    say(bytes + [0, 0, 0, 0] + payload)
  }

  private func more() throws {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw Silent(description: count == 0 ? "the connection ended" : "a minute of silence") }
    buffer.withLock { $0 += chunk[..<count] }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while buffer.withLock({ $0.count }) < count { try more() }
    return buffer.withLock { buffer in
      defer { buffer.removeFirst(count) }
      return Array(buffer[..<count])
    }
  }

  private func head() throws -> String {
    var head: [UInt8] = []
    while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) { head += try take(1) }
    return String(decoding: head, as: UTF8.self)
  }

  private func read() throws -> Heard {
    while true {
      let start = try take(2)
      var length = Int(start[1] & 127)
      if length == 126 {
        let more = try take(2)
        length = Int(more[0]) << 8 | Int(more[1])
      } else if length == 127 {
        length = try take(8).reduce(0) { $0 << 8 | Int($1) }
      }
      let payload = try take(length)
      switch start[0] & 15 {
      case 1: return .message(try JSON.read(payload))
      case 8: return .closed(payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005)
      case 9: frame(10, payload)
      default: continue
      }
    }
  }
}
