import Core
import Loop
import Testing

@testable import Bus
@testable import Web

/// Joins the topic in its address and publishes what it hears there.
private final class Talk: Conversation {
  let bus: Bus
  let topic: String
  init(_ bus: Bus, _ topic: String) {
    self.bus = bus
    self.topic = topic
  }
  func opened(_ socket: Socket) async { socket.join(topic, on: bus) }
  func received(_ text: String, on socket: Socket) async {
    if text == "leave" { return socket.leave(topic, on: bus) }
    bus.publish(topic, text)
  }
  func closed(_ socket: Socket) async {}
}

@Suite struct BusTests {
  private func withBus(_ count: Int = 2, _ body: (Bus, RouteTable, LoopGroup) async throws -> Void) async throws {
    let loops = LoopGroup(count: count, log: .silent)
    let bus = Bus(loops: loops)
    var routes = Routes()
    routes.socket(Path("/ws/:topic/", as: String.self), as: Guest.self) { _, _, topic in Talk(bus, topic) }
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 7, count: 32))
    settings.rateFactor = 0
    let table = RouteTable(routes, settings: settings, log: .silent)
    try await body(bus, table, loops)
    loops.stop()
  }

  @Test func `what is published reaches every socket of the topic and no other`() async throws {
    try await withBus { bus, table, loops in
      let a = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[0])
      let b = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[1])
      let c = await table.connect(Request(.get, "/ws/two/"), on: loops.loops[1])
      #expect(bus.members("one") == 2)
      await a.send("hi")
      #expect(await a.next() == "hi")
      #expect(await b.next() == "hi")
      #expect(bus.publish("two", "other") == 1)
      #expect(await c.next() == "other")
      #expect(bus.publish("nobody", "x") == 0)
    }
  }

  @Test func `receivers on all loops see the same order, whoever publishes`() async throws {
    try await withBus { bus, table, loops in
      var sockets: [InProcessSocket] = []
      for n in 0..<6 { sockets.append(await table.connect(Request(.get, "/ws/room/"), on: loops.loops[n % 2])) }
      await withTaskGroup { group in
        for writer in 0..<6 {
          let socket = sockets[writer]
          group.addTask { for n in 0..<200 { await socket.send("\(writer)-\(n)") } }
        }
      }
      var seen: [[String]] = []
      for socket in sockets {
        var texts: [String] = []
        for _ in 0..<1200 { texts.append(await socket.next() ?? "") }
        seen.append(texts)
      }
      for texts in seen { #expect(texts == seen[0]) }
      for writer in 0..<6 {
        #expect(seen[0].filter { $0.hasPrefix("\(writer)-") } == (0..<200).map { "\(writer)-\($0)" })
      }
    }
  }

  @Test func `who leaves or ends gets nothing more and is not counted`() async throws {
    try await withBus { bus, table, loops in
      let a = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[0])
      let b = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[1])
      let c = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[1])
      await b.send("leave")
      await c.close()
      #expect(bus.members("one") == 1)
      bus.publish("one", "still here")
      #expect(await a.next() == "still here")
      #expect(b.sent.isEmpty)
      await a.close()
      #expect(bus.members("one") == 0)
    }
  }

  @Test func `a room larger than a slice is served whole and in order, and those who come later get what is later`()
    async throws
  {
    try await withBus { bus, table, loops in
      var sockets: [InProcessSocket] = []
      for _ in 0..<1300 { sockets.append(await table.connect(Request(.get, "/ws/hall/"), on: loops.loops[0])) }
      for n in 0..<5 { bus.publish("hall", "\(n)") }
      let late = await table.connect(Request(.get, "/ws/hall/"), on: loops.loops[0])
      bus.publish("hall", "last")
      #expect(await late.next() == "last")
      for socket in sockets {
        for n in 0..<5 { #expect(await socket.next() == "\(n)") }
        #expect(await socket.next() == "last")
      }
    }
  }

  @Test func `a subscriber hears in order until it cancels`() async throws {
    try await withBus { bus, _, _ in
      let (heard, teller) = AsyncStream.makeStream(of: String.self)
      let subscription = bus.subscribe("news") { teller.yield($0) }
      for n in 0..<10 { bus.publish("news", "\(n)") }
      var iterator = heard.makeAsyncIterator()
      for n in 0..<10 { #expect(await iterator.next() == "\(n)") }
      subscription.cancel()
      #expect(bus.publish("news", "unheard") == 0)
    }
  }

  @Test func `a large room is served in slices, and a small one does not wait for it`() async throws {
    let loops = LoopGroup(count: 1, log: .silent)
    let bus = Bus(loops: loops)
    let order = Locked<[String]>([])
    let (heard, teller) = AsyncStream.makeStream(of: Void.self)
    var subscriptions = (0..<Bus.slice * 3).map { n in
      bus.subscribe("hall") { text in
        let isLast = order.withLock { order in
          order.append(text)
          return order.count == Bus.slice * 6 + 1
        }
        if isLast { teller.yield() }
      }
    }
    subscriptions.append(bus.subscribe("pair") { text in order.withLock { $0.append(text) } })
    // From the loop itself, so that all three wait in its inbox together.
    loops.loops[0].post {
      bus.publish("hall", "first")
      bus.publish("hall", "second")
      bus.publish("pair", "small")
    }
    var iterator = heard.makeAsyncIterator()
    await iterator.next()
    let said = order.withLock { $0 }
    #expect(said.first == "small")
    #expect(
      Array(said.dropFirst()) == Array(repeating: "first", count: Bus.slice * 3)
        + Array(repeating: "second", count: Bus.slice * 3))
    for subscription in subscriptions { subscription.cancel() }
    loops.stop()
  }

  private final class Pair: BusRelay {
    let deliver = Locked<(@Sendable (String, String) -> Void)?>(nil)
    let missed = Locked<(@Sendable () -> Void)?>(nil)
    let said = Locked<[String]>([])
    func forward(_ topic: String, _ text: String) { said.withLock { $0.append(topic + ":" + text) } }
    func receive(_ deliver: @escaping @Sendable (String, String) -> Void, missed: @escaping @Sendable () -> Void) {
      self.deliver.withLock { $0 = deliver }
      self.missed.withLock { $0 = missed }
    }
    func opened(_ topic: String) { said.withLock { $0.append("+" + topic) } }
    func closed(_ topic: String) { said.withLock { $0.append("-" + topic) } }
  }

  @Test func `a relay carries messages to other nodes, and theirs here without sending them back`() async throws {
    let loops = LoopGroup(count: 1, log: .silent)
    let relay = Pair()
    let bus = Bus(loops: loops, relay: relay)
    let (heard, teller) = AsyncStream.makeStream(of: String.self)
    let subscription = bus.subscribe("news", missed: { teller.yield("missed") }) { teller.yield($0) }
    let second = bus.subscribe("news") { _ in }
    bus.publish("news", "ours")
    relay.deliver.withLock { $0 }?("news", "theirs")
    relay.missed.withLock { $0 }?()
    var iterator = heard.makeAsyncIterator()
    #expect(await iterator.next() == "ours")
    #expect(await iterator.next() == "theirs")
    #expect(await iterator.next() == "missed")
    subscription.cancel()
    second.cancel()
    #expect(relay.said.withLock { $0 } == ["+news", "news:ours", "-news"])
    loops.stop()
  }

  @Test func `when other nodes' messages were lost, sockets that joined are told to come back`() async throws {
    let loops = LoopGroup(count: 1, log: .silent)
    let relay = Pair()
    let bus = Bus(loops: loops, relay: relay)
    var routes = Routes()
    routes.socket(Path("/ws/:topic/", as: String.self), as: Guest.self) { _, _, topic in Talk(bus, topic) }
    var settings = WebSettings(siteURL: "http://localhost", secret: Array(repeating: 7, count: 32))
    settings.rateFactor = 0
    let table = RouteTable(routes, settings: settings, log: .silent)
    let socket = await table.connect(Request(.get, "/ws/one/"), on: loops.loops[0])
    relay.missed.withLock { $0 }?()
    #expect(await socket.next() == nil)
    #expect(socket.closeCode == .goingAway)
    loops.stop()
  }
}
