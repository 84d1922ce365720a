import Core
import Testing

@Suite struct ByteStringTests {
  @Test func `bytes are one key exactly when they are the same bytes`() {
    // U+037E is canonically the semicolon: as texts the two are equal.
    #expect("a;b" == "a\u{37E}b" && ByteString("a;b") != ByteString("a\u{37E}b"))
    #expect(ByteString("") == ByteString([]) && ByteString("a") != ByteString("ab"))
    #expect(Set([ByteString("token"), ByteString(Array("token".utf8)), ByteString("tokem")]).count == 2)
  }
}

@Suite struct IDTests {
  @Test func `a key survives its text`() {
    let id = ID<User>.new()
    #expect(ID<User>(id.description) == id)
    #expect(id.description.count == 36)
    #expect(id.description.dropFirst(14).first == "7")
  }

  @Test(arguments: [
    "", "x", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad911",
    "0190163d08694-739b-aea5-966c26f8ad91",
  ])
  func `what is no key is refused`(text: String) {
    #expect(ID<User>(text) == nil)
  }

  @Test func `later keys sort after earlier ones`() {
    let first = ID<User>(bornAt: Instant(seconds: 1_000))
    let second = ID<User>(bornAt: Instant(seconds: 1_001))
    #expect(first < second)
    #expect(first.description < second.description)
  }

  @Test func `of two keys born a microsecond apart the later one is the greater`() {
    let start = Instant(rfc3339: "2026-11-20T17:30:00.998Z")!.microseconds
    let keys = (0..<3000).map { ID<User>(bornAt: Instant(microseconds: start + $0)) }
    #expect(keys == keys.sorted())
    // As RFC 9562 lays them out: the milliseconds, the version, the variant.
    #expect(keys.allSatisfy { $0.high >> 12 & 0xF == 7 && $0.low >> 62 == 2 })
    #expect(keys[1999].high >> 16 == UInt64(start / 1000 + 1) && keys[2000].high >> 16 == UInt64(start / 1000 + 2))
    #expect(Set((0..<1000).map { _ in ID<User>(bornAt: Instant(microseconds: start)) }).count == 1000)
    // Before 1970 a key is one as well.
    #expect(ID<User>(bornAt: Instant(microseconds: -1)).high >> 12 & 0xF == 7)
  }
}

@Suite struct InstantTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2026-11-20T17:30:00Z", 1_795_195_800), ("1969-12-31T23:59:59Z", -1),
    ("2000-02-29T12:00:00Z", 951_825_600), ("2026-11-20T22:30:00+05:00", 1_795_195_800),
  ])
  func `RFC 3339 is read to the second`(text: String, seconds: Int64) {
    #expect(Instant(rfc3339: text)?.seconds == seconds)
  }

  @Test func `printing and reading are inverse over the centuries`() {
    // Some 10,000 instants a thousand-odd years apart from end to end; the odd step meets every microsecond's digit.
    for microseconds in stride(from: Int64(-2_000_000_000_000_000), through: 8_000_000_000_000_000, by: 999_983_000_017)
    {
      let instant = Instant(microseconds: microseconds)
      #expect(Instant(rfc3339: instant.rfc3339) == instant)
    }
  }

  @Test(arguments: [
    "2026-11-20T17:30:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20 17:30:00Z",
    "2026-11-20T24:00:00Z", "2026-11-20T17:30:00.Z",
  ])
  func `a time without a zone or of no calendar is refused`(text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }
}

@Suite struct MoneyTests {
  @Test func `a share and the rest are the whole`() {
    for amount in [0, 1, 99, 100, 101, 4_500, 1_234_567] {
      let whole = Money(amount, .usd)
      let fee = whole.share(1800, of: 10_000)
      #expect(fee + (whole - fee) == whole)
    }
  }

  @Test func `half a minor unit goes to the even neighbour`() {
    #expect(Money(5, .usd).share(1, of: 2) == Money(2, .usd))
    #expect(Money(7, .usd).share(1, of: 2) == Money(4, .usd))
  }

  @Test func `amounts print with the currency's decimals`() {
    #expect(Money(4_505, .usd).description == "45.05 USD")
    #expect(Money(-5, .usd).description == "-0.05 USD")
    #expect(Money(500, .jpy).description == "500 JPY")
  }
}

@Suite struct PathTests {
  static let plain = Path("/tutors")
  static let booking = Path("/bookings/:booking/cancellation", as: ID<Booking>.self)
  static let named = Path("/tutors/:slug", as: String.self)

  @Test func `an address prints what it matches`() throws {
    let id = ID<Booking>.new()
    #expect(Self.booking(id) == "/bookings/\(id)/cancellation")
    #expect(Self.booking.match(["bookings", id.description, "cancellation"]) == id)
    #expect(Self.booking.match(["bookings", "x", "cancellation"]) == nil)
    #expect(Self.plain() == "/tutors")
    #expect(Self.plain.match(["tutors"]) != nil)
    #expect(Self.plain.match(["tutors", "x"]) == nil)
  }

  @Test func `a part is percent-encoded`() {
    #expect(Self.named("a/b c?") == "/tutors/a%2Fb%20c%3F")
  }

  @Test(arguments: ["%", "%4", "%zz", "%00", "%ff"]) func `a broken escape is refused`(text: String) {
    #expect(PercentEncoding.decode(text.utf8) == nil)
  }
}

@Suite struct SmallerCoreTests {
  @Test(arguments: ["", "plain", "Łukasz", "日本", "👩‍🏫 e\u{301}"])
  func `a text's length is that of its scalars`(text: String) {
    #expect(text.scalarCount == text.unicodeScalars.count)
  }

  @Test func `a key's digits stand where their bits do`() {
    let key = ID<User>(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    #expect(key.description == "01234567-89ab-cdef-fedc-ba9876543210")
    #expect(ID(key.description) == key)
  }

  @Test func `a cursor survives its text`() {
    let cursor = PageCursor(key: "4.9|x", id: "abc")
    #expect(PageCursor(cursor.text) == cursor)
    #expect(PageCursor("zz") == nil)
    #expect(PageCursor("616") == nil)
  }

  @Test func `a language is offered by its own name and no other`() {
    for language in Language.allCases { #expect(Language(offered: language.rawValue) == language) }
    for name in ["", "EN", "en-XA", "fr", "en ", "e\u{301}n"] { #expect(Language(offered: name) == nil, "\(name)") }
  }

  @Test func `the language with the highest quality that we have is preferred`() {
    #expect(Language.preferred(acceptLanguage: "fr, ar;q=0.8, en;q=0.9") == .english)
    #expect(Language.preferred(acceptLanguage: "ar-EG") == .arabic)
    #expect(Language.preferred(acceptLanguage: "fr") == nil)
  }

  @Test func `a log value cannot forge a line`() {
    let lines = Locked<[String]>([])
    let log = Log(sink: { line in lines.withLock { $0.append(line) } })
    log.info("x", ["name": "a\"\n{\"level\":\"error\"}"])
    let line = lines.withLock { $0[0] }
    #expect(!line.contains("\n"))
    #expect(line.contains(#""name":"a\"\n{\"level\":\"error\"}""#.replacing("\n", with: "\\n")))
  }
}
