import Core
import Crypto
import JSON
import Testing

@testable import Push

@Suite struct PushSealTests {
  /// RFC 8291, section 5 and appendix A.
  @Test func `the example of RFC 8291 comes out byte for byte`() throws {
    let sender = try #require(
      Base64.decodeURL("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").flatMap { P256KeyPair(privateKey: $0) })
    #expect(
      Base64.url(sender.publicKey)
        == "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8")
    let target = try PushTarget(
      endpoint: "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
      publicKey: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      authentication: "BTBZMqHH6r4Tts7J_aSIgg")
    #expect(
      sender.agree(with: target.publicKey).map { Base64.url($0) } == "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs")
    let sealed = PushSeal.seal(
      Array("When I grow up, I want to be a watermelon".utf8), for: target, sender: sender,
      salt: try #require(Base64.decodeURL("DGv6ra1nlYgDCS1FRnbzlw")))
    #expect(
      Base64.url(sealed)
        == "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
  }

  @Test func `both sides agree, and with nobody else`() {
    let (a, b, c) = (P256KeyPair(), P256KeyPair(), P256KeyPair())
    #expect(a.agree(with: b.publicKey) == b.agree(with: a.publicKey))
    #expect(a.agree(with: b.publicKey) != c.agree(with: b.publicKey))
  }

  @Test func `what is no point of the curve, or no number of it, is refused`() {
    var point = P256KeyPair().publicKey
    point[40] ^= 1
    #expect(!P256.isPoint(point))
    #expect(P256KeyPair().agree(with: point) == nil)
    #expect(!P256.isPoint([4] + [UInt8](repeating: 0, count: 64)))
    #expect(!P256.isPoint([0]))
    #expect(!P256.isPoint([]))
    #expect(P256KeyPair(privateKey: [UInt8](repeating: 0, count: 32)) == nil)
    #expect(P256KeyPair(privateKey: [UInt8](repeating: 255, count: 32)) == nil)
    #expect(P256KeyPair(privateKey: [1]) == nil)
  }

  @Test func `a signature holds for its message and its signer alone`() {
    let (pair, other) = (P256KeyPair(), P256KeyPair())
    let message = Array("to whom it concerns".utf8)
    let signature = pair.sign(message)
    #expect(signature.count == 64)
    #expect(P256.verify(signature, of: message, by: pair.publicKey))
    #expect(!P256.verify(signature, of: message + [0], by: pair.publicKey))
    #expect(!P256.verify(signature, of: message, by: other.publicKey))
    #expect(!P256.verify([UInt8](repeating: 0, count: 64), of: message, by: pair.publicKey))
    #expect(!P256.verify([], of: message, by: pair.publicKey))
  }

  @Test func `who sends is said in three claims, for one vendor, for less than a day`() throws {
    let pair = P256KeyPair()
    let now = Instant(seconds: 1_800_000_000)
    let words = VAPID(pair, contact: "mailto:ops@tutor.test").authorization(for: "https://push.example", at: now)
    #expect(words.hasPrefix("vapid t="))
    let halves = words.dropFirst(8).split(separator: ",")
    #expect(halves[1] == " k=" + Base64.url(pair.publicKey))
    let parts = halves[0].split(separator: ".").map(String.init)
    let head = parts[0] + "." + parts[1]
    #expect(P256.verify(try #require(Base64.decodeURL(parts[2])), of: Array(head.utf8), by: pair.publicKey))
    #expect(try JSON.read(Base64.decodeURL(parts[0])!)["alg"]?.string == "ES256")
    let claims = try JSON.read(Base64.decodeURL(parts[1])!)
    #expect(claims["aud"]?.string == "https://push.example")
    #expect(claims["sub"]?.string == "mailto:ops@tutor.test")
    #expect(claims["exp"]?.int == 1_800_000_000 + 43_200)
  }

  @Test(
    arguments: [
      "http://push.example/x", "https://push.example:8443/x", "https://127.0.0.1/x", "https://[::1]/x",
      "https://localhost/x", "https://user@push.example/x", "https://push.example",
      "https://push.example\\@evil.test/x",
      "https://PUSH.example/x", "ftp://push.example/x", "", "https://push.example/ x", "https://-push.example/x",
      "https://10.0.0.1/x", "https://0x7f000001/x", "https://2130706433/x", "https://push..example/x",
    ])
  func `an address that is no push service's is refused`(endpoint: String) {
    let pair = P256KeyPair()
    #expect(throws: PushTarget.Refusal.endpoint) {
      try PushTarget(
        endpoint: endpoint, publicKey: Base64.url(pair.publicKey), authentication: Base64.url(Random.bytes(16)))
    }
  }

  @Test func `keys of another shape are refused`() {
    let point = Base64.url(P256KeyPair().publicKey), secret = Base64.url(Random.bytes(16))
    for (key, auth) in [("", secret), (point, ""), (point, "AAAA"), (secret, secret), (point + "=", secret)] {
      #expect(throws: PushTarget.Refusal.keys) {
        try PushTarget(endpoint: "https://push.example/x", publicKey: key, authentication: auth)
      }
    }
  }
}
