package import Core
import JSON
import Jobs
package import Postgres

/// What other rooms call to tell people something. A notice is named by its kind, never by its sentences: the words
/// come from the catalogue when it is shown or sent, in the reader's language and zone as they are then.
///
/// Keys of a kind `bookings.confirmed`: `bookings.confirmed.notice` (one sentence in the app), `….subject`, `….body`
/// (paragraphs separated by an empty line) and `….action` (the button's label, when there is a link) for the mail.
package struct Notices: Sendable {
  package init() {}

  /// A notification in the app, and a mail when `mail` says so; both in the commit of the change they tell of.
  ///
  /// - Parameters:
  ///   - link: a path of this site that the notice leads to.
  ///   - calendar: an invitation that goes with the mail.
  ///   - booking: the booking whose mail log this belongs to.
  package func tell(
    _ user: ID<User>, _ kind: String, _ values: [String: NoticeValue] = [:], link: String? = nil, mail: Bool = true,
    calendar: CalendarPart? = nil, booking: ID<Booking>? = nil, in tx: Transaction
  ) async throws {
    try await tx.run(.insertNotification(ID.new(), user, kind, try values.stored, link))
    if mail { try await self.mail(user, kind, values, link: link, calendar: calendar, booking: booking, in: tx) }
    tx.notify(user)
  }

  /// A mail alone: verification and reset letters, receipts.
  package func mail(
    _ user: ID<User>, _ kind: String, _ values: [String: NoticeValue] = [:], link: String? = nil,
    calendar: CalendarPart? = nil, booking: ID<Booking>? = nil, in tx: Transaction
  ) async throws {
    let mail = ID<Mail>.new()
    try await tx.run(.insertMail(mail, user, kind, try values.stored, link, calendar, booking))
    try await tx.enqueue(SendMail(mail: mail))
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
