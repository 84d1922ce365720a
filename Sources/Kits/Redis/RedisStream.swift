import Core
import Loop

/// A stream that several processes write and follow. Unlike a published message an entry can be read again: a follower
/// whose connection broke goes on where it was, as long as the server kept what it had.
package struct RedisStream: Sendable {
  let redis: Redis
  let key: String
  /// About so many entries are kept.
  let length: Int

  package init(_ redis: Redis, key: String, length: Int = 10_000) {
    self.redis = redis
    self.key = key
    self.length = length
  }

  /// Writes all, in order. Throws when it is not sure that all are there; some may be.
  package func append(_ texts: [String]) async throws {
    let replies = try await redis.batch(
      texts.map { ["XADD", key, "MAXLEN", "~", String(length), "*", "m", $0] }, within: .seconds(1))
    for case .refused(let reason) in replies { throw RedisError(description: reason) }
  }

  /// Calls `heard` on a loop for every entry written from now on, until the client is closed. `missed` is called when
  /// some may have been lost: the stream was begun anew (a server that forgot), or cut shorter than we were behind.
  @concurrent package func follow(
    missed: @escaping @Sendable () -> Void = {}, _ heard: @escaping @Sendable (String) -> Void
  ) async {
    let link = redis.ownLink()
    var last: EntryID?
    var isSure = false
    var pause = 50
    while !redis.isClosed {
      do {
        if !isSure {
          let newest = try await end("XREVRANGE", "+", "-", link)
          if let known = last {
            let oldest = try await end("XRANGE", "-", "+", link)
            if newest ?? .zero < known {
              last = .zero
              missed()
            } else if let oldest, known < oldest, known != .zero {
              missed()
            }
          } else {
            last = newest ?? .zero
          }
          isSure = true
        }
        let reply = try await link.run(
          [["XREAD", "COUNT", "500", "BLOCK", "2000", "STREAMS", key, (last ?? .zero).text]], within: .seconds(4))[0]
        if case .refused(let reason) = reply { throw RedisError(description: reason) }
        pause = 50
        for entry in reply.list?.first?.list?.last?.list ?? [] {
          guard let parts = entry.list, parts.count == 2, let id = parts[0].text.flatMap({ EntryID($0) }) else {
            continue
          }
          last = id
          if let text = parts[1].list?.last?.text { heard(text) }
        }
      } catch {
        isSure = false
        try? await link.loop.sleep(.milliseconds(Int.random(in: pause / 2...pause)))
        pause = min(pause * 2, 2000)
      }
    }
  }

  private func end(_ command: String, _ from: String, _ to: String, _ link: RedisLink) async throws -> EntryID? {
    let reply = try await link.run([[command, key, from, to, "COUNT", "1"]], within: .seconds(2))[0]
    if case .refused(let reason) = reply { throw RedisError(description: reason) }
    return reply.list?.first?.list?.first?.text.flatMap { EntryID($0) }
  }

  /// `milliseconds-number`, in the order entries were written.
  private struct EntryID: Comparable, Sendable {
    let time: UInt64
    let number: UInt64
    static let zero = EntryID(time: 0, number: 0)

    init(time: UInt64, number: UInt64) {
      self.time = time
      self.number = number
    }

    init?(_ text: String) {
      let parts = text.split(separator: "-")
      guard parts.count == 2, let time = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
      self.init(time: time, number: number)
    }

    var text: String { "\(time)-\(number)" }

    static func < (a: EntryID, b: EntryID) -> Bool { (a.time, a.number) < (b.time, b.number) }
  }
}
