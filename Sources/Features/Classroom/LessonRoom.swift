import Core

/// One socket's stay in a room, from its opening to its close. A refresh or a second tab is a new one.
enum Connection {}

/// The room of one lesson: who has a seat, who stands at the door, who is inside, and since when.
///
/// Pure: an act and an instant go in, what happened comes out as ``Happening`` values, in order; or a ``Refusal``.
/// The feature stores and announces what happened, and nothing else.
///
/// Invariants, proved over random histories in `LessonRoomTests`:
/// - a learner is inside only after the tutor let them in;
/// - a seat has one connection at most, and an open presence interval exactly while it is not ``Presence/gone``;
/// - a seat whose connection was lost is kept for ``grace``, then let go as of the moment it was last seen;
/// - after the end nobody is present and nothing is possible any more.
struct LessonRoom: Equatable, Sendable {
  /// How long a lost seat is kept, and how long its resume token is good.
  static let grace = Duration.seconds(60)
  /// How long before its planned start a lesson may begin.
  static let opening = Duration.minutes(15)
  /// How long after the planned end the room stays before the clock ends it.
  static let overtime = Duration.minutes(30)
  /// The least time between two knocks of one seat.
  static let knockPause = Duration.seconds(5)

  enum Role: String, Equatable, Sendable { case tutor, learner }

  /// How far a seat has come through the door. The tutor holds the key, and so is always admitted.
  enum Admission: Equatable, Sendable {
    case none
    case knocking(since: Instant)
    case admitted
    case denied(at: Instant)
  }

  enum Presence: Equatable, Sendable {
    case gone
    case here(ID<Connection>, seen: Instant)
    case lost(seen: Instant)
  }

  struct Seat: Equatable, Sendable {
    let number: Int
    let user: ID<User>
    let role: Role
    var admission: Admission
    var presence: Presence
    /// SHA-256 of the resume token last handed out.
    var token: [UInt8]
    /// When this seat last changed, so that news which overtook each other can be told apart.
    var changed: Instant

    var isInside: Bool {
      if case .here = presence { admission == .admitted } else { false }
    }

    var isHere: Bool { if case .here = presence { true } else { false } }

    func isHere(as connection: ID<Connection>) -> Bool {
      if case .here(connection, _) = presence { true } else { false }
    }
  }

  enum Refusal: Error, Equatable, Sendable {
    case ended, noSeat, notHere, notTheTutor, alreadyInside, nobodyKnocking, tooSoon, notInside
    case wrongToken, seatExpired
    /// Nothing to end: the two have not met.
    case notBegun
  }

  enum Departure: String, Equatable, Sendable {
    /// Said goodbye.
    case left
    /// The connection broke; the seat is kept for a while.
    case lost
    /// Did not come back in time.
    case expired
  }

  enum Happening: Equatable, Sendable {
    case arrived(seat: Int)
    /// An interval of attendance begins.
    case presenceOpened(seat: Int, at: Instant)
    /// … and ends.
    case presenceClosed(seat: Int, at: Instant)
    case superseded(seat: Int, ID<Connection>)
    case knocked(seat: Int)
    case admitted(seat: Int)
    case denied(seat: Int)
    case departed(seat: Int, Departure)
    /// For the first time everyone is inside, and it is time.
    case began(at: Instant)
    case ended(at: Instant)
  }

  let startsAt: Instant
  let endsAt: Instant
  private(set) var seats: [Seat]
  private(set) var beganAt: Instant?
  private(set) var endedAt: Instant?

  init(startsAt: Instant, endsAt: Instant, seats: [Seat], beganAt: Instant? = nil, endedAt: Instant? = nil) {
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.seats = seats
    self.beganAt = beganAt
    self.endedAt = endedAt
  }

  var tutorIsHere: Bool { seats.contains { $0.role == .tutor && $0.isHere } }

  func seat(_ number: Int) -> Seat? { seats.first { $0.number == number } }
  func seat(of user: ID<User>) -> Seat? { seats.first { $0.user == user } }

  // MARK: Coming and going

  /// Somebody opens the door of the room. Whoever holds the seat elsewhere is superseded; a learner who was not let in
  /// before knocks by arriving.
  mutating func arrive(_ user: ID<User>, as connection: ID<Connection>, token: [UInt8], at now: Instant)
    throws(Refusal) -> [Happening]
  {
    guard endedAt == nil else { throw .ended }
    guard let at = seats.firstIndex(where: { $0.user == user }) else { throw .noSeat }
    var happenings: [Happening] = []
    let number = seats[at].number
    switch seats[at].presence {
    case .gone: happenings.append(.presenceOpened(seat: number, at: now))
    case .here(let other, _): happenings.append(.superseded(seat: number, other))
    case .lost(let seen) where now - seen > Self.grace:
      happenings.append(.presenceClosed(seat: number, at: seen))
      happenings.append(.presenceOpened(seat: number, at: now))
    case .lost: break
    }
    seats[at].presence = .here(connection, seen: now)
    seats[at].token = token
    seats[at].changed = now
    happenings.append(.arrived(seat: number))
    if seats[at].role == .tutor {
      seats[at].admission = .admitted
      happenings += seats.filter { $0.isHere && $0.isKnocking }.map { .knocked(seat: $0.number) }
    } else if seats[at].admission != .admitted {
      // Guests forget to knock, so arriving is knocking (unless just sent away).
      if case .denied(let since) = seats[at].admission, now - since < Self.knockPause {
        // Stays denied; may knock by hand in a moment.
      } else {
        seats[at].admission = .knocking(since: now)
        happenings.append(.knocked(seat: number))
      }
    }
    return happenings + begin(at: now)
  }

  /// Whether a seat that just came back is the same tab, by the token it held before.
  static func resume(_ held: Seat, token: [UInt8], at now: Instant) throws(Refusal) {
    guard !token.isEmpty, held.token == token else { throw .wrongToken }
    switch held.presence {
    case .here: return
    case .lost(let seen): guard now - seen <= grace else { throw .seatExpired }
    case .gone: throw .seatExpired
    }
  }

  /// A sign of life.
  mutating func seen(_ connection: ID<Connection>, at now: Instant) throws(Refusal) {
    let at = try index(connection)
    seats[at].presence = .here(connection, seen: now)
  }

  /// The socket broke. The seat is kept; whether its time is over is judged by ``sweep(at:)``.
  mutating func lose(_ connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try index(connection)
    seats[at].presence = .lost(seen: now)
    seats[at].changed = now
    return [.departed(seat: seats[at].number, .lost)]
  }

  mutating func leave(_ connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try index(connection)
    return depart(at, .left, at: now)
  }

  /// Lets go of every seat that was not seen for ``grace``, as of the moment it was last seen. Ends the room when its
  /// time and the overtime are over.
  mutating func sweep(at now: Instant) -> [Happening] {
    guard endedAt == nil else { return [] }
    if now >= endsAt + Self.overtime { return finish(at: now) }
    var happenings: [Happening] = []
    for at in seats.indices {
      switch seats[at].presence {
      case .here(_, let seen) where now - seen > Self.grace, .lost(let seen) where now - seen > Self.grace:
        happenings += depart(at, .expired, at: seen)
        seats[at].changed = now
      default: break
      }
    }
    return happenings + begin(at: now)
  }

  // MARK: The door

  mutating func knock(_ connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try index(connection)
    switch seats[at].admission {
    case .admitted: throw .alreadyInside
    case .knocking(let since) where now - since < Self.knockPause: throw .tooSoon
    case .denied(let since) where now - since < Self.knockPause: throw .tooSoon
    case .none, .knocking, .denied:
      seats[at].admission = .knocking(since: now)
      seats[at].changed = now
      return [.knocked(seat: seats[at].number)]
    }
  }

  mutating func admit(seat number: Int, by connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try door(number, by: connection)
    seats[at].admission = .admitted
    seats[at].changed = now
    return [.admitted(seat: number)] + begin(at: now)
  }

  mutating func deny(seat number: Int, by connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try door(number, by: connection)
    seats[at].admission = .denied(at: now)
    seats[at].changed = now
    return [.denied(seat: number)]
  }

  // MARK: Inside

  /// Whether one seat may send something to another: both are inside.
  func relay(from connection: ID<Connection>, to number: Int) throws(Refusal) -> (from: Int, to: Int) {
    let at = try index(connection)
    guard seats[at].isInside else { throw .notInside }
    guard let other = seat(number), other.number != seats[at].number else { throw .noSeat }
    guard other.isInside else { throw .notHere }
    return (seats[at].number, other.number)
  }

  /// Only the tutor ends a lesson; a learner leaves.
  mutating func end(by connection: ID<Connection>, at now: Instant) throws(Refusal) -> [Happening] {
    let at = try index(connection)
    guard seats[at].role == .tutor else { throw .notTheTutor }
    guard beganAt != nil else { throw .notBegun }
    return finish(at: now)
  }

  /// The house closes the room: the lesson was cancelled, or settled elsewhere.
  mutating func close(at now: Instant) -> [Happening] { endedAt == nil ? finish(at: now) : [] }

  // MARK: Steps

  private func index(_ connection: ID<Connection>) throws(Refusal) -> Int {
    guard endedAt == nil else { throw .ended }
    guard let at = seats.firstIndex(where: { $0.isHere(as: connection) }) else { throw .notHere }
    return at
  }

  private func door(_ number: Int, by connection: ID<Connection>) throws(Refusal) -> Int {
    guard seats[try index(connection)].role == .tutor else { throw .notTheTutor }
    guard let at = seats.firstIndex(where: { $0.number == number }) else { throw .noSeat }
    guard seats[at].admission != .admitted else { throw .alreadyInside }
    guard seats[at].isHere, seats[at].isKnocking else { throw .nobodyKnocking }
    return at
  }

  private mutating func begin(at now: Instant) -> [Happening] {
    guard beganAt == nil, now >= startsAt - Self.opening, seats.count > 1, seats.allSatisfy(\.isInside) else {
      return []
    }
    beganAt = now
    return [.began(at: now)]
  }

  private mutating func depart(_ at: Int, _ departure: Departure, at moment: Instant) -> [Happening] {
    seats[at].presence = .gone
    seats[at].changed = moment
    if case .knocking = seats[at].admission { seats[at].admission = .none }
    return [.presenceClosed(seat: seats[at].number, at: moment), .departed(seat: seats[at].number, departure)]
  }

  private mutating func finish(at now: Instant) -> [Happening] {
    var happenings: [Happening] = []
    for at in seats.indices {
      switch seats[at].presence {
      case .gone: continue
      case .here(_, let seen):
        // A connection that still breathes attended up to now; a silent one up to its last sign.
        let until = now - seen > Self.grace ? seen : now
        happenings.append(.presenceClosed(seat: seats[at].number, at: until))
      case .lost(let seen): happenings.append(.presenceClosed(seat: seats[at].number, at: seen))
      }
      seats[at].presence = .gone
      seats[at].changed = now
    }
    endedAt = now
    return happenings + [.ended(at: now)]
  }
}

extension LessonRoom.Seat {
  var isKnocking: Bool { if case .knocking = admission { true } else { false } }
}
