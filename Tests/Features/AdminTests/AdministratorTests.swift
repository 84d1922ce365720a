import Core
import Testing
import TestKit

@testable import Admin

@Suite struct AdministratorTests {
  @Test func `every administration address begins with /admin`() {
    for address in [AdminPaths.people(), AdminPaths.verification(), AdminPaths.bookings(), AdminPaths.outbox(), AdminPaths.jobs(), AdminPaths.tutor(Person.ada.id)] {
      #expect(address.hasPrefix("/admin/"))
    }
  }
}
