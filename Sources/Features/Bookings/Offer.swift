package import Core
import JSON
package import Postgres
import Scheduling

/// Through what a change came.
package enum Channel: String, Sendable { case web, api, job, gateway, room }

/// What a tutor offers in one subject, with the terms and the fee that a booking made now would freeze.
package struct Offer: Sendable {
  package let tutor: ID<User>
  package let slug: String
  package let tutorName: String
  package let photo: ID<StoredFile>?
  /// The zone of the tutor's hours.
  package let zone: String
  package let currency: Currency
  package let mode: Reservation.Mode
  package let subject: ID<Subject>
  package let subjectSlug: String
  package let subjectTitle: String
  package let hourlyRate: Int
  /// Minutes.
  package let durations: [Int]
  package let bufferBefore: Int
  package let bufferAfter: Int
  package let feeBasisPoints: Int
  package let policy: Policy

  /// The price of so many minutes, rounded half to even.
  package func price(minutes: Int) -> Money { Money(hourlyRate, currency).share(minutes, of: 60) }
}

extension Offer: RowDecodable {
  /// The columns of ``SQL/offer(at:)``, in order.
  package init(row: inout RowReader) throws {
    tutor = try row.next()
    slug = try row.next()
    tutorName = try row.next()
    photo = try row.next()
    zone = try row.next()
    currency = try row.next()
    mode = try row.next()
    subject = try row.next()
    subjectSlug = try row.next()
    subjectTitle = try row.next()
    hourlyRate = try row.next()
    durations = try row.next([Int].self).sorted()
    bufferBefore = try row.next()
    bufferAfter = try row.next()
    feeBasisPoints = try row.next()
    policy = try Policy(stored: try row.next())
  }
}

/// An offer with the tutor's hours and what tutor and learner have on: all that a booking is judged by.
struct Occasion: RowDecodable {
  let offer: Offer
  let diary: Diary

  init(row: inout RowReader) throws {
    offer = try Offer(row: &row)
    diary = try Diary(row: &row)
  }
}

/// A booking about to be made: judged, priced, and not yet stored.
package struct NewBooking: Sendable {
  package enum Refusal: String, Error, Equatable, Sendable, CaseIterable {
    case ownLesson = "own_lesson"
    case wrongLength = "wrong_length"
    case noteTooLong = "note_too_long"
    case timeInPast = "time_in_past"
  }

  package let id: ID<Booking>
  package let offer: Offer
  package let learner: ID<User>
  package let learnerZone: String
  package let note: String?
  package let reservation: Reservation
  package let roomCode: String

  package var during: Range<Instant> { reservation.startsAt..<reservation.endsAt }

  /// `during` with the tutor's buffers: what others may not touch.
  package var blocked: Range<Instant> {
    Self.blocked(during, offer.bufferBefore, offer.bufferAfter)
  }

  package init(
    _ offer: Offer, startsAt: Instant, minutes: Int, learner: ID<User>, learnerZone: String, note: String,
    at now: Instant
  ) throws(Refusal) {
    guard learner != offer.tutor else { throw .ownLesson }
    guard offer.durations.contains(minutes) else { throw .wrongLength }
    guard note.unicodeScalars.count <= 1000 else { throw .noteTooLong }
    guard startsAt > now else { throw .timeInPast }
    id = .new()
    self.offer = offer
    self.learner = learner
    self.learnerZone = learnerZone
    self.note = note.isEmpty ? nil : note
    reservation = Reservation(
      mode: offer.mode, startsAt: startsAt, endsAt: startsAt + .minutes(minutes), price: offer.price(minutes: minutes),
      policy: offer.policy, at: now)
    roomCode = Self.code()
  }

  static func blocked(_ during: Range<Instant>, _ before: Int, _ after: Int) -> Range<Instant> {
    during.lowerBound - .minutes(before)..<during.upperBound + .minutes(after)
  }

  /// Fifteen letters that are not taken for one another, in threes: 73 bits, and readable over the phone.
  private static func code() -> String {
    let letters: StaticString = "abcdefghjkmnpqrstuvwxyz23456789"
    let count = UInt64(letters.utf8CodeUnitCount)
    var random = SystemRandomNumberGenerator()
    // Each draw of the system's numbers is a call of the system: one gives eight letters, the remainder nearly even.
    var (first, second): (UInt64, UInt64) = (random.next(), random.next())
    var code: [UInt8] = []
    code.reserveCapacity(19)
    for place in 0..<15 {
      if place > 0, place.isMultiple(of: 3) { code.append(UInt8(ascii: "-")) }
      let letter: (quotient: UInt64, remainder: UInt64)
      if place < 8 {
        letter = first.quotientAndRemainder(dividingBy: count)
        first = letter.quotient
      } else {
        letter = second.quotientAndRemainder(dividingBy: count)
        second = letter.quotient
      }
      code.append(letters.utf8Start[Int(letter.remainder)])
    }
    return String(decoding: code, as: UTF8.self)
  }
}
