import Core
import Time
import Web

/// What is asked of the directory. One engine; the page and three façades of the API read their own parameters into it.
struct TutorSearch: Equatable, Sendable {
  enum Order: String, CaseIterable, Sendable {
    case rating, price, priceDescending = "price-desc", soonest, experience

    /// The API's words: `-rating`, `rate`, `-rate`, `next_free`, `-lessons_held`.
    init?(ordering: String) {
      switch ordering {
      case "-rating": self = .rating
      case "rate": self = .price
      case "-rate": self = .priceDescending
      case "next_free": self = .soonest
      case "-lessons_held": self = .experience
      default: return nil
      }
    }
  }

  var words = ""
  /// A subject's slug, code or id.
  var subject = ""
  var category = ""
  var level = ""
  var rateMin: Int?
  var rateMax: Int?
  var isPaid: Bool?
  var currency: Currency?
  var language = ""
  /// Thousandths of a star.
  var ratingMin: Int?
  /// Thousandths of the scale.
  var gpaMin: Int?
  var mode = ""
  /// Hours of the UTC week in which an opening is wanted, 168 of `0` and `1`.
  var hours: String?
  var freeWithin: Int?
  var near: Place?
  var order = Order.rating
  var pageSize = 20
  var cursor: PageCursor?

  struct Place: Equatable, Sendable {
    let latitude: Double
    let longitude: Double
    let radius: Int  // kilometres

    /// The 0.1° cells that the circle may touch.
    var cells: [Int] {
      let reach = Double(radius) / 111.2
      let wide = reach / max(0.1, cosine(latitude))
      func step(_ degrees: Double) -> Int { Int((degrees * 10).rounded(.down)) }
      let south = step(latitude - reach + 90), north = step(latitude + reach + 90)
      let west = step(longitude - wide + 180), east = step(longitude + wide + 180)
      return (south...north).flatMap { row in (west...east).map { row * 3600 + ($0 + 3600) % 3600 } }
    }

    private func cosine(_ degrees: Double) -> Double {
      // Four terms of the series: the cells are coarse, and the exact distance is judged by the database.
      let x = degrees * .pi / 180
      return 1 - x * x / 2 + x * x * x * x / 24 - x * x * x * x * x * x / 720
    }
  }

  struct Refusal: Error, Equatable {
    let field: String
    let sentence: String
  }

  init() {}

  /// Whom the filters keep, in one line: equal for equal questions, in whatever words they came. Texts are told with
  /// their length, so that no two questions can look alike.
  var filterKey: String {
    var key = ""
    for text in [words, subject, category, level, language, mode, hours ?? ""] {
      key += text.isEmpty ? "0:" : "\(text.utf8.count):\(text)"
    }
    for number in [rateMin, rateMax, isPaid.map { $0 ? 1 : 0 }, ratingMin, gpaMin, freeWithin] {
      key += number.map { " \($0)" } ?? " -"
    }
    if let currency { key += " " + currency.code }
    if let near { key += " @\(near.latitude),\(near.longitude),\(near.radius)" }
    return key
  }

  /// The whole question: the filters, the order and the page.
  var key: String { "\(filterKey) \(order.rawValue) \(pageSize) \(cursor?.text ?? "")" }

  static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  /// The hours of the UTC week that wall-clock hours of a weekday are in `zone` now. No weekday is every day.
  static func hours(weekday: Int?, from: CivilTime, to: CivilTime, zone: Zone, now: Instant) -> String {
    var mask = [Character](repeating: "0", count: 168)
    let today = zone.date(now)
    for day in 0..<7 {
      let date = today + day
      if let weekday, date.weekday != weekday { continue }
      let start = zone.instant(of: date, from), end = zone.instant(of: date, to)
      var hour = start.seconds / 3600
      while hour * 3600 < end.seconds {
        // 1970-01-01 was a Thursday: hour 0 of the epoch is hour 72 of a week that begins on Monday.
        mask[Int((hour + 72) % 168)] = "1"
        hour += 1
      }
    }
    return String(mask)
  }
}
