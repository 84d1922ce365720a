import Core
import Glibc
import Loop

/// How much of everything; the figures unless told otherwise.
struct Size: Sendable {
  var sockets = 10_000
  /// Lessons that begin at once, and people who come back at once.
  var storm = 1_000
  /// Signals a second.
  var rate = 1_000
  var seconds = 10
  /// Rooms whose learner stops reading.
  var slow = 20
  /// Messages to the room of everybody.
  var announcements = 10
  /// Only these, by name; all when there are none.
  var scenes: [String] = []

  var rooms: Int { sockets / 2 }
}

/// The scenes of the load, one after another on the same sockets.
///
/// Rooms are spread over three loops: the last one carries the rooms whose delays are measured while a crowd of this
/// very process is busy, so that the crowd's work at this end is not taken for the server's.
final class Scenes: Sendable {
  struct Pair: Sendable {
    let tutor: Seat
    let learner: Seat
  }

  let place: Place
  let server: Server
  let size: Size
  let report = Report()
  private let group = LoopGroup(count: 3, log: .silent)
  private let pairs: [Pair]
  private let tally = Tally()

  init(_ place: Place, _ server: Server, _ size: Size) {
    self.place = place
    self.server = server
    self.size = size
    let (group, tally) = (group, tally)
    pairs = (0..<(size.rooms + size.storm)).map { room in
      let loop = room < size.rooms / 10 ? group.loops[2] : group.loops[room % 2]
      return Pair(
        tutor: Seat(place, room: room, role: .tutor, loop: loop, tally: tally),
        learner: Seat(place, room: room, role: .learner, loop: loop, tally: tally))
    }
  }

  private var held: ArraySlice<Pair> { pairs[..<size.rooms] }
  /// Rooms that nothing happens in but the steady signals: those measured while others do something.
  private var calm: ArraySlice<Pair> { pairs[..<(size.rooms / 10)] }
  private var beginning: ArraySlice<Pair> { pairs[size.rooms...] }
  private var returning: ArraySlice<Pair> {
    pairs[(size.rooms / 10)..<(size.rooms / 10 + min(size.storm, size.rooms / 2))]
  }
  private var falling: ArraySlice<Pair> { pairs[(size.rooms - size.slow)..<size.rooms] }

  /// Waits for something that loops bring about; false when it did not come in time.
  private func wait(_ seconds: Double, _ isDone: () -> Bool) -> Bool {
    let end = Now.nanoseconds + Int(seconds * 1e9)
    while !isDone() {
      guard Now.nanoseconds < end else { return false }
      usleep(500)
    }
    return true
  }

  func run() -> Bool {
    join()
    let scenes = [
      ("quiet", quiet), ("api", beside), ("begin", begin), ("return", comeBack), ("behind", fallBehind),
      ("announce", announce),
    ]
    for (name, play) in scenes where size.scenes.isEmpty || size.scenes.contains(name) { play() }
    return report.finish()
  }

  // MARK: Everybody comes

  private func join() {
    report.heading("\(size.sockets) sockets in \(size.rooms) rooms of two")
    for pair in falling { pair.learner.receiving = 16 << 10 }
    let before = server.kilobytes
    let began = Now.nanoseconds
    let next = Locked(0)
    let (pairs, rooms) = (pairs, size.rooms)
    @Sendable func start() {
      let at = next.withLock { next in
        defer { next += 1 }
        return next
      }
      guard at < rooms else { return }
      let pair = pairs[at]
      pair.tutor.loop.post {
        pair.tutor.entered = { pair.learner.arrive() }
        pair.learner.entered = { start() }
        pair.tutor.arrive()
      }
    }
    for _ in 0..<100 { start() }
    let everybody = wait(180) { self.tally.entered.now >= self.size.sockets }
    let seconds = Double(Now.nanoseconds - began) / 1e9
    report.check(
      "everybody has a seat, and no handshake was refused", everybody && tally.refused.now == 0,
      "\(tally.entered.now) of \(size.sockets), \(tally.refused.now) refused, \(tally.endings.withLock { $0 })")
    let each = Double(server.kilobytes - before) / Double(size.sockets)
    report.row(
      "joined", "\(tally.entered.now) in \(seconds.places(1)) s, \((Double(size.sockets) / seconds).places(0)) a second"
    )
    report.row("memory of a socket in its room", "\(each.places(1)) kB", "must 16, goal 4")
    report.check("a socket costs less than 16 kB", each < 16, each.places(1))
  }

  // MARK: A thousand messages a second

  /// Signals back and forth in those rooms, evenly, for so long; what was counted meanwhile.
  private func signals(_ rooms: ArraySlice<Pair>, rate: Int, while body: () -> Void) -> Tally {
    let tally = Tally()
    var byLoop: [[Pair]] = Array(repeating: [], count: group.loops.count)
    for pair in rooms { byLoop[group.loops.firstIndex { $0 === pair.tutor.loop }!].append(pair) }
    let isOn = Locked(true)
    for (loop, pairs) in zip(group.loops, byLoop) where !pairs.isEmpty {
      let share = Double(rate) * Double(pairs.count) / Double(rooms.count)
      loop.post {
        for pair in pairs {
          pair.tutor.count(in: tally)
          pair.learner.count(in: tally)
        }
        let began = Now.nanoseconds
        let pace = Pace(loop)
        pace.tick = {
          guard isOn.withLock({ $0 }) else { return false }
          let due = Int(Double(Now.nanoseconds - began) / 1e9 * share)
          // What a busy machine made late is not made up for in one go.
          if due - pace.said > 50 { pace.said = due - 50 }
          while pace.said < due {
            let pair = pairs[pace.said % pairs.count]
            (pace.said / pairs.count % 2 == 0 ? pair.tutor : pair.learner).signal("ice_candidate")
            pace.said += 1
          }
          return true
        }
        pace.start()
      }
    }
    body()
    isOn.withLock { $0 = false }
    _ = wait(5) { tally.heard.now + tally.lost.now >= tally.said.now }
    return tally
  }

  private func account(_ tally: Tally, _ what: String) {
    report.check(
      "\(what): nothing is lost and nothing comes twice",
      tally.heard.now == tally.said.now && tally.lost.now == 0 && tally.repeated.now == 0 && tally.said.now > 0,
      "\(tally.said.now) said, \(tally.heard.now) heard, \(tally.lost.now) missing, \(tally.repeated.now) repeated")
  }

  private func delays(_ delays: Delays) -> String {
    "p50 \(delays.part(0.5).places(2)), p99 \(delays.part(0.99).places(2)), longest \(delays.part(1).places(1)) ms of \(delays.count)"
  }

  private func quiet() {
    report.heading("\(size.rate) messages a second, all else quiet")
    _ = signals(held, rate: size.rate) { sleep(2) }
    let before = server.cpu
    let tally = signals(held, rate: size.rate) { sleep(UInt32(size.seconds)) }
    let cost = (server.cpu - before) * 1e6 / Double(max(1, tally.heard.now))
    account(tally, "in the quiet")
    report.row("delivery in the quiet", delays(tally.delays), "p99 must 0.8, goal 0.4 ms")
    report.row("server's processor time for a message", "\(cost.places(1)) µs", "must 26, goal 12")
  }

  private func beside() {
    report.heading("\(size.rate) messages a second, and 5,000 API requests a minute")
    let answers = Delays()
    let bad = Count()
    let isOn = Locked(true)
    let loop = group.loops[0]
    let cookie = Seat.cookie(.learner, 0)
    loop.post { [place] in
      let callers = (0..<8).map { _ in Caller(place, on: loop) }
      let paths = [
        "/api/tutors/?subject=large-subject-10&ordering=-rating", "/api/users/me/", "/api/bookings/",
        "/api/tutors/?rate_min=1000&rate_max=6000", "/api/users/mentors/01900000-0002-7000-8000-00000000004d/",
        "/api/notifications/",
      ]
      let began = Now.nanoseconds
      let pace = Pace(loop)
      pace.tick = {
        guard isOn.withLock({ $0 }) else { return false }
        let due = Int(Double(Now.nanoseconds - began) / 1e9 * 5000 / 60)
        while pace.said < due, let caller = callers.first(where: \.isIdle) {
          let asked = Now.nanoseconds
          caller.get(paths[pace.said % paths.count], cookie: cookie) { status in
            answers.add(Now.nanoseconds - asked)
            if status != 200 { bad.add() }
          }
          pace.said += 1
        }
        return true
      }
      pace.start()
    }
    let tally = signals(held, rate: size.rate) { sleep(UInt32(size.seconds)) }
    isOn.withLock { $0 = false }
    account(tally, "beside the API")
    report.row("delivery beside the API", delays(tally.delays), "50 ms at worst")
    report.row("API answers meanwhile", delays(answers), "below 200 ms")
    report.check(
      "no delivery takes more than 50 ms beside the API", tally.delays.part(1) <= 50,
      "\(tally.delays.part(1).places(1)) ms")
    report.check(
      "the API answers meanwhile, all of it", bad.now == 0 && answers.count > size.seconds * 70,
      "\(bad.now) of \(answers.count) bad")
  }

  // MARK: Lessons begin

  private static let candidates = 10
  private static let words = 3

  private func begin() {
    report.heading("\(beginning.count) lessons begin at once")
    let tally = Tally()
    let done = Count()
    let began = Now.nanoseconds
    let (inside, whole) = (Delays(), Delays())
    for pair in beginning {
      pair.tutor.loop.post {
        let (tutor, learner) = (pair.tutor, pair.learner)
        tutor.count(in: tally)
        learner.count(in: tally)
        var signals = [0, 0]
        var written = [0, 0]
        var arrived = 0
        func write() {
          // Offer, answer and all candidates have met: the two begin to write.
          guard signals[0] == Self.candidates + 1, signals[1] == Self.candidates + 1 else { return }
          for _ in 0..<Self.words {
            tutor.write()
            learner.write()
          }
        }
        func meet() {
          arrived += 1
          guard arrived == 2 else { return }
          inside.add(Now.nanoseconds - began)
          tutor.signal("offer", padding: 2000)
          for _ in 0..<Self.candidates { tutor.signal("ice_candidate") }
        }
        tutor.entered = { meet() }
        learner.entered = { meet() }
        learner.signalled = { type in
          signals[1] += 1
          if type == "offer" {
            learner.signal("answer", padding: 2000)
            for _ in 0..<Self.candidates { learner.signal("ice_candidate") }
          }
          write()
        }
        tutor.signalled = { _ in
          signals[0] += 1
          write()
        }
        func finish() {
          guard written[0] == Self.words * 2, written[1] == Self.words * 2 else { return }
          whole.add(Now.nanoseconds - began)
          done.add()
        }
        tutor.wrote = {
          written[0] += 1
          finish()
        }
        learner.wrote = {
          written[1] += 1
          finish()
        }
        tutor.arrive()
        learner.arrive()
      }
    }
    let calm = signals(calm, rate: size.rate / 5) { _ = wait(60) { done.now == beginning.count } }
    let expected = beginning.count * (Self.candidates + 1) * 2
    report.check(
      "every lesson has come about: both inside, signalled, and written to each other", done.now == beginning.count,
      "\(done.now) of \(beginning.count), \(tally.endings.withLock { $0 })")
    report.check(
      "its signals arrived in order, each once",
      tally.heard.now == expected && tally.lost.now == 0 && tally.repeated.now == 0, "\(tally.heard.now) of \(expected)"
    )
    let wrong = beginning.count { $0.tutor.read != Self.words * 2 || $0.learner.read != Self.words * 2 }
    report.check(
      "what was written has the numbers 1 to \(Self.words * 2) at both ends", wrong == 0, "not in \(wrong) lessons")
    report.row("both inside, of \(beginning.count) lessons at once", delays(inside))
    if tally.retries.now > 0 {
      report.row("tries again meanwhile, because the server was busy", "\(tally.retries.now)")
    }
    report.row("lesson under way (22 signals, 6 written words)", delays(whole))
    account(calm, "in other rooms meanwhile")
    report.row("delivery in other rooms meanwhile", delays(calm.delays))
    for pair in beginning {
      pair.tutor.loop.post {
        pair.tutor.vanish()
        pair.learner.vanish()
      }
    }
  }

  // MARK: A storm of returns

  private func comeBack() {
    let people = returning
    report.heading("\(people.count) people come back at once, while \(size.sockets) are joined")
    let tally = Tally()
    let (back, caughtUp) = (Delays(), Delays())
    let began = Locked(0)
    for pair in people {
      pair.tutor.loop.post {
        pair.tutor.rest()
        pair.learner.rest()
        pair.learner.count(in: tally)
        pair.learner.entered = { back.add(Now.nanoseconds - began.withLock { $0 }) }
        let goal = pair.learner.read + Self.words
        pair.learner.wrote = { if pair.learner.read == goal { caughtUp.add(Now.nanoseconds - began.withLock { $0 }) } }
      }
    }
    // All loops are asked first, so that they begin together.
    began.withLock { $0 = Now.nanoseconds }
    for loop in group.loops {
      loop.post {
        let mine = people.filter { $0.learner.loop === loop }
        for pair in mine { pair.learner.vanish() }
        for pair in mine {
          for _ in 0..<Self.words { pair.tutor.write() }
          pair.learner.arrive()
        }
      }
    }
    let calm = signals(calm, rate: size.rate / 5) {
      _ = wait(30) { back.count == people.count && caughtUp.count == people.count }
    }
    report.check(
      "everybody is back, and no handshake was lost", back.count == people.count && tally.refused.now == 0,
      "\(back.count) of \(people.count), \(tally.refused.now) refused, \(tally.endings.withLock { $0 })")
    report.check(
      "what was written meanwhile reached them whole",
      caughtUp.count == people.count && people.allSatisfy { !$0.learner.hasGap },
      "\(caughtUp.count) of \(people.count)")
    report.row("back in the seat", delays(back), "all within 5 s, goal 1 s")
    report.row("and caught up with what was written", delays(caughtUp))
    report.check("all are back within 5 s", back.part(1) < 5000, "\(back.part(1).places(0)) ms")
    account(calm, "in other rooms meanwhile")
    report.row("delivery in other rooms meanwhile", delays(calm.delays))
  }

  // MARK: Slow readers

  private func fallBehind() {
    let rooms = falling
    report.heading("\(rooms.count) people stop reading")
    let tally = Tally()
    let cut = Count()
    let (named, caughtUp) = (Count(), Count())
    let before = server.kilobytes
    for pair in rooms {
      pair.tutor.loop.post {
        let (tutor, learner) = (pair.tutor, pair.learner)
        tutor.count(in: tally)
        learner.count(in: tally)
        tutor.rest()
        learner.rest()
        learner.pause(true)
        var isCut = false
        var words = learner.read
        tutor.othersLeaving = {
          guard !isCut, tutor.otherLeft == "lost" else { return }
          isCut = true
          cut.add()
          // What is still on its way, and then why.
          learner.pause(false)
        }
        learner.ended = { ending in
          if ending == .closed(code: 1008, reason: "behind") { named.add() }
          // A word more that it does not hear; then it is back.
          tutor.write()
          words += 1
          learner.wrote = { if learner.read == words { caughtUp.add() } }
          learner.ended = nil
          learner.arrive()
        }
        // Forty a second, which is allowed: one in ten is written, the others are large.
        let pace = Pace(tutor.loop)
        let began = Now.nanoseconds
        var parcels = 0
        pace.tick = {
          guard !isCut else { return false }
          let due = Int(Double(Now.nanoseconds - began) / 1e9 * 40)
          // What a busy machine made late is not made up for: fifty a second is the most that is allowed.
          if due - pace.said > 5 { pace.said = due - 5 }
          while pace.said < due {
            parcels += 1
            if parcels % 10 == 5 {
              tutor.write()
              words += 1
            } else {
              tutor.signal("ice_candidate", padding: 60_000)
            }
            pace.said += 1
          }
          return true
        }
        pace.start()
      }
    }
    let calm = signals(calm, rate: size.rate / 5) { _ = wait(60) { caughtUp.now == rooms.count } }
    report.check(
      "each is cut, and hears why: 1008, behind", cut.now == rooms.count && named.now == rooms.count,
      "\(cut.now) cut, \(named.now) named, \(tally.endings.withLock { $0 })")
    report.check(
      "each comes back and has every written word, without a gap",
      caughtUp.now == rooms.count && rooms.allSatisfy { !$0.learner.hasGap }, "\(caughtUp.now) of \(rooms.count)")
    report.check(
      "what they heard before was in order, each once", tally.repeated.now == 0 && tally.lost.now == 0,
      "\(tally.lost.now) missing, \(tally.repeated.now) repeated")
    report.row("memory of \(rooms.count) slow readers", "\((Double(server.kilobytes - before) / 1024).places(1)) MB")
    account(calm, "in other rooms meanwhile")
    report.row("delivery in other rooms meanwhile", delays(calm.delays))
  }

  // MARK: A room of everybody

  private func announce() {
    report.heading("\(size.announcements) messages to one room of \(size.sockets)")
    // Their places are taken by the crowd: a process may hold twenty thousand descriptors.
    for pair in held.dropFirst(calm.count) {
      pair.tutor.loop.post {
        pair.tutor.vanish()
        pair.learner.vanish()
      }
    }
    let place = place
    let (joined, heard, wrong, lost) = (Count(), Count(), Count(), Count())
    let next = Locked(0)
    let (total, loops, count) = (size.sockets, group.loops, size.announcements)
    let reached = Delays()
    let saidAt = Locked(0)
    let lines = Locked<[Line]>([])
    let endings = Locked<[String: Int]>([:])
    @Sendable func open() {
      let at = next.withLock { next in
        defer { next += 1 }
        return next
      }
      guard at < total else { return }
      join(on: loops[at % 2], at)
    }
    @Sendable func join(on loop: Loop, _ at: Int) {
      loop.post {
        let line = Line(
          place, path: "/ws/notifications/01900000-0001-7000-8000-000000000001/", cookie: Seat.cookie(.learner, 0),
          from: 11 + at % 6, on: loop)
        var last = 0
        line.heard = { bytes in
          switch bytes.text(after: "{\"type\":\"") {
          case "resume":
            joined.add()
            open()
          case "read_notification":
            // Seeded with ids that end in their number.
            guard let id = bytes.text(after: "\"id\":\""), let n = Int(id.suffix(4)) else { return wrong.add() }
            if n != last + 1 { wrong.add() }
            last = n
            reached.add(Now.nanoseconds - saidAt.withLock { $0 })
            heard.add()
          default: break
          }
        }
        line.finished = { ending in
          // As a page does; before the first message is said, nothing is missed by it.
          if last == 0, ending == .closed(code: 1013, reason: "busy") { return join(on: loop, at) }
          lost.add()
          endings.withLock { $0["\(ending)", default: 0] += 1 }
        }
        lines.withLock { $0.append(line) }
      }
    }
    for _ in 0..<100 { open() }
    _ = wait(120) { joined.now == total }
    report.check(
      "everybody is in the one room", joined.now == total && lost.now == 0,
      "\(joined.now), \(lost.now) lost, \(endings.withLock { $0 })")
    let calm = signals(calm, rate: size.rate / 5) {
      for number in 1...count {
        let answered = Count()
        let loop = group.loops[2]
        loop.post {
          let caller = Caller(place, on: loop)
          saidAt.withLock { $0 = Now.nanoseconds }
          caller.get("/notifications/01900000-0009-7000-8000-\(number.padded(12))", cookie: Seat.cookie(.learner, 0)) {
            _ in
            answered.add()
            caller.end()
          }
        }
        _ = wait(20) { answered.now == 1 && heard.now >= number * total }
      }
    }
    report.check(
      "each of the \(count) reached everybody, in order, once", heard.now == count * total && wrong.now == 0,
      "\(heard.now) of \(count * total), \(wrong.now) out of order")
    report.row("reached everybody of \(total)", delays(reached))
    account(calm, "in other rooms meanwhile")
    report.row("delivery in other rooms meanwhile", delays(calm.delays), "50 ms at worst")
    report.check(
      "nobody else waits more than 50 ms for it", calm.delays.part(1) <= 50, "\(calm.delays.part(1).places(1)) ms")
  }
}

/// Something done every millisecond until it says that it is over. Touched on its loop only.
final class Pace: @unchecked Sendable {
  private let loop: Loop
  private var timer: LoopTimer?
  var said = 0
  var tick: () -> Bool = { false }

  init(_ loop: Loop) { self.loop = loop }

  func start() {
    // Held by its own timer until it is over.
    timer = loop.timer { [self] in
      if tick() {
        timer?.set(after: .milliseconds(1))
      } else {
        timer = nil
        tick = { false }
      }
    }
    timer?.set(after: .milliseconds(1))
  }
}
