import Bus
import Core
import Crypto
import Jobs
import Loop
import Outbound
import Platform
import Postgres
import Push
import Site
import TestDatabase
import TestKit
import Vault
import Web

@testable import Notices

/// The room alone, with the cast in its database.
struct NoticesHouse {
  let house: TestHouse
  let site: TestSite
  let notices: Notices
  let bus: Bus
  let feature: NoticesFeature
  var database: Database { house.database }

  /// Tells a person something a catalogue has words for.
  func tell(
    _ person: Person = .ben, _ kind: String = "accounts.passwordChanged", _ values: [String: NoticeValue] = [:],
    link: String? = "/account",
    mail: Bool = false, calendar: CalendarPart? = nil
  ) async throws {
    try await database.transaction { tx in
      try await notices.tell(person.id, kind, values, link: link, mail: mail, calendar: calendar, in: tx)
    }
  }

  /// State and last error of each mail, oldest first.
  func mails() async throws -> [(state: String, attempts: Int, error: String?)] {
    try await database.all(
      Query<(String, Int, String?)>("select state, attempts, last_error from mails order by created_at, id")
    )
    .map { ($0.0, $0.1, $0.2) }
  }
}

/// The room stands on the ground alone; what is built above need not be there.
let ground = Contents.only([
  "20261120-0800-foundation.sql", "20261120-0900-jobs.sql", "20261120-0960-notices.sql", "20261120-1000-accounts.sql",
  "20261121-0600-sealing-keys.sql", "20261123-0200-notice-choices.sql", "20261123-0210-open-sessions.sql",
  "20261123-0220-push.sql", "20261123-0230-held-letters.sql",
])

func withNotices(
  relay: SMTPRelay? = nil, courier: Courier? = nil, pushPeer: String? = nil, _ body: (NoticesHouse) async throws -> Void
) async throws {
  try await withDatabase(ground) { database in
    try await database.insert()
    let house = try TestHouse(database)
    let bus = Bus(loops: testLoops)
    let notices = Notices(bus: bus)
    var office: PostOffice?
    let own = courier ?? Courier(loops: testLoops)
    if let relay, let courier { office = PostOffice(client: SMTPClient(courier), relay: relay) }
    let feature = NoticesFeature(
      database: database, site: house.site, bus: bus, notices: notices,
      sender: MailAddress("no-reply@tutor.test", name: "TutaLink")!,
      office: office,
      pushes: PushOffice(
        client: PushClient(HTTPClient(own), peer: pushPeer),
        keys: PushKeys(database: database, vault: Vault(KeyRing(Key.fresh(id: "k1")!)), clock: house.clock.clock),
        contact: "mailto:ops@tutor.test", peer: pushPeer),
      secret: "a secret of the tests, long enough for anybody", clock: house.clock.clock)
    try await body(
      NoticesHouse(house: house, site: house.open([feature]), notices: notices, bus: bus, feature: feature))
  }
}
