import Core
import Loop
import TestDatabase
import Testing

@testable import Redis

@Suite(.enabled(if: RedisServer.isInstalled), .serialized) struct RedisTests {
  private func withRedis(
    password: String? = nil, url: ((Int) -> String)? = nil,
    _ body: (Redis, RedisServer) async throws -> Void
  ) async throws {
    let server = RedisServer(password: password)
    let loops = LoopGroup(count: 2, log: .silent)
    let address = try #require(RedisAddress(url?(server.port) ?? "redis://127.0.0.1:\(server.port)"))
    let redis = Redis(address, loops: loops, log: .silent)
    redis.warm()
    try await body(redis, server)
    await redis.close()
    loops.stop()
    server.kill()
  }

  /// Asks until it is answered: a server that has just been started is not there at once.
  private func ready(_ redis: Redis) async throws {
    for _ in 0..<2000 {
      if let reply = try? await redis.command("PING") {
        #expect(reply == .text("PONG"))
        return
      }
      try await redis.loops.loops[0].sleep(.milliseconds(10))
    }
    Issue.record("Redis did not come up")
  }

  @Test func `commands from many tasks get their own replies, of every kind`() async throws {
    try await withRedis { redis, _ in
      try await ready(redis)
      try await withThrowingTaskGroup { group in
        for n in 0..<200 {
          group.addTask {
            let text = "value \(n) – ☕️\r\n"
            let (set, length) = (
              try await redis.command("SET", "k\(n)", text), try await redis.command("STRLEN", "k\(n)")
            )
            let (kept, none) = (try await redis.command("GET", "k\(n)"), try await redis.command("GET", "none"))
            #expect(set == .text("OK") && kept == .text(text) && none == .nothing)
            #expect(length == .number(text.utf8.count))
          }
        }
        try await group.waitForAll()
      }
      let many = try await redis.batch([["RPUSH", "l", "a", "b"], ["LRANGE", "l", "0", "-1"], ["NOSUCH"]])
      #expect(many[0] == .number(2))
      #expect(many[1] == .list([.text("a"), .text("b")]))
      if case .refused = many[2] {} else { Issue.record("an unknown command was not refused") }
      await #expect(throws: RedisError.self) { try await redis.command("NOSUCH") }
    }
  }

  @Test func `a password and a database are used, and a wrong password is no connection`() async throws {
    try await withRedis(password: "p@ss/word", url: { "redis://:p%40ss%2Fword@localhost:\($0)/3" }) { redis, server in
      try await ready(redis)
      _ = try await redis.command("SET", "x", "1")
      let zero = Redis(
        try #require(RedisAddress("redis://:p%40ss%2Fword@127.0.0.1:\(server.port)/0")), loops: redis.loops,
        log: .silent)
      #expect(try await zero.command("GET", "x") == .nothing)
      await zero.close()
      let wrong = Redis(
        try #require(RedisAddress("redis://:wrong@127.0.0.1:\(server.port)")), loops: redis.loops, log: .silent)
      await #expect(throws: Failure.unavailable) { try await wrong.command("GET", "x") }
      #expect(!wrong.isUp)
      await wrong.close()
    }
  }

  @Test func `a server that dies is said to be away at once, and used again when it is back`() async throws {
    try await withRedis { redis, server in
      try await ready(redis)
      server.kill()
      await #expect(throws: Failure.unavailable) { () async throws -> Void in
        while true { _ = try await redis.command("PING") }
      }
      #expect(!redis.isUp)
      server.start()
      try await ready(redis)
      #expect(redis.isUp)
    }
  }

  @Test func `a server that says nothing is given up after the deadline`() async throws {
    try await withRedis { redis, server in
      try await ready(redis)
      server.pause()
      await #expect(throws: Failure.unavailable) { try await redis.command("PING", within: .milliseconds(50)) }
      await #expect(throws: Failure.unavailable) { try await redis.command("PING", within: .seconds(60)) }
      server.resume()
      try await ready(redis)
    }
  }

  @Test func `a follower hears every entry once and in order, across a broken connection`() async throws {
    try await withRedis { redis, _ in
      try await ready(redis)
      let stream = RedisStream(redis, key: "s")
      try await stream.append(["before"])
      let (heard, teller) = AsyncStream.makeStream(of: String.self)
      let follower = Task { await stream.follow { teller.yield($0) } }
      var iterator = heard.makeAsyncIterator()
      // It listens from some moment on: say “hello” until it is heard.
      let greeter = Task {
        while !Task.isCancelled {
          try await stream.append(["hello"])
          try await redis.loops.loops[0].sleep(.milliseconds(20))
        }
      }
      #expect(await iterator.next() == "hello")
      greeter.cancel()
      _ = try? await greeter.value
      for n in 0..<300 {
        if n == 150 { _ = try await redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
        while (try? await stream.append(["\(n)"])) == nil {
          try await redis.loops.loops[0].sleep(.milliseconds(10))
        }
      }
      var expected = 0
      while expected < 300, let text = await iterator.next() {
        if text == "hello" { continue }
        #expect(text == "\(expected)")
        expected += 1
      }
      await redis.close()
      await follower.value
    }
  }

  @Test func `a follower says that it missed something when the server has forgotten, and goes on`() async throws {
    try await withRedis { redis, server in
      try await ready(redis)
      let stream = RedisStream(redis, key: "s")
      try await stream.append(["old"])
      let (heard, teller) = AsyncStream.makeStream(of: String.self)
      let follower = Task { await stream.follow(missed: { teller.yield("missed") }) { teller.yield($0) } }
      var iterator = heard.makeAsyncIterator()
      let greeter = Task {
        while !Task.isCancelled {
          _ = try? await stream.append(["hello"])
          try await redis.loops.loops[0].sleep(.milliseconds(20))
        }
      }
      #expect(await iterator.next() == "hello")
      greeter.cancel()
      _ = try? await greeter.value
      server.kill()
      server.start()
      var text = await iterator.next()
      while text == "hello" { text = await iterator.next() }
      #expect(text == "missed")
      try await ready(redis)
      try await stream.append(["new"])
      #expect(await iterator.next() == "new")
      await redis.close()
      await follower.value
    }
  }

  @Test func `a bucket is spent once, whoever asks, and fills again`() async throws {
    try await withRedis { redis, _ in
      try await ready(redis)
      let buckets = RedisBuckets(redis, prefix: "b:")
      @Sendable func take(_ key: String, _ count: Int, interval: Int64) async throws -> Bool {
        try await buckets.spend(key, interval: interval, count: count, within: .seconds(5)) + interval
          <= interval * Int64(count)
      }
      let allowed = try await withThrowingTaskGroup(of: Bool.self, returning: Int.self) { group in
        for _ in 0..<100 { group.addTask { try await take("ada", 10, interval: 1_000_000_000) } }
        var count = 0
        for try await one in group where one { count += 1 }
        return count
      }
      #expect(allowed == 10)
      let other = try await take("ben", 10, interval: 1_000_000_000)
      #expect(other)
      // A hundred a second: one is back as soon as asked again a few times.
      while try await !take("cy", 1, interval: 10_000) {}
      while try await !take("cy", 1, interval: 10_000) {}
    }
  }
}

@Suite struct RedisAddressTests {
  @Test func `addresses are read, and what is none is refused`() throws {
    #expect(RedisAddress("redis://localhost")?.place == .host("localhost", port: 6379))
    #expect(RedisAddress("redis://10.0.0.5:7000/2")?.database == 2)
    #expect(RedisAddress("redis://[::1]:7000")?.place == .host("::1", port: 7000))
    let full = try #require(RedisAddress("redis://ada:a%3Ab@example.org:1/0"))
    #expect(full.user == "ada" && full.password == "a:b")
    #expect(RedisAddress("unix:/run/redis.sock")?.place == .socket("/run/redis.sock"))
    for text in [
      "", "localhost", "rediss://x", "redis://", "redis://x:0", "redis://x:65536", "redis://x:a", "redis://x/y",
      "redis://x@y", "redis://:%zz@y", "unix:relative", "redis://[::1]x",
    ] { #expect(RedisAddress(text) == nil, "\(text)") }
  }
}
