import CSystem
import Glibc

/// IP addresses as text.
enum Address {
  static func isLoopback(_ text: String) -> Bool {
    text == "127.0.0.1" || text == "::1" || text.hasPrefix("127.") || text == "::ffff:127.0.0.1"
  }

  static func isValid(_ text: String) -> Bool {
    var four = in_addr()
    var six = in6_addr()
    return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
  }

  /// What one client is taken to be: an IPv4 address, or the /64 a household is given.
  static func rateKey(_ text: String) -> String {
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return text }
    return withUnsafeBytes(of: &six) { bytes in
      // An IPv4 address in IPv6 clothes counts as itself.
      if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 255, bytes[11] == 255 {
        return bytes[12...].map { String($0) }.joined(separator: ".")
      }
      return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":")
    }
  }

  /// The text of a socket address; empty when it is neither IPv4 nor IPv6.
  static func text(_ address: UnsafePointer<sockaddr>) -> String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        var host = $0.pointee.sin_addr
        inet_ntop(AF_INET, &host, &buffer, socklen_t(buffer.count))
      }
    case AF_INET6:
      address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        var host = $0.pointee.sin6_addr
        inet_ntop(AF_INET6, &host, &buffer, socklen_t(buffer.count))
      }
    default: return ""
    }
    return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }
}
