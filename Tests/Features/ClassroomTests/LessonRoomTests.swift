import Core
import TestKit
import Testing

@testable import Classroom

/// A room with a tutor at seat 1 and a learner at seat 2, an hour long.
struct Scene {
  let tutor = ID<User>.new()
  let learner = ID<User>.new()
  let start = Instant(seconds: 1_800_000_000)
  var room: LessonRoom
  var now: Instant

  init() {
    func seat(_ number: Int, _ user: ID<User>, _ role: LessonRoom.Role) -> LessonRoom.Seat {
      .init(
        number: number, user: user, role: role, admission: .none, presence: .gone, token: [],
        changed: Instant(seconds: 0))
    }
    room = LessonRoom(
      startsAt: start, endsAt: start + .hours(1), seats: [seat(1, tutor, .tutor), seat(2, learner, .learner)])
    now = start
  }

  mutating func comes(_ user: ID<User>, token: [UInt8] = [1]) throws -> ID<Connection> {
    let connection = ID<Connection>.new()
    _ = try room.arrive(user, as: connection, token: token, at: now)
    return connection
  }
}

@Suite struct LessonRoomTests {
  @Test func `a learner who arrives knocks, waits, and is inside once the tutor opens`() throws {
    var scene = Scene()
    let learner = ID<Connection>.new()
    #expect(
      try scene.room.arrive(scene.learner, as: learner, token: [1], at: scene.now)
        == [.presenceOpened(seat: 2, at: scene.now), .arrived(seat: 2), .knocked(seat: 2)])
    #expect(!scene.room.tutorIsHere)
    #expect(scene.room.seat(2)?.isInside == false)

    let tutor = ID<Connection>.new()
    // The tutor hears of everyone who already stands at the door.
    #expect(
      try scene.room.arrive(scene.tutor, as: tutor, token: [1], at: scene.now)
        == [.presenceOpened(seat: 1, at: scene.now), .arrived(seat: 1), .knocked(seat: 2)])
    #expect(try scene.room.admit(seat: 2, by: tutor, at: scene.now) == [.admitted(seat: 2), .began(at: scene.now)])
    #expect(scene.room.seat(2)?.isInside == true)
    #expect(throws: LessonRoom.Refusal.alreadyInside) { try scene.room.admit(seat: 2, by: tutor, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.alreadyInside) { try scene.room.knock(learner, at: scene.now) }
  }

  @Test func `only the tutor opens, sends away and ends`() throws {
    var scene = Scene()
    let learner = try scene.comes(scene.learner)
    #expect(throws: LessonRoom.Refusal.notTheTutor) { try scene.room.admit(seat: 2, by: learner, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.notTheTutor) { try scene.room.deny(seat: 1, by: learner, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.notTheTutor) { try scene.room.end(by: learner, at: scene.now) }
    let tutor = try scene.comes(scene.tutor)
    #expect(throws: LessonRoom.Refusal.noSeat) { try scene.room.admit(seat: 9, by: tutor, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.admit(seat: 2, by: .new(), at: scene.now) }
    #expect(throws: LessonRoom.Refusal.noSeat) { try scene.room.arrive(.new(), as: .new(), token: [1], at: scene.now) }
  }

  @Test func `whoever was sent away may knock again after a pause`() throws {
    var scene = Scene()
    let tutor = try scene.comes(scene.tutor)
    let learner = try scene.comes(scene.learner)
    #expect(try scene.room.deny(seat: 2, by: tutor, at: scene.now) == [.denied(seat: 2)])
    #expect(throws: LessonRoom.Refusal.tooSoon) { try scene.room.knock(learner, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.nobodyKnocking) { try scene.room.admit(seat: 2, by: tutor, at: scene.now) }
    scene.now += .seconds(6)
    #expect(try scene.room.knock(learner, at: scene.now) == [.knocked(seat: 2)])
    #expect(try scene.room.admit(seat: 2, by: tutor, at: scene.now).contains(.admitted(seat: 2)))
  }

  @Test func `a lost seat comes back within a minute as the same, with its admission`() throws {
    var scene = Scene()
    let tutor = try scene.comes(scene.tutor)
    let learner = try scene.comes(scene.learner, token: [7])
    _ = try scene.room.admit(seat: 2, by: tutor, at: scene.now)
    #expect(try scene.room.lose(learner, at: scene.now) == [.departed(seat: 2, .lost)])
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.relay(from: tutor, to: 2) }
    scene.now += .seconds(59)
    let held = try #require(scene.room.seat(2))
    try LessonRoom.resume(held, token: [7], at: scene.now)
    #expect(throws: LessonRoom.Refusal.wrongToken) { try LessonRoom.resume(held, token: [8], at: scene.now) }
    #expect(throws: LessonRoom.Refusal.seatExpired) {
      try LessonRoom.resume(held, token: [7], at: scene.now + .seconds(2))
    }
    // No new interval, no knock: the same stay goes on.
    #expect(try scene.room.arrive(scene.learner, as: .new(), token: [9], at: scene.now) == [.arrived(seat: 2)])
    #expect(scene.room.seat(2)?.isInside == true)
  }

  @Test func `a seat not seen for a minute is let go as of its last sign of life`() throws {
    var scene = Scene()
    let tutor = try scene.comes(scene.tutor)
    let learner = try scene.comes(scene.learner)
    scene.now += .seconds(30)
    let last = scene.now
    try scene.room.seen(learner, at: last)
    scene.now += .seconds(20)
    try scene.room.seen(tutor, at: scene.now)
    #expect(scene.room.sweep(at: scene.now) == [])
    scene.now += .seconds(41)
    #expect(
      scene.room.sweep(at: scene.now) == [.presenceClosed(seat: 2, at: last), .departed(seat: 2, .expired)])
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.seen(learner, at: scene.now) }
  }

  @Test func `a second tab takes the seat and the first has none`() throws {
    var scene = Scene()
    let first = try scene.comes(scene.tutor)
    let second = ID<Connection>.new()
    #expect(
      try scene.room.arrive(scene.tutor, as: second, token: [2], at: scene.now)
        == [.superseded(seat: 1, first), .arrived(seat: 1)])
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.lose(first, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.leave(first, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.notHere) { try scene.room.end(by: first, at: scene.now) }
    #expect(
      try scene.room.leave(second, at: scene.now) == [
        .presenceClosed(seat: 1, at: scene.now), .departed(seat: 1, .left),
      ])
  }

  @Test func `after the end nothing is possible`() throws {
    var scene = Scene()
    let tutor = try scene.comes(scene.tutor)
    let learner = try scene.comes(scene.learner)
    #expect(throws: LessonRoom.Refusal.notBegun) { try scene.room.end(by: tutor, at: scene.now) }
    _ = try scene.room.admit(seat: 2, by: tutor, at: scene.now)
    scene.now += .seconds(10)
    #expect(
      try scene.room.end(by: tutor, at: scene.now)
        == [.presenceClosed(seat: 1, at: scene.now), .presenceClosed(seat: 2, at: scene.now), .ended(at: scene.now)])
    #expect(throws: LessonRoom.Refusal.ended) { try scene.comes(scene.learner) }
    #expect(throws: LessonRoom.Refusal.ended) { try scene.room.knock(learner, at: scene.now) }
    #expect(throws: LessonRoom.Refusal.ended) { try scene.room.end(by: tutor, at: scene.now) }
    #expect(scene.room.sweep(at: scene.now + .hours(9)) == [])
  }

  @Test func `two who meet long before the time begin when its door opens, and end what has begun`() throws {
    var scene = Scene()
    scene.now = scene.start - .hours(1)
    let tutor = try scene.comes(scene.tutor)
    let learner = try scene.comes(scene.learner)
    #expect(try scene.room.admit(seat: 2, by: tutor, at: scene.now) == [.admitted(seat: 2)])
    #expect(throws: LessonRoom.Refusal.notBegun) { try scene.room.end(by: tutor, at: scene.now) }
    scene.now = scene.start - .minutes(15)
    try scene.room.seen(tutor, at: scene.now)
    try scene.room.seen(learner, at: scene.now)
    #expect(scene.room.sweep(at: scene.now) == [.began(at: scene.now)])
    scene.now = scene.start - .minutes(10)
    #expect(try scene.room.end(by: tutor, at: scene.now).last == .ended(at: scene.now))
    #expect(scene.room.close(at: scene.now) == [])
  }

  @Test func `the clock ends a room half an hour after its planned end`() throws {
    var scene = Scene()
    _ = try scene.comes(scene.tutor)
    let limit = scene.room.endsAt + LessonRoom.overtime
    #expect(!scene.room.sweep(at: limit - .seconds(1)).contains(.ended(at: limit - .seconds(1))))
    #expect(scene.room.sweep(at: limit).last == .ended(at: limit))
  }

  /// Random histories against a plain bookkeeping of intervals, admissions and connections.
  @Test func `invariants hold over random histories`() throws {
    var random = Dice()
    for _ in 0..<400 {
      var scene = Scene()
      scene.now = scene.now - .minutes(Int.random(in: 0...25, using: &random))
      var intervals: [Int: [(from: Instant, until: Instant?)]] = [1: [], 2: []]
      var opened = Set<Int>()
      var sockets: [(connection: ID<Connection>, seat: Int)] = []
      var ended = false
      var began = 0
      for _ in 0..<60 {
        scene.now += .milliseconds(Int.random(in: 0...40_000, using: &random))
        let before = scene.room
        let socket = sockets.randomElement(using: &random) ?? (ID<Connection>.new(), 1)
        var happenings: [LessonRoom.Happening] = []
        do {
          switch Int.random(in: 0..<10, using: &random) {
          case 0, 1, 2:
            let number = Int.random(in: 1...2, using: &random)
            let connection = ID<Connection>.new()
            happenings = try scene.room.arrive(
              number == 1 ? scene.tutor : scene.learner, as: connection, token: [UInt8(number)], at: scene.now)
            sockets.append((connection, number))
          case 3: happenings = try scene.room.lose(socket.connection, at: scene.now)
          case 4: happenings = try scene.room.leave(socket.connection, at: scene.now)
          case 5:
            happenings = try scene.room.admit(seat: 2, by: socket.connection, at: scene.now)
            #expect(socket.seat == 1)
            opened.insert(2)
          case 6: happenings = try scene.room.deny(seat: 2, by: socket.connection, at: scene.now)
          case 7: happenings = try scene.room.knock(socket.connection, at: scene.now)
          case 8: happenings = scene.room.sweep(at: scene.now)
          default:
            if Int.random(in: 0..<6, using: &random) == 0 {
              happenings = try scene.room.end(by: socket.connection, at: scene.now)
            } else {
              try scene.room.seen(socket.connection, at: scene.now)
            }
          }
        } catch {
          // A refusal changes nothing.
          #expect(scene.room == before)
        }
        for happening in happenings {
          #expect(!ended)
          switch happening {
          case .presenceOpened(let seat, let at):
            if let last = intervals[seat]!.last {
              let until = try #require(last.until)
              #expect(until <= at)
            }
            intervals[seat]!.append((at, nil))
          case .presenceClosed(let seat, let at):
            let last = try #require(intervals[seat]!.last)
            #expect(last.until == nil)
            #expect(at >= last.from)
            intervals[seat]![intervals[seat]!.count - 1].until = at
          case .began: began += 1
          case .ended: ended = true
          default: break
          }
        }
        for seat in scene.room.seats {
          let isOpen = intervals[seat.number]!.last.map { $0.until == nil } ?? false
          #expect(isOpen == (seat.presence != .gone))
          if seat.role == .learner, seat.isInside { #expect(opened.contains(seat.number)) }
        }
        #expect(ended == (scene.room.endedAt != nil))
        #expect(began <= 1 && (began == 1) == (scene.room.beganAt != nil))
        if ended { #expect(scene.room.seats.allSatisfy { $0.presence == .gone }) }
      }
    }
  }
}
