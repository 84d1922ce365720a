import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
  /// 32 bytes.
  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var hasher = Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  package static func hash(_ text: String) -> [UInt8] { hash(Array(text.utf8)) }

  /// 64 lower-case digits.
  package static func hex(_ bytes: [UInt8]) -> String { Hex.encode(hash(bytes)) }
  package static func hex(_ text: String) -> String { hex(Array(text.utf8)) }

  /// Hashes what arrives in pieces, such as a file.
  package struct Hasher: ~Copyable {
    // Looked up once: what EVP_sha256() names would be looked up again for each hash.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)!
    private let context: OpaquePointer

    package init() {
      context = EVP_MD_CTX_new()!
      precondition(EVP_DigestInit_ex(context, Self.algorithm, nil) == 1)
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
      precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }

    package consuming func finish() -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
        var count: UInt32 = 0
        precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, &count) == 1)
        filled = Int(count)
      }
    }
  }
}

/// Keyed hashes (RFC 2104).
package enum HMAC {
  package enum Hash: Sendable { case sha1, sha256, sha512 }

  /// 20, 32 or 64 bytes.
  package static func sign(_ message: [UInt8], key: [UInt8], _ hash: Hash = .sha256) -> [UInt8] {
    let digest =
      switch hash {
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      case .sha512: EVP_sha512()
      }
    return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, filled in
      var count: UInt32 = 0
      // An empty key still needs an address: OpenSSL takes none to mean "the key of last time".
      let made = (key.isEmpty ? [0] : key).withUnsafeBytes { raw in
        COpenSSL.HMAC(digest, raw.baseAddress, Int32(key.count), message, message.count, buffer.baseAddress, &count)
      }
      precondition(made != nil)
      filled = Int(count)
    }
  }

  package static func sign(_ message: String, key: [UInt8], _ hash: Hash = .sha256) -> [UInt8] {
    sign(Array(message.utf8), key: key, hash)
  }

  /// Compares in constant time.
  package static func verify(_ signature: [UInt8], of message: [UInt8], key: [UInt8], _ hash: Hash = .sha256) -> Bool {
    constantTimeEqual(signature, sign(message, key: key, hash))
  }
}
