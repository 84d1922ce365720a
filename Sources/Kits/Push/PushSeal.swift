import Core
package import Crypto

/// Encrypts a message so that only the browser reads it and not its vendor: `aes128gcm` (RFC 8188) with keys agreed as
/// RFC 8291 says, in a single record.
package enum PushSeal {
  /// A vendor takes 4,096 bytes: 86 are the head, 17 the tag and the delimiter.
  package static let longest = 3993
  private static let recordSize: [UInt8] = [0, 0, 16, 0]

  /// - Parameters:
  ///   - plain: at most ``longest`` bytes, padding included.
  ///   - padding: how many bytes the message is made to have at least, so that its length tells less.
  ///   - sender: fresh for every message; given only by tests, with the salt.
  package static func seal(
    _ plain: [UInt8], for target: PushTarget, padding: Int = 0, sender: P256KeyPair = P256KeyPair(),
    salt: [UInt8] = Random.bytes(16)
  ) -> [UInt8] {
    precondition(salt.count == 16 && max(plain.count, padding) <= longest)
    // The target's point was looked at when it was made.
    let agreed = sender.agree(with: target.publicKey)!
    let info = Array("WebPush: info".utf8) + [0] + target.publicKey + sender.publicKey
    let secret = HKDF.key(from: agreed, salt: target.authentication, info: info, count: 32)
    let key = HKDF.key(from: secret, salt: salt, info: Array("Content-Encoding: aes128gcm".utf8) + [0], count: 16)
    let nonce = HKDF.key(from: secret, salt: salt, info: Array("Content-Encoding: nonce".utf8) + [0], count: 12)
    // 2 says that this is the last record; zeros behind it are padding.
    let record = plain + [2] + [UInt8](repeating: 0, count: max(0, padding - plain.count))
    return salt + recordSize + [UInt8(sender.publicKey.count)] + sender.publicKey
      + AESGCM.seal(record, key: key, nonce: nonce, associated: [])
  }
}
