import HTML
import Testing

@testable import QR

@Suite struct QRCodeTests {
  @Test func `a code has its three finders and a size of the standard`() throws {
    let code = try #require(QRCode("otpauth://totp/TutaLink:mia%40example.org?secret=MZXW6YTBOI&issuer=TutaLink"))
    #expect((code.size - 17) % 4 == 0)
    for (column, row) in [(0, 0), (code.size - 7, 0), (0, code.size - 7)] {
      for y in 0..<7 {
        for x in 0..<7 {
          let ring = max(abs(x - 3), abs(y - 3))
          #expect(code.isDark(column + x, row + y) == (ring != 2))
        }
      }
    }
    #expect(!code.isDark(-1, 0) && !code.isDark(0, code.size))
  }

  @Test func `the drawing holds every dark module once`() throws {
    let code = try #require(QRCode("tutor"))
    let svg = "\(code.svg(label: "A <code>").text)"
    #expect(svg.contains("aria-label=\"A &lt;code&gt;\"") && !svg.contains("style"))
    var dark = 0
    for part in svg.split(separator: "h").dropFirst() { dark += Int(part.prefix { $0.isNumber }) ?? 0 }
    // Each run goes forth as it comes back, and back it begins with a minus sign.
    var counted = 0
    for row in 0..<code.size { for column in 0..<code.size where code.isDark(column, row) { counted += 1 } }
    #expect(dark >= counted)
  }

  @Test func `what is too long makes no code`() {
    #expect(QRCode("") == nil)
    #expect(QRCode(String(repeating: "ä", count: 1200)) == nil)
    #expect(QRCode(String(repeating: "a", count: 2000)) != nil)
  }
}
