package import Core

/// An e-mail address as mail servers take it: one `@`, a dot in the domain, nothing that could open a header.
package struct EmailAddress: Hashable, Sendable {
  package let text: String

  package init?(_ given: String) {
    let text = given.trimmingSpaces().lowercased()
    guard text.utf8.count <= 254, text.utf8.allSatisfy({ $0 > 32 && $0 != 127 && !"<>()[],;:\\\"".utf8.contains($0) })
    else { return nil }
    // By bytes, as mail servers read it: an `@` or a point with an accent is still one.
    let halves = text.pieces(at: "@", keepsEmpty: true)
    guard halves.count == 2, (1...64).contains(halves[0].utf8.count) else { return nil }
    let labels = halves[1].pieces(at: ".", keepsEmpty: true)
    guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty && !$0.begins("-") && !$0.ends("-") }) else { return nil }
    guard halves[0].pieces(at: ".", keepsEmpty: true).allSatisfy({ !$0.isEmpty }) else { return nil }
    self.text = text
  }
}

/// What a password must be: long enough, of more than one kind of character, and not what everybody tries first.
package enum PasswordPolicy {
  package static let shortest = 10
  package static let longest = 200

  package enum Refusal: String, Error, Equatable { case tooShort, tooLong, oneKind, common, personal }

  /// `personal` words (name, username, address) may not be the password's core.
  package static func judge(_ password: String, personal: [String]) -> Refusal? {
    guard password.count >= shortest else { return .tooShort }
    guard password.utf8.count <= longest else { return .tooLong }
    let kinds = [
      password.contains(where: \.isLetter), password.contains(where: \.isNumber),
      password.contains { !$0.isLetter && !$0.isNumber },
    ].count { $0 }
    guard kinds >= 2 else { return .oneKind }
    let folded = password.lowercased()
    let core = folded.filter(\.isLetter)
    if commonCores.contains(core) || Set(folded).count < 5 { return .common }
    for word in personal.map({ $0.lowercased() }) where word.count >= 4 {
      if folded.contains(word), folded.count - word.count < 5 { return .personal }
    }
    return nil
  }

  /// The letters of passwords that lists of stolen ones begin with.
  private static let commonCores: Set<String> = [
    "password", "passwort", "passw", "qwerty", "qwertyuiop", "qwertz", "letmein", "welcome", "iloveyou", "admin",
    "administrator", "monkey", "dragon", "sunshine", "princess", "football", "baseball", "abcdef", "abcdefgh", "abc",
    "changeme",
    "secret", "master", "login", "asdfghjkl", "zxcvbnm", "superman", "trustno", "tutalink", "test", "testtest",
  ]
}

/// What a newcomer says of themselves, judged before anything is created.
package struct Registration: Equatable, Sendable {
  package let email: EmailAddress
  package let username: String
  package let fullName: String
  package let password: String
  package let role: Role
  package let zone: String
  package let language: Language
  package let department: String?
  package let yearOfStudy: Int?
  package let gpa: GPA?

  package enum Role: String, Sendable { case learner, tutor }

  /// A grade point average with the scale it stands on, in hundredths.
  package struct GPA: Equatable, Sendable {
    package let hundredths: Int
    package let scaleHundredths: Int
  }

  /// One field's refusal; the sentence is `accounts.refusal.<field>.<reason>`.
  package struct Refusal: Error, Equatable {
    package let field: String
    package let reason: String
  }

  package struct Refusals: Error, Equatable { package let list: [Refusal] }

  /// Reads the draft; every field that is refused is named at once, so that nobody mends a form five times.
  package init(_ draft: Draft, isZone: (String) -> Bool) throws(Refusals) {
    var refusals: [Refusal] = []
    func refuse(_ field: String, _ reason: String) { refusals.append(Refusal(field: field, reason: reason)) }

    let email = EmailAddress(draft.email)
    if email == nil { refuse("email", draft.email.isEmpty ? "missing" : "malformed") }
    let name = draft.fullName.trimmingSpaces()
    if name.isEmpty { refuse("full_name", "missing") }
    if name.unicodeScalars.count > 120 { refuse("full_name", "tooLong") }
    let username = draft.username.trimmingSpaces().lowercased()
    if username.isEmpty {
      refuse("username", "missing")
    } else if !Self.isUsername(username) {
      refuse("username", "malformed")
    }
    if let refusal = PasswordPolicy.judge(
      draft.password, personal: [name, username] + draft.email.split(separator: "@").prefix(1).map(String.init))
    {
      refuse("password", refusal.rawValue)
    }
    let role = Role(rawValue: draft.role)
    if role == nil { refuse("role", "missing") }
    let zone = draft.zone.isEmpty ? "UTC" : draft.zone
    if !isZone(zone) { refuse("timezone", "unknown") }
    if draft.department.unicodeScalars.count > 120 { refuse("department", "tooLong") }
    var year: Int?
    if !draft.yearOfStudy.isEmpty {
      year = Int(draft.yearOfStudy)
      if year.map({ !(1...12).contains($0) }) ?? true { refuse("year_of_study", "outOfRange") }
    }
    var gpa: GPA?
    if !draft.gpa.isEmpty {
      let scale = draft.gpaScale.isEmpty ? 400 : Self.hundredths(draft.gpaScale)
      if let value = Self.hundredths(draft.gpa), let scale, scale > 0, scale <= 10_000, value <= scale {
        gpa = GPA(hundredths: value, scaleHundredths: scale)
      } else {
        refuse("gpa", "outOfRange")
      }
    }
    if !draft.acceptsTerms { refuse("accept_terms", "missing") }
    guard refusals.isEmpty, let email, let role else { throw Refusals(list: refusals) }
    self.email = email
    self.username = username
    fullName = name
    password = draft.password
    self.role = role
    self.zone = zone
    language = Language(offered: draft.language) ?? .english
    department = draft.department.isEmpty ? nil : draft.department
    yearOfStudy = year
    self.gpa = gpa
  }

  /// Three to thirty of a–z, 0–9, dot, dash and underscore, beginning with a letter or digit.
  package static func isUsername(_ text: String) -> Bool {
    let letters = text.utf8
    guard (3...30).contains(letters.count), let first = letters.first, isLetterOrDigit(first) else { return false }
    return letters.allSatisfy { isLetterOrDigit($0) || $0 == 45 || $0 == 46 || $0 == 95 }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }

  /// `3.7` → 370. At most two decimals; a comma is read as a point.
  static func hundredths(_ text: String) -> Int? {
    let halves = text.trimmingSpaces().replacing(",", with: ".").split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(halves.count), let whole = Int(halves[0]), (0...100).contains(whole) else { return nil }
    guard halves.count == 2 else { return whole * 100 }
    guard (1...2).contains(halves[1].count), let rest = Int(halves[1]), rest >= 0 else { return nil }
    return whole * 100 + (halves[1].count == 1 ? rest * 10 : rest)
  }

  /// What the form holds between two tries.
  package struct Draft: Equatable, Sendable {
    package var email = ""
    package var username = ""
    package var fullName = ""
    package var password = ""
    package var role = ""
    package var zone = ""
    package var language = ""
    package var department = ""
    package var yearOfStudy = ""
    package var gpa = ""
    package var gpaScale = ""
    package var acceptsTerms = false
    package init() {}
  }
}
