import Core
import Crypto
import JSON
import Loop
import Outbound
import TestDatabase
import Testing

@testable import Push

@Suite struct PushClientTests {
  private static let loops = LoopGroup(count: 1)

  @Test func `an address that leads into the house is forgotten without a word to it`() async throws {
    let peer = try Peer("push_service.py")
    let courier = Courier(loops: Self.loops)
    let origin = "http://localhost:\(peer.port("http"))"
    // It got by as if its name had led elsewhere then; the client believes no origin.
    let target = try PushTarget(
      endpoint: origin + "/push/x", publicKey: Base64.url(P256KeyPair().publicKey),
      authentication: Base64.url(Random.bytes(16)), peer: origin)
    let outcome = try await PushClient(HTTPClient(courier)).send(
      PushMessage(Array("{}".utf8), lifetime: .hours(1)), to: target,
      as: VAPID(P256KeyPair(), contact: "mailto:ops@tutor.test"), at: .now)
    #expect(outcome == .gone)
    let asked = try await HTTPClient(courier).send(OutboundRequest(.get, origin + "/asked"))
    #expect(try JSON.read(asked.body).array?.isEmpty == true)
    await courier.close()
    withExtendedLifetime(peer) {}
  }

  @Test func `a vendor that is not there is asked again later`() async throws {
    let courier = Courier(loops: Self.loops)
    let origin = "http://127.0.0.1:\(deadPort)"
    let target = try PushTarget(
      endpoint: origin + "/push/x", publicKey: Base64.url(P256KeyPair().publicKey),
      authentication: Base64.url(Random.bytes(16)), peer: origin)
    let outcome = try await PushClient(HTTPClient(courier), peer: origin).send(
      PushMessage([], lifetime: .zero), to: target, as: VAPID(P256KeyPair(), contact: "mailto:ops@tutor.test"), at: .now
    )
    guard case .later(nil, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    await courier.close()
  }

  @Test func `a vendor's wish is heard, within an hour`() {
    #expect(PushClient.wish("120") == .seconds(120))
    #expect(PushClient.wish("0") == .seconds(1))
    #expect(PushClient.wish("-5") == .seconds(1))
    #expect(PushClient.wish("99999999") == .seconds(3600))
    #expect(PushClient.wish("99999999999999999999999") == nil)
    #expect(PushClient.wish("Fri, 20 Nov 2026 17:30:00 GMT") == nil)
    #expect(PushClient.wish(nil) == nil)
  }
}
