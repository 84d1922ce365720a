import CMicrohttpd
import CSystem
import Core
import Glibc
package import Loop

/// Where the server listens and how patient it is.
package struct ServerSettings: Sendable {
  /// An IPv4 or IPv6 address. Beyond loopback only behind a proxy that re-frames requests: the library's parser is lax
  /// where ``HeadCheck`` cannot look.
  package var host: String
  /// 0 takes a free one.
  package var port: Int
  /// Listening sockets that whoever started us holds open (systemd's socket activation); then nothing is bound here, and
  /// while one version ends and the next begins connections wait in their queue instead of being refused.
  package var inherited: [Int32] = []
  package var connectionsPerLoop = 10_000
  /// From a connection's beginning to the end of its first head. Absolute: bytes that trickle do not extend it.
  package var headDeadline = Duration.seconds(10)
  /// From the head to the end of the body; a body with a declared length gets a second more for each `bodyRate`. Absolute;
  /// who is too slow is told so (408) and cut.
  package var bodyDeadline = Duration.seconds(30)
  /// Bytes a second below which a sender is cut: what a telephone at the edge of its net still sends.
  package var bodyRate = 10_000
  /// From an answer to the end of the next head.
  package var idleDeadline = Duration.seconds(60)
  /// From an answer's head to its last byte, with a second more for each `sendRate` bytes of a body of known length.
  /// Absolute: a client that reads a byte now and then does not keep a connection.
  package var sendDeadline = Duration.seconds(60)
  /// Bytes a second below which a reader is cut.
  package var sendRate = 20_000
  /// What a handler may take when its route does not say.
  package var handlerDeadline = Duration.seconds(30)
  package var pingEvery = Duration.seconds(30)
  /// A socket that says nothing, not even pong, for so long is closed with 4408: it was pinged after `pingEvery`, and had the
  /// rest to answer.
  package var socketIdle = Duration.seconds(90)
  /// How long a socket that we closed may take to close its side.
  package var farewell = Duration.seconds(3)
  /// The same for one that was closed because it does not read.
  package var farewellBehind = Duration.seconds(30)
  /// How often deadlines and vanished clients are looked for.
  package var tick = Duration.milliseconds(250)
  /// How long running requests may go on when the server stops.
  package var grace = Duration.seconds(2)
  /// How long nothing may have come on a kept connection before it is closed when the server stops.
  package var quiet = Duration.seconds(1)

  package init(host: String = "127.0.0.1", port: Int = 8080) {
    self.host = host
    self.port = port
  }
}

/// The HTTP and WebSocket server: on every loop one listener, one daemon of libmicrohttpd and its connections; no
/// request ever changes thread.
package final class HTTPServer: Sendable {
  /// The address cannot be listened on.
  package struct PortTaken: Error, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let reason: String
    package var description: String { "cannot listen on \(host) port \(port): \(reason)" }
  }

  private let table: RouteTable
  private let loops: LoopGroup
  private let settings: ServerSettings
  private let running = Locked<(port: Int, servers: [LoopServer])>((0, []))

  package init(table: RouteTable, loops: LoopGroup, settings: ServerSettings) {
    self.table = table
    self.loops = loops
    self.settings = settings
  }

  /// The port listened on, once started.
  package var port: Int { running.withLock { $0.port } }

  /// Requests begun and not yet completed; 0 when all is quiet.
  var exchanges: Int { running.withLock { $0.servers.reduce(0) { $0 + $1.figures.exchanges.current } } }

  /// WebSockets open now.
  var sockets: Int { running.withLock { $0.servers.reduce(0) { $0 + $1.figures.sockets.current } } }

  /// Begins to answer on every loop. Throws ``PortTaken``.
  package func start() async throws {
    // sendfile(2) and writev(2) know no MSG_NOSIGNAL.
    signal(SIGPIPE, SIG_IGN)
    Self.allowManyDescriptors()
    let (port, listeners) =
      settings.inherited.isEmpty
      ? try Listener.open(host: settings.host, port: settings.port, count: loops.loops.count)
      : try Listener.share(settings.inherited, count: loops.loops.count)
    var servers: [LoopServer] = []
    for (loop, listener) in zip(loops.loops, listeners) {
      let server = await Task(executorPreference: loop) { [table, settings] in
        LoopServer.start(listener: listener, loop: loop, table: table, settings: settings)
      }.value
      guard let server else {
        throw PortTaken(host: settings.host, port: port, reason: "the HTTP library refused to start")
      }
      servers.append(server)
    }
    for server in servers { server.loop.post { [servers] in server.all = servers } }
    running.withLock { $0 = (port, servers) }
    // The figures, not the servers: those hold the table, which holds the metrics.
    let all = servers.map(\.figures)
    table.metrics.gauge("http_sockets", "WebSockets open now.") { Double(all.reduce(0) { $0 + $1.sockets.current }) }
    table.metrics.gauge("http_connections", "Connections open now.") {
      Double(all.reduce(0) { $0 + $1.connections.current })
    }
    table.metrics.counter("http_connections_cut_total", "Connections cut because they were too slow.") {
      Double(all.reduce(0) { $0 + $1.cutSlow.count })
    }
    table.metrics.counter("loop_slow_turns_total", "Turns of the loops that took over 50 ms.") {
      Double(all.reduce(0) { $0 + $1.slowTurns.current })
    }
  }

  /// Every connection is a descriptor: as many as the system lets us have.
  private static func allowManyDescriptors() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// Takes no more connections, lets running requests end for the settings' grace, says goodbye to sockets (1001),
  /// answers 503 to what is left, and frees everything. Not from a loop.
  package func stop() async {
    let servers = running.withLock { running in
      defer { running.servers = [] }
      return running.servers
    }
    await withTaskGroup { group in
      for server in servers {
        group.addTask(executorPreference: server.loop) { await server.stop() }
      }
    }
  }
}

/// Listening sockets, one a loop, that share a port (`SO_REUSEPORT`): the kernel spreads connections over them.
enum Listener {
  static func open(host: String, port: Int, count: Int) throws(HTTPServer.PortTaken) -> (
    port: Int, descriptors: [Int32]
  ) {
    // Sharing would also let a second server of the same user slip in unseen; a first bind without it finds that out.
    let probe = try bind(host, port, shared: false)
    let taken = self.port(of: probe)
    close(probe)
    var descriptors: [Int32] = []
    do throws(HTTPServer.PortTaken) {
      for _ in 0..<count {
        let descriptor = try bind(host, taken, shared: true)
        descriptors.append(descriptor)
        guard listen(descriptor, 4096) == 0 else { throw refusal(host, taken) }
      }
    } catch {
      for descriptor in descriptors { close(descriptor) }
      throw error
    }
    return (taken, descriptors)
  }

  /// Descriptors that were handed in, one a loop; several loops may take from one queue. They are closed for programs
  /// that we start.
  static func share(_ given: [Int32], count: Int) throws(HTTPServer.PortTaken) -> (port: Int, descriptors: [Int32]) {
    func refused(_ reason: String) -> HTTPServer.PortTaken {
      HTTPServer.PortTaken(host: "the inherited socket", port: 0, reason: reason)
    }
    var isListening: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    var descriptors: [Int32] = []
    for at in 0..<max(count, given.count) {
      let from = given[at % given.count]
      guard getsockopt(from, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening == 1 else {
        throw refused("descriptor \(from) does not listen")
      }
      // More sockets than loops: what queues at those nobody takes from would wait for ever.
      guard at < count else {
        throw refused("there are \(given.count) of them and \(count) loops; give as many, or one")
      }
      let descriptor = fcntl(from, F_DUPFD_CLOEXEC, 3)
      guard descriptor >= 0 else { throw refused(String(cString: strerror(errno))) }
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL, 0) | O_NONBLOCK)
      descriptors.append(descriptor)
    }
    for descriptor in given { close(descriptor) }
    return (port(of: descriptors[0]), descriptors)
  }

  private static func bind(_ host: String, _ port: Int, shared: Bool) throws(HTTPServer.PortTaken) -> Int32 {
    guard let port16 = UInt16(exactly: port) else {
      throw HTTPServer.PortTaken(host: host, port: port, reason: "there is no such port")
    }
    let isSix = host.contains(":")
    let descriptor = socket(
      isSix ? AF_INET6 : AF_INET,
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw refusal(host, port) }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
    if shared { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, size) }
    var result: Int32 = -1
    if isSix {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port16.bigEndian
      guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
        close(descriptor)
        throw HTTPServer.PortTaken(host: host, port: port, reason: "that is no IP address")
      }
      result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.bind(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port16.bigEndian
      guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
        close(descriptor)
        throw HTTPServer.PortTaken(host: host, port: port, reason: "that is no IP address")
      }
      result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.bind(descriptor, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    guard result == 0 else {
      let refusal = refusal(host, port)
      close(descriptor)
      throw refusal
    }
    return descriptor
  }

  private static func refusal(_ host: String, _ port: Int) -> HTTPServer.PortTaken {
    let reason = errno == EADDRINUSE ? "another program has it" : String(cString: strerror(errno))
    return HTTPServer.PortTaken(host: host, port: port, reason: reason)
  }

  private static func port(of descriptor: Int32) -> Int {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(descriptor, __SOCKADDR_ARG(__sockaddr__: $0), &size)
      }
      // The port stands at the same place in both families.
      return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
    }
  }
}
