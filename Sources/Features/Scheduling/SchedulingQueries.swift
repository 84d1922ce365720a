package import Core
package import Postgres
import Time

/// A stored zone that this system's database does not know: the package `tzdata` is older than the one it was chosen from.
struct UnknownZone: Error { let identifier: String }

extension SQL {
  /// What ``Availability/Rules`` reads of `availability_settings a`. Hours are numbers, cheap to make and to read: the
  /// weekday, or the days since 1970, then two times eleven bits for the minutes. Dates before `first` are left out.
  static func rules(since first: CivilDate) -> SQL {
    """
    a.zone, a.buffer_before, a.buffer_after, a.notice, a.horizon_days, a.step, a.daily_limit, a.weekly_limit,
    array(select h.weekday * 4194304 + lower(h.hours) * 2048 + upper(h.hours)
            from availability_hours h where h.tutor_id = a.tutor_id order by h.weekday, h.hours),
    array(select (o.date - date '1970-01-01') * bigint '4194304' + coalesce(lower(h.hours) * 2048 + upper(h.hours), 0)
            from availability_overrides o left join availability_override_hours h using (tutor_id, date)
           where o.tutor_id = a.tutor_id and o.date >= \(first.description)::date)
    """
  }
}

extension Availability.Rules {
  /// The columns of ``SQL/rules(since:)``, in order; nothing for a row without rules.
  init?(row: inout RowReader) throws {
    let zone: String? = try row.next()
    let (before, after): (Int?, Int?) = (try row.next(), try row.next())
    let (notice, horizon, step): (Int?, Int?, Int?) = (try row.next(), try row.next(), try row.next())
    let (daily, weekly): (Int?, Int?) = (try row.next(), try row.next())
    let hours: [Int] = try row.next([Int]?.self) ?? []
    let overrides: [Int] = try row.next([Int]?.self) ?? []
    guard let zone, let before, let after, let notice, let horizon, let step else { return nil }
    guard let zone = Zone(zone) else { throw UnknownZone(identifier: zone) }
    func minutes(_ number: Int) -> Range<Int> { (number >> 11 & 2047)..<(number & 2047) }
    // A weekday's hours follow one another.
    var week = WeeklyHours()
    var at = hours.startIndex
    while at < hours.endIndex {
      let weekday = hours[at] >> 22
      var ranges: [Range<Int>] = []
      while at < hours.endIndex, hours[at] >> 22 == weekday {
        ranges.append(minutes(hours[at]))
        at += 1
      }
      week[weekday] = DayHours(ranges)
    }
    var dates: [CivilDate: [Range<Int>]] = [:]
    for number in overrides {
      dates[CivilDate(dayNumber: number >> 22), default: []] += number & 0x3FFFFF == 0 ? [] : [minutes(number)]
    }
    self.init(
      zone: zone, hours: week, overrides: dates.mapValues { DayHours($0) }, bufferBefore: .minutes(before),
      bufferAfter: .minutes(after), notice: .minutes(notice), horizon: .days(horizon), step: step, dailyLimit: daily,
      weeklyLimit: weekly)
  }
}

extension Query where Row == Timetable {
  /// Everything the rules say, in one row. Dates before `first` are left out.
  static func timetable(of tutor: ID<User>, since first: CivilDate) -> Self {
    Query(
      """
      select \(SQL.rules(since: first)), a.tutor_id, a.updated_at,
             array(select o.date || ' ' || o.note from availability_overrides o
                    where o.tutor_id = a.tutor_id and o.date >= \(first.description)::date and o.note is not null)
        from availability_settings a where a.tutor_id = \(tutor)
      """
    ) { row in
      guard let rules = try Availability.Rules(row: &row) else { throw Failure.notFound }
      let tutor: ID<User> = try row.next()
      let savedAt: Instant = try row.next()
      var words: [CivilDate: String] = [:]
      for text in try row.next([String].self) {
        if let date = CivilDate(text.prefix(10)) { words[date] = String(text.dropFirst(11)) }
      }
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

extension Taken: RowDecodable {
  /// Its booking, whether the tutor of the question is the person, whether that person teaches, the lesson, and what it takes.
  init(row: inout RowReader) throws {
    booking = try row.next()
    isTutors = try row.next()
    let teaches: Bool = try row.next()
    let (during, taken): (Range<Instant>, Range<Instant>) = (try row.next(), try row.next())
    busy = Availability.Busy(during: during, blocked: taken, isLesson: isTutors && teaches)
  }
}

extension SQL {
  /// The live bookings of a tutor and, when one is given, of a learner, in either role: a tutor who takes lessons is not
  /// free then, and a learner who gives some is not either.
  ///
  /// Asked by the bounds, not by `&&`: the constraint's GiST index would be taken for that, which reads a hundred pages
  /// to find one person, where the index `taken_times_of_person` reads three. What is live of one person is little.
  static func taken(from tutor: SQL, and learner: ID<User>?, in range: Range<Instant>, ignoring booking: ID<Booking>?)
    -> SQL
  {
    """
    from busy_times t
    where t.person_id in (\(tutor), \(learner)) and lower(t.taken) < \(range.upperBound) and upper(t.taken) > \(range.lowerBound)
      and t.booking_id is distinct from \(booking)
    """
  }

  /// A tutor's rules with what is on around `range`: the columns that ``Diary`` reads, of `availability_settings a`, whose row
  /// may be missing. They stand in the statement that brings what else is needed: as a joined table of their own they cost
  /// half as much again.
  package static func diary(
    around range: Range<Instant>, for learner: ID<User>?, ignoring booking: ID<Booking>? = nil, now: Instant
  ) -> SQL {
    // The longest booking with its buffers is half a day. Only a tutor's limits look further: they count whole weeks.
    let near = range.lowerBound - .days(1)..<range.upperBound + .days(1)
    let wide = range.lowerBound - .days(8)..<range.upperBound + .days(8)
    return """
      \(SQL.rules(since: Zone.utc.date(now) - 8)),
      array(select row(t.booking_id, coalesce(t.person_id = a.tutor_id, false), t.teaches, t.during, t.taken)
              \(SQL.taken(from: "a.tutor_id", and: learner, in: wide, ignoring: booking))
               and (lower(t.taken) < \(near.upperBound) and upper(t.taken) > \(near.lowerBound)
                    or t.person_id = a.tutor_id and (a.daily_limit is not null or a.weekly_limit is not null)))
      """
  }
}

extension Query where Row == Taken {
  static func taken(
    from tutor: ID<User>, and learner: ID<User>?, in range: Range<Instant>, ignoring booking: ID<Booking>? = nil
  ) -> Self {
    Query(
      """
      select t.booking_id, t.person_id = \(tutor), t.teaches, t.during, t.taken
        \(SQL.taken(from: "\(tutor)", and: learner, in: range, ignoring: booking))
      """)
  }
}

extension Query where Row == Diary {
  static func diary(
    of tutor: ID<User>, around range: Range<Instant>, for learner: ID<User>?, ignoring booking: ID<Booking>? = nil,
    now: Instant
  ) -> Self {
    Query(
      """
      select \(SQL.diary(around: range, for: learner, ignoring: booking, now: now))
        from availability_settings a where a.tutor_id = \(tutor)
      """)
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
       where tutor_id = any(array(select tutor_id from availability_settings where figures_stale_at <= \(now)
                                   order by figures_stale_at limit \(limit) for update skip locked))
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
