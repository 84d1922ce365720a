import Core
import Crypto
import Glibc
import JSON
import Loop
import Redis
import TestKit
import Testing
import Web

@testable import Captcha
@testable import tutalink

/// The question whether a person sent a form, asked by two nodes of one site that remember what was used in a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .serialized) struct SharedProofTests {
  /// One process of the site, as far as this goes: its own connection, its own memory.
  private final class Node: Sendable {
    let redis: Redis
    let captcha: Captcha

    init(_ address: RedisAddress, _ loops: LoopGroup) {
      redis = Redis(address, loops: loops, log: .silent)
      redis.warm()
      captcha = Captcha(
        .work(bits: 4), secret: "the same for both", siteURL: "https://tutors.example", store: SharedLimits(redis))
    }

    /// Whether the form is taken.
    func takes(_ proof: String?, form: String = "register", from address: String = "203.0.113.1") async -> Bool {
      let body = JSON.object(proof.map { ["captcha": .string($0)] } ?? [:]).bytes
      do {
        try await captcha.judge(Request(.post, "/x", body: body, address: address), for: form)
        return true
      } catch { return false }
    }

    /// A proof of a challenge that this node gave out, worked out as a browser does.
    func proof(for form: String = "register") throws -> String {
      guard case .work(let challenge, let bits) = captcha.field(for: form) else { throw Failure.notFound }
      let seed = SHA256.hash(challenge)
      let numbers = (0..<UInt32(Work.count)).map { index in
        (0...UInt32.max).first { Work.zeros(seed, index, $0) >= bits }!
      }
      return challenge + ":" + numbers.map(String.init).joined(separator: ",")
    }
  }

  private func withNodes(_ body: (_ one: Node, _ other: Node, _ server: RedisServer) async throws -> Void) async throws
  {
    let server = RedisServer()
    let loops = LoopGroup(count: 2, log: .silent)
    let address = try #require(RedisAddress("redis://127.0.0.1:\(server.port)"))
    let nodes = [Node(address, loops), Node(address, loops)]
    // A server that has just been started is not there at once.
    for node in nodes {
      while (try? await node.redis.command("PING")) == nil { try await loops.any.sleep(.milliseconds(10)) }
    }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(nodes[0], nodes[1], server)) } catch { outcome = .failure(error) }
    for node in nodes { await node.redis.close() }
    loops.stop()
    server.kill()
    try outcome.get()
  }

  @Test func `a proof is spent once on all nodes, whichever gave the challenge and whichever took it`() async throws {
    try await withNodes { one, other, _ in
      let proof = try one.proof()
      // Refused for another form, and not used up by that.
      #expect(await !other.takes(proof, form: "reset"))
      #expect(await other.takes(proof))
      #expect(await !one.takes(proof))
      #expect(await !other.takes(proof))
      #expect(await one.takes(try other.proof()))
      // Redis itself remembers it, for no longer than the challenge could have lived.
      let keys = try await one.redis.command("KEYS", "tutalink:limit:captcha-used:*")
      let names = try #require(keys.list)
      #expect(names.count == 2)
      for case .text(let name) in names {
        let left = try #require(try await one.redis.command("PTTL", name).number)
        #expect(left > 0 && left <= 2 * 3600 * 1000 + 1)
      }
    }
  }

  @Test func `one proof sent to both nodes many times at once is taken once`() async throws {
    try await withNodes { one, other, _ in
      for _ in 0..<5 {
        let proof = try one.proof()
        let taken = await withTaskGroup { group in
          for at in 0..<40 { group.addTask { await (at.isMultiple(of: 2) ? one : other).takes(proof) } }
          return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(taken == 1)
      }
    }
  }

  @Test func `forms without a proof are counted over all nodes`() async throws {
    try await withNodes { one, other, _ in
      #expect(await one.takes(nil))
      #expect(await other.takes(nil))
      #expect(await one.takes(nil))
      #expect(await !other.takes(nil))
      #expect(await !one.takes(nil))
      #expect(await other.takes(nil, from: "203.0.113.9"))
    }
  }

  @Test func `while Redis is away each node counts by itself, and what was spent before stays spent when it is back`()
    async throws
  {
    try await withNodes { one, other, server in
      let early = try one.proof()
      #expect(await one.takes(early))
      server.pause()
      let late = try one.proof()
      #expect(await one.takes(late))
      #expect(await !one.takes(late), "its own memory knows")
      server.resume()
      while (try? await other.redis.command("PING")) == nil { try await other.redis.loops.any.sleep(.milliseconds(10)) }
      #expect(await !other.takes(early))
    }
  }
}
