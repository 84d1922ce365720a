import Core
import Postgres
import Tutors

// Owns nothing. Reads people, users and user_roles (Accounts), tutors and credentials (Tutors), lesson_facts (Bookings),
// ledger_movements (Ledger), mails (Notices), jobs and schedules (Jobs).

struct SiteFigures: RowDecodable, Equatable {
  /// Counting goes on to here: the page is opened often, and beyond this no figure is read as a figure.
  static let most = 10_000

  let people: Int
  let tutors: Int
  let waiting: Int
  let lessonsAhead: Int
  let lessonsHeld: Int
  let mailsWaiting: Int
  let deadJobs: Int

  init(row: inout RowReader) throws {
    people = try row.next()
    tutors = try row.next()
    waiting = try row.next()
    lessonsAhead = try row.next()
    lessonsHeld = try row.next()
    mailsWaiting = try row.next()
    deadJobs = try row.next()
  }
}

struct PersonLine: RowDecodable, Equatable {
  let id: ID<User>
  let name: String
  let username: String
  let email: String
  let roles: [String]
  let isVerified: Bool
  let isSuspended: Bool
  let createdAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    name = try row.next()
    username = try row.next()
    email = try row.next()
    roles = try row.next()
    isVerified = try row.next()
    isSuspended = try row.next()
    createdAt = try row.next()
  }
}

struct TutorForReview: RowDecodable, Equatable {
  let id: ID<User>
  let name: String
  let email: String
  let slug: String
  let headline: String?
  let biography: String?
  let experience: String?
  let state: String
  let submittedAt: Instant?
  let subjects: [String]

  init(row: inout RowReader) throws {
    id = try row.next()
    name = try row.next()
    email = try row.next()
    slug = try row.next()
    headline = try row.next()
    biography = try row.next()
    experience = try row.next()
    state = try row.next()
    submittedAt = try row.next()
    subjects = try row.next()
  }
}

struct CredentialForReview: RowDecodable, Equatable {
  let id: ID<Credential>
  let title: String
  let issuer: String?
  let gpa: String?
  let file: ID<StoredFile>?
  let state: String

  init(row: inout RowReader) throws {
    id = try row.next()
    title = try row.next()
    issuer = try row.next()
    gpa = try row.next()
    file = try row.next()
    state = try row.next()
  }
}

struct BookingLine: RowDecodable, Equatable {
  let id: ID<Booking>
  let tutor: String
  let learner: String
  let subject: String
  let state: String
  let startsAt: Instant
  let price: Money
  let createdAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    tutor = try row.next()
    learner = try row.next()
    subject = try row.next()
    state = try row.next()
    startsAt = try row.next()
    price = Money(try row.next(), try row.next())
    createdAt = try row.next()
  }
}

/// One booking of the exported table.
struct BookingRecord: RowDecodable {
  let id: ID<Booking>
  let createdAt: Instant
  let state: String
  let mode: String
  let startsAt: Instant
  let endsAt: Instant
  let subject: String
  let tutor: String
  let learner: String
  let price: Money
  let paid: Money

  init(row: inout RowReader) throws {
    id = try row.next()
    createdAt = try row.next()
    state = try row.next()
    mode = try row.next()
    startsAt = try row.next()
    endsAt = try row.next()
    subject = try row.next()
    tutor = try row.next()
    learner = try row.next()
    let currency: Currency = try row.next()
    price = Money(try row.next(), currency)
    paid = Money(try row.next(), currency)
  }
}

struct MailLine: RowDecodable, Equatable {
  enum Key {}
  let id: ID<Key>
  let to: String
  let kind: String
  let subject: String?
  let state: String
  let error: String?
  let text: String?
  let link: String?
  let createdAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    to = try row.next()
    kind = try row.next()
    subject = try row.next()
    state = try row.next()
    error = try row.next()
    text = try row.next()
    link = try row.next()
    createdAt = try row.next()
  }
}

struct ScheduleLine: RowDecodable, Equatable {
  let name: String
  let nextAt: Instant
  let lastAt: Instant?

  init(row: inout RowReader) throws {
    name = try row.next()
    nextAt = try row.next()
    lastAt = try row.next()
  }
}

/// What was booked on one day, and by how many.
struct BookingDay: RowDecodable, Equatable {
  let day: Int
  let bookings: Int
  let learners: Int
  let tutors: Int

  init(row: inout RowReader) throws {
    day = try row.next()
    bookings = try row.next()
    learners = try row.next()
    tutors = try row.next()
  }
}

/// Money of one day and currency, in minor units, as the books have it.
struct MoneyDay: RowDecodable, Equatable {
  let day: Int
  let currency: Currency
  let gross: Int
  let fees: Int
  let refunds: Int

  init(row: inout RowReader) throws {
    day = try row.next()
    currency = try row.next()
    gross = try row.next()
    fees = try row.next()
    refunds = try row.next()
  }
}

extension Query where Row == SiteFigures {
  static var figures: Self {
    let beyond = SiteFigures.most + 1
    return Query(
      """
      select (select count(*) from (select from users limit \(beyond)) found),
             (select count(*) from (select from tutors where state = 'verified' limit \(beyond)) found),
             (select count(*) from (select from tutors where state = 'submitted' limit \(beyond)) found),
             (select count(*) from (select from lesson_facts where state = 'requested'
                                    union all select from lesson_facts where state in ('confirmed', 'in_progress')
                                    limit \(beyond)) found),
             (select count(*) from (select from lesson_facts where state = 'completed' limit \(beyond)) found),
             (select count(*) from (select from mails where state in ('queued', 'outbox') limit \(beyond)) found),
             (select count(*) from (select from jobs where dead_at is not null limit \(beyond)) found)
      """)
  }
}

extension Query where Row == PersonLine {
  static func people(_ words: String, before: PageCursor?, limit: Int) -> Self {
    let after: SQL =
      if let before, let at = Instant(rfc3339: before.key), let id = ID<User>(before.id) {
        "(u.created_at, u.id) < (\(at), \(id))"
      } else { "true" }
    let match: SQL =
      words.isEmpty
      ? "true"
      : "(plain_words(u.full_name) like '%' || plain_words(\(words)) || '%' or u.email::text like '%' || lower(\(words)) || '%' or u.username::text like '%' || lower(\(words)) || '%')"
    return Query(
      """
      select u.id, u.full_name, u.username::text, u.email::text, array(select role from user_roles r where r.user_id = u.id order by role),
             u.verified_at is not null, u.suspended_at is not null, u.created_at
        from users u where \(match) and \(after) order by u.created_at desc, u.id desc limit \(limit)
      """)
  }
}

extension Query where Row == TutorForReview {
  private static var columns: SQL {
    """
    select t.user_id, u.full_name, u.email::text, t.slug, t.headline, t.biography, t.experience, t.state, t.submitted_at,
           array(select s.title from tutor_subjects ts join subjects s on s.id = ts.subject_id where ts.tutor_id = t.user_id order by ts.position)
      from tutors t join users u on u.id = t.user_id
    """
  }

  static var waitingTutors: Self { Query("\(columns) where t.state = 'submitted' order by t.submitted_at limit 100") }
  static func tutorForReview(_ tutor: ID<User>) -> Self { Query("\(columns) where t.user_id = \(tutor)") }
}

extension Query where Row == CredentialForReview {
  static func credentialsForReview(of tutor: ID<User>) -> Self {
    Query(
      "select id, title, issuer, gpa::text || ' / ' || gpa_scale::text, file_id, state from credentials where tutor_id = \(tutor) order by created_at"
    )
  }
}

extension Query where Row == BookingLine {
  static func bookings(before: PageCursor?, limit: Int) -> Self {
    let after: SQL =
      if let before, let at = Instant(rfc3339: before.key), let id = ID<Booking>(before.id) {
        "(l.created_at, l.id) < (\(at), \(id))"
      } else { "true" }
    return Query(
      """
      select l.id, t.full_name, p.full_name, s.title, l.state, l.starts_at, l.price_amount, l.currency, l.created_at
        from lesson_facts l join people t on t.id = l.tutor_id join people p on p.id = l.learner_id join subjects s on s.id = l.subject_id
       where \(after) order by l.created_at desc, l.id desc limit \(limit)
      """)
  }
}

extension Query where Row == MailLine {
  private static var columns: SQL {
    """
    select m.id, coalesce(m.to_address, u.email::text, ''), m.kind, m.subject, m.state, m.last_error, m.body_text, m.link, m.created_at
      from mails m left join users u on u.id = m.user_id
    """
  }

  static func mails(before: PageCursor?, limit: Int) -> Self {
    let after: SQL =
      if let before, let at = Instant(rfc3339: before.key), let id = ID<MailLine.Key>(before.id) {
        "(m.created_at, m.id) < (\(at), \(id))"
      } else { "true" }
    return Query("\(columns) where \(after) order by m.created_at desc, m.id desc limit \(limit)")
  }

  static func mail(_ id: ID<MailLine.Key>) -> Self { Query("\(columns) where m.id = \(id)") }
}

extension Query where Row == BookingRecord {
  static var everyBooking: Self {
    Query(
      """
      select l.id, l.created_at, l.state, l.mode, l.starts_at, l.ends_at, s.title, t.full_name, p.full_name, l.currency,
             l.price_amount, l.paid_amount
        from lesson_facts l
        join subjects s on s.id = l.subject_id
        join people t on t.id = l.tutor_id
        join people p on p.id = l.learner_id
       order by l.id
      """)
  }
}

extension Query where Row == ScheduleLine {
  static var schedules: Self { Query("select name, next_at, last_at from schedules order by name") }
}

extension Query where Row == BookingDay {
  static func bookingDays(by days: [Instant]) -> Self {
    Query(
      """
      select width_bucket(created_at, \(days)::timestamptz[]) as day, count(*), count(distinct learner_id), count(distinct tutor_id)
        from lesson_facts where created_at >= \(days.first) group by 1 order by 1
      """)
  }
}

extension Query where Row == MoneyDay {
  /// Paid in through gateways, the house's share, and given back to learners.
  static func moneyDays(by days: [Instant]) -> Self {
    Query(
      """
      select width_bucket(at, \(days)::timestamptz[]) as day, currency,
             coalesce(sum(amount) filter (where account = 'learner_wallet' and kind = 'payment'), 0)::bigint,
             coalesce(sum(amount) filter (where account = 'platform_fees'), 0)::bigint,
             coalesce(sum(amount) filter (where account = 'refunds_payable' and kind in ('release', 'reversal', 'returned')), 0)::bigint
        from ledger_movements where at >= \(days.first) and account in ('learner_wallet', 'platform_fees', 'refunds_payable')
       group by 1, 2 order by 2, 1
      """)
  }
}
