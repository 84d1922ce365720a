import Core
import Testing

@testable import Tutors

@Suite struct TutorProfileTests {
  @Test func `the score is of what is there, and 100 when all is`() {
    #expect(Completion.Part.allCases.reduce(0) { $0 + $1.weight } == 100)
    #expect(Completion(.init()).score == 0)
    let all = Completion.Facts(
      hasHeadline: true, biographyLength: 80, hasExperience: true, subjects: 1, languages: 1, credentials: 1,
      hasPhoto: true, hasSample: true,
      hasHours: true)
    #expect(Completion(all).score == 100 && Completion(all).missing == [])
    var short = all
    short.biographyLength = 79
    #expect(
      Completion(short).score == 85 && Completion(short).neededParts == [.biography] && !Completion(short).isReady)
  }

  @Test func `only the needed parts stand between a profile and its verification`() {
    let needed = Completion.Facts(hasHeadline: true, biographyLength: 200, subjects: 1, languages: 1)
    #expect(Completion(needed).isReady && Completion(needed).score == 55)
  }

  /// Every pair of a state and an act: what follows, or nothing.
  @Test func `each act follows from the states it is meant for and from no other`() {
    let ready = Completion(.init(hasHeadline: true, biographyLength: 200, subjects: 1, languages: 1))
    let allowed: [String: ListingState] = [
      "draft submit": .submitted, "rejected submit": .submitted, "submitted verify": .verified,
      "rejected verify": .verified,
      "submitted reject": .rejected, "verified reject": .rejected, "verified pause": .paused,
      "paused resume": .verified,
    ]
    for state in [ListingState.draft, .submitted, .verified, .rejected, .paused] {
      for act in [ListingState.Act.submit, .verify, .reject, .pause, .resume] {
        let after: ListingState? = try? state.after(act, completion: ready)
        #expect(after == allowed["\(state) \(act)"], "\(state) \(act)")
      }
    }
  }

  @Test func `an unfinished profile is not submitted, and says what is missing`() {
    for state in [ListingState.draft, .rejected] {
      #expect(throws: ListingState.Refusal.incomplete([.headline, .biography, .subjects, .languages])) {
        try state.after(.submit, completion: Completion(.init()))
      }
    }
  }

  @Test func `rates are read as they are typed`() {
    #expect(
      minorUnits("45", decimals: 2) == 4500 && minorUnits("45.5", decimals: 2) == 4550
        && minorUnits("45,05", decimals: 2) == 4505)
    #expect(minorUnits("0", decimals: 2) == 0 && minorUnits("1200", decimals: 0) == 1200)
    for wrong in ["", "-1", "4.555", "1e3", "45.", ".5", "12.", "99999999", "4 5", "٤٥", "0x10", "4.-5", "+5", "4.+5"] {
      #expect(minorUnits(wrong, decimals: 2) == nil, "\(wrong)")
    }
    #expect(minorUnits("12.5", decimals: 0) == nil)
    for units in [0, 1, 10, 99, 100, 4550, 12_345_600] {
      #expect(minorUnits(typedAmount(units, decimals: 2), decimals: 2) == units)
    }
  }
}
