import Core
import Crypto
import Postgres
import Site
import Web

/// What the address at the foot of a letter ends: letters about one topic, for one reader.
struct Exit: Equatable, Sendable {
  let reader: ID<User>
  let topic: Topic

  init(_ reader: ID<User>, _ topic: Topic) {
    self.reader = reader
    self.topic = topic
  }
}

/// Addresses that need no sign-in (RFC 8058): whoever holds one may end those letters and have them again, nothing else.
/// They do not run out, for letters are kept for years; they end with the site's secret.
struct Exits: Sendable {
  private let key: [UInt8]

  init(secret: String) { key = HMAC.sign("unsubscribe", key: Array(secret.utf8)) }

  /// `<reader and topic>.<signature>`, both base64url.
  func token(for exit: Exit) -> String {
    let head = Base64.url(Array("\(exit.reader) \(exit.topic.rawValue)".utf8))
    return head + "." + Base64.url(Array(HMAC.sign(head, key: key).prefix(16)))
  }

  /// Nothing when it was not made here, or the topic cannot be ended any more.
  func read(_ token: String) -> Exit? {
    let halves = token.pieces(at: ".").map(String.init)
    guard token.utf8.count <= 200, halves.count == 2, let signature = Base64.decodeURL(halves[1]),
      constantTimeEqual(signature, Array(HMAC.sign(halves[0], key: key).prefix(16))),
      let words = Base64.decodeURL(halves[0]).map({
        String(decoding: $0, as: UTF8.self).pieces(at: " ").map(String.init)
      }),
      words.count == 2, let reader = ID<User>(words[0]), let topic = Topic(rawValue: words[1]),
      topic.choices.contains(.mail)
    else { return nil }
    return Exit(reader, topic)
  }
}

extension NoticesFeature {
  /// Mail scanners follow links, so a look changes nothing: the page has a button.
  func showExit(_ request: Request, guest: Guest, token: String) async throws -> Response {
    guard let exit = exits.read(token) else { throw Failure.notFound }
    return try await page(of: exit, token, .asks)
  }

  /// From the button, and from mail programs, which send neither cookie nor form token and follow no redirect
  /// (RFC 8058, 3.2): the address is all the proof there is.
  func leave(_ request: Request, guest: Guest, token: String) async throws -> Response {
    guard let exit = exits.read(token) else { throw Failure.notFound }
    try await database.run(.mute(exit.topic, .mail, for: exit.reader, at: clock.now))
    return try await page(of: exit, token, .left)
  }

  func comeBack(_ request: Request, guest: Guest, token: String) async throws -> Response {
    guard let exit = exits.read(token) else { throw Failure.notFound }
    try await database.run(.unmute(exit.topic, .mail, for: exit.reader))
    return try await page(of: exit, token, .cameBack)
  }

  /// In the language of the letter's reader, whoever looks: it says of them only what the letter said.
  private func page(of exit: Exit, _ token: String, _ state: ExitPage.State) async throws -> Response {
    guard let reader = try await database.first(.readerOf(exit.reader)) else { throw Failure.notFound }
    let context = site.context(language: Language(rawValue: reader.0) ?? .english, zone: reader.1 ?? "")
    return site.page(ExitPage(topic: exit.topic, token: token, state: state), on: context).unstored
  }
}
