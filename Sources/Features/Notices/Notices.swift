package import Bus
package import Core
import JSON
import Jobs
package import Postgres

/// What other rooms call to tell people something. A notice is named by its kind, never by its sentences: the words
/// come from the catalogue when it is shown or sent, in the reader's language and zone as they are then.
///
/// Keys of a kind `bookings.confirmed`: `bookings.confirmed.notice` (one sentence in the app), `….subject`, `….body`
/// (paragraphs separated by an empty line) and `….action` (the button's label, when there is a link) for the mail. Besides
/// the values given, `{name}` is the reader's name and `{site}` the site's.
package struct Notices: Sendable {
  private let bus: Bus

  package init(bus: Bus) { self.bus = bus }

  /// A notification in the app, on the devices that want it, and a mail when `mail` says so; all in the commit of the
  /// change they tell of. Whether the reader wants the mail and the push is asked when they go out.
  ///
  /// - Parameters:
  ///   - link: a path of this site that the notice leads to.
  ///   - calendar: an invitation that goes with the mail.
  ///   - booking: the booking whose mail log this belongs to.
  package func tell(
    _ user: ID<User>, _ kind: String, _ values: [String: NoticeValue] = [:], link: String? = nil, mail: Bool = true,
    calendar: CalendarPart? = nil, booking: ID<Booking>? = nil, in tx: Transaction
  ) async throws {
    let id = ID<Notification>.new()
    let row = try await tx.one(.insertNotification(id, user, kind, Topic(kind: kind), try values.stored, link))
    if row.hasDevices { try await tx.enqueue(PushNotice(notice: id)) }
    if mail { try await self.mail(user, kind, values, link: link, calendar: calendar, booking: booking, in: tx) }
    announce(
      .new(Announcement.Notice(id: id, number: row.number, kind: kind, values: values, link: link, at: row.createdAt)),
      to: user, in: tx)
  }

  /// A mail alone: verification and reset letters, receipts.
  package func mail(
    _ user: ID<User>, _ kind: String, _ values: [String: NoticeValue] = [:], link: String? = nil,
    calendar: CalendarPart? = nil, booking: ID<Booking>? = nil, in tx: Transaction
  ) async throws {
    let mail = ID<Mail>.new()
    try tx.send(.insertMail(mail, user, kind, Topic(kind: kind), try values.stored, link, calendar, booking))
    try await tx.enqueue(SendMail(mail: mail))
  }

  /// Tries a mail again that was not sent: one of the outbox, now that there is a mail server, or one given up.
  /// False when it is under way or sent already.
  package func sendAgain(_ mail: ID<Mail>, in tx: Transaction) async throws -> Bool {
    guard try await tx.affected(.requeue(mail)) == 1 else { return false }
    try await tx.enqueue(SendMail(mail: mail))
    return true
  }

  /// The link of the newest mail of that kind to a person, while it has not been sent. For the page that shows a letter
  /// when there is no mail server.
  package func newestLink(to user: ID<User>, kind: String) -> Query<String?> { .newestLink(to: user, kind: kind) }

  /// Somebody has asked for letters about a topic in another room: that counts for more than what was switched off before.
  package func wantLetters(_ topic: Topic, _ user: ID<User>, in tx: Transaction) async throws {
    try await tx.run(.unmute(topic, .mail, for: user))
  }

  /// Whether somebody wants nothing of a topic by that way.
  package func hasEnded(_ topic: Topic, _ channel: Topic.Channel, _ user: ID<User>) -> Query<Bool> {
    .hasMuted(topic, channel, user)
  }

  /// What an account wished goes with it when it is merged into another, which has wishes of its own.
  package static func forgetChoices(of user: ID<User>, in tx: Transaction) async throws {
    try await tx.run(.forgetMuted(of: user))
    try await tx.run(.forgetQuiet(of: user))
    try await tx.run(.forgetDevices(of: user))
  }

  // MARK: To the sockets, after the commit

  func announce(_ announcement: Announcement, to user: ID<User>, in tx: Transaction) {
    let bus = bus
    tx.afterCommit { announcement.publish(to: user, on: bus) }
  }
}

package enum Notification {}
package enum Mail {}

/// A value of a notice, kept as data so that it can be written in any language and zone later.
package enum NoticeValue: Codable, Equatable, Sendable {
  case text(String)
  case number(Int)
  case moment(Instant)
  case money(Money)
}

/// An iCalendar object that travels with a mail (RFC 6047).
package struct CalendarPart: Equatable, Sendable {
  package enum Method: String, Sendable { case request = "REQUEST", cancel = "CANCEL", publish = "PUBLISH" }
  package let method: Method
  /// The whole VCALENDAR.
  package let text: String

  package init(method: Method, text: String) {
    self.method = method
    self.text = text
  }
}

extension [String: NoticeValue] {
  var stored: String { get throws { try JSON.encode(self) } }
}

/// What a person's open pages hear of. Kinds and values, since each page speaks its own language.
enum Announcement: Codable, Equatable, Sendable {
  struct Notice: Codable, Equatable, Sendable {
    let id: ID<Notification>
    let number: Int
    let kind: String
    let values: [String: NoticeValue]
    let link: String?
    let at: Instant
  }
  case new(Notice)
  case read(ID<Notification>)
  /// All up to that number are read.
  case cleared(through: Int)

  static func topic(of user: ID<User>) -> String { "notifications.\(user)" }

  func publish(to user: ID<User>, on bus: Bus) {
    guard let text = try? JSON.encode(self) else { return }
    bus.publish(Self.topic(of: user), text)
  }
}
