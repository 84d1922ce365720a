package import Core
import Crypto

/// Somebody's mail box. Cannot hold what would break out of a header or an SMTP command.
package struct MailAddress: Sendable, Hashable {
  package let name: String
  package let address: String

  /// Nothing unless there is something on both sides of one last `@`, at most 254 bytes in all, without spaces, control
  /// characters, quotes, commas or angle brackets. Whether anybody reads it only the mail itself can tell.
  package init?(_ address: String, name: String = "") {
    let bytes = Array(address.utf8)
    guard bytes.count <= 254, let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0, at <= 64, at < bytes.count - 1,
      address.unicodeScalars.allSatisfy({
        $0.value > 0x20 && !(0x7F...0xA0).contains($0.value) && !"<>\"(),:;[]\\".unicodeScalars.contains($0)
      }),
      bytes.count(where: { $0 == UInt8(ascii: "@") }) == 1, bytes[at + 1] != UInt8(ascii: "."),
      bytes[at + 1] != UInt8(ascii: "-"),
      bytes.last != UInt8(ascii: ".")
    else { return nil }
    self.address = address
    self.name = name
  }

  /// By scalars, as the address was judged: an `@` with an accent is one character, and still an `@`.
  var domain: String { String(String.UnicodeScalarView(address.unicodeScalars.split(separator: "@").last ?? [])) }

  /// Reads `Name <address>` or a bare address, as settings give them.
  package init?(reading setting: String) {
    let text = setting.trimmingSpaces()
    guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
      self.init(text)
      return
    }
    self.init(String(text[text.index(after: open)...].dropLast()), name: text[..<open].trimmingSpaces())
  }
}

/// A mail, as its parts. ``bytes`` makes it RFC 5322 and MIME.
package struct MailMessage: Sendable {
  /// An iCalendar object the reader's calendar acts on (RFC 6047).
  package struct Invitation: Sendable {
    package enum Method: String, Sendable, Codable {
      case request = "REQUEST"
      case cancel = "CANCEL"
      case publish = "PUBLISH"
    }
    package let method: Method
    package let calendar: String
    package init(_ method: Method, calendar: String) {
      self.method = method
      self.calendar = calendar
    }
  }

  package struct Attachment: Sendable {
    package let filename: String
    /// `image/png`; what is not a plain type becomes `application/octet-stream`.
    package let mediaType: String
    package let bytes: [UInt8]
    package init(filename: String, mediaType: String, bytes: [UInt8]) {
      self.filename = filename
      self.mediaType = mediaType
      self.bytes = bytes
    }
  }

  /// The left side of the Message-ID. The same for every attempt, so that a mail delivered twice is one to its reader.
  package var id: String
  package var from: MailAddress
  package var to: [MailAddress]
  package var replyTo: MailAddress?
  package var subject: String
  package var text: String
  package var html: String?
  package var invitation: Invitation?
  package var attachments: [Attachment]
  /// An https address that stops this kind of mail with one POST (RFC 8058).
  package var unsubscribe: String?
  package var date: Instant

  package init(
    id: String = Random.token(bytes: 16), from: MailAddress, to: [MailAddress], replyTo: MailAddress? = nil,
    subject: String,
    text: String, html: String? = nil, invitation: Invitation? = nil, attachments: [Attachment] = [],
    unsubscribe: String? = nil,
    date: Instant
  ) {
    self.id = id
    self.from = from
    self.to = to
    self.replyTo = replyTo
    self.subject = subject
    self.text = text
    self.html = html
    self.invitation = invitation
    self.attachments = attachments
    self.unsubscribe = unsubscribe
    self.date = date
  }

  /// The message with CRLF line ends, every line within 998 bytes, all headers in ASCII (but addresses beyond it, which
  /// need SMTPUTF8). Whatever the fields hold, there are exactly the headers and parts that belong.
  package var bytes: [UInt8] {
    var out = Lines()
    out.line("Date: " + Self.date(date))
    out.line("From: " + Self.mailbox(from))
    out.line("To: " + to.map(Self.mailbox).joined(separator: ",\r\n "))
    if let replyTo { out.line("Reply-To: " + Self.mailbox(replyTo)) }
    out.line("Message-ID: <" + Self.printable(id) + "@" + from.domain + ">")
    out.line("Subject: " + EncodedWord.text(subject))
    if let unsubscribe {
      out.line("List-Unsubscribe: <" + Self.printable(unsubscribe) + ">")
      out.line("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    }
    // Keeps out-of-office answers from answering (RFC 3834).
    out.line("Auto-Submitted: auto-generated")
    out.line("MIME-Version: 1.0")
    body.write(to: &out)
    return out.bytes
  }

  private var body: MailPart {
    var alternatives = [MailPart.text("text/plain; charset=utf-8", text)]
    if let html { alternatives.append(.text("text/html; charset=utf-8", html)) }
    if let invitation {
      alternatives.append(
        .file(
          "text/calendar; charset=utf-8; method=\(invitation.method.rawValue)", nil, Array(invitation.calendar.utf8)))
    }
    let words = alternatives.count == 1 ? alternatives[0] : .multipart("alternative", alternatives)
    guard !attachments.isEmpty else { return words }
    return .multipart(
      "mixed", [words] + attachments.map { .file(Self.mediaType($0.mediaType), $0.filename, $0.bytes) })
  }

  /// `Fri, 20 Nov 2026 17:30:00 +0000` (RFC 5322, 3.3).
  static func date(_ instant: Instant) -> String {
    let seconds = instant.seconds
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let (year, month, date) = Instant.civil(day)
    let rest = seconds - day * 86_400
    func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(days[Int(((day % 7) + 7) % 7)]), \(two(date)) \(months[Int(month) - 1]) \(year) "
      + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) +0000"
  }

  private static func mailbox(_ address: MailAddress) -> String {
    address.name.isEmpty ? address.address : EncodedWord.phrase(address.name) + " <" + address.address + ">"
  }

  /// Leaves printable ASCII without brackets; the rest is percent-encoded.
  private static func printable(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8.prefix(900) {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "<"), byte != UInt8(ascii: ">"), byte != UInt8(ascii: "\"") {
        out.append(byte)
      } else {
        out.append(contentsOf: "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func mediaType(_ text: String) -> String {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain =
      halves.count == 2
      && halves.allSatisfy { half in
        (1...100).contains(half.utf8.count)
          && half.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "+-.".utf8.contains($0)
          }
      }
    return isPlain && halves[0] != "multipart" && halves[0] != "message" ? text : "application/octet-stream"
  }
}
