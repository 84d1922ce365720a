import Core
package import Site

/// Who else learns something, as this site is set up. Each has its sentence in the standard text.
package enum Outsider: String, CaseIterable, Sendable {
  /// A payment gateway, and the one that only plays at it.
  case payment, simulatedPayment
  /// A mail server, and none: letters stay in the outbox.
  case mail, outbox
  case turnstile, hcaptcha, recaptcha
  /// STUN or TURN servers of the live room.
  case relay
  /// The push services of browsers' vendors, for who asks for it.
  case push
}

/// The text that stands until an administrator has written one: what this software keeps and does, and nothing that it
/// does not know.
package struct StandardText: Sendable {
  let outsiders: [Outsider]

  package init(outsiders: [Outsider]) { self.outsiders = outsiders }

  private static let parts: [LegalDocument: [String]] = [
    .terms: ["what", "account", "booking", "lessons", "conduct", "promise"],
    .privacy: ["kept", "seen", "cookies", "outsiders", "rights"],
  ]

  /// Markdown, in the language of the page.
  package func words(_ document: LegalDocument, _ page: PageContext) -> String {
    let t = page.t
    let values: [String: any MessageValue] = [
      "site": page.site.name, "status": Doors.status(), "account": Doors.account(), "security": Doors.security(),
      "privacy": Doors.privacy(),
    ]
    return (Self.parts[document] ?? []).map { part in
      let title = t.sentence("legal.standard.\(document.rawValue).\(part).title", [:])
      var words = t.sentence("legal.standard.\(document.rawValue).\(part)", values)
      if part == "outsiders" {
        words +=
          "\n\n" + outsiders.map { "- " + t.sentence("legal.outsider.\($0.rawValue)", values) }.joined(separator: "\n")
      }
      return "## \(title)\n\n\(words)"
    }.joined(separator: "\n\n")
  }
}
