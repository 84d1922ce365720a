import Core
import JSON

/// How a room's news travel between its conversations: one topic a room, and a first word that says for whom. What
/// follows is the text for the socket, made once.
///
/// - `*` everyone, at the door too; `i` those inside; `s2` whoever holds seat 2, inside; `d2` the same, at the door too;
///   `t` the tutor;
/// - `o2` seat 2 is let in; `x2 <connection> <µs>` seat 2 is held by that connection since that instant; `e` the room has
///   ended.
enum RoomSignal: Equatable, Sendable {
  case all(String)
  case inside(String)
  case seat(Int, String)
  case door(Int, String)
  case tutor(String)
  case opened(Int)
  case held(Int, by: String, since: Int64)
  case ended(String)

  var text: String {
    switch self {
    case .all(let text): "* " + text
    case .inside(let text): "i " + text
    case .seat(let number, let text): "s\(number) " + text
    case .door(let number, let text): "d\(number) " + text
    case .tutor(let text): "t " + text
    case .opened(let number): "o\(number) "
    case .held(let number, let connection, let since): "x\(number) \(connection) \(since)"
    case .ended(let text): "e " + text
    }
  }

  /// Whether that seat has to look at it at all: what is for one other seat is most of what is said.
  static func concerns(_ frame: String, seat: Int) -> Bool {
    let bytes = frame.utf8
    guard let word = bytes.first, word == UInt8(ascii: "s") || word == UInt8(ascii: "d") else { return true }
    return bytes[bytes.index(after: bytes.startIndex)] == UInt8(ascii: "0") + UInt8(seat)
  }

  init?(_ frame: String) {
    guard let space = frame.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    let word = frame[..<space]
    let rest = String(frame[frame.utf8.index(after: space)...])
    let number = Int(word.dropFirst())
    switch (word.first, number) {
    case ("*", nil): self = .all(rest)
    case ("i", nil): self = .inside(rest)
    case ("t", nil): self = .tutor(rest)
    case ("e", nil): self = .ended(rest)
    case ("s", let number?): self = .seat(number, rest)
    case ("d", let number?): self = .door(number, rest)
    case ("o", let number?): self = .opened(number)
    case ("x", let number?):
      let parts = rest.split(separator: " ")
      guard parts.count == 2, let since = Int64(parts[1]) else { return nil }
      self = .held(number, by: String(parts[0]), since: since)
    default: return nil
    }
  }
}

/// The envelopes of the room's socket.
enum RoomMessage {
  static func make(_ type: StaticString, _ data: (inout JSONWriter) -> Void) -> String {
    JSONWriter.text { w in
      w.object { w in
        w.field("type", type.description)
        w.object("data", data)
      }
    }
  }

  static func seat(_ seat: LessonRoom.Seat, of lesson: Lesson, resume token: String? = nil, to w: inout JSONWriter) {
    w.field("seat", seat.number)
    w.field("role", seat.role.rawValue)
    w.field("name", lesson.person(seat.role).name)
    w.field("standing", seat.standing)
    w.field("here", seat.isHere)
    w.field("since", seat.changed)
    if let token { w.field("resume", token) }
  }

  static func about(_ type: StaticString, _ seat: LessonRoom.Seat, of lesson: Lesson, reason: String? = nil) -> String {
    make(type) { w in
      w.object("seat") { w in Self.seat(seat, of: lesson, to: &w) }
      if let reason { w.field("reason", reason) }
    }
  }

  static func times(_ lesson: Lesson, beganAt: Instant?, now: Instant, to w: inout JSONWriter) {
    w.field("now", now)
    w.field("starts_at", lesson.startsAt)
    w.field("ends_at", lesson.endsAt)
    if let beganAt { w.field("began_at", beganAt) }
  }

  static func chat(_ message: ChatMessage, of lesson: Lesson) -> String {
    make("chat_message") { w in
      w.field("number", message.number)
      w.field("seat", lesson.role(of: message.user)?.seat ?? 0)
      w.field("client_id", message.clientID)
      w.field("text", message.text)
      w.field("at", message.at)
    }
  }

  static func error(_ code: String, _ sentence: String) -> String {
    make("error") { w in
      w.field("code", code)
      w.field("message", sentence)
    }
  }
}

extension LessonRoom.Seat {
  /// How it stands, in the word the socket uses.
  var standing: String {
    switch admission {
    case .none: "none"
    case .knocking: "waiting"
    case .admitted: "inside"
    case .denied: "denied"
    }
  }
}

extension LessonRoom.Refusal {
  /// The code of an `error`, and the tail of its sentence's key.
  var code: String {
    switch self {
    case .ended: "ended"
    case .noSeat: "no_seat"
    case .notHere: "not_here"
    case .notTheTutor: "not_the_tutor"
    case .alreadyInside: "already_inside"
    case .nobodyKnocking: "nobody_knocking"
    case .tooSoon: "too_soon"
    case .notInside: "not_inside"
    case .wrongToken, .seatExpired: "resume_refused"
    case .notBegun: "not_begun"
    }
  }
}
