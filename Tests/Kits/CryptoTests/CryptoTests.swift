import Core
import JSON
import Testing

@testable import Crypto

@Suite struct CryptoTests {
  let ring = KeyRing(Key.fresh(id: "new")!, [Key.fresh(id: "old")!])

  @Test func `random tokens are long, safe in addresses and never the same`() {
    let tokens = (0..<1000).map { _ in Random.token() }
    #expect(Set(tokens).count == 1000)
    #expect(tokens.allSatisfy { $0.utf8.count == 43 && PercentEncoding.encode($0) == $0 })
    #expect(Random.bytes(0) == [])
    // More than the system gives at once: the last ones are drawn too.
    #expect(Random.bytes(1000).count == 1000)
    #expect(Random.bytes(1000).suffix(200).contains { $0 != 0 })
    #expect(Random.digits(6).count == 6)
  }

  @Test(arguments: ["Zg", "Zg=", "Zg===", "Zh==", "Z===", "====", "Zm9v ", "Zm9v\n", "Zm-v", "Zm9=v", "Z"])
  func `base64 that is not canonical is refused`(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test(arguments: ["Zg==", "Zh", "Z", "Zm+v", "Zm/v", "é"])
  func `base64url that is not canonical is refused`(_ text: String) {
    #expect(Base64.decodeURL(text) == nil)
  }

  @Test func `every length survives base64 and base 16`() {
    for count in 0..<70 {
      let bytes = Random.bytes(count)
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(Base64.decodeURL(Base64.url(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
    #expect(Hex.encode(0...255).hasPrefix("000102030405060708090a0b0c0d0e0f10"))
    #expect(Hex.decode("0") == nil)
    #expect(Hex.decode("0g") == nil)
  }

  @Test func `secrets are equal only when every byte is`() {
    #expect(constantTimeEqual("same", "same"))
    #expect(!constantTimeEqual("same", "sama"))
    #expect(!constantTimeEqual("same", "sam"))
    #expect(constantTimeEqual([], []))
  }

  @Test func `a password matches its own hash and no other`() {
    let phc = Password.hash("correct horse", cost: .cheap)
    #expect(phc.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
    #expect(Password.verify("correct horse", against: phc))
    #expect(!Password.verify("correct horsf", against: phc))
    #expect(!Password.verify("", against: phc))
    #expect(Password.hash("correct horse", cost: .cheap) != phc)
    #expect(Password.verify("", against: Password.hash("", cost: .cheap)))
    #expect(Password.verify("naïve\u{0}tail", against: Password.hash("naïve\u{0}tail", cost: .cheap)))
    #expect(!Password.verify("naïve", against: Password.hash("naïve\u{0}tail", cost: .cheap)))
  }

  @Test(arguments: [
    "", "plain", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
    "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHRzYWx0$AAAA",
    "$2b$12$abcdefghijklmnopqrstuv",
  ])
  func `what is no hash of ours matches nothing`(_ phc: String) {
    #expect(!Password.verify("x", against: phc))
    #expect(Password.needsRehash(phc))
  }

  @Test func `memory that one hash leaves to the next one, or to the system, tells in neither`() {
    let phc = Password.hash("correct horse")
    for _ in 0..<3 {
      #expect(Password.verify("correct horse", against: phc))
      #expect(!Password.verify("correct horsf", against: phc))
      // The second call finds that nothing was hashed since the first.
      Password.tidy()
      Password.tidy()
    }
  }

  @Test func `a hash of another cost is renewed`() {
    #expect(Password.needsRehash(Password.hash("x", cost: .cheap)))
    #expect(!Password.needsRehash(Password.hash("x", cost: .cheap), cost: .cheap))
    let phc = Password.hash("x")
    #expect(phc.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    #expect(!Password.needsRehash(phc))
    #expect(!Password.verifyNobody("x"))
  }

  @Test func `what is sealed opens in its context only, and not when a single bit is turned`() {
    let sealed = ring.seal("the meeting key", context: "rooms:1")
    #expect(sealed.hasPrefix("new."))
    #expect(ring.openText(sealed, context: "rooms:1") == "the meeting key")
    #expect(ring.open(sealed, context: "rooms:2") == nil)
    #expect(ring.seal("the meeting key", context: "rooms:1") != sealed)
    let bytes = Base64.decodeURL(sealed.dropFirst(4))!
    for at in bytes.indices {
      var turned = bytes
      turned[at] ^= 1
      #expect(ring.open("new." + Base64.url(turned), context: "rooms:1") == nil)
    }
    #expect(ring.open("old." + sealed.dropFirst(4), context: "rooms:1") == nil)
    for broken in ["", "new", "new.", "new.AAAA", "gone." + sealed.dropFirst(4), sealed + ".x"] {
      #expect(ring.open(String(broken), context: "rooms:1") == nil)
    }
    #expect(ring.openText(ring.seal("", context: ""), context: "") == "")
  }

  @Test func `a new key in front seals while what the old one sealed still opens`() throws {
    let first = try #require(Key.fresh(id: "a"))
    let second = try #require(Key.fresh(id: "b"))
    let sealed = KeyRing(first).seal("x", context: "c")
    let turned = KeyRing(second, [first])
    #expect(turned.openText(sealed, context: "c") == "x")
    #expect(turned.seal("x", context: "c").hasPrefix("b."))
    #expect(KeyRing(second).open(sealed, context: "c") == nil)
  }

  @Test func `a ring is read from its setting`() throws {
    let setting = KeyRing.freshSetting(id: "k2") + ", " + KeyRing.freshSetting()
    let ring = try #require(KeyRing(setting: setting))
    #expect(ring.seal("x", context: "").hasPrefix("k2."))
    for broken in ["", "k1", "k1:short", "k 1:" + Base64.url(Random.bytes(32)), setting + ","] {
      #expect(KeyRing(setting: broken) == nil)
    }
  }

  @Test func `a signed value holds for its purpose until it expires`() {
    let now = Instant(seconds: 1000)
    let signed = ring.sign("user 7: é.", purpose: "verify-mail", until: now + .hours(1))
    #expect(ring.verify(signed, purpose: "verify-mail", at: now) == "user 7: é.")
    #expect(ring.verify(signed, purpose: "reset", at: now) == nil)
    #expect(ring.verify(signed, purpose: "verify-mail", at: now + .hours(1)) == nil)
    let later = signed.replacing("4600", with: "9999")
    #expect(later != signed)
    #expect(ring.verify(later, purpose: "verify-mail", at: now) == nil)
    #expect(ring.verify(signed + "A", purpose: "verify-mail", at: now) == nil)
    #expect(ring.verify("", purpose: "verify-mail", at: now) == nil)
  }

  @Test func `a web token holds within its times`() throws {
    let now = Instant(seconds: 10_000)
    let token = JWT.sign(["sub": "7", "nbf": 10_000, "exp": 10_060], with: ring)
    #expect(try JWT.verify(token, with: ring, at: now)["sub"]?.string == "7")
    #expect(throws: JWT.Refusal.notYetValid) { try JWT.verify(token, with: ring, at: now - .seconds(1)) }
    #expect(throws: JWT.Refusal.expired) { try JWT.verify(token, with: ring, at: now + .seconds(60)) }
    #expect(try JWT.verify(token, with: ring, at: now + .seconds(62), leeway: .seconds(5))["exp"]?.int == 10_060)
    #expect(throws: JWT.Refusal.malformed) { try JWT.verify(JWT.sign(["sub": "7"], with: ring), with: ring, at: now) }
  }

  @Test func `a web token of another algorithm, key or shape is refused`() {
    let now = Instant(seconds: 0)
    func refusal(_ token: String, _ ring: KeyRing) -> JWT.Refusal? {
      do throws(JWT.Refusal) {
        _ = try JWT.verify(token, with: ring, at: now)
        return nil
      } catch { return error }
    }
    let claims = Base64.url(Array(#"{"exp":99}"#.utf8))
    func head(_ text: String) -> String { Base64.url(Array(text.utf8)) }
    #expect(refusal(head(#"{"alg":"none"}"#) + "." + claims + ".", ring) == .unsupported)
    #expect(refusal(head(#"{"alg":"hs256","kid":"new"}"#) + "." + claims + ".AAAA", ring) == .unsupported)
    #expect(refusal(head(#"{"alg":"HS256","kid":"new","crit":["x"]}"#) + "." + claims + ".AAAA", ring) == .unsupported)
    #expect(refusal(head(#"{"alg":"HS256","kid":"gone"}"#) + "." + claims + ".AAAA", ring) == .unsupported)
    #expect(refusal(head(#"{"alg":"HS256","kid":"new"}"#) + "." + claims + ".AAAA", ring) == .forged)
    #expect(refusal(head(#"{"alg":"HS256","alg":"none"}"#) + "." + claims + ".AAAA", ring) == .malformed)
    #expect(refusal("a.b", ring) == .malformed)
    #expect(refusal("", ring) == .malformed)
    let token = JWT.sign(["exp": 99], with: KeyRing(Key.fresh(id: "new")!))
    #expect(refusal(token, ring) == .forged)
    #expect(refusal(JWT.sign(["exp": 99], with: ring), ring) == nil)
  }
}
