import Core
import Site

/// The room's own addresses; the centre itself is a door of the house.
enum NoticePaths {
  static let centre = Doors.notifications
  /// Leads on to what the notice is about, and marks it read.
  static let notice = Path("/notifications/:notice", as: ID<Notification>.self)
  static let reading = Path("/notifications/:notice/reading", as: ID<Notification>.self)
  static let readings = Path("/notifications/readings")

  static let choices = Doors.noticeChoices
  static let devices = Path("/account/notifications/devices")
  static let deviceRemoval = Path("/account/notifications/devices/:device/removal", as: ID<Device>.self)
  static let trial = Path("/account/notifications/trial")
  /// The end of letters about a topic, for whoever holds the address.
  static let unsubscription = Path("/unsubscribe/:token", as: String.self)
  static let resubscription = Path("/unsubscribe/:token/undo", as: String.self)

  static let list = Path("/api/notifications/")
  static let change = Path("/api/notifications/:notice/", as: ID<Notification>.self)
  static let readAll = Path("/api/notifications/read-all/")
  static let socket = Path("/ws/notifications/:user/", as: ID<User>.self)
}
