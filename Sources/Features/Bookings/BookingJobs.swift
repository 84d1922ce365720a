import Core
import Jobs

/// A reminder keeps a name only: whether it still holds, and its words, are found out when it fires.
struct RemindOfLesson: Job {
  static let name = "bookings.remind"
  enum Lead: String, Codable, CaseIterable, Sendable {
    case day, hour
    var ahead: Duration { self == .day ? .hours(24) : .hours(1) }
  }
  let booking: ID<Booking>
  let lead: Lead

  /// Whether at `now` this is the time to remind of a lesson that starts at `start`. A reminder of a time that has been
  /// moved fires into the wrong hour and is silent; the move has asked for its own.
  func isDue(at now: Instant, start: Instant) -> Bool {
    let due = start - lead.ahead
    return now >= due - .minutes(5) && now < min(due + .minutes(45), start)
  }
}
