import CSystem
import Core
import Crypto
import Glibc

/// Whether the STUN and TURN servers that lessons are given do what they are for: tell an outside address, and set a
/// relay aside for us (RFC 8489, RFC 8656). Blocks; for a thread of a pool.
package struct RelayCheck {
  private let stun: [String]
  private let turn: [String]
  private let secret: String?
  private let patience: Int32

  /// - Parameters:
  ///   - stun: `stun:host:port`.
  ///   - turn: `turn:host:port?transport=udp|tcp`; `turns:` is only connected to.
  ///   - patience: milliseconds for each answer.
  package init(stun: [String], turn: [String], secret: String?, patience: Int = 3000) {
    self.stun = stun
    self.turn = turn
    self.secret = secret
    self.patience = Int32(clamping: patience)
  }

  package func findings() -> [Finding] {
    guard !turn.isEmpty else {
      return [
        Finding(
          "relay", .warning,
          "No relay is set: lessons between some schools, offices and mobile networks cannot connect.",
          cure: "Set up coturn (deploy/coturn), then TURN_URLS and TURN_SECRET.")
      ] + stun.map(look)
    }
    guard let secret, !secret.isEmpty else {
      return [
        Finding(
          "relay", .broken, "TURN_URLS is set and TURN_SECRET is not: nobody can use the relay.",
          cure: "Set TURN_SECRET to coturn's static-auth-secret.")
      ]
    }
    return (stun + turn).map(look)
  }

  private func look(_ url: String) -> Finding {
    guard let server = Server(url) else {
      return Finding(
        "relay", .broken, "\(url) is no address of a relay.", cure: "turn:host:3478?transport=udp was expected.")
    }
    do throws(Trouble) {
      switch server.scheme {
      case "stun":
        try bind(server)
        return Finding("relay", .well, "\(url) tells our outside address.")
      case "turns":
        _ = try Line(server, patience: patience)
        return Finding("relay", .well, "\(url) can be connected to (the relaying behind TLS is not tried).")
      default:
        try allocate(server)
        return Finding("relay", .well, "\(url) relays for us.")
      }
    } catch {
      return Finding("relay", .broken, "\(url) \(error.says).", cure: error.cure)
    }
  }

  private struct Trouble: Error {
    let says: String
    let cure: String
    static func silence(_ why: String) -> Trouble {
      Trouble(
        says: "does not answer (\(why))",
        cure:
          "Start coturn; open its port in the firewall, for UDP and TCP; compare host and port with turnserver.conf.")
    }
  }

  struct Server {
    let scheme: String
    let host: String
    let port: Int
    let isTCP: Bool

    init?(_ url: String) {
      let halves = url.split(separator: "?", maxSplits: 1)
      guard let head = halves.first, let colon = head.firstIndex(of: ":") else { return nil }
      scheme = String(head[..<colon])
      guard ["stun", "turn", "turns"].contains(scheme) else { return nil }
      isTCP = scheme == "turns" || (halves.count == 2 && halves[1] == "transport=tcp")
      let place = head[head.index(after: colon)...]
      // An IPv6 address stands in brackets.
      if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
        host = String(place[place.index(after: place.startIndex)..<end])
        port = Int(place[place.index(after: end)...].dropFirst()) ?? 3478
      } else {
        let parts = place.split(separator: ":")
        guard let first = parts.first, parts.count <= 2 else { return nil }
        host = String(first)
        guard let number = parts.count == 2 ? Int(parts[1]) : (scheme == "turns" ? 5349 : 3478) else { return nil }
        port = number
      }
      guard !host.isEmpty, (1...65_535).contains(port) else { return nil }
    }
  }

  private func bind(_ server: Server) throws(Trouble) {
    let line = try Line(server, patience: patience)
    let answer = try line.ask(Packet(0x0001))
    guard answer.type == 0x0101 else { throw .silence("it refuses to tell an address") }
  }

  private func allocate(_ server: Server) throws(Trouble) {
    let line = try Line(server, patience: patience)
    let credential = RelayCredential(user: "doctor", secret: secret ?? "", expiry: .now + .minutes(5))
    var request = Packet(0x0003)
    request.add(0x0019, [17, 0, 0, 0])
    // The first answer is a refusal that names the realm.
    let refusal = try line.ask(request)
    guard let realm = refusal.attribute(0x0014), let nonce = refusal.attribute(0x0015) else {
      throw .silence("it is no TURN server")
    }
    let key = credential.key(realm: String(decoding: realm, as: UTF8.self))
    func signed(_ type: UInt16, _ attribute: UInt16, _ value: [UInt8]) -> Packet {
      var packet = Packet(type)
      packet.add(attribute, value)
      packet.add(0x0006, Array(credential.username.utf8))
      packet.add(0x0014, realm)
      packet.add(0x0015, nonce)
      packet.sign(key)
      return packet
    }
    let answer = try line.ask(signed(0x0003, 0x0019, [17, 0, 0, 0]))
    guard answer.type == 0x0103, answer.attribute(0x0016) != nil else {
      switch answer.code {
      case 401, 403:
        throw Trouble(
          says: "does not know our credentials",
          cure: "TURN_SECRET must be coturn's static-auth-secret, and the clocks of both machines must agree.")
      case 486, 508:
        throw Trouble(
          says: "has no relay left for us", cure: "Raise total-quota and the port range of turnserver.conf.")
      case let code: throw Trouble(says: "refuses to relay (\(code))", cure: "coturn's log says why.")
      }
    }
    // Given back at once.
    _ = try? line.ask(signed(0x0004, 0x000D, [0, 0, 0, 0]))
  }

  /// A STUN message: a head of 20 bytes, then attributes padded to four.
  private struct Packet {
    var bytes: [UInt8]
    private static let cookie: [UInt8] = [0x21, 0x12, 0xA4, 0x42]

    init(_ type: UInt16) {
      bytes = [UInt8(type >> 8), UInt8(type & 0xFF), 0, 0] + Self.cookie + Random.bytes(12)
    }

    init?(_ received: [UInt8]) {
      guard received.count >= 20, Array(received[4..<8]) == Self.cookie else { return nil }
      bytes = received
    }

    var type: UInt16 { UInt16(bytes[0]) << 8 | UInt16(bytes[1]) }
    var name: ArraySlice<UInt8> { bytes[8..<20] }

    mutating func add(_ attribute: UInt16, _ value: [UInt8]) {
      bytes += [UInt8(attribute >> 8), UInt8(attribute & 0xFF), UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
      bytes += value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
      setLength(bytes.count - 20)
    }

    /// The length counts the signature before it is there.
    mutating func sign(_ key: [UInt8]) {
      setLength(bytes.count - 20 + 24)
      add(0x0008, HMAC.sign(bytes, key: key, .sha1))
    }

    private mutating func setLength(_ length: Int) {
      bytes[2] = UInt8(length >> 8)
      bytes[3] = UInt8(length & 0xFF)
    }

    func attribute(_ wanted: UInt16) -> [UInt8]? {
      var at = 20
      while at + 4 <= bytes.count {
        let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
        guard at + 4 + length <= bytes.count else { return nil }
        if UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) == wanted { return Array(bytes[at + 4..<at + 4 + length]) }
        at += 4 + (length + 3) / 4 * 4
      }
      return nil
    }

    /// Class times a hundred plus number; 0 without.
    var code: Int { attribute(0x0009).flatMap { $0.count >= 4 ? Int($0[2] & 7) * 100 + Int($0[3]) : nil } ?? 0 }
  }

  /// A connected socket. UDP loses packets: each is sent three times before it is given up.
  private final class Line {
    private let descriptor: Int32
    private let isTCP: Bool
    private let patience: Int32

    init(_ server: Server, patience: Int32) throws(Trouble) {
      isTCP = server.isTCP
      self.patience = patience
      var hints = addrinfo()
      hints.ai_socktype = server.isTCP ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue)
      var list: UnsafeMutablePointer<addrinfo>?
      let code = getaddrinfo(server.host, String(server.port), &hints, &list)
      guard code == 0, let first = list?.pointee else { throw .silence(String(cString: gai_strerror(code))) }
      defer { freeaddrinfo(list) }
      descriptor = socket(
        first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      guard descriptor >= 0 else { throw .silence(String(cString: strerror(errno))) }
      if Glibc.connect(descriptor, .init(__sockaddr__: first.ai_addr), first.ai_addrlen) != 0 {
        let why = errno
        guard why == EINPROGRESS, wait(POLLOUT) else {
          throw .silence(why == EINPROGRESS ? "nobody is there" : String(cString: strerror(why)))
        }
        var error: Int32 = 0
        var size = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        guard error == 0 else { throw .silence(String(cString: strerror(error))) }
      }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func wait(_ event: Int32, atMost limit: Int32? = nil) -> Bool {
      var one = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      return poll(&one, 1, limit ?? patience) > 0
    }

    func ask(_ packet: Packet) throws(Trouble) -> Packet {
      for _ in 0..<(isTCP ? 1 : 3) {
        guard
          send(descriptor, packet.bytes, packet.bytes.count, Int32(MSG_NOSIGNAL)) == packet.bytes.count
        else {
          throw .silence(String(cString: strerror(errno)))
        }
        while wait(POLLIN, atMost: isTCP ? patience : patience / 3) {
          var bytes = [UInt8](repeating: 0, count: 2048)
          let count = recv(descriptor, &bytes, bytes.count, 0)
          guard count > 0 else {
            throw .silence(count == 0 ? "it hung up" : String(cString: strerror(errno)))
          }
          // What answers another question is passed over.
          if let answer = Packet(Array(bytes[..<count])), answer.name == packet.name { return answer }
        }
      }
      throw .silence("no answer")
    }
  }
}
