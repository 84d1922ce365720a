import Core
import Postgres

// Owns reviews. Reads lesson_facts (Bookings), people (Accounts), tutor_facts and subjects (Tutors).

/// Exactly what one review shows.
struct ReviewCard: Equatable, Sendable, RowDecodable {
  let id: ID<ReviewID>
  let author: String
  let authorID: ID<User>
  let stars: Int
  let words: String
  let subject: String
  let writtenAt: Instant
  let reply: String?
  let repliedAt: Instant?

  init(row: inout RowReader) throws {
    id = try row.next()
    author = try row.next()
    authorID = try row.next()
    stars = try row.next()
    words = try row.next()
    subject = try row.next()
    writtenAt = try row.next()
    reply = try row.next()
    repliedAt = try row.next()
  }
}

/// All of a tutor's reviews in figures: thousandths of a star, and how often each number of stars was given.
struct ReviewSummary: Equatable, Sendable, RowDecodable {
  let count: Int
  let sum: Int
  let byStars: [Int]
  let aspects: [Int?]

  init(row: inout RowReader) throws {
    count = try row.next()
    sum = try row.next()
    byStars = try row.next()
    aspects = [try row.next(), try row.next(), try row.next(), try row.next()]
  }

  var average: Int { count == 0 ? 0 : (sum * 1000 + count / 2) / count }
}

extension Review.Occasion: RowDecodable {
  init(row: inout RowReader) throws {
    booking = try row.next()
    tutor = try row.next()
    tutorName = try row.next()
    tutorSlug = try row.next()
    learner = try row.next()
    subject = try row.next()
    finishedAt = try row.next()
    isReviewed = try row.next()
  }
}

extension Query where Row == Review.Occasion {
  private static var columns: SQL {
    """
    select l.id, l.tutor_id, t.full_name, t.slug, l.learner_id, s.title, case when l.state = 'completed' then l.finished_at end, r.id is not null
      from lesson_facts l join tutor_facts t on t.tutor_id = l.tutor_id join subjects s on s.id = l.subject_id
      left join reviews r on r.booking_id = l.id
    """
  }

  /// Nothing comes back unless the lesson is this learner's: loading is the permission check.
  static func occasion(of booking: ID<Booking>, for learner: ID<User>) -> Self {
    Query("\(columns) where l.id = \(booking) and l.learner_id = \(learner)")
  }

  /// The newest lesson of the two that was held and not reviewed.
  static func newestOccasion(with tutor: ID<User>, for learner: ID<User>) -> Self {
    Query(
      """
      \(columns) where l.tutor_id = \(tutor) and l.learner_id = \(learner) and l.state = 'completed' and r.id is null
       order by l.finished_at desc limit 1
      """)
  }
}

extension Query where Row == ReviewCard {
  static func reviews(of tutor: ID<User>, limit: Int) -> Self {
    Query(
      """
      select r.id, p.full_name, p.id, r.stars, r.words, s.title, r.written_at, r.reply, r.replied_at
        from reviews r join people p on p.id = r.author_id join lesson_facts l on l.id = r.booking_id join subjects s on s.id = l.subject_id
       where r.tutor_id = \(tutor) and r.hidden_at is null order by r.written_at desc, r.id limit \(limit)
      """)
  }
}

extension Query where Row == ReviewSummary {
  static func summary(of tutor: ID<User>) -> Self {
    Query(
      """
      select count(*), coalesce(sum(stars), 0),
             array[count(*) filter (where stars = 1), count(*) filter (where stars = 2), count(*) filter (where stars = 3),
                   count(*) filter (where stars = 4), count(*) filter (where stars = 5)],
             round(avg(clarity) * 1000)::int, round(avg(patience) * 1000)::int, round(avg(preparation) * 1000)::int,
             round(avg(punctuality) * 1000)::int
        from reviews where tutor_id = \(tutor) and hidden_at is null
      """)
  }
}

extension Query where Row == ID<User> {
  static func tutor(slug: String) -> Self {
    Query("select tutor_id from tutor_facts where slug = \(slug) and is_listed")
  }
}

/// Whose review was answered, for telling the author.
struct Answered: RowDecodable {
  let author: ID<User>
  let booking: ID<Booking>

  init(row: inout RowReader) throws {
    author = try row.next()
    booking = try row.next()
  }
}

extension Query where Row == Answered {
  /// Only the tutor answers, and once; an answer may be reworded.
  static func reply(_ words: String, to review: ID<ReviewID>, by tutor: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update reviews set reply = \(words), replied_at = \(now) where id = \(review) and tutor_id = \(tutor) and hidden_at is null
      returning author_id, booking_id
      """)
  }
}

extension Query<Void> {
  static func insert(_ id: ID<ReviewID>, _ review: Review, at now: Instant) -> Self {
    Query(
      """
      insert into reviews (id, booking_id, tutor_id, author_id, stars, words, clarity, patience, preparation, punctuality, written_at)
      values (\(id), \(review.booking), \(review.tutor), \(review.author), \(review.stars), \(review.words), \(review.aspects[.clarity]),
              \(review.aspects[.patience]), \(review.aspects[.preparation]), \(review.aspects[.punctuality]), \(now))
      """)
  }

  /// One review of a tutor at a time, so that the sum it leads to counts every one.
  static func takeTurn(of tutor: ID<User>) -> Self {
    Query("select from pg_advisory_xact_lock(hashtextextended(\(tutor.description), 1700))")
  }
}
