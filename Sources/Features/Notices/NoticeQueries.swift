import Core
import JSON
import Outbound
import Postgres
import Time

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

/// What is to be said, to whom, and whether now: the same for a letter and a device.
struct Addressed: RowDecodable {
  let kind: String
  let topic: Topic?
  let values: [String: NoticeValue]
  let link: String?
  let createdAt: Instant
  let name: String
  let language: Language
  let zone: String
  let isWanted: Bool
  let quiet: QuietHours?

  init(row: inout RowReader) throws {
    kind = try row.next()
    topic = try row.next(String?.self).flatMap { Topic(rawValue: $0) }
    values = try JSON.decode([String: NoticeValue].self, from: try row.next(String.self))
    link = try row.next()
    createdAt = try row.next()
    name = try row.next(String?.self) ?? ""
    language = Language(rawValue: try row.next(String?.self) ?? "") ?? .english
    zone = try row.next(String?.self) ?? ""
    isWanted = try row.next()
    let (from, to): (Int?, Int?) = (try row.next(), try row.next())
    quiet = from.flatMap { from in to.flatMap { QuietHours(from: from, to: $0) } }
  }

  /// After that it is not worth a disturbance any more.
  var lifetime: Duration { topic?.lifetime(kind) ?? .hours(1) }

  /// Until when it is held back, so that nobody is disturbed.
  func hold(at now: Instant) -> Instant? {
    QuietHours.hold(topic, values, quiet, at: now, in: Zone(zone) ?? .utc)
  }
}

/// The one place that says whom a channel reaches. `n` is the notice or the letter, `p` its reader, `q` the quiet hours.
private func addressed(by channel: Topic.Channel) -> SQL {
  """
  n.kind, n.topic, n.params::text, n.link, n.created_at, p.full_name, p.language, p.zone,
         p.is_suspended is not true and not exists (
           select from muted_notices x where x.user_id = n.user_id and x.topic = n.topic and x.channel = \(channel.rawValue)),
         q.from_hour, q.to_hour
  """
}

/// A mail that waits, and its reader as they are now.
struct WaitingMail: RowDecodable {
  let id: ID<Mail>
  let reader: ID<User>?
  let calendar: CalendarPart?
  let address: String?
  let said: Addressed

  init(row: inout RowReader) throws {
    id = try row.next()
    reader = try row.next()
    let calendar: String? = try row.next()
    let method: String? = try row.next()
    self.calendar = method.flatMap { CalendarPart.Method(rawValue: $0) }.flatMap { method in
      calendar.map { CalendarPart(method: method, text: $0) }
    }
    address = try row.next()
    said = try Addressed(row: &row)
  }
}

/// A notice for one device.
struct Parcel: RowDecodable {
  let device: ID<Device>
  let key: ID<PushKey>
  let endpoint: String
  let publicKey: String
  /// Sealed.
  let secret: String
  let said: Addressed

  init(row: inout RowReader) throws {
    device = try row.next()
    key = try row.next()
    endpoint = try row.next()
    publicKey = try row.next()
    secret = try row.next()
    said = try Addressed(row: &row)
  }
}

/// A browser that is told, as its owner sees it.
struct DeviceLine: RowDecodable, Equatable {
  let id: ID<Device>
  /// Names the endpoint without telling it: the browser knows its own again.
  let mark: String
  let agent: String?
  let createdAt: Instant
  let usedAt: Instant?

  init(row: inout RowReader) throws {
    id = try row.next()
    mark = try row.next()
    agent = try row.next()
    createdAt = try row.next()
    usedAt = try row.next()
  }
}

/// The number and instant the store gave a new notification.
struct Numbered: RowDecodable {
  let number: Int
  let createdAt: Instant
  /// Whether its reader has devices that may be told.
  let hasDevices: Bool

  init(row: inout RowReader) throws {
    number = try row.next()
    createdAt = try row.next()
    hasDevices = try row.next()
  }
}

private let noticeColumns: SQL = "id, number, kind, params::text, link, created_at, read_at is not null"

extension Query where Row == Numbered {
  static func insertNotification(
    _ id: ID<Notification>, _ user: ID<User>, _ kind: String, _ topic: Topic?, _ values: String, _ link: String?
  ) -> Self {
    Query(
      """
      insert into notifications (id, user_id, kind, topic, params, link)
      values (\(id), \(user), \(kind), \(topic?.rawValue), \(values), \(link))
      returning number, created_at, exists (select from push_subscriptions where user_id = \(user))
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
  static func waiting(_ mail: ID<Mail>) -> Self {
    Query(
      """
      select n.id, n.user_id, n.ics, n.ics_method, coalesce(p.email, n.to_address), \(addressed(by: .mail))
        from mails n left join people_contact p on p.id = n.user_id left join quiet_hours q on q.user_id = n.user_id
       where n.id = \(mail) and n.state = 'queued'
      """)
  }
}

extension Query where Row == Parcel {
  /// A notice for each device of its reader that wants it now, or for one of them. Where the session was ended in which
  /// somebody asked for it, or has not been used for a month, nobody may be sitting there whom it concerns.
  static func parcels(_ notice: ID<Notification>, for device: ID<Device>? = nil, at now: Instant) -> Self {
    let one: SQL = device.map { " and s.id = \($0)" } ?? ""
    return Query(
      """
      select s.id, s.key_id, s.endpoint, s.public_key, s.secret, \(addressed(by: .push))
        from notifications n join push_subscriptions s on s.user_id = n.user_id
             join open_sessions o on o.id = s.session_id and o.user_id = s.user_id
             join people_contact p on p.id = n.user_id left join quiet_hours q on q.user_id = n.user_id
       where n.id = \(notice) and o.expires_at > \(now - .days(30))\(one)
       order by s.id
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
    _ id: ID<Mail>, _ user: ID<User>, _ kind: String, _ topic: Topic?, _ values: String, _ link: String?,
    _ calendar: CalendarPart?,
    _ booking: ID<Booking>?
  ) -> Self {
    Query(
      """
      insert into mails (id, user_id, kind, topic, params, link, ics, ics_method, booking_id)
      values (\(id), \(user), \(kind), \(topic?.rawValue), \(values), \(link), \(calendar?.text), \(calendar?.method.rawValue), \(booking))
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

  static func hold(_ mail: ID<Mail>, until end: Instant) -> Self {
    Query("update mails set held_until = \(end) where id = \(mail) and state = 'queued'")
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
  /// 0 when none waits; what is held for quiet hours waits from their end.
  static var oldestQueuedMail: Self {
    Query(
      """
      select greatest(0, coalesce(extract(epoch from now() - min(coalesce(held_until, created_at))), 0))::float8
        from mails where state = 'queued'
      """)
  }
}

// MARK: What people want to hear of

extension Query where Row == (String, String) {
  /// Topic and channel of each departure.
  static func muted(by user: ID<User>) -> Self {
    Query("select topic, channel from muted_notices where user_id = \(user)")
  }
}

extension Query<Bool> {
  static func hasMuted(_ topic: Topic, _ channel: Topic.Channel, _ user: ID<User>) -> Self {
    Query(
      """
      select exists (select from muted_notices
        where user_id = \(user) and topic = \(topic.rawValue) and channel = \(channel.rawValue))
      """)
  }
}

extension Query where Row == (Int, Int) {
  static func quietHours(of user: ID<User>) -> Self {
    Query("select from_hour, to_hour from quiet_hours where user_id = \(user)")
  }
}

extension Query where Row == (String, String?) {
  /// Language and zone of somebody, who need not be signed in.
  static func readerOf(_ user: ID<User>) -> Self {
    Query("select language, zone from people_contact where id = \(user)")
  }
}

extension Query<Void> {
  static func mute(_ topic: Topic, _ channel: Topic.Channel, for user: ID<User>, at now: Instant) -> Self {
    Query(
      """
      insert into muted_notices (user_id, topic, channel, muted_at)
      values (\(user), \(topic.rawValue), \(channel.rawValue), \(now)) on conflict do nothing
      """)
  }

  static func unmute(_ topic: Topic, _ channel: Topic.Channel, for user: ID<User>) -> Self {
    Query(
      """
      delete from muted_notices
       where user_id = \(user) and topic = \(topic.rawValue) and channel = \(channel.rawValue)
      """)
  }

  static func keepQuiet(_ hours: QuietHours, for user: ID<User>) -> Self {
    Query(
      """
      insert into quiet_hours (user_id, from_hour, to_hour) values (\(user), \(hours.from), \(hours.to))
      on conflict (user_id) do update set from_hour = excluded.from_hour, to_hour = excluded.to_hour
      """)
  }

  static func forgetMuted(of user: ID<User>) -> Self { Query("delete from muted_notices where user_id = \(user)") }

  static func forgetQuiet(of user: ID<User>) -> Self { Query("delete from quiet_hours where user_id = \(user)") }
}

// MARK: Devices, and the keys they know us by

extension Query where Row == DeviceLine {
  static func devices(of user: ID<User>) -> Self {
    Query(
      """
      select s.id, encode(sha256(convert_to(s.endpoint, 'UTF8')), 'hex'), s.device, s.created_at, s.used_at
        from push_subscriptions s join open_sessions o on o.id = s.session_id and o.user_id = s.user_id
       where s.user_id = \(user) order by s.created_at desc, s.id
      """)
  }
}

extension Query<ID<Device>> {
  /// All but the newest, so that nobody makes us tell a thousand.
  static func devices(of user: ID<User>, beyond count: Int) -> Self {
    Query("select id from push_subscriptions where user_id = \(user) order by created_at desc, id offset \(count)")
  }
}

extension Query<ID<PushKey>> {
  static func pushKey(_ publicKey: String) -> Self { Query("select id from push_keys where public_key = \(publicKey)") }
}

extension Query<String> {
  /// The public half of the pair that browsers are given.
  static var newestPushKey: Self {
    Query("select public_key from push_keys order by created_at desc, id desc limit 1")
  }

  /// The private half, sealed.
  static func privateKey(_ id: ID<PushKey>) -> Self { Query("select private_key from push_keys where id = \(id)") }
}

extension Query<Void> {
  /// Of two that make the first pair at once, the second finds it.
  static var turnToMakeKey: Self { Query("lock table push_keys in share row exclusive mode") }

  static func insertPushKey(_ id: ID<PushKey>, _ publicKey: String, _ sealed: String, at now: Instant) -> Self {
    Query(
      """
      insert into push_keys (id, public_key, private_key, created_at)
      values (\(id), \(publicKey), \(sealed), \(now))
      """)
  }

  /// Older pairs that no browser needs any more.
  static var dropIdleKeys: Self {
    Query(
      """
      delete from push_keys k where exists (select from push_keys n where (n.created_at, n.id) > (k.created_at, k.id))
         and not exists (select from push_subscriptions s where s.key_id = k.id)
      """)
  }

  static func dropDevices(ofOtherKeysThan key: ID<PushKey>) -> Self {
    Query("delete from push_subscriptions where key_id <> \(key)")
  }

  static func forgetEndpoint(_ endpoint: String) -> Self {
    Query("delete from push_subscriptions where endpoint = \(endpoint)")
  }

  static func insertDevice(
    _ id: ID<Device>, of user: ID<User>, in session: ID<Session>, _ key: ID<PushKey>, _ endpoint: String,
    _ publicKey: String, _ secret: String, _ agent: String?, at now: Instant
  ) -> Self {
    Query(
      """
      insert into push_subscriptions (id, user_id, session_id, key_id, endpoint, public_key, secret, device, created_at)
      values (\(id), \(user), \(session), \(key), \(endpoint), \(publicKey), \(secret), \(agent), \(now))
      on conflict do nothing
      """)
  }

  static func forgetDevice(_ id: ID<Device>) -> Self { Query("delete from push_subscriptions where id = \(id)") }

  static func forgetDevice(_ id: ID<Device>, of user: ID<User>) -> Self {
    Query("delete from push_subscriptions where id = \(id) and user_id = \(user)")
  }

  static func forgetDevices(of user: ID<User>) -> Self {
    Query("delete from push_subscriptions where user_id = \(user)")
  }

  static func told(_ id: ID<Device>, at now: Instant) -> Self {
    Query("update push_subscriptions set used_at = \(now) where id = \(id)")
  }

  /// Those whose session was ended, or has not been used for a month.
  static func sweepDevices(at now: Instant) -> Self {
    Query(
      """
      delete from push_subscriptions s where not exists (
        select from open_sessions o
         where o.id = s.session_id and o.user_id = s.user_id and o.expires_at > \(now - .days(30)))
      """)
  }
}
