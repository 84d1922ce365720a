import Core

/// A day of the proleptic Gregorian calendar, of no particular zone.
package struct CivilDate: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  package let dayNumber: Int

  package init(dayNumber: Int) { self.dayNumber = dayNumber }

  /// Nothing when there is no such day: 2026-02-29, a month 13, a year outside 1…9999.
  package init?(_ year: Int, _ month: Int, _ day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= Int(Instant.days(inMonth: Int64(month), of: Int64(year)))
    else { return nil }
    dayNumber = Int(Instant.dayNumber(Int64(year), Int64(month), Int64(day)))
  }

  /// Reads `2026-11-20` (ISO 8601, extended form) and nothing else.
  package init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      let year = decimal(bytes[0..<4]), let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10])
    else { return nil }
    self.init(year, month, day)
  }

  /// Year, month and day together: one calculation for all three.
  package var parts: (year: Int, month: Int, day: Int) {
    let civil = Instant.civil(Int64(dayNumber))
    return (Int(civil.year), Int(civil.month), Int(civil.day))
  }

  package var year: Int { parts.year }
  package var month: Int { parts.month }
  package var day: Int { parts.day }

  /// Monday is 1, Sunday 7 (ISO 8601).
  package var weekday: Int { modulo(dayNumber + 3, 7) + 1 }

  /// The Monday of this day's week.
  package var monday: CivilDate { self - (weekday - 1) }

  /// `2026-11-20`.
  package var description: String {
    let (year, month, day) = parts
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
  }

  package static func < (a: CivilDate, b: CivilDate) -> Bool { a.dayNumber < b.dayNumber }
  package static func + (a: CivilDate, days: Int) -> CivilDate { CivilDate(dayNumber: a.dayNumber + days) }
  package static func - (a: CivilDate, days: Int) -> CivilDate { CivilDate(dayNumber: a.dayNumber - days) }
  /// Days from `b` to `a`.
  package static func - (a: CivilDate, b: CivilDate) -> Int { a.dayNumber - b.dayNumber }
}

extension CivilDate: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let date = CivilDate(text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a date"))
    }
    self = date
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// What a clock on the wall shows, to the minute: 00:00 to 24:00, where 24:00 is an end and never a start.
package struct CivilTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 0…1440.
  package let minutes: Int

  /// Nothing outside 0…1440.
  package init?(minutes: Int) {
    guard (0...1440).contains(minutes) else { return nil }
    self.minutes = minutes
  }

  package init?(_ hour: Int, _ minute: Int) {
    guard hour >= 0, (0..<60).contains(minute), hour < 24 || (hour == 24 && minute == 0) else { return nil }
    minutes = hour * 60 + minute
  }

  /// Reads `09:30`, also `9:30` and `09:30:00` as browsers may send them; seconds must be zero.
  package init?(_ text: some StringProtocol) {
    let fields = text.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 2 || (fields.count == 3 && fields[2] == "00"), (1...2).contains(fields[0].utf8.count),
      fields[1].utf8.count == 2, let hour = decimal(fields[0].utf8), let minute = decimal(fields[1].utf8)
    else { return nil }
    self.init(hour, minute)
  }

  package static let midnight = CivilTime(known: 0)
  package static let endOfDay = CivilTime(known: 1440)
  private init(known minutes: Int) { self.minutes = minutes }

  package var hour: Int { minutes / 60 }
  package var minute: Int { minutes % 60 }

  /// `09:30`; the end of the day is `24:00`.
  package var description: String { padded(hour, 2) + ":" + padded(minute, 2) }

  package static func < (a: CivilTime, b: CivilTime) -> Bool { a.minutes < b.minutes }
}

/// The remainder that is never negative.
func modulo<N: BinaryInteger>(_ a: N, _ n: N) -> N {
  let rest = a % n
  return rest < 0 ? rest + n : rest
}

/// The quotient rounded down.
func floorDivide<N: BinaryInteger>(_ a: N, _ n: N) -> N { (a - modulo(a, n)) / n }

func padded(_ n: Int, _ width: Int) -> String {
  let digits = String(n)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// A number of decimal digits only; nothing when there is none or anything else.
func decimal(_ bytes: some Sequence<UInt8>) -> Int? {
  var value: Int?
  for byte in bytes {
    guard (48...57).contains(byte), value ?? 0 < 100_000_000 else { return nil }
    value = (value ?? 0) * 10 + Int(byte - 48)
  }
  return value
}
