package import Core
package import HTML
package import Time
package import Web

/// What a view may use besides its own values: words, the reader's zone and language, and the way to format for them.
package struct PageContext: Sendable {
  package let site: Site
  package internal(set) var t: Wording
  /// Who reads, when somebody is signed in.
  package let viewer: Identity?
  package let zone: Zone
  /// When the page is made.
  package let now: Instant
  package let path: String
  let csrf: String
  /// `light` or `dark` when the reader chose; the system decides otherwise.
  package var theme: String? = nil
  /// A class of the whole document, for pages that show themselves in other clothes (the gallery).
  package var clothes: String? = nil
  /// Whether the page brings the style sheet itself, because the browser may not have it; see ``Sheet``.
  var bringsSheet = false

  package var language: Language { t.language }

  /// The hidden field every form carries.
  package var csrfField: HTML { "<input type=\"hidden\" name=\"_csrf\" value=\"\(csrf)\">" }

  /// An asset's address with its content hash.
  package func asset(_ name: String) -> String { site.assets.address(name) }

  // MARK: Times. Always in a named zone; the reader's unless another is given.

  /// `5:30 PM`.
  package func timeText(_ instant: Instant, in zone: Zone? = nil) -> String {
    let local = (zone ?? self.zone).local(instant)
    return site.formats.civil(local.date, local.time.minutes * 60 + local.second, skeleton: "jm", in: language)
  }

  /// `Fri, Nov 20, 2026`.
  package func dayText(_ instant: Instant, in zone: Zone? = nil) -> String {
    let local = (zone ?? self.zone).local(instant)
    return site.formats.civil(local.date, local.time.minutes * 60 + local.second, skeleton: "yMMMEd", in: language)
  }

  /// `Friday, November 20`.
  package func longDayText(_ date: CivilDate) -> String {
    site.formats.civil(date, 0, skeleton: "MMMMEEEEd", in: language)
  }

  /// `Fri`.
  package func weekdayText(_ date: CivilDate) -> String { site.formats.civil(date, 0, skeleton: "ccc", in: language) }

  /// `Nov 20`.
  package func shortDateText(_ date: CivilDate) -> String {
    site.formats.civil(date, 0, skeleton: "MMMd", in: language)
  }

  /// `Nov 20, 2026`.
  package func dateText(_ date: CivilDate) -> String { site.formats.civil(date, 0, skeleton: "yMMMd", in: language) }

  /// `Nov`.
  package func monthText(_ date: CivilDate) -> String { site.formats.civil(date, 0, skeleton: "LLL", in: language) }

  /// `November 2026`.
  package func longMonthText(_ date: CivilDate) -> String {
    site.formats.civil(date, 0, skeleton: "yMMMM", in: language)
  }

  /// `9 AM`: an hour of the day, 0…23.
  package func hourText(_ hour: Int) -> String {
    site.formats.civil(CivilDate(dayNumber: 0), hour * 3600, skeleton: "j", in: language)
  }

  /// The first day of the reader's week that holds this day.
  package func weekStart(of date: CivilDate) -> CivilDate {
    date - (date.weekday - site.formats.firstWeekday(in: language) + 7) % 7
  }

  /// `Fri, Nov 20, 2026, 5:30 PM`, without the zone: for where the zone stands beside.
  package func momentText(_ instant: Instant, in zone: Zone? = nil) -> String {
    let local = (zone ?? self.zone).local(instant)
    return site.formats.civil(local.date, local.time.minutes * 60 + local.second, skeleton: "yMMMEdjm", in: language)
  }

  /// `Karachi time (GMT+5)`: the zone's city, and its offset at that instant.
  package func zoneText(_ zone: Zone? = nil, at instant: Instant? = nil) -> String {
    let zone = zone ?? self.zone
    let minutes = zone.local(instant ?? now).offset / 60
    let sign = minutes < 0 ? "\u{2212}" : "+"
    let hours = abs(minutes) / 60
    let rest = abs(minutes) % 60
    let offset =
      minutes == 0 ? "GMT" : "GMT\(sign)\(hours)" + (rest == 0 ? "" : ":" + (rest < 10 ? "0" : "") + "\(rest)")
    guard zone.identifier.contains("/") else {
      return zone.identifier == "UTC" ? "UTC" : "\(zone.identifier) (\(offset))"
    }
    return t("site.zone", city: site.formats.city(of: zone, in: language), offset: offset)
  }

  /// The whole moment with its zone, as one sentence.
  package func momentWithZoneText(_ instant: Instant, in zone: Zone? = nil) -> String {
    t("site.momentInZone", moment: momentText(instant, in: zone), zone: zoneText(zone, at: instant))
  }

  /// A `<time>` that machines can read: the moment, the zone in its title.
  package func moment(_ instant: Instant) -> HTML {
    "<time datetime=\"\(instant.rfc3339)\" title=\"\(zoneText(at: instant))\">\(momentText(instant))</time>"
  }

  /// Whether the weekday alone says which day is meant.
  package func isNear(_ instant: Instant) -> Bool { instant >= now && instant < now + .days(6) }

  /// A `<time>` as short as it may be: `Sat, 5:30 PM` within the coming six days, else `Sat, Nov 29, 5:30 PM`.
  package func soon(_ instant: Instant) -> HTML {
    let local = zone.local(instant)
    let isNear = isNear(instant)
    let text = site.formats.civil(
      local.date, local.time.minutes * 60 + local.second, skeleton: isNear ? "Ejm" : "MMMEdjm", in: language)
    return "<time datetime=\"\(instant.rfc3339)\" title=\"\(momentWithZoneText(instant))\">\(text)</time>"
  }

  /// A `<time>` that keeps itself fresh where JavaScript runs: `2 hours ago`.
  package func ago(_ instant: Instant) -> HTML {
    "<time datetime=\"\(instant.rfc3339)\" data-island=\"ago\">\(momentText(instant))</time>"
  }

  /// The reader's time, and the other person's where the two zones differ at that instant.
  package func bothZones(_ instant: Instant, other: Zone, name: String) -> HTML {
    let here = zone.local(instant)
    let there = other.local(instant)
    let mine: HTML = "<span><strong>\(momentText(instant))</strong> \(zoneText(at: instant))</span>"
    guard here.offset != there.offset else { return "<p class=\"zones\">\(mine)</p>" }
    return """
      <p class="zones">\(mine) <span><strong>\(momentText(instant, in: other))</strong> \
      \(t("site.timeOf", name: name, zone: zoneText(other, at: instant)))</span></p>
      """
  }

  // MARK: Devices

  /// `Firefox on Android`: a browser's name as people know it, from what it calls itself.
  package func deviceText(_ agent: String?) -> String {
    let agent = agent ?? ""
    let browsers = [
      ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
      ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ]
    let systems = [
      ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
      ("Linux", "Linux"),
    ]
    guard let browser = browsers.first(where: { agent.contains($0.0) })?.1 else { return t("site.unknownDevice") }
    guard let system = systems.first(where: { agent.contains($0.0) })?.1 else { return browser }
    return t("site.device", browser: browser, system: system)
  }

  // MARK: Lists

  /// `algebra, calculus`: several things beside one another, with the language's own comma.
  package func listText(_ items: [String]) -> String { site.formats.list(items, in: language) }

  /// `Ada, Ben and Cleo`: several things as a part of a sentence.
  package func andText(_ items: [String]) -> String { site.formats.list(items, isSentence: true, in: language) }

  // MARK: Money

  /// `$45` or `$45.50`, in the reader's language.
  package func money(_ money: Money) -> String { site.formats.money(money, in: language) }

  /// A price, or the word for free.
  package func price(_ money: Money, perHour: Bool = false) -> HTML {
    if money.isFree { return "<span class=\"price free\"><strong>\(t("site.free"))</strong></span>" }
    let unit: HTML? = perHour ? "<span>\(t("site.perHour"))</span>" : nil
    return "<span class=\"price\"><strong>\(self.money(money))</strong>\(unit)</span>"
  }

  /// `60 min`, `1 h 30 min`.
  package func durationText(minutes: Int) -> String { t("site.minutes", count: minutes) }
}
