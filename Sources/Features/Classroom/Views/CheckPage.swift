import Core
import HTML
import Site

/// See yourself, hear your microphone move its meter, try the loudspeaker, go on: with both, with one, with neither.
struct CheckPage: View {
  let booking: ID<Booking>
  let subject: String
  let otherName: String
  let startsAt: Instant

  var sheets: [String] { ["room"] }

  func title(_ page: PageContext) -> String { page.t("room.check.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let enter = page.buttonLink(t("room.check.enter"), to: Doors.classroom(booking), "primary large", icon: "door")
    let back = page.buttonLink(t("room.toBooking"), to: Doors.booking(booking), "quiet")
    return """
      \(page.head(t("room.check.title"), eyebrow: t("room.check.eyebrow", subject: subject, name: otherName), lead: t("room.check.lead")))
      <div class="stack loose">
      <p class="muted">\(t("room.check.starts", moment: page.momentWithZoneText(startsAt)))</p>
      <noscript>\(page.banner(.warning, t("room.noscript"), HTML(t("room.noscript.fix"))))</noscript>
      <div class="check-room" data-island="check" data-words="\(IslandWords.check.json(t))" hidden>
      <div class="stack">
      <figure class="tile check-picture"><video data-preview autoplay playsinline muted></video><figcaption data-no-picture>\(page.icon("video-off"))\(t("room.check.noPicture"))</figcaption></figure>
      \(Self.level(page))
      </div>
      <div class="stack">
      <ul class="checks">\(state("microphone", page))\(state("camera", page))</ul>
      \(DeviceChoice.fields(page))
      <button class="button" type="button" data-try-speaker>\(page.icon("volume"))<span>\(t("room.check.trySpeaker"))</span></button>
      <label class="toggle"><input type="checkbox" role="switch" data-with-microphone><span>\(t("room.check.withMicrophone"))</span></label>
      <label class="toggle"><input type="checkbox" role="switch" data-with-camera><span>\(t("room.check.withCamera"))</span></label>
      </div>
      </div>
      <div class="actions sticky">\(enter)\(back)</div>
      <p class="muted small">\(t("room.check.without"))</p>
      </div>
      """
  }

  /// How loud it is.
  static func level(_ page: PageContext, hundredths: Int = 0) -> HTML {
    """
    <div class="device"><label class="label" for="check-level">\(page.t("room.check.level"))</label>\
    <meter class="level" id="check-level" min="0" max="1" low="0.04" optimum="0.6" value="0.\(hundredths < 10 ? "0" : "")\(hundredths)" data-level></meter>\
    <p class="small muted" aria-live="polite" data-level-source></p></div>
    """
  }

  /// One device: how it is, what to do, and a way to try again. `role=status` tells changes to those who listen.
  private func state(_ kind: StaticString, _ page: PageContext) -> HTML {
    let name = HTML(stringLiteral: kind)
    return """
      <li class="check-state" data-\(name)-state data-state="asking"><div role="status"><strong data-what></strong><p data-fix hidden></p>\
      <button class="button small" type="button" data-again hidden>\(page.t("room.tryAgain"))</button></div></li>
      """
  }
}
