import Core
import Postgres

// Owns nothing. Reads lesson_facts (Bookings), published_reviews (Reviews), tutor_facts and subjects (Tutors), people (Accounts).

/// A few words of a learner, for the landing page.
struct KindWords: RowDecodable, Equatable {
  let words: String
  let author: String
  let authorID: ID<User>
  let subject: String

  init(row: inout RowReader) throws {
    words = try row.next()
    author = try row.next()
    authorID = try row.next()
    subject = try row.next()
  }
}

/// Lessons in figures.
struct LessonFigures: RowDecodable, Equatable {
  let held: Int
  /// Held since the given instant.
  let recent: Int
  let minutes: Int
  /// Different people met.
  let people: Int

  init(row: inout RowReader) throws {
    held = try row.next()
    recent = try row.next()
    minutes = try row.next()
    people = try row.next()
  }
}

/// A lesson ahead, as the published dashboards tell of it.
struct NextLesson: Equatable {
  let id: ID<Booking>
  let state: String
  let starts: Instant
  let ends: Instant
  let subject: String
  /// The other of the two people.
  let with: String
  let price: Money
}

/// One row of a dashboard: the figures, the same in each, beside one of the lessons ahead, if there is any.
struct DashboardRow: RowDecodable {
  let figures: LessonFigures
  let lesson: NextLesson?

  init(row: inout RowReader) throws {
    figures = try LessonFigures(row: &row)
    guard let id: ID<Booking> = try row.next() else {
      lesson = nil
      return
    }
    lesson = NextLesson(
      id: id, state: try row.next(), starts: try row.next(), ends: try row.next(), subject: try row.next(),
      with: try row.next(), price: Money(try row.next(), try row.next()))
  }
}

/// A held lesson the learner has not reviewed.
struct ToReview: RowDecodable, Equatable {
  let booking: ID<Booking>
  let tutor: String
  let subject: String

  init(row: inout RowReader) throws {
    booking = try row.next()
    tutor = try row.next()
    subject = try row.next()
  }
}

extension Query where Row == KindWords {
  static var kindWords: Self {
    Query(
      """
      select r.words, p.full_name, p.id, s.title from published_reviews r join people p on p.id = r.author_id
        join lesson_facts l on l.id = r.booking_id join subjects s on s.id = l.subject_id
       where r.stars = 5 and length(r.words) between 40 and 240 order by r.written_at desc limit 3
      """)
  }
}

extension SQL {
  fileprivate static func learnerFigures(_ user: ID<User>, _ since: Instant) -> SQL {
    "\(figures(since)), count(distinct tutor_id) from lesson_facts where learner_id = \(user) and state = 'completed'"
  }

  fileprivate static func tutorFigures(_ user: ID<User>, _ since: Instant) -> SQL {
    "\(figures(since)), count(distinct learner_id) from lesson_facts where tutor_id = \(user) and state = 'completed'"
  }

  private static func figures(_ since: Instant) -> SQL {
    """
    select count(*), count(*) filter (where finished_at > \(since)),
           coalesce(sum(extract(epoch from ends_at - starts_at)::int / 60), 0)
    """
  }
}

extension Query where Row == LessonFigures {
  static func figures(ofLearner user: ID<User>, since: Instant) -> Self { Query(SQL.learnerFigures(user, since)) }
  static func figures(ofTutor user: ID<User>, since: Instant) -> Self { Query(SQL.tutorFigures(user, since)) }
}

extension Query where Row == DashboardRow {
  static func dashboard(ofLearner user: ID<User>, since: Instant, now: Instant) -> Self {
    dashboard(.learnerFigures(user, since), "l.learner_id = \(user)", other: "l.tutor_id", now)
  }

  /// A hold, or one that lapsed, is the learner's own affair: the tutor does not see it.
  static func dashboard(ofTutor user: ID<User>, since: Instant, now: Instant) -> Self {
    dashboard(
      .tutorFigures(user, since),
      "l.tutor_id = \(user) and not (l.state in ('held', 'awaiting_payment') and l.paid_amount = 0 and l.price_amount > 0)",
      other: "l.learner_id", now)
  }

  private static func dashboard(_ figures: SQL, _ mine: SQL, other: SQL, _ now: Instant) -> Self {
    // No lesson is longer than eight hours, so that what is ahead is a stretch of the index.
    Query(
      """
      select f.*, l.id, l.state, l.starts_at, l.ends_at, s.title, p.full_name, l.price_amount, l.currency
        from (\(figures)) f
        left join (select l.* from lesson_facts l
                    where \(mine) and l.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress')
                      and l.ends_at > \(now)::timestamptz - interval '2 hours'
                      and l.starts_at > \(now)::timestamptz - interval '10 hours'
                    order by l.starts_at, l.id limit 20) l on true
        left join subjects s on s.id = l.subject_id
        left join people p on p.id = \(other)
       order by l.starts_at, l.id
      """)
  }
}

extension Query where Row == ToReview {
  static func toReview(by user: ID<User>, since: Instant) -> Self {
    Query(
      """
      select l.id, p.full_name, s.title from lesson_facts l join people p on p.id = l.tutor_id join subjects s on s.id = l.subject_id
       where l.learner_id = \(user) and l.state = 'completed' and l.finished_at > \(since)
         and not exists (select from published_reviews r where r.booking_id = l.id)
       order by l.finished_at desc limit 3
      """)
  }
}
