import COpenSSL

/// A key pair on the curve P-256 (FIPS 186-5, SEC 1): to agree on a secret with the holder of another one, and to sign
/// as JOSE's ES256 does.
package struct P256KeyPair: Sendable {
  /// 32 bytes, big-endian. A secret: never log it.
  package let privateKey: [UInt8]
  /// The point, uncompressed: 65 bytes that begin with 4.
  package let publicKey: [UInt8]

  /// A pair nobody else has.
  package init() {
    while true {
      // One in 2^32 tries is no number of the curve's.
      if let pair = P256KeyPair(privateKey: Random.bytes(32)) {
        self = pair
        return
      }
    }
  }

  /// The pair of a private key. Nothing when it is not 32 bytes that say a number from 1 to the curve's order less one.
  package init?(privateKey: [UInt8]) {
    guard privateKey.count == 32 else { return nil }
    let curve = Curve()
    let number = BN_bin2bn(privateKey, 32, nil)
    defer { BN_clear_free(number) }
    guard BN_is_zero(number) == 0, BN_cmp(number, EC_GROUP_get0_order(curve.group)) < 0 else { return nil }
    let point = EC_POINT_new(curve.group)
    defer { EC_POINT_free(point) }
    precondition(EC_POINT_mul(curve.group, point, number, nil, nil, nil) == 1)
    self.privateKey = privateKey
    publicKey = [UInt8](unsafeUninitializedCapacity: 65) { buffer, filled in
      filled = EC_POINT_point2oct(curve.group, point, POINT_CONVERSION_UNCOMPRESSED, buffer.baseAddress, 65, nil)
    }
    precondition(publicKey.count == 65)
  }

  /// What only the holders of these two pairs can know (ECDH, SEC 1, 3.3.1): 32 bytes, not to be used before a key was
  /// derived from them. Nothing when the other key is no point of the curve.
  package func agree(with other: [UInt8]) -> [UInt8]? {
    guard P256.isPoint(other), let mine = Self.key(publicKey, privateKey), let theirs = Self.key(other, nil) else {
      return nil
    }
    defer {
      EVP_PKEY_free(mine)
      EVP_PKEY_free(theirs)
    }
    let context = EVP_PKEY_CTX_new(mine, nil)
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, theirs) == 1 else { return nil }
    var secret = [UInt8](repeating: 0, count: 32)
    var count = 32
    guard EVP_PKEY_derive(context, &secret, &count) == 1, count == 32 else { return nil }
    return secret
  }

  /// ECDSA with SHA-256 as two numbers of 32 bytes (RFC 7518, 3.4). Every call gives another signature.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    let key = Self.key(publicKey, privateKey)
    precondition(key != nil)
    defer { EVP_PKEY_free(key) }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    precondition(EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1)
    var der = [UInt8](repeating: 0, count: 80)
    var count = der.count
    precondition(EVP_DigestSign(context, &der, &count, message, message.count) == 1)
    let signature = der.withUnsafeBufferPointer { buffer in
      var start = buffer.baseAddress
      return d2i_ECDSA_SIG(nil, &start, count)
    }
    defer { ECDSA_SIG_free(signature) }
    return [UInt8](unsafeUninitializedCapacity: 64) { buffer, filled in
      precondition(BN_bn2binpad(ECDSA_SIG_get0_r(signature), buffer.baseAddress, 32) == 32)
      precondition(BN_bn2binpad(ECDSA_SIG_get0_s(signature), buffer.baseAddress! + 32, 32) == 32)
      filled = 64
    }
  }

  /// The key as OpenSSL has it; whoever asks frees it.
  fileprivate static func key(_ point: [UInt8], _ number: [UInt8]?) -> OpaquePointer? {
    let builder = OSSL_PARAM_BLD_new()
    defer { OSSL_PARAM_BLD_free(builder) }
    let secret = number.map { BN_bin2bn($0, Int32($0.count), nil) }
    defer { BN_clear_free(secret ?? nil) }
    guard OSSL_PARAM_BLD_push_utf8_string(builder, "group", "prime256v1", 0) == 1,
      OSSL_PARAM_BLD_push_octet_string(builder, "pub", point, point.count) == 1
    else { return nil }
    if let secret, OSSL_PARAM_BLD_push_BN(builder, "priv", secret) != 1 { return nil }
    guard let parameters = OSSL_PARAM_BLD_to_param(builder) else { return nil }
    defer { OSSL_PARAM_free(parameters) }
    let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1,
      EVP_PKEY_fromdata(context, &key, number == nil ? tl_public_key : tl_key_pair, parameters) == 1
    else { return nil }
    return key
  }
}

/// What can be asked of P-256 without a private key.
package enum P256 {
  /// Whether 65 bytes are an uncompressed point of the curve, and not its zero.
  package static func isPoint(_ bytes: [UInt8]) -> Bool {
    guard bytes.count == 65, bytes[0] == 4 else { return false }
    let curve = Curve()
    let point = EC_POINT_new(curve.group)
    defer { EC_POINT_free(point) }
    // It is looked at whether the point is on the curve.
    return EC_POINT_oct2point(curve.group, point, bytes, bytes.count, nil) == 1
  }

  /// Whether the holder of the pair signed it; see ``P256KeyPair/sign(_:)``.
  package static func verify(_ signature: [UInt8], of message: [UInt8], by point: [UInt8]) -> Bool {
    guard signature.count == 64, isPoint(point), let key = P256KeyPair.key(point, nil) else { return false }
    defer { EVP_PKEY_free(key) }
    let numbers = ECDSA_SIG_new()
    defer { ECDSA_SIG_free(numbers) }
    guard
      ECDSA_SIG_set0(numbers, BN_bin2bn(signature, 32, nil), BN_bin2bn(Array(signature[32...]), 32, nil)) == 1
    else { return false }
    var der: UnsafeMutablePointer<UInt8>?
    let count = i2d_ECDSA_SIG(numbers, &der)
    defer { tl_free(der) }
    guard count > 0 else { return false }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
      && EVP_DigestVerify(context, der, Int(count), message, message.count) == 1
  }
}

/// The curve itself, for the time of one computation.
private struct Curve: ~Copyable {
  let group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
  deinit { EC_GROUP_free(group) }
}
