package import Core
package import Jobs

/// A tutor's public face changed: caches and read models follow.
package struct TutorChanged: Event {
  package static let name = "tutors.changed"
  package let tutor: ID<User>
}

/// A profile waits for an administrator's eyes.
package struct TutorSubmitted: Event {
  package static let name = "tutors.submitted"
  package let tutor: ID<User>
}
