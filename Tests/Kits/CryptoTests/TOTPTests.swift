import Core
import JSON
import TestDatabase
import Testing

@testable import Crypto

@Suite struct TOTPTests {
  @Test(arguments: [
    ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
    ("foobar", "MZXW6YTBOI"),
  ])
  func `base 32 of RFC 4648`(_ plain: String, _ text: String) {
    #expect(Base32.encode(Array(plain.utf8)) == text)
    #expect(Base32.decode(text.lowercased()) == Array(plain.utf8))
  }

  @Test func `base 32 has one text for one value`() {
    #expect(Base32.decode("MZXW 6YTB-OI") == Array("foobar".utf8))
    for text in ["M", "MZX", "MZXW6Y", "MZ", "MZXW6YTBO1", "MZXW=", "ü"] {
      #expect(Base32.decode(text) == nil, "\(text)")
    }
  }

  @Test func `codes of RFC 6238, appendix B, their last six digits`() throws {
    let totp = try #require(TOTP(secret: Array("12345678901234567890".utf8)))
    for (second, code) in [
      (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
      (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ] as [(Int64, String)] {
      #expect(totp.code(step: second / 30) == code)
    }
  }

  @Test func `pyotp makes the same codes and reads our address`() throws {
    let totp = TOTP.fresh()
    let steps: [Int64] = [0, 1, 59_999_999, 60_000_000, 123_456_789]
    // No ampersand: pyotp decodes the whole address before it takes the query apart.
    let peer = try Peer(
      "one_time_codes.py",
      [Base32.encode(totp.secret), totp.address(issuer: "Tutors, Co: Köln", account: "mia@example.org")]
        + steps.map(String.init))
    #expect(peer.ready["codes"]?.array?.compactMap(\.string) == steps.map { totp.code(step: $0) })
    #expect(peer.ready["secret"]?.string == Base32.encode(totp.secret))
    #expect(peer.ready["issuer"]?.string == "Tutors, Co Köln")
    #expect(peer.ready["name"]?.string == "mia@example.org")
    #expect(peer.ready["digits"]?.int == 6)
    #expect(peer.ready["interval"]?.int == 30)
  }

  @Test func `a code is known thirty seconds early and late, not longer`() throws {
    let totp = TOTP.fresh()
    let now = try #require(Instant(rfc3339: "2026-11-21T06:00:10Z"))
    let step = TOTP.step(at: now)
    for other in (step - 1)...(step + 1) { #expect(totp.step(of: totp.code(step: other), at: now) == other) }
    for text in [totp.code(step: step + 2), totp.code(step: step - 2), "", "12345", "1234567", "abcdef", "１２３４５６"] {
      // One in a million of the far codes is a near one too.
      if let found = totp.step(of: text, at: now) { #expect(totp.code(step: found) == text) }
    }
    #expect(TOTP(secret: [UInt8](repeating: 1, count: 15)) == nil)
  }
}

@Suite struct KeyRingChangeTests {
  @Test func `a key is added, put in front and dropped`() throws {
    let first = try #require(Key.fresh(id: "k1"))
    let ring = KeyRing(first)
    let old = ring.seal("words", context: "here")
    let both = try #require(ring.adding(Key.fresh(id: "k2")!))
    #expect(both.ids == ["k1", "k2"] && both.adding(first) == nil)
    #expect(KeyRing.keyID(of: both.seal("words", context: "here")) == "k1")
    let turned = try #require(both.sealing(with: "k2"))
    #expect(turned.ids == ["k2", "k1"] && turned.openText(old, context: "here") == "words")
    #expect(KeyRing.keyID(of: turned.seal("words", context: "here")) == "k2")
    #expect(turned.dropping("k2") == nil && turned.dropping("k3") == nil && turned.sealing(with: "k3") == nil)
    let single = try #require(turned.dropping("k1"))
    #expect(single.ids == ["k2"] && single.openText(old, context: "here") == nil)
    #expect(KeyRing(setting: turned.setting)?.openText(old, context: "here") == "words")
  }
}
