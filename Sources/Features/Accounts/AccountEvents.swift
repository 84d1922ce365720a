package import Core
package import Jobs

/// Somebody's address is proven and the account works; tutors get a draft profile, newcomers a welcome.
package struct AccountActivated: Event {
  package static let name = "accounts.activated"
  package let user: ID<User>
}

/// A name, picture, zone or language changed; read models that show them follow.
package struct ProfileChanged: Event {
  package static let name = "accounts.profile-changed"
  package let user: ID<User>
}
