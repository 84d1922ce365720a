import Core
import Crypto
import HTML
import JSON
import Push

@testable import Outbound
@testable import Site
@testable import Time

extension FuzzTarget {
  static let json = FuzzTarget("json") { bytes in
    guard let value = try? JSON.read(bytes) else { return }
    let written = value.bytes
    guard let again = try? JSON.read(written) else { fatalError("broken: what is written cannot be read") }
    hold(again == value && again.bytes == written, "what is written is read back")
    _ = try? value.decode([String: JSON].self)
    _ = value["a"]?.instant
    _ = value["a"]?.money
  }

  static let tokens = FuzzTarget("tokens") { bytes in
    let token = text(bytes), now = Instant(seconds: 1_800_000_000), secret = [UInt8](repeating: 7, count: 32)
    hold((try? JWT.verify(token, secret: secret, at: now)) == nil, "nobody signs by chance")
    // The claims alone: a signed token may hold whatever its signer wrote.
    if let claims = (try? JSON.read(bytes))?.object {
      _ = try? JWT.verify(JWT.sign(claims, secret: secret), secret: secret, at: now, leeway: .seconds(60))
    }
    if let ring = KeyRing(setting: token) { _ = ring.verify(token, purpose: "p", at: now) }
    let ring = KeyRing(Key(id: "k1", secret: secret)!)
    hold(ring.open(token, context: "c") == nil, "nobody seals by chance")
    hold(ring.verify(token, purpose: "p", at: now) == nil, "nobody signs by chance")
  }

  static let base64 = FuzzTarget("base64") { bytes in
    hold(Base64.decodeURL(Base64.url(bytes)) == bytes, "Base64 turns back")
    hold(Base64.decode(Base64.encode(bytes)) == bytes, "Base64 turns back")
    hold(Hex.decode(Hex.encode(bytes)) == bytes, "hexadecimal turns back")
    _ = Base64.decode(text(bytes))
    _ = Base64.decodeURL(text(bytes))
    _ = Hex.decode(text(bytes))
    if let cursor = PageCursor(text(bytes)) {
      let again = PageCursor(PageCursor(key: cursor.key, id: cursor.id).text)
      hold(again?.key == cursor.key && again?.id == cursor.id, "a cursor turns back")
    }
  }

  static let instants = FuzzTarget("instants", longest: 80) { bytes in
    let word = text(bytes)
    if let instant = Instant(rfc3339: word) {
      hold(Instant(rfc3339: instant.rfc3339) == instant || instant.rfc3339.utf8.count != 20, "an instant turns back")
    }
    if let date = CivilDate(word) { hold(CivilDate(date.description) == date, "a date turns back") }
    _ = CivilTime(word)
    _ = Zone(word)
    _ = ID<User>(word).map { hold(ID<User>($0.description) == $0, "a key turns back") }
    _ = Currency(word)
  }

  static let markdown = FuzzTarget("markdown") { bytes in
    let page = Markdown.render(text(bytes)).text.lowercased()
    for danger in ["<script", "<iframe", "<img", "href=\"javascript:", "href=\"data:", "href=\"vbscript:"] {
      hold(!page.contains(danger), "nothing that runs is rendered")
    }
  }

  static let messages = FuzzTarget("messages", longest: 1024) { bytes in
    guard let message = try? Message(parsing: text(bytes)) else { return }
    _ = message.wording(["name": "Ada", "count": 3], plural: { $0 == 1 ? "one" : "other" })
  }

  static let zones = FuzzTarget("zones", longest: 8192) { bytes in _ = ZoneFile.table(bytes) }

  static let calendar = FuzzTarget("calendar") { bytes in
    let words = lines(bytes.map { $0 == 13 ? 32 : $0 }, 6)
    let start = Instant(seconds: 1_800_000_000)
    // A newline within one text comes as the two characters people cannot see apart from one.
    func sly(_ word: String) -> String { word.replacing("\\n", with: "\r\n") }
    let event = CalendarDocument.Event(
      uid: "1@tutalink", sequence: 1, during: start..<start + .hours(1), stamp: start, summary: sly(words[0]),
      description: sly(words[1]), location: sly(words[2]), url: sly(words[3]), status: .confirmed,
      organizer: .init(name: sly(words[4]), mail: "a@example.org"),
      attendees: [.init(name: sly(words[5]), mail: "b@example.org")])
    let text = CalendarDocument(.request, product: "-//T//T//EN", events: [event]).text
    let begins = text.split(separator: "\r\n").filter { $0.hasPrefix("BEGIN:") || $0.hasPrefix("ATTENDEE") }
    hold(begins.count == 3, "nobody's words open a line of their own")
  }

  /// What a browser says of itself: where it is told, and its keys.
  static let push = FuzzTarget("push", longest: 2048) { bytes in
    let words = lines(bytes, 3)
    guard let target = try? PushTarget(endpoint: words[0], publicKey: words[1], authentication: words[2]) else {
      return
    }
    hold(target.endpoint.begins(target.origin + "/"), "an endpoint begins with its origin")
    let host = target.origin.utf8.dropFirst(8)
    hold(
      target.origin.begins("https://") && !host.contains { "@:/\\?#[]".utf8.contains($0) },
      "an origin names a host and nothing else")
    hold(PushSeal.seal([1], for: target).count == 104, "a message for whoever has got by can be sealed")
  }

  static let mailAddresses = FuzzTarget("mail-addresses", longest: 512) { bytes in
    let words = lines(bytes, 2)
    let address = MailAddress(reading: words[0]) ?? MailAddress(words[0], name: words[1])
    for written in [EncodedWord.text(text(bytes)), EncodedWord.phrase(text(bytes))] {
      hold(!written.replacing("\r\n ", with: "").contains { $0.isNewline && $0 != " " }, "a header is one folded line")
    }
    guard let address else { return }
    hold(!address.address.utf8.contains { $0 <= 32 || $0 == 127 }, "an address opens no line")
    let mail = MailMessage(
      id: "1", from: address, to: [address], subject: text(bytes), text: text(bytes), unsubscribe: words[1],
      date: Instant(seconds: 1_800_000_000))
    let head = text(mail.bytes).split(separator: "\r\n\r\n").first ?? ""
    hold(!head.split(separator: "\r\n").contains { $0.lowercased().hasPrefix("bcc") }, "nobody's words add a header")
  }
}
