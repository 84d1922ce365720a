import Core
import Site

/// The addresses of this room; the page itself is a door.
enum SchedulingPaths {
  static let preview = Path("/tutor/availability/preview")
  static let datesPreview = Path("/tutor/availability/dates/preview")
  static let dates = Path("/tutor/availability/dates")
  static let dateRemoval = Path("/tutor/availability/dates/:date/removal", as: String.self)
  static let slots = Path("/api/users/mentors/:tutor/slots/", as: ID<User>.self)
}
