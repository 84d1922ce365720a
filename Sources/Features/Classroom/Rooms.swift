import Bus
import Core
import JSON
import Jobs
import Postgres
import Web

/// Rooms as they are stored: load under lock, decide by ``LessonRoom``, store what happened, tell the booking, and after
/// the commit tell everybody in the room.
struct Rooms: Sendable {
  let database: Database
  let bus: Bus
  let hooks: LessonHooks
  /// How often somebody may write.
  let pace: Pace
  let clock: WallClock
  let log: Log
  let signsOfLife: SignsOfLife

  init(database: Database, bus: Bus, hooks: LessonHooks, pace: Pace, clock: WallClock, log: Log) {
    self.database = database
    self.bus = bus
    self.hooks = hooks
    self.pace = pace
    self.clock = clock
    self.log = log
    signsOfLife = SignsOfLife(database: database, log: log)
  }

  static func topic(_ code: String) -> String { "room.\(code)" }

  /// What a decision came to.
  struct Outcome: Sendable {
    let row: RoomRow
    let lesson: Lesson
    let before: LessonRoom
    let after: LessonRoom
    let happenings: [LessonRoom.Happening]
  }

  /// Changes a room. What the decision refuses changes nothing.
  @discardableResult
  func change(
    _ booking: ID<Booking>, reason: String = "left",
    _ decide: @Sendable (inout LessonRoom, Instant) throws(LessonRoom.Refusal) -> [LessonRoom.Happening]
  ) async throws -> Outcome {
    await signsOfLife.tell(of: booking)
    let (outcome, signals) = try await database.transaction { tx in
      guard let lesson = try await tx.first(.lesson(booking)) else { throw Failure.notFound }
      var row = try await tx.first(.lockedRoom(of: booking))
      if row == nil {
        try await tx.run(.makeRoom(of: lesson, at: clock.now))
        row = try await tx.first(.lockedRoom(of: booking))
      }
      guard let row else { throw Failure.notFound }
      let seats = try await tx.all(.seats(of: row.id)).map(\.seat)
      // Asked once the room is ours, and later than its last change: pages and seats tell news from what they know by its time,
      // and of two who come at once the first to look at a clock may be the second to get in.
      var now = clock.now
      if let last = seats.map(\.changed).max(), now < last { now = last + .microseconds(1) }
      let before = LessonRoom(
        startsAt: lesson.startsAt, endsAt: lesson.endsAt, seats: seats, beganAt: row.openedAt, endedAt: row.endedAt)
      var after = before
      let happenings = try decide(&after, now)
      try await store(happenings, before: before, after: after, of: row.id, lesson: lesson, in: tx)
      let outcome = Outcome(row: row, lesson: lesson, before: before, after: after, happenings: happenings)
      return (outcome, Self.signals(of: outcome, now: now))
    }
    for signal in signals { bus.publish(Self.topic(outcome.lesson.code), signal.text) }
    return outcome
  }

  private func store(
    _ happenings: [LessonRoom.Happening], before: LessonRoom, after: LessonRoom, of room: ID<Room>, lesson: Lesson,
    in tx: Transaction
  ) async throws {
    let booking = lesson.booking
    var departures: [Int: String] = [:]
    for case .departed(let number, let departure) in happenings { departures[number] = departure.rawValue }
    for happening in happenings {
      switch happening {
      case .presenceOpened(let number, let at):
        guard let seat = after.seat(number) else { continue }
        try await tx.run(.openStay(of: seat.user, in: room, at: at))
      case .presenceClosed(let number, let at):
        guard let seat = after.seat(number) else { continue }
        try await tx.run(.closeStay(of: seat.user, in: room, at: at, reason: departures[number] ?? "ended"))
      default: break
      }
    }
    for seat in after.seats where before.seat(seat.number) != seat { try await tx.run(.store(seat, in: room)) }
    if after.beganAt != before.beganAt || after.endedAt != before.endedAt {
      try await tx.run(.store(openedAt: after.beganAt, endedAt: after.endedAt, of: room))
    }
    for happening in happenings {
      switch happening {
      case .knocked(let number)
      where !after.tutorIsHere
        && happenings.contains { if case .presenceOpened(number, _) = $0 { true } else { false } }:
        let waiting = LessonHooks.Waiting(
          booking: booking, tutor: lesson.tutor.id, learnerName: lesson.learner.name, subject: lesson.subject)
        try await hooks.waiting(waiting, tx)
      case .began: try await tell(hooks.begin, of: booking, "begin", in: tx)
      case .ended(let at):
        if after.beganAt != nil { try await tell(hooks.complete, of: booking, "complete", in: tx) }
        try await tx.emit(LessonEnded(booking: booking, room: room, began: after.beganAt != nil, at: at))
      default: break
      }
    }
  }

  /// What the booking says no to (it was cancelled or settled meanwhile) does not keep people in a room, or out of it.
  private func tell(_ hook: LessonHooks.Tell, of booking: ID<Booking>, _ act: String, in tx: Transaction) async throws {
    do {
      try await tx.savepoint { tx in try await hook(booking, tx) }
    } catch let error as PostgresError {
      throw error
    } catch {
      log.warning(
        "classroom.booking_refused",
        ["booking": .text(booking.description), "act": .text(act), "reason": .text("\(error)")])
    }
  }

  /// What the people in the room hear of it, in order.
  private static func signals(of outcome: Outcome, now: Instant) -> [RoomSignal] {
    let (room, lesson) = (outcome.after, outcome.lesson)
    var signals: [RoomSignal] = []
    for happening in outcome.happenings {
      switch happening {
      case .presenceOpened, .presenceClosed: break
      case .superseded: break
      case .arrived(let number):
        guard let seat = room.seat(number), case .here(let connection, _) = seat.presence else { continue }
        signals.append(.held(number, by: connection.description, since: seat.changed.microseconds))
        signals.append(.all(RoomMessage.about("join", seat, of: lesson)))
      case .knocked(let number):
        guard let seat = room.seat(number) else { continue }
        let text = RoomMessage.about("knock", seat, of: lesson)
        signals.append(.door(number, text))
        signals.append(.tutor(text))
      case .admitted(let number):
        guard let seat = room.seat(number) else { continue }
        signals.append(.opened(number))
        signals.append(.all(RoomMessage.about("admitted", seat, of: lesson)))
      case .denied(let number):
        guard let seat = room.seat(number) else { continue }
        let text = RoomMessage.about("denied", seat, of: lesson)
        signals.append(.door(number, text))
        signals.append(.tutor(text))
      case .departed(let number, let departure):
        guard let seat = room.seat(number) else { continue }
        signals.append(.all(RoomMessage.about("leave", seat, of: lesson, reason: departure.rawValue)))
      case .began:
        signals.append(
          .all(RoomMessage.make("timer") { w in RoomMessage.times(lesson, beganAt: room.beganAt, now: now, to: &w) }))
      case .ended(let at):
        signals.append(.ended(RoomMessage.make("ended") { w in w.field("at", at) }))
      }
    }
    return signals
  }

  // MARK: The clock

  /// Lets go of silent seats, begins lessons whose time has come, ends rooms whose time is over. How many were looked at.
  @discardableResult
  func sweep(limit: Int = 500) async throws -> Int {
    let due = try await database.all(.roomsToSweep(at: clock.now, limit: limit))
    for booking in due {
      guard let lesson = try await database.first(.lesson(booking)) else { continue }
      try await change(booking) { room, now throws(LessonRoom.Refusal) in
        lesson.isOpen ? room.sweep(at: now) : room.close(at: now)
      }
    }
    return due.count
  }

  // MARK: The written word

  /// Keeps a message once, whatever how often it is sent.
  func keep(_ text: String, clientID: String, by user: ID<User>, in room: ID<Room>) async throws -> (
    message: ChatMessage, isNew: Bool
  ) {
    do {
      if let kept = try await database.first(.keep(text, clientID: clientID, by: user, in: room, at: clock.now)) {
        return (kept, true)
      }
    } catch let error as PostgresError where error.constraint == "one_message_per_client_id" {
      // The same message on its way twice: the other one was first.
    }
    guard let kept = try await database.first(.message(clientID: clientID, by: user, in: room)) else {
      throw LessonRoom.Refusal.ended
    }
    return (kept, false)
  }
}
