import Core
import Time
import Web

/// A colour as screens mix it, each part 0…255.
struct Colour: Hashable, Sendable {
  let red: Int
  let green: Int
  let blue: Int

  static let white = Colour(red: 255, green: 255, blue: 255)
  static let black = Colour(red: 0, green: 0, blue: 0)

  init(red: Int, green: Int, blue: Int) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `2f6f4e` or `#2F6F4E`; nothing else is a colour here.
  init?(_ text: String) {
    let digits = text.utf8.first == UInt8(ascii: "#") ? text.dropFirst() : Substring(text)
    guard digits.utf8.count == 6, digits.utf8.allSatisfy({ Self.isHex($0) }), let number = Int(digits, radix: 16) else {
      return nil
    }
    self.init(red: number >> 16, green: number >> 8 & 255, blue: number & 255)
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...102).contains(byte) || (65...70).contains(byte)
  }

  /// `2f6f4e`.
  var text: String {
    [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// How bright it is, 0 to 1 (WCAG 2.2, relative luminance).
  var luminance: Double {
    0.2126 * Self.light[red] + 0.7152 * Self.light[green] + 0.0722 * Self.light[blue]
  }

  /// What each step of a part gives off.
  private static let light: [Double] = (0...255).map { step in
    let part = Double(step) / 255
    return part <= 0.04045 ? part / 12.92 : power((part + 0.055) / 1.055)
  }

  /// x to the power of 2.4 is the fifth root of x¹²: Newton's steps towards it from above.
  private static func power(_ x: Double) -> Double {
    let wanted = x * x * x * x * x * x * x * x * x * x * x * x
    var root = 1.0
    for _ in 0..<60 { root -= (root * root * root * root * root - wanted) / (5 * root * root * root * root) }
    return root
  }

  /// 1 to 21 (WCAG 2.2).
  func contrast(_ other: Colour) -> Double {
    let (one, two) = (luminance, other.luminance)
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)
  }

  /// With so many hundredths of another in it.
  func mixed(_ other: Colour, _ hundredths: Int) -> Colour {
    func part(_ own: Int, _ its: Int) -> Int { (own * (100 - hundredths) + its * hundredths + 50) / 100 }
    return Colour(red: part(red, other.red), green: part(green, other.green), blue: part(blue, other.blue))
  }

  /// As little of `pole` in it as makes it stand out by `contrast` from each of these.
  func standing(out contrast: Double, from backgrounds: [Colour], towards pole: Colour) -> Colour {
    for hundredths in stride(from: 0, through: 100, by: 2) {
      let mixed = mixed(pole, hundredths)
      if backgrounds.allSatisfy({ mixed.contrast($0) >= contrast }) { return mixed }
    }
    return pole
  }
}

/// What a school's colour becomes: what is filled with it, what is written on that, and what is written in it, each in
/// light and dark, and each legible whatever colour was chosen.
struct Palette: Equatable, Sendable {
  let fill: Colour
  let onFill: Colour
  /// The fill under the pointer.
  let deep: Colour
  /// Words and lines in the colour, on every surface there is.
  let words: Colour
  let tint: Colour
  let line: Colour

  /// The surfaces of `Assets/css/20-tokens.css`, the lightest and the one nearest to the middle.
  static let surfaces = (
    light: [Colour.white, Colour(red: 0xef, green: 0xea, blue: 0xe2)],
    dark: [Colour(red: 0x10, green: 0x13, blue: 0x18), Colour(red: 0x33, green: 0x37, blue: 0x3f)]
  )

  init(_ accent: Colour, isDark: Bool) {
    let surfaces = isDark ? Self.surfaces.dark : Self.surfaces.light
    let pole = isDark ? Colour.white : .black
    fill = accent.standing(out: 3, from: surfaces, towards: pole)
    onFill = fill.contrast(.white) >= 4.5 ? .white : .black
    deep = fill.mixed(onFill == .white ? .black : .white, 14)
    tint = surfaces[0].mixed(accent, isDark ? 16 : 9)
    words = accent.standing(out: 4.5, from: surfaces + [tint], towards: pole)
    line = surfaces[0].mixed(words, 45)
  }
}

/// How a page looks in somebody else's: colour, light or dark, corners, language and zone. All of it comes from an address
/// that strangers write, and none of it is ever more than a choice among few.
struct Look: Equatable, Sendable {
  enum Theme: String, CaseIterable, Sendable { case auto, light, dark }

  var accent: Colour?
  var theme = Theme.auto
  /// Pixels, of corners.
  var radius: Int?
  var language: Language?
  var zone: Zone?

  static let radii = 0...24
  /// The green of the house, which needs no saying.
  static let houseAccent = Colour(red: 0x1d, green: 0x6a, blue: 0x4b)

  /// Reads them; what makes no sense is left out, and named.
  static func read(_ fields: Fields) -> (Look, wrong: [String]) {
    var look = Look()
    var wrong: [String] = []
    func given(_ name: String, _ take: (String) -> Bool) {
      let text = fields.text(name)
      if !text.isEmpty, !take(text) { wrong.append(name) }
    }
    given("accent") {
      look.accent = Colour($0)
      return look.accent != nil
    }
    given("theme") {
      guard let theme = Theme(rawValue: $0) else { return false }
      look.theme = theme
      return true
    }
    given("radius") {
      guard let pixels = Int($0), radii.contains(pixels) else { return false }
      look.radius = pixels
      return true
    }
    given("lang") {
      look.language = Language(rawValue: $0).flatMap { Language.allCases.contains($0) ? $0 : nil }
      return look.language != nil
    }
    given("zone") {
      look.zone = $0.utf8.count <= 64 ? Zone($0) : nil
      return look.zone != nil
    }
    return (look, wrong)
  }

  /// The same as parameters of an address, with none that say nothing.
  var fields: Fields {
    var fields = Fields()
    if let accent { fields.add("accent", accent.text) }
    if theme != .auto { fields.add("theme", theme.rawValue) }
    if let radius { fields.add("radius", "\(radius)") }
    if let language { fields.add("lang", language.rawValue) }
    if let zone { fields.add("zone", zone.identifier) }
    return fields
  }

  /// The style sheet's own parameters; empty when there is nothing to restyle.
  var styleFields: Fields {
    var look = self
    (look.theme, look.language, look.zone) = (.auto, nil, nil)
    return look.fields
  }

  /// The tokens of the design system that it changes.
  var styles: String {
    var rules: [String] = []
    if let accent {
      let (light, dark) = (Palette(accent, isDark: false), Palette(accent, isDark: true))
      func rule(_ name: String, _ part: (Palette) -> Colour) {
        rules.append("--\(name):light-dark(#\(part(light).text),#\(part(dark).text))")
      }
      rule("green", \.fill)
      rule("on-green", \.onFill)
      rule("green-deep", \.deep)
      rule("green-words", \.words)
      rule("green-tint", \.tint)
      rule("green-line", \.line)
    }
    if let radius {
      rules.append("--radius:\(radius)px")
      rules.append("--radius-small:\(radius * 6 / 10)px")
      rules.append("--radius-large:\(radius * 16 / 10)px")
    }
    return rules.isEmpty ? "" : ":root{\(rules.joined(separator: ";"))}\n"
  }
}
