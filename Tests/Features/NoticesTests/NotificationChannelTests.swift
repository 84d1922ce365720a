import Core
import JSON
import Loop
import Postgres
import TestDatabase
import TestKit
import Testing
import Web

@testable import Notices

@Suite struct NotificationChannelTests {
  func connect(_ house: NoticesHouse, as person: Person, to path: String? = nil) async -> InProcessSocket {
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("origin", "http://localhost:8080")
    headers.add("cookie", "session=\(person.username)")
    return await house.site.table.connect(
      Request(.get, path ?? "/ws/notifications/\(person.id)/", headers: headers), on: testLoops.loops[0])
  }

  func next(_ socket: InProcessSocket) async throws -> JSON { try JSON.read(try #require(await socket.next())) }

  @Test func `an open page hears at once, in its own words`() async throws {
    try await withNotices { house in
      let socket = await connect(house, as: .ben)
      let place = try await next(socket)
      #expect(place["type"]?.string == "resume")
      #expect(place["data"]?["from"]?.int == 0)
      try await house.tell()
      let message = try await next(socket)
      #expect(message["type"]?.string == "new_notification")
      #expect(message["id"]?.int == 1)
      #expect(message["data"]?["type"]?.string == "accounts.passwordChanged")
      #expect(message["data"]?["content"]?.string == "Your password was changed.")
      #expect(message["data"]?["timestamp"]?.instant != nil)
      #expect(message["data"]?["id"]?.id(Notification.self) != nil)
      await socket.close()
    }
  }

  @Test func `reading in one tab shows in the other`() async throws {
    try await withNotices { house in
      try await house.tell()
      let one = await connect(house, as: .ben)
      let other = await connect(house, as: .ben)
      _ = try await next(one)
      _ = try await next(other)
      let id = try await house.database.one(Query<ID<Notification>>("select id from notifications"))
      await one.send(#"{"type":"read","data":{"id":"\#(id)"}}"#)
      for socket in [one, other] {
        let message = try await next(socket)
        #expect(message["type"]?.string == "read_notification")
        #expect(message["data"]?["id"]?.string == id.description)
      }
      try await house.tell()
      for socket in [one, other] { _ = try await next(socket) }
      await one.send(#"{"type":"clear"}"#)
      let cleared = try await next(other)
      #expect(cleared["type"]?.string == "clear_notifications")
      #expect(cleared["data"]?["through"]?.int == 2)
      let unread = try await house.database.one(.unread(of: Person.ben.id))
      #expect(unread == 0)
      await one.close()
      await other.close()
    }
  }

  @Test func `a page that was away gets what it missed, once and in order`() async throws {
    try await withNotices { house in
      for _ in 0..<3 { try await house.tell() }
      let socket = await connect(house, as: .ben)
      let place = try await next(socket)
      #expect(place["data"]?["from"]?.int == 3)
      await socket.send(#"{"type":"resume","data":{"after":1}}"#)
      var numbers: [Int] = []
      for _ in 0..<2 { numbers.append(try await next(socket)["id"]?.int ?? -1) }
      #expect(numbers == [2, 3])
      let end = try await next(socket)
      #expect(end["type"]?.string == "resume")
      #expect(end["data"]?["from"]?.int == 3)
      await socket.close()
    }
  }

  @Test func `a path that names another, or nobody signed in, is closed by name`() async throws {
    try await withNotices { house in
      let foreign = await connect(house, as: .ben, to: "/ws/notifications/\(Person.ada.id)/")
      #expect(foreign.closeCode == .noRight)
      let guest = await house.site.table.connect(
        Request(.get, "/ws/notifications/\(Person.ada.id)/", headers: Headers()), on: testLoops.loops[0])
      #expect(guest.closeCode == .noProof || guest.closeCode == .noRight)
    }
  }

  @Test func `what others are told stays with them`() async throws {
    try await withNotices { house in
      let socket = await connect(house, as: .cleo)
      _ = try await next(socket)
      try await house.tell(.ben)
      try await house.tell(.cleo, "accounts.reset")
      let message = try await next(socket)
      #expect(message["data"]?["type"]?.string == "accounts.reset")
      let id = try await house.database.one(
        Query<ID<Notification>>("select id from notifications where user_id = \(Person.ben.id)"))
      await socket.send(#"{"type":"read","data":{"id":"\#(id)"}}"#)
      await socket.send(#"{"type":"clear"}"#)
      let unread = try await house.database.one(.unread(of: Person.ben.id))
      #expect(unread == 1)
      await socket.close()
    }
  }

  @Test(arguments: [
    "", "hello", "[]", "{}", #"{"type":5}"#, #"{"type":"dance"}"#, #"{"type":"read"}"#,
    #"{"type":"read","data":{"id":"x"}}"#, #"{"type":"resume","data":{"after":"x"}}"#,
  ])
  func `a message that says nothing is answered with a sentence`(_ text: String) async throws {
    try await withNotices { house in
      let socket = await connect(house, as: .ben)
      _ = try await next(socket)
      await socket.send(text)
      let message = try await next(socket)
      #expect(message["type"]?.string == "error")
      #expect(message["data"]?["detail"]?.string?.isEmpty == false)
      await socket.close()
    }
  }
}
