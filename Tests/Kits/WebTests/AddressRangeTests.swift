import Testing

@testable import Web

@Suite struct AddressRangeTests {
  @Test func `ranges hold what lies in them, in either family and in IPv6 clothes`() throws {
    let four = try #require(AddressRange("203.0.113.0/25"))
    #expect(four.contains("203.0.113.0") && four.contains("203.0.113.127") && four.contains("::ffff:203.0.113.9"))
    #expect(!four.contains("203.0.113.128") && !four.contains("2001:db8::1") && !four.contains("no address"))
    let six = try #require(AddressRange("2001:db8:0:8000::/49"))
    #expect(six.contains("2001:db8:0:ffff::1") && !six.contains("2001:db8:0:7fff::1") && !six.contains("203.0.113.1"))
    let one = try #require(AddressRange("198.51.100.7"))
    #expect(one.contains("198.51.100.7") && !one.contains("198.51.100.8"))
    let all = try #require(AddressRange("0.0.0.0/0"))
    #expect(all.contains("8.8.8.8") && !all.contains("2001:db8::1"))
    let everything = try #require(AddressRange("::/0"))
    #expect(everything.contains("2001:db8::1") && everything.contains("8.8.8.8"))
  }

  @Test(arguments: [
    "", "/", "203.0.113.0/33", "2001:db8::/129", "203.0.113.1/24", "2001:db8::1/64", "203.0.113.0/-1", "203.0.113.0/",
    "203.0.113/24", "203.0.113.0/24/8", "example.org", "203.0.113.0/ 24",
  ])
  func `what is no range is refused`(_ text: String) { #expect(AddressRange(text) == nil) }

  @Test func `a record keeps the neighbourhood alone`() {
    #expect(AddressRange.neighbourhood(of: "203.0.113.77") == "203.0.113.0/24")
    #expect(AddressRange.neighbourhood(of: "::ffff:203.0.113.77") == "203.0.113.0/24")
    #expect(AddressRange.neighbourhood(of: "2001:db8:12:34::9") == "2001:db8:12::/48")
    #expect(AddressRange.neighbourhood(of: "nowhere") == nil)
  }
}
