package import Bus
package import Core
import JSON
package import Jobs
package import Outbound
package import Platform
package import Postgres
package import Site
package import Web

/// Tells people what concerns them, as they wish: in the notification centre and live on their open pages always, on their
/// devices, and by mail.
///
/// Owns `notifications`, `mails`, `muted_notices`, `quiet_hours`, `push_keys`, `push_subscriptions`. Reads
/// `people_contact`, `open_sessions` (Accounts). Publishes `mail_log`, `unread_notices`. Other rooms tell through
/// ``Notices``.
package struct NoticesFeature: Feature {
  let database: Database
  let site: Site
  let bus: Bus
  let notices: Notices
  let sender: MailAddress
  /// Without one, mails are written and kept for the admin to see.
  let office: PostOffice?
  let pushes: PushOffice
  let exits: Exits
  let clock: WallClock

  /// - Parameter secret: the site's; what letters' ends are signed with is derived from it.
  package init(
    database: Database, site: Site, bus: Bus, notices: Notices, sender: MailAddress, office: PostOffice?,
    pushes: PushOffice, secret: String, clock: WallClock
  ) {
    self.database = database
    self.site = site
    self.bus = bus
    self.notices = notices
    self.sender = sender
    self.office = office
    self.pushes = pushes
    exits = Exits(secret: secret)
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, NoticePaths.centre, as: Member.self, centre)
    routes.on(.post, NoticePaths.readings, as: Member.self, readAll)
    routes.on(.get, NoticePaths.notice, as: Member.self, follow)
    routes.on(.post, NoticePaths.reading, as: Member.self, readOne)
    routes.on(.get, NoticePaths.choices, as: Member.self, choices)
    routes.on(.post, NoticePaths.choices, as: Member.self, saveChoices)
    routes.on(.post, NoticePaths.devices, as: Member.self, addDevice)
    routes.on(.post, NoticePaths.deviceRemoval, as: Member.self, removeDevice)
    routes.on(
      .post, NoticePaths.trial, as: Member.self,
      limits: .limit(.perUser(5, per: .minutes(10), pool: "trial-notices")), sendTrial)
    routes.on(.get, NoticePaths.unsubscription, as: Guest.self, showExit)
    routes.on(.post, NoticePaths.unsubscription, as: Guest.self, limits: .webhook, leave)
    routes.on(.post, NoticePaths.resubscription, as: Guest.self, limits: .webhook, comeBack)
    routes.api(.get, NoticePaths.list, as: Member.self, .notices, list)
    routes.api(.post, NoticePaths.readAll, as: Member.self, .readNotices, readAllByAPI)
    routes.api(.patch, NoticePaths.change, as: Member.self, .changeNotice, change)
    routes.socket(NoticePaths.socket, as: Member.self, converse)
  }

  package var jobs: [JobHandler] {
    [
      JobHandler(SendMail.self, limit: .seconds(120)) { job, attempt in try await send(job, attempt) },
      JobHandler(PushNotice.self, limit: .seconds(60)) { job, attempt, tx in try await push(job, attempt, in: tx) },
      JobHandler(PushTo.self, limit: .seconds(60)) { job, attempt in try await push(job, attempt) },
    ]
  }

  package var schedules: [Schedule] {
    [Schedule("notices.sweep-devices", every: .hours(24)) { try await sweepDevices() }]
  }

  package var figures: [Figure] {
    [
      Figure("mails_of_last_hour", "Letters of the last hour, by what became of them.", by: "state", .mailsOfLastHour),
      Figure(
        "mails_oldest_queued_seconds", "For how long the letter that has waited longest has waited.", .oldestQueuedMail),
    ]
  }

  // MARK: Pages

  func centre(_ request: Request, member: Member) async throws -> Response {
    let cursor = request.query["before"].flatMap { PageCursor($0) }.flatMap { Int($0.key) }
    let onlyUnread = request.query.isOn("unread")
    let notices = try await database.all(
      .notices(of: member.id, unreadOnly: onlyUnread, before: cursor, limit: Self.pageSize + 1))
    let unread = try await database.one(.unread(of: member.id))
    return site.page(
      NotificationCentre(
        notices: Array(notices.prefix(Self.pageSize)), unread: unread, showsOnlyUnread: onlyUnread,
        isFirstPage: cursor == nil,
        older: notices.count > Self.pageSize ? Self.cursor(after: notices[Self.pageSize - 1]) : nil), for: request)
  }

  /// A link that is followed has been seen. Repeating it changes nothing, so a GET may do it.
  func follow(_ request: Request, member: Member, notice: ID<Notification>) async throws -> Response {
    let stored = try await database.one(.notice(notice, of: member.id))
    try await setRead(true, stored.id, of: member.id)
    return .see(stored.link ?? Doors.notifications())
  }

  func readOne(_ request: Request, member: Member, notice: ID<Notification>) async throws -> Response {
    let stored = try await database.one(.notice(notice, of: member.id))
    try await setRead(true, stored.id, of: member.id)
    return .see(Doors.notifications())
  }

  func readAll(_ request: Request, member: Member) async throws -> Response {
    try await clear(member.id)
    return .see(Doors.notifications())
  }

  static let pageSize = 20

  static func cursor(after notice: StoredNotice) -> String { PageCursor(key: String(notice.number), id: "").text }

  // MARK: The same for programs

  func list(_ request: Request, member: Member) async throws -> Response {
    let before = try request.query["cursor"].map { text in
      guard let number = PageCursor(text).flatMap({ Int($0.key) }) else {
        throw Problem(400, "This cursor is none of ours.")
      }
      return number
    }
    let limit = request.query.int("page_size") ?? 20
    let onlyUnread = request.query.isOn("unread")
    let rows = try await database.all(.notices(of: member.id, unreadOnly: onlyUnread, before: before, limit: limit + 1))
    let unread = try await database.one(.unread(of: member.id))
    let count = try await database.one(.count(of: member.id, unreadOnly: onlyUnread))
    let page = site.context(for: request)
    let shown = rows.prefix(limit)
    var next: String?
    if rows.count > limit, let last = shown.last {
      next = NoticePaths.list() + "?" + request.query.with("cursor", Self.cursor(after: last)).encoded
    }
    return .json { w in
      w.object { w in
        w.field("count", count)
        w.field("unread", unread)
        w.field("next", next)
        w.field("previous", String?.none)
        w.array("results", shown) { w, notice in notice.write(to: &w, page) }
      }
    }
  }

  func change(_ request: Request, member: Member, notice: ID<Notification>) async throws -> Response {
    guard let isRead = try request.json()["read"]?.bool else { throw Problem.invalid(["read": ["Say true or false."]]) }
    _ = try await database.one(.notice(notice, of: member.id))
    try await setRead(isRead, notice, of: member.id)
    let stored = try await database.one(.notice(notice, of: member.id))
    let page = site.context(for: request)
    return .json { w in stored.write(to: &w, page) }
  }

  func readAllByAPI(_ request: Request, member: Member) async throws -> Response {
    let cleared = try await clear(member.id)
    return .json { w in w.object { w in w.field("read", cleared) } }
  }

  // MARK: Live

  func converse(_ request: Request, member: Member, user: ID<User>) async throws -> any Conversation {
    // A path that names a user must name the caller.
    guard user == member.id else { throw Failure.forbidden }
    return NotificationChannel(self, user: user, page: site.context(for: request))
  }

  // MARK: Marking

  func setRead(_ isRead: Bool, _ notice: ID<Notification>, of user: ID<User>) async throws {
    try await database.transaction { tx in
      guard try await tx.affected(.setRead(isRead, notice, of: user, at: clock.now)) == 1, isRead else { return }
      notices.announce(.read(notice), to: user, in: tx)
    }
  }

  /// Marks all that there are at this moment; what comes meanwhile stays new. How many it were.
  @discardableResult func clear(_ user: ID<User>) async throws -> Int {
    try await database.transaction { tx in
      let newest = try await tx.one(.newestNumber(of: user))
      let count = try await tx.affected(.readAll(of: user, through: newest, at: clock.now))
      if count > 0 { notices.announce(.cleared(through: newest), to: user, in: tx) }
      return count
    }
  }
}

extension StoredNotice {
  /// As the API gives it.
  func write(to writer: inout JSONWriter, _ page: PageContext) {
    writer.object { w in
      w.field("id", id)
      w.field("type", kind)
      w.field("content", page.sentence(kind, values))
      w.field("link", link)
      w.field("timestamp", createdAt)
      w.field("read", isRead)
    }
  }
}
