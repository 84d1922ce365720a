import CSystem
import Core
import Glibc

/// The next port tried, counted from the first one; each process begins at a place of its own.
private let nextPort = Locked(Int.random(in: 0..<12_000))

/// A port of the loopback nobody listens on at this moment, and nobody is given meanwhile: they come from below those the
/// system picks itself (`ip_local_port_range` starts at 32768), and never twice from one process.
package func freePort() -> Int {
  while true {
    let port = nextPort.withLock { next in
      defer { next += 1 }
      return 20_000 + next % 12_000
    }
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(probe, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if bound == 0 { return port }
  }
}
