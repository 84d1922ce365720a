package import Core
import Crypto
import JSON
import Jobs
package import Postgres
package import Push
import Site
package import Vault

package enum Device {}
package enum PushKey {}

/// Tells a notice to each device of its reader.
struct PushNotice: Job {
  static let name = "notices.push"
  let notice: ID<Notification>
}

/// One notice to one device, so that a device whose vendor is busy holds up no other, and none is told twice for its sake.
struct PushTo: Job {
  static let name = "notices.push-to"
  let notice: ID<Notification>
  let device: ID<Device>
}

/// How what is told leaves for devices.
package struct PushOffice: Sendable {
  let client: PushClient
  let keys: PushKeys
  /// Whom vendors write to: `mailto:` or `https:`.
  let contact: String
  /// An origin taken for a push service though it is none of the open internet's: for tests.
  let peer: String?

  package init(client: PushClient, keys: PushKeys, contact: String, peer: String? = nil) {
    self.client = client
    self.keys = keys
    self.contact = contact
    self.peer = peer
  }
}

/// The pairs that say to push services who we are: made at first need, sealed, the newest for whoever subscribes now.
package struct PushKeys: Sendable {
  static let column = SealedColumn("push_keys", key: "id", "private_key")
  static let secret = SealedColumn("push_subscriptions", key: "id", "secret")

  private let database: Database
  let vault: Vault
  private let clock: WallClock

  package init(database: Database, vault: Vault, clock: WallClock) {
    self.database = database
    self.vault = vault
    self.clock = clock
  }

  /// What a browser subscribes with now.
  func publicKey() async throws -> String {
    if let known = try await database.first(.newestPushKey) { return known }
    return try await database.transaction { tx in
      try await tx.run(.turnToMakeKey)
      if let known = try await tx.first(.newestPushKey) { return known }
      return try await make(in: tx)
    }
  }

  /// A new pair, for whoever subscribes from now on; browsers that know the older one stay with it. Its public half.
  @discardableResult package func make(in tx: Transaction) async throws -> String {
    let pair = P256KeyPair()
    let id = ID<PushKey>.new()
    let text = Base64.url(pair.publicKey)
    let sealed = vault.seal(Base64.url(pair.privateKey), in: Self.column, row: id)
    try await tx.run(.insertPushKey(id, text, sealed, at: clock.now))
    return text
  }

  /// After a pair has become known: a new one, and no browser is left that believes an older one. How many were forgotten.
  package func replace(in tx: Transaction) async throws -> Int {
    try await tx.run(.turnToMakeKey)
    guard let id = try await tx.first(.pushKey(try await make(in: tx))) else { return 0 }
    let count = try await tx.affected(.dropDevices(ofOtherKeysThan: id))
    try await tx.run(.dropIdleKeys)
    return count
  }

  func pair(_ id: ID<PushKey>) async throws -> P256KeyPair? {
    guard let sealed = try await database.first(.privateKey(id)) else { return nil }
    return Base64.decodeURL(try vault.open(sealed, in: Self.column, row: id)).flatMap { P256KeyPair(privateKey: $0) }
  }
}

/// The push service did not take it now; the job is tried again.
struct NotPushedNow: Error, CustomStringConvertible {
  let description: String
}

extension NoticesFeature {
  package static let sealedColumns = [PushKeys.column, PushKeys.secret]

  /// Which devices are told is decided once, in the commit that asks for it.
  func push(_ job: PushNotice, _ attempt: Attempt, in tx: Transaction) async throws {
    let now = clock.now
    let parcels = try await tx.all(.parcels(job.notice, at: now)).filter(\.said.isWanted)
    guard let said = parcels.first?.said, !isStale(said, at: now) else { return }
    if let end = said.hold(at: now) { throw NotYet(until: end) }
    try await tx.enqueue(all: parcels.map { PushTo(notice: job.notice, device: $0.device) })
  }

  /// At least once: after a crash between the vendor's yes and our note it goes again, under the same `Topic` and the same
  /// tag, so that the second takes the place of the first unheard.
  func push(_ job: PushTo, _ attempt: Attempt) async throws {
    let now = clock.now
    guard let parcel = try await database.first(.parcels(job.notice, for: job.device, at: now)), parcel.said.isWanted
    else { return }
    let said = parcel.said
    guard !isStale(said, at: now) else { return }
    if let end = said.hold(at: now) { throw NotYet(until: end) }
    guard let pair = try await pushes.keys.pair(parcel.key) else { return }
    let secret = try pushes.keys.vault.open(parcel.secret, in: PushKeys.secret, row: parcel.device)
    let target: PushTarget
    do {
      target = try PushTarget(
        endpoint: parcel.endpoint, publicKey: parcel.publicKey, authentication: secret, peer: pushes.peer)
    } catch { return try await database.run(.forgetDevice(parcel.device)) }
    let outcome = try await pushes.client.send(
      message(job.notice, said, at: now), to: target, as: VAPID(pair, contact: pushes.contact), at: now)
    switch outcome {
    case .accepted: try await database.run(.told(parcel.device, at: now))
    case .gone: try await database.run(.forgetDevice(parcel.device))
    case .later(let after, let reason):
      // A vendor that names a time is asked again then, and no try is counted; staleness ends it.
      if let after { throw NotYet(until: now + after) }
      throw NotPushedNow(description: reason)
    case .refused(_, let reason): throw Hopeless("the push service answered \(reason)")
    }
  }

  private func isStale(_ said: Addressed, at now: Instant) -> Bool { now - said.createdAt > said.lifetime }

  /// A few words in the reader's language, and where they lead: what the page and the letter say, and no more.
  private func message(_ notice: ID<Notification>, _ said: Addressed, at now: Instant) -> PushMessage {
    let page = site.context(language: said.language, zone: said.zone)
    let title = said.topic?.name(page) ?? site.name
    var body = page.sentence(said.kind, said.values)
    // A reason that somebody typed may be long; a note on a device is not. Bytes count, and whole characters.
    if body.utf8.count > 1000 {
      var count = 0
      body =
        String(
          body.prefix {
            count += $0.utf8.count
            return count <= 990
          }) + "…"
    }
    let bytes = JSONWriter.bytes { w in
      w.object { w in
        w.field("id", notice)
        w.field("title", title)
        w.field("body", body)
        w.field("link", NoticePaths.notice(notice))
        w.field("lang", page.language.rawValue)
        w.field("dir", page.language.isRightToLeft ? "rtl" : "ltr")
      }
    }
    let left = max(.seconds(60), said.lifetime - max(.zero, now - said.createdAt))
    return PushMessage(
      bytes, lifetime: left, urgency: said.topic?.isPressing == true ? .high : said.topic == .searches ? .low : .normal,
      topic: String(Base64.url(SHA256.hash("\(notice)")).prefix(32)))
  }
}
