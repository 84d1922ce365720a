package import Core
import Jobs

/// A tutor's rules have changed: hours, dates, buffers, notice, horizon, limits or zone.
package struct AvailabilityChanged: Event {
  package static let name = "scheduling.availability-changed"
  package let tutor: ID<User>
}

/// Works out anew what search shows of a tutor's times.
struct RefreshFigures: Job {
  static let name = "scheduling.refresh-figures"
  let tutor: ID<User>
}
