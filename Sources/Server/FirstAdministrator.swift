import Accounts
import Core
import Crypto
import Glibc
import Loop
import Postgres

/// `tutalink admin create`: makes an administrator with a password typed on standard input, or grants the role to the
/// account that has the address.
struct FirstAdministrator {
  let config: Config
  let log: Log

  init(_ config: Config, log: Log) {
    self.config = config
    self.log = log
  }

  struct Refused: Error, CustomStringConvertible { let description: String }

  func create(email: String, username: String, name: String) async throws {
    guard let address = EmailAddress(email) else { throw Refused(description: "\(email) is no e-mail address.") }
    guard Registration.isUsername(username) else {
      throw Refused(description: "\(username) is no username: 3 to 30 of a–z, 0–9, dot, dash.")
    }
    let loops = LoopGroup(count: 1, log: log)
    let database = Database(url: config.databaseURL, loops: loops, connectionsPerLoop: 2, log: log)
    if let known = try await database.first(
      Query<ID<User>>("select id from users where email = \(address.text)::citext"))
    {
      try await database.run(
        Query<Void>("insert into user_roles (user_id, role) values (\(known), 'admin') on conflict do nothing"))
      print("\(address.text) is an administrator now.")
    } else {
      complain("Password (at least \(PasswordPolicy.shortest) characters): ")
      guard let password = readLine(), PasswordPolicy.judge(password, personal: [name, username]) == nil else {
        throw Refused(
          description:
            "The password is too simple: at least \(PasswordPolicy.shortest) characters, letters and something else.")
      }
      let hash = Password.hash(password)
      let id = ID<User>.new()
      try await database.transaction { tx in
        try await tx.run(
          Query<Void>(
            """
            insert into users (id, email, username, full_name, password_hash, verified_at, terms_accepted_at)
            values (\(id), \(address.text)::citext, \(username)::citext, \(name), \(hash), now(), now())
            """))
        try await tx.run(Query<Void>("insert into user_roles (user_id, role) values (\(id), 'admin')"))
      }
      print("\(address.text) can sign in as an administrator.")
    }
    await database.close()
    loops.stop()
  }
}
