import CICU
package import Core
package import Time

/// Dates, times, numbers and money as each language writes them (CLDR, through ICU). The arithmetic of zones is
/// `Time`'s: ICU is handed wall-clock fields and never a zone, so that there is one zone database in the house.
package final class Formats: Sendable {
  private let opened = Locked<[Key: OpenFormat]>([:])
  /// What ICU wrote lately: a page says the same few prices and times again and again, and ICU works under a lock.
  private let moments = Memo<Moment, String>(limit: 8192)
  private let amounts = Memo<Amount, String>(limit: 2048)
  private let lists = Memo<List, String>(limit: 1024)
  private let weekStarts = Memo<Language, Int>(limit: 16)
  private let cities = Memo<City, String>(limit: 2048)

  private struct City: Hashable {
    let language: Language
    let zone: String
  }

  private struct Moment: Hashable {
    let language: Language
    let skeleton: String
    let milliseconds: Double
  }

  private struct Amount: Hashable {
    let language: Language
    let money: Money
  }

  private struct List: Hashable {
    let language: Language
    let items: [String]
    let isSentence: Bool
  }

  private struct Key: Hashable {
    let language: Language
    let pattern: String
  }

  /// An ICU object; used under the lock only.
  private struct OpenFormat: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }

  package init() {}

  /// The day a week begins with where the language is mostly spoken: Monday is 1, Sunday 7 (CLDR's week data).
  package func firstWeekday(in language: Language) -> Int {
    weekStarts.value(language) {
      var status = U_ZERO_ERROR
      let sundayIsOne = icu_first_weekday(Self.locale(language), &status)
      guard status.rawValue <= U_ZERO_ERROR.rawValue, sundayIsOne > 0 else { return 1 }
      return (Int(sundayIsOne) + 5) % 7 + 1
    }
  }

  /// The city a zone is named after, as the language writes it (CLDR's exemplar cities): `Europe/Vienna` is `Wien` or
  /// `فيينا`. Names only: no time is reckoned here. What CLDR does not know keeps its identifier's name.
  package func city(of zone: Zone, in language: Language) -> String {
    cities.value(City(language: language, zone: zone.identifier)) {
      let own = zone.identifier.split(separator: "/").last.map(String.init) ?? zone.identifier
      return Self.exemplarCity(zone.identifier, language) ?? own.replacing("_", with: " ")
    }
  }

  private static func exemplarCity(_ zone: String, _ language: Language) -> String? {
    var status = U_ZERO_ERROR
    let pattern = Array("VVV".utf16)
    let name = Array(zone.utf16)
    guard
      let format = icu_date_open(
        locale(language), name, Int32(name.count), pattern, Int32(pattern.count), &status),
      status.rawValue <= U_ZERO_ERROR.rawValue
    else { return nil }
    defer { icu_date_close(format) }
    var text = [UChar](repeating: 0, count: 128)
    let length = icu_date_format(format, 0, &text, 128, &status)
    guard status.rawValue <= U_ZERO_ERROR.rawValue, (1...128).contains(length) else { return nil }
    let city = String(utf16: text, length)
    // Etc/Unknown has a city of its own, which is none.
    var unknown = [UChar](repeating: 0, count: 128)
    let nowhere = Array("Etc/Unknown".utf16)
    if let other = icu_date_open(
      locale(language), nowhere, Int32(nowhere.count), pattern, Int32(pattern.count), &status)
    {
      defer { icu_date_close(other) }
      let length = icu_date_format(other, 0, &unknown, 128, &status)
      if length > 0, length <= 128, String(utf16: unknown, length) == city { return nil }
    }
    return city
  }

  /// Wall-clock fields in the form a CLDR skeleton asks for, e.g. `yMMMEd`, `jm`.
  package func civil(_ date: CivilDate, _ secondOfDay: Int, skeleton: String, in language: Language) -> String {
    let days = Instant.dayNumber(Int64(date.year), Int64(date.month), Int64(date.day))
    let milliseconds = Double(days * 86_400 + Int64(secondOfDay)) * 1000
    return moments.value(Moment(language: language, skeleton: skeleton, milliseconds: milliseconds)) {
      write(milliseconds, skeleton: skeleton, in: language) ?? "\(date)"
    }
  }

  private func write(_ milliseconds: Double, skeleton: String, in language: Language) -> String? {
    opened.withLock { opened in
      let key = Key(language: language, pattern: skeleton)
      let format: OpenFormat
      if let known = opened[key] {
        format = known
      } else {
        guard let made = Self.dateFormat(skeleton, language) else { return nil }
        opened[key] = made
        format = made
      }
      var status = U_ZERO_ERROR
      var text = [UChar](repeating: 0, count: 128)
      let length = icu_date_format(format.pointer, milliseconds, &text, 128, &status)
      guard status.rawValue <= U_ZERO_ERROR.rawValue else { return nil }
      // CLDR 42 puts a narrow no-break space before AM and PM; fonts and screen readers stumble over it.
      return String(utf16: text, length).replacing("\u{202F}", with: "\u{A0}")
    }
  }

  /// An amount with its currency's sign and decimals, exact: the digits go to ICU as text.
  package func money(_ money: Money, in language: Language) -> String {
    amounts.value(Amount(language: language, money: money)) { write(money, in: language) }
  }

  private func write(_ money: Money, in language: Language) -> String {
    opened.withLock { opened in
      let whole = money.currency.decimals > 0 && money.amount % Self.power(money.currency.decimals) == 0
      let key = Key(language: language, pattern: "money/\(money.currency.code)/\(whole)")
      let format: OpenFormat
      if let known = opened[key] {
        format = known
      } else {
        guard let made = Self.moneyFormat(money.currency, whole: whole, language) else { return money.description }
        opened[key] = made
        format = made
      }
      let digits = money.description.split(separator: " ")[0]
      var status = U_ZERO_ERROR
      var text = [UChar](repeating: 0, count: 96)
      let length = String(digits).withCString { icu_decimal_format(format.pointer, $0, &text, 96, &status) }
      guard status.rawValue <= U_ZERO_ERROR.rawValue else { return money.description }
      let written = String(utf16: text, length)
      // Where lines run from the right, the dollar of "US$" would leave its letters; a left-to-right mark holds it.
      return language.isRightToLeft ? written + "\u{200E}" : written
    }
  }

  /// Names one after another with the separators of the language: `algebra, calculus`, and where `isSentence` with its
  /// last "and": `Ada, Ben and Cleo`. Each name is held together whichever way it is written (Unicode's isolates).
  package func list(_ items: [String], isSentence: Bool = false, in language: Language) -> String {
    guard items.count > 1 else { return items.first ?? "" }
    return lists.value(List(language: language, items: items, isSentence: isSentence)) {
      write(items, isSentence: isSentence, in: language)
    }
  }

  private func write(_ items: [String], isSentence: Bool, in language: Language) -> String {
    opened.withLock { opened in
      let key = Key(language: language, pattern: isSentence ? "list/and" : "list/units")
      let format: OpenFormat
      if let known = opened[key] {
        format = known
      } else {
        var status = U_ZERO_ERROR
        guard let made = icu_list_open(Self.locale(language), isSentence ? 0 : 1, &status),
          status.rawValue <= U_ZERO_ERROR.rawValue
        else { return items.joined(separator: ", ") }
        format = OpenFormat(pointer: made)
        opened[key] = format
      }
      let needsIsolates = language.isRightToLeft
      let words = items.map { Array((needsIsolates ? "\u{2068}\($0)\u{2069}" : $0).utf16) }
      let lengths = words.map { Int32($0.count) }
      var text = [UChar](repeating: 0, count: words.reduce(64) { $0 + $1.count + 16 })
      var status = U_ZERO_ERROR
      let pool = Array(words.joined())
      let length = pool.withUnsafeBufferPointer { pool in
        var starts: [UnsafePointer<UChar>?] = []
        var at = 0
        for word in words {
          starts.append(pool.baseAddress.map { $0 + at })
          at += word.count
        }
        return icu_list_format(
          format.pointer, starts, lengths, Int32(words.count), &text, Int32(text.count), &status)
      }
      guard status.rawValue <= U_ZERO_ERROR.rawValue else { return items.joined(separator: ", ") }
      return String(utf16: text, length)
    }
  }

  private static func power(_ decimals: Int) -> Int { (0..<decimals).reduce(1) { product, _ in product * 10 } }

  private static func dateFormat(_ skeleton: String, _ language: Language) -> OpenFormat? {
    var status = U_ZERO_ERROR
    guard let generator = icu_pattern_open(locale(language), &status) else { return nil }
    defer { icu_pattern_close(generator) }
    var pattern = [UChar](repeating: 0, count: 128)
    let wish = Array(skeleton.utf16)
    let length = icu_pattern_best(generator, wish, Int32(wish.count), &pattern, 128, &status)
    let zone = Array("UTC".utf16)
    guard
      let format = icu_date_open(locale(language), zone, Int32(zone.count), pattern, length, &status),
      status.rawValue <= U_ZERO_ERROR.rawValue
    else { return nil }
    return OpenFormat(pointer: format)
  }

  private static func moneyFormat(_ currency: Currency, whole: Bool, _ language: Language) -> OpenFormat? {
    var status = U_ZERO_ERROR
    let code = Array(currency.code.utf16)
    guard let format = icu_currency_open(locale(language), code, Int32(code.count), whole ? 1 : 0, &status) else {
      return nil
    }
    return status.rawValue <= U_ZERO_ERROR.rawValue ? OpenFormat(pointer: format) : nil
  }

  /// Western digits everywhere: prices and times are compared across pages, mails and receipts.
  private static func locale(_ language: Language) -> String { language.formatting.rawValue + "@numbers=latn" }
}

extension String {
  /// The first `count` units, by ICU: the standard library goes from one encoding to the other scalar by scalar.
  init(utf16 units: [UChar], _ count: Int32) {
    let room = Int(count) * 3
    self.init(unsafeUninitializedCapacity: room) { text in
      var (written, status) = (Int32(0), U_ZERO_ERROR)
      text.withMemoryRebound(to: CChar.self) {
        icu_utf8($0.baseAddress, Int32(room), &written, units, count, &status)
      }
      return status.rawValue <= U_ZERO_ERROR.rawValue ? Int(written) : 0
    }
  }
}
