import Core
import TestKit
import Testing

@testable import Home

@Suite struct DashboardChannelTests {
  @Test func `each person has a topic of their own`() {
    #expect(Set(Person.cast.map { DashboardChannel.topic(of: $0.id) }).count == Person.cast.count)
  }
}
