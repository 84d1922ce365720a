import Core
import Loop
import Testing

@testable import Web

/// Says back what it hears, and tells the test what happens.
private final class Echo: Conversation {
  let told: AsyncStream<String>.Continuation
  let limits: SocketLimits
  init(_ told: AsyncStream<String>.Continuation, _ limits: SocketLimits = SocketLimits()) {
    self.told = told
    self.limits = limits
  }
  func opened(_ socket: Socket) async { socket.send("hello \(socket.identity?.username ?? "guest")") }
  func hears(_ text: String, on socket: Socket) -> Bool {
    guard text == "quick" else { return false }
    socket.send("heard")
    return true
  }
  func received(_ text: String, on socket: Socket) async {
    if text == "slow" { try? await Loop.current!.sleep(.milliseconds(50)) }
    if text == "bye" { return socket.close(.takenOver) }
    if text == "flood" { for _ in 0..<40 { socket.send(String(repeating: "x", count: 65_536)) } }
    socket.send("\(text.utf8.count) \(text.prefix(20))")
  }
  func closed(_ socket: Socket) async { told.yield("closed") }
}

/// Says on which loop it lives.
private final class Dweller: Conversation {
  let home: String?
  init(_ home: String?) { self.home = home }
  func opened(_ socket: Socket) async {
    #expect(socket.loop.inLoop)
    socket.send(socket.loop.name)
  }
  func received(_ text: String, on socket: Socket) async { socket.send(text + " " + socket.loop.name) }
  func closed(_ socket: Socket) async {}
}

@Suite(.serialized) struct SocketTests {
  private let told: AsyncStream<String>
  private let teller: AsyncStream<String>.Continuation

  init() { (told, teller) = AsyncStream.makeStream(of: String.self) }

  private func plain(_ routes: inout Routes) {
    routes.socket("/ws/echo/", as: Guest.self) { [teller] _, _ in Echo(teller) }
    routes.socket("/ws/small/", as: Guest.self) { [teller] _, _ in
      Echo(teller, SocketLimits(payload: 100, messagesPerSecond: 5, queued: 100_000))
    }
    routes.socket(Path("/ws/rooms/:n/", as: Int.self), as: Member.self) { [teller] _, member, n in
      guard n == 1 else { throw Failure.notFound }
      return Echo(teller)
    }
    routes.socket("/ws/patient/", as: Guest.self) { [teller] _, _ in
      Echo(teller, SocketLimits(messagesPerSecond: 100_000))
    }
    routes.socket("/ws/staff/", as: Staff.self) { [teller] _, _ in Echo(teller) }
  }

  private func ended() async -> String? {
    var iterator = told.makeAsyncIterator()
    return await iterator.next()
  }

  @Test func `messages are answered in order, however long one takes, and however they are cut up`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/echo/") == 101)
      #expect(wire.text() == "hello guest")
      wire.message("slow")
      wire.message("next")
      #expect(wire.text() == "4 slow")
      #expect(wire.text() == "4 next")
      // What waits for nothing is dealt with at once, but not before what came before it.
      wire.message("quick")
      #expect(wire.text() == "heard")
      wire.message("slow")
      wire.message("quick")
      #expect(wire.text() == "4 slow")
      #expect(wire.text() == "heard")
      wire.frame(1, Array("one ".utf8), isLast: false)
      wire.frame(9, Array("are you there".utf8))
      wire.frame(0, Array("message".utf8))
      let pong = try #require(wire.frame())
      #expect(pong.opcode == 10)
      #expect(pong.payload == Array("are you there".utf8))
      #expect(wire.text() == "11 one message")
      wire.message(String(repeating: "a", count: 65_536))
      #expect(wire.text() == "65536 aaaaaaaaaaaaaaaaaaaa")
    }
  }

  @Test func `sockets with the same home live on one loop, wherever their connections came in`() async throws {
    try await withServer(
      loops: 2, { web, _ in web.rateFactor = 0 },
      routes: { $0.socket(Path("/ws/home/:name/", as: String.self), as: Guest.self) { _, _, name in Dweller(name) } }
    ) { running in
      var loops: Set<String> = []
      for home in 0..<40 {
        let wires = (0..<4).map { _ in running.wire() }
        for wire in wires { #expect(wire.upgrade("/ws/home/\(home)/") == 101) }
        let names = Set(wires.map { $0.text() ?? "" })
        #expect(names.count == 1)
        loops.formUnion(names)
        for wire in wires {
          wire.message("hello")
          #expect(wire.text() == "hello " + names.first!)
        }
      }
      #expect(loops == ["loop-0", "loop-1"])
    }
  }

  @Test func `what follows the handshake in the same packet is heard`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      let hi: [UInt8] = [0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]
      wire.say(
        Array(
          "GET /ws/echo/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .utf8) + hi)
      let answer = try #require(wire.answer())
      #expect(answer.status == 101)
      // RFC 6455, 1.3: the example's own answer.
      #expect(answer.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      #expect(wire.text() == "hello guest")
      #expect(wire.text() == "2 hi")
    }
  }

  @Test func `frames cut anywhere, fragments and pings between them come out whole`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/patient/") == 101)
      #expect(wire.text() == "hello guest")
      var state: UInt64 = 42
      func random(_ below: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % below
      }
      func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool) -> [UInt8] {
        var frame: [UInt8] = [(isLast ? 0x80 : 0) | opcode]
        switch payload.count {
        case ..<126: frame.append(0x80 | UInt8(payload.count))
        case ..<65_536: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: frame += [0x80 | 127] + stride(from: 56, through: 0, by: -8).map { UInt8(payload.count >> $0 & 255) }
        }
        return frame + [9, 8, 7, 6] + payload.enumerated().map { $1 ^ [9, 8, 7, 6][$0 & 3] }
      }
      for round in 0..<100 {
        let size = [0, 1, 125, 126, 127, 4000, 65_535, 65_536][random(8)]
        let letter = UInt8(97 + round % 26)
        var rest = [UInt8](repeating: letter, count: size)
        var bytes: [UInt8] = []
        var pings = 0
        var isFirst = true
        while true {
          let cut = random(3) == 0 ? rest.count : random(rest.count + 1)
          let isLast = cut == rest.count
          bytes += frame(isFirst ? 1 : 0, Array(rest[..<cut]), isLast: isLast)
          rest.removeFirst(cut)
          isFirst = false
          if isLast { break }
          if random(3) == 0 {
            bytes += frame(9, [1, 2, 3], isLast: true)
            pings += 1
          }
        }
        var at = 0
        while at < bytes.count {
          let cut = min(bytes.count - at, 1 + random(random(2) == 0 ? 8 : 40_000))
          wire.say(Array(bytes[at..<at + cut]))
          at += cut
        }
        var pongs = 0
        while let answer = wire.frame() {
          if answer.opcode == 10 {
            pongs += 1
            continue
          }
          #expect(
            String(decoding: answer.payload, as: UTF8.self) == "\(size) "
              + String(repeating: Character(UnicodeScalar(letter)), count: min(20, size)))
          break
        }
        #expect(pongs == pings)
      }
    }
  }

  @Test func `a goodbye is answered and told`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/echo/") == 101)
      wire.frame(8, [3, 232])
      #expect(wire.closeCode() == 1000)
      #expect(wire.ends())
      #expect(await ended() == "closed")
    }
  }

  @Test func `a connection that vanishes is told`() async throws {
    try await withServer(routes: plain) { running in
      do {
        let wire = running.wire()
        #expect(wire.upgrade("/ws/echo/") == 101)
        #expect(wire.text() == "hello guest")
      }
      #expect(await ended() == "closed")
    }
  }

  @Test func `each end has its code`() async throws {
    try await withServer(routes: plain) { running in
      let taken = running.wire()
      #expect(taken.upgrade("/ws/echo/") == 101)
      taken.message("bye")
      #expect(taken.closeCode() == 4409)
      let large = running.wire()
      #expect(large.upgrade("/ws/echo/") == 101)
      large.message(String(repeating: "a", count: 65_537))
      #expect(large.closeCode() == 1009)
      let binary = running.wire()
      #expect(binary.upgrade("/ws/echo/") == 101)
      binary.frame(2, [1, 2, 3])
      #expect(binary.closeCode() == 1003)
      let broken = running.wire()
      #expect(broken.upgrade("/ws/echo/") == 101)
      broken.frame(1, [0xff, 0xfe])
      #expect(broken.closeCode() == 1007)
      let unmasked = running.wire()
      #expect(unmasked.upgrade("/ws/echo/") == 101)
      unmasked.say([0x81, 0x01, 0x61])
      #expect(unmasked.closeCode() == 1002)
      let fast = running.wire()
      #expect(fast.upgrade("/ws/small/") == 101)
      // So many that no pause of this machine would let them all through.
      for _ in 0..<500 { fast.message("x") }
      #expect(fast.closeCode() == 4429)
    }
  }

  @Test func `without proof or right the socket opens only to say so`() async throws {
    try await withServer(routes: plain) { running in
      let ana = ID<User>.new()
      let guest = running.wire()
      #expect(guest.upgrade("/ws/rooms/1/") == 101)
      #expect(guest.closeCode() == 4401)
      let member = running.wire()
      #expect(member.upgrade("/ws/rooms/1/", headers: "Cookie: session=\(ana)\r\n") == 101)
      #expect(member.text() == "hello ana")
      let lost = running.wire()
      #expect(lost.upgrade("/ws/rooms/2/", headers: "Cookie: session=\(ana)\r\n") == 101)
      #expect(lost.closeCode() == 4404)
      let learner = running.wire()
      #expect(learner.upgrade("/ws/staff/", headers: "Cookie: session=\(ana)\r\n") == 101)
      #expect(learner.closeCode() == 4403)
    }
  }

  @Test func `another site's page gets no socket, and a plain request is told to upgrade`() async throws {
    try await withServer(routes: plain) { running in
      let foreign = running.wire()
      #expect(foreign.upgrade("/ws/echo/", headers: "Origin: https://evil.example\r\n") == 403)
      let own = running.wire()
      #expect(own.upgrade("/ws/echo/", headers: "Origin: http://localhost\r\n") == 101)
      let plain = running.wire()
      plain.say("GET /ws/echo/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(plain.answer()?.status == 426)
    }
  }

  @Test func `silence is pinged, and only then cut, however late the server gets to look`() async throws {
    try await withServer(
      { _, server in
        // Nobody waits for anything here: by the first look all has long passed, and yet it is asked first.
        server.pingEvery = .milliseconds(1)
        server.socketIdle = .milliseconds(2)
      }, routes: plain
    ) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/echo/") == 101)
      #expect(wire.text() == "hello guest")
      #expect(wire.frame()?.opcode == 9)
      #expect(wire.closeCode() == 4408)
    }
  }

  @Test func `who does not answer our goodbye is let go all the same`() async throws {
    try await withServer({ _, server in server.farewell = .milliseconds(100) }, routes: plain) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/echo/") == 101)
      wire.message("bye")
      #expect(wire.closeCode() == 4409)
      // Neither a close frame nor an end comes from us.
      while running.server.sockets > 0 { await Task.yield() }
    }
  }

  @Test func `who does not read is cut with a reason`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      #expect(wire.upgrade("/ws/small/") == 101)
      // Forty times 64 kB, many times over: more than the kernel buffers.
      for _ in 0..<4 { wire.message("flood") }
      #expect(await ended() == "closed")
      while let frame = wire.frame() {
        guard frame.opcode == 8 else { continue }
        #expect(frame.payload == [3, 0xF0] + Array("behind".utf8))
        return
      }
      Issue.record("no goodbye")
    }
  }

  @Test func `stopping says goodbye to every socket`() async throws {
    let loops = LoopGroup(count: 2, log: .silent)
    var routes = Routes()
    plain(&routes)
    let table = RouteTable(routes, settings: plainSettings(), log: .silent)
    let server = HTTPServer(table: table, loops: loops, settings: ServerSettings(port: 0))
    try await server.start()
    let wires = (0..<8).map { _ in Wire(port: server.port) }
    for wire in wires { #expect(wire.upgrade("/ws/echo/") == 101) }
    // A client that answers the goodbye, as browsers do.
    let stopping = Task { await server.stop() }
    for wire in wires {
      #expect(wire.closeCode() == 1001)
      #expect(wire.ends())
    }
    await stopping.value
    loops.stop()
  }
}
