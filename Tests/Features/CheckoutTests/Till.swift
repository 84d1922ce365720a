import Bus
import Core
import JSON
import Ledger
import Notices
import Platform
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Bookings
@testable import Checkout

/// A market with a till: Ada teaches algebra for 45 dollars an hour at any hour; Dan teaches piano for nothing. Bookings,
/// checkout and the simulated gateway stand behind one door, and its webhooks come in through that door.
struct Till: Sendable {
  let house: TestHouse
  let database: Database
  let site: TestSite
  let bookings: Bookings
  let ledger: Ledger
  let payments: Payments
  let simulated: SimulatedGateway

  init(_ database: Database, wrapping wrap: (SimulatedGateway) -> any Gateway = { $0 }) async throws {
    self.database = database
    house = try TestHouse(database)
    let clock = house.clock.clock
    let notices = Notices(bus: Bus(loops: testLoops))
    ledger = Ledger(clock: clock)
    bookings = Bookings(site: house.site, ledger: ledger, notices: notices, clock: clock)
    let door = Locked<RouteTable?>(nil)
    simulated = SimulatedGateway(database: database, site: house.site, clock: clock, secret: "tests") {
      path, headers, body in
      guard let table = door.withLock({ $0 }) else { return 503 }
      var all = Headers()
      all.add("host", "localhost:8080")
      for header in headers { all.add(header.name, header.value) }
      return await table.answer(Request(.post, path, headers: all, body: body)).status
    }
    payments = Payments(
      database: database, bookings: bookings, ledger: ledger, notices: notices, site: house.site, clock: clock,
      gateways: [wrap(simulated)])
    site = house.open([
      BookingsFeature(database: database, site: house.site, bookings: bookings, clock: clock),
      CheckoutFeature(
        database: database, site: house.site, bookings: bookings, ledger: ledger, payments: payments,
        simulated: simulated, clock: clock),
    ])
    let table = site.table
    door.withLock { $0 = table }
    try await database.insert()
    let algebra = ID<Subject>.new(), piano = ID<Subject>.new()
    try await database.run(
      Query(
        """
        insert into subjects (id, slug, title, category) values (\(algebra), 'algebra', 'Algebra', 'university'), (\(piano), 'piano', 'Piano', 'music')
        """))
    for (tutor, subject, rate) in [(Person.ada, algebra, 4500), (Person.dan, piano, 0)] {
      try await database.run(
        Query(
          "insert into tutors (user_id, slug, approval, state) values (\(tutor.id), \(tutor.username), 'instant', 'verified')"
        ))
      try await database.run(
        Query(
          "insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations) values (\(tutor.id), \(subject), \(rate), '{30,60}')"
        ))
      try await database.run(
        Query("insert into availability_settings (tutor_id, zone, notice) values (\(tutor.id), 'UTC', 0)"))
      try await database.run(
        Query(
          "insert into availability_hours (tutor_id, weekday, hours) select \(tutor.id), d, int4range(0, 1440) from generate_series(1, 7) d"
        ))
    }
  }

  /// Three days on, at noon.
  var noon: Instant { Instant(rfc3339: "2026-11-23T12:00:00Z")! }

  func book(_ hour: Int = 0, by person: Person = .ben, tutor: String = "ada") async throws -> ID<Booking> {
    let answer = await site.post(
      "/tutors/\(tutor)/book",
      [
        "subject": tutor == "ada" ? "algebra" : "piano", "minutes": "60", "starts_at": (noon + .hours(hour)).rfc3339,
        "key": ID<Booking>.new().description,
      ], as: person)
    #expect(answer.status == 303, "\(answer.status)")
    let location = try #require(answer.header("location"))
    return try #require(ID<Booking>(String(location.split(separator: "/").last!)))
  }

  /// Opens a payment as the page does; the gateway's name of the charge.
  func begin(_ booking: ID<Booking>, by person: Person = .ben) async throws -> String {
    let answer = await site.post("/checkout/\(booking)", as: person)
    #expect(answer.status == 303, "\(answer.status)")
    let location = try #require(answer.header("location"))
    #expect(location.hasPrefix("/simulated-gateway/sim_"))
    return String(location.split(separator: "/").last!)
  }

  /// Chooses a card on the gateway's page.
  func choose(_ card: SimulatedGateway.Card, for charge: String) async -> Response {
    await site.post("/simulated-gateway/\(charge)", ["card": card.rawValue])
  }

  /// A paid booking; its payment.
  func buy(_ hour: Int = 0, by person: Person = .ben) async throws -> (booking: ID<Booking>, payment: ID<Payment>) {
    let booking = try await book(hour, by: person)
    _ = await choose(.success, for: try await begin(booking, by: person))
    try await site.runJobs()
    return (
      booking,
      try await database.one(
        Query<ID<Payment>>("select id from payments where booking_id = \(booking) and state = 'succeeded'"))
    )
  }

  func message(_ charge: String, _ state: String, id: String, amount: Money = Money(4500, .usd)) -> [UInt8] {
    Array(
      JSONWriter.text { w in
        w.object { w in
          w.field("id", id)
          w.field("charge", charge)
          w.field("state", state)
          w.field("amount", amount)
        }
      }.utf8)
  }

  /// A webhook as it comes from outside. `signature` nil: signed well, now.
  func webhook(_ body: [UInt8], signature: String? = nil, isSigned: Bool = true, provider: String = "simulated") async
    -> Response
  {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("content-type", "application/json")
    if isSigned { headers.add("x-simulated-signature", signature ?? simulated.sign(body, at: house.clock.now)) }
    return await site.table.answer(Request(.post, "/api/payments/webhooks/\(provider)/", headers: headers, body: body))
  }

  func state(_ booking: ID<Booking>) async throws -> Reservation.State {
    try await bookings.booking(booking, from: database).state
  }
  func count(_ sql: SQL) async throws -> Int { try await database.one(Query<Int>(sql)) }
  func words(_ sql: SQL) async throws -> [String] { try await database.all(Query<String>(sql)) }

  func held(_ person: Person = .ben) async throws -> [Money] {
    try await ledger.balances(of: person.id, [.held], from: database).filter { $0.amount != 0 }
  }

  /// The books hold, and the gateway's own money is what the site believes it is.
  func audit() async throws {
    #expect(try await ledger.verify(in: database).holds)
    let received = try await count(
      "select coalesce(sum(amount), 0) from simulated_charges where state = 'succeeded' and id in (select provider_ref from payments where state = 'succeeded')"
    )
    let sent = try await count("select coalesce(sum(amount), 0) from simulated_refunds")
    let clearing = try await ledger.balance(of: .gatewayClearing, in: .usd, from: database).amount
    #expect(-clearing == received - sent)
    #expect(
      try await count("select count(*) from payments where receipt_number is not null")
        == count("select last from receipt_counter"))
  }
}

func withTill(
  connectionsPerLoop: Int = 4, wrapping wrap: @Sendable (SimulatedGateway) -> any Gateway = { $0 },
  _ body: (Till) async throws -> Void
) async throws {
  try await withDatabase(connectionsPerLoop: connectionsPerLoop) { database in
    try await body(try await Till(database, wrapping: wrap))
  }
}

extension Response {
  var json: JSON? { try? JSON.read(content) }
}
