import Core
import Site

enum ClassroomPaths {
  static let check = Doors.deviceCheck
  static let room = Doors.classroom
  static let ended = Path("/lessons/:booking/ended", as: ID<Booking>.self)
  static let socket = Path("/ws/session/:room_code/", as: String.self)
}
