import Core
import Site

/// The addresses of this room; the booking form, the list and a booking's page are doors.
enum BookingPaths {
  static let cancellation = Path("/bookings/:booking/cancellation", as: ID<Booking>.self)
  static let time = Path("/bookings/:booking/time", as: ID<Booking>.self)
  static let answer = Path("/bookings/:booking/answer", as: ID<Booking>.self)
  static let proposal = Path("/bookings/:booking/proposal", as: ID<Booking>.self)
  static let outcome = Path("/bookings/:booking/outcome", as: ID<Booking>.self)
  static let invitation = Path("/bookings/:booking/invitation.ics", as: ID<Booking>.self)

  static let api = Path("/api/bookings/")
  static let apiBooking = Path("/api/bookings/:booking/", as: ID<Booking>.self)
}
