/// An ISO 4217 currency: its code and how many decimals its minor unit has.
package struct Currency: Hashable, Sendable, Codable, CustomStringConvertible {
  package let code: String

  /// Three upper-case letters, or nothing.
  package init?(_ code: some StringProtocol) {
    let code = String(code)
    guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
    self.code = code
  }

  private init(known code: String) { self.code = code }
  package static let usd = Currency(known: "USD")
  package static let eur = Currency(known: "EUR")
  package static let pkr = Currency(known: "PKR")
  package static let jpy = Currency(known: "JPY")

  /// Decimals of the minor unit: 2 for most, 0 and 3 for those ISO 4217 lists.
  package var decimals: Int {
    switch code {
    case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
      0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    default: 2
    }
  }

  package var description: String { code }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let currency = Currency(text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a currency code"))
    }
    self = currency
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(code)
  }
}

/// An amount in whole minor units of one currency. Never a fraction, never a float.
package struct Money: Hashable, Sendable, Codable, CustomStringConvertible {
  package let amount: Int
  package let currency: Currency

  package init(_ amount: Int, _ currency: Currency) {
    self.amount = amount
    self.currency = currency
  }

  package static func zero(_ currency: Currency) -> Money { Money(0, currency) }
  package var isFree: Bool { amount == 0 }

  /// Sums of different currencies do not exist: that is a mistake in the program, and it stops.
  package static func + (a: Money, b: Money) -> Money {
    precondition(a.currency == b.currency, "sum of \(a.currency) and \(b.currency)")
    return Money(a.amount + b.amount, a.currency)
  }

  package static func - (a: Money, b: Money) -> Money { a + -b }
  package static prefix func - (a: Money) -> Money { Money(-a.amount, a.currency) }

  /// `numerator / denominator` of the amount, rounded half to even, so that repeated shares do not drift.
  package func share(_ numerator: Int, of denominator: Int) -> Money {
    precondition(denominator > 0)
    let product = amount * numerator
    var quotient = product / denominator
    let rest = abs(product % denominator) * 2
    if rest > denominator || (rest == denominator && quotient % 2 != 0) { quotient += product < 0 ? -1 : 1 }
    return Money(quotient, currency)
  }

  /// For logs and tests: `45.00 USD`. People read what `Site` formats.
  package var description: String {
    let decimals = currency.decimals
    guard decimals > 0 else { return "\(amount) \(currency)" }
    var digits = String(abs(amount))
    while digits.count <= decimals { digits = "0" + digits }
    let cut = digits.index(digits.endIndex, offsetBy: -decimals)
    return (amount < 0 ? "-" : "") + digits[..<cut] + "." + digits[cut...] + " \(currency)"
  }
}
