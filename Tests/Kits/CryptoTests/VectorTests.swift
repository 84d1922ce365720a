import Core
import JSON
import Testing

@testable import Crypto

/// What others have published, byte for byte.
@Suite struct VectorTests {
  func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex)! }

  @Test func `SHA-256 of FIPS 180-4`() {
    #expect(SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(SHA256.hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    var hasher = SHA256.Hasher()
    for _ in 0..<1000 { hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    #expect(Hex.encode(hasher.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `HMAC of RFC 4231 and RFC 2202`() {
    let key = [UInt8](repeating: 0x0B, count: 20)
    #expect(
      Hex.encode(HMAC.sign("Hi There", key: key)) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      Hex.encode(HMAC.sign("Hi There", key: key, .sha512))
        == "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
    )
    #expect(Hex.encode(HMAC.sign("Hi There", key: key, .sha1)) == "b617318655057264e28bc0b6fb378c8ef146be00")
    #expect(
      Hex.encode(HMAC.sign("what do ya want for nothing?", key: Array("Jefe".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let long = [UInt8](repeating: 0xAA, count: 131)
    #expect(
      Hex.encode(HMAC.sign("Test Using Larger Than Block-Size Key - Hash Key First", key: long))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    #expect(
      Hex.encode(HMAC.sign("", key: [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `base64 of RFC 4648`(_ plain: String, _ text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == text)
    #expect(Base64.decode(text) == Array(plain.utf8))
    let url = String(text.filter { $0 != "=" })
    #expect(Base64.url(Array(plain.utf8)) == url)
    #expect(Base64.decodeURL(url) == Array(plain.utf8))
  }

  @Test func `AES-256-GCM of the mode's authors, test case 16`() {
    let key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    let nonce = bytes("cafebabefacedbaddecaf888")
    let plain = bytes(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    let sealed = bytes(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        + "76fc6ece0f4e1768cddf8853bb2d551b")
    #expect(AESGCM.seal(plain, key: key, nonce: nonce, associated: associated) == sealed)
    #expect(AESGCM.open(sealed, key: key, nonce: nonce, associated: associated) == plain)
    #expect(AESGCM.open(sealed, key: key, nonce: nonce, associated: []) == nil)
    // Test case 13: nothing sealed.
    let zero = [UInt8](repeating: 0, count: 32)
    let tag = AESGCM.seal([], key: zero, nonce: [UInt8](repeating: 0, count: 12), associated: [])
    #expect(Hex.encode(tag) == "530f8afbc74536b9a963b4f1c4cb738b")
    #expect(AESGCM.open(tag, key: zero, nonce: [UInt8](repeating: 0, count: 12), associated: []) == [])
  }

  @Test func `argon2id as argon2-cffi makes it`() {
    #expect(
      Password.verify(
        "correct horse",
        against: "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4"))
    #expect(
      Password.verify(
        "correct horse",
        against: "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$bIKRw3Ua1pluirFy81fnppmR01EnUxY3hLEBwbWxBG8"))
  }

  @Test func `the token of RFC 7515, appendix A_1`() throws {
    let token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    let secret = Base64.decodeURL(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")!
    let claims = try JWT.verify(token, secret: secret, at: Instant(seconds: 1_300_819_379))
    #expect(claims["iss"]?.string == "joe")
    #expect(throws: JWT.Refusal.expired) { try JWT.verify(token, secret: secret, at: Instant(seconds: 1_300_819_380)) }
    #expect(throws: JWT.Refusal.forged) { try JWT.verify(token, secret: [1], at: Instant(seconds: 0)) }
  }

  /// The figure was made by Python's hmac and base64.
  @Test func `a relay credential as coturn computes it`() {
    let credential = RelayCredential(user: "u42", secret: "s3cr3t", expiry: Instant(seconds: 1_700_000_000))
    #expect(credential.username == "1700000000:u42")
    #expect(credential.credential == "HfjBoD9oilD7sKDC2CwUhSncqNI=")
  }
}
