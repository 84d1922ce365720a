import Core
package import Site
import Time

/// What hangs in the gallery: a week with every state a lesson can be in.
package enum BookingSpecimens {
  package static func shown(_ page: PageContext) -> [Specimen] {
    let today = page.zone.local(page.now).date
    let span = CalendarSpan(
      .week, holding: today, firstWeekday: page.site.formats.firstWeekday(in: page.language))
    func lesson(_ day: Int, _ minute: Int, _ length: Int, _ state: Reservation.State, _ party: Party = .learner)
      -> PlannedLesson
    {
      let start = page.zone.day(span.first + day).lowerBound + .minutes(minute)
      let during = start..<start + .minutes(length)
      let blocked = party == .tutor ? during.lowerBound - .minutes(15)..<during.upperBound + .minutes(15) : during
      return PlannedLesson(
        id: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0100 | UInt64(day * 1440 + minute)), party: party,
        state: state, during: during, blocked: blocked, subject: page.t("home.step1"), name: "Amal Haddad")
    }
    let lessons = [
      lesson(0, 9 * 60, 60, .completed), lesson(1, 10 * 60, 45, .confirmed), lesson(1, 10 * 60 + 30, 60, .requested),
      lesson(2, 13 * 60 + 20, 60, .confirmed, .tutor), lesson(3, 16 * 60, 90, .held), lesson(4, 8 * 60, 15, .cancelled),
      lesson(5, 22 * 60 + 30, 120, .confirmed),
    ]
    let days = span.days.map { day in
      CalendarDay(day, in: page.zone, lessons.filter { $0.during.overlaps(page.zone.day(day)) })
    }
    return [
      Specimen(
        .times, "BookingCalendar: a week; an agenda where it is narrow",
        BookingCalendar(span: span, today: today, days: days).frame(page))
    ]
  }
}
