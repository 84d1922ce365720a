import Core
import Loop
import Postgres
import Site

/// What conversations hear of their people, told to the store together, about once a second, or before their room is
/// changed. Ten thousand people who each say something every few seconds would otherwise be hundreds of statements a
/// second.
///
/// A sign that is lost with the process costs nothing: seats are kept for ``LessonRoom/grace``, and the next sign comes
/// before that.
final class SignsOfLife: Sendable {
  struct Sign: Sendable {
    let connection: ID<Connection>
    let user: ID<User>
    let room: ID<Room>
    let at: Instant
    /// Called when the connection no longer holds the seat.
    let lost: @Sendable () async -> Void
  }

  private struct State {
    var waiting: [ID<Booking>: [ID<Connection>: Sign]] = [:]
    var isUnderWay = false
  }

  private static let pause = Duration.seconds(1)

  private let database: Database
  private let log: Log
  private let state = Locked(State())

  init(database: Database, log: Log) {
    self.database = database
    self.log = log
  }

  func note(_ sign: Sign, in booking: ID<Booking>) {
    let isFirst = state.withLock { state in
      state.waiting[booking, default: [:]][sign.connection] = sign
      defer { state.isUnderWay = true }
      return !state.isUnderWay
    }
    guard isFirst else { return }
    let loop = database.loops.any
    Task(executorPreference: loop) {
      repeat {
        try? await loop.sleep(Self.pause)
        await self.tell()
      } while self.state.withLock { state in
        state.isUnderWay = !state.waiting.isEmpty
        return state.isUnderWay
      }
    }
  }

  /// Tells what waits: of one room, or of all.
  func tell(of booking: ID<Booking>? = nil) async {
    let signs = state.withLock { state in
      if let booking { return state.waiting.removeValue(forKey: booking).map { Array($0.values) } ?? [] }
      defer { state.waiting = [:] }
      return state.waiting.values.flatMap(\.values)
    }
    guard !signs.isEmpty else { return }
    do {
      let held = Set(try await database.all(.touch(signs)))
      for sign in signs where !held.contains(sign.connection) { await sign.lost() }
    } catch {
      log.warning("classroom.signs_of_life_failed", ["error": .text("\(error)")])
    }
  }
}
