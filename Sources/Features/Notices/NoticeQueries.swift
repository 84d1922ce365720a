import Core
import JSON
import Outbound
import Postgres

/// A notification as it is stored; its sentence is made for whoever reads it.
struct StoredNotice: RowDecodable, Equatable {
  let id: ID<Notification>
  let number: Int
  let kind: String
  let values: [String: NoticeValue]
  let link: String?
  let createdAt: Instant
  let isRead: Bool

  init(row: inout RowReader) throws {
    id = try row.next()
    number = try row.next()
    kind = try row.next()
    values = try JSON.decode([String: NoticeValue].self, from: try row.next(String.self))
    link = try row.next()
    createdAt = try row.next()
    isRead = try row.next()
  }
}

/// A mail that waits, and its reader as they are now.
struct WaitingMail: RowDecodable {
  let id: ID<Mail>
  let kind: String
  let values: [String: NoticeValue]
  let link: String?
  let calendar: CalendarPart?
  let address: String?
  let name: String
  let language: Language
  let zone: String
  let isSuspended: Bool
  let createdAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    kind = try row.next()
    values = try JSON.decode([String: NoticeValue].self, from: try row.next(String.self))
    link = try row.next()
    let calendar: String? = try row.next()
    let method: String? = try row.next()
    self.calendar = method.flatMap { CalendarPart.Method(rawValue: $0) }.flatMap { method in
      calendar.map { CalendarPart(method: method, text: $0) }
    }
    address = try row.next()
    name = try row.next(String?.self) ?? ""
    language = Language(rawValue: try row.next(String?.self) ?? "") ?? .english
    zone = try row.next(String?.self) ?? ""
    isSuspended = try row.next(Bool?.self) ?? false
    createdAt = try row.next()
  }
}

/// The number and instant the store gave a new notification.
struct Numbered: RowDecodable {
  let number: Int
  let createdAt: Instant

  init(row: inout RowReader) throws {
    number = try row.next()
    createdAt = try row.next()
  }
}

private let noticeColumns: SQL = "id, number, kind, params::text, link, created_at, read_at is not null"

extension Query where Row == Numbered {
  static func insertNotification(
    _ id: ID<Notification>, _ user: ID<User>, _ kind: String, _ values: String, _ link: String?
  ) -> Self {
    Query(
      """
      insert into notifications (id, user_id, kind, params, link) values (\(id), \(user), \(kind), \(values), \(link))
      returning number, created_at
      """)
  }
}

extension Query where Row == StoredNotice {
  /// The newest first; `before` is the number of the last one seen.
  static func notices(of user: ID<User>, unreadOnly: Bool, before number: Int?, limit: Int) -> Self {
    let unread: SQL = unreadOnly ? " and read_at is null" : ""
    let older: SQL = number.map { " and number < \($0)" } ?? ""
    return Query(
      """
      select \(noticeColumns) from notifications where user_id = \(user)\(unread)\(older)
       order by number desc limit \(limit)
      """)
  }

  /// What came after, oldest first.
  static func notices(of user: ID<User>, after number: Int, limit: Int) -> Self {
    Query(
      """
      select \(noticeColumns) from notifications where user_id = \(user) and number > \(number)
       order by number limit \(limit)
      """)
  }

  static func notice(_ id: ID<Notification>, of user: ID<User>) -> Self {
    Query("select \(noticeColumns) from notifications where id = \(id) and user_id = \(user)")
  }
}

extension Query where Row == Int {
  static func unread(of user: ID<User>) -> Self {
    Query("select count(*)::int from notifications where user_id = \(user) and read_at is null")
  }

  static func count(of user: ID<User>, unreadOnly: Bool) -> Self {
    unreadOnly ? .unread(of: user) : Query("select count(*)::int from notifications where user_id = \(user)")
  }

  static func newestNumber(of user: ID<User>) -> Self {
    Query("select coalesce(max(number), 0) from notifications where user_id = \(user)")
  }
}

extension Query where Row == WaitingMail {
  /// Held until the transaction ends, so that two workers never write the same mail at once.
  static func waiting(_ mail: ID<Mail>) -> Self {
    Query(
      """
      select m.id, m.kind, m.params::text, m.link, m.ics, m.ics_method, coalesce(p.email, m.to_address), p.full_name, p.language,
             p.zone, p.is_suspended, m.created_at
        from mails m left join people_contact p on p.id = m.user_id
       where m.id = \(mail) and m.state = 'queued'
      """)
  }
}

extension Query where Row == String? {
  static func newestLink(to user: ID<User>, kind: String) -> Self {
    Query(
      "select link from mails where user_id = \(user) and kind = \(kind) and state <> 'sent' order by created_at desc, id desc limit 1"
    )
  }
}

extension Query<Void> {
  /// Marks one; the instant it was first read stays.
  static func setRead(_ isRead: Bool, _ id: ID<Notification>, of user: ID<User>, at now: Instant) -> Self {
    isRead
      ? Query("update notifications set read_at = \(now) where id = \(id) and user_id = \(user) and read_at is null")
      : Query("update notifications set read_at = null where id = \(id) and user_id = \(user) and read_at is not null")
  }

  static func readAll(of user: ID<User>, through number: Int, at now: Instant) -> Self {
    Query(
      "update notifications set read_at = \(now) where user_id = \(user) and number <= \(number) and read_at is null")
  }

  static func insertMail(
    _ id: ID<Mail>, _ user: ID<User>, _ kind: String, _ values: String, _ link: String?, _ calendar: CalendarPart?,
    _ booking: ID<Booking>?
  ) -> Self {
    Query(
      """
      insert into mails (id, user_id, kind, params, link, ics, ics_method, booking_id)
      values (\(id), \(user), \(kind), \(values), \(link), \(calendar?.text), \(calendar?.method.rawValue), \(booking))
      """)
  }

  /// Written and kept: there is no mail server.
  static func keepInOutbox(_ mail: ID<Mail>, to address: String, _ letter: Letter) -> Self {
    Query(
      """
      update mails set state = 'outbox', to_address = \(address), subject = \(letter.subject), body_text = \(letter.text),
             body_html = \(letter.html)
       where id = \(mail) and state = 'queued'
      """)
  }

  /// What a letter says, and the secret its link may carry, is the reader's alone once it is on its way.
  static func sent(_ mail: ID<Mail>, to address: String, subject: String, reply: String, at now: Instant) -> Self {
    Query(
      """
      update mails set state = 'sent', to_address = \(address), subject = \(subject), reply = \(reply), sent_at = \(now),
             attempts = attempts + 1, last_error = null, link = split_part(link, '?', 1), body_text = null, body_html = null
       where id = \(mail) and state = 'queued'
      """)
  }

  static func unsent(_ mail: ID<Mail>, to address: String?, subject: String?, state: String, error: String) -> Self {
    Query(
      """
      update mails set state = \(state), to_address = coalesce(\(address), to_address), subject = coalesce(\(subject), subject),
             attempts = attempts + 1, last_error = \(error)
       where id = \(mail) and state = 'queued'
      """)
  }

  static func requeue(_ mail: ID<Mail>) -> Self {
    Query(
      "update mails set state = 'queued', last_error = null where id = \(mail) and state in ('outbox', 'failed', 'bounced')"
    )
  }
}

extension Query where Row == (String, Double) {
  static var mailsOfLastHour: Self {
    Query("select state, count(*)::float8 from mails where created_at > now() - interval '1 hour' group by state")
  }
}

extension Query where Row == Double {
  /// 0 when none waits.
  static var oldestQueuedMail: Self {
    Query(
      "select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from mails where state = 'queued'")
  }
}
