import Core
import Postgres
import Time

/// A stored zone that this system's database does not know: the package `tzdata` is older than the one it was chosen from.
struct UnknownZone: Error { let identifier: String }

extension Query where Row == Timetable {
  /// Everything the rules say, in one row. Dates before `first` are left out.
  static func timetable(of tutor: ID<User>, since first: CivilDate) -> Self {
    Query(
      """
      select s.tutor_id, s.zone, s.buffer_before, s.buffer_after, s.notice, s.horizon_days, s.step, s.daily_limit, s.weekly_limit,
             s.updated_at,
             array(select h.weekday || ' ' || lower(h.hours) || ' ' || upper(h.hours)
                     from availability_hours h where h.tutor_id = s.tutor_id),
             array(select o.date || ' ' || coalesce(lower(h.hours) || ' ' || upper(h.hours), '')
                     from availability_overrides o left join availability_override_hours h using (tutor_id, date)
                    where o.tutor_id = s.tutor_id and o.date >= \(first.description)::date),
             array(select o.date || ' ' || o.note from availability_overrides o
                    where o.tutor_id = s.tutor_id and o.date >= \(first.description)::date and o.note is not null)
        from availability_settings s where s.tutor_id = \(tutor)
      """
    ) { row in
      let tutor: ID<User> = try row.next()
      let zone: String = try row.next()
      let (before, after, notice, days): (Int, Int, Int, Int) = (
        try row.next(), try row.next(), try row.next(), try row.next()
      )
      let step: Int = try row.next()
      let (daily, weekly): (Int?, Int?) = (try row.next(), try row.next())
      let savedAt: Instant = try row.next()
      let hours: [String] = try row.next()
      let overrides: [String] = try row.next()
      let notes: [String] = try row.next()
      guard let zone = Zone(zone) else { throw UnknownZone(identifier: zone) }
      var week: [Int: [Range<Int>]] = [:]
      for text in hours {
        let fields = text.split(separator: " ").compactMap { Int($0) }
        guard fields.count == 3, fields[1] < fields[2] else { continue }
        week[fields[0], default: []].append(fields[1]..<fields[2])
      }
      var dates: [CivilDate: [Range<Int>]] = [:]
      for text in overrides {
        let fields = text.split(separator: " ")
        guard let date = fields.first.flatMap({ CivilDate($0) }) else { continue }
        dates[date, default: []] += fields.count == 3 ? [Int(fields[1])!..<Int(fields[2])!] : []
      }
      var rules = Availability.Rules(
        zone: zone, hours: WeeklyHours(), overrides: dates.mapValues { DayHours($0) }, bufferBefore: .minutes(before),
        bufferAfter: .minutes(after), notice: .minutes(notice), horizon: .days(days), step: step, dailyLimit: daily,
        weeklyLimit: weekly)
      for (weekday, ranges) in week { rules.hours[weekday] = DayHours(ranges) }
      var words: [CivilDate: String] = [:]
      for text in notes { if let date = CivilDate(text.prefix(10)) { words[date] = String(text.dropFirst(11)) } }
      return Timetable(tutor: tutor, rules: rules, savedAt: savedAt, notes: words)
    }
  }
}

/// A time that somebody has given away.
struct Taken: Sendable {
  let booking: ID<Booking>
  let busy: Availability.Busy
  /// The tutor's time; the learner's otherwise.
  let isTutors: Bool
}

extension Query where Row == Taken {
  /// The live bookings of a tutor and, when one is given, of a learner. A tutor who takes lessons is not free then either,
  /// and a learner who gives some is not.
  static func taken(
    from tutor: ID<User>, and learner: ID<User>?, in range: Range<Instant>, ignoring booking: ID<Booking>? = nil
  ) -> Self {
    Query(
      """
      select booking_id, during, blocked, true as is_tutors, true as is_lesson
        from booking_busy where tutor_id = \(tutor) and blocked && \(range) and booking_id is distinct from \(booking)
      union all
      select booking_id, during, during, true, false
        from booking_busy where learner_id = \(tutor) and during && \(range) and booking_id is distinct from \(booking)
      union all
      select booking_id, during, during, false, false
        from booking_busy where learner_id = \(learner) and during && \(range) and booking_id is distinct from \(booking)
      union all
      select booking_id, during, during, false, false
        from booking_busy where tutor_id = \(learner) and blocked && \(range) and booking_id is distinct from \(booking)
      """
    ) { row in
      let booking: ID<Booking> = try row.next()
      let (during, blocked): (Range<Instant>, Range<Instant>) = (try row.next(), try row.next())
      let (isTutors, isLesson): (Bool, Bool) = (try row.next(), try row.next())
      return Taken(
        booking: booking, busy: Availability.Busy(during: during, blocked: blocked, isLesson: isLesson),
        isTutors: isTutors)
    }
  }
}

extension Query where Row == String {
  /// The zone a tutor's rules begin with.
  static func zone(of user: ID<User>) -> Self { Query("select zone from people where id = \(user)") }

  /// Where a listed tutor's lessons are booked.
  static func slug(of tutor: ID<User>) -> Self {
    Query("select slug from tutor_facts where tutor_id = \(tutor) and is_listed")
  }
}

extension Query where Row == ID<User> {
  /// The tutor, if the public may know of one with this id.
  static func listedTutor(_ id: ID<User>) -> Self {
    Query("select tutor_id from tutor_facts where tutor_id = \(id) and is_listed")
  }

  /// Tutors whose figures time has overtaken, the longest ago first; until `later` nobody else takes them.
  static func takeStaleFigures(at now: Instant, until later: Instant, limit: Int) -> Self {
    Query(
      """
      update availability_settings set figures_stale_at = \(later)
       where tutor_id in (select tutor_id from availability_settings where figures_stale_at <= \(now)
                           order by figures_stale_at limit \(limit) for update skip locked)
      returning tutor_id
      """)
  }
}

extension Query where Row == Instant {
  /// Which version is stored, locked until the transaction ends: whoever saves next waits here.
  static func lockedVersion(of tutor: ID<User>) -> Self {
    Query("select updated_at from availability_settings where tutor_id = \(tutor) for update")
  }
}

extension Query<Void> {
  /// A tutor's first row. Says nothing when there is one.
  static func begin(_ tutor: ID<User>, zone: Zone, at now: Instant) -> Self {
    Query(
      """
      insert into availability_settings (tutor_id, zone, updated_at) values (\(tutor), \(zone.identifier), \(now))
      on conflict (tutor_id) do nothing
      """)
  }

  static func save(_ rules: Availability.Rules, of tutor: ID<User>, at now: Instant) -> Self {
    Query(
      """
      update availability_settings
         set zone = \(rules.zone.identifier), buffer_before = \(rules.bufferBefore.wholeMinutes),
             buffer_after = \(rules.bufferAfter.wholeMinutes), notice = \(rules.notice.wholeMinutes),
             horizon_days = \(rules.horizon.wholeMinutes / 1440), step = \(rules.step), daily_limit = \(rules.dailyLimit),
             weekly_limit = \(rules.weeklyLimit), updated_at = \(now)
       where tutor_id = \(tutor)
      """)
  }

  static func touch(_ tutor: ID<User>, at now: Instant) -> Self {
    Query("update availability_settings set updated_at = \(now) where tutor_id = \(tutor)")
  }

  static func clearHours(of tutor: ID<User>) -> Self {
    Query("delete from availability_hours where tutor_id = \(tutor)")
  }

  static func insert(_ hours: WeeklyHours, of tutor: ID<User>) -> Self {
    var weekdays: [Int] = []
    var starts: [Int] = []
    var ends: [Int] = []
    for weekday in 1...7 {
      for range in hours[weekday].ranges {
        weekdays.append(weekday)
        starts.append(range.lowerBound)
        ends.append(range.upperBound)
      }
    }
    return Query(
      """
      insert into availability_hours (tutor_id, weekday, hours)
      select \(tutor), h.weekday, int4range(h.starts, h.ends)
        from unnest(\(weekdays)::int[], \(starts)::int[], \(ends)::int[]) as h (weekday, starts, ends)
      """)
  }

  static func clear(_ dates: [CivilDate], of tutor: ID<User>) -> Self {
    Query(
      "delete from availability_overrides where tutor_id = \(tutor) and date = any(\(dates.map(\.description))::date[])"
    )
  }

  static func insert(overrides dates: [CivilDate], note: String?, isClosed: Bool, of tutor: ID<User>) -> Self {
    Query(
      """
      insert into availability_overrides (tutor_id, date, is_closed, note)
      select \(tutor), d, \(isClosed), \(note) from unnest(\(dates.map(\.description))::date[]) as d
      """)
  }

  static func insert(_ hours: DayHours, on dates: [CivilDate], of tutor: ID<User>) -> Self {
    Query(
      """
      insert into availability_override_hours (tutor_id, date, hours)
      select \(tutor), d, int4range(h.starts, h.ends)
        from unnest(\(dates.map(\.description))::date[]) as d,
             unnest(\(hours.ranges.map(\.lowerBound))::int[], \(hours.ranges.map(\.upperBound))::int[]) as h (starts, ends)
      """)
  }

  static func noteFigures(of tutor: ID<User>, staleAt: Instant) -> Self {
    Query("update availability_settings set figures_stale_at = \(staleAt) where tutor_id = \(tutor)")
  }
}
