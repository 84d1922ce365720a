import Core
import HTML
import Site

/// After the lesson: what was, and the one next step.
struct EndedPage: View {
  let booking: ID<Booking>
  let role: LessonRoom.Role
  let subject: String
  let otherName: String
  /// Minutes both were in the room; nothing when they never met.
  let minutesTogether: Int?
  let isOver: Bool
  let messages: [KeptMessage]

  struct KeptMessage: Sendable {
    let name: String
    let text: String
    let at: Instant
  }

  var layout: Layout { .narrow }
  var sheets: [String] { ["room"] }

  func title(_ page: PageContext) -> String { page.t(isOver ? "room.over.title" : "room.gone.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let words =
      !isOver
      ? t("room.gone.words", name: otherName)
      : minutesTogether.map {
        t("room.over.words", subject: subject, name: otherName, minutes: t("site.minutes", count: max(1, $0)))
      }
        ?? t("room.over.never", name: otherName)
    let next: HTML =
      if !isOver {
        page.buttonLink(t("room.gone.back"), to: Doors.classroom(booking), "primary", icon: "door")
      } else if role == .learner, minutesTogether != nil {
        page.buttonLink(t("room.over.review"), to: Doors.review(booking), "primary", icon: "star")
      } else {
        page.buttonLink(t("room.over.dashboard"), to: Doors.dashboard(), "primary", icon: "home")
      }
    return """
      <div class="empty">\(page.art("lesson"))<h1>\(title(page))</h1><p>\(words)</p>
      <div class="actions">\(next)\(page.buttonLink(t("room.toBooking"), to: Doors.booking(booking), "quiet"))</div></div>
      \(kept(page))
      """
  }

  /// What was written in the room stays with the booking.
  private func kept(_ page: PageContext) -> HTML? {
    guard !messages.isEmpty else { return nil }
    let rows: [HTML] = messages.map { message in
      """
      <li class="message"><div><p class="message-who"><strong>\(message.name)</strong> <time datetime="\(message.at.rfc3339)">\(page.timeText(message.at))</time></p><div class="message-text">\(message.text)</div></div></li>
      """
    }
    return """
      <section class="section"><h2>\(page.t("room.over.chat"))</h2><ol class="chat-log kept">\(rows)</ol></section>
      """
  }
}
