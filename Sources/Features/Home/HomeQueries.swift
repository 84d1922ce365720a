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

extension Query where Row == LessonFigures {
  private static func columns(since: Instant) -> SQL {
    """
    select count(*), count(*) filter (where finished_at > \(since)),
           coalesce(sum(extract(epoch from ends_at - starts_at) / 60), 0)::bigint
    """
  }

  static func figures(ofLearner user: ID<User>, since: Instant) -> Self {
    Query(
      "\(columns(since: since)), count(distinct tutor_id) from lesson_facts where learner_id = \(user) and state = 'completed'"
    )
  }

  static func figures(ofTutor user: ID<User>, since: Instant) -> Self {
    Query(
      "\(columns(since: since)), count(distinct learner_id) from lesson_facts where tutor_id = \(user) and state = 'completed'"
    )
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
