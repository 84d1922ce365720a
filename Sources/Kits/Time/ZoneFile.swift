import Core
import Glibc

/// The system's zone database on disk: compiled zones (TZif, RFC 9636), the list of names, and its version.
///
/// One database serves the whole house, so that no two parts can disagree about a zone after an update. Why it is read
/// here and by no library: `docs/decisions/zones.md`.
enum ZoneFile {
  /// Where the database lies. `TZDIR` moves it, as it does for the C library.
  static let directory: String = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"

  /// A zone's offsets over time. `starts[0]` is the beginning of time; `offsets[i]` holds from `starts[i]` until the next.
  struct Table: Sendable {
    var starts: [Int64] = [Int64.min]
    var offsets: [Int32] = []
    var abbreviations: [String] = []
  }

  /// The last year whose changes are laid out; later than that the last offset stays.
  static let lastYear: Int64 = 2199

  /// Whole file, or nothing when it cannot be read.
  static func bytes(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return bytes }
      bytes += block[..<count]
    }
  }

  /// Reads a compiled zone of version 2 or later. Version 1 cannot speak of years after 2037 and is refused, and so is a
  /// file that counts leap seconds, because instants do not.
  static func table(_ file: [UInt8]) -> Table? {
    var reader = Reader(bytes: file)
    guard let old = reader.header(), old.version >= 0x32, reader.skip(old.size(wide: false)), let new = reader.header(),
      new.types > 0, new.leaps == 0, reader.rest >= new.size(wide: true)
    else { return nil }
    var transitions: [Int64] = []
    for _ in 0..<new.times { transitions.append(reader.integer(8)) }
    let indexes = (0..<new.times).map { _ in Int(reader.integer(1) & 0xFF) }
    let types = (0..<new.types).map { _ in
      (offset: Int32(truncatingIfNeeded: reader.integer(4)), _: reader.integer(1), name: Int(reader.integer(1) & 0xFF))
    }
    let letters = Array(file[reader.at..<reader.at + new.letters])
    _ = reader.skip(new.letters + new.standards + new.universals)
    guard indexes.allSatisfy(types.indices.contains), types.allSatisfy({ letters.indices.contains($0.name) }),
      zip(transitions, transitions.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    func name(_ at: Int) -> String { String(decoding: letters[at...].prefix { $0 != 0 }, as: UTF8.self) }

    var table = Table()
    table.offsets.append(types[0].offset)
    table.abbreviations.append(name(types[0].name))
    for (start, index) in zip(transitions, indexes) {
      table.starts.append(start)
      table.offsets.append(types[index].offset)
      table.abbreviations.append(name(types[index].name))
    }
    let footer = file[reader.at...].dropFirst().prefix { $0 != 10 }
    if !footer.isEmpty {
      guard let rule = ZoneRule(String(decoding: footer, as: UTF8.self)) else { return nil }
      rule.extend(&table, through: lastYear)
    }
    return table
  }

  private struct Reader {
    let bytes: [UInt8]
    var at = 0
    var rest: Int { bytes.count - at }

    struct Header {
      let version: UInt8
      let universals, standards, leaps, times, types, letters: Int
      func size(wide: Bool) -> Int {
        times * (wide ? 9 : 5) + types * 6 + letters + leaps * (wide ? 12 : 8) + standards + universals
      }
    }

    /// A signed big-endian integer; the caller has made sure that it is there.
    mutating func integer(_ width: Int) -> Int64 {
      var value: Int64 = width < 8 && bytes[at] >= 0x80 ? -1 : 0
      for byte in bytes[at..<at + width] { value = value << 8 | Int64(byte) }
      at += width
      return value
    }

    mutating func skip(_ count: Int) -> Bool {
      guard count <= rest else { return false }
      at += count
      return true
    }

    mutating func header() -> Header? {
      guard rest >= 44, bytes[at..<at + 4].elementsEqual("TZif".utf8) else { return nil }
      let version = bytes[at + 4]
      at += 20
      let counts = (0..<6).map { _ in Int(integer(4)) }
      guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
      return Header(
        version: version, universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
        types: counts[4], letters: counts[5])
    }
  }
}

/// What a zone does after its last listed change: the footer of a compiled zone, a POSIX `TZ` text as RFC 9636, 3.3.1
/// widens it (hours of a change may be from -167 to 167, and "daylight" time may lie behind standard time, as in Dublin).
struct ZoneRule {
  struct Day {
    enum Form {
      /// Week 1…5 (5 is the last), weekday 0 (Sunday)…6.
      case month(Int64, week: Int64, weekday: Int64)
      /// 1…365, never counting 29 February.
      case julian(Int64)
      /// 0…365, counting it.
      case ordinal(Int64)
    }
    let form: Form
    /// Seconds after the day's wall-clock midnight.
    let time: Int64
  }

  let standard: (name: String, offset: Int32)
  let daylight: (name: String, offset: Int32, begins: Day, ends: Day)?

  init?(_ text: String) {
    var scanner = Scanner(rest: Substring(text).utf8)
    guard let name = scanner.name(), let offset = scanner.seconds(hours: 24) else { return nil }
    standard = (name, Int32(-offset))
    guard !scanner.rest.isEmpty else {
      daylight = nil
      return
    }
    guard let other = scanner.name() else { return nil }
    var ahead = standard.offset + 3600
    if scanner.rest.first != UInt8(ascii: ",") {
      guard let offset = scanner.seconds(hours: 24) else { return nil }
      ahead = Int32(-offset)
    }
    guard scanner.take(","), let begins = scanner.day(), scanner.take(","), let ends = scanner.day(),
      scanner.rest.isEmpty
    else { return nil }
    daylight = (other, ahead, begins, ends)
  }

  /// Lays out the changes after the table's last one, through the end of `year`.
  func extend(_ table: inout ZoneFile.Table, through year: Int64) {
    guard let daylight else { return }
    let last = table.starts.last!
    let first = last == Int64.min ? 1970 : Instant.civil(floorDivide(last, 86_400)).year
    guard first <= year else { return }
    for year in first...year {
      let begins = (at: daylight.begins.seconds(in: year) - Int64(standard.offset), daylight.offset, daylight.name)
      let ends = (at: daylight.ends.seconds(in: year) - Int64(daylight.offset), standard.offset, standard.name)
      for change in begins.at < ends.at ? [begins, ends] : [ends, begins] where change.at > table.starts.last! {
        // The rule's year may begin with the change that the table ends with.
        guard change.1 != table.offsets.last! || change.2 != table.abbreviations.last! else { continue }
        table.starts.append(change.at)
        table.offsets.append(change.1)
        table.abbreviations.append(change.2)
      }
    }
  }

  private struct Scanner {
    var rest: Substring.UTF8View

    mutating func take(_ character: Character) -> Bool {
      guard rest.first == character.asciiValue else { return false }
      rest.removeFirst()
      return true
    }

    mutating func name() -> String? {
      let letters: Substring.UTF8View
      if take("<") {
        letters = rest.prefix { $0 != UInt8(ascii: ">") }
        rest = rest[letters.endIndex...]
        guard take(">") else { return nil }
      } else {
        letters = rest.prefix { (65...90).contains($0) || (97...122).contains($0) }
        rest = rest[letters.endIndex...]
      }
      return letters.count >= 3 ? String(Substring(letters)) : nil
    }

    mutating func number() -> Int64? {
      let digits = rest.prefix { (48...57).contains($0) }
      rest = rest[digits.endIndex...]
      return decimal(digits).map(Int64.init)
    }

    /// `[+-]hh[:mm[:ss]]`
    mutating func seconds(hours limit: Int64) -> Int64? {
      let sign: Int64 = take("-") ? -1 : 1
      if sign == 1 { _ = take("+") }
      guard let hours = number(), hours <= limit else { return nil }
      var total = hours * 3600
      for unit in [60, 1] as [Int64] {
        guard take(":") else { break }
        guard let count = number(), count < 60 else { return nil }
        total += count * unit
      }
      return sign * total
    }

    mutating func day() -> Day? {
      let form: Day.Form
      if take("M") {
        guard let month = number(), (1...12).contains(month), take("."), let week = number(), (1...5).contains(week),
          take("."), let weekday = number(), (0...6).contains(weekday)
        else { return nil }
        form = .month(month, week: week, weekday: weekday)
      } else if take("J") {
        guard let day = number(), (1...365).contains(day) else { return nil }
        form = .julian(day)
      } else {
        guard let day = number(), (0...365).contains(day) else { return nil }
        form = .ordinal(day)
      }
      guard take("/") else { return Day(form: form, time: 7200) }
      guard let time = seconds(hours: 167) else { return nil }
      return Day(form: form, time: time)
    }
  }
}

extension ZoneRule.Day {
  /// The change of that year as wall-clock seconds since 1970-01-01T00:00.
  func seconds(in year: Int64) -> Int64 {
    let day: Int64
    switch form {
    case .month(let month, let week, let weekday):
      let first = Instant.dayNumber(year, month, 1)
      let length = Instant.days(inMonth: month, of: year)
      var date = modulo(weekday - modulo(first + 4, 7), 7) + (week - 1) * 7
      if date >= length { date -= 7 }
      day = first + date
    case .julian(let number):
      let leap = Instant.days(inMonth: 2, of: year) == 29
      day = Instant.dayNumber(year, 1, 1) + number - 1 + (leap && number >= 60 ? 1 : 0)
    case .ordinal(let number):
      day = Instant.dayNumber(year, 1, 1) + number
    }
    return day * 86_400 + time
  }
}
