import Core
import Postgres
import Site
import Time

// What the dashboards draw: one statement a chart, read alone. Reads lesson_facts (Bookings), ledger_movements (Ledger),
// published_reviews (Reviews).

/// Lessons of one month.
struct LessonMonth: RowDecodable, Equatable {
  let month: Int
  let held: Int
  let cancelled: Int
  let missed: Int
  let minutes: Int

  init(row: inout RowReader) throws {
    month = try row.next()
    held = try row.next()
    cancelled = try row.next()
    missed = try row.next()
    minutes = try row.next()
  }
}

/// Money of one month and currency, in minor units, none below zero but corrections.
struct MoneyMonth: RowDecodable, Equatable {
  let month: Int
  let currency: Currency
  /// A learner: paid in. A tutor: earned.
  let come: Int
  /// A learner: given back. A tutor: taken back.
  let back: Int
  /// A tutor: paid out.
  let out: Int

  init(row: inout RowReader) throws {
    month = try row.next()
    currency = try row.next()
    come = try row.next()
    back = try row.next()
    out = try row.next()
  }
}

/// What learners said in one month.
struct RatingMonth: RowDecodable, Equatable {
  let month: Int
  /// Thousandths of a star, on average.
  let rating: Int

  init(row: inout RowReader) throws {
    month = try row.next()
    rating = try row.next()
  }
}

/// How much of the hours a tutor offers in a coming week is booked.
struct FilledWeek: Equatable, Sendable {
  let first: CivilDate
  let openMinutes: Int
  let bookedMinutes: Int

  var basisPoints: Int? { openMinutes == 0 ? nil : min(10_000, bookedMinutes * 10_000 / openMinutes) }

  /// The coming weeks from today on, by the rules as they are now. Lessons count where they stand inside the hours.
  static func weeks(_ count: Int, of rules: Availability.Rules, lessons: [Range<Instant>], now: Instant) -> [FilledWeek]
  {
    let today = rules.zone.date(now)
    let booked = InstantSet(lessons)
    func minutes(_ set: InstantSet) -> Int {
      set.ranges.reduce(0) { $0 + Int(($1.upperBound - $1.lowerBound).microseconds / 60_000_000) }
    }
    return (0..<count).map { week in
      let first = today + 7 * week
      let open = rules.open(in: rules.zone.day(first).lowerBound..<rules.zone.day(first + 6).upperBound)
      return FilledWeek(
        first: first, openMinutes: minutes(open), bookedMinutes: minutes(open.intersection(booked)))
    }
  }
}

extension Query where Row == LessonMonth {
  static func lessons(of user: ID<User>, teaching: Bool, by months: [Instant], until now: Instant) -> Self {
    let mine: SQL = teaching ? "tutor_id = \(user)" : "learner_id = \(user)"
    return Query(
      """
      select width_bucket(starts_at, \(months)::timestamptz[]) as month, count(*) filter (where state = 'completed'),
             count(*) filter (where state = 'cancelled'), count(*) filter (where state in ('no_show_learner', 'no_show_tutor')),
             coalesce(sum(extract(epoch from ends_at - starts_at)::int / 60) filter (where state = 'completed'), 0)
        from lesson_facts where \(mine) and starts_at >= \(months.first) and starts_at <= \(now) group by 1 order by 1
      """)
  }
}

extension Query where Row == MoneyMonth {
  /// Paid and given back, as the books have it.
  static func money(ofLearner user: ID<User>, by months: [Instant]) -> Self {
    Query(
      """
      select width_bucket(at, \(months)::timestamptz[]) as month, currency,
             coalesce(sum(amount) filter (where account = 'learner_wallet' and kind = 'payment'), 0)::bigint,
             coalesce(sum(amount) filter (where account = 'refunds_payable' and kind in ('release', 'reversal', 'returned')), 0)::bigint, 0
        from ledger_movements
       where owner = \(user) and at >= \(months.first) and account in ('learner_wallet', 'refunds_payable')
         and kind in ('payment', 'release', 'reversal', 'returned')
       group by 1, 2 order by 2, 1
      """)
  }

  /// Earned, taken back and paid out, as the books have it.
  static func money(ofTutor user: ID<User>, by months: [Instant]) -> Self {
    Query(
      """
      select width_bucket(at, \(months)::timestamptz[]) as month, currency,
             coalesce(sum(amount) filter (where kind in ('capture', 'release')), 0)::bigint,
             coalesce(-sum(amount) filter (where kind = 'reversal'), 0)::bigint,
             coalesce(-sum(amount) filter (where kind = 'payout'), 0)::bigint
        from ledger_movements
       where owner = \(user) and at >= \(months.first) and account = 'tutor_payable'
         and kind in ('capture', 'release', 'reversal', 'payout')
       group by 1, 2 order by 2, 1
      """)
  }
}

extension Query where Row == RatingMonth {
  static func ratings(of tutor: ID<User>, by months: [Instant]) -> Self {
    Query(
      """
      select width_bucket(written_at, \(months)::timestamptz[]) as month, round(avg(stars) * 1000)::int
        from published_reviews where tutor_id = \(tutor) and written_at >= \(months.first) group by 1 order by 1
      """)
  }
}

extension Query where Row == Range<Instant> {
  /// A tutor's lessons that stand, from now on.
  static func lessonsAhead(ofTutor user: ID<User>, in range: Range<Instant>) -> Self {
    Query(
      """
      select starts_at, ends_at from lesson_facts
       where tutor_id = \(user) and starts_at < \(range.upperBound) and starts_at > \(range.lowerBound)::timestamptz - interval '8 hours'
         and state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress')
       order by starts_at
      """
    ) { row in
      let (start, end): (Instant, Instant) = (try row.next(), try row.next())
      return start..<end
    }
  }
}
