import Core
import Postgres

// Owns rooms, room_seats, room_stays, room_messages, room_quality. Publishes attendance. Reads lesson_facts (Bookings),
// people (Accounts), subjects (Tutors).

/// The lesson a room belongs to, and its two people.
struct Lesson: RowDecodable, Equatable {
  struct Person: Equatable, Sendable {
    let id: ID<User>
    let name: String
  }

  let booking: ID<Booking>
  let code: String
  let state: String
  let startsAt: Instant
  let endsAt: Instant
  let subject: String
  let tutor: Person
  let learner: Person

  init(row: inout RowReader) throws {
    booking = try row.next()
    code = try row.next()
    state = try row.next()
    startsAt = try row.next()
    endsAt = try row.next()
    subject = try row.next()
    tutor = Person(id: try row.next(), name: try row.next())
    learner = Person(id: try row.next(), name: try row.next())
  }

  /// Whether the booking lets people in.
  var isOpen: Bool { state == "confirmed" || state == "in_progress" }
  var isOver: Bool { ["completed", "no_show_learner", "no_show_tutor", "disputed"].contains(state) }

  func role(of user: ID<User>) -> LessonRoom.Role? { user == tutor.id ? .tutor : user == learner.id ? .learner : nil }
  func person(_ role: LessonRoom.Role) -> Person { role == .tutor ? tutor : learner }
}

extension SQL {
  static var lesson: SQL {
    """
    select l.id, l.room_code, l.state, l.starts_at, l.ends_at, s.title, t.id, t.full_name, b.id, b.full_name
      from lesson_facts l
      join subjects s on s.id = l.subject_id
      join people t on t.id = l.tutor_id
      join people b on b.id = l.learner_id
    """
  }
}

extension Query where Row == Lesson {
  /// Nothing comes back unless it is this person's lesson.
  static func lesson(_ booking: ID<Booking>, of user: ID<User>) -> Self {
    Query("\(SQL.lesson) where l.id = \(booking) and (l.tutor_id = \(user) or l.learner_id = \(user))")
  }

  /// For the socket, which tells a room that is not yours from one that is not there.
  static func lesson(code: String) -> Self { Query("\(SQL.lesson) where l.room_code = \(code)") }

  /// For the house itself.
  static func lesson(_ booking: ID<Booking>) -> Self { Query("\(SQL.lesson) where l.id = \(booking)") }
}

/// A room's own row.
struct RoomRow: RowDecodable {
  let id: ID<Room>
  let openedAt: Instant?
  let endedAt: Instant?
  let lastMessage: Int

  init(row: inout RowReader) throws {
    id = try row.next()
    openedAt = try row.next()
    endedAt = try row.next()
    lastMessage = try row.next()
  }
}

/// A seat as stored, with its open stay.
struct SeatRow: RowDecodable {
  let seat: LessonRoom.Seat

  init(row: inout RowReader) throws {
    let user: ID<User> = try row.next()
    let role: LessonRoom.Role = try row.next()
    let token: [UInt8]? = try row.next()
    let admittedAt: Instant? = try row.next()
    let deniedAt: Instant? = try row.next()
    let knockedAt: Instant? = try row.next()
    let connection: ID<Connection>? = try row.next()
    let changedAt: Instant = try row.next()
    let staySeenAt: Instant? = try row.next()
    let admission: LessonRoom.Admission =
      if admittedAt != nil { .admitted } else if let knockedAt { .knocking(since: knockedAt) } else if let deniedAt {
        .denied(at: deniedAt)
      } else { .none }
    let presence: LessonRoom.Presence =
      if let seen = staySeenAt { connection.map { .here($0, seen: seen) } ?? .lost(seen: seen) } else { .gone }
    seat = LessonRoom.Seat(
      number: role.seat, user: user, role: role, admission: admission, presence: presence, token: token ?? [],
      changed: changedAt)
  }
}

extension LessonRoom.Role: Readable, Bindable {
  /// In a lesson for two the tutor sits at 1, the learner at 2.
  var seat: Int { self == .tutor ? 1 : 2 }
}

extension Query<Void> {
  /// Makes the room and its seats when they are not there yet.
  static func makeRoom(of lesson: Lesson, at now: Instant) -> Self {
    Query(
      """
      with made as (
        insert into rooms (id, booking_id, code) values (\(ID<Room>.new()), \(lesson.booking), \(lesson.code))
        on conflict do nothing returning id)
      insert into room_seats (room_id, user_id, role, changed_at)
      select made.id, seat.user_id, seat.role, \(now)
        from made, (values (\(lesson.tutor.id)::uuid, 'tutor'), (\(lesson.learner.id)::uuid, 'learner')) as seat (user_id, role)
      """)
  }

  static func store(_ seat: LessonRoom.Seat, in room: ID<Room>) -> Self {
    var admitted: Instant?
    var denied: Instant?
    var knocked: Instant?
    switch seat.admission {
    case .none: break
    case .admitted: admitted = seat.changed
    case .denied(let at): denied = at
    case .knocking(let since): knocked = since
    }
    var connection: ID<Connection>?
    var seen: Instant?
    switch seat.presence {
    case .gone: break
    case .here(let holder, let at): (connection, seen) = (holder, at)
    case .lost(let at): seen = at
    }
    return Query(
      """
      with stay as (
        update room_stays set seen_at = greatest(seen_at, \(seen))
         where room_id = \(room) and user_id = \(seat.user) and left_at is null and \(seen)::timestamptz is not null)
      update room_seats
         set resume_hash = \(seat.token), connection = \(connection), denied_at = \(denied), knocked_at = \(knocked),
             admitted_at = case when \(admitted)::timestamptz is null then null else coalesce(admitted_at, \(admitted)) end,
             seen_at = coalesce(\(seen), seen_at), changed_at = \(seat.changed)
       where room_id = \(room) and user_id = \(seat.user)
      """)
  }

  static func openStay(of user: ID<User>, in room: ID<Room>, at now: Instant) -> Self {
    Query(
      """
      insert into room_stays (id, room_id, user_id, joined_at, seen_at) values (\(ID<RoomStay>.new()), \(room), \(user), \(now), \(now))
      """)
  }

  static func closeStay(of user: ID<User>, in room: ID<Room>, at now: Instant, reason: String) -> Self {
    Query(
      """
      update room_stays set left_at = greatest(joined_at, \(now)), seen_at = greatest(joined_at, \(now)), reason = \(reason)
       where room_id = \(room) and user_id = \(user) and left_at is null
      """)
  }

  static func store(openedAt: Instant?, endedAt: Instant?, of room: ID<Room>) -> Self {
    Query(
      """
      update rooms set opened_at = \(openedAt), ended_at = \(endedAt),
             state = case when \(endedAt)::timestamptz is not null then 'ended' when \(openedAt)::timestamptz is not null then 'open' else 'waiting' end
       where id = \(room)
      """)
  }

  static func insert(_ quality: QualitySample, of user: ID<User>, in room: ID<Room>, at now: Instant) -> Self {
    Query(
      """
      insert into room_quality (room_id, user_id, at, rtt_ms, loss_permille, kbps_in, kbps_out, frame_height, relayed, grade, rung, jitter_ms)
      values (\(room), \(user), \(now), \(quality.rtt), \(quality.lossPermille), \(quality.kilobitsIn), \(quality.kilobitsOut),
              \(quality.height), \(quality.isRelayed), \(quality.grade), \(quality.rung), \(quality.jitter))
      on conflict do nothing
      """)
  }
}

enum RoomStay {}

extension Query where Row == ID<Connection> {
  /// Signs of life, without locking rooms: nothing is decided by them. Answers the connections that hold their seats; a
  /// stay that somebody changes just now is passed over, for it is being looked at anyway, and waiting for several at
  /// once could wait in a circle.
  static func touch(_ signs: [SignsOfLife.Sign]) -> Self {
    Query(
      """
      with signs as (
        select *
          from unnest(\(signs.map(\.connection))::uuid[], \(signs.map(\.user))::uuid[], \(signs.map(\.room))::uuid[],
                      \(signs.map(\.at))::timestamptz[]) as g (connection, user_id, room_id, at)
      ), held as (
        select y.id, g.connection, g.at
          from signs g
          join room_seats s on s.room_id = g.room_id and s.user_id = g.user_id and s.connection = g.connection
          join room_stays y on y.room_id = g.room_id and y.user_id = g.user_id and y.left_at is null
      ), free as (
        select y.id from room_stays y where y.id in (select id from held) for update skip locked
      ), touched as (
        update room_stays y set seen_at = greatest(y.seen_at, held.at) from free join held using (id) where y.id = free.id
      )
      select connection from held
      """)
  }
}

extension Query where Row == RoomRow {
  /// Kept from others until the transaction ends: everything that changes a room happens one after the other.
  static func lockedRoom(of booking: ID<Booking>) -> Self {
    Query("select id, opened_at, ended_at, last_message from rooms where booking_id = \(booking) for update")
  }

  static func room(of booking: ID<Booking>) -> Self {
    Query("select id, opened_at, ended_at, last_message from rooms where booking_id = \(booking)")
  }
}

extension Query where Row == SeatRow {
  static func seats(of room: ID<Room>) -> Self {
    Query(
      """
      select s.user_id, s.role, s.resume_hash, s.admitted_at, s.denied_at, s.knocked_at, s.connection, s.changed_at, y.seen_at
        from room_seats s
        left join room_stays y on y.room_id = s.room_id and y.user_id = s.user_id and y.left_at is null
       where s.room_id = \(room) order by s.role desc
      """)
  }
}

extension Query where Row == ID<Booking> {
  /// Rooms the sweep has to look at: a silent seat, two who wait for the time, a time that is over, a booking that is.
  static func roomsToSweep(at now: Instant, limit: Int) -> Self {
    Query(
      """
      select r.booking_id from rooms r join lesson_facts l on l.id = r.booking_id
       where r.ended_at is null
         and (l.state not in ('confirmed', 'in_progress')
              or l.ends_at <= \(now - LessonRoom.overtime)
              or exists (select from room_stays y where y.room_id = r.id and y.left_at is null
                          and (y.seen_at < \(now - LessonRoom.grace)
                               or (r.opened_at is null and l.starts_at <= \(now + LessonRoom.opening)))))
       limit \(limit)
      """)
  }
}

/// A message as stored.
struct ChatMessage: RowDecodable, Equatable {
  let number: Int
  let user: ID<User>
  let clientID: String
  let text: String
  let at: Instant

  init(row: inout RowReader) throws {
    number = try row.next()
    user = try row.next()
    clientID = try row.next()
    text = try row.next()
    at = try row.next()
  }
}

extension Query where Row == ChatMessage {
  /// Numbers and keeps a message in one statement. No row: it was kept before, or the room has ended. The number is allotted
  /// under the lock of the room's row, so the numbers have neither gaps nor twins.
  static func keep(_ text: String, clientID: String, by user: ID<User>, in room: ID<Room>, at now: Instant) -> Self {
    Query(
      """
      with next as (
        update rooms set last_message = last_message + 1
         where id = \(room) and ended_at is null
           and not exists (select from room_messages where room_id = \(room) and user_id = \(user) and client_id = \(clientID))
        returning last_message)
      insert into room_messages (room_id, number, user_id, client_id, words, at)
      select \(room), last_message, \(user), \(clientID), \(text), \(now) from next
      returning number, user_id, client_id, words, at
      """)
  }

  static func message(clientID: String, by user: ID<User>, in room: ID<Room>) -> Self {
    Query(
      """
      select number, user_id, client_id, words, at from room_messages
       where room_id = \(room) and user_id = \(user) and client_id = \(clientID)
      """)
  }

  static func messages(of room: ID<Room>, after number: Int, limit: Int) -> Self {
    Query(
      """
      select number, user_id, client_id, words, at from room_messages
       where room_id = \(room) and number > \(number) order by number limit \(limit)
      """)
  }
}

extension Query where Row == Int {
  /// Whole seconds in which both were in the room.
  static func secondsTogether(in room: ID<Room>) -> Self {
    Query(
      """
      select coalesce(sum(extract(epoch from
               least(coalesce(a.left_at, a.seen_at), coalesce(b.left_at, b.seen_at)) - greatest(a.joined_at, b.joined_at))), 0)::bigint
        from room_stays a join room_stays b on b.room_id = a.room_id and b.user_id > a.user_id
       where a.room_id = \(room)
         and least(coalesce(a.left_at, a.seen_at), coalesce(b.left_at, b.seen_at)) > greatest(a.joined_at, b.joined_at)
      """)
  }
}

// How calls are now, over all rooms: for metrics.

extension Query where Row == (String, Double) {
  static var callGrades: Self {
    Query(
      """
      select coalesce(grade, 'unknown'), count(*)::float8 from room_quality
       where at > now() - interval '5 minutes' group by 1
      """)
  }

  static var callRoundTrips: Self {
    Query(
      """
      select q.at::text, coalesce(percentile_disc(q.at) within group (order by r.rtt_ms) / 1000.0, 0)::float8
        from (values (0.5::float8), (0.95)) q (at), room_quality r
       where r.at > now() - interval '5 minutes' and r.rtt_ms is not null group by q.at
      """)
  }
}

extension Query where Row == Double {
  static var callLoss: Self {
    Query(
      """
      select coalesce(avg(loss_permille) / 1000, 0)::float8 from room_quality where at > now() - interval '5 minutes'
      """)
  }

  static var callsRelayed: Self {
    Query(
      """
      select coalesce(avg(relayed::int), 0)::float8 from room_quality where at > now() - interval '5 minutes'
      """)
  }

  static var callLessons: Self {
    Query("select count(distinct room_id)::float8 from room_quality where at > now() - interval '5 minutes'")
  }
}
