import Core
import Time

/// The rest of a tutor's rules as a form holds it.
struct SettingsDraft: Equatable, Sendable {
  var zone = ""
  var bufferBefore = "0"
  var bufferAfter = "0"
  var notice = "720"
  var horizonDays = "60"
  var step = "30"
  var dailyLimit = ""
  var weeklyLimit = ""

  /// A form's field that needs another look; its sentence is `scheduling.error.<field>`.
  enum Field: String, Sendable, CaseIterable {
    case zone, bufferBefore, bufferAfter, notice, horizonDays, step, dailyLimit, weeklyLimit
  }

  struct Refusals: Error, Equatable, Sendable {
    var fields: [Field]
  }

  init(zone: String) { self.zone = zone }

  init(_ rules: Availability.Rules) {
    zone = rules.zone.identifier
    bufferBefore = String(rules.bufferBefore.wholeMinutes)
    bufferAfter = String(rules.bufferAfter.wholeMinutes)
    notice = String(rules.notice.wholeMinutes)
    horizonDays = String(rules.horizon.wholeMinutes / 1440)
    step = String(rules.step)
    dailyLimit = rules.dailyLimit.map(String.init) ?? ""
    weeklyLimit = rules.weeklyLimit.map(String.init) ?? ""
  }

  /// Rules with these settings and hours; the bounds are those of the table's checks.
  func read(hours: WeeklyHours) throws(Refusals) -> Availability.Rules {
    var refused: [Field] = []
    func number(_ text: String, _ range: ClosedRange<Int>, _ field: Field) -> Int {
      if let value = Int(text), range.contains(value) { return value }
      refused.append(field)
      return range.lowerBound
    }
    func limit(_ text: String, _ range: ClosedRange<Int>, _ field: Field) -> Int? {
      text.isEmpty ? nil : number(text, range, field)
    }
    let place = Zone(zone)
    if place == nil { refused.append(.zone) }
    var rules = Availability.Rules(zone: place ?? .utc, hours: hours)
    rules.bufferBefore = .minutes(number(bufferBefore, 0...240, .bufferBefore))
    rules.bufferAfter = .minutes(number(bufferAfter, 0...240, .bufferAfter))
    rules.notice = .minutes(number(notice, 0...43_200, .notice))
    rules.horizon = .days(number(horizonDays, 1...366, .horizonDays))
    rules.step = number(step, 15...60, .step)
    if ![15, 30, 60].contains(rules.step) { refused.append(.step) }
    rules.dailyLimit = limit(dailyLimit, 1...24, .dailyLimit)
    rules.weeklyLimit = limit(weeklyLimit, 1...100, .weeklyLimit)
    guard refused.isEmpty else { throw Refusals(fields: refused) }
    return rules
  }
}

/// What a form says about single dates: closed, or other hours.
struct OverrideDraft: Equatable, Sendable {
  var from = ""
  var until = ""
  var isClosed = true
  var rows: [WeekDraft.Row] = []
  var note = ""

  enum Refusal: Error, Equatable, Sendable {
    case noDate
    /// The last day lies before the first.
    case endsBeforeStart
    case past
    /// More days at once than ``mostDays``.
    case tooLong
    /// Neither closed nor with hours.
    case noHours
    case hours(WeekDraft.Refusals)
    case noteTooLong
  }

  static let mostDays = 62

  /// The dates, and the hours they have instead of their weekday's.
  func read(today: CivilDate) throws(Refusal) -> (dates: [CivilDate], hours: DayHours) {
    guard let first = CivilDate(from) else { throw .noDate }
    guard let last = until.isEmpty ? first : CivilDate(until) else { throw .noDate }
    guard first >= today else { throw .past }
    guard last >= first else { throw .endsBeforeStart }
    guard last - first < Self.mostDays else { throw .tooLong }
    guard note.unicodeScalars.count <= 200 else { throw .noteTooLong }
    let dates = (0...(last - first)).map { first + $0 }
    if isClosed { return (dates, .none) }
    let hours: DayHours
    do { hours = try WeekDraft.read(rows) } catch { throw .hours(error) }
    guard !hours.isEmpty else { throw .noHours }
    return (dates, hours)
  }
}

extension Duration {
  var wholeMinutes: Int { Int(components.seconds / 60) }
}
