import Core
import HTML
import Site
import Time

/// What a draft would do, below the form it belongs to. The island puts a new one in its place while the tutor types.
struct ChangeCard {
  enum Content {
    /// Nothing was asked yet.
    case none
    /// The draft cannot be read, so nothing can be said of it.
    case unreadable
    case change(ScheduleChange, Availability.Rules)
  }

  let id: String
  let content: Content

  /// Days and times of a day that are written out; the rest is counted.
  static let (mostDays, mostTimes) = (10, 8)

  func markup(_ page: PageContext) -> HTML {
    let t = page.t
    let inner: HTML
    switch content {
    case .none: inner = .none
    case .unreadable: inner = "<p class=\"muted\">\(t("scheduling.change.unreadable"))</p>"
    case .change(let change, let rules): inner = words(change, rules, page)
    }
    return "<div class=\"change\" id=\"\(id)\" data-change>\(inner)</div>"
  }

  private func words(_ change: ScheduleChange, _ rules: Availability.Rules, _ page: PageContext) -> HTML {
    let t = page.t
    let title: HTML = "<h3>\(t("scheduling.change.title"))</h3>"
    guard !change.isNothing else { return "\(title)<p role=\"status\">\(t("scheduling.change.nothing"))</p>" }
    let sum = t("scheduling.change.sum", gained: change.gained, lost: change.lost)
    let rows: [HTML] = change.days.prefix(Self.mostDays).map { day in
      """
      <li><strong>\(page.weekdayText(day.date)) \(page.shortDateText(day.date))</strong>\
      \(times(day.gained, "plus", t("scheduling.change.gained"), rules, page))\
      \(times(day.lost, "minus", t("scheduling.change.lost"), rules, page))</li>
      """
    }
    let more = change.days.count - Self.mostDays
    let rest: HTML? = more > 0 ? "<p class=\"muted small\">\(t("scheduling.change.moreDays", count: more))</p>" : nil
    let list: HTML? = rows.isEmpty ? nil : "<ul class=\"change-days\">\(rows)</ul>"
    return """
      \(title)<p role="status">\(sum) \(page.zoneText(rules.zone)).</p>\(outside(change.newlyOutside, rules, page))\(list)\(rest)
      """
  }

  private func times(
    _ starts: [Instant], _ icon: String, _ label: String, _ rules: Availability.Rules, _ page: PageContext
  ) -> HTML {
    guard !starts.isEmpty else { return .none }
    let shown = starts.prefix(Self.mostTimes).map { page.timeText($0, in: rules.zone) }.joined(separator: ", ")
    let more = starts.count - Self.mostTimes
    let rest = more > 0 ? " " + page.t("scheduling.change.moreTimes", count: more) : ""
    return """
      <span class="change-times \(icon)">\(page.icon(icon))<span><span class="visually-hidden">\(label) </span>\(shown)\(rest)</span></span>
      """
  }

  private func outside(_ lessons: [OutsideLesson], _ rules: Availability.Rules, _ page: PageContext) -> HTML {
    guard !lessons.isEmpty else { return .none }
    let items: [HTML] = lessons.prefix(Self.mostDays).map {
      "<li><a href=\"\(Doors.booking($0.booking))\">\(page.momentText($0.during.lowerBound, in: rules.zone))</a></li>"
    }
    return page.banner(
      .warning, page.t("scheduling.change.outside", count: lessons.count),
      "\(page.t("scheduling.change.stay"))<ul>\(items)</ul>")
  }
}
