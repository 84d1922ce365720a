package import Core
import Crypto
import JSON
package import Postgres

/// The helpers a browser needs to find a way to the other one: STUN to learn its outside address, TURN to relay where
/// there is no direct way.
package struct RelaySettings: Sendable {
  /// How long a credential is good: longer than any lesson (RFC 8155 leaves it to us).
  static let lifetime = Duration.hours(12)

  let stun: [String]
  let turn: [String]
  /// coturn's `static-auth-secret`. Without it no relay is offered.
  let secret: String?
  /// Offers the relay as the only way; for networks and tests that must not connect directly.
  let isOnlyWay: Bool

  package init(stun: [String] = [], turn: [String] = [], secret: String? = nil, isOnlyWay: Bool = false) {
    self.stun = stun
    self.turn = turn
    self.secret = secret
    self.isOnlyWay = isOnlyWay
  }

  /// Writes `RTCIceServer` dictionaries (W3C WebRTC, 4.2.2), with a credential of this person's own.
  func write(for user: ID<User>, at now: Instant, to w: inout JSONWriter) {
    w.array { w in
      if !stun.isEmpty { w.object { w in w.array("urls", stun) { w, url in w.write(url) } } }
      if !turn.isEmpty, let secret {
        let credential = RelayCredential(user: user.description, secret: secret, expiry: now + Self.lifetime)
        w.object { w in
          w.array("urls", turn) { w, url in w.write(url) }
          w.field("username", credential.username)
          w.field("credential", credential.credential)
        }
      }
    }
  }
}

/// What the room tells the booking, in the transaction in which it happens. The house gives Bookings' own functions.
package struct LessonHooks: Sendable {
  package typealias Tell = @Sendable (_ booking: ID<Booking>, _ tx: Transaction) async throws -> Void
  /// Both are in the room and it is time.
  let begin: Tell
  /// The lesson they held is over.
  let complete: Tell
  /// A learner stands at the door and the tutor is not in the room. Once a stay, not at each knock.
  let waiting: @Sendable (Waiting, Transaction) async throws -> Void

  /// Who waits for whom.
  package struct Waiting: Sendable {
    package let booking: ID<Booking>
    package let tutor: ID<User>
    package let learnerName: String
    package let subject: String
  }

  package init(
    begin: @escaping Tell, complete: @escaping Tell,
    waiting: @escaping @Sendable (Waiting, Transaction) async throws -> Void = { _, _ in }
  ) {
    self.begin = begin
    self.complete = complete
    self.waiting = waiting
  }
}
