package import Core
import JSON
package import Postgres

/// A stored booking with what its people see of it.
package struct Booked: Sendable {
  package struct Person: Equatable, Sendable {
    package let id: ID<User>
    package let name: String
    package let photo: ID<StoredFile>?
    /// The zone that was theirs when it was booked: mails and pages use the reader's own.
    package let zone: String
  }

  package let id: ID<Booking>
  package let learner: Person
  package let tutor: Person
  package let tutorSlug: String?
  package let subject: ID<Subject>
  package let subjectTitle: String
  package let subjectSlug: String
  package var reservation: Reservation
  package let feeBasisPoints: Int
  package let roomCode: String
  package let note: String?
  package let createdAt: Instant

  package var state: Reservation.State { reservation.state }
  package var minutes: Int { Int(reservation.length.microseconds / 60_000_000) }

  /// Who this person is in it; nothing for others.
  package func party(of user: ID<User>) -> Party? {
    user == learner.id ? .learner : user == tutor.id ? .tutor : nil
  }

  package func person(_ party: Party) -> Person { party == .learner ? learner : tutor }

  package func actor(_ user: ID<User>) -> Actor? {
    switch party(of: user) {
    case .learner: .learner(user)
    case .tutor: .tutor(user)
    case nil: nil
    }
  }
}

extension Booked {
  /// A booking as it was just stored.
  init(_ new: NewBooking, learner: Person) {
    id = new.id
    self.learner = learner
    let offer = new.offer
    tutor = Person(id: offer.tutor, name: offer.tutorName, photo: offer.photo, zone: offer.zone)
    tutorSlug = offer.slug
    subject = offer.subject
    subjectTitle = offer.subjectTitle
    subjectSlug = offer.subjectSlug
    reservation = new.reservation
    feeBasisPoints = offer.feeBasisPoints
    roomCode = new.roomCode
    note = new.note
    createdAt = new.reservation.bookedAt
  }
}

extension Reservation.State: Readable {}
extension Reservation.Mode: Readable {}
extension Party: Readable {}
extension Refund.Rule: Readable {}

extension Booked: RowDecodable {
  /// The columns of ``SQL/booked``, in order.
  package init(row: inout RowReader) throws {
    id = try row.next()
    learner = Person(id: try row.next(), name: try row.next(), photo: try row.next(), zone: try row.next())
    tutor = Person(id: try row.next(), name: try row.next(), photo: try row.next(), zone: try row.next())
    tutorSlug = try row.next()
    subject = try row.next()
    subjectTitle = try row.next()
    subjectSlug = try row.next()
    feeBasisPoints = try row.next()
    roomCode = try row.next()
    note = try row.next()
    createdAt = try row.next()
    reservation = try Reservation(row: &row)
  }
}

extension Reservation {
  /// The columns of ``SQL/reservation``, in order.
  init(row: inout RowReader) throws {
    let state: State = try row.next()
    let mode: Mode = try row.next()
    let (startsAt, endsAt): (Instant, Instant) = (try row.next(), try row.next())
    let currency: Currency = try row.next()
    let (price, paid): (Int, Int) = (try row.next(), try row.next())
    let refundAmount: Int? = try row.next()
    let refundRule: Refund.Rule? = try row.next()
    let terms: String = try row.next()
    let bookedAt: Instant = try row.next()
    let (holdExpiresAt, requestExpiresAt): (Instant?, Instant?) = (try row.next(), try row.next())
    let (proposedAt, proposedBy): (Instant?, Party?) = (try row.next(), try row.next())
    let (begunAt, finishedAt): (Instant?, Instant?) = (try row.next(), try row.next())
    let sequence: Int = try row.next()
    let movedLate: Bool = try row.next()
    var refund: Refund?
    if let refundAmount, let refundRule { refund = Refund(Money(refundAmount, currency), refundRule) }
    var proposal: Proposal?
    if let proposedAt, let proposedBy { proposal = Proposal(startsAt: proposedAt, by: proposedBy) }
    self.init(
      state: state, mode: mode, startsAt: startsAt, endsAt: endsAt, price: Money(price, currency),
      paid: Money(paid, currency),
      refund: refund, policy: try Policy(stored: terms), bookedAt: bookedAt, holdExpiresAt: holdExpiresAt,
      requestExpiresAt: requestExpiresAt, proposal: proposal, begunAt: begunAt, finishedAt: finishedAt,
      sequence: sequence,
      movedLate: movedLate)
  }
}
