import Core

// Where somebody is, as it is typed and as much of it as is kept. What people type goes no further than the square it
// lies in: a tenth of a degree each way, some eleven kilometres, as the search's map draws it.

/// A place on the ground in degrees, north and east positive.
struct Coordinates: Equatable, Sendable {
  let latitude: Double
  let longitude: Double

  enum Refusal: String, Error, Equatable { case unreadable, latitude, longitude }

  init(latitude: Double, longitude: Double) {
    self.latitude = latitude
    self.longitude = longitude
  }

  /// Reads `33.68, 73.05`; `33.68 N 73.05 E`, in either order; `33°41′ N, 73°3′18″ E`; `33,68 73,05`; and the same in the
  /// digits of Arabic and Urdu.
  init(typed text: String) throws(Refusal) {
    guard text.utf8.count <= 120, let marks = Mark.read(text) else { throw .unreadable }
    var angles: [(degrees: Double, side: Unicode.Scalar?)] = []
    var at = 0
    func take(_ mark: Mark) -> Bool {
      guard at < marks.count, marks[at] == mark else { return false }
      at += 1
      return true
    }
    func side() -> Unicode.Scalar? {
      guard at < marks.count, case .side(let letter) = marks[at] else { return nil }
      at += 1
      return letter
    }
    func number() -> Double? {
      guard at < marks.count, case .number(let value, _) = marks[at] else { return nil }
      at += 1
      return value
    }
    /// A part of sixty: `41′`. Nothing when there is none; what is no part of sixty is no angle.
    func sixtieth(_ mark: Mark) throws(Refusal) -> Double {
      guard at + 1 < marks.count, case .number(let value, let isSigned) = marks[at], marks[at + 1] == mark else {
        return 0
      }
      guard !isSigned, value < 60 else { throw .unreadable }
      at += 2
      return value
    }
    while at < marks.count {
      if take(.border) { continue }
      let before = side()
      let start = at
      guard let degrees = number() else { throw .unreadable }
      var isSigned = false
      if case .number(_, let sign) = marks[start] { isSigned = sign }
      var size = abs(degrees)
      if take(.degree) {
        let minutes = try sixtieth(.minute)
        size += minutes / 60 + (try sixtieth(.second)) / 3600
      }
      let letter = before ?? side()
      // "-33 S" says it twice, or the opposite.
      guard letter == nil || !isSigned else { throw .unreadable }
      let isBelow = isSigned ? degrees.sign == .minus : letter == "S" || letter == "W"
      angles.append((isBelow ? -size : size, letter))
      guard angles.count <= 2 else { throw .unreadable }
    }
    guard angles.count == 2 else { throw .unreadable }
    func isAcross(_ letter: Unicode.Scalar) -> Bool { letter == "N" || letter == "S" }
    switch (angles[0].side, angles[1].side) {
    case (nil, nil): break
    case (let first?, let second?) where isAcross(first) != isAcross(second):
      if !isAcross(first) { angles.swapAt(0, 1) }
    default: throw .unreadable
    }
    guard abs(angles[0].degrees) <= 90 else { throw .latitude }
    guard abs(angles[1].degrees) <= 180 else { throw .longitude }
    latitude = angles[0].degrees
    longitude = angles[1].degrees
  }

  /// The square of the 0.1° grid that holds it; the poles and the date line belong to one each.
  var cell: Int {
    let row = min(1799, max(0, Int(((latitude + 90) * 10).rounded(.down))))
    let column = Int(((longitude + 180) * 10).rounded(.down))
    return row * 3600 + (column % 3600 + 3600) % 3600
  }

  /// The middle of that square: all that is kept, whatever was typed.
  var kept: Coordinates { Coordinates(cell: cell) }

  init(cell: Int) {
    latitude = (Double(cell / 3600) + 0.5) / 10 - 90
    longitude = (Double(cell % 3600) + 0.5) / 10 - 180
  }

  /// `33.65, 73.05`: hundredths of a degree, as it is typed back into a field.
  var text: String { Self.hundredths(latitude) + ", " + Self.hundredths(longitude) }

  private static func hundredths(_ degrees: Double) -> String {
    let hundredths = Int((abs(degrees) * 100).rounded())
    let rest = hundredths % 100
    return (degrees < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// What typed coordinates are made of.
  private enum Mark: Equatable {
    case number(Double, isSigned: Bool)
    /// N, E, S or W.
    case side(Unicode.Scalar)
    case degree, minute, second, border

    static func read(_ text: String) -> [Mark]? {
      let scalars = text.unicodeScalars.map(plain)
      func isDigit(_ at: Int) -> Bool { scalars.indices.contains(at) && ("0"..."9").contains(scalars[at]) }
      // A comma between digits is a decimal one where it could not be a border: when both numbers have one, and no point.
      let inner = scalars.indices.filter { scalars[$0] == "," && isDigit($0 - 1) && isDigit($0 + 1) }
      let isDecimal = inner.count == 2 && !scalars.contains(".")
      var marks: [Mark] = []
      var at = 0
      while at < scalars.count {
        let scalar = scalars[at]
        switch scalar {
        case "0"..."9", "+", "-":
          let sign = isDigit(at) ? nil : scalar
          if sign != nil { at += 1 }
          var digits = ""
          while isDigit(at), digits.utf8.count < 4 {
            digits.unicodeScalars.append(scalars[at])
            at += 1
          }
          guard !digits.isEmpty, !isDigit(at) else { return nil }
          if at < scalars.count, scalars[at] == "." || (isDecimal && inner.contains(at)), isDigit(at + 1) {
            digits += "."
            at += 1
            while isDigit(at) {
              digits.unicodeScalars.append(scalars[at])
              at += 1
            }
          }
          guard let value = Double(digits) else { return nil }
          marks.append(.number(sign == "-" ? -value : value, isSigned: sign != nil))
        case "N", "E", "S", "W":
          marks.append(.side(scalar))
          at += 1
        case "°", "º":
          marks.append(.degree)
          at += 1
        case "'", "′", "’":
          // Two strokes are seconds too.
          let isTwice = at + 1 < scalars.count && ["'", "′", "’"].contains(scalars[at + 1])
          marks.append(isTwice ? .second : .minute)
          at += isTwice ? 2 : 1
        case "\"", "″", "”":
          marks.append(.second)
          at += 1
        case ",", ";", "/":
          marks.append(.border)
          at += 1
        case " ": at += 1
        default: return nil
        }
      }
      return marks
    }

    /// Digits of Arabic and Urdu, their comma and point, other minus signs and blanks, small letters: as the plain ones.
    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
      switch scalar.value {
      case 0x660...0x669: Unicode.Scalar(UInt8(scalar.value - 0x660 + 48))
      case 0x6F0...0x6F9: Unicode.Scalar(UInt8(scalar.value - 0x6F0 + 48))
      case 0x66B: "."
      case 0x60C, 0x66C: ","
      case 0x61B: ";"
      case 0x2212, 0x2013: "-"
      case 0x9, 0xA0, 0x202F, 0x200E, 0x200F: " "
      case 0x61...0x7A: Unicode.Scalar(UInt8(scalar.value - 32))
      default: scalar
      }
    }
  }
}

extension TutorSearch {
  /// Kilometres as a card tells them: in fives, for both ends are known to some ten only.
  static func rounded(kilometres: Int) -> Int { max(5, (kilometres + 2) / 5 * 5) }

  /// How far round a place is looked, in kilometres.
  static let radii = [10, 25, 50, 100, 200]
}
