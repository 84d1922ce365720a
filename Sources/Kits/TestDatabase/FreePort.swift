import CSystem
import Glibc

/// A port of the loopback nobody listens on at this moment.
package func freePort() -> Int {
  let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(probe) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(probe, __CONST_SOCKADDR_ARG(__sockaddr__: $0), size)
      _ = getsockname(probe, __SOCKADDR_ARG(__sockaddr__: $0), &size)
    }
    return Int(UInt16(bigEndian: $0.pointee.sin_port))
  }
}
