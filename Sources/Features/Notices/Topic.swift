import Core
import Time

/// What a notice is about, as people choose: a kind belongs to one topic, and a topic is switched off whole.
package enum Topic: String, CaseIterable, Sendable {
  case bookings, reminders, lessons, reviews, searches, profile, money

  /// The ways to reach somebody besides the site itself, where everything is told always.
  package enum Channel: String, CaseIterable, Sendable { case mail, push }

  /// Nothing for what cannot be switched off: what concerns the safety of an account, and what nobody has named here yet.
  init?(kind: String) {
    switch kind {
    case "bookings.reminder-day", "bookings.reminder-hour": self = .reminders
    case "bookings.completed": self = .reviews
    case "tutors.found": self = .searches
    default:
      switch kind.pieces(at: ".").first {
      case "bookings": self = .bookings
      case "classroom": self = .lessons
      case "reviews": self = .reviews
      case "tutors": self = .profile
      case "checkout": self = .money
      default: return nil
      }
    }
  }

  /// The ways that a person decides on. A receipt is always sent; that somebody waits in the room is no letter.
  var choices: [Channel] {
    switch self {
    case .money, .lessons: [.push]
    case .bookings, .reminders, .reviews, .searches, .profile: [.mail, .push]
    }
  }

  /// Whether it is worthless when it comes after the quiet hours.
  var isPressing: Bool { self == .reminders || self == .lessons }

  // MARK: On a device

  /// How long it is worth a disturbance: a day at least where a quiet night may hold it back.
  func lifetime(_ kind: String) -> Duration {
    switch self {
    case .lessons: .minutes(10)
    case .reminders: kind == "bookings.reminder-hour" ? .hours(1) : .hours(12)
    case .bookings, .money, .profile: .days(2)
    case .reviews, .searches: .days(1)
    }
  }
}

/// Hours in which nobody is disturbed, on the clock of a zone.
package struct QuietHours: Equatable, Sendable {
  let from: Int
  let to: Int

  /// Nothing when they are no hours of a day, or the same: that would be always or never.
  init?(from: Int, to: Int) {
    guard (0...23).contains(from), (0...23).contains(to), from != to else { return nil }
    self.from = from
    self.to = to
  }

  /// When it is over, if it is quiet at that instant.
  func end(at now: Instant, in zone: Zone) -> Instant? {
    let local = zone.local(now)
    let hour = local.time.minutes / 60
    let isQuiet = from < to ? (from..<to).contains(hour) : hour >= from || hour < to
    guard isQuiet, let time = CivilTime(minutes: to * 60) else { return nil }
    let end = zone.instant(of: hour < to ? local.date : local.date + 1, time)
    return end > now ? end : nil
  }

  /// Until when something is held back: not what is pressing, what cannot be switched off, or what tells of a moment that
  /// will have passed by then.
  static func hold(
    _ topic: Topic?, _ values: [String: NoticeValue], _ hours: QuietHours?, at now: Instant, in zone: Zone
  ) -> Instant? {
    guard let topic, !topic.isPressing, let end = hours?.end(at: now, in: zone) else { return nil }
    if case .moment(let instant)? = values["at"], instant > now, instant < end + .hours(1) { return nil }
    return end
  }
}
