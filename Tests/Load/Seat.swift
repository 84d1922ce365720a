import Core
import Glibc
import Loop

// One person in one room, speaking the classroom's protocol (`/ws/session/{room_code}/`). Signalling carries a number of
// our own, the written word carries the server's: both ends know what ought to come next.

/// What all seats count together.
struct Tally: Sendable {
  let delays = Delays()
  /// Signals said and heard.
  let said = Count()
  let heard = Count()
  let lost = Count()
  let repeated = Count()
  let entered = Count()
  let refused = Count()
  /// Tries again, as a page does: after a close that is not final, or a word that the server could not keep just then.
  let retries = Count()
  let endings = Locked<[String: Int]>([:])
}

/// Touched on its loop only, but for what is a constant.
final class Seat: @unchecked Sendable {
  enum Role { case tutor, learner }

  let place: Place
  let room: Int
  let role: Role
  let loop: Loop
  /// Bytes the kernel keeps for us; less than usual for one that shall fall behind soon.
  var receiving: Int32?
  private(set) var tally: Tally
  private var line: Line?
  private(set) var isInside = false
  private var token = ""
  private var saidNumber = 0
  private var heardNumber = 0
  /// Came back, and has heard no signal since: those said meanwhile were for nobody, and the link repeats what it needs.
  private var isBack = false
  private var chatsSaid = 0
  /// What was written and has not come back with a number.
  private var unkept: [Int: String] = [:]
  private var hasKnock = false
  private var attempt = 0
  private var again: LoopTimer?
  /// The highest number of the log that was read with all before it; and those beyond, where one overtook another.
  private(set) var read = 0
  private var ahead: Set<Int> = []
  /// Numbers that came twice: once from the log, once live. The page shows them once, by their number.
  private(set) var overlaps = 0
  /// Whether numbers are missing below the highest that was read.
  var hasGap: Bool { !ahead.isEmpty }
  /// The cause of the other one's last departure.
  private(set) var otherLeft = ""

  var entered: (() -> Void)?
  var signalled: ((_ type: String) -> Void)?
  var wrote: (() -> Void)?
  var othersLeaving: (() -> Void)?
  var ended: ((Ending) -> Void)?

  init(_ place: Place, room: Int, role: Role, loop: Loop, tally: Tally) {
    self.place = place
    self.room = room
    self.role = role
    self.loop = loop
    self.tally = tally
  }

  private var number: Int { role == .tutor ? 1 : 2 }
  static func cookie(_ role: Role, _ room: Int) -> String {
    "load-\(role == .tutor ? "tutor" : "learner")-\(room.padded(5))"
  }

  /// From now on it counts elsewhere.
  func count(in tally: Tally) { self.tally = tally }

  // MARK: Coming and going

  func arrive() {
    let line = Line(
      place, path: "/ws/session/load-\(room.padded(5))/", cookie: Self.cookie(role, room), from: 1 + room % 6,
      receiving: receiving, on: loop)
    line.heard = { [unowned self] bytes in hear(bytes) }
    line.finished = { [unowned self] ending in finished(ending) }
    self.line = line
    isBack = heardNumber > 0
  }

  private func finished(_ ending: Ending) {
    line = nil
    isInside = false
    switch ending {
    case .refused(let status): tally.endings.withLock { $0["refused \(status)", default: 0] += 1 }
    case .closed(let code, let reason): tally.endings.withLock { $0["\(code) \(reason)", default: 0] += 1 }
    case .cut: tally.endings.withLock { $0["cut", default: 0] += 1 }
    }
    if case .refused = ending { tally.refused.add() }
    if let ended { return ended(ending) }
    // As Assets/islands/room/socket.js does.
    if case .closed(let code, _) = ending, [1000, 4401, 4403, 4404, 4409].contains(code) { return }
    tally.retries.add()
    let most = min(10_000, 250 << min(attempt, 10))
    attempt += 1
    after(most / 2 + Int.random(in: 0...(most / 2))) { $0.arrive() }
  }

  private func after(_ milliseconds: Int, _ act: @escaping (Seat) -> Void) {
    again = loop.timer { [unowned self] in act(self) }
    again?.set(after: .milliseconds(milliseconds))
  }

  /// Forgets what was to be done when something happens.
  func rest() {
    entered = nil
    signalled = nil
    wrote = nil
    othersLeaving = nil
    ended = nil
  }

  /// The network goes away under it.
  func vanish() {
    again = nil
    guard let line else { return }
    line.finished = { _ in }
    line.end()
    self.line = nil
    isInside = false
  }

  func pause(_ isPaused: Bool) { line?.pause(isPaused) }

  // MARK: Saying

  func signal(_ type: String, padding: Int = 0) {
    saidNumber += 1
    tally.said.add()
    let words =
      padding > 0
      ? String(repeating: "x", count: padding)
      : "candidate:842163049 1 udp 1677729535 192.0.2.3 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0"
    line?.send(
      "{\"type\":\"\(type)\",\"data\":{\"to\":\(3 - number),\"n\":\(saidNumber),\"t\":\(Now.nanoseconds),\"candidate\":{\"candidate\":\"\(words)\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}}}"
    )
  }

  func write() {
    chatsSaid += 1
    unkept[chatsSaid] =
      "{\"type\":\"chat_message\",\"data\":{\"client_id\":\"\(number)-\(chatsSaid)\",\"text\":\"word \(chatsSaid) of seat \(number)\"}}"
    line?.send(unkept[chatsSaid]!)
  }

  // MARK: Hearing

  private func hear(_ bytes: UnsafeRawBufferPointer) {
    let now = Now.nanoseconds
    let type = bytes.text(after: "{\"type\":\"") ?? ""
    switch type {
    case "ice_candidate", "offer", "answer":
      if let n = bytes.number(after: "\"n\":"), let t = bytes.number(after: "\"t\":") {
        tally.delays.add(now - t)
        tally.heard.add()
        if n <= heardNumber {
          tally.repeated.add()
        } else if n > heardNumber + 1, !isBack {
          tally.lost.add(n - heardNumber - 1)
        }
        isBack = false
        heardNumber = max(n, heardNumber)
        signalled?(type)
      }
    case "chat_message":
      guard let n = bytes.number(after: "\"number\":") else { return }
      if let id = bytes.text(after: "\"client_id\":\""), id.hasPrefix("\(number)-"), let said = Int(id.dropFirst(2)) {
        unkept[said] = nil
      }
      guard n > read, ahead.insert(n).inserted else {
        overlaps += 1
        return
      }
      while ahead.remove(read + 1) != nil { read += 1 }
      wrote?()
    case "welcome":
      attempt = 0
      let before = token
      token = bytes.text(after: "\"resume\":\"") ?? ""
      if !before.isEmpty {
        line?.send("{\"type\":\"resume\",\"data\":{\"seat\":\"\(before)\",\"after\":\(read)}}")
      }
      for (_, text) in unkept.sorted(by: { $0.key < $1.key }) { line?.send(text) }
      // `you` stands first.
      if bytes.text(after: "\"standing\":\"") == "inside" { enter() }
    case "knock":
      // Told twice when both arrive at once; opened once.
      if role == .tutor, !hasKnock { admit() }
    case "admitted":
      hasKnock = false
      if role == .learner { enter() }
    case "leave":
      otherLeft = bytes.text(after: "\"reason\":\"") ?? ""
      othersLeaving?()
    case "error":
      let code = bytes.text(after: "\"code\":\"") ?? ""
      tally.endings.withLock { $0["error \(code)", default: 0] += 1 }
      guard code == "failed" else { return }
      tally.retries.add()
      after(300 + Int.random(in: 0...300)) { seat in
        for (_, text) in seat.unkept.sorted(by: { $0.key < $1.key }) { seat.line?.send(text) }
        if seat.hasKnock { seat.admit() }
      }
    default: break
    }
  }

  private func admit() {
    hasKnock = true
    line?.send("{\"type\":\"admitted\",\"data\":{\"seat\":2}}")
  }

  private func enter() {
    guard !isInside else { return }
    isInside = true
    tally.entered.add()
    entered?()
  }
}

extension UnsafeRawBufferPointer {
  private func end(of mark: StaticString) -> Int? {
    let count = mark.utf8CodeUnitCount
    guard self.count >= count, let base = baseAddress, let found = memmem(base, self.count, mark.utf8Start, count)
    else {
      return nil
    }
    return UnsafeRawPointer(found) - base + count
  }

  func text(after mark: StaticString) -> String? {
    guard let start = end(of: mark), let close = self[start...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
    return String(decoding: self[start..<close], as: UTF8.self)
  }

  func number(after mark: StaticString) -> Int? {
    guard var at = end(of: mark) else { return nil }
    var value = 0
    while at < count, self[at] >= 48, self[at] <= 57 {
      value = value &* 10 &+ Int(self[at] - 48)
      at += 1
    }
    return value
  }
}
