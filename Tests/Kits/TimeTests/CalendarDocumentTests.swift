import Core
import Testing
import Time

@Suite struct CalendarDocumentTests {
  private func document(
    _ method: CalendarDocument.Method = .request, summary: String = "Algebra", description: String = "",
    name: String = "Ada",
    url: String = "", sequence: Int = 0
  ) -> CalendarDocument {
    CalendarDocument(
      method, product: "-//TutaLink//Lessons//EN",
      events: [
        .init(
          uid: "0198c@tutalink.example", sequence: sequence,
          during: instant("2026-11-23T09:00:00Z")..<instant("2026-11-23T10:00:00Z"),
          stamp: instant("2026-11-20T17:30:00Z"),
          summary: summary, description: description, location: "Classroom", url: url,
          organizer: .init(name: "TutaLink", mail: "lessons@tutalink.example"),
          attendees: [.init(name: name, mail: "ada@example.org")])
      ])
  }

  /// The lines of a text, unfolded (RFC 5545, 3.1), and whether each was short enough.
  private func lines(_ text: String) -> [String] {
    #expect(!text.utf8.isEmpty && text.hasSuffix("\r\n"))
    var lines: [[UInt8]] = []
    for line in Array(text.utf8).split(separator: 10) {
      #expect(line.last == 13 && line.count <= 76, "\(String(decoding: line, as: UTF8.self))")
      // A fold inside a letter would make each half invalid.
      #expect(String(validating: line, as: UTF8.self) != nil)
      if line.first == 32 {
        lines[lines.count - 1] += line.dropFirst().dropLast()
      } else {
        lines.append(Array(line.dropLast()))
      }
    }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `an invitation says who, when and which version, in UTC`() {
    let document = document(url: "https://tutalink.example/bookings/0198c", sequence: 3)
    let lines = lines(document.text)
    #expect(lines.first == "BEGIN:VCALENDAR" && lines.last == "END:VCALENDAR")
    for line in [
      "VERSION:2.0", "PRODID:-//TutaLink//Lessons//EN", "METHOD:REQUEST", "UID:0198c@tutalink.example", "SEQUENCE:3",
      "DTSTAMP:20261120T173000Z", "DTSTART:20261123T090000Z", "DTEND:20261123T100000Z", "SUMMARY:Algebra",
      "STATUS:CONFIRMED",
      "LOCATION:Classroom", "URL:https://tutalink.example/bookings/0198c",
      "ORGANIZER;CN=TutaLink:mailto:lessons@tutalink.example",
      "ATTENDEE;CN=Ada;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ada@example.org",
    ] { #expect(lines.contains(line), "\(line) in \(lines)") }
    #expect(document.contentType == "text/calendar; charset=utf-8; method=REQUEST")
  }

  @Test func `a cancellation takes the same entry out`() {
    let lines = lines(document(.cancel, sequence: 4).text)
    for line in ["METHOD:CANCEL", "STATUS:CANCELLED", "UID:0198c@tutalink.example", "SEQUENCE:4"] {
      #expect(lines.contains(line))
    }
    #expect(!lines.contains { $0.contains("RSVP") })
  }

  @Test func `words cannot leave their line`() {
    let hostile = "a;b,c\\d\r\nATTENDEE:mailto:eve@example.org\nend"
    let text = document(
      summary: hostile, description: hostile, name: "Eve\";X=\"1\r\nATTENDEE:mailto:eve@example.org",
      url: "https://x.example/\r\nATTENDEE:mailto:eve@example.org"
    ).text
    let lines = lines(text)
    #expect(lines.count { $0.hasPrefix("ATTENDEE") } == 1)
    #expect(lines.contains("SUMMARY:a\\;b\\,c\\\\d\\nATTENDEE:mailto:eve@example.org\\nend"))
  }

  @Test func `a feed has a title, whose words stay in their line too`() {
    let feed = CalendarDocument(
      .publish, product: "-//TutaLink//Lessons//EN", name: "Lessons; mine\nX-EVIL:1", events: [])
    #expect(lines(feed.text).contains("X-WR-CALNAME;VALUE=TEXT:Lessons; mine\\nX-EVIL:1"))
  }

  @Test func `long and foreign words are folded between letters`() {
    let words = String(repeating: "Алгебра und Größenlehre 数学 🙂 ", count: 20)
    let lines = lines(document(summary: words, description: words).text)
    #expect(lines.contains("SUMMARY:" + words) && lines.contains("DESCRIPTION:" + words))
  }

  @Test func `many threads write at once and all write the same`() async {
    let expected = document().text
    let texts = await withTaskGroup(of: String.self) { group in
      for _ in 0..<200 { group.addTask { self.document().text } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(texts.count == 200 && texts.allSatisfy { $0 == expected })
  }
}
