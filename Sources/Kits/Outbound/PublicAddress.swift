import Glibc

/// Which addresses are somebody's on the open internet, and which lead into our own house or nowhere (the special
/// registries of IANA, RFC 6890). What is not known to be public is not.
enum PublicAddress {
  /// `raw` starts with the socket address of that family.
  static func holds(_ raw: UnsafeRawBufferPointer, family: Int32) -> Bool {
    switch family {
    case AF_INET: raw.count >= 8 && isPublic(v4: Array(raw[4..<8]))
    case AF_INET6: raw.count >= 24 && isPublic(v6: Array(raw[8..<24]))
    default: false
    }
  }

  static func isPublic(v4 a: [UInt8]) -> Bool {
    switch (a[0], a[1]) {
    case (0, _), (10, _), (127, _), (224..., _): false
    case (100, 64...127), (169, 254), (172, 16...31), (192, 168), (198, 18...19): false
    case (192, 0): a[2] != 0 && a[2] != 2
    case (192, 88): a[2] != 99
    case (198, 51): a[2] != 100
    case (203, 0): a[2] != 113
    default: true
    }
  }

  /// Global unicast is 2000::/3; what translates to version 4 (6to4, Teredo) or is documentation is taken out.
  static func isPublic(v6 a: [UInt8]) -> Bool {
    guard a[0] & 0xE0 == 0x20 else { return false }
    if a[0] == 0x20, a[1] == 0x02 { return false }
    if a[0] == 0x20, a[1] == 0x01, a[2] < 0x02 || (a[2] == 0x0D && a[3] == 0xB8) { return false }
    return !(a[0] == 0x3F && a[1] == 0xFF && a[2] < 0x10)
  }
}
