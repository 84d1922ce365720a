import Core
import Glibc
import Loop
import TestDatabase
import Testing

@testable import Web

/// What came of a writer, told to a test that waits for it.
private final class Ending: Sendable {
  private let stream: AsyncStream<String>
  private let continuation: AsyncStream<String>.Continuation

  init() { (stream, continuation) = AsyncStream<String>.makeStream() }

  func tell(_ words: String) { continuation.yield(words) }

  /// The next ending.
  func next() async -> String? {
    var iterator = stream.makeAsyncIterator()
    return await iterator.next()
  }
}

@Suite(.serialized) struct StreamTests {
  private struct Broken: Error {}

  private func withStreams(
    _ ending: Ending, _ change: (inout ServerSettings) -> Void = { _ in },
    deadline: Duration = .minutes(1), _ body: (Running) async throws -> Void
  ) async throws {
    try await withServer({ _, settings in change(&settings) }) { routes in
      routes.on(.get, Path("/lines/:n", as: Int.self), as: Guest.self) { _, _, n in
        .stream(type: "text/csv", within: deadline) { out in
          for line in 0..<n { try await out.send("line \(line)\n") }
          ending.tell("whole")
        }.saved(as: "lines.csv")
      }
      routes.on(.get, "/endless", as: Guest.self) { _, _ in
        .stream(type: "text/plain", within: deadline) { out in
          var sent = 0
          do {
            while true {
              try await out.send([UInt8](repeating: 120, count: 10_000))
              sent += 1
            }
          } catch {
            ending.tell("\(type(of: error)) \(sent < 2000)")
            throw error
          }
        }
      }
      routes.on(.get, "/silent", as: Guest.self) { _, _ in
        .stream(type: "text/plain", within: deadline) { out in
          try await out.send("begun\n")
          do { try await Task.sleep(for: .seconds(3600)) } catch {
            ending.tell("\(type(of: error))")
            throw error
          }
        }
      }
      routes.on(.get, "/broken", as: Guest.self) { _, _ in
        .stream(type: "text/plain") { out in
          try await out.send("half")
          throw Broken()
        }
      }
      routes.on(.get, "/hello", as: Guest.self) { _, _ in .text("hello") }
    } _: { running in
      try await body(running)
    }
  }

  /// The chunks of a chunked body put together, and whether its last chunk came.
  private func chunks(_ wire: Wire) -> (body: String, isWhole: Bool) {
    var text: [UInt8] = []
    while true {
      var line: [UInt8] = []
      while !line.suffix(2).elementsEqual([13, 10]) {
        guard let byte = wire.bytes(1) else { return (String(decoding: text, as: UTF8.self), false) }
        line += byte
      }
      let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) ?? -1
      guard size >= 0, let chunk = wire.bytes(size + 2) else { return (String(decoding: text, as: UTF8.self), false) }
      if size == 0 { return (String(decoding: text, as: UTF8.self), true) }
      text += chunk.dropLast(2)
    }
  }

  private func ask(_ wire: Wire, _ target: String, _ method: String = "GET") {
    wire.say("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
  }

  @Test func `a streamed body comes whole, and the connection serves the next`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      let wire = running.wire()
      for n in [0, 1, 3, 50_000] {
        ask(wire, "/lines/\(n)")
        let head = try #require(wire.answer(isHead: true))
        #expect(head.status == 200)
        #expect(head.header("transfer-encoding") == "chunked")
        #expect(head.header("content-length") == nil)
        #expect(head.header("content-disposition")?.contains("lines.csv") == true)
        let (body, isWhole) = chunks(wire)
        #expect(isWhole)
        #expect(body == (0..<n).map { "line \($0)\n" }.joined())
      }
      ask(wire, "/hello")
      #expect(wire.answer()?.text == "hello")
    }
  }

  @Test func `HEAD has the head and makes nothing`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      let wire = running.wire()
      ask(wire, "/endless", "HEAD")
      let head = try #require(wire.answer(isHead: true))
      #expect(head.status == 200)
      #expect(head.header("content-type") == "text/plain")
      #expect(head.header("content-length") == nil)
      // Not a byte more, which would be taken for the next answer.
      #expect(wire.ends())
      #expect(wire.buffer.isEmpty)
    }
  }

  @Test func `a client of HTTP 1.0 gets the bytes and the end of the connection`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      let wire = running.wire()
      wire.say("GET /lines/3 HTTP/1.0\r\nHost: localhost\r\n\r\n")
      #expect(wire.answer(isHead: true)?.header("transfer-encoding") == nil)
      #expect(wire.bytes(21).map { String(decoding: $0, as: UTF8.self) } == "line 0\nline 1\nline 2\n")
      #expect(wire.ends())
    }
  }

  @Test func `a writer waits for a slow reader, and ends when the reader leaves`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      do {
        let wire = running.wire()
        ask(wire, "/endless")
        #expect(wire.answer(isHead: true)?.status == 200)
        // Others are served while this one is behind.
        let other = running.wire()
        ask(other, "/hello")
        #expect(other.answer()?.text == "hello")
      }
      // Less than two thousand pieces were made: the writer did not run ahead of the sockets' buffers.
      #expect(await ending.next() == "CancellationError true")
    }
  }

  @Test func `a client that leaves a silent body is noticed`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      do {
        let wire = running.wire()
        ask(wire, "/silent")
        #expect(wire.answer(isHead: true)?.status == 200)
        #expect(wire.bytes(1) != nil)
      }
      #expect(await ending.next() == "CancellationError")
    }
  }

  @Test func `the deadline of the whole body ends a silent one and an endless one`() async throws {
    for target in ["/silent", "/endless"] {
      let ending = Ending()
      try await withStreams(ending, deadline: .milliseconds(200)) { running in
        let wire = running.wire()
        ask(wire, target)
        #expect(wire.answer(isHead: true)?.status == 200)
        #expect(await ending.next()?.hasPrefix("CancellationError") == true)
        #expect(!chunks(wire).isWhole)
      }
    }
  }

  @Test func `a body that breaks is cut, so that nobody takes it for whole`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      let wire = running.wire()
      ask(wire, "/broken")
      #expect(wire.answer(isHead: true)?.status == 200)
      #expect(!chunks(wire).isWhole)
    }
  }

  @Test func `stopping ends every body that is being made`() async throws {
    let ending = Ending()
    try await withStreams(ending, { $0.grace = .milliseconds(50) }) { running in
      let wires = ["/silent", "/endless", "/silent", "/endless"].map { target in
        let wire = running.wire()
        ask(wire, target)
        return wire
      }
      for wire in wires { #expect(wire.answer(isHead: true)?.status == 200) }
      await running.server.stop()
      for _ in wires { #expect(await ending.next()?.hasPrefix("CancellationError") == true) }
      #expect(running.server.exchanges == 0)
    }
  }

  @Test func `in memory a stream is a body like any other`() async throws {
    let ending = Ending()
    try await withStreams(ending) { running in
      #expect(await running.table.answer(Request(.get, "/lines/2")).text == "line 0\nline 1\n")
      #expect(await running.table.answer(Request(.head, "/endless")).status == 200)
      #expect(await running.table.answer(Request(.get, "/broken")).status == 500)
    }
  }

  @Test func `a reader of a file that takes a byte now and then is cut at the deadline`() async throws {
    let folder = Folder()
    folder.write("large.bin", String(repeating: "x", count: 8 << 20))
    let path = folder.path + "/large.bin"
    try await withServer({ _, settings in
      settings.sendDeadline = .milliseconds(100)
      settings.sendRate = 1 << 30
    }) { routes in
      routes.on(.get, "/large", as: Guest.self) { request, _ in
        try .file(path: path, type: "application/octet-stream", for: request)
      }
    } _: { running in
      let wire = running.wire()
      ask(wire, "/large")
      #expect(wire.answer(isHead: true)?.header("content-length") == String(8 << 20))
      // The server cuts while nothing is read; what was on its way still comes, and then the end, not the whole.
      while running.server.exchanges > 0 { await Task.yield() }
      #expect(wire.bytes(8 << 20) == nil)
    }
  }
}
