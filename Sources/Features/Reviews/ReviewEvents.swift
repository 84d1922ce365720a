package import Core
package import Jobs

/// Someone's rating changed; search ranking and the tutor's inbox have followed in the same commit.
package struct ReviewWritten: Event {
  package static let name = "reviews.written"
  package let tutor: ID<User>
  package let booking: ID<Booking>
  package let stars: Int
}
