package import Core
package import Loop

/// A Redis server: one connection on each loop, and what it is used for here: commands with a deadline, streams that
/// several nodes follow, token buckets they share.
///
/// Nothing may depend on it: every call may throw `Failure.unavailable` at once, and whoever calls has another way.
package final class Redis: Sendable {
  package let loops: LoopGroup
  private let address: RedisAddress
  private let links: [RedisLink]
  private let resolver = BlockingPool(threads: 1)
  private let log: Log
  private let followers = Locked<[RedisLink]>([])
  private let closed = Locked(false)

  /// Connects when it is first asked something.
  package init(_ address: RedisAddress, loops: LoopGroup, log: Log = Log()) {
    self.address = address
    self.loops = loops
    self.log = log
    let resolver = resolver
    links = loops.loops.enumerated().map { at, loop in
      // What befalls one befalls all: the first one tells.
      RedisLink(address, loop: loop, resolver: resolver, log: log, isQuiet: at > 0)
    }
  }

  /// Whether the server answered when last heard of.
  package var isUp: Bool { links[0].standing }

  /// Connects at once on every loop, so that no first caller waits.
  package func warm() { for link in links { link.warm() } }

  /// One command. Throws ``RedisError`` when the server refuses it, `Failure.unavailable` when it does not answer.
  package func command(_ words: String..., within limit: Duration = .seconds(1)) async throws -> RedisReply {
    let reply = try await batch([words], within: limit)[0]
    if case .refused(let reason) = reply { throw RedisError(description: reason) }
    return reply
  }

  /// Commands sent together, in order; refusals stand among the replies.
  package func batch(_ commands: [[String]], within limit: Duration = .seconds(1)) async throws -> [RedisReply] {
    let own = links.first { $0.loop.inLoop } ?? links[0]
    return try await own.run(commands, within: limit)
  }

  /// A connection of one's own, for commands that wait.
  func ownLink() -> RedisLink {
    let link = RedisLink(address, loop: loops.loops[0], resolver: resolver, log: log, isQuiet: true)
    followers.withLock { $0.append(link) }
    return link
  }

  var isClosed: Bool { closed.withLock { $0 } }

  /// Ends the connections; what is under way fails. Before the loops stop.
  package func close() async {
    closed.withLock { $0 = true }
    for link in links + followers.withLock({ $0 }) { link.close() }
  }
}
