import COpenSSL

/// AES in Galois/Counter Mode (NIST SP 800-38D) with a 96-bit nonce; the 128-bit tag follows the ciphertext. The key has
/// 32 bytes, or 16 where a protocol of others says so. No nonce may come twice under one key.
package enum AESGCM {
  private static func cipher(_ key: [UInt8]) -> OpaquePointer {
    precondition(key.count == 32 || key.count == 16)
    return key.count == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm()
  }

  package static func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8] {
    precondition(nonce.count == 12)
    let context = EVP_CIPHER_CTX_new()!
    defer { EVP_CIPHER_CTX_free(context) }
    var out = [UInt8](repeating: 0, count: plain.count + 16)
    var count: Int32 = 0
    let size = plain.count
    precondition(EVP_EncryptInit_ex(context, cipher(key), nil, key, nonce) == 1)
    precondition(EVP_EncryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1)
    out.withUnsafeMutableBufferPointer { out in
      precondition(EVP_EncryptUpdate(context, out.baseAddress, &count, plain, Int32(size)) == 1)
      precondition(EVP_EncryptFinal_ex(context, out.baseAddress! + size, &count) == 1)
      precondition(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out.baseAddress! + size) == 1)
    }
    return out
  }

  /// What was sealed; nothing when the tag says that it was changed.
  package static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
    precondition(nonce.count == 12)
    guard sealed.count >= 16 else { return nil }
    let context = EVP_CIPHER_CTX_new()!
    defer { EVP_CIPHER_CTX_free(context) }
    let size = sealed.count - 16
    var tag = Array(sealed[size...])
    var out = [UInt8](repeating: 0, count: max(1, size))
    var count: Int32 = 0
    guard EVP_DecryptInit_ex(context, cipher(key), nil, key, nonce) == 1,
      EVP_DecryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1,
      EVP_DecryptUpdate(context, &out, &count, sealed, Int32(size)) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
    else { return nil }
    var rest = [UInt8](repeating: 0, count: 16)
    guard EVP_DecryptFinal_ex(context, &rest, &count) == 1 else { return nil }
    return Array(out.prefix(size))
  }
}
