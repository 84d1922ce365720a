package import Core
package import Jobs

/// A room closed for good: its tutor ended the lesson, or its time was over.
package struct LessonEnded: Event {
  package static let name = "classroom.lesson-ended"
  package let booking: ID<Booking>
  package let room: ID<Room>
  /// Whether the two met in it.
  package let began: Bool
  package let at: Instant
}
