import CSystem
import Core
import Crypto
import Glibc
import JSON
import Loop
import Outbound
import Postgres
import TestKit
import Web

@testable import Accounts
@testable import tutalink

/// The whole house, seeded and listening on a port of its own, and the people of the matrix with their sessions.
final class World: Sendable {
  let house: House
  let server: HTTPServer
  let database: Database
  private let people: Locked<[Access.Role: Person]>

  struct Person: Sendable {
    let id: ID<User>
    let bearer: String
    /// `session=…`, and the token that goes with it.
    let cookie: String
    let form: String
  }

  private init(_ house: House, _ server: HTTPServer, _ people: [Access.Role: Person]) {
    self.house = house
    self.server = server
    database = house.database
    self.people = Locked(people)
  }

  static func with(_ body: (World) async throws -> Void) async throws {
    try await withDatabaseAddress { address in
      let folder = Folder()
      let config = try Config(environment: [
        "DATABASE_URL": address, "TUTALINK_HOME": folder.path + "/home", "TUTALINK_ASSETS": TestHouse.root + "/Assets",
        "LOOPS": "1", "LIMITS_FACTOR": "0", "SECRET_KEY": String(repeating: "0123456789", count: 4),
        "LOG_LEVEL": "error",
      ])
      mkdir(config.home, 0o700)
      let log = Log(level: .error)
      try await Seeds(config, log: log).run()
      let house = try House(config, log: log)
      let server = HTTPServer(
        table: house.table, loops: house.loops, settings: ServerSettings(host: "127.0.0.1", port: 0))
      try await server.start()
      let world = World(house, server, try await people(house))
      let outcome: Result<Void, any Error>
      do { outcome = .success(try await body(world)) } catch { outcome = .failure(error) }
      await server.stop()
      await house.courier.close()
      await house.database.close()
      house.loops.stop()
      try outcome.get()
    }
  }

  private static func people(_ house: House) async throws -> [Access.Role: Person] {
    let names: [Access.Role: String] = [
      .learner: "lena", .tutor: "amal", .otherTutor: "hiro", .administrator: "rosa", .suspended: "omar",
      .unverified: "june",
    ]
    var people: [Access.Role: Person] = [:]
    for (role, name) in names {
      let id = try await house.database.one(Query<ID<User>>("select id from users where username = \(name)::citext"))
      let (tokens, cookie) = try await house.database.transaction { tx in
        (
          try await house.sessions.openAPI(for: id, device: nil, in: tx),
          try await house.sessions.openWeb(for: id, remember: false, device: nil, in: tx)
        )
      }
      let session = try await house.database.one(
        Query<ID<Session>>(
          "select id from sessions where user_id = \(id) and kind = 'web' order by created_at desc limit 1"))
      let identity = Identity(user: id, session: session, username: name, name: name)
      people[role] = Person(
        id: id, bearer: tokens.access, cookie: "session=\(cookie.value)", form: house.table.csrf(for: identity))
    }
    try await house.database.run(
      Query<Void>("update users set suspended_at = now() where id = \(people[.suspended]!.id)"))
    try await house.database.run(
      Query<Void>("update users set verified_at = null where id = \(people[.unverified]!.id)"))
    return people
  }

  func id(_ role: Access.Role) -> ID<User> { person(role)!.id }

  private func person(_ role: Access.Role) -> Person? { people.withLock { $0[role] } }

  /// Signs everybody in again.
  func renew() async throws {
    let renewed = try await Self.people(house)
    people.withLock { $0 = renewed }
  }

  // MARK: Asking

  struct Answer: Sendable, CustomStringConvertible {
    let status: Int
    let location: String
    /// What a problem document says, or the start of the page's text.
    let detail: String
    var description: String { "\(status) \(location)" }
  }

  enum Proof { case bearer, cookieAlone }

  func ask(_ route: Route, at address: String, as role: Access.Role, _ access: Access, by proof: Proof = .bearer)
    async throws -> Answer
  {
    if route.kind == .socket {
      return Answer(
        status: try Handshake.code(port: server.port, address, bearer: person(role)?.bearer), location: "", detail: "")
    }
    var headers = [(name: "host", value: "localhost:8080")]
    var form = Fields(access.form.map { (name: $0.key, value: $0.value) })
    switch proof {
    case .cookieAlone: if let person = person(role) { headers.append(("cookie", person.cookie)) }
    case .bearer:
      if let person = person(role) { headers.append(("authorization", "Bearer " + person.bearer)) }
      // Who proves nothing has at least read the page the form stands on.
      let guest = house.table.guestProof()
      headers.append(("cookie", guest.cookie))
      form.add("_csrf", guest.token)
    }
    var body: [UInt8] = []
    if let json = access.json {
      headers.append(("content-type", "application/json"))
      body = json.bytes
    } else if route.method == .post, route.kind == .page {
      headers.append(("content-type", "application/x-www-form-urlencoded"))
      body = Array(form.encoded.utf8)
    }
    let answer = try await HTTPClient(house.courier).send(
      OutboundRequest(
        OutboundRequest.Method(rawValue: route.method.rawValue)!, "http://127.0.0.1:\(server.port)" + address,
        headers: headers, body: body))
    return Answer(
      status: answer.status, location: answer.header("location") ?? "",
      detail: (try? JSON.read(answer.body))?["detail"]?.string ?? "")
  }

  // MARK: What the store holds

  /// One line a table, with its count and a digest of its rows; reading leaves no trace but when a session was last seen.
  func store() async throws -> [String] {
    try await database.all(
      Query<String>(
        """
        select c.relname || ' ' || (xpath('/row/d/text()', query_to_xml(format(
                 'select count(*) || '':'' || md5(coalesce(string_agg(%s, ''|'' order by t::text), '''')) as d from %I t',
                 case c.relname when 'sessions' then 't.id::text || coalesce(t.revoked_at::text, '''')' else 't::text' end, c.relname),
                 false, true, '')))[1]::text
          from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1
        """))
  }

  // MARK: Things

  /// A fresh thing; gives the parts of its address.
  func make(_ thing: Access.Thing, for role: Access.Role) async throws -> [String] {
    let learner = id(.learner), tutor = id(.tutor)
    switch thing {
    case .none: return []
    case .booking, .room, .lesson: return try await booking(thing)
    case .unpaid, .payment, .receipt:
      let booking = try await booking(thing == .receipt ? .lesson : .unpaid)
      let id = ID<Payment>.new(), isPaid = thing == .receipt
      try await database.run(
        Query<Void>(
          """
          insert into payments (id, booking_id, payer_id, provider, amount, currency, state, receipt_number, created_at, updated_at, succeeded_at)
          values (\(id), \(ID<Booking>(booking[0])!), \(learner), 'simulated', 3200, 'USD', \(isPaid ? "succeeded" : "created"),
                  case when \(isPaid) then (select coalesce(max(receipt_number), 0) + 1 from payments) end, now(), now(),
                  case when \(isPaid) then now() end)
          """))
      return thing == .unpaid ? booking : [id.description]
    case .notice:
      let id = ID<Room>.new()
      try await database.run(
        Query<Void>(
          """
          insert into notifications (id, user_id, kind, params, link)
          values (\(id), \(learner), 'reviews.written', '{}', '/bookings')
          """))
      return [id.description]
    case .device:
      let id = ID<Room>.new(), key = ID<Room>.new()
      try await database.run(
        Query<Void>(
          """
          insert into push_keys (id, public_key, private_key, created_at)
          values (\(key), \(key.description), 'k1.x', now())
          """))
      try await database.run(
        Query<Void>(
          """
          insert into push_subscriptions (id, user_id, session_id, key_id, endpoint, public_key, secret, created_at)
          select \(id), \(learner), s.id, \(key), \("https://push.example/" + id.description), repeat('x', 87), 'k1.x', now()
            from sessions s where s.user_id = \(learner) and s.revoked_at is null limit 1
          """))
      return [id.description]
    case .search:
      let id = ID<Room>.new()
      try await database.run(
        Query<Void>(
          """
          insert into saved_searches (id, user_id, name, query, created_at)
          values (\(id), \(learner), 'Algebra', \("q=" + id.description), now())
          """))
      return [id.description]
    case .session:
      let id = ID<Session>.new()
      try await database.run(
        Query<Void>(
          """
          insert into sessions (id, user_id, token_hash, kind, family, expires_at)
          values (\(id), \(learner), sha256(\(id.description)::text::bytea), 'web', \(id), now() + interval '1 day')
          """))
      return [id.description]
    case .credential, .applicantsCredential:
      let id = ID<Room>.new()
      let owner = thing == .credential ? tutor : self.id(.otherTutor)
      try await database.run(
        Query<Void>("insert into credentials (id, tutor_id, kind, title) values (\(id), \(owner), 'degree', 'MSc')"))
      return thing == .credential ? [id.description] : [owner.description, id.description]
    case .sample, .film, .captions, .document:
      let file = ID<StoredFile>.new(), sample = ID<Room>.new()
      try await database.run(
        Query<Void>(
          """
          insert into files (id, owner_id, purpose, sha256, byte_size, media_type, filename)
          values (\(file), \(tutor), \(thing == .document ? "document" : "sample"), \(try keep("a degree")), 8, 'application/pdf', 'degree.pdf')
          """))
      if thing == .document { return [file.description, "degree.pdf"] }
      try await database.run(
        Query<Void>(
          "insert into tutor_samples (id, tutor_id, file_id, kind, title) values (\(sample), \(tutor), \(file), \(thing == .sample ? "audio" : "video"), 'x')"
        ))
      guard thing == .captions else { return [sample.description] }
      try await database.run(
        Query<Void>("insert into sample_captions (sample_id, language, file_id) values (\(sample), 'ar', \(file))"))
      return [sample.description, "ar"]
    case .subject:
      return [
        try await database.one(Query<ID<Subject>>("select id from subjects where slug = 'calculus-1'")).description
      ]
    case .language: return ["ar"]
    case .date:
      try await database.run(
        Query<Void>(
          "insert into availability_overrides (tutor_id, date, is_closed) values (\(tutor), '2030-05-05', true) on conflict do nothing"
        ))
      return ["2030-05-05"]
    case .review:
      let id = ID<Room>.new()
      try await database.run(
        Query<Void>(
          """
          insert into reviews (id, booking_id, tutor_id, author_id, stars, words)
          values (\(id), \(ID<Booking>(try await booking(.lesson)[0])!), \(tutor), \(learner), 5, 'Good')
          """))
      return [id.description]
    case .channel: return [learner.description]
    case .mail:
      let id = ID<Room>.new()
      try await database.run(
        Query<Void>(
          "insert into mails (id, to_address, kind, state) values (\(id), 'x@example.org', 'accounts.verify', 'outbox')"
        ))
      return [id.description]
    case .job:
      let id = ID<Room>.new()
      try await database.run(
        Query<Void>("insert into jobs (id, name, payload, dead_at) values (\(id), 'x', '{}', now())"))
      return [id.description]
    case .applicant:
      try await database.run(
        Query<Void>("update tutors set state = 'submitted' where user_id = \(self.id(.otherTutor))"))
      return [self.id(.otherTutor).description]
    case .person:
      return [
        try await database.one(Query<ID<User>>("select id from users where username = 'sofia'::citext")).description
      ]
    }
  }

  /// Things of another kind than any there is: what answers for them is what a stranger may see of a real one.
  func absent(_ thing: Access.Thing) -> [String] {
    switch thing {
    case .none: []
    case .room: ["absent-room-code"]
    case .language: ["zz"]
    case .date: ["2030-06-06"]
    case .document: [ID<Room>.new().description, "degree.pdf"]
    case .applicantsCredential: [id(.otherTutor).description, ID<Room>.new().description]
    default: [ID<Room>.new().description]
    }
  }

  private let hours = Locked(0)

  private func booking(_ thing: Access.Thing) async throws -> [String] {
    let id = ID<Booking>.new()
    let hour = hours.withLock {
      $0 += 1
      return $0
    }
    let isPast = thing == .lesson
    let now = Instant(seconds: Instant.now.seconds / 3600 * 3600)
    let start = isPast ? now - .hours(24 * 40 + hour) : now + .hours(24 * 40 + hour)
    let code = "matrix-\(hour)-room"
    try await database.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
               fee_basis_points, policy, room_code, learner_zone, tutor_zone, begun_at, finished_at, hold_expires_at)
        select \(id), \(self.id(.learner)), \(self.id(.tutor)), s.id, \(isPast ? "completed" : thing == .unpaid ? "held" : "confirmed"),
               'instant', \(start), \(start + .hours(1)), \(start..<start + .hours(1)), \(thing == .unpaid ? 3200 : 0), 'USD', 1800, p.terms,
               \(code), 'UTC', 'UTC', case when \(isPast) then \(start)::timestamptz end, case when \(isPast) then \(start + .hours(1))::timestamptz end,
               now() + interval '1 day'
          from subjects s, booking_policies p where s.slug = 'calculus-1' and p.tutor_id is null
        """))
    return [thing == .room ? code : id.description]
  }

  /// Puts content where the file store looks for it.
  private func keep(_ text: String) throws -> String {
    let sha256 = Hex.encode(SHA256.hash(text))
    var folder = house.config.home + "/files"
    for part in [sha256.prefix(2), sha256.dropFirst(2).prefix(2)] {
      folder += "/" + part
      mkdir(folder, 0o700)
    }
    let file = open(folder + "/" + sha256, O_WRONLY | O_CREAT, 0o600)
    defer { close(file) }
    guard write(file, text, text.utf8.count) == text.utf8.count else { throw Failure.unavailable }
    return sha256
  }
}

/// A WebSocket's beginning, as a program makes it: 101 and then the code it is closed with, or 101 when it stays open.
enum Handshake {
  static func code(port: Int, _ address: String, bearer: String?) throws -> Int {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(port).bigEndian
    name.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, __CONST_SOCKADDR_ARG(__sockaddr__: $0), socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure.unavailable }
    var head =
      "GET \(address) HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    if let bearer { head += "Authorization: Bearer \(bearer)\r\n" }
    head += "\r\n"
    // A ping, masked with zeros: whoever is let in answers it, whoever is not is told why.
    let bytes = Array(head.utf8)
    guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw Failure.unavailable }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var received: [UInt8] = []
    var hasPinged = false
    while true {
      if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
        guard received.starts(with: Array("HTTP/1.1 101".utf8)) else {
          return Int(String(decoding: received.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
        }
        if !hasPinged {
          hasPinged = true
          _ = send(socket, [0x89, 0x80, 0, 0, 0, 0] as [UInt8], 6, Int32(MSG_NOSIGNAL))
        }
        var frames = received[end.upperBound...]
        while frames.count >= 2 {
          let kind = frames[frames.startIndex] & 0x0F
          var length = Int(frames[frames.startIndex + 1] & 0x7F), skip = 2
          if length == 126 {
            guard frames.count >= 4 else { break }
            length = Int(frames[frames.startIndex + 2]) << 8 | Int(frames[frames.startIndex + 3])
            skip = 4
          }
          guard frames.count >= skip + length else { break }
          let payload = frames.dropFirst(skip).prefix(length)
          if kind == 8 {
            return length >= 2 ? Int(payload[payload.startIndex]) << 8 | Int(payload[payload.startIndex + 1]) : 1005
          }
          if kind == 10 { return 101 }
          frames = frames.dropFirst(skip + length)
        }
      }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { throw Failure.unavailable }
      received += buffer.prefix(count)
    }
  }
}
