package import Core
package import Web

/// What is worth an entry. Its name is kept for good: words may change, names may not.
package enum AuditAct: String, Sendable, CaseIterable {
  case signInFailures = "sign-in.failures"
  case passwordChanged = "password.changed"
  case passwordReset = "password.reset"
  case emailChanged = "email.changed"
  case factorAdded = "second-factor.added"
  case factorRemoved = "second-factor.removed"
  case recoveryCodeUsed = "second-factor.recovery-used"
  case recoveryCodesMade = "second-factor.codes-made"
  case factorResting = "second-factor.resting"
  case roleGranted = "role.granted"
  case roleTaken = "role.taken"
  case suspended = "account.suspended"
  case restored = "account.restored"
  case merged = "account.merged"
  case exported = "account.exported"
  case booksExported = "books.exported"
  case erased = "account.erased"
  case tutorVerified = "tutor.verified"
  case tutorSentBack = "tutor.sent-back"
  case credentialJudged = "credential.judged"
  case refunded = "payment.refunded"
  case settingChanged = "setting.changed"
  case jobRerun = "job.rerun"
  case keyMade = "key.made"
  case keyRotated = "key.rotated"
  case keyRetired = "key.retired"
  case maintenanceBegun = "maintenance.begun"
  case maintenanceEnded = "maintenance.ended"
}

/// Who did it, and through what.
package struct AuditOrigin: Sendable, Equatable {
  enum Channel: String { case web, api, command, system }
  let channel: Channel
  let actor: ID<User>?
  /// The neighbourhood alone: the /24 or the /48.
  let address: String?
  let request: String?

  private init(channel: Channel, actor: ID<User>? = nil, address: String? = nil, request: String? = nil) {
    self.channel = channel
    self.actor = actor
    self.address = address
    self.request = request
  }

  /// The person behind a request. Before somebody is signed in, `actor` says who it is.
  package init(_ request: Request, actor: ID<User>? = nil) {
    self.init(
      channel: request.isAPI ? .api : .web, actor: actor ?? request.identity?.user,
      address: AddressRange.neighbourhood(of: request.address), request: request.id)
  }

  /// Somebody with a shell on the machine.
  package static let command = AuditOrigin(channel: .command)
  /// The house itself, by a schedule or a rule.
  package static let system = AuditOrigin(channel: .system)
}

/// To what it was done.
package struct AuditSubject: Sendable, Equatable {
  let kind: String
  let id: String

  package static func user(_ id: ID<User>) -> Self { Self(kind: "user", id: id.description) }
  package static func booking(_ id: ID<Booking>) -> Self { Self(kind: "booking", id: id.description) }
  package static func payment(_ id: ID<Payment>) -> Self { Self(kind: "payment", id: id.description) }
  /// Any other row, under the name of its kind.
  package static func thing<Of>(_ kind: String, _ id: ID<Of>) -> Self { Self(kind: kind, id: id.description) }
  package static func key(_ name: String) -> Self { Self(kind: "key", id: name) }
  package static func job(_ name: String) -> Self { Self(kind: "job", id: name) }
  /// The books as a whole.
  package static let books = Self(kind: "books", id: "all")
  package static func setting(_ name: String) -> Self { Self(kind: "setting", id: name) }
}

/// What a check of the chain found.
package struct AuditVerification: Sendable, Equatable {
  /// Links that hold, from the first on.
  package let links: Int
  /// The last hash that holds, in base 16. Kept elsewhere, it shows later whether the end was cut off.
  package let head: String
  /// Entries whose link has not been made yet.
  package let waiting: Int
  package let brokenAt: Int?
  package let entry: String?
  package let reason: String?

  package var holds: Bool { brokenAt == nil }

  /// What it found, in words.
  package var sentence: String {
    guard let brokenAt else {
      return "The audit log holds: \(links) links, \(waiting) entries wait for theirs. Head: \(head)"
    }
    let entry = entry ?? "?"
    let what =
      switch reason {
      case "gap": "A link is missing before link \(brokenAt) (entry \(entry))."
      case "order":
        "Link \(brokenAt) (entry \(entry)) does not follow the one before it: links were exchanged or removed."
      case "missing": "Link \(brokenAt) stands for the entry \(entry), which is gone."
      case "content": "Entry \(entry), at link \(brokenAt), does not say what it said when it was linked."
      case "unlinked": "Entry \(entry) is in no link and does not wait for one: its link was removed, or never made."
      case "late": "Entry \(entry) has waited for its link for over an hour: does a server run?"
      default: "Link \(brokenAt) (entry \(entry)) does not hold."
      }
    return "The audit log is broken. \(what) \(links) links before it hold; the last good hash is \(head)"
  }
}
