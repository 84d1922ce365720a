import Core
import Site

/// The room's own addresses; the centre itself is a door of the house.
enum NoticePaths {
  static let centre = Doors.notifications
  /// Leads on to what the notice is about, and marks it read.
  static let notice = Path("/notifications/:notice", as: ID<Notification>.self)
  static let reading = Path("/notifications/:notice/reading", as: ID<Notification>.self)
  static let readings = Path("/notifications/readings")

  static let list = Path("/api/notifications/")
  static let change = Path("/api/notifications/:notice/", as: ID<Notification>.self)
  static let readAll = Path("/api/notifications/read-all/")
  static let socket = Path("/ws/notifications/:user/", as: ID<User>.self)
}
