import CSystem
import Glibc

/// Whoever started us and holds our sockets, systemd or a program that speaks like it (sd_listen_fds(3), sd_notify(3)).
enum Supervisor {
  /// The listening sockets it handed over; none when it has none for this very process.
  static func listeners(_ environment: [String: String]) -> [Int32] {
    guard let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), (1...64).contains(count),
      environment["LISTEN_PID"].flatMap({ Int32($0) }) == getpid()
    else { return [] }
    return (0..<count).map { 3 + $0 }
  }

  /// Tells it how we are: `READY=1`, `STOPPING=1`. One datagram; lost when nobody wants it.
  static func tell(_ state: String, _ environment: [String: String]) {
    guard let path = environment["NOTIFY_SOCKET"], path.utf8.count < 108, path.hasPrefix("/") || path.hasPrefix("@")
    else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    // An abstract name begins with NUL.
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(
          descriptor, state, state.utf8.count, 0, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(size))
      }
    }
  }
}
