package import Bus
package import Core
import HTML
package import Jobs
package import Platform
package import Postgres
package import Site
package import Web

/// Two people meet: a check of camera and microphone, a door with a knock, a room with sound, picture and chat, and an end
/// that completes the booking.
///
/// Owns `rooms`, `room_seats`, `room_stays`, `room_messages`, `room_quality`. Reads `lesson_facts` (Bookings), `people`
/// (Accounts), `subjects` (Tutors). Publishes `attendance`. Emits ``LessonEnded``. Calls ``LessonHooks``.
package struct ClassroomFeature: Feature {
  let database: Database
  let site: Site
  let relays: RelaySettings
  let rooms: Rooms

  package init(
    database: Database, site: Site, bus: Bus, relays: RelaySettings, hooks: LessonHooks, pace: Pace, clock: WallClock,
    log: Log
  ) {
    self.database = database
    self.site = site
    self.relays = relays
    rooms = Rooms(database: database, bus: bus, hooks: hooks, pace: pace, clock: clock, log: log)
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, ClassroomPaths.check, as: Member.self, check)
    routes.on(.get, ClassroomPaths.room, as: Member.self, room)
    routes.on(.get, ClassroomPaths.ended, as: Member.self, ended)
    routes.socket(ClassroomPaths.socket, as: Member.self, converse)
  }

  package var schedules: [Schedule] {
    let rooms = rooms
    return [Schedule("classroom.sweep", every: .seconds(20)) { try await rooms.sweep() }]
  }

  package var figures: [Figure] {
    [
      Figure(
        "call_reports", "Reports of browsers in lessons within five minutes, by how the link is.", by: "grade",
        .callGrades),
      Figure("call_round_trip_seconds", "Round trip of calls within five minutes.", by: "quantile", .callRoundTrips),
      Figure("call_loss_ratio", "Share of packets lost in calls within five minutes.", .callLoss),
      Figure(
        "call_relayed_ratio", "Share of reports of calls within five minutes that go through the relay.", .callsRelayed),
      Figure("call_lessons", "Lessons whose browsers reported within five minutes.", .callLessons),
    ]
  }

  // MARK: Pages

  func check(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    let (lesson, role) = try await lesson(booking, of: member)
    guard lesson.isOpen else { return closed(lesson, request) }
    return site.page(
      CheckPage(
        booking: booking, subject: lesson.subject, otherName: lesson.person(role.other).name, startsAt: lesson.startsAt),
      for: request)
  }

  func room(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    let (lesson, role) = try await lesson(booking, of: member)
    guard lesson.isOpen else { return closed(lesson, request) }
    if try await database.first(.room(of: booking))?.endedAt != nil { return .see(ClassroomPaths.ended(booking)) }
    let other = lesson.person(role.other)
    let page = RoomPage(
      booking: booking, code: lesson.code, role: role, subject: lesson.subject, otherName: other.name,
      otherID: other.id,
      ownName: lesson.person(role).name, ownID: member.id, left: ClassroomPaths.ended(booking),
      ended: ClassroomPaths.ended(booking), isRelayOnly: relays.isOnlyWay)
    return site.page(page, for: request).unstored
  }

  func ended(_ request: Request, member: Member, booking: ID<Booking>) async throws -> Response {
    let (lesson, role) = try await lesson(booking, of: member)
    let room = try await database.first(.room(of: booking))
    guard room != nil || lesson.isOver else { return .see(Doors.booking(booking)) }
    var minutes: Int?
    var messages: [ChatMessage] = []
    if let room {
      let seconds = try await database.one(.secondsTogether(in: room.id))
      minutes = room.openedAt != nil || seconds > 0 ? (seconds + 30) / 60 : nil
      messages = try await database.all(.messages(of: room.id, after: 0, limit: 500))
    }
    return site.page(
      EndedPage(
        booking: booking, role: role, subject: lesson.subject, otherName: lesson.person(role.other).name,
        minutesTogether: minutes,
        isOver: room?.endedAt != nil || !lesson.isOpen,
        messages: messages.map { message in
          EndedPage.KeptMessage(
            name: lesson.role(of: message.user).map { lesson.person($0).name } ?? "", text: message.text, at: message.at
          )
        }),
      for: request)
  }

  private func lesson(_ booking: ID<Booking>, of member: Member) async throws -> (Lesson, LessonRoom.Role) {
    guard let lesson = try await database.first(.lesson(booking, of: member.id)), let role = lesson.role(of: member.id)
    else {
      throw Failure.notFound
    }
    return (lesson, role)
  }

  /// Why a room is not open: over, not yet agreed, or called off.
  private func closed(_ lesson: Lesson, _ request: Request) -> Response {
    if lesson.isOver { return .see(ClassroomPaths.ended(lesson.booking)) }
    let isAhead = ["held", "awaiting_payment", "requested"].contains(lesson.state)
    return site.page(ClosedPage(booking: lesson.booking, isAhead: isAhead), for: request, status: 409)
  }

  // MARK: The socket

  /// A room that is not there is 4404, one that is not yours 4403, one whose booking lets nobody in 4403.
  func converse(_ request: Request, member: Member, code: String) async throws -> any Conversation {
    guard let lesson = try await database.first(.lesson(code: code)) else { throw Failure.notFound }
    guard let role = lesson.role(of: member.id), lesson.isOpen || lesson.isOver else { throw Failure.forbidden }
    return RoomConversation(
      rooms: rooms, relays: relays, lesson: lesson, user: member.id, role: role, site: site,
      words: site.context(for: request).t)
  }
}

extension LessonRoom.Role {
  var other: LessonRoom.Role { self == .tutor ? .learner : .tutor }
}
