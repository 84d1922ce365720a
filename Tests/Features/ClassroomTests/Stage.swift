import Bus
import Core
import JSON
import Loop
import Platform
import Postgres
import TestDatabase
import TestKit
import Web

@testable import Classroom

/// A lesson of Ada (tutor) and Ben (learner), its room behind a real port, and what the booking was told.
final class Stage: Sendable {
  let house: TestHouse
  let site: TestSite
  /// Two loops of its own, as two cores would have. They are never stopped: what its sockets still write when the server ends
  /// is written to the end, and no session of the database is left in the hands of a task that nobody runs any more.
  let loops = LoopGroup(count: 2, log: .silent)
  let server: HTTPServer
  let feature: ClassroomFeature
  let booking: ID<Booking>
  let code: String
  let told: Locked<[String]>
  /// Whether the booking says no to everything it is told.
  let bookingRefuses = Locked(false)

  var database: Database { house.database }
  var clock: SteppedClock { house.clock }
  var port: Int { server.port }

  init(
    _ house: TestHouse, booking: ID<Booking>, code: String, told: Locked<[String]>, relays: RelaySettings,
    pace: Pace = .free
  ) async throws {
    self.house = house
    self.booking = booking
    self.code = code
    self.told = told
    struct No: Error {}
    let bookingRefuses = bookingRefuses
    let hooks = LessonHooks(
      begin: { booking, tx in
        if bookingRefuses.withLock({ $0 }) { throw No() }
        told.withLock { $0.append("begin") }
        try await tx.run(
          Query<Void>("update bookings set state = 'in_progress', begun_at = now() where id = \(booking)"))
      },
      complete: { booking, tx in
        if bookingRefuses.withLock({ $0 }) { throw No() }
        told.withLock { $0.append("complete") }
        try await tx.run(
          Query<Void>("update bookings set state = 'completed', finished_at = now() where id = \(booking)"))
      },
      waiting: { waiting, _ in told.withLock { $0.append("\(waiting.learnerName) waits") } })
    feature = ClassroomFeature(
      database: house.database, site: house.site, bus: Bus(loops: loops), relays: relays, hooks: hooks, pace: pace,
      clock: house.clock.clock,
      log: .silent)
    site = house.open([feature])
    server = HTTPServer(table: site.table, loops: loops, settings: ServerSettings(port: 0))
    try await server.start()
  }

  /// The same house after a restart: everything in memory is gone.
  func restarted() async throws -> Stage {
    await stop()
    return try await Stage(house, booking: booking, code: code, told: told, relays: feature.relays)
  }

  let isStopped = Locked(false)

  func stop() async {
    isStopped.withLock { $0 = true }
    await server.stop()
  }

  func enter(_ person: Person) async throws -> RoomWire {
    try await RoomWire.open(port: port, code: code, as: person.username)
  }

  /// Ada and Ben, both inside.
  func bothInside() async throws -> (ada: RoomWire, ben: RoomWire) {
    let ada = try await enter(.ada)
    try await ada.hear("welcome")
    let ben = try await enter(.ben)
    try await ben.hear("welcome")
    try await ada.hear("knock")
    ada.send("admitted", ["seat": 2])
    try await ben.hear("admitted")
    try await ada.hear("admitted")
    return (ada, ben)
  }

  func stays() async throws -> [(ID<User>, Instant, Instant?)] {
    try await database.all(
      Query<(ID<User>, Instant, Instant?)>(
        "select user_id, joined_at, left_at from room_stays order by joined_at, user_id"))
  }
}

func withStage(
  state: String = "confirmed", relays: RelaySettings = RelaySettings(), pace: Pace = .free,
  _ body: (Stage) async throws -> Void
) async throws {
  try await withDatabase { database in
    // The lesson started five minutes ago.
    let house = try TestHouse(database, at: "2026-11-20T09:05:00Z")
    try await database.insert()
    let booking = ID<Booking>.new()
    let subject = ID<Subject>.new()
    let code = "room-" + String(booking.description.suffix(12))
    let start = Instant(rfc3339: "2026-11-20T09:00:00Z")!
    let times = start..<start + .hours(1)
    try await database.run(
      Query<Void>("insert into subjects (id, slug, title, category) values (\(subject), \(code), 'Algebra', 'school')"))
    try await database.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone, hold_expires_at)
        values (\(booking), \(Person.ben.id), \(Person.ada.id), \(subject), \(state), 'instant', \(times.lowerBound), \(times.upperBound),
                \(times), 0, 'USD', 0, '{}', \(code), 'UTC', 'UTC', \(times.lowerBound))
        """))
    let stage = try await Stage(house, booking: booking, code: code, told: Locked([]), relays: relays, pace: pace)
    do {
      try await body(stage)
      if !stage.isStopped.withLock({ $0 }) { await stage.stop() }
    } catch {
      if !stage.isStopped.withLock({ $0 }) { await stage.stop() }
      throw error
    }
  }
}
