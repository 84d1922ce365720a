import CSystem
import Glibc

/// A point on the time line, in whole microseconds since 1970-01-01T00:00:00Z: PostgreSQL's own precision, so that
/// a value survives the round trip exactly.
package struct Instant: Hashable, Sendable, Comparable, Codable {
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }
  package init(seconds: Int64) { microseconds = seconds * 1_000_000 }

  /// Whole seconds since the epoch, rounded down.
  package var seconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : -((-microseconds + 999_999) / 1_000_000) }

  /// The system's clock. Rules never call this: they take the instant as an argument.
  package static var now: Instant {
    var t = timespec()
    clock_gettime(CLOCK_REALTIME, &t)
    return Instant(microseconds: Int64(t.tv_sec) * 1_000_000 + Int64(t.tv_nsec) / 1000)
  }

  package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
  package static func + (a: Instant, b: Duration) -> Instant { Instant(microseconds: a.microseconds + b.microseconds) }
  package static func - (a: Instant, b: Duration) -> Instant { Instant(microseconds: a.microseconds - b.microseconds) }
  package static func - (a: Instant, b: Instant) -> Duration { .microseconds(a.microseconds - b.microseconds) }
  package static func += (a: inout Instant, b: Duration) { a = a + b }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let instant = Instant(rfc3339: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 instant"))
    }
    self = instant
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension Instant: CustomStringConvertible {
  package var description: String { rfc3339 }

  /// `2026-11-20T17:30:00Z`; with six decimals only when there is a fraction (RFC 3339).
  package var rfc3339: String {
    String(unsafeUninitializedCapacity: Self.longestSpelling) { write(to: $0.baseAddress!) }
  }

  /// Adds the text of ``rfc3339``.
  package func spell(into bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestSpelling) { text in
      bytes.append(contentsOf: text[..<write(to: text.baseAddress!)])
    }
  }

  private static let longestSpelling = 40

  /// Lists hold dozens of these: written in place, digit by digit. Gives the count of bytes.
  private func write(to text: UnsafeMutablePointer<UInt8>) -> Int {
    let day = Int64(
      microseconds >= 0 ? microseconds / 86_400_000_000 : -((-microseconds + 86_399_999_999) / 86_400_000_000))
    let (year, month, date) = Self.civil(day)
    let rest = microseconds - day * 86_400_000_000
    let second = rest / 1_000_000
    let fraction = rest % 1_000_000
    var at = 0
    func mark(_ byte: UInt8) {
      text[at] = byte
      at += 1
    }
    func digits(_ number: Int64, _ count: Int) {
      // No part of a date is longer than 32 bits, which are divided at half the cost.
      var rest = UInt32(truncatingIfNeeded: number)
      var place = at + count
      while place > at {
        place -= 1
        text[place] = 48 + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      at += count
    }
    if year < 0 { mark(45) }
    digits(abs(year), abs(year) <= 9999 ? 4 : String(abs(year)).utf8.count)
    mark(45)
    digits(month, 2)
    mark(45)
    digits(date, 2)
    mark(84)
    digits(second / 3600, 2)
    mark(58)
    digits(second / 60 % 60, 2)
    mark(58)
    digits(second % 60, 2)
    if fraction != 0 {
      mark(46)
      digits(fraction, 6)
    }
    mark(90)
    return at
  }

  /// Reads RFC 3339 with `Z` or a numeric offset. A time without a zone is refused: there is no implicit one.
  package init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    func number(_ from: Int, _ count: Int) -> Int64? {
      guard from + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[from..<from + count] {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      return value
    }
    guard let year = number(0, 4), bytes[4] == 45, let month = number(5, 2), bytes[7] == 45, let date = number(8, 2),
      bytes[10] == 84 || bytes[10] == 116, let hour = number(11, 2), bytes[13] == 58, let minute = number(14, 2),
      bytes[16] == 58, let second = number(17, 2), (1...12).contains(month), hour < 24, minute < 60, second < 60,
      date >= 1, date <= Self.days(inMonth: month, of: year)
    else { return nil }
    var at = 19
    var fraction: Int64 = 0
    if bytes[at] == 46 {
      at += 1
      var scale: Int64 = 100_000
      let start = at
      while at < bytes.count, bytes[at] >= 48, bytes[at] <= 57 {
        fraction += Int64(bytes[at] - 48) * scale
        scale /= 10
        at += 1
      }
      guard at > start else { return nil }
    }
    guard at < bytes.count else { return nil }
    var offset: Int64 = 0
    switch bytes[at] {
    case 90, 122: guard at + 1 == bytes.count else { return nil }
    case 43, 45:
      guard at + 6 == bytes.count, let hours = number(at + 1, 2), bytes[at + 3] == 58, let minutes = number(at + 4, 2),
        hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (bytes[at] == 43 ? 1 : -1)
    default: return nil
    }
    let seconds = Self.dayNumber(year, month, date) * 86_400 + hour * 3600 + minute * 60 + second - offset
    microseconds = seconds * 1_000_000 + fraction
  }

  /// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-compatible low-level date algorithms").
  package static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The civil date of a day number; the inverse of ``dayNumber(_:_:_:)``.
  package static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
  }

  /// The length of a month in days.
  package static func days(inMonth month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }
}

extension Duration {
  /// Whole microseconds; what is finer is cut off.
  package var microseconds: Int64 { Int64(attoseconds / 1_000_000_000_000) }
  package static func minutes(_ n: some BinaryInteger) -> Duration { .seconds(Int64(n) * 60) }
  package static func hours(_ n: some BinaryInteger) -> Duration { .seconds(Int64(n) * 3600) }
  /// Periods of exactly 24 hours; civil days belong to the kit `Time`.
  package static func days(_ n: some BinaryInteger) -> Duration { .seconds(Int64(n) * 86_400) }
}

/// The clock as a value: the server hands out the system's, tests step their own.
package struct WallClock: Sendable {
  private let read: @Sendable () -> Instant
  package init(_ read: @escaping @Sendable () -> Instant) { self.read = read }
  package var now: Instant { read() }
  package static let system = WallClock { .now }
}
