import Core

/// What a learner says about a finished lesson. One per lesson; stars are one to five, and each aspect is too or is left out.
struct Review: Equatable, Sendable {
  enum Aspect: String, CaseIterable, Sendable { case clarity, patience, preparation, punctuality }

  static let longest = 2000
  /// Reviews are written while the lesson is remembered.
  static let window = Duration.days(60)

  let booking: ID<Booking>
  let tutor: ID<User>
  let author: ID<User>
  let stars: Int
  let words: String
  let aspects: [Aspect: Int]

  /// The facts the decision needs. The handler loads them; this type judges them.
  struct Occasion: Equatable, Sendable {
    let booking: ID<Booking>
    let tutor: ID<User>
    let tutorName: String
    let tutorSlug: String
    let learner: ID<User>
    let subject: String
    let finishedAt: Instant?
    let isReviewed: Bool
  }

  enum Refusal: String, Error, Equatable {
    case notFinished, alreadyReviewed, tooOld, starsOutOfRange, aspectOutOfRange, tooLong
  }

  init(of occasion: Occasion, _ draft: ReviewDraft, at now: Instant) throws(Refusal) {
    guard let finishedAt = occasion.finishedAt else { throw .notFinished }
    guard !occasion.isReviewed else { throw .alreadyReviewed }
    guard now - finishedAt <= Self.window else { throw .tooOld }
    guard (1...5).contains(draft.stars) else { throw .starsOutOfRange }
    guard draft.aspects.values.allSatisfy({ (1...5).contains($0) }) else { throw .aspectOutOfRange }
    guard draft.words.unicodeScalars.count <= Self.longest else { throw .tooLong }
    booking = occasion.booking
    tutor = occasion.tutor
    author = occasion.learner
    stars = draft.stars
    words = draft.words
    aspects = draft.aspects
  }
}

/// What the form holds between two tries.
struct ReviewDraft: Equatable, Sendable {
  var stars = 0
  var words = ""
  var aspects: [Review.Aspect: Int] = [:]
}
