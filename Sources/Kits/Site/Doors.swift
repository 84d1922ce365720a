package import Core

/// The addresses that rooms other than the owner link to. The owner routes these very values, so a link cannot
/// disagree with its route.
package enum Doors {
  package static let home = Path("/")
  package static let dashboard = Path("/dashboard")
  package static let gallery = Path("/gallery")

  // The site as an app
  package static let manifest = Path("/manifest.webmanifest")

  // Accounts
  package static let signIn = Path("/sign-in")
  package static let signOut = Path("/sign-out")
  package static let register = Path("/register")
  package static let account = Path("/account")
  package static let security = Path("/account/security")
  package static let language = Path("/language")

  // Notices
  package static let notifications = Path("/notifications")
  package static let noticeChoices = Path("/account/notifications")

  // Tutors
  package static let tutors = Path("/tutors")
  package static let tutor = Path("/tutors/:slug", as: String.self)
  package static let tutorProfile = Path("/tutor/profile")

  // Embedding
  package static let tutorEmbedding = Path("/tutor/embedding")
  package static let siteEmbedding = Path("/admin/embedding")

  // Scheduling
  package static let availability = Path("/tutor/availability")

  // Bookings
  package static let book = Path("/tutors/:slug/book", as: String.self)
  package static let bookings = Path("/bookings")
  package static let booking = Path("/bookings/:booking", as: ID<Booking>.self)

  // Checkout
  package static let checkout = Path("/checkout/:booking", as: ID<Booking>.self)
  package static let wallet = Path("/wallet")
  package static let receipt = Path("/payments/:payment/receipt", as: ID<Payment>.self)

  // Classroom
  package static let deviceCheck = Path("/lessons/:booking/check", as: ID<Booking>.self)
  package static let classroom = Path("/lessons/:booking/room", as: ID<Booking>.self)

  // Reviews
  package static let review = Path("/lessons/:booking/review", as: ID<Booking>.self)

  // Files: an uploaded file under its name.
  package static let file = Path("/files/:file/:name", as: ID<StoredFile>.self, String.self)

  // Legal: what one agrees to, and what is done with what one leaves here.
  package static let terms = Path("/terms")
  package static let privacy = Path("/privacy")

  // Status: how the site is, for people.
  package static let status = Path("/status")

  // Admin
  package static let admin = Path("/admin")
}
