import Core
import HTML
package import Site

/// What hangs in the gallery: the room with its tiles, controls and chat, and the meter of the device check.
package enum RoomSpecimens {
  package static func shown(_ page: PageContext) -> [Specimen] {
    let t = page.t
    let room = RoomPage(
      booking: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0301), code: "", role: .learner,
      subject: t("home.step1"), otherName: "Amal Haddad",
      otherID: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0003), ownName: "Lena Hofer",
      ownID: ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0005), left: "", ended: "", isRelayOnly: false)
    let said: HTML = """
      <div class="message"><div><p class="message-who"><strong>Amal Haddad</strong></p><p class="message-text">\(t("home.promise3Words"))</p></div></div>\
      <p class="chat-event">\(t("room.js.came", name: "Lena Hofer"))</p>\
      <div class="message mine"><div><p class="message-text">\(t("home.promise2"))</p></div></div>
      """
    return [
      Specimen(
        .room, "RoomPage: tiles and controls",
        """
        <div class="room hung" data-panel="none" data-phase="inside"><div class="room-top"><div><p class="strong">\(t("home.step1"))</p><p class="room-timer numeric">24:10</p></div>\
        <p class="network good">\(page.icon("signal"))<span>\(t("room.js.network.good"))</span></p></div>\(room.tiles(page, isShown: true))\(room.controls(page, isShown: true))</div>
        """),
      Specimen(
        .room, "RoomPage: chat", "<div class=\"hung-panel\">\(room.chat(page, isShown: true, said: said))</div>"),
      Specimen(.room, "CheckPage.level", CheckPage.level(page, hundredths: 45)),
    ]
  }
}
