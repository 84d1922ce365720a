package import Core

/// A secret with a name, so that it can be replaced while what it sealed still opens.
package struct Key: Sendable, Equatable {
  /// One to 32 characters of `A–Z a–z 0–9 _ -`.
  package let id: String
  let secret: [UInt8]

  /// Nothing when the id has other characters or the secret is shorter than 32 bytes.
  package init?(id: String, secret: [UInt8]) {
    guard (1...32).contains(id.utf8.count), secret.count >= 32,
      id.utf8.allSatisfy({
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
      })
    else { return nil }
    self.id = id
    self.secret = secret
  }

  package static func fresh(id: String) -> Key? { Key(id: id, secret: Random.bytes(32)) }

  /// A key of its own for each use, so that what one use makes is never valid in another (HKDF's expand step, RFC 5869,
  /// with one block).
  func derived(for purpose: String) -> [UInt8] { HMAC.sign(Array(purpose.utf8) + [1], key: secret) }
}

/// The keys of a house: the first seals and signs, all open and verify.
///
/// Text made by a ring is `<key id>.<base64url>`; the key id is covered by the seal. Replacing a key is putting a new
/// one in front and, when nothing of the old one can be alive, dropping that.
package struct KeyRing: Sendable {
  private let keys: [Key]

  /// At least one key; of keys with one id the first counts.
  package init(_ first: Key, _ older: [Key] = []) { keys = [first] + older }

  /// Reads `id:base64url,id:base64url`, newest first, as a setting gives it. Nothing when a part is no key.
  package init?(setting: String) {
    var keys: [Key] = []
    for part in setting.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.trimmingSpaces().split(separator: ":", maxSplits: 1)
      guard halves.count == 2, let secret = Base64.decodeURL(halves[1]),
        let key = Key(id: String(halves[0]), secret: secret)
      else {
        return nil
      }
      keys.append(key)
    }
    guard !keys.isEmpty else { return nil }
    self.keys = keys
  }

  /// The ring as a setting gives it. A secret: never log it.
  package var setting: String { keys.map { "\($0.id):\(Base64.url($0.secret))" }.joined(separator: ",") }

  /// The ids, the one that seals first.
  package var ids: [String] { keys.map(\.id) }

  /// The ring with one more key, which opens and does not seal yet. Nothing when the id is taken.
  package func adding(_ key: Key) -> KeyRing? {
    ids.contains(key.id) ? nil : KeyRing(keys[0], Array(keys[1...]) + [key])
  }

  /// The same keys with this one in front: from now on it seals. Nothing when the ring does not have it.
  package func sealing(with id: String) -> KeyRing? {
    guard let key = key(named: id) else { return nil }
    return KeyRing(key, keys.filter { $0.id != id })
  }

  /// The ring without a key. Nothing when it is the one that seals, or not there.
  package func dropping(_ id: String) -> KeyRing? {
    guard keys[0].id != id, key(named: id) != nil else { return nil }
    return KeyRing(keys[0], keys[1...].filter { $0.id != id })
  }

  /// The id of the key that sealed a text, as the text says; nothing when it is no sealed text.
  package static func keyID(of sealed: String) -> String? {
    sealed.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(sealed[..<$0]) }
  }

  /// The setting for a ring of one new key.
  package static func freshSetting(id: String = "k1") -> String { "\(id):\(Base64.url(Random.bytes(32)))" }

  // MARK: Sealing: nobody else reads or changes it

  /// AES-256-GCM (NIST SP 800-38D) under a fresh 96-bit nonce. `context` is bound to it unseen: the same must be given
  /// to open, so that what was sealed for one row or purpose does not open in another. At most 2^32 seals a key.
  package func seal(_ plain: [UInt8], context: String) -> String {
    let key = keys[0]
    let nonce = Random.bytes(12)
    let sealed = AESGCM.seal(
      plain, key: key.derived(for: "seal"), nonce: nonce, associated: Self.bound(key.id, context))
    return key.id + "." + Base64.url(nonce + sealed)
  }

  package func seal(_ plain: String, context: String) -> String { seal(Array(plain.utf8), context: context) }

  /// What was sealed, or nothing when it was not sealed by a key of this ring in this context.
  package func open(_ sealed: String, context: String) -> [UInt8]? {
    guard let (key, bytes) = parts(sealed), bytes.count >= 28 else { return nil }
    return AESGCM.open(
      Array(bytes[12...]), key: key.derived(for: "seal"), nonce: Array(bytes[..<12]),
      associated: Self.bound(key.id, context))
  }

  package func openText(_ sealed: String, context: String) -> String? {
    open(sealed, context: context).flatMap { String(validating: $0, as: UTF8.self) }
  }

  // MARK: Signing: everybody may read it, nobody else makes it

  /// `<key id>.<expiry>.<value>.<signature>`: a value that is ours until an instant, for addresses and cookies. Not
  /// secret. `purpose` says what it is good for; it does not verify under another.
  package func sign(_ value: String, purpose: String, until expiry: Instant) -> String {
    let head = "\(keys[0].id).\(expiry.seconds).\(Base64.url(Array(value.utf8)))"
    return head + "." + Base64.url(HMAC.sign(head, key: keys[0].derived(for: "sign:" + purpose)))
  }

  /// The value, if a key of this ring signed it for this purpose and it has not expired.
  package func verify(_ signed: String, purpose: String, at now: Instant) -> String? {
    let fields = signed.split(separator: ".", omittingEmptySubsequences: false)
    guard fields.count == 4, let key = keys.first(where: { $0.id == fields[0] }), let expiry = Int64(fields[1]),
      let value = Base64.decodeURL(fields[2]), let signature = Base64.decodeURL(fields[3])
    else { return nil }
    let head = fields[0..<3].joined(separator: ".")
    guard HMAC.verify(signature, of: Array(head.utf8), key: key.derived(for: "sign:" + purpose)), now.seconds < expiry
    else {
      return nil
    }
    return String(validating: value, as: UTF8.self)
  }

  // MARK: For JWT

  var newest: Key { keys[0] }
  func key(named id: String) -> Key? { keys.first { $0.id == id } }

  private func parts(_ text: String) -> (Key, [UInt8])? {
    let halves = text.split(separator: ".", omittingEmptySubsequences: false)
    guard halves.count == 2, let key = key(named: String(halves[0])), let bytes = Base64.decodeURL(halves[1]) else {
      return nil
    }
    return (key, bytes)
  }

  private static func bound(_ id: String, _ context: String) -> [UInt8] { Array("\(id)\u{0}\(context)".utf8) }
}
