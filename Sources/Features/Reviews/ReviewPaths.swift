import Core

enum ReviewPaths {
  static let list = Path("/tutors/:slug/reviews", as: String.self)
  static let reply = Path("/reviews/:review/reply", as: ID<ReviewID>.self)
  static let apiRate = Path("/api/users/mentors/:mentor/rate/", as: ID<User>.self)
}

/// The marker of a review's key.
enum ReviewID {}
