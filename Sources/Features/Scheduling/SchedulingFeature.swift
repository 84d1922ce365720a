package import Core
import HTML
package import Jobs
import Platform
package import Postgres
package import Site
import Time
package import Tutors
package import Web

/// Tutors say when they teach; everybody else asks here when that is.
///
/// Owns `availability_settings`, `availability_hours`, `availability_overrides`, `availability_override_hours`. Reads
/// `busy_times` (Bookings), `tutor_facts` (Tutors), `people` (Accounts). Emits ``AvailabilityChanged``; hears of changed tutors, whose listings may be new. What other
/// rooms ask is ``TutorTimes``; the published API's handler is in `SchedulingAPI.swift`.
package struct SchedulingFeature: Feature {
  let database: Database
  let site: Site
  let clock: WallClock
  let tutors: Tutors
  let times = TutorTimes()

  package init(database: Database, site: Site, tutors: Tutors, clock: WallClock) {
    self.database = database
    self.site = site
    self.clock = clock
    self.tutors = tutors
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.availability, as: Tutor.self, availability)
    routes.on(.post, Doors.availability, as: Tutor.self, saveAvailability)
    // Asked while the tutor types, and changing nothing.
    routes.on(.post, SchedulingPaths.preview, as: Tutor.self, limits: .rate(.read), preview)
    routes.on(.post, SchedulingPaths.datesPreview, as: Tutor.self, limits: .rate(.read), previewDates)
    routes.on(.post, SchedulingPaths.dates, as: Tutor.self, saveDates)
    routes.on(.post, SchedulingPaths.dateRemoval, as: Tutor.self, removeDate)
    let browsing: RouteLimits = .rate(.discovery)
    routes.api(.get, SchedulingPaths.slots, as: Guest.self, limits: browsing, .slots, slots)
  }

  package var jobs: [JobHandler] {
    [JobHandler(RefreshFigures.self) { job, _ in try await refresh(job.tutor) }]
  }

  package var reactions: [Reaction] {
    // Keyed and in a transaction of its own, so that a hundred changes cost one refresh.
    [Reaction(TutorChanged.self) { event, tx in try await times.changed(event.tutor, in: tx) }]
  }

  package var schedules: [Schedule] {
    [Schedule("scheduling.stale-figures", every: .minutes(5)) { _ = try await refreshStale() }]
  }

  // MARK: The page

  func availability(_ request: Request, tutor: Tutor) async throws -> Response {
    let stored = try await stored(for: tutor)
    var page = try await page(for: tutor, stored)
    switch request.query.text("saved") {
    case "hours": page.notice = .saved
    case "dates": page.notice = .datesSaved
    default: break
    }
    page.question = try await question(request, tutor, stored)
    return site.page(page, for: request)
  }

  /// Saves, or changes the rows of the draft and shows it again, for browsers without JavaScript.
  func saveAvailability(_ request: Request, tutor: Tutor) async throws -> Response {
    try await answer(request, tutor, isPreview: false)
  }

  /// Says what the draft would do; the form comes back with its words, and nothing is stored.
  func preview(_ request: Request, tutor: Tutor) async throws -> Response {
    try await answer(request, tutor, isPreview: true)
  }

  private func answer(_ request: Request, _ tutor: Tutor, isPreview: Bool) async throws -> Response {
    let form = request.form
    var week = WeekDraft(form)
    let settings = SettingsDraft(form)
    let stored = try await stored(for: tutor)
    func again(_ change: (inout AvailabilityPage) -> Void, status: Int) async throws -> Response {
      var page = try await page(for: tutor, stored)
      page.week = week
      page.settings = settings
      page.version = form.text("version")
      change(&page)
      return site.page(page, for: request, status: status)
    }
    switch WeekEdit(form) {
    case .add(let weekday):
      week[weekday].append(WeekDraft.Row(start: "", end: ""))
      return try await again({ $0.notice = .unsaved }, status: 200)
    case .remove(let weekday, let row):
      if week[weekday].indices.contains(row) { week[weekday].remove(at: row) }
      return try await again({ $0.notice = .unsaved }, status: 200)
    case .copy(let weekday, let others):
      week.copy(weekday, to: others)
      return try await again({ $0.notice = .unsaved }, status: 200)
    case nil: break
    }

    var hours = WeeklyHours()
    var weekRefusals: [WeekDraft.Place: WeekDraft.Refusal] = [:]
    do throws(WeekDraft.Refusals) { hours = try week.read() } catch { weekRefusals = error.byPlace }
    let rules: Availability.Rules
    do throws(SettingsDraft.Refusals) {
      rules = try settings.read(hours: hours)
      guard weekRefusals.isEmpty else { throw SettingsDraft.Refusals(fields: []) }
    } catch {
      return try await again(
        {
          $0.weekRefusals = weekRefusals
          $0.settingsRefusals = error.fields
          if isPreview { $0.change = .unreadable }
        }, status: 422)
    }
    if isPreview {
      var proposed = rules
      proposed.overrides = stored.rules.overrides
      let change = try await change(of: tutor, from: stored.rules, to: proposed)
      return try await again({ $0.change = .change(change, proposed) }, status: 200)
    }
    guard try await save(rules, of: tutor.id, seen: form.text("version")) else {
      return try await again({ $0.notice = .changedElsewhere }, status: 409)
    }
    return .see(Doors.availability() + "?saved=hours")
  }

  /// Whether the rules are stored now. Not when somebody else saved other ones since `version` was shown.
  func save(_ rules: Availability.Rules, of tutor: ID<User>, seen version: String) async throws -> Bool {
    let now = clock.now
    return try await mended {
      try await database.transaction { tx in
        let isFirst = try await tx.affected(.begin(tutor, zone: rules.zone, at: now)) > 0
        let savedAt: Instant = try await tx.one(.lockedVersion(of: tutor))
        let stored = try await times.timetable(of: tutor, now: now, in: tx)
        if !isFirst, let stored, version != String(savedAt.microseconds) {
          // The same form sent twice is no quarrel.
          var same = rules
          same.overrides = stored.rules.overrides
          return stored.rules == same
        }
        try await tx.run(.save(rules, of: tutor, at: now))
        try await tx.run(.clearHours(of: tutor))
        try await tx.run(.insert(rules.hours, of: tutor))
        try await announce(tutor, in: tx)
        return true
      }
    }
  }

  private func change(of tutor: Tutor, from old: Availability.Rules, to new: Availability.Rules) async throws
    -> ScheduleChange
  {
    let now = clock.now
    // Lessons stand outside as far ahead as they are booked; limits look back a week.
    let ahead = now - .days(8)..<now + .days(366) + .days(366)
    return ScheduleChange(
      from: old, to: new, taken: try await database.all(.taken(from: tutor.id, and: nil, in: ahead)), now: now)
  }

  func saveDates(_ request: Request, tutor: Tutor) async throws -> Response {
    try await answerDates(request, tutor, isPreview: false)
  }

  func previewDates(_ request: Request, tutor: Tutor) async throws -> Response {
    try await answerDates(request, tutor, isPreview: true)
  }

  private func answerDates(_ request: Request, _ tutor: Tutor, isPreview: Bool) async throws -> Response {
    let draft = OverrideDraft(request.form)
    let stored = try await stored(for: tutor)
    let dates: [CivilDate]
    let hours: DayHours
    do throws(OverrideDraft.Refusal) {
      (dates, hours) = try draft.read(today: stored.rules.zone.date(clock.now))
    } catch {
      var page = try await page(for: tutor, stored)
      page.dates = draft
      page.dateRefusal = error
      if isPreview { page.datesChange = .unreadable }
      return site.page(page, for: request, status: 422)
    }
    if isPreview {
      var proposed = stored.rules
      for date in dates { proposed.overrides[date] = hours }
      var page = try await page(for: tutor, stored)
      page.dates = draft
      page.datesChange = .change(try await change(of: tutor, from: stored.rules, to: proposed), proposed)
      return site.page(page, for: request)
    }
    try await saveDates(dates, hours, note: draft.note, of: tutor.id, zone: stored.rules.zone)
    return .see(Doors.availability() + "?saved=dates#dates")
  }

  /// These dates have these hours from now on, or none. A tutor without rules gets them with no weekly hours.
  func saveDates(_ dates: [CivilDate], _ hours: DayHours, note: String, of tutor: ID<User>, zone: Zone) async throws {
    let now = clock.now
    try await mended {
      try await database.transaction { tx in
        try await tx.run(.begin(tutor, zone: zone, at: now))
        let _: Instant = try await tx.one(.lockedVersion(of: tutor))
        try await tx.run(.clear(dates, of: tutor))
        try await tx.run(.insert(overrides: dates, note: note.isEmpty ? nil : note, isClosed: hours.isEmpty, of: tutor))
        if !hours.isEmpty { try await tx.run(.insert(hours, on: dates, of: tutor)) }
        try await announce(tutor, in: tx)
      }
    }
  }

  func removeDate(_ request: Request, tutor: Tutor, date: String) async throws -> Response {
    guard let date = CivilDate(date) else { throw Failure.notFound }
    try await database.transaction { tx in
      if try await tx.affected(.clear([date], of: tutor.id)) > 0 { try await announce(tutor.id, in: tx) }
    }
    return .see(Doors.availability() + "?saved=dates#dates")
  }

  private func announce(_ tutor: ID<User>, in tx: Transaction) async throws {
    try await tx.emit(AvailabilityChanged(tutor: tutor))
    try await times.changed(tutor, in: tx)
  }

  /// A tutor whose profile is not there yet has nothing that hours could belong to.
  private func mended<T>(_ body: () async throws -> T) async throws -> T {
    do { return try await body() } catch let error as PostgresError where error.isForeignKeyViolation {
      throw Failure.conflict("Your tutor profile is still being set up. Open it once, then save your hours.")
    }
  }

  // MARK: What the page shows

  /// What is stored, or what a tutor without rules begins with: no hours, in the zone of the account.
  private func stored(for tutor: Tutor) async throws -> Timetable {
    if let timetable = try await times.timetable(of: tutor.id, now: clock.now, in: database) { return timetable }
    let zone = try await database.first(Query<String>.zone(of: tutor.id)).flatMap { Zone($0) } ?? .utc
    let rules = Availability.Rules(zone: zone, hours: WeeklyHours(), notice: .hours(12), horizon: .days(60), step: 30)
    return Timetable(tutor: tutor.id, rules: rules, savedAt: Instant(microseconds: 0), notes: [:])
  }

  private func page(for tutor: Tutor, _ stored: Timetable) async throws -> AvailabilityPage {
    let now = clock.now
    let range = now..<now + stored.rules.horizon + .days(366)
    let taken = try await database.all(.taken(from: tutor.id, and: nil, in: now - .days(8)..<range.upperBound))
    let availability = Availability(rules: stored.rules, duration: .hours(1), busy: taken.map(\.busy))
    return AvailabilityPage(
      stored, preview: DayPreview.days(14, of: availability, lessons: taken.map(\.busy.during), now: now),
      outside: OutsideLesson.among(taken, rules: stored.rules, now: now), now: now)
  }

  /// "Why is this time not offered?", asked by the tutor in the tutor's zone.
  private func question(_ request: Request, _ tutor: Tutor, _ stored: Timetable) async throws
    -> AvailabilityPage.Question
  {
    var question = AvailabilityPage.Question(request.query)
    guard let date = CivilDate(question.date), let time = CivilTime(question.time), time < .endOfDay,
      let minutes = Int(question.minutes), TutorTimes.durations.contains(minutes)
    else { return question }
    let start = stored.rules.zone.instant(of: date, time)
    let stretch = start..<start + .minutes(minutes)
    question.answer = try await times.answer(of: tutor.id, for: stretch, now: clock.now, in: database)
    return question
  }

  /// Live times for a tutor's public page; the page is lower and is given this.
  package var freeTimes: Panel<ID<User>> {
    Panel { tutor, page in
      let durations = try await tutors.offers(of: tutor, in: database).flatMap(\.durations)
      guard let slug = try await database.first(.slug(of: tutor)), let shortest = durations.min() else { return .none }
      // An hour is what people look for first.
      let minutes = durations.contains(60) ? 60 : shortest
      let now = clock.now
      let ahead = now..<now + .days(366)
      let duration = Duration.minutes(minutes)
      let availability = try await times.availability(
        of: tutor, lasting: duration, around: ahead, for: page.viewer?.user, now: now, in: database)
      var openings: [Availability.Opening] = []
      if let availability, let first = availability.next(1, now: now).first {
        let day = page.zone.date(first.starts)
        openings = availability.openings(in: first.starts..<page.zone.day(day + 7).lowerBound, now: now)
      }
      return FreeTimes(slug: slug, minutes: minutes, openings: openings).body(page)
    }
  }

  // MARK: Figures for search

  func refresh(_ tutor: ID<User>) async throws {
    let now = clock.now
    try await database.transaction { tx in
      let shortest = try await tutors.offers(of: tutor, in: tx).flatMap(\.durations).min() ?? 60
      let figures = try await times.figures(of: tutor, lasting: .minutes(shortest), now: now, in: tx)
      try await tutors.setOpenings(of: tutor, mask: figures.mask, next: figures.next, in: tx)
      try await tx.run(.noteFigures(of: tutor, staleAt: figures.staleAt))
    }
  }

  /// Asks for the figures that time has overtaken; how many. Each is a job of its own, so that one that fails holds up no
  /// other.
  func refreshStale() async throws -> Int {
    let now = clock.now
    var count = 0
    // Whatever is left after this many batches is for the next turn.
    for _ in 0..<20 {
      let found = try await database.transaction { tx in
        let tutors = try await tx.all(.takeStaleFigures(at: now, until: now + .hours(1), limit: 500))
        try await tx.enqueue(all: tutors.map { RefreshFigures(tutor: $0) })
        return tutors.count
      }
      count += found
      if found < 500 { break }
    }
    return count
  }
}

/// What a button of the week's form asks for, other than saving.
enum WeekEdit: Equatable {
  case add(weekday: Int)
  case remove(weekday: Int, row: Int)
  case copy(weekday: Int, to: Set<Int>)

  /// From `add-3`, `remove-3-1` or `copy` in the field `do`.
  init?(_ form: Fields) {
    let words = form.text("do").split(separator: "-")
    let numbers = words.dropFirst().compactMap { Int($0) }
    switch (words.first, numbers.first) {
    case ("add", let weekday?) where (1...7).contains(weekday): self = .add(weekday: weekday)
    case ("remove", let weekday?) where (1...7).contains(weekday) && numbers.count == 2:
      self = .remove(weekday: weekday, row: numbers[1])
    case ("copy", nil):
      guard let weekday = form.int("copy-from"), (1...7).contains(weekday) else { return nil }
      self = .copy(weekday: weekday, to: Set(form.all("copy-to").compactMap { Int($0) }))
    default: return nil
    }
  }
}

extension WeekDraft {
  /// From `start-1`, `end-1` … `end-7`, each as often as the day has rows. What nobody could have typed is cut off.
  init(_ form: Fields) {
    self.init()
    for weekday in 1...7 { self[weekday] = Self.rows(form, "-\(weekday)") }
  }

  static func rows(_ form: Fields, _ suffix: String) -> [Row] {
    zip(form.all("start" + suffix), form.all("end" + suffix)).prefix(24)
      .map { Row(start: $0.trimmingSpaces(), end: $1.trimmingSpaces()) }
  }
}

extension SettingsDraft {
  init(_ form: Fields) {
    self.init(zone: form.text("zone"))
    bufferBefore = form.text("bufferBefore")
    bufferAfter = form.text("bufferAfter")
    notice = form.text("notice")
    horizonDays = form.text("horizonDays")
    step = form.text("step")
    dailyLimit = form.text("dailyLimit")
    weeklyLimit = form.text("weeklyLimit")
  }
}

extension OverrideDraft {
  init(_ form: Fields) {
    self.init()
    from = form.text("from")
    until = form.text("until")
    isClosed = form.text("kind") != "hours"
    rows = WeekDraft.rows(form, "")
    note = form.text("note")
  }
}
