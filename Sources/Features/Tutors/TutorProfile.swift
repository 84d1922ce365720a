import Core

/// A tutor's offer of one subject.
struct SubjectOffer: Equatable, Sendable {
  let subject: ID<Subject>
  /// Minor units an hour in the tutor's currency; 0 is free.
  let hourlyRate: Int
  let durations: [Int]
}

/// How far a profile is, and what is missing before it can be looked at.
struct Completion: Equatable, Sendable {
  /// The facts it is computed of; the handler loads them.
  struct Facts: Equatable, Sendable {
    var hasHeadline = false
    var biographyLength = 0
    var hasExperience = false
    var subjects = 0
    var languages = 0
    var credentials = 0
    var hasPhoto = false
    var hasSample = false
    var hasHours = false
  }

  enum Part: String, CaseIterable, Sendable {
    case headline, biography, experience, subjects, languages, credentials, photo, sample, hours

    var weight: Int {
      switch self {
      case .headline, .experience, .languages, .credentials, .photo: 10
      case .sample: 5
      case .biography: 15
      case .subjects: 20
      case .hours: 10
      }
    }

    /// Without these a profile is not listed, and therefore not sent to be verified.
    var isNeeded: Bool {
      switch self {
      case .headline, .biography, .subjects, .languages: true
      case .experience, .credentials, .photo, .sample, .hours: false
      }
    }
  }

  /// A biography that says something.
  static let shortestBiography = 80

  let missing: [Part]

  init(_ facts: Facts) {
    missing = Part.allCases.filter { part in
      switch part {
      case .headline: !facts.hasHeadline
      case .biography: facts.biographyLength < Self.shortestBiography
      case .experience: !facts.hasExperience
      case .subjects: facts.subjects == 0
      case .languages: facts.languages == 0
      case .credentials: facts.credentials == 0
      case .photo: !facts.hasPhoto
      case .sample: !facts.hasSample
      case .hours: !facts.hasHours
      }
    }
  }

  /// 0 to 100.
  var score: Int { 100 - missing.reduce(0) { $0 + $1.weight } }
  var neededParts: [Part] { missing.filter(\.isNeeded) }
  var isReady: Bool { neededParts.isEmpty }
}

/// Where a profile stands on its way into the directory.
enum ListingState: String, Sendable {
  case draft, submitted, verified, rejected, paused

  enum Act: String, Sendable { case submit, verify, reject, pause, resume }
  enum Refusal: Error, Equatable { case incomplete([Completion.Part]), notPossible }

  /// What the act makes of the state; refused when it does not follow from it.
  func after(_ act: Act, completion: Completion) throws(Refusal) -> ListingState {
    switch (self, act) {
    case (.draft, .submit), (.rejected, .submit):
      guard completion.isReady else { throw .incomplete(completion.neededParts) }
      return .submitted
    case (.submitted, .verify), (.rejected, .verify): return .verified
    case (.submitted, .reject), (.verified, .reject): return .rejected
    case (.verified, .pause): return .paused
    case (.paused, .resume): return .verified
    default: throw .notPossible
    }
  }
}

/// The first step of the profile: who one is as a tutor.
struct TutorAbout: Equatable, Sendable {
  let headline: String
  let biography: String
  let experience: String
  let yearsTeaching: Int?
  let city: String
  let modes: [String]
  let approval: String

  struct Refusal: Error, Equatable {
    let field: String
    let reason: String
    /// Of the file that was refused, counted from one.
    var line: Int?
    /// What the field stands at, where the page has it more than once.
    var sample: ID<Sample>?
  }

  struct Refusals: Error, Equatable { let list: [Refusal] }

  struct Draft: Equatable, Sendable {
    var headline = ""
    var biography = ""
    var experience = ""
    var yearsTeaching = ""
    var city = ""
    var modes: [String] = ["online"]
    var approval = "instant"
  }

  init(_ draft: Draft) throws(Refusals) {
    var refusals: [Refusal] = []
    if draft.headline.isEmpty { refusals.append(Refusal(field: "headline", reason: "missing")) }
    if draft.headline.unicodeScalars.count > 120 { refusals.append(Refusal(field: "headline", reason: "tooLong")) }
    if draft.biography.unicodeScalars.count < Completion.shortestBiography {
      refusals.append(Refusal(field: "biography", reason: "tooShort"))
    }
    if draft.biography.unicodeScalars.count > 6000 { refusals.append(Refusal(field: "biography", reason: "tooLong")) }
    if draft.experience.unicodeScalars.count > 3000 { refusals.append(Refusal(field: "experience", reason: "tooLong")) }
    if draft.city.unicodeScalars.count > 80 { refusals.append(Refusal(field: "city", reason: "tooLong")) }
    var years: Int?
    if !draft.yearsTeaching.isEmpty {
      years = Int(draft.yearsTeaching)
      if years.map({ !(0...70).contains($0) }) ?? true {
        refusals.append(Refusal(field: "years_teaching", reason: "outOfRange"))
      }
    }
    let modes = ["online", "in_person"].filter(draft.modes.contains)
    if modes.isEmpty { refusals.append(Refusal(field: "modes", reason: "missing")) }
    if modes.contains("in_person"), draft.city.isEmpty { refusals.append(Refusal(field: "city", reason: "missing")) }
    if !["instant", "request"].contains(draft.approval) {
      refusals.append(Refusal(field: "approval", reason: "missing"))
    }
    guard refusals.isEmpty else { throw Refusals(list: refusals) }
    headline = draft.headline
    biography = draft.biography
    experience = draft.experience
    yearsTeaching = years
    city = draft.city
    self.modes = modes
    approval = draft.approval
  }
}

/// A rate as it is typed: `45`, `45.50`, `45,5`. Minor units; nothing when it is no amount.
func minorUnits(_ text: String, decimals: Int) -> Int? {
  let halves = text.trimmingSpaces().replacing(",", with: ".").split(separator: ".", omittingEmptySubsequences: false)
  guard halves.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
  guard (1...2).contains(halves.count), halves[0].count <= 7, let whole = Int(halves[0]), whole >= 0 else { return nil }
  var units = whole
  for _ in 0..<decimals { units *= 10 }
  guard halves.count == 2 else { return units }
  guard (1...max(1, decimals)).contains(halves[1].count), decimals > 0, var rest = Int(halves[1]), rest >= 0 else {
    return nil
  }
  for _ in halves[1].count..<decimals { rest *= 10 }
  return units + rest
}

/// Minor units as they are typed back into a field.
func typedAmount(_ units: Int, decimals: Int) -> String {
  let text = Money(units, .usd).description.split(separator: " ")[0]
  if decimals == 0 { return String(units) }
  return text.hasSuffix(".00") ? String(text.dropLast(3)) : String(text)
}
