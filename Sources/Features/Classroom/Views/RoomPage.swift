import Core
import HTML
import JSON
import Site

/// The room of one lesson, from the door to the end: one page, because a call does not survive a change of page.
/// The only page of the house that needs JavaScript, and says so without it.
struct RoomPage: View {
  let booking: ID<Booking>
  let code: String
  let role: LessonRoom.Role
  let subject: String
  let otherName: String
  let otherID: ID<User>
  let ownName: String
  let ownID: ID<User>
  /// Where leaving leads.
  let left: String
  /// Where the end leads.
  let ended: String
  /// Sends media through the relay only; for networks and tests that must not connect directly.
  let isRelayOnly: Bool

  var layout: Layout { .room }
  var sheets: [String] { ["room"] }

  func title(_ page: PageContext) -> String { page.t("room.title", subject: subject, name: otherName) }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let words = IslandWords.room.json(t)
    let policy = isRelayOnly ? "relay" : nil
    return """
      <div class="room" data-island="room" data-panel="none" data-phase="starting" data-code="\(code)" data-role="\(role.rawValue)" \
      data-words="\(words)" data-left="\(left)" data-ended="\(ended)"\(attribute: "data-ice-policy", policy)>
      <header class="room-top">
      <a class="button quiet icon-only" href="\(Doors.booking(booking))" aria-label="\(t("room.back"))">\(page.icon("chevron-left"))</a>
      <div><h1>\(subject)</h1><p class="room-timer numeric" role="timer" data-timer></p></div>
      <p class="network unknown" role="status" data-network>\(page.icon("signal"))<span data-network-words></span></p>
      <div class="room-site" role="status" data-site>\(siteLine(page))</div>
      </header>
      <template data-site-template>\(siteLine(page, "-"))</template>
      <noscript><div class="banner warning">\(page.icon("alert"))<div><strong>\(t("room.noscript"))</strong><p>\(t("room.noscript.fix"))</p></div></div></noscript>
      <div class="room-over">\(calls(page))\(role == .tutor ? knocks(page) : nil)\(trouble(page))</div>
      <div class="visually-hidden" role="log" aria-live="polite" aria-relevant="additions" data-live></div>
      \(doors(page))
      \(tiles(page))
      \(chat(page))
      \(controls(page))
      \(settings(page))
      \(leaving(page))
      </div>
      """
  }

  /// What is not well with the site, in the head, where it covers nothing. The island keeps it true while the page is open; the
  /// region stays when it is empty, so that what comes into it is read out.
  private func siteLine(_ page: PageContext, _ words: String? = nil) -> HTML? {
    let words = words ?? page.site.troubleSentences(page.t).joined(separator: " ")
    guard !words.isEmpty else { return nil }
    return """
      \(page.icon("info"))<span data-site-words>\(words)</span> <a href="\(Doors.status())" target="_blank" rel="noopener">\(page.t("site.status"))</a>
      """
  }

  private func doors(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="waiting room-door" data-door="starting" hidden><span class="pulse" aria-hidden="true"></span><h2>\(t("room.starting"))</h2><p class="lead">\(t("room.starting.words"))</p></section>
      <section class="waiting room-door" data-door="waiting" hidden><span class="pulse" aria-hidden="true"></span><h2>\(t("room.waiting"))</h2>
      <p class="lead" data-waiting-told>\(t("room.waiting.told", name: otherName))</p>
      <p class="lead" data-waiting-alone hidden>\(t("room.waiting.alone", name: otherName))</p>
      <p class="numeric muted" data-timer></p>
      <p class="muted">\(t("room.waiting.stay"))</p>
      <div class="actions"><a class="button" href="\(Doors.deviceCheck(booking))">\(t("room.checkDevices"))</a></div></section>
      <section class="waiting room-door" data-door="denied" hidden><h2>\(t("room.denied", name: otherName))</h2><p class="lead">\(t("room.denied.words"))</p>
      <div class="actions"><button class="button primary" type="button" data-knock-again>\(page.icon("bell"))<span>\(t("room.knockAgain"))</span></button></div></section>
      <section class="waiting room-door" data-door="elsewhere" hidden><h2>\(t("room.elsewhere"))</h2><p class="lead">\(t("room.elsewhere.words"))</p>
      <div class="actions"><button class="button primary" type="button" data-use-here>\(t("room.useHere"))</button></div></section>
      <section class="waiting room-door" data-door="refused" hidden><h2>\(t("room.refused"))</h2><p class="lead" data-refusal></p>
      <div class="actions"><a class="button primary" href="\(Doors.booking(booking))">\(t("room.toBooking"))</a></div></section>
      <section class="waiting room-door" data-door="left" hidden><h2>\(t("room.left"))</h2></section>
      <section class="waiting room-door" data-door="ended" hidden><h2>\(t("room.ended"))</h2></section>
      """
  }

  /// What the room has to say, one below the other.
  private func calls(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <div class="room-call"><p class="room-note" role="status" data-note hidden></p>
      <button class="button accent large" type="button" data-restore hidden>\(page.icon("volume"))<span>\(t("room.restore"))</span></button>
      <p class="room-sharing" data-sharing hidden>\(page.icon("screen"))\(t("room.sharing"))</p>
      <div class="banner info" data-voice-only hidden>\(page.icon("wifi-off"))<div><strong>\(t("room.voiceOnly"))</strong><p>\(t("room.voiceOnly.words"))</p></div><div class="actions"><button class="button small" type="button" data-video-anyway>\(t("room.videoAnyway"))</button></div></div></div>
      """
  }

  /// Everyone who stands at the door, one by one; filled by the island from the template.
  private func knocks(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="knocks" aria-label="\(t("room.knocks"))" data-knocks></section>
      <template data-knock-template><div class="knock banner accent">\(page.icon("user-plus"))<div><strong data-knock-words></strong></div><div class="actions"><button class="button primary" type="button" data-admit>\(t("room.admit"))</button><button class="button quiet" type="button" data-deny>\(t("room.deny"))</button></div></div></template>
      """
  }

  private func trouble(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <section class="room-trouble banner warning" aria-label="\(t("room.trouble"))" data-trouble hidden>\(page.icon("alert"))<div>
      <div data-line data-trouble-microphone hidden><strong data-what></strong><p data-fix></p><button class="button small" type="button" data-trouble-microphone-again>\(t("room.tryAgain"))</button></div>
      <div data-line data-trouble-camera hidden><strong data-what></strong><p data-fix></p><button class="button small" type="button" data-trouble-camera-again>\(t("room.tryAgain"))</button></div>
      <p class="small">\(t("room.trouble.without"))</p></div></section>
      """
  }

  /// - Parameter isShown: false until the island lets somebody in.
  func tiles(_ page: PageContext, isShown: Bool = false) -> HTML {
    let t = page.t
    return """
      <div class="tiles" data-inside data-tiles data-count="2"\(flag: "hidden", when: !isShown)>
      <figure class="tile other no-video" data-tile-other><video data-video-other autoplay playsinline></video>\
      \(page.avatar(otherName, of: otherID, size: "huge"))<p class="tile-words" data-other-words></p>\
      <figcaption><span data-other-muted hidden>\(page.icon("mic-off"))<span class="visually-hidden">\(t("room.muted"))</span></span>\(otherName)</figcaption></figure>
      <figure class="tile screen" data-tile-screen hidden><video data-video-screen autoplay playsinline muted></video><figcaption>\(page.icon("screen"))\(t("room.screenOf", name: otherName))</figcaption></figure>
      <figure class="tile self no-video" data-tile-self><video data-video-self autoplay playsinline muted></video>\
      \(page.avatar(ownName, of: ownID))<figcaption><span data-self-muted hidden>\(page.icon("mic-off"))<span class="visually-hidden">\(t("room.muted"))</span></span>\(t("room.you"))</figcaption></figure>
      </div>
      """
  }

  /// - Parameter said: what has been written, when it is known before the island asks.
  func chat(_ page: PageContext, isShown: Bool = false, said: HTML = .none) -> HTML {
    let t = page.t
    return """
      <aside class="room-panel" aria-label="\(t("room.chat"))" data-chat\(flag: "hidden", when: !isShown)>
      <header class="panel-head"><h2>\(t("room.chat"))</h2><button class="button quiet icon-only" type="button" aria-label="\(t("room.closeChat"))" data-close-chat>\(page.icon("x"))</button></header>
      <div class="chat"><p class="muted chat-empty" data-chat-empty\(flag: "hidden", when: !said.isEmpty)>\(t("room.chat.empty"))</p>
      <div class="chat-log" role="log" aria-live="polite" aria-label="\(t("room.chat.log"))" tabindex="0" data-chat-log>\(said)</div>
      <form class="chat-form"><label class="visually-hidden" for="chat-text">\(t("room.chat.write"))</label><textarea class="input" id="chat-text" rows="2" maxlength="4000" placeholder="\(t("room.chat.hint"))" data-chat-text></textarea>\
      <button class="button primary icon-only" aria-label="\(t("room.chat.send"))">\(page.icon("send"))</button></form></div></aside>
      """
  }

  func controls(_ page: PageContext, isShown: Bool = false) -> HTML {
    let t = page.t
    func control(_ name: StaticString, _ icons: HTML, _ label: String, key: StaticString?, pressed: StaticString?)
      -> HTML
    {
      let state: HTML? = pressed.map { " aria-pressed=\"\(HTML(stringLiteral: $0))\"" }
      let shown: HTML? = key.map { "<kbd aria-hidden=\"true\">\(HTML(stringLiteral: $0))</kbd>" }
      let shortcut: HTML? = key.map { " aria-keyshortcuts=\"\(HTML(stringLiteral: $0))\"" }
      return """
        <button class="control" type="button"\(state)\(shortcut) data-control-\(HTML(stringLiteral: name))>\(icons)<span data-label>\(label)</span>\(shown)</button>
        """
    }
    let microphone: HTML = "\(page.icon("mic", "when-on"))\(page.icon("mic-off", "when-off"))"
    let camera: HTML = "\(page.icon("video", "when-on"))\(page.icon("video-off", "when-off"))"
    let unread: HTML = "\(page.icon("chat"))<span class=\"count\" data-unread hidden></span>"
    return """
      <div class="controls" data-inside\(flag: "hidden", when: !isShown) role="group" aria-label="\(t("room.controls"))">
      \(control("microphone", microphone, t("room.js.control.microphone"), key: "M", pressed: "false"))
      \(control("camera", camera, t("room.js.control.camera"), key: "V", pressed: "false"))
      \(control("screen", page.icon("screen"), t("room.js.control.screen"), key: "S", pressed: "false"))
      \(control("chat", unread, t("room.js.control.chat"), key: "C", pressed: "false"))
      \(control("settings", page.icon("settings"), t("room.settings"), key: nil, pressed: nil))
      <button class="control leave" type="button" data-control-leave>\(page.icon("phone-leave"))<span data-label>\(t(role == .tutor ? "room.leaveOrEnd" : "room.leave"))</span></button>
      </div>
      """
  }

  private func settings(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <dialog class="dialog" aria-labelledby="room-settings" data-settings><div class="dialog-head"><h2 id="room-settings">\(t("room.settings"))</h2><button class="button quiet icon-only" type="button" aria-label="\(t("room.close"))" data-close>\(page.icon("x"))</button></div>
      <div class="dialog-body stack">
      \(DeviceChoice.fields(page))
      <div class="field"><label class="label" for="room-rung">\(t("room.rung"))</label><div class="select"><select class="input" id="room-rung" data-rung><option value="auto">\(t("room.rung.auto"))</option><option value="full">\(t("room.rung.full"))</option><option value="low">\(t("room.rung.low"))</option><option value="audio">\(t("room.rung.audio"))</option></select></div></div>
      <label class="toggle"><input type="checkbox" role="switch" data-shortcuts><span>\(t("room.shortcuts"))<small>\(t("room.shortcuts.hint"))</small></span></label>
      <p class="muted small numeric" data-network-detail></p>
      </div></dialog>
      """
  }

  private func leaving(_ page: PageContext) -> HTML {
    let t = page.t
    let words = role == .tutor ? t("room.leaving.tutor", name: otherName) : t("room.leaving.learner")
    let end: HTML? =
      role == .tutor
      ? "<button class=\"button danger primary\" type=\"button\" data-end-now>\(t("room.endForBoth"))</button>" : nil
    return """
      <dialog class="dialog" aria-labelledby="room-leaving" data-leaving><div class="dialog-head"><h2 id="room-leaving">\(t("room.leaving"))</h2><button class="button quiet icon-only" type="button" aria-label="\(t("room.close"))" data-close>\(page.icon("x"))</button></div>
      <div class="dialog-body"><p>\(words)</p></div>
      <div class="dialog-foot actions end">\(end)<button class="button" type="button" data-leave-now>\(t("room.leaveForNow"))</button></div></dialog>
      """
  }
}

/// Camera, microphone, loudspeaker and "original sound", as the device check and the room's settings both show them.
enum DeviceChoice {
  static func fields(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <div class="field"><label class="label" for="choose-microphone">\(t("room.microphone"))</label><div class="select"><select class="input" id="choose-microphone" data-choose-microphone></select></div></div>
      <div class="field"><label class="label" for="choose-camera">\(t("room.camera"))</label><div class="select"><select class="input" id="choose-camera" data-choose-camera></select></div></div>
      <div class="field" data-speaker-box hidden><label class="label" for="choose-speaker">\(t("room.speaker"))</label><div class="select"><select class="input" id="choose-speaker" data-choose-speaker></select></div></div>
      <label class="toggle"><input type="checkbox" role="switch" data-original><span>\(t("room.original"))<small>\(t("room.original.hint"))</small></span></label>
      """
  }
}

/// The sentences an island says by itself, taken from the catalogue with their marks left in place.
struct IslandWords {
  let prefix: String
  let keys: [String]

  func json(_ t: Wording) -> String {
    let marks = ["name", "device", "time", "rtt", "loss", "route", "text"]
    let values = Dictionary(uniqueKeysWithValues: marks.map { ($0, "{\($0)}" as any MessageValue) })
    return JSONWriter.text { w in
      w.object { w in
        for key in keys { w.field(named: key, t.sentence(prefix + key, values)) }
      }
    }
  }

  private static let causes = ["denied", "denied_by_system", "missing", "busy", "unsuitable", "insecure", "unknown"]

  private static func deviceKeys(_ more: [String], _ moreWithFix: [String]) -> [String] {
    ["camera", "microphone"].flatMap { kind in
      more.map { "\(kind).\($0)" } + (causes + moreWithFix).flatMap { ["\(kind).\($0)", "\(kind).\($0).fix"] }
    }
  }

  static let room = IslandWords(
    prefix: "room.js.",
    keys: deviceKeys(["unnamed", "again", "now_on", "now_off"], []) + [
      "speaker.unnamed", "you", "you_are_in", "title.admitted", "title.knock", "came", "went", "lost_them",
      "back_again",
      "line_lost", "link_lost", "signed_out", "forbidden", "no_room", "screen.failed", "screen.yours",
      "screen.yours_stopped", "screen.theirs", "screen.theirs_stopped", "rung.full", "rung.low", "rung.audio",
      "other.waiting", "other.away", "other.connecting", "other.no_camera", "knocks", "chat.from",
      "control.microphone", "control.camera", "control.screen", "control.screen_stop", "control.chat",
      "network.good", "network.fair", "network.poor", "network.lost", "network.unknown", "network.detail",
      "route.host", "route.srflx", "route.prflx", "route.relay", "route.unknown",
      "timer.before", "timer.running", "timer.over", "timer.five",
    ])

  static let check = IslandWords(
    prefix: "room.js.",
    keys: deviceKeys(["unnamed", "works", "asking"], ["off", "unplugged"])
      + ["speaker.unnamed", "level.source", "level.none", "level.heard"])
}
