import Core
import JSON
import Testing

@testable import Web

@Suite struct RouteTests {
  @Test func `numbers of requests sort by time and differ`() {
    let numbers = (0..<100).map { _ in RequestNumber.next() }
    #expect(Set(numbers).count == 100)
    #expect(numbers.allSatisfy { $0.utf8.count == 16 })
  }
}
