import Core
import Loop
import Testing

@testable import Bus

/// Carries what is said to every ear, unless it is broken.
private final class Air: Sendable {
  private let ears = Locked<[@Sendable (String) -> Void]>([])
  private let asks = Locked<[@Sendable () -> Void]>([])
  let isBroken = Locked(false)
  let isDeaf = Locked(false)
  let texts = Locked<[String]>([])

  struct Broken: Error {}

  func carrier(_ name: String, limit: Int? = nil) -> Carrier {
    Carrier(
      name, limit: limit,
      send: { [self] texts in
        if isBroken.withLock({ $0 }) { throw Broken() }
        self.texts.withLock { $0 += texts }
        if isDeaf.withLock({ $0 }) { return }
        for text in texts { for ear in ears.withLock({ $0 }) { ear(text) } }
      },
      receive: { [self] missed, heard in
        ears.withLock { $0.append(heard) }
        asks.withLock { $0.append(missed) }
      })
  }

  var listeners: Int { ears.withLock { $0.count } }
  /// Whoever began to listen last may have missed something.
  func miss() { asks.withLock { $0.last }?() }
}

@Suite struct NodeRelayTests {
  private struct Pair {
    let first: Bus
    let second: Bus
    let relays: [NodeRelay]
    let stream: AsyncStream<String>
  }

  /// Two nodes; the second listens to “news”.
  private func withPair(
    _ airs: [Air], limit: Int? = nil, _ body: (Pair) async throws -> Void
  ) async throws {
    let loops = LoopGroup(count: 2, log: .silent)
    let relays = (0..<2).map { n in
      NodeRelay(
        carriers: airs.enumerated().map { $1.carrier("air-\($0)", limit: limit) }, loop: loops.loops[n], log: .silent)
    }
    let first = Bus(loops: loops, relay: relays[0])
    let second = Bus(loops: loops, relay: relays[1])
    for (at, relay) in relays.enumerated() {
      relay.start()
      while airs.contains(where: { $0.listeners <= at }) { await Task.yield() }
    }
    let (stream, teller) = AsyncStream.makeStream(of: String.self)
    let subscription = second.subscribe("news") { teller.yield($0) }
    try await body(Pair(first: first, second: second, relays: relays, stream: stream))
    subscription.cancel()
    for relay in relays { relay.close() }
    loops.stop()
  }

  @Test func `what one node says the other hears in order, and the one that said it hears it once`() async throws {
    try await withPair([Air()]) { pair in
      var heard = pair.stream.makeAsyncIterator()
      let (own, teller) = AsyncStream.makeStream(of: String.self)
      let subscription = pair.first.subscribe("news") { teller.yield($0) }
      for n in 0..<2000 { pair.first.publish("news", "\(n)") }
      for n in 0..<2000 { #expect(await heard.next() == "\(n)") }
      pair.first.publish("news", "end")
      var iterator = own.makeAsyncIterator()
      for n in 0..<2000 { #expect(await iterator.next() == "\(n)") }
      #expect(await iterator.next() == "end")
      subscription.cancel()
    }
  }

  @Test func `when the first carrier dies the second takes over, and nothing is lost or repeated`() async throws {
    let (redis, postgres) = (Air(), Air())
    try await withPair([redis, postgres]) { pair in
      var heard = pair.stream.makeAsyncIterator()
      pair.first.publish("news", "one")
      #expect(await heard.next() == "one")
      // The last word is taken and never brought: as by a server that dies with it.
      redis.isDeaf.withLock { $0 = true }
      pair.first.publish("news", "two")
      while redis.texts.withLock({ $0.count }) < 2 { await Task.yield() }
      redis.isBroken.withLock { $0 = true }
      pair.first.publish("news", "three")
      #expect(await heard.next() == "two")
      #expect(await heard.next() == "three")
      #expect(pair.relays[0].figures.carrier == "air-1")
      // It comes back, and is used again.
      redis.isDeaf.withLock { $0 = false }
      redis.isBroken.withLock { $0 = false }
      pair.first.publish("news", "four")
      #expect(await heard.next() == "four")
      pair.first.publish("news", "five")
      #expect(await heard.next() == "five")
      #expect(pair.relays[1].figures.heard == 5)
      #expect(pair.relays[1].figures.repeated > 0)
    }
  }

  @Test func `without any carrier the own node goes on, and the others hear it when one is back`() async throws {
    let air = Air()
    air.isBroken.withLock { $0 = true }
    try await withPair([air]) { pair in
      var heard = pair.stream.makeAsyncIterator()
      let (own, teller) = AsyncStream.makeStream(of: String.self)
      let subscription = pair.first.subscribe("news") { teller.yield($0) }
      pair.first.publish("news", "here")
      var iterator = own.makeAsyncIterator()
      #expect(await iterator.next() == "here")
      while !pair.relays[0].figures.isCut { await Task.yield() }
      air.isBroken.withLock { $0 = false }
      #expect(await heard.next() == "here")
      #expect(!pair.relays[0].figures.isCut)
      subscription.cancel()
    }
  }

  @Test func `who may have missed something has it said again`() async throws {
    let air = Air()
    try await withPair([air]) { pair in
      var heard = pair.stream.makeAsyncIterator()
      air.isDeaf.withLock { $0 = true }
      pair.first.publish("news", "unheard")
      while air.texts.withLock({ $0.isEmpty }) { await Task.yield() }
      air.isDeaf.withLock { $0 = false }
      air.miss()
      #expect(await heard.next() == "unheard")
    }
  }

  @Test func `what is longer than a carrier takes goes in pieces, cut between characters`() async throws {
    let air = Air()
    try await withPair([air], limit: 100) { pair in
      var heard = pair.stream.makeAsyncIterator()
      let long = String(repeating: "čaj ☕️ 👩‍🏫 ", count: 60)
      pair.first.publish("news", long)
      pair.first.publish("news", "short\n\u{0}line")
      #expect(await heard.next() == long)
      #expect(await heard.next() == "short\nline")
      #expect(air.texts.withLock { $0.allSatisfy { $0.utf8.count <= 100 } })
    }
  }
}
