import Core
import Web

// What the bookings' part of the published API takes and gives.
extension Contract {
  static let book = Contract(
    "Books a lesson, or asks for one; a paid one is held until it is paid for.",
    takes: [
      "tutor": .id, "subject": .text.saying("By id or slug; may be left out when the tutor teaches one.").optional,
      "starts_at": .instant, "duration_minutes": .integer(1...480).optional, "note": .text(0...1000).optional,
      "answers": Schema.object(["note": .text(0...1000).optional]).optional,
    ], gives: 201, booking, refuses: [404, 409],
    names: ["booking": "/id", "mentor": "/tutor/id", "tutor": "/tutor/id"],
    isIdempotent: true)
  static let bookings = Contract(
    "The caller's bookings, on both sides.",
    asks: [
      "role": .choice("learner", "tutor"), "status": .text.saying("States, with commas between them."),
      "ordering": .choice("starts_at", "-starts_at"), "page_size": .integer(1...100), "cursor": .text,
    ], gives: 200, .page(of: booking), names: ["booking": "/results/0/id"])
  static let oneBooking = Contract("A booking of the caller's, with its history.", gives: 200, booking)
  static let changeBooking = Contract(
    "Answers, moves or settles a booking. `preview=1` says what would happen.",
    asks: ["preview": .flag],
    takes: [
      "action": .choice(
        "accept", "decline", "reschedule", "propose", "counter", "confirm_outcome", "report_no_show", "dispute"),
      "starts_at": .instant.optional, "reason": .text(0...500).orNull.optional,
    ], gives: 200, .either(booking, preview), refuses: [409])
  static let cancelBooking = Contract(
    "Cancels by the terms frozen at booking. `preview=1` says what would come back.",
    asks: ["preview": .flag],
    takes: Schema.object(["reason": .text(0...500).orNull.optional]).optional, gives: 200,
    ["status": .choice(Reservation.State.self), "refund": refund], refuses: [409])

  private static let refund: Schema = [
    "amount": .count, "currency": .text(3...3), "rule": Schema.choice(Refund.Rule.self).orNull,
  ]

  private static let preview: Schema = [
    "status": .choice(Reservation.State.self), "starts_at": .instant, "ends_at": .instant,
    "refund": Schema.money.orNull,
  ]

  private static let person: Schema = ["id": .id, "full_name": .text]

  private static let booking = Schema.named(
    "Booking",
    [
      "id": .id, "status": .choice(Reservation.State.self), "role": Schema.choice("learner", "tutor").orNull,
      "starts_at": .instant, "ends_at": .instant, "timezone": .text, "duration_minutes": .integer(1...480),
      "hold_expires_at": .instant.orNull.optional, "request_expires_at": .instant.orNull.optional, "price": .money,
      "paid": .money, "refund": refund.optional,
      "policy": ["sentences": .list(.text), "terms": .map(.integer)],
      "payment": Schema.object(["url": .address]).optional,
      "room_code": .text.optional, "tutor": person, "learner": person, "subject": ["id": .id, "title": .text],
      "proposal": Schema.object(["starts_at": .instant, "by": .choice("learner", "tutor")]).optional,
      "note": .text.orNull, "sequence": .count, "created_at": .instant,
      "history": Schema.list([
        "at": .instant, "act": .text, "actor": .text, "from": Schema.choice(Reservation.State.self).orNull,
        "to": .choice(Reservation.State.self), "reason": .text.orNull,
      ]).optional,
    ])
}
