package import Core

/// An IANA time zone of the system's database. A small value: its table is read once per process and shared.
///
/// Right from the zone's first record through 2199; after that the last offset stays.
package struct Zone: Hashable, Sendable, CustomStringConvertible {
  private let data: Data

  private final class Data: Sendable {
    let identifier: String
    let table: ZoneFile.Table
    init(identifier: String, table: ZoneFile.Table) {
      self.identifier = identifier
      self.table = table
    }
  }

  /// Tables already read. A zone that is not in the database is not remembered, or strangers could fill the memory.
  private static let read = Locked<[String: Data]>([:])

  /// Nothing for a name that the database does not list. Old names (`Asia/Calcutta`) are listed; offsets, POSIX rules and
  /// paths are not names. The first use of a zone reads a small file.
  package init?(_ identifier: some StringProtocol) {
    let identifier = String(identifier)
    if let data = Self.read.withLock({ $0[identifier] }) {
      self.data = data
      return
    }
    guard ZoneIndex.system.names.contains(identifier),
      let table = ZoneFile.bytes(ZoneFile.directory + "/" + identifier).flatMap(ZoneFile.table)
    else { return nil }
    data = Self.read.withLock { zones in
      if let first = zones[identifier] { return first }
      let data = Data(identifier: identifier, table: table)
      zones[identifier] = data
      return data
    }
  }

  private init(data: Data) { self.data = data }

  /// Needs no database.
  package static let utc = Zone(
    data: Data(
      identifier: "UTC", table: ZoneFile.Table(starts: [Int64.min], offsets: [0], abbreviations: ["UTC"])))

  /// The zones that people choose from, sorted: those of `zone.tab` (one or more for every country), and UTC.
  package static var identifiers: [String] { ZoneIndex.system.choices }

  /// The version of the zone database, such as `2026f`; `unknown` when the database does not say.
  package static var databaseVersion: String { ZoneIndex.system.version }

  /// As it was asked for: `Europe/Berlin`.
  package var identifier: String { data.identifier }
  package var description: String { data.identifier }

  package static func == (a: Zone, b: Zone) -> Bool { a.data === b.data || a.identifier == b.identifier }
  package func hash(into hasher: inout Hasher) { hasher.combine(data.identifier) }

  // MARK: From instants to clocks

  /// What a clock on the wall shows at an instant.
  package struct Local: Hashable, Sendable {
    package let date: CivilDate
    /// Never 24:00.
    package let time: CivilTime
    /// 0…59; fractions are cut off.
    package let second: Int
    /// Seconds east of Greenwich.
    package let offset: Int
    /// Such as `CET`; zones without letters of their own have `+0330`.
    package let abbreviation: String
  }

  package func local(_ instant: Instant) -> Local {
    let at = index(instant.seconds)
    let offset = Int64(data.table.offsets[at])
    let wall = instant.seconds + offset
    let day = floorDivide(wall, 86_400)
    let second = Int(wall - day * 86_400)
    return Local(
      date: CivilDate(dayNumber: Int(day)), time: CivilTime(minutes: second / 60)!, second: second % 60,
      offset: Int(offset),
      abbreviation: data.table.abbreviations[at])
  }

  /// The civil date at an instant.
  package func date(_ instant: Instant) -> CivilDate {
    CivilDate(dayNumber: Int(floorDivide(instant.seconds + Int64(offset(instant)), 86_400)))
  }

  /// Seconds east of Greenwich at an instant.
  package func offset(_ instant: Instant) -> Int { Int(data.table.offsets[index(instant.seconds)]) }

  /// A stretch of time during which clocks ran evenly.
  package struct Segment: Hashable, Sendable {
    package let range: Range<Instant>
    /// Seconds east of Greenwich.
    package let offset: Int
  }

  /// `range` cut where the zone's clocks are changed, in order and without holes. Who converts many instants walks these
  /// and adds.
  package func segments(in range: Range<Instant>) -> [Segment] {
    guard !range.isEmpty else { return [] }
    var segments: [Segment] = []
    var at = index(range.lowerBound.seconds)
    var start = range.lowerBound
    while start < range.upperBound {
      let offset = data.table.offsets[at]
      repeat { at += 1 } while at < data.table.starts.count && data.table.offsets[at] == offset
      let end =
        at < data.table.starts.count ? min(range.upperBound, Instant(seconds: data.table.starts[at])) : range.upperBound
      segments.append(Segment(range: start..<end, offset: Int(offset)))
      start = end
    }
    return segments
  }

  /// The instants inside `range` at which clocks are changed.
  package func transitions(in range: Range<Instant>) -> [Instant] {
    segments(in: range).dropFirst().map(\.range.lowerBound)
  }

  /// The record in force. Few zones have more than 300: eight or nine comparisons.
  private func index(_ seconds: Int64) -> Int {
    data.table.starts.withUnsafeBufferPointer { starts in
      var low = 0
      var high = starts.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= seconds { low = middle } else { high = middle }
      }
      return low
    }
  }

  // MARK: From clocks to instants

  /// What a wall-clock reading of a date stands for.
  package enum Resolution: Hashable, Sendable {
    /// The usual case.
    case once(Instant)
    /// Clocks skipped this reading. `moved` is as long after the skip as the reading is after its beginning: where 02:00
    /// became 03:00, 02:30 stands for 03:30.
    case skipped(moved: Instant)
    /// Clocks showed this reading twice.
    case twice(earlier: Instant, later: Instant)

    /// The house's policy: a skipped reading moves forward by the gap, of two the earlier counts.
    package var instant: Instant {
      switch self {
      case .once(let instant), .skipped(let instant), .twice(let instant, _): instant
      }
    }
  }

  package func resolve(_ date: CivilDate, _ time: CivilTime) -> Resolution {
    resolve(wall: Int64(date.dayNumber) * 86_400 + Int64(time.minutes) * 60)
  }

  /// The instant at which clocks show this reading; ``Resolution/instant`` says what of skipped and repeated ones.
  package func instant(of date: CivilDate, _ time: CivilTime) -> Instant { resolve(date, time).instant }

  /// A civil day as the stretch from its first instant to the next day's. Days follow each other without holes; where
  /// clocks went back over midnight, the repeated evening counts to the later day. A date that never was is empty.
  package func day(_ date: CivilDate) -> Range<Instant> {
    let start = beginning(date)
    return start..<max(start, beginning(date + 1))
  }

  private func beginning(_ date: CivilDate) -> Instant {
    let wall = Int64(date.dayNumber) * 86_400
    guard case .skipped = resolve(wall: wall) else { return resolve(wall: wall).instant }
    // Midnight was skipped: the day begins where the clocks landed.
    let around = Instant(seconds: wall - 129_600)..<Instant(seconds: wall + 129_600)
    for transition in transitions(in: around) where transition.seconds + Int64(offset(transition)) > wall {
      return transition
    }
    return resolve(wall: wall).instant
  }

  private func resolve(wall: Int64) -> Resolution {
    // No zone was ever 36 hours from Greenwich.
    var at = index(wall - 129_600)
    let last = index(wall + 129_600)
    var found: Instant?
    var moved: Instant?
    while at <= last {
      let offset = Int64(data.table.offsets[at])
      let instant = wall - offset
      let ends = at + 1 < data.table.starts.count ? data.table.starts[at + 1] : Int64.max
      if data.table.starts[at] <= instant, instant < ends {
        if let found { return .twice(earlier: found, later: Instant(seconds: instant)) }
        found = Instant(seconds: instant)
      }
      if moved == nil, at < last, instant >= ends, wall < ends + Int64(data.table.offsets[at + 1]) {
        moved = Instant(seconds: instant)
      }
      at += 1
    }
    if let found { return .once(found) }
    return .skipped(moved: moved ?? Instant(seconds: wall - Int64(data.table.offsets[last])))
  }
}

/// What the database knows of itself: its version and its names.
private struct ZoneIndex: Sendable {
  var version = "unknown"
  var names: Set<String> = ["UTC"]
  var choices: [String] = []

  static let system = ZoneIndex()

  private init() {
    // `tzdata.zi` has a comment with the version, `Z name …` for zones and `L target name` for other names of them.
    for line in Self.lines("tzdata.zi") {
      if line.hasPrefix("# version ") {
        version = String(line.dropFirst(10))
        continue
      }
      let fields = line.split(separator: " ", maxSplits: 3)
      if fields.count > 1, fields[0] == "Z" { names.insert(String(fields[1])) }
      if fields.count > 2, fields[0] == "L" { names.insert(String(fields[2])) }
    }
    var choices: Set<String> = ["UTC"]
    for line in Self.lines("zone.tab") where !line.hasPrefix("#") {
      let fields = line.split(separator: "\t")
      guard fields.count >= 3 else { continue }
      choices.insert(String(fields[2]))
    }
    names.formUnion(choices)
    self.choices = choices.sorted()
  }

  private static func lines(_ name: String) -> [Substring] {
    let bytes = ZoneFile.bytes(ZoneFile.directory + "/" + name) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
