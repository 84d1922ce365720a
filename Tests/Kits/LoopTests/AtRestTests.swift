import Core
import Testing

@testable import Loop

@Suite struct AtRestTests {
  @Test func `it tidies time and again until it is closed`() async throws {
    let group = LoopGroup(count: 1, log: .silent)
    let pool = BlockingPool(threads: 1)
    let (tidied, continuation) = AsyncStream<Void>.makeStream()
    let rest = AtRest(loop: group.any, pool: pool, every: .milliseconds(1)) { continuation.yield() }
    rest.start()
    var seen = 0
    for await _ in tidied {
      seen += 1
      if seen == 3 { break }
    }
    rest.close()
    #expect(seen == 3)
    group.stop()
  }
}
