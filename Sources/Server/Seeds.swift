import Core
import Crypto
import Loop
import Postgres
import Tutors

/// `tutalink seed`: a small cast by name, so that a newcomer finds a site that lives. Written once; on a database that has
/// people it changes nothing.
struct Seeds {
  static let password = "learn together 1"

  let config: Config
  let log: Log

  init(_ config: Config, log: Log) {
    self.config = config
    self.log = log
  }

  struct Teacher {
    let username: String
    let name: String
    let zone: String
    let headline: String
    let biography: String
    let city: String?
    /// Degrees north and east of where lessons in person are.
    var place: (Double, Double)?
    let years: Int
    let languages: [(String, String)]
    let subjects: [(slug: String, rate: Int, durations: [Int])]
    let credential: (kind: String, title: String, issuer: String, year: Int)
    let hours: [(weekday: Int, from: Int, to: Int)]
    let approval: String
    let words: [(stars: Int, text: String)]
  }

  func run() async throws {
    let house = try House(config, log: Log(level: .error))
    let database = house.database
    if try await database.one(Query<Bool>("select exists(select from users)")) {
      print(Self.whoToBe)
    } else {
      let hash = Password.hash(Self.password)
      try await database.transaction { tx in
        try await subjects(in: tx)
        let admin = try await person(
          "rosa", "Rosa Lind", "admin@example.org", zone: "Europe/Berlin", roles: ["admin"], hash, in: tx)
        let learners = [
          try await person(
            "lena", "Lena Hofer", "learner@example.org", zone: "Europe/Vienna", roles: ["learner"], hash, in: tx),
          try await person(
            "omar", "Omar Siddiqui", "omar@example.org", zone: "Asia/Karachi", roles: ["learner"], hash, in: tx),
          try await person(
            "june", "June Carter", "june@example.org", zone: "America/Chicago", roles: ["learner"], hash, in: tx),
        ]
        _ = admin
        for (index, teacher) in Self.teachers.enumerated() {
          try await self.teacher(
            teacher, email: index == 0 ? "tutor@example.org" : "\(teacher.username)@example.org", hash, learners, in: tx
          )
        }
      }
      print(Self.whoToBe)
    }
    await database.close()
    house.loops.stop()
  }

  static let whoToBe = """
    Sign in as   tutor@example.org     a tutor who is listed
                 learner@example.org   a learner
                 admin@example.org     the administrator
    Password     \(password)
    """

  private func subjects(in tx: Transaction) async throws {
    for (position, subject) in Self.subjects.enumerated() {
      try await tx.run(
        Query<Void>(
          """
          insert into subjects (id, slug, title, code, category, position)
          values (\(ID<Subject>.new()), \(subject.slug), \(subject.title), \(subject.code), \(subject.category), \(position))
          on conflict (slug) do nothing
          """))
    }
  }

  private func person(
    _ username: String, _ name: String, _ email: String, zone: String, roles: [String], _ hash: String,
    in tx: Transaction
  ) async throws -> ID<User> {
    let id = ID<User>.new()
    try await tx.run(
      Query<Void>(
        """
        insert into users (id, email, username, full_name, password_hash, zone, verified_at, terms_accepted_at)
        values (\(id), \(email)::citext, \(username)::citext, \(name), \(hash), \(zone), now(), now())
        """))
    for role in roles {
      try await tx.run(Query<Void>("insert into user_roles (user_id, role) values (\(id), \(role))"))
    }
    return id
  }

  private func teacher(_ teacher: Teacher, email: String, _ hash: String, _ learners: [ID<User>], in tx: Transaction)
    async throws
  {
    let id = try await person(
      teacher.username, teacher.name, email, zone: teacher.zone, roles: ["tutor", "learner"], hash, in: tx)
    let stars = teacher.words.reduce(0) { $0 + $1.stars }
    try await tx.run(
      Query<Void>(
        """
        insert into tutors (user_id, slug, headline, biography, years_teaching, city, latitude, longitude, modes, approval, state, submitted_at, verified_at, completion,
               rating_sum, rating_count, lessons_held)
        values (\(id), \(teacher.username), \(teacher.headline), \(teacher.biography), \(teacher.years), \(teacher.city),
               \(teacher.place?.0), \(teacher.place?.1),
               \(teacher.city == nil ? ["online"] : ["online", "in_person"]), \(teacher.approval), 'verified', now(), now(), 85, \(stars),
               \(teacher.words.count), \(teacher.words.count))
        """))
    for (language, fluency) in teacher.languages {
      try await tx.run(
        Query<Void>("insert into tutor_languages (tutor_id, language, fluency) values (\(id), \(language), \(fluency))")
      )
    }
    for (position, subject) in teacher.subjects.enumerated() {
      try await tx.run(
        Query<Void>(
          """
          insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations, position)
          select \(id), id, \(subject.rate), \(subject.durations), \(position) from subjects where slug = \(subject.slug)
          """))
    }
    let credential = teacher.credential
    try await tx.run(
      Query<Void>(
        """
        insert into credentials (id, tutor_id, kind, title, issuer, year, state)
        values (\(ID<Credential>.new()), \(id), \(credential.kind), \(credential.title), \(credential.issuer), \(credential.year), 'verified')
        """))
    try await tx.run(
      Query<Void>(
        "insert into availability_settings (tutor_id, zone, notice, step) values (\(id), \(teacher.zone), 0, 15)"))
    for hours in teacher.hours {
      try await tx.run(
        Query<Void>(
          """
          insert into availability_hours (tutor_id, weekday, hours) values (\(id), \(hours.weekday), int4range(\(hours.from * 60), \(hours.to * 60)))
          """))
    }
    for (index, words) in teacher.words.enumerated() {
      try await lesson(
        of: id, with: learners[index % learners.count], teacher, words, daysAgo: 6 + index * 9 + teacher.username.count,
        in: tx)
    }
    try await Tutors().refreshListing(of: id, in: tx)
  }

  /// A free lesson that was held, and what its learner said.
  private func lesson(
    of tutor: ID<User>, with learner: ID<User>, _ teacher: Teacher, _ words: (stars: Int, text: String), daysAgo: Int,
    in tx: Transaction
  ) async throws {
    let booking = ID<Booking>.new()
    let start = Instant(seconds: (Instant.now.seconds / 3600) * 3600) - .days(daysAgo) + .hours(teacher.years % 5)
    try await tx.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
               fee_basis_points, policy, room_code, learner_zone, tutor_zone, begun_at, finished_at, created_at)
        select \(booking), \(learner), \(tutor), s.id, 'completed', 'instant', \(start), \(start + .hours(1)), \(start..<start + .hours(1)), 0, 'USD',
               1800, p.terms, \("seed-" + String(booking.description.suffix(12))), 'UTC', \(teacher.zone), \(start), \(start + .hours(1)), \(start - .days(2))
          from subjects s, booking_policies p where s.slug = \(teacher.subjects[0].slug) and p.tutor_id is null
        """))
    try await tx.run(
      Query<Void>(
        """
        insert into reviews (id, booking_id, tutor_id, author_id, stars, words, clarity, patience, written_at)
        values (\(ID<Booking>.new()), \(booking), \(tutor), \(learner), \(words.stars), \(words.text), \(words.stars), 5, \(start + .hours(3)))
        """))
  }
}
