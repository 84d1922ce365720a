import Core
import Jobs
package import Outbound
import Postgres
import Site

/// Writes one waiting mail and hands it to the relay.
struct SendMail: Job {
  static let name = "notices.send-mail"
  let mail: ID<Mail>
}

/// How mail leaves the house.
package struct PostOffice: Sendable {
  let client: SMTPClient
  let relay: SMTPRelay

  package init(client: SMTPClient, relay: SMTPRelay) {
    self.client = client
    self.relay = relay
  }
}

/// The relay did not take a mail now; the job is tried again.
struct NotTakenNow: Error, CustomStringConvertible {
  let reason: String
  var description: String { reason }
}

extension NoticesFeature {
  /// At least once: a crash between the relay's yes and our note sends the mail again, under the same Message-ID, which
  /// readers fold into one.
  func send(_ job: SendMail, _ attempt: Attempt) async throws {
    guard let mail = try await database.first(.waiting(job.mail)) else { return }
    let said = mail.said
    guard said.isWanted else {
      return try await database.run(
        .unsent(mail.id, to: mail.address, subject: nil, state: "dropped", error: "its reader does not want it"))
    }
    guard let text = mail.address, let address = MailAddress(text, name: said.name) else {
      return try await database.run(
        .unsent(mail.id, to: mail.address, subject: nil, state: "dropped", error: "nobody to send it to"))
    }
    if let end = said.hold(at: clock.now) {
      try await database.run(.hold(mail.id, until: end))
      throw NotYet(until: end)
    }
    let page = site.context(language: said.language, zone: said.zone)
    let exit = mail.reader.flatMap { reader in
      said.topic.flatMap { $0.choices.contains(.mail) ? Exit(reader, $0) : nil }
    }
    let leaving = exit.map { site.url + NoticePaths.unsubscription(exits.token(for: $0)) }
    let letter: Letter
    do {
      letter = try Letter(
        said.kind, said.values, link: said.link, to: said.name, leaving: leaving, about: exit?.topic, page)
    } catch {
      try await database.run(
        .unsent(mail.id, to: text, subject: nil, state: "failed", error: "there are no words for \(said.kind)"))
      throw Hopeless("there are no words for \(said.kind)")
    }
    guard let office else { return try await database.run(.keepInOutbox(mail.id, to: text, letter)) }

    let message = MailMessage(
      id: mail.id.description, from: sender, to: [address], subject: letter.subject, text: letter.text,
      html: letter.html,
      invitation: mail.calendar.flatMap { part in
        MailMessage.Invitation.Method(rawValue: part.method.rawValue).map { .init($0, calendar: part.text) }
      }, unsubscribe: leaving, date: clock.now)
    guard let outcome = try await office.client.deliver(message, via: office.relay).first?.outcome else { return }
    switch outcome {
    case .accepted(let reply):
      try await database.run(.sent(mail.id, to: text, subject: letter.subject, reply: reply, at: clock.now))
    case .rejected(_, let reply):
      try await database.run(.unsent(mail.id, to: text, subject: letter.subject, state: "bounced", error: reply))
    case .tryAgain(let reason):
      try await database.run(
        .unsent(mail.id, to: text, subject: letter.subject, state: attempt.isLast ? "failed" : "queued", error: reason))
      throw NotTakenNow(reason: reason)
    }
  }
}
