import Core

/// What a person may change of themselves.
struct AccountProfile: Equatable, Sendable {
  let fullName: String
  let language: Language
  let zone: String
  let department: String?
  let yearOfStudy: Int?
  let learningGoals: String?

  typealias Refusal = Registration.Refusal

  init(_ draft: Draft, isZone: (String) -> Bool) throws(Registration.Refusals) {
    var refusals: [Refusal] = []
    func refuse(_ field: String, _ reason: String) { refusals.append(Refusal(field: field, reason: reason)) }
    let name = draft.fullName.trimmingSpaces()
    if name.isEmpty { refuse("full_name", "missing") }
    if name.unicodeScalars.count > 120 { refuse("full_name", "tooLong") }
    if !isZone(draft.zone) { refuse("timezone", "unknown") }
    let language = Language(offered: draft.language)
    if language == nil { refuse("locale", "unknown") }
    if draft.department.unicodeScalars.count > 120 { refuse("department", "tooLong") }
    if draft.learningGoals.unicodeScalars.count > 2000 { refuse("learning_goals", "tooLong") }
    var year: Int?
    if !draft.yearOfStudy.isEmpty {
      year = Int(draft.yearOfStudy)
      if year.map({ !(1...12).contains($0) }) ?? true { refuse("year_of_study", "outOfRange") }
    }
    guard refusals.isEmpty, let language else { throw Registration.Refusals(list: refusals) }
    fullName = name
    self.language = language
    zone = draft.zone
    department = draft.department.isEmpty ? nil : draft.department
    yearOfStudy = year
    learningGoals = draft.learningGoals.isEmpty ? nil : draft.learningGoals
  }

  struct Draft: Equatable, Sendable {
    var fullName = ""
    var language = ""
    var zone = ""
    var department = ""
    var yearOfStudy = ""
    var learningGoals = ""
  }
}
