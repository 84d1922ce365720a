import Core
import Glibc
import Loop
import Testing

@testable import Web

@Suite(.serialized) struct ServerTests {
  private func plain(_ routes: inout Routes) {
    routes.quick("/healthz") { _ in .text("ok") }
    routes.on(.get, "/hello", as: Guest.self) { request, _ in .text("hello \(request.query["name"] ?? "you")") }
    routes.on(.get, Path("/things/:n", as: Int.self), as: Guest.self) { _, _, n in .text("thing \(n)") }
    routes.api(.post, "/api/echo/", as: Guest.self) { request, _ in .bytes(request.body, type: "application/json") }
    routes.api(.post, "/api/upload/", as: Guest.self, limits: .upload(megabytes: 4)) { request, _ in
      .text(request.files.map { "\($0.field) \($0.filename) \($0.size)" }.joined(separator: ","))
    }
  }

  @Test func `a request is answered, and the connection serves the next`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      for name in ["ana", "ben", "cem"] {
        wire.say("GET /hello?name=\(name) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = try #require(wire.answer())
        #expect(answer.status == 200)
        #expect(answer.text == "hello \(name)")
        #expect(answer.header("x-content-type-options") == "nosniff")
        #expect(answer.header("x-request-id")?.count == 16)
      }
    }
  }

  @Test func `pipelined requests are answered in order`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say((1...20).map { "GET /things/\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
      for n in 1...20 { #expect(wire.answer()?.text == "thing \(n)") }
    }
  }

  @Test func `a quick route, a missing page, a wrong method, HEAD and OPTIONS`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(wire.answer()?.text == "ok")
      wire.say("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(wire.answer()?.status == 404)
      wire.say("GET /things/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(wire.answer()?.status == 404)
      wire.say("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let refused = try #require(wire.answer())
      #expect(refused.status == 405)
      #expect(refused.header("allow") == "GET, HEAD, OPTIONS")
      wire.say("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let head = try #require(wire.answer(isHead: true))
      #expect(head.status == 200)
      #expect(head.header("content-length") == "9")
      wire.say("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let options = try #require(wire.answer())
      #expect(options.status == 204)
      #expect(options.header("allow") == "GET, HEAD, OPTIONS")
      wire.say("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(wire.answer()?.status == 501)
    }
  }

  @Test func `a program is refused in a program's words, also for a head that is not believed`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say("TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let trace = try #require(wire.answer())
      #expect(trace.status == 405 && trace.header("allow") == "GET, HEAD, OPTIONS")
      wire.say("GET /api/hello?a=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let refused = try #require(wire.answer())
      #expect(refused.status == 400 && refused.header("content-type") == "application/problem+json")
    }
  }

  @Test(arguments: [
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\nGET / ",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST /api/echo/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\n{}",
    "GET /hello HTTP/1.1\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /hello%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /hello?x=%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /hello%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a\r\nX-Y: a\u{01}b\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
  ])
  func `a head that could be read two ways is refused, and nothing after it is read`(_ request: String) async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say(request + "GET /things/666 HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let answer = wire.answer()
      // The library closes some without a word; what counts is that they are not served.
      #expect(answer == nil || answer?.status == 400)
    }
  }

  @Test func `broken chunks end the connection`() async throws {
    try await withServer(routes: plain) { running in
      for chunk in ["zz\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx0\r\n\r\n"] {
        let wire = running.wire()
        wire.say(
          "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunk)
        let answer = wire.answer()
        #expect(answer == nil || answer?.status == 400)
      }
    }
  }

  @Test func `a chunked body arrives whole`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say(
        "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
      wire.say("3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n")
      let answer = try #require(wire.answer())
      #expect(answer.status == 200)
      #expect(answer.text == "{\"a\":1}")
    }
  }

  @Test func `too long a head is refused`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      wire.say("GET /hello HTTP/1.1\r\nHost: a\r\nX-Long: \(String(repeating: "a", count: 13_000))\r\n\r\n")
      #expect(wire.answer()?.status == 431)
      let many = running.wire()
      many.say("GET /hello HTTP/1.1\r\nHost: a\r\n" + (0..<101).map { "X-\($0): a\r\n" }.joined() + "\r\n")
      #expect(many.answer()?.status == 431)
    }
  }

  @Test func `a head that trickles is cut at the deadline, however it trickles`() async throws {
    try await withServer({ _, server in server.headDeadline = .milliseconds(150) }, routes: plain) { running in
      let wire = running.wire()
      wire.say("GET /hello HTTP/1.1\r\nHost: a\r\nX-Slow: ")
      #expect(wire.ends())
    }
  }

  @Test func `a body that does not come is answered with 408 at its deadline, and cut`() async throws {
    try await withServer({ _, server in server.bodyDeadline = .milliseconds(150) }, routes: plain) { running in
      let wire = running.wire()
      wire.say("POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
      #expect(wire.answer()?.status == 408)
      #expect(wire.ends())
    }
  }

  @Test func `three megabytes arrive on disk`() async throws {
    try await withServer(routes: plain) { running in
      let wire = running.wire()
      let content = String(repeating: "0123456789abcdef", count: 3 << 16)
      let body =
        "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nSlides\r\n--b\r\nContent-Disposition: form-data; "
        + "name=\"file\"; filename=\"C:\\\\x\\\\slides.pdf\"\r\nContent-Type: application/pdf\r\n\r\n\(content)\r\n--b--\r\n"
      wire.say(
        "POST /api/upload/ HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
      )
      wire.say(body)
      #expect(wire.answer()?.text == "file slides.pdf \(3 << 20)")
      wire.say(
        "POST /api/upload/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\nhello"
      )
      #expect(wire.answer()?.text == "body body 5")
    }
  }

  @Test func `a body over the limit is told so, declared or chunked`() async throws {
    try await withServer(routes: plain) { running in
      let declared = running.wire()
      declared.say(
        "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n")
      declared.say(String(repeating: "x", count: 70_000))
      #expect(declared.answer()?.status == 413)
      let chunked = running.wire()
      chunked.say(
        "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
      chunked.say("11170\r\n" + String(repeating: "x", count: 70_000) + "\r\n0\r\n\r\n")
      #expect(chunked.answer()?.status == 413)
      let huge = running.wire()
      huge.say(
        "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n")
      #expect(huge.answer()?.status == 413)
      let polite = running.wire()
      polite.say(
        "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n"
      )
      #expect(polite.answer()?.status == 413)
    }
  }

  @Test func `whatever becomes of requests, none is left over`() async throws {
    try await withServer(
      routes: { routes in
        plain(&routes)
        routes.on(.get, "/slow", as: Guest.self) { _, _ in
          try await Loop.current!.sleep(.seconds(30))
          return .nothing
        }
      }
    ) { running in
      let wires = (0..<60).map { _ in running.wire() }
      let requests = [
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", "GET /he",
        "GET /hello HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /api/echo/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        "GET /hello%00 HTTP/1.1\r\n\r\n",
      ]
      for (at, wire) in wires.enumerated() { wire.say(requests[at % requests.count]) }
      for (at, wire) in wires.enumerated() where at % requests.count == 0 { #expect(wire.answer()?.status == 200) }
      for wire in wires { shutdown(wire.descriptor, Int32(SHUT_RDWR)) }
      while running.server.exchanges > 0 { await Task.yield() }
    }
  }

  @Test func `a taken port is said to be taken`() async throws {
    try await withServer(routes: plain) { running in
      let loops = LoopGroup(count: 1, log: .silent)
      let second = HTTPServer(table: running.table, loops: loops, settings: ServerSettings(port: running.server.port))
      await #expect(throws: HTTPServer.PortTaken.self) { try await second.start() }
      loops.stop()
    }
  }

  @Test func `versions hand a socket on: who queues between them is answered, and nobody is refused`() async throws {
    let (port, kept) = try Listener.open(host: "127.0.0.1", port: 0, count: 1)
    func version(_ name: String) -> (HTTPServer, LoopGroup) {
      var routes = Routes()
      routes.quick("/version") { _ in .text(name) }
      var settings = ServerSettings()
      settings.inherited = [dup(kept[0])]
      settings.quiet = .milliseconds(20)
      let loops = LoopGroup(count: 2, log: .silent)
      let table = RouteTable(routes, settings: plainSettings(), log: .silent)
      return (HTTPServer(table: table, loops: loops, settings: settings), loops)
    }
    let ask = "GET /version HTTP/1.1\r\nHost: a\r\n\r\n"
    let (old, oldLoops) = version("old")
    try await old.start()
    #expect(old.port == port)
    let held = Wire(port: port)
    held.say(ask)
    #expect(held.answer()?.text == "old")
    await old.stop()
    oldLoops.stop()
    let between = Wire(port: port)
    between.say(ask)
    let (new, newLoops) = version("new")
    try await new.start()
    #expect(between.answer()?.text == "new")
    await new.stop()
    newLoops.stop()
    close(kept[0])
  }

  @Test func `a handed descriptor that does not listen is refused, and more of them than loops`() async throws {
    let (_, kept) = try Listener.open(host: "127.0.0.1", port: 0, count: 2)
    #expect(throws: HTTPServer.PortTaken.self) { try Listener.share(kept, count: 1) }
    #expect(throws: HTTPServer.PortTaken.self) { try Listener.share([0], count: 1) }
    for descriptor in kept { close(descriptor) }
  }

  @Test func `a handler that takes too long is given up with 504, and its late answer is dropped`() async throws {
    try await withServer(
      routes: { routes in
        routes.on(.get, "/slow", as: Guest.self, limits: .deadline(.milliseconds(100))) { _, _ in
          try await Loop.current!.sleep(.seconds(30))
          return .text("late")
        }
      }
    ) { running in
      let wire = running.wire()
      wire.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(wire.answer()?.status == 504)
    }
  }

  @Test func `a client that leaves cancels its handler`() async throws {
    let (told, teller) = AsyncStream.makeStream(of: Bool.self)
    try await withServer(
      routes: { routes in
        routes.on(.get, "/slow", as: Guest.self) { _, _ in
          do { try await Loop.current!.sleep(.seconds(30)) } catch { teller.yield(true) }
          return .text("late")
        }
      }
    ) { running in
      do {
        let wire = running.wire()
        wire.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      }
      var iterator = told.makeAsyncIterator()
      #expect(await iterator.next() == true)
    }
  }

  @Test func `stopping lets a running request end, and takes no other`() async throws {
    let (begun, teller) = AsyncStream.makeStream(of: Void.self)
    let (leave, leaver) = AsyncStream.makeStream(of: Void.self)
    var settings = ServerSettings(port: 0)
    settings.grace = .seconds(60)
    var routes = Routes()
    routes.on(.get, "/running", as: Guest.self) { _, _ in
      teller.yield()
      for await _ in leave { break }
      return .text("done")
    }
    try await stopping(routes, settings) { server in
      let running = Wire(port: server.port)
      running.say("GET /running HTTP/1.1\r\nHost: a\r\n\r\n")
      for await _ in begun { break }
      let stopped = Task { await server.stop() }
      // From its first moment on nobody new is let in; only then may the running one end.
      while Wire(port: server.port).isConnected { await Task.yield() }
      leaver.yield()
      let done = try #require(running.answer())
      #expect(done.text == "done")
      #expect(done.header("connection") == "close")
      await stopped.value
    }
  }

  @Test func `stopping turns away what takes too long`() async throws {
    let (begun, teller) = AsyncStream.makeStream(of: Void.self)
    var settings = ServerSettings(port: 0)
    settings.grace = .milliseconds(50)
    var routes = Routes()
    routes.on(.get, "/long", as: Guest.self) { _, _ in
      teller.yield()
      try await Loop.current!.sleep(.seconds(3600))
      return .text("never")
    }
    try await stopping(routes, settings) { server in
      let long = Wire(port: server.port)
      long.say("GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
      for await _ in begun { break }
      await server.stop()
      #expect(long.answer()?.status == 503)
    }
  }

  /// A server that the test stops itself.
  private func stopping(
    _ routes: Routes, _ settings: ServerSettings, _ body: (HTTPServer) async throws -> Void
  ) async throws {
    let loops = LoopGroup(count: 2, log: .silent)
    let table = RouteTable(routes, settings: plainSettings(), log: .silent)
    let server = HTTPServer(table: table, loops: loops, settings: settings)
    try await server.start()
    try await body(server)
    loops.stop()
  }

  @Test func `a handler that does not heed its cancellation outlives the server unharmed`() async throws {
    let (begun, teller) = AsyncStream.makeStream(of: Bool.self)
    let (leave, leaver) = AsyncStream.makeStream(of: Bool.self)
    let (ended, endTeller) = AsyncStream.makeStream(of: Bool.self)
    var settings = ServerSettings(port: 0)
    settings.grace = .milliseconds(20)
    var routes = Routes()
    routes.on(.get, "/deaf", as: Guest.self) { _, _ in
      teller.yield(true)
      // Cancellation ends a stream's iteration, so the waiting is done elsewhere.
      await Task.detached { for await _ in leave { break } }.value
      endTeller.yield(true)
      return .text("late")
    }
    let loops = LoopGroup(count: 1, log: .silent)
    do {
      let server = HTTPServer(
        table: RouteTable(routes, settings: plainSettings(), log: .silent), loops: loops, settings: settings)
      try await server.start()
      let wire = Wire(port: server.port)
      wire.say("GET /deaf HTTP/1.1\r\nHost: a\r\n\r\n")
      var iterator = begun.makeAsyncIterator()
      _ = await iterator.next()
      await server.stop()
      #expect(wire.answer()?.status == 503)
    }
    leaver.yield(true)
    var iterator = ended.makeAsyncIterator()
    #expect(await iterator.next() == true)
    loops.stop()
  }

  @Test func `a form sent over the wire is checked, and its page says what to do`() async throws {
    try await withServer(routes: { routes in
      routes.on(.get, "/form", as: Guest.self) { request, _ in .text(request.csrf) }
      routes.on(.post, "/form", as: Guest.self) { request, _ in .see(request.form.text("next")) }
    }) { running in
      let wire = running.wire()
      wire.say("GET /form HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let page = try #require(wire.answer())
      let cookie = try #require(page.header("set-cookie"))
      #expect(cookie.hasPrefix("guest=") && cookie.contains("; HttpOnly; SameSite=Lax"))
      func send(_ body: String, _ headers: String = "") -> Wire.Answer? {
        wire.say(
          "POST /form HTTP/1.1\r\nHost: localhost\r\nCookie: \(cookie.prefix { $0 != ";" })\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        return wire.answer()
      }
      #expect(send("_csrf=\(page.text)&next=%2Fhome")?.header("location") == "/home")
      #expect(send("_csrf=\(page.text)&next=%2F%2Fevil.example")?.header("location") == "/")
      #expect(send("next=%2Fhome")?.status == 403)
      #expect(send("_csrf=\(page.text)", "Origin: https://evil.example\r\n")?.status == 403)
      #expect(send("_csrf=\(page.text)", "Origin: http://localhost\r\n")?.status == 303)
    }
  }
}
