package import Core

/// What a person may be on this site. A set, not a choice: the same person may learn, tutor and guard.
package enum Role: String, Sendable, Hashable, CaseIterable, Codable {
  case learner, tutor, guardian
  /// Those who keep the site.
  case admin, moderator, support, finance

  package var isStaff: Bool {
    switch self {
    case .admin, .moderator, .support, .finance: true
    case .learner, .tutor, .guardian: false
    }
  }
}

/// Who is asking, proven. Made by whoever keeps the accounts, once a request.
package struct Identity: Sendable {
  /// How the proof came. A cookie is sent by the browser whoever asks it to, and therefore needs a second proof
  /// (``Request/csrf``) for what changes anything; a bearer token does not.
  package enum Means: Sendable, Hashable {
    case cookie
    case bearer
  }

  package var user: ID<User>
  package var session: ID<Session>?
  package var username: String
  package var name: String
  package var language: Language
  /// An IANA zone.
  package var zone: String
  package var roles: Set<Role>
  /// The address of the portrait, if there is one.
  package var photo: String?
  package var means: Means
  /// What a personal token is for; nil: everything its owner may do.
  package var scopes: Set<String>?
  /// Whether the person proves themselves by a second factor too. Who has one cannot open a session without it.
  package var hasSecondFactor = false

  package init(
    user: ID<User>, session: ID<Session>? = nil, username: String, name: String, language: Language = .english,
    zone: String = "UTC", roles: Set<Role> = [.learner], photo: String? = nil, means: Means = .cookie,
    scopes: Set<String>? = nil
  ) {
    self.user = user
    self.session = session
    self.username = username
    self.name = name
    self.language = language
    self.zone = zone
    self.roles = roles
    self.photo = photo
    self.means = means
    self.scopes = scopes
  }
}

/// What a viewer is made of. Only the route table makes one, after asking who is there: that is why holding a
/// ``Member`` proves that somebody signed in.
package struct Proof: Sendable {
  package let identity: Identity?
  init(identity: Identity?) { self.identity = identity }
}

/// Why a viewer could not be made.
package enum ProofRefusal: Error, Sendable {
  /// Nobody signed in: a page leads to the sign-in, the API answers 401, a socket closes with 4401.
  case unproven
  /// Somebody did, who may not do this: 403, 4403.
  case notAllowed
}

/// The one for whom a handler works. A route names the type it asks for; the handler is not reached without it.
/// Features may add their own kinds, made from the roles a proof shows.
package protocol Viewer: Sendable {
  init(_ proof: Proof) throws(ProofRefusal)
}

/// Anybody.
package struct Guest: Viewer {
  package let identity: Identity?
  package var id: ID<User>? { identity?.user }
  package init(_ proof: Proof) { identity = proof.identity }
}

/// Somebody signed in.
package struct Member: Viewer {
  package let identity: Identity
  package var id: ID<User> { identity.user }
  package init(_ proof: Proof) throws(ProofRefusal) {
    guard let identity = proof.identity else { throw .unproven }
    self.identity = identity
  }
}

/// Somebody who tutors.
package struct Tutor: Viewer {
  package let identity: Identity
  package var id: ID<User> { identity.user }
  package init(_ proof: Proof) throws(ProofRefusal) {
    guard let identity = proof.identity else { throw .unproven }
    guard identity.roles.contains(.tutor) else { throw .notAllowed }
    self.identity = identity
  }
}

/// Somebody who keeps the site: administration, moderation, support or finance.
package struct Staff: Viewer {
  package let identity: Identity
  package var id: ID<User> { identity.user }
  package init(_ proof: Proof) throws(ProofRefusal) {
    guard let identity = proof.identity else { throw .unproven }
    guard identity.roles.contains(where: \.isStaff) else { throw .notAllowed }
    self.identity = identity
  }
}
