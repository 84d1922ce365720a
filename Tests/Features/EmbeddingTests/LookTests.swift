import Core
import Testing
import Time
import Web

@testable import Embedding

@Suite struct LookTests {
  /// A row of numbers that is the same every time.
  private struct Dice {
    var state: UInt64
    mutating func roll(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
  }

  @Test func `whatever colour a school has, words on it and in it can be read, in light and in dark`() {
    var dice = Dice(state: 7)
    var colours = [0, 0x7F, 0x80, 0xFF].flatMap { red in
      [0, 0x80, 0xFF].flatMap { green in [0, 0x80, 0xFF].map { Colour(red: red, green: green, blue: $0) } }
    }
    for _ in 0..<2000 { colours.append(Colour(red: dice.roll(256), green: dice.roll(256), blue: dice.roll(256))) }
    for colour in colours {
      for isDark in [false, true] {
        let palette = Palette(colour, isDark: isDark)
        let surfaces = isDark ? Palette.surfaces.dark : Palette.surfaces.light
        let what = "#\(colour.text) \(isDark ? "dark" : "light")"
        #expect(palette.onFill.contrast(palette.fill) >= 4.5, "words on \(what)")
        #expect(palette.onFill.contrast(palette.deep) >= 4.5, "words on it under the pointer, \(what)")
        for surface in surfaces + [palette.tint] {
          #expect(palette.words.contrast(surface) >= 4.5, "words in \(what) on #\(surface.text)")
        }
        for surface in surfaces { #expect(palette.fill.contrast(surface) >= 3, "\(what) on #\(surface.text)") }
      }
    }
  }

  @Test func `a colour that can be read is taken as it is`() {
    let green = Colour("2f6f4e")!
    let palette = Palette(green, isDark: false)
    #expect(palette.fill == green && palette.words == green && palette.onFill == .white)
  }

  @Test func `contrast is that of the guidelines`() {
    #expect(abs(Colour.black.contrast(.white) - 21) < 0.001)
    // https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: #767676 is the lightest grey that passes on white.
    #expect(Colour("767676")!.contrast(.white) >= 4.5 && Colour("777777")!.contrast(.white) < 4.5)
  }

  @Test func `a look is read from an address, and what is none of it goes nowhere`() {
    let (look, wrong) = Look.read([
      "accent": "#2F6f4e", "theme": "dark", "radius": "16", "lang": "ur", "zone": "Asia/Karachi",
    ])
    #expect(wrong == [] && look.accent?.text == "2f6f4e" && look.theme == .dark && look.radius == 16)
    #expect(look.language?.rawValue == "ur" && look.zone?.identifier == "Asia/Karachi")
    #expect(
      look.fields.encoded == "accent=2f6f4e&theme=dark&radius=16&lang=ur&zone=Asia%2FKarachi"
        || look.fields.encoded.contains("accent=2f6f4e"))
    #expect(Look.read(look.fields).0 == look)
    for (name, value) in [
      ("accent", "red"), ("accent", "12345"), ("accent", "1234567"), ("accent", "#12345g"), ("accent", "url(x)"),
      ("accent", "-2f6f4"), ("accent", "+2f6f4"), ("theme", "neon"), ("radius", "-1"), ("radius", "25"),
      ("radius", "9999999999999999999999"), ("radius", "1px"), ("lang", "xx"), ("lang", "en-XA"),
      ("zone", "Mars/Base"), ("zone", String(repeating: "x", count: 100)),
    ] {
      let (look, wrong) = Look.read(Fields([(name: name, value: value)]))
      #expect(wrong == [name] && look == Look(), "\(name)=\(value)")
    }
  }

  @Test func `a style sheet holds colours and lengths, never words of the address`() {
    var dice = Dice(state: 3)
    let alphabet = Array("0123456789abcdefABCDEF#;{}()/*'\"<>\\ \n")
    for _ in 0..<5000 {
      let text = String((0..<(1 + dice.roll(9))).map { _ in alphabet[dice.roll(alphabet.count)] })
      let styles = Look.read(["accent": text, "radius": text]).0.styles
      #expect(
        styles.isEmpty
          || styles.wholeMatch(of: /:root\{(--[a-z-]+:(light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\)|\d+px);?)+\}\n/) != nil,
        "\(text)")
    }
  }

  @Test func `sites are named as browsers name them`() throws {
    for (typed, text) in [
      ("https://school.example", "https://school.example"),
      ("HTTPS://School.Example/page?x#y", "https://school.example"),
      ("  https://school.example:443/ ", "https://school.example"), ("school.example", "https://school.example"),
      ("school.example:8443/x", "https://school.example:8443"), ("http://localhost:3000/", "http://localhost:3000"),
      ("http://127.0.0.1:80", "http://127.0.0.1"), ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
      ("https://a-b.c.example", "https://a-b.c.example"),
    ] {
      let origin = try SiteOrigin(typed: typed)
      #expect(origin.text == text, "\(typed)")
    }
    for (typed, refusal) in [
      ("", SiteOrigin.Refusal.missing), ("   ", .missing), ("http://school.example", .insecure),
      ("https://*.example", .malformed), ("*", .malformed), ("https://", .malformed),
      ("javascript:alert(1)", .malformed),
      ("data:text/html,x", .malformed), ("https://school.example; script-src *", .malformed),
      ("https://school", .malformed),
      ("https://user@school.example", .malformed), ("https://school.example:0", .malformed),
      ("https://school.example:", .malformed),
      ("https://school.example:99999", .malformed), ("https://school.example:8x", .malformed),
      ("https://-a.example", .malformed),
      ("https://a..example", .malformed), ("https://münchen.example", .malformed),
      ("https://school.example\r\nx: y", .malformed),
      ("'self'", .malformed), ("https://" + String(repeating: "a", count: 64) + ".example", .malformed),
      ("//school.example", .malformed),
      ("http://localhost.evil.example", .insecure), ("ftp://school.example", .malformed),
    ] { #expect(throws: refusal, "\(typed)") { _ = try SiteOrigin(typed: typed) } }
  }

  @Test func `no words make an origin that says more than one`() {
    var dice = Dice(state: 11)
    let alphabet = Array("htps:/.-a1*;' \t,@[]%#?é")
    for _ in 0..<20_000 {
      let text =
        (dice.roll(2) == 0 ? "https://" : "")
        + String((0..<dice.roll(20)).map { _ in alphabet[dice.roll(alphabet.count)] })
      guard let origin = try? SiteOrigin(typed: text) else { continue }
      #expect(
        origin.text.wholeMatch(of: /https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?/) != nil, "\(text)")
    }
  }
}
