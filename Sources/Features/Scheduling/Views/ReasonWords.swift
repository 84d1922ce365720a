import Core
package import Site
package import Time

extension Availability.Reason {
  /// For programs.
  package var code: String {
    switch self {
    case .wrongLength: "wrong_length"
    case .tooSoon: "too_soon"
    case .beyondHorizon: "beyond_horizon"
    case .override: "date_override"
    case .outsideHours: "outside_hours"
    case .offGrid: "off_grid"
    case .busy: "busy"
    case .buffer: "buffer"
    case .ownTime: "own_time"
    case .dailyLimit: "daily_limit"
    case .weeklyLimit: "weekly_limit"
    }
  }

  /// For the tutor, who may know everything.
  package func words(_ page: PageContext, in zone: Zone? = nil) -> String {
    let t = page.t
    func moment(_ instant: Instant) -> String { page.momentText(instant, in: zone) }
    func span(_ key: String, _ range: Range<Instant>) -> String {
      t.sentence(key, ["from": moment(range.lowerBound), "until": page.timeText(range.upperBound, in: zone)])
    }
    switch self {
    case .wrongLength: return t("scheduling.reason.wrongLength")
    case .tooSoon(let earliest): return t("scheduling.reason.tooSoon", moment: moment(earliest))
    case .beyondHorizon(let latest): return t("scheduling.reason.beyondHorizon", moment: moment(latest))
    case .override(let date): return t("scheduling.reason.override", date: page.longDayText(date))
    case .outsideHours(let date): return t("scheduling.reason.outsideHours", date: page.longDayText(date))
    case .offGrid(let step): return t("scheduling.reason.offGrid", count: step)
    case .busy(let range): return span("scheduling.reason.busy", range)
    case .buffer(let range): return span("scheduling.reason.buffer", range)
    case .ownTime(let range): return span("scheduling.reason.ownTime", range)
    case .dailyLimit(let date, let limit):
      return t("scheduling.reason.dailyLimit", date: page.longDayText(date), count: limit)
    case .weeklyLimit(let date, let limit):
      return t("scheduling.reason.weeklyLimit", date: page.longDayText(date), count: limit)
    }
  }

  /// For everybody else: nothing of whom the tutor meets, and when exactly.
  package func publicWords(_ page: PageContext) -> String {
    switch self {
    case .busy, .buffer: page.t("scheduling.reason.taken")
    case .dailyLimit, .weeklyLimit: page.t("scheduling.reason.full")
    case .override, .outsideHours: page.t("scheduling.reason.notOffered")
    case .wrongLength, .tooSoon, .beyondHorizon, .offGrid, .ownTime: words(page)
    }
  }
}
