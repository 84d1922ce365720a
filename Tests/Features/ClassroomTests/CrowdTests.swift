import Core
import JSON
import Postgres
import Testing

@testable import Classroom

// `bin/test load` in small, and without a clock: a hundred lessons over real sockets, and one who does not read.

extension Stage {
  /// More lessons of Ada and Ben, one after another in the week to come; their codes.
  func lessons(_ count: Int) async throws -> [String] {
    try await database.run(
      Query<Void>(
        """
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone, hold_expires_at)
        select gen_random_uuid(), learner_id, tutor_id, subject_id, 'confirmed', 'instant', start, start + interval '1 hour',
               tstzrange(start, start + interval '1 hour', '[)'), 0, 'USD', 0, '{}', 'crowd-' || lpad(n::text, 6, '0'), 'UTC', 'UTC', start
          from bookings, generate_series(1, \(count)) n, lateral (select starts_at + n * interval '1 hour' as start) s
         where id = \(booking)
        """))
    return (1...count).map { "crowd-" + String(repeating: "0", count: 6 - String($0).count) + String($0) }
  }

  /// Ada and Ben, both inside the room of that code.
  func bothInside(_ code: String, receiving: Int32? = nil) async throws -> (ada: RoomWire, ben: RoomWire) {
    let ada = try await RoomWire.open(port: port, code: code, as: "ada")
    try await ada.hear("welcome")
    let ben = try await RoomWire.open(port: port, code: code, as: "ben", receiving: receiving)
    try await ben.hear("welcome")
    try await ada.hear("knock")
    ada.send("admitted", ["seat": 2])
    try await ben.hear("admitted")
    try await ada.hear("admitted")
    return (ada, ben)
  }
}

extension RoomWire {
  /// So many signals, from whom they are and what numbers they carry.
  fileprivate func signals(_ count: Int) async throws -> [Int] {
    var numbers: [Int] = []
    while numbers.count < count { numbers.append(try await hear("ice_candidate")["n"]?.int ?? -1) }
    return numbers
  }
}

@Suite struct CrowdTests {
  @Test func `two hundred sockets in rooms of two hear all that is said to them, in order and once`() async throws {
    try await withStage { (stage: Stage) async throws in
      let rooms = try await withThrowingTaskGroup { group in
        for code in try await stage.lessons(100) { group.addTask { try await stage.bothInside(code) } }
        var rooms: [(ada: RoomWire, ben: RoomWire)] = []
        for try await room in group { rooms.append(room) }
        return rooms
      }
      #expect(rooms.count == 100)
      for n in 1...20 {
        for (ada, ben) in rooms {
          ada.send("ice_candidate", ["to": 2, "n": .int(n)])
          ben.send("ice_candidate", ["to": 1, "n": .int(n)])
        }
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (ada, ben) in rooms {
          for wire in [ada, ben] {
            group.addTask {
              let numbers = try await wire.signals(20)
              #expect(numbers == Array(1...20))
            }
          }
        }
        try await group.waitForAll()
      }
      // Nothing more has come, from whatever room.
      for (ada, ben) in rooms {
        for wire in [ada, ben] {
          let more = try await wire.everythingSoFar()
          #expect(!more.contains { $0["type"]?.string == "ice_candidate" })
        }
      }
    }
  }

  @Test func `who does not read is cut as behind, others hear nothing of it, and on return the log is whole`()
    async throws
  {
    try await withStage { (stage: Stage) async throws in
      let codes = try await stage.lessons(2)
      let (ada, ben) = try await stage.bothInside(codes[0], receiving: 4096)
      let others = try await stage.bothInside(codes[1])
      let large = JSON.string(String(repeating: "x", count: 60_000))
      // Fifty at once are allowed: five words among two megabytes, of which the kernels keep a part.
      for n in 1...44 {
        if n % 8 == 0 {
          ada.send("chat_message", ["client_id": .string("\(n)"), "text": .string("word \(n / 8)")])
        } else {
          ada.send("ice_candidate", ["to": 2, "n": .int(n), "candidate": large])
        }
      }
      try await ada.hear("leave") { $0["reason"]?.string == "lost" }
      // The others' line is as it was.
      others.ada.send("ice_candidate", ["to": 2, "n": 1])
      #expect(try await others.ben.signals(1) == [1])
      // Now Ben reads: a beginning without a hole, and then why.
      var (last, read) = (0, 0)
      reading: while true {
        switch try await ben.next() {
        case .closed(let code):
          #expect(code == 1008)
          break reading
        case .message(let json) where json["type"]?.string == "ice_candidate":
          let n = json["data"]?["n"]?.int ?? 0
          #expect(n == last + (n % 8 == 1 && n > 1 ? 2 : 1))
          last = n
        case .message(let json) where json["type"]?.string == "chat_message": read = json["data"]?["number"]?.int ?? 0
        case .message: break
        }
      }
      #expect(last < 44)
      // One message after another: when this is answered, all were dealt with.
      try await ada.everythingSoFar()
      let back = try await RoomWire.open(port: stage.port, code: codes[0], as: "ben")
      try await back.hear("welcome")
      back.send("resume", ["seat": .null, "after": .int(read)])
      for n in (read + 1)...5 { #expect(try await back.hear("chat_message")["number"]?.int == n) }
      withExtendedLifetime((ben, others)) {}
    }
  }
}
