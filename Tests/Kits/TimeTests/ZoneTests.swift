import CGLib
import Core
import Glibc
import Testing
import Time

/// Every name of the database, those of old maps too.
let everyZone: [Zone] = {
  guard let file = fopen("/usr/share/zoneinfo/tzdata.zi", "r") else { return [] }
  defer { fclose(file) }
  var names: Set<String> = []
  var line: UnsafeMutablePointer<CChar>?
  var size = 0
  defer { free(line) }
  while getline(&line, &size, file) > 0 {
    let fields = String(cString: line!).split(whereSeparator: \.isWhitespace)
    if fields.count > 1, fields[0] == "Z" { names.insert(String(fields[1])) }
    if fields.count > 2, fields[0] == "L" { names.insert(String(fields[2])) }
  }
  return names.sorted().compactMap { Zone($0) }
}()

func instant(_ text: String) -> Instant { Instant(rfc3339: text)! }
let sweep = instant("2000-01-01T00:00:00Z")..<instant("2041-01-01T00:00:00Z")

/// A zone as GLib sees it: another reader of the same files.
struct OtherReader: ~Copyable {
  let zone: OpaquePointer
  init?(_ identifier: String) {
    guard let zone = g_time_zone_new_identifier(identifier) else { return nil }
    self.zone = zone
  }
  deinit { g_time_zone_unref(zone) }

  func at(_ seconds: Int64) -> (offset: Int, abbreviation: String) {
    let interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, gint64(seconds))
    return (Int(g_time_zone_get_offset(zone, interval)), String(cString: g_time_zone_get_abbreviation(zone, interval)))
  }
}

@Suite struct ZoneTests {
  @Test func `names of the database are zones, and nothing else is`() {
    for name in ["UTC", "Europe/Berlin", "Asia/Calcutta", "America/Argentina/ComodRivadavia", "Etc/GMT+5"] {
      #expect(Zone(name)?.identifier == name)
    }
    for name in [
      "", "Europe/Atlantis", "+05:00", "CET-1CEST", "../../../etc/passwd", "/etc/localtime", "right/Europe/Berlin",
      "posix/UTC", "Europe", "europe/berlin", "Europe/Berlin ", "zone.tab", "localtime",
    ] { #expect(Zone(name) == nil, "\(name)") }
    #expect(Zone.identifiers.count > 400 && Zone.identifiers == Zone.identifiers.sorted())
    #expect(Zone.identifiers.allSatisfy { Zone($0) != nil })
    #expect(Zone.identifiers.contains("Europe/Stockholm") && Zone.identifiers.contains("UTC"))
    #expect(Zone.databaseVersion.hasPrefix("20"))
    #expect(everyZone.count > 590)
  }

  @Test func `every zone reads as the other reader of the database does, around every change from 2000 to 2040`() throws
  {
    var compared = 0
    let clock = ContinuousClock()
    let took = clock.measure {
      for zone in everyZone {
        guard let other = OtherReader(zone.identifier) else {
          Issue.record("\(zone)")
          continue
        }
        // Standard time that lies ahead of "daylight" time is lost on GLib 2.74 beyond its listed changes.
        let dublin = zone.identifier == "Europe/Dublin" || zone.identifier == "Eire"
        let range = dublin ? sweep.lowerBound..<instant("2038-01-01T00:00:00Z") : sweep
        func compare(_ seconds: Int64) {
          let local = zone.local(Instant(seconds: seconds))
          let (offset, abbreviation) = other.at(seconds)
          compared += 1
          if local.offset != offset || local.abbreviation != abbreviation {
            Issue.record(
              "\(zone) \(Instant(seconds: seconds)): \(local.offset) \(local.abbreviation), not \(offset) \(abbreviation)"
            )
          }
        }
        for change in zone.transitions(in: range) {
          compare(change.seconds - 1)
          compare(change.seconds)
        }
        // Were a change missing with us, samples between its neighbours would tell: the shortest stay is two weeks.
        for seconds in stride(from: range.lowerBound.seconds, to: range.upperBound.seconds, by: 86_400 * 5 + 3607) {
          compare(seconds)
        }
      }
    }
    #expect(compared > 1_500_000)
    #expect(took < .seconds(20))
  }

  @Test func `Dublin keeps its rule after the listed changes end`() throws {
    let dublin = try #require(Zone("Europe/Dublin"))
    for year in [2030, 2038, 2040, 2077, 2199] {
      #expect(dublin.local(instant("\(year)-01-15T12:00:00Z")).abbreviation == "GMT")
      #expect(dublin.local(instant("\(year)-07-15T12:00:00Z")).abbreviation == "IST")
      #expect(dublin.local(instant("\(year)-07-15T12:00:00Z")).offset == 3600)
    }
    let changes = dublin.transitions(in: instant("2040-01-01T00:00:00Z")..<instant("2041-01-01T00:00:00Z"))
    #expect(changes == [instant("2040-03-25T01:00:00Z"), instant("2040-10-28T01:00:00Z")])
  }

  @Test func `what clocks show leads back, around every change of every zone from 2000 to 2040`() {
    var checked = 0
    let took = ContinuousClock().measure {
      for zone in everyZone {
        var before: Instant?
        for change in zone.transitions(in: sweep) {
          // The definition, spelt out: a reading stands for the instants at which clocks show it.
          let shift = zone.offset(change) - zone.offset(Instant(seconds: change.seconds - 1))
          let isAlone = before.map { change - $0 > .days(2) } ?? true
          before = change
          for minutes in stride(from: -3 * 60, through: 3 * 60, by: 15) {
            let instant = change + .minutes(minutes)
            let local = zone.local(instant)
            checked += 1
            switch zone.resolve(local.date, local.time) {
            case .once(let only): if only != instant { Issue.record("\(zone) \(instant) came back as \(only)") }
            case .twice(let earlier, let later):
              if earlier != instant && later != instant || earlier >= later
                || zone.local(earlier).time != zone.local(later).time
              {
                Issue.record("\(zone) \(instant) came back as \(earlier) or \(later)")
              }
            case .skipped: Issue.record("\(zone) shows \(local) at \(instant)")
            }
          }
          // Both sides of the fold, and what is skipped.
          let wall = change.seconds + Int64(zone.offset(Instant(seconds: change.seconds - 1)))
          let within = wall + Int64(shift) / 2 / 60 * 60
          let date = CivilDate(dayNumber: Int((Double(within) / 86_400).rounded(.down)))
          let time = CivilTime(minutes: Int(within - Int64(date.dayNumber) * 86_400) / 60)!
          guard isAlone, shift != 0, wall % 60 == 0, shift % 120 == 0 else { continue }
          switch zone.resolve(date, time) {
          case .skipped(let moved):
            if shift < 0 || moved != change + .seconds(shift / 2) { Issue.record("\(zone) \(date) \(time)") }
          case .twice(let earlier, let later):
            if shift > 0 || later - earlier != .seconds(-shift) || earlier + .seconds(-shift / 2) != change {
              Issue.record("\(zone) \(date) \(time): \(earlier), \(later), \(change)")
            }
          case .once: Issue.record("\(zone) \(date) \(time) is neither skipped nor repeated")
          }
        }
      }
    }
    #expect(checked > 400_000)
    #expect(took < .seconds(20))
  }

  @Test func `days follow each other without holes`() throws {
    for zone in everyZone {
      var date = zone.date(sweep.lowerBound)
      var end = zone.day(date).upperBound
      for _ in 0..<(366 * 41 / 3) {
        date = date + 1
        let day = zone.day(date)
        if day.lowerBound != end { Issue.record("\(zone) \(date) begins \(day.lowerBound), not \(end)") }
        if !day.isEmpty, zone.date(day.lowerBound) != date {
          Issue.record("\(zone) \(date) begins on \(zone.date(day.lowerBound))")
        }
        end = day.upperBound
      }
    }
    // Clocks skipped midnight; a date that never was; a day of 23 hours.
    let cairo = try #require(Zone("Africa/Cairo"))
    #expect(cairo.day(CivilDate(2026, 4, 24)!).lowerBound == instant("2026-04-23T22:00:00Z"))
    #expect(cairo.local(instant("2026-04-23T22:00:00Z")).time == CivilTime(1, 0))
    let apia = try #require(Zone("Pacific/Apia"))
    #expect(apia.day(CivilDate(2011, 12, 30)!).isEmpty)
    let berlin = try #require(Zone("Europe/Berlin"))
    let spring = berlin.day(CivilDate(2027, 3, 28)!)
    #expect(spring.upperBound - spring.lowerBound == .hours(23))
  }

  @Test func `a skipped time moves forward by the gap, and of a repeated one the earlier counts`() throws {
    let berlin = try #require(Zone("Europe/Berlin"))
    #expect(
      berlin.resolve(CivilDate(2027, 3, 28)!, CivilTime(2, 30)!) == .skipped(moved: instant("2027-03-28T01:30:00Z")))
    #expect(berlin.local(instant("2027-03-28T01:30:00Z")).time == CivilTime(3, 30))
    #expect(
      berlin.resolve(CivilDate(2027, 10, 31)!, CivilTime(2, 30)!)
        == .twice(earlier: instant("2027-10-31T00:30:00Z"), later: instant("2027-10-31T01:30:00Z")))
    #expect(berlin.instant(of: CivilDate(2027, 10, 31)!, CivilTime(2, 30)!) == instant("2027-10-31T00:30:00Z"))
    #expect(
      berlin.instant(of: CivilDate(2027, 6, 1)!, .endOfDay) == berlin.instant(of: CivilDate(2027, 6, 2)!, .midnight))
    let local = berlin.local(instant("2026-12-31T23:59:58Z"))
    #expect(local.date == CivilDate(2027, 1, 1) && local.time == CivilTime(0, 59) && local.second == 58)
    #expect(local.abbreviation == "CET" && local.offset == 3600)
    let beforeEpoch = Zone("America/New_York")!.local(instant("1960-07-01T00:00:00.5Z"))
    #expect(beforeEpoch.description == "1960-06-30 20:00:00")
  }

  @Test func `segments tile a range and meet at the changes`() throws {
    for name in ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"] {
      let zone = try #require(Zone(name))
      let segments = zone.segments(in: sweep)
      #expect(
        segments.first?.range.lowerBound == sweep.lowerBound && segments.last?.range.upperBound == sweep.upperBound)
      for (a, b) in zip(segments, segments.dropFirst()) {
        #expect(a.range.upperBound == b.range.lowerBound && a.offset != b.offset)
      }
      for segment in segments { #expect(zone.offset(segment.range.lowerBound) == segment.offset) }
    }
    #expect(Zone.utc.segments(in: sweep.lowerBound..<sweep.lowerBound).isEmpty)
  }
}

extension Zone.Local {
  var description: String { "\(date) \(time):\(second < 10 ? "0" : "")\(second)" }
}
