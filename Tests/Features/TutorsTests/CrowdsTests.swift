import Core
import Postgres
import Testing

@testable import Tutors

@Suite struct CrowdsTests {
  private func asking(_ rates: ClosedRange<Int>?, subject: String = "algebra") -> TutorSearch {
    var search = TutorSearch()
    search.subject = subject
    (search.rateMin, search.rateMax) = (rates?.lowerBound, rates?.upperBound)
    return search
  }

  private let now = Instant(seconds: 1_800_000_000)
  private let stamp = Stamp(run: 1, number: 7)

  @Test func `who asks for more rates finds at least as many, and nothing else is concluded`() {
    let crowds = Crowds()
    #expect(!crowds.isKnown(asking(20...60), at: stamp, now))
    crowds.learn(asking(30...50), at: stamp, now)
    for wider in [30...50, 20...60, 30...51, 29...50] { #expect(crowds.isKnown(asking(wider), at: stamp, now)) }
    #expect(crowds.isKnown(asking(nil), at: stamp, now))
    for other in [31...50, 30...49, 40...90] { #expect(!crowds.isKnown(asking(other), at: stamp, now)) }
    #expect(!crowds.isKnown(asking(20...60, subject: "piano"), at: stamp, now))
    var rated = asking(20...60)
    rated.ratingMin = 4000
    #expect(!crowds.isKnown(rated, at: stamp, now))
    var online = asking(20...60)
    online.mode = "online"
    #expect(!crowds.isKnown(online, at: stamp, now))
  }

  @Test func `nothing known outlives a change of the listings`() {
    let crowds = Crowds()
    crowds.learn(asking(30...50), at: stamp, now)
    for later in [Stamp(run: 1, number: 8), Stamp(run: 2, number: 7)] {
      #expect(!crowds.isKnown(asking(20...60), at: later, now))
    }
    crowds.learn(asking(35...90), at: Stamp(run: 1, number: 8), now)
    #expect(crowds.isKnown(asking(35...90), at: Stamp(run: 1, number: 8), now))
  }

  @Test func `the narrowest that was enough is what is kept`() {
    let crowds = Crowds()
    crowds.learn(asking(10...90), at: stamp, now)
    crowds.learn(asking(30...50), at: stamp, now)
    crowds.learn(asking(20...60), at: stamp, now)
    #expect(crowds.isKnown(asking(25...55), at: stamp, now))
  }

  /// Against counting, over many tutors and questions.
  @Test func `what is said to be a crowd is one`() {
    let rates = (0..<3000).map { $0 * $0 * 7919 % 200 }
    let crowds = Crowds()
    var concluded = 0
    for turn in 0..<2000 {
      let from = turn * 61 % 200
      let range = from...min(200, from + turn * 89 % 200)
      let count = rates.count { range.contains($0) }
      if crowds.isKnown(asking(range), at: stamp, now) {
        concluded += 1
        #expect(count > TutorSearch.countCap, "\(range) finds \(count)")
      } else if count > TutorSearch.countCap {
        crowds.learn(asking(range), at: stamp, now)
      }
    }
    #expect(concluded > 0)
  }
}
