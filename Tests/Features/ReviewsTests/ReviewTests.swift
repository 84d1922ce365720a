import Core
import Testing

@testable import Reviews

@Suite struct ReviewTests {
  private let now = Instant(rfc3339: "2026-11-20T09:00:00Z")!

  private func occasion(finished: Duration? = .hours(2), reviewed: Bool = false) -> Review.Occasion {
    Review.Occasion(
      booking: .new(), tutor: .new(), tutorName: "Ada", tutorSlug: "ada", learner: .new(), subject: "Algebra",
      finishedAt: finished.map { now - $0 }, isReviewed: reviewed)
  }

  private func refusal(_ occasion: Review.Occasion, _ draft: ReviewDraft) -> Review.Refusal? {
    do throws(Review.Refusal) {
      _ = try Review(of: occasion, draft, at: now)
      return nil
    } catch { return error }
  }

  @Test func `a review belongs to a finished lesson, once, while it is remembered`() {
    let draft = ReviewDraft(stars: 5, words: "Clear.", aspects: [.clarity: 5])
    #expect(refusal(occasion(), draft) == nil)
    #expect(refusal(occasion(finished: nil), draft) == .notFinished)
    #expect(refusal(occasion(reviewed: true), draft) == .alreadyReviewed)
    #expect(refusal(occasion(finished: .days(60)), draft) == nil)
    #expect(refusal(occasion(finished: .days(60) + .seconds(1)), draft) == .tooOld)
  }

  @Test func `stars and aspects are one to five, words at most two thousand as the database counts`() {
    for stars in [-1, 0, 6, Int.max] { #expect(refusal(occasion(), ReviewDraft(stars: stars)) == .starsOutOfRange) }
    for stars in 1...5 { #expect(refusal(occasion(), ReviewDraft(stars: stars)) == nil) }
    #expect(refusal(occasion(), ReviewDraft(stars: 4, aspects: [.patience: 0])) == .aspectOutOfRange)
    #expect(refusal(occasion(), ReviewDraft(stars: 4, words: String(repeating: "x", count: 2000))) == nil)
    #expect(refusal(occasion(), ReviewDraft(stars: 4, words: String(repeating: "x", count: 2001))) == .tooLong)
    #expect(refusal(occasion(), ReviewDraft(stars: 4, words: String(repeating: "👨‍👩‍👧‍👦", count: 400))) == .tooLong)
  }
}
