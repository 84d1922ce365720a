import Bus
import Core
import Crypto
import JSON
import Loop
import Postgres
import Site
import Web

/// One person's socket in one room: `/ws/session/{room_code}/`.
///
/// Joining is: subscribe to the room's topic, take the seat, send `welcome` with the state, then what was heard meanwhile,
/// in order, each once. From then on the socket hears what the topic brings for its seat. Signalling (`offer`, `answer`,
/// `ice_candidate`) is passed on unread; all that changes the room goes through ``Rooms/change(_:reason:_:)``.
///
/// Closing the socket is not leaving: the seat is kept for ``LessonRoom/grace``. `leave` is leaving.
final class RoomConversation: Conversation {
  private let rooms: Rooms
  private let relays: RelaySettings
  private let lesson: Lesson
  private let user: ID<User>
  private let role: LessonRoom.Role
  private let site: Site
  private let t: Wording
  private let connection = ID<Connection>.new()
  private let state = Locked(State())

  private struct State {
    var subscription: BusSubscription?
    var room: ID<Room>?
    /// What came before `welcome` was sent.
    var early: [RoomSignal]? = []
    var isInside = false
    /// Another connection holds the seat, the room has ended, or leaving was said: nothing to give back at the close.
    var isOver = false
    /// The seat as it was found, for `resume`.
    var held: LessonRoom.Seat?
    var beganAt: Instant?
    var touched: Instant?
    /// When this connection took the seat, in microseconds.
    var arrived: Int64 = 0
  }

  init(
    rooms: Rooms, relays: RelaySettings, lesson: Lesson, user: ID<User>, role: LessonRoom.Role, site: Site,
    words: Wording
  ) {
    self.rooms = rooms
    self.relays = relays
    self.lesson = lesson
    self.user = user
    self.role = role
    self.site = site
    t = words
  }

  /// The two of a room talk to each other only.
  var home: String? { lesson.code }
  private var seat: Int { role.seat }
  private var now: Instant { rooms.clock.now }

  // MARK: Opening

  func opened(_ socket: Socket) async {
    let subscription = rooms.bus.subscribe(
      Rooms.topic(lesson.code), missed: { [weak socket] in socket?.close(.goingAway) }
    ) { [weak self, weak socket] frame in
      guard let self, let socket, RoomSignal.concerns(frame, seat: self.seat), let signal = RoomSignal(frame) else {
        return
      }
      self.hear(signal, on: socket)
    }
    state.withLock { $0.subscription = subscription }
    // A server that hung finds handshakes of tabs that have long given up: their end is read in the next turn, and they must
    // not take the seat from where the person is now.
    try? await socket.loop.sleep(.zero)
    guard socket.isOpen else { return }
    await enter(socket)
  }

  /// Takes the seat and says `welcome`. `again`: only from nobody; whoever holds it by now came later than we.
  private func enter(_ socket: Socket, again: Bool = false) async {
    let token = Random.token()
    let hash = SHA256.hash(token)
    do {
      let (user, connection) = (user, connection)
      let outcome = try await rooms.change(lesson.booking) { room, now throws(LessonRoom.Refusal) in
        if again, let seat = room.seat(of: user), seat.isHere, !seat.isHere(as: connection) { throw .notHere }
        return try room.arrive(user, as: connection, token: hash, at: now)
      }
      guard let own = outcome.after.seat(seat) else { return socket.close(.failed) }
      let welcome = welcome(outcome, own: own, token: token)
      state.withLock { state in
        state.room = outcome.row.id
        state.held = outcome.before.seat(seat)
        state.isInside = own.isInside
        state.beganAt = outcome.after.beganAt
        state.touched = now
        state.arrived = own.changed.microseconds
        socket.send(welcome)
        let early = state.early ?? []
        state.early = nil
        for signal in early { deliver(signal, on: socket, &state) }
      }
    } catch LessonRoom.Refusal.ended {
      state.withLock { $0.isOver = true }
      socket.send(RoomMessage.make("ended") { _ in })
      socket.close(.normal)
    } catch LessonRoom.Refusal.notHere {
      state.withLock { $0.isOver = true }
      socket.close(.takenOver)
    } catch is LessonRoom.Refusal {
      socket.close(.noRight)
    } catch Failure.unavailable {
      // The database has more to do than it can; the page comes back by itself, later than the others.
      socket.close(.busy)
    } catch {
      report("classroom.enter_failed", error)
      socket.close(.failed)
    }
  }

  private func welcome(_ outcome: Rooms.Outcome, own: LessonRoom.Seat, token: String) -> String {
    let lesson = outcome.lesson
    return RoomMessage.make("welcome") { w in
      w.object("you") { w in RoomMessage.seat(own, of: lesson, resume: token, to: &w) }
      w.array("seats", outcome.after.seats) { w, seat in w.object { w in RoomMessage.seat(seat, of: lesson, to: &w) } }
      w.object("state") { w in
        w.field("phase", outcome.after.beganAt == nil ? "waiting" : "open")
        RoomMessage.times(lesson, beganAt: outcome.after.beganAt, now: now, to: &w)
        w.field("troubles", site.troubleSentences(t))
      }
      w.key("ice_servers")
      relays.write(for: user, at: now, to: &w)
      w.field("log_after", outcome.row.lastMessage)
      w.field("topology", "peer")
    }
  }

  // MARK: What the room tells us

  private func hear(_ signal: RoomSignal, on socket: Socket) {
    state.withLock { state in
      guard state.early == nil else {
        state.early?.append(signal)
        return
      }
      deliver(signal, on: socket, &state)
    }
  }

  private func deliver(_ signal: RoomSignal, on socket: Socket, _ state: inout State) {
    guard !state.isOver else { return }
    switch signal {
    case .all(let text): socket.send(text)
    case .inside(let text): if state.isInside { socket.send(text) }
    case .seat(let number, let text): if number == seat, state.isInside { socket.send(text) }
    case .door(let number, let text): if number == seat { socket.send(text) }
    case .tutor(let text): if role == .tutor { socket.send(text) }
    case .opened(let number): if number == seat { state.isInside = true }
    case .held(let number, let holder, let since):
      // News of one who came before us may still be on its way.
      guard number == seat, holder != connection.description, since >= state.arrived else { return }
      state.isOver = true
      socket.close(.takenOver)
    case .ended(let text):
      state.isOver = true
      socket.send(text)
      socket.close(.normal)
    }
  }

  // MARK: What the browser says

  /// Signalling is most of what is said, and waits for nothing.
  func hears(_ text: String, on socket: Socket) -> Bool {
    guard let (type, data) = Self.envelope(text) else { return false }
    guard !state.withLock({ $0.isOver }) else { return true }
    switch type {
    case "offer": relay("offer", data, on: socket)
    case "answer": relay("answer", data, on: socket)
    case "ice_candidate": relay("ice_candidate", data, on: socket)
    case "media_state": tellInside("media_state", data, on: socket)
    default: return false
    }
    touch(socket)
    return true
  }

  func received(_ text: String, on socket: Socket) async {
    guard let (type, data) = Self.envelope(text) else { return refuse("malformed", on: socket) }
    guard !state.withLock({ $0.isOver }) else { return }
    do {
      switch type {
      case "chat_message": try await chat(data, on: socket)
      case "resume": try await resume(data, on: socket)
      case "timer": answerTime(on: socket)
      case "quality": try await keep(QualitySample(data))
      case "knock":
        try await change { room, connection, now throws(LessonRoom.Refusal) in try room.knock(connection, at: now) }
      case "admitted", "denied": try await door(type, data, on: socket)
      case "leave": try await leave(on: socket)
      case "ended":
        try await change { room, connection, now throws(LessonRoom.Refusal) in try room.end(by: connection, at: now) }
      case "join": break  // Opening the socket was joining.
      default: refuse("unknown_type", on: socket)
      }
      touch(socket)
    } catch let refusal as LessonRoom.Refusal {
      refuse(refusal.code, on: socket)
    } catch {
      report("classroom.message_failed", error)
      // What was written must be kept: the page comes back, and says again what it has no number for.
      if type == "chat_message" { return socket.close(.busy) }
      refuse("failed", on: socket)
    }
  }

  private static func envelope(_ text: String) -> (type: String, data: JSON)? {
    guard let json = try? JSON.read(text), let type = json["type"]?.string else { return nil }
    switch json["data"] {
    case nil, .null: return (type, .object([:]))
    case let data?: return data.object == nil ? nil : (type, data)
    }
  }

  /// A change of the room by this connection.
  private func change(
    _ decide:
      @escaping @Sendable (inout LessonRoom, ID<Connection>, Instant) throws(LessonRoom.Refusal) -> [LessonRoom
      .Happening]
  ) async throws {
    let connection = connection
    try await rooms.change(lesson.booking) { room, now throws(LessonRoom.Refusal) in try decide(&room, connection, now)
    }
  }

  private func door(_ type: String, _ data: JSON, on socket: Socket) async throws {
    guard let number = data["seat"]?.int else { return refuse("malformed", on: socket) }
    try await change { room, connection, now throws(LessonRoom.Refusal) in
      type == "admitted"
        ? try room.admit(seat: number, by: connection, at: now) : try room.deny(seat: number, by: connection, at: now)
    }
  }

  private func leave(on socket: Socket) async throws {
    try await change { room, connection, now throws(LessonRoom.Refusal) in try room.leave(connection, at: now) }
    state.withLock { $0.isOver = true }
    socket.close(.normal)
  }

  /// To one seat, with who sent it; the rest is not ours to read.
  private func relay(_ type: StaticString, _ data: JSON, on socket: Socket) {
    guard state.withLock({ $0.isInside }) else { return refuse("not_inside", on: socket) }
    guard let to = data["to"]?.int, let members = data.object else { return refuse("malformed", on: socket) }
    guard to != seat, (1...2).contains(to) else { return refuse("no_seat", on: socket) }
    publish(.seat(to, sent(type, members)))
  }

  private func tellInside(_ type: StaticString, _ data: JSON, on socket: Socket) {
    guard state.withLock({ $0.isInside }), let members = data.object else { return refuse("not_inside", on: socket) }
    publish(.seat(seat == 1 ? 2 : 1, sent(type, members)))
  }

  private func sent(_ type: StaticString, _ members: JSON.Object) -> String {
    RoomMessage.make(type) { w in
      for (name, value) in members where name != "to" && name != "from" { w.field(named: name, value) }
      w.field("from", seat)
    }
  }

  private func chat(_ data: JSON, on socket: Socket) async throws {
    guard state.withLock({ $0.isInside }), let room = state.withLock({ $0.room }) else {
      return refuse("not_inside", on: socket)
    }
    guard let clientID = data["client_id"]?.string, (1...64).contains(clientID.unicodeScalars.count),
      let text = data["text"]?.string,
      !clientID.utf8.contains(0), !text.utf8.contains(0)
    else { return refuse("malformed", on: socket) }
    let words = text.trimmingSpaces()
    guard !words.isEmpty else { return refuse("text_empty", on: socket) }
    guard words.unicodeScalars.count <= 4000 else { return refuse("text_too_long", on: socket) }
    // Calls and signs have the socket's own limit; words go to the database and to somebody else.
    guard await rooms.pace.spend(user, at: now) == nil else { return refuse("too_many_messages", on: socket) }
    let (message, isNew) = try await rooms.keep(words, clientID: clientID, by: user, in: room)
    let envelope = RoomMessage.chat(message, of: lesson)
    // Who sends twice did not hear that it was kept: tell that one again.
    if isNew { publish(.inside(envelope)) } else { socket.send(envelope) }
  }

  /// The same tab is back: says whether the seat is its own still, and what it missed. The log is for those inside.
  private func resume(_ data: JSON, on socket: Socket) async throws {
    let (held, room, isInside) = state.withLock { ($0.held, $0.room, $0.isInside) }
    guard let room else { return }
    if let token = data["seat"]?.string, let held {
      do throws(LessonRoom.Refusal) { try LessonRoom.resume(held, token: SHA256.hash(token), at: now) } catch {
        refuse(error.code, on: socket)
      }
    }
    guard isInside else { return }
    var after = max(0, data["after"]?.int ?? 0)
    while true {
      let messages = try await rooms.database.all(.messages(of: room, after: after, limit: 200))
      for message in messages { socket.send(RoomMessage.chat(message, of: lesson)) }
      guard messages.count == 200, let last = messages.last, socket.isOpen else { return }
      after = last.number
    }
  }

  /// From memory, so that it is answered while the database is away; and tells whoever is in a lesson what other pages tell
  /// when they are opened.
  private func answerTime(on socket: Socket) {
    let beganAt = state.withLock { $0.beganAt }
    socket.send(
      RoomMessage.make("timer") { w in
        RoomMessage.times(lesson, beganAt: beganAt, now: now, to: &w)
        w.field("troubles", site.troubleSentences(t))
      })
  }

  private func keep(_ sample: QualitySample) async throws {
    guard let room = state.withLock({ $0.isInside ? $0.room : nil }) else { return }
    try await rooms.database.run(.insert(sample, of: user, in: room, at: now))
  }

  /// Any message is a sign of life; it is stored now and then. A seat that was let go meanwhile, because the browser slept,
  /// is taken again.
  private func touch(_ socket: Socket) {
    let now = now
    let room: ID<Room>? = state.withLock { state in
      guard !state.isOver, let touched = state.touched, now - touched >= .seconds(15) else { return nil }
      state.touched = now
      return state.room
    }
    guard let room else { return }
    rooms.signsOfLife.note(
      SignsOfLife.Sign(connection: connection, user: user, room: room, at: now) { [weak self, weak socket] in
        guard let self, let socket, socket.isOpen else { return }
        await self.enter(socket, again: true)
      }, in: lesson.booking)
  }

  // MARK: Closing

  func closed(_ socket: Socket) async {
    let (subscription, isOver) = state.withLock { state in
      defer { state.subscription = nil }
      return (state.subscription, state.isOver)
    }
    subscription?.cancel()
    guard !isOver else { return }
    do {
      try await change { room, connection, now throws(LessonRoom.Refusal) in try room.lose(connection, at: now) }
    } catch is LessonRoom.Refusal {
      // Held elsewhere, or over: nothing was lost.
    } catch Failure.unavailable {
      // The sweep lets the seat go as of its last sign of life.
    } catch {
      report("classroom.close_failed", error)
    }
  }

  private func publish(_ signal: RoomSignal) { rooms.bus.publish(Rooms.topic(lesson.code), signal.text) }

  private func refuse(_ code: String, on socket: Socket) {
    socket.send(RoomMessage.error(code, t.sentence("room.error." + code, [:])))
  }

  private func report(_ event: String, _ error: any Error) {
    rooms.log.error(event, ["booking": .text(lesson.booking.description), "error": .text("\(error)")])
  }
}
