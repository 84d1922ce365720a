import Core
import Ledger
import Web

/// The books as a table for auditors. Its heads are names of data, not words of a page: programs read them too.
enum BooksTable {
  static let heads: [CSVCell] = [
    "entry", "at", "kind", "reference", "account", "owner", "purpose", "amount", "currency", "memo", "hash",
  ]

  static func cells(of line: PostingLine) -> [CSVCell] {
    let amount = line.moved.description.split(separator: " ").first.map(String.init) ?? ""
    return [
      .number(String(line.number)), .text(line.at.rfc3339), .text(line.kind), .text(line.reference.description),
      .text(line.account), .text(line.owner?.description ?? ""), .text(line.purpose?.description ?? ""),
      .number(amount), .text(line.moved.currency.code), .text(line.memo), .text(line.hash),
    ]
  }
}
