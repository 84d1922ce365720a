import Core
import Glibc
import JSON
import TestKit
import Testing
import Time

@testable import Notices

@Suite struct TopicTests {
  /// The kinds that a person is told, as the catalogue has words for them.
  private static func kinds() throws -> Set<String> {
    var kinds: Set<String> = []
    for room in ["accounts", "bookings", "checkout", "classroom", "notices", "reviews", "tutors"] {
      let words = try JSON.read(try contents(TestHouse.root + "/Assets/locales/en/\(room).json"))
      for key in words.object?.names ?? [] where key.hasSuffix(".notice") { kinds.insert(String(key.dropLast(7))) }
    }
    return kinds
  }

  @Test func `every kind of notice has its topic, and what concerns safety has none`() throws {
    let kinds = try Self.kinds()
    #expect(kinds.count > 30)
    for kind in kinds {
      let isFixed = kind.hasPrefix("accounts.") || kind.hasPrefix("notices.")
      #expect((Topic(kind: kind) == nil) == isFixed, "\(kind)")
    }
    #expect(Topic(kind: "bookings.reminder-hour") == .reminders)
    #expect(Topic(kind: "bookings.confirmed") == .bookings)
    #expect(Topic(kind: "tutors.found") == .searches)
    #expect(Topic(kind: "tutors.verified") == .profile)
    #expect(Topic(kind: "checkout.receipt") == .money)
    #expect(Topic(kind: "made-up.thing") == nil)
    #expect(!Topic.money.choices.contains(.mail))
  }

  @Test func `quiet hours end on the clock of the zone, over midnight and over a change of clocks`() throws {
    let berlin = try #require(Zone("Europe/Berlin"))
    let night = try #require(QuietHours(from: 22, to: 7))
    func end(_ text: String) -> String? { night.end(at: Instant(rfc3339: text)!, in: berlin)?.rfc3339 }
    #expect(end("2026-11-20T20:59:59Z") == nil)
    #expect(end("2026-11-20T21:00:00Z") == "2026-11-21T06:00:00Z")
    #expect(end("2026-11-21T05:59:59Z") == "2026-11-21T06:00:00Z")
    #expect(end("2026-11-21T06:00:00Z") == nil)
    // The night in which clocks go forward is an hour shorter.
    #expect(end("2027-03-27T21:30:00Z") == "2027-03-28T05:00:00Z")
    let noon = try #require(QuietHours(from: 12, to: 14))
    #expect(noon.end(at: Instant(rfc3339: "2026-11-20T11:30:00Z")!, in: berlin)?.rfc3339 == "2026-11-20T13:00:00Z")
    #expect(QuietHours(from: 5, to: 5) == nil)
    #expect(QuietHours(from: 24, to: 5) == nil)
  }

  @Test func `what is pressing, fixed, or about the coming hours is not held back`() throws {
    let night = try #require(QuietHours(from: 22, to: 7))
    let now = Instant(rfc3339: "2026-11-20T23:00:00Z")!
    func hold(_ topic: Topic?, at moment: String? = nil) -> String? {
      let values = moment.map { ["at": NoticeValue.moment(Instant(rfc3339: $0)!)] } ?? [:]
      return QuietHours.hold(topic, values, night, at: now, in: .utc)?.rfc3339
    }
    #expect(hold(.bookings) == "2026-11-21T07:00:00Z")
    #expect(hold(.bookings, at: "2026-11-22T07:00:00Z") == "2026-11-21T07:00:00Z")
    #expect(hold(.bookings, at: "2026-11-21T06:30:00Z") == nil)
    #expect(hold(.reminders) == nil)
    #expect(hold(.lessons) == nil)
    #expect(hold(nil) == nil)
    #expect(QuietHours.hold(.bookings, [:], nil, at: now, in: .utc) == nil)
  }

  @Test func `the address at the foot of a letter opens for its reader and topic alone`() throws {
    let exits = Exits(secret: "one secret")
    let exit = Exit(Person.ben.id, .reviews)
    let token = exits.token(for: exit)
    #expect(exits.read(token) == exit)
    #expect(Exits(secret: "another").read(token) == nil)
    for place in token.utf8.indices where token.utf8[place] != UInt8(ascii: ".") {
      var bytes = Array(token.utf8)
      let offset = token.utf8.distance(from: token.utf8.startIndex, to: place)
      bytes[offset] = bytes[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(exits.read(String(decoding: bytes, as: UTF8.self)) == nil)
    }
    #expect(exits.read("") == nil)
    #expect(exits.read(".") == nil)
    #expect(exits.read(token + ".x") == nil)
    // Receipts cannot be ended, whoever signed it.
    #expect(exits.read(exits.token(for: Exit(Person.ben.id, .money))) == nil)
  }
}

private func contents(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "r") else { throw Failure.notFound }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = fread(&bytes, 1, bytes.count, file)
  return Array(bytes.prefix(count))
}
