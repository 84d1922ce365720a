import Core
import Time

/// What other rules would do, told before they are saved. Both sides are asked of ``Availability``, by which bookings are
/// judged, so that what is promised here is what happens.
struct ScheduleChange: Equatable, Sendable {
  /// A date, in the new rules' zone, on which starts would come or go.
  struct Day: Equatable, Sendable {
    let date: CivilDate
    let gained: [Instant]
    let lost: [Instant]
  }

  /// Days ahead that are compared.
  static let days = 28

  /// Only dates on which something changes, in order.
  let days: [Day]
  /// Lessons that the old hours hold and the new ones do not. They stay.
  let newlyOutside: [OutsideLesson]

  var gained: Int { days.reduce(0) { $0 + $1.gained.count } }
  var lost: Int { days.reduce(0) { $0 + $1.lost.count } }
  var isNothing: Bool { days.isEmpty && newlyOutside.isEmpty }

  /// - Parameter taken: the tutor's time that is taken, from the week before `now` on, for limits count whole weeks.
  init(
    from old: Availability.Rules, to new: Availability.Rules, taken: [Taken], lasting duration: Duration = .hours(1),
    now: Instant
  ) {
    let range = now..<new.zone.day(new.zone.date(now) + Self.days).lowerBound
    func starts(_ rules: Availability.Rules) -> Set<Instant> {
      let availability = Availability(rules: rules, duration: duration, busy: taken.map(\.busy))
      return Set(availability.openings(in: range, now: now).map(\.starts))
    }
    let (before, after) = (starts(old), starts(new))
    var byDate: [CivilDate: (gained: [Instant], lost: [Instant])] = [:]
    for start in after.subtracting(before) { byDate[new.zone.date(start), default: ([], [])].gained.append(start) }
    for start in before.subtracting(after) { byDate[new.zone.date(start), default: ([], [])].lost.append(start) }
    days = byDate.sorted { $0.key < $1.key }
      .map { Day(date: $0.key, gained: $0.value.gained.sorted(), lost: $0.value.lost.sorted()) }
    let outside = Set(OutsideLesson.among(taken, rules: old, now: now).map(\.booking))
    newlyOutside = OutsideLesson.among(taken, rules: new, now: now).filter { !outside.contains($0.booking) }
  }
}
