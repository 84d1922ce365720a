import Core
import Web

/// All bookings as a table. Its heads are names of data, not words of a page: programs read them too.
enum BookingsTable {
  static let heads: [CSVCell] = [
    "id", "created_at", "state", "mode", "starts_at", "ends_at", "subject", "tutor", "learner", "price", "paid",
    "currency",
  ]

  static func cells(of line: BookingRecord) -> [CSVCell] {
    func amount(_ money: Money) -> String { money.description.split(separator: " ").first.map(String.init) ?? "" }
    return [
      .text(line.id.description), .text(line.createdAt.rfc3339), .text(line.state), .text(line.mode),
      .text(line.startsAt.rfc3339), .text(line.endsAt.rfc3339), .text(line.subject), .text(line.tutor),
      .text(line.learner), .number(amount(line.price)), .number(amount(line.paid)), .text(line.price.currency.code),
    ]
  }
}
