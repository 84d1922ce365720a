import Bus
import Core
import Ledger
import Notices
import Postgres
import Scheduling
import Site
import TestKit
import Web

@testable import Bookings

/// A small market: Ada teaches algebra for 45 dollars an hour, at once; Dan teaches piano for nothing, when asked. Both at any
/// hour of any day. It is Friday, 2026-11-20, nine o'clock in London.
struct World: Sendable {
  let house: TestHouse
  let database: Database
  let site: TestSite
  let bookings: Bookings
  let feature: BookingsFeature
  let ledger: Ledger

  static let algebra = ID<Subject>("01900000-0000-7000-8000-00000000a1ee")!
  static let piano = ID<Subject>("01900000-0000-7000-8000-00000000a2ee")!

  init(_ database: Database) async throws {
    self.database = database
    house = try TestHouse(database)
    ledger = Ledger(clock: house.clock.clock)
    bookings = Bookings(
      site: house.site, ledger: ledger, notices: Notices(bus: Bus(loops: testLoops)), clock: house.clock.clock)
    feature = BookingsFeature(database: database, site: house.site, bookings: bookings, clock: house.clock.clock)
    site = house.open([feature])
    try await database.insert()
    try await database.run(
      Query(
        """
        insert into subjects (id, slug, title, category) values (\(Self.algebra), 'algebra', 'Algebra', 'university'),
          (\(Self.piano), 'piano', 'Piano', 'music')
        """))
    for (tutor, subject, rate, approval) in [
      (Person.ada, Self.algebra, 4500, "instant"), (Person.dan, Self.piano, 0, "request"),
    ] {
      try await database.run(
        Query(
          "insert into tutors (user_id, slug, approval, state) values (\(tutor.id), \(tutor.username), \(approval), 'verified')"
        ))
      try await database.run(
        Query(
          """
          insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations) values (\(tutor.id), \(subject), \(rate), '{30,60}')
          """))
      try await database.run(
        Query("insert into availability_settings (tutor_id, zone, notice) values (\(tutor.id), \(tutor.zone), 0)"))
      try await database.run(
        Query(
          "insert into availability_hours (tutor_id, weekday, hours) select \(tutor.id), d, int4range(0, 1440) from generate_series(1, 7) d"
        ))
    }
  }

  var now: Instant { house.clock.clock.now }
  /// Three days on, at noon.
  var noon: Instant { Instant(rfc3339: "2026-11-23T12:00:00Z")! }

  func offer(_ tutor: Person = .ada) async throws -> Offer {
    try await database.one(.offers(of: tutor.username, at: now))
  }

  func new(_ start: Instant, minutes: Int = 60, with tutor: Person = .ada, by learner: ID<User> = Person.ben.id)
    async throws -> NewBooking
  {
    try NewBooking(
      try await offer(tutor), startsAt: start, minutes: minutes, learner: learner, learnerZone: "America/New_York",
      note: "", at: now)
  }

  /// A booking as the page makes it.
  func book(_ start: Instant, with tutor: Person = .ada, by learner: ID<User> = Person.ben.id) async throws -> Booked {
    let new = try await new(start, with: tutor, by: learner)
    let outcome = try await feature.making.make(new, channel: .web, key: nil, request: "") { _ in
      KeptAnswer(status: 201, body: "")
    }
    guard case .made(let booked, _) = outcome else { throw Failure.unavailable }
    return booked
  }

  func pay(_ booking: ID<Booking>, _ payment: ID<Payment> = .new(), amount: Int = 4500) async throws
    -> Bookings.PaidOutcome
  {
    try await database.transaction { tx in
      try await bookings.paid(booking, payment: payment, amount: Money(amount, .usd), in: tx)
    }
  }

  func act(_ act: Reservation.Act, on booking: ID<Booking>, by actor: Actor, reason: String? = nil) async throws
    -> Booked
  {
    try await database.transaction { tx in
      try await bookings.act(act, on: booking, by: actor, channel: .web, reason: reason, in: tx)
    }.after
  }

  func booked(_ id: ID<Booking>) async throws -> Booked { try await database.one(.booking(id)) }

  func held(_ booking: Booked) async throws -> Int {
    try await ledger.balance(of: .held(booking.learner.id, for: booking.id.as()), in: .usd, from: database).amount
  }

  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }

  /// What was told to a person, by kind.
  func told(_ person: Person) async throws -> [String] {
    try await database.all(Query<String>("select kind from mails where user_id = \(person.id) order by id"))
  }
}

func withWorld(connectionsPerLoop: Int = 4, _ body: (World) async throws -> Void) async throws {
  try await withDatabase(connectionsPerLoop: connectionsPerLoop) { database in try await body(try await World(database))
  }
}
