import CSystem
import Core
import Glibc
import Loop

// A WebSocket as a browser holds one, without the browser: a descriptor on a loop. Masked with zeroes, which RFC 6455
// allows and which costs nothing, because this end must not be what is measured.

enum Now {
  /// Nanoseconds that only go forward.
  static var nanoseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
  }
}

/// Where the server is.
struct Place: Sendable {
  let port: UInt16
  let origin: String
}

/// A connection whose bytes are looked at by a subclass. Touched on its loop only.
class Wire: Source, @unchecked Sendable {
  private static let scratch = 128 << 10
  private var isConnected = false
  private var output: [UInt8] = []
  private var input: [UInt8] = []
  private(set) var isOver = false

  /// Begins to connect from 127.0.0.`from`, so that no address runs out of ports.
  init(_ place: Place, from: Int, receiving buffer: Int32? = nil, on loop: Loop) {
    let descriptor = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    precondition(descriptor >= 0, "no more descriptors: \(String(cString: strerror(errno)))")
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
    // IP_BIND_ADDRESS_NO_PORT, which Glibc's module does not name: the port is taken when the peer is known.
    setsockopt(descriptor, Int32(IPPROTO_IP), 24, &one, size)
    if var buffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, size) }
    super.init(fd: descriptor, loop: loop)
    func address(_ last: Int, _ port: UInt16) -> sockaddr_in {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = (UInt32(127) << 24 | UInt32(last)).bigEndian
      return address
    }
    func with(_ address: sockaddr_in, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
      withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    _ = with(address(from, 0)) { bind(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), $1) }
    _ = with(address(1, place.port)) { connect(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), $1) }
    loop.add(self)
    loop.want(write: true, self)
  }

  /// What arrives; answers how many bytes were used, none when more must come first.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count }
  func connected() {}
  func ended() {}

  func say(_ bytes: [UInt8]) {
    guard !isOver else { return }
    guard output.isEmpty, isConnected else {
      output += bytes
      return
    }
    let sent = max(0, bytes.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    guard sent < bytes.count else { return }
    output = Array(bytes[sent...])
    loop.want(write: true, self)
  }

  final override func writable() {
    if !isConnected {
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size)
      guard error == 0 else { return end() }
      isConnected = true
      connected()
    }
    if !output.isEmpty {
      let sent = output.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if sent > 0 { output.removeFirst(sent) } else if errno != EAGAIN { return end() }
    }
    if output.isEmpty { loop.want(write: false, self) }
  }

  final override func readable() {
    withUnsafeTemporaryAllocation(byteCount: Self.scratch, alignment: 8) { scratch in
      let got = recv(fd, scratch.baseAddress, scratch.count, 0)
      guard got > 0 else { return got < 0 && errno == EAGAIN ? () : end() }
      let part = UnsafeRawBufferPointer(rebasing: scratch[..<got])
      if input.isEmpty {
        let used = takeAll(part)
        if used < got, !isOver { input = Array(part[used...]) }
      } else {
        input += part
        let used = input.withUnsafeBytes { takeAll($0) }
        input.removeFirst(used)
      }
    }
  }

  private func takeAll(_ bytes: UnsafeRawBufferPointer) -> Int {
    var at = 0
    while at < bytes.count, !isOver {
      let used = take(UnsafeRawBufferPointer(rebasing: bytes[at...]))
      guard used > 0 else { break }
      at += used
    }
    return at
  }

  /// Closes without a word, as a network that goes away.
  final func end() {
    guard !isOver else { return }
    isOver = true
    loop.remove(self)
    close(fd)
    ended()
  }
}

/// How a WebSocket ended.
enum Ending: Equatable, Sendable {
  case refused(status: Int)
  case closed(code: Int, reason: String)
  /// The connection was lost without a close frame.
  case cut
}

final class Line: Wire, @unchecked Sendable {
  private let request: String
  private var isOpen = false
  private var ending = Ending.cut
  /// Each text message.
  var heard: (UnsafeRawBufferPointer) -> Void = { _ in }
  var finished: (Ending) -> Void = { _ in }

  init(_ place: Place, path: String, cookie: String, from: Int, receiving: Int32? = nil, on loop: Loop) {
    request =
      "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(place.port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: \(place.origin)\r\n"
      + "Cookie: session=\(cookie)\r\n\r\n"
    super.init(place, from: from, receiving: receiving, on: loop)
  }

  override func connected() { say(Array(request.utf8)) }

  func send(_ text: String) { frame(1, Array(text.utf8)) }

  private func frame(_ opcode: UInt8, _ payload: [UInt8]) {
    var frame: [UInt8] = [0x80 | opcode]
    frame.reserveCapacity(payload.count + 14)
    if payload.count < 126 {
      frame.append(0x80 | UInt8(payload.count))
    } else if payload.count < 65_536 {
      frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    } else {
      frame.append(0x80 | 127)
      for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(payload.count >> shift & 255)) }
    }
    frame += [0, 0, 0, 0]
    frame += payload
    say(frame)
  }

  override func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    var at = 0
    if !isOpen {
      guard let end = Self.endOfHead(bytes) else { return 0 }
      let status =
        Int(String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ").dropFirst().first ?? "") ?? 0
      guard status == 101 else {
        ending = .refused(status: status)
        self.end()
        return bytes.count
      }
      isOpen = true
      at = end
    }
    while at + 2 <= bytes.count, !isOver {
      let opcode = bytes[at] & 15
      var count = Int(bytes[at + 1] & 127)
      var head = 2
      if count == 126 {
        guard at + 4 <= bytes.count else { break }
        count = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
        head = 4
      } else if count == 127 {
        guard at + 10 <= bytes.count else { break }
        count = bytes[(at + 2)..<(at + 10)].reduce(0) { $0 << 8 | Int($1) }
        head = 10
      }
      guard at + head + count <= bytes.count else { break }
      let payload = UnsafeRawBufferPointer(rebasing: bytes[(at + head)..<(at + head + count)])
      at += head + count
      switch opcode {
      case 1: heard(payload)
      case 8:
        let code = count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
        ending = .closed(code: code, reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
        frame(8, Array(payload.prefix(2)))
        end()
      case 9: frame(10, Array(payload))
      default: break
      }
    }
    return at
  }

  private static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 4 else { return nil }
    for at in 3..<bytes.count where bytes[at] == 10 && bytes[at - 1] == 13 && bytes[at - 2] == 10 { return at + 1 }
    return nil
  }

  override func ended() { finished(ending) }

  /// Stops reading, or goes on.
  func pause(_ isPaused: Bool) { loop.want(read: !isPaused, self) }
}

/// One kept connection that asks for pages, one after another.
final class Caller: Wire, @unchecked Sendable {
  private let place: Place
  private var left = 0
  private var status = 0
  private var answered: ((Int) -> Void)?
  var isIdle: Bool { answered == nil && !isOver }

  init(_ place: Place, on loop: Loop) {
    self.place = place
    super.init(place, from: 9, on: loop)
  }

  func get(_ path: String, cookie: String, _ answered: @escaping (Int) -> Void) {
    self.answered = answered
    say(Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(place.port)\r\nCookie: session=\(cookie)\r\n\r\n".utf8))
  }

  override func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    if left > 0 {
      let part = min(left, bytes.count)
      left -= part
      if left == 0 { done() }
      return part
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n") else { return 0 }
    let head = text[..<end.lowerBound]
    status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
      left = Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
    }
    if left == 0 { done() }
    return text.utf8.distance(from: text.startIndex, to: end.upperBound)
  }

  private func done() {
    let tell = answered
    answered = nil
    tell?(status)
  }

  override func ended() {
    answered?(0)
    answered = nil
  }
}

extension String {
  fileprivate func range(of needle: String) -> Range<Index>? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(needle) { return at..<index(at, offsetBy: needle.count) }
      at = index(after: at)
    }
    return nil
  }
}
