import Core
import JSON
import Loop
import TestDatabase
import Testing

@testable import Outbound

@Suite struct HTTPClientTests {
  /// One loop, one courier, one peer that misbehaves on request.
  func withPeer(_ body: (HTTPClient, _ address: String) async throws -> Void) async throws {
    let peer = try Peer("http_peer.py")
    let loops = LoopGroup(count: 2, log: .silent)
    let courier = Courier(loops: loops)
    do { try await body(HTTPClient(courier), "http://127.0.0.1:\(peer.port("http"))") } catch {
      await courier.close()
      loops.stop()
      throw error
    }
    await courier.close()
    loops.stop()
    withExtendedLifetime(peer) {}
  }

  @Test func `a request arrives as it was made and its answer comes back whole`() async throws {
    try await withPeer { client, address in
      let response = try await client.send(
        OutboundRequest(
          .post, address + "/echo?x=1",
          headers: [("X-One", "1"), ("Content-Type", "application/json"), ("X-Empty", "")],
          body: Array(#"{"a":1}"#.utf8)))
      #expect(response.status == 200)
      #expect(response.header("x-peer") == "yes")
      let said = try JSON.read(response.body)
      #expect(said["method"]?.string == "POST")
      #expect(said["path"]?.string == "/echo?x=1")
      #expect(said["body"]?.string == #"{"a":1}"#)
      let headers = said["headers"]?.array?.compactMap(\.strings) ?? []
      #expect(headers.contains(["x-one", "1"]))
      #expect(headers.contains(["x-empty", ""]))
      #expect(headers.contains(["content-type", "application/json"]))
      #expect(!headers.contains { $0[0] == "expect" })
    }
  }

  @Test(arguments: [OutboundRequest.Method.get, .put, .patch, .delete, .post])
  func `every method is sent under its own name, with and without a body`(_ method: OutboundRequest.Method) async throws
  {
    try await withPeer { client, address in
      for body in [[], Array("hello".utf8)] where method != .get || body.isEmpty {
        let said = try JSON.read(try await client.send(OutboundRequest(method, address + "/echo", body: body)).body)
        #expect(said["method"]?.string == method.rawValue)
        #expect(said["body"]?.string == String(decoding: body, as: UTF8.self))
      }
    }
  }

  @Test func `any status is an answer`() async throws {
    try await withPeer { client, address in
      for status in [204, 404, 500, 503] {
        let got1 = try await client.send(OutboundRequest(.get, address + "/status/\(status)")).status
        #expect(got1 == status)
      }
      let got2 = try await client.send(OutboundRequest(.head, address + "/bytes/100")).status
      #expect(got2 == 200)
    }
  }

  @Test func `redirects are followed only when asked, and never out of HTTP`() async throws {
    try await withPeer { client, address in
      let got3 = try await client.send(OutboundRequest(.get, address + "/redirect")).status
      #expect(got3 == 302)
      let followed = try await client.send(OutboundRequest(.get, address + "/redirect", redirects: 3))
      #expect(followed.status == 200)
      #expect(followed.header("location") == nil)
      await #expect(throws: OutboundError.malformed) {
        try await client.send(OutboundRequest(.get, address + "/file-redirect", redirects: 3))
      }
    }
  }

  @Test func `an answer that is too long is refused, one that just fits is not`() async throws {
    try await withPeer { client, address in
      let got4 = try await client.send(OutboundRequest(.get, address + "/bytes/1000", maximumBody: 1000)).body.count
      #expect(got4 == 1000)
      await #expect(throws: OutboundError.tooLarge) {
        try await client.send(OutboundRequest(.get, address + "/bytes/1001", maximumBody: 1000))
      }
      let got5 = try await client.send(OutboundRequest(.get, address + "/bytes/900000")).body.count
      #expect(got5 == 900_000)
    }
  }

  @Test func `silence ends at the deadline, and what is not there is unreachable`() async throws {
    try await withPeer { client, address in
      await #expect(throws: OutboundError.timedOut) {
        try await client.send(OutboundRequest(.get, address + "/slow", timeout: .milliseconds(200)))
      }
      for gone in ["http://127.0.0.1:\(deadPort)/", address + "/drop"] {
        await #expect {
          try await client.send(OutboundRequest(.get, gone))
        } throws: { error in
          if case OutboundError.unreachable = error { true } else { false }
        }
      }
    }
  }

  @Test func `a cancelled task hangs up at once`() async throws {
    try await withPeer { client, address in
      let task = Task { try await client.send(OutboundRequest(.get, address + "/slow", timeout: .seconds(60))) }
      // The other request keeps the loop honest; then the first is cancelled while it waits.
      _ = try await client.send(OutboundRequest(.get, address + "/status/200"))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let before = Task { try await client.send(OutboundRequest(.get, address + "/slow")) }
      before.cancel()
      await #expect(throws: CancellationError.self) { try await before.value }
    }
  }

  @Test func `the peer sees that a cancelled request has left`() async throws {
    try await withPeer { client, address in
      let started = Task {
        try await client.send(OutboundRequest(.get, address + "/slow", timeout: .milliseconds(300)))
      }
      await #expect(throws: OutboundError.timedOut) { try await started.value }
      let got6 = try await client.send(OutboundRequest(.get, address + "/slow-left", timeout: .seconds(30))).text
      #expect(got6 == "left")
    }
  }

  @Test(arguments: [
    "ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/", "not an address", "http://127.0.0.1/\r\nX: 1", "",
    "http://",
  ])
  func `what is no web address is refused before anything is sent`(_ url: String) async throws {
    try await withPeer { client, _ in
      await #expect(throws: OutboundError.malformed) { try await client.send(OutboundRequest(.get, url)) }
    }
  }

  @Test func `a header cannot break out of its line`() async throws {
    try await withPeer { client, address in
      for header in [("X", "a\r\nY: b"), ("X", "a\nb"), ("X\r\nY", "a"), ("X: y", "a"), ("", "a"), ("X", "a\u{0}b")] {
        await #expect(throws: OutboundError.malformed) {
          try await client.send(OutboundRequest(.get, address + "/echo", headers: [header]))
        }
      }
    }
  }

  @Test func `private addresses are refused when only public ones are wanted, under every name`() async throws {
    try await withPeer { client, address in
      let port = address.split(separator: ":").last!
      for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        await #expect(throws: OutboundError.privateAddress, "\(host)") {
          try await client.send(
            OutboundRequest(.get, "http://\(host):\(port)/echo", timeout: .seconds(5), reach: .publicOnly))
        }
      }
    }
  }

  @Test func `the registries of special addresses are known`() {
    for (text, expected) in [
      ("8.8.8.8", true), ("10.1.2.3", false), ("172.15.0.1", true), ("172.16.0.1", false), ("172.31.255.255", false),
      ("172.32.0.1", true), ("192.168.1.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
      ("100.128.0.1", true),
      ("224.0.0.1", false), ("255.255.255.255", false), ("0.1.2.3", false), ("198.18.0.1", false),
      ("203.0.113.7", false),
      ("192.0.2.1", false), ("192.0.3.1", true), ("192.88.99.1", false),
    ] {
      #expect(PublicAddress.isPublic(v4: text.split(separator: ".").map { UInt8($0)! }) == expected, "\(text)")
    }
    func v6(_ head: [UInt8]) -> Bool {
      PublicAddress.isPublic(v6: head + [UInt8](repeating: 1, count: 16 - head.count))
    }
    #expect(v6([0x2A, 0x00]))
    #expect(v6([0x20, 0x01, 0x48, 0x60]))
    #expect(!v6([0x20, 0x01, 0x0D, 0xB8]))
    #expect(!v6([0x20, 0x01, 0x00, 0x00]))
    #expect(!v6([0x20, 0x02, 0x7F, 0x00]))
    #expect(!v6([0xFE, 0x80]))
    #expect(!v6([0xFD, 0x00]))
    #expect(!v6([0xFF, 0x02]))
    #expect(!v6([0x00, 0x64, 0xFF, 0x9B]))
    #expect(!PublicAddress.isPublic(v6: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 8, 8, 8, 8]))
  }

  @Test func `many requests at once all come back`() async throws {
    try await withPeer { client, address in
      let total = try await withThrowingTaskGroup(of: Int.self) { group in
        for n in 0..<60 {
          group.addTask {
            let response = try await client.send(
              OutboundRequest(.post, address + "/echo", body: Array("\(n)".utf8), timeout: .seconds(30)))
            return Int(try JSON.read(response.body)["body"]?.string ?? "") ?? -1000
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(total == 59 * 60 / 2)
    }
  }

  @Test func `closing ends what is under way`() async throws {
    let peer = try Peer("http_peer.py")
    let loops = LoopGroup(count: 1, log: .silent)
    let courier = Courier(loops: loops)
    let client = HTTPClient(courier)
    let address = "http://127.0.0.1:\(peer.port("http"))"
    _ = try await client.send(OutboundRequest(.get, address + "/status/200"))
    let task = Task { try await client.send(OutboundRequest(.get, address + "/slow", timeout: .seconds(60))) }
    _ = try await client.send(OutboundRequest(.get, address + "/status/200"))
    await courier.close()
    await #expect(throws: (any Error).self) { try await task.value }
    loops.stop()
  }
}
