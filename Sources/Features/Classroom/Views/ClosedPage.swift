import Core
import HTML
import Site

/// The room of a booking that lets nobody in: what is missing, and the way there.
struct ClosedPage: View {
  let booking: ID<Booking>
  /// Held, unpaid or not yet accepted, as against called off.
  let isAhead: Bool

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("room.notOpen.title") }

  func body(_ page: PageContext) -> HTML {
    let words = page.t(isAhead ? "room.notOpen.unpaid" : "room.notOpen.gone")
    return """
      <div class="empty">\(page.art("lesson"))<h1>\(title(page))</h1><p>\(words)</p>
      <div class="actions">\(page.buttonLink(page.t("room.toBooking"), to: Doors.booking(booking), "primary"))</div></div>
      """
  }
}
