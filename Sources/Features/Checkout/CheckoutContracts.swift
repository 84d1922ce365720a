import Core
import Ledger
import Web

// What the money's part of the published API takes and gives.
extension Contract {
  static let pay = Contract(
    "Begins to pay for a booking; says where the person goes to pay. Asked again it answers the same payment.",
    takes: ["booking": .id, "provider": .text(1...40).optional], gives: 201,
    payment.and(["checkout": ["kind": .choice("redirect"), "url": .address.orNull]]), refuses: [404, 409],
    names: ["payment": "/id", "booking": "/booking"])
  static let payments = Contract(
    "The caller's payments, newest first.", asks: ["page_size": .integer(1...100), "cursor": .text], gives: 200,
    .page(of: payment), names: ["payment": "/results/0/id", "booking": "/results/0/booking"])
  static let onePayment = Contract(
    "A payment of the caller's, with what came back.", gives: 200,
    payment.and([
      "refunds": .list([
        "id": .id, "amount": .money, "rule": .text, "status": .choice("pending", "succeeded", "failed"),
      ])
    ]), names: ["booking": "/booking"])
  static let giveBack = Contract(
    "Cancels the lesson and gives back what its terms say; the rule is named.",
    takes: Schema.object(["reason": .text(0...500).orNull.optional]).optional, gives: 200,
    [
      "status": .text,
      "refund": ["amount": .count, "currency": .text(3...3), "rule": .text.orNull],
    ], refuses: [409, 422])
  static let hearProvider = Contract(
    "For payment providers: a signed message about a payment. A duplicate is 200 too.", takes: .anything, gives: 200,
    ["received": .boolean], isSigned: true)
  static let balances = Contract(
    "What the caller has earned, set aside, and on its way back.", gives: 200,
    ["earned": .list(.money), "held": .list(.money), "returning": .list(.money)])
  static let transactions = Contract(
    "The lines behind the caller's balances, newest first, a hundred at most.", gives: 200,
    [
      "count": .integer(0...100),
      "results": .list([
        "number": .integer, "at": .instant, "kind": .text, "moved": .money, "balance": .money,
      ]),
    ])

  private static let payment = Schema.object([
    "id": .id, "booking": .id, "provider": .text, "amount": .money, "status": .choice(PaymentState.Stage.self),
    "failure": .text.orNull, "receipt_number": .integer.orNull, "created_at": .instant, "succeeded_at": .instant.orNull,
  ])
}
