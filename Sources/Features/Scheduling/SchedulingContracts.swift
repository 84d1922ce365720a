import Web

// What the timetable's part of the published API takes and gives.
extension Contract {
  static let slots = Contract(
    "When the tutor can be booked; with `explain=1` and `at`, why an instant can or cannot.",
    asks: [
      "from": .text.saying("An instant, or a date with a timezone."), "to": .text, "timezone": .text,
      "duration": .integer(15...120), "explain": .flag, "at": .text,
    ], gives: 200,
    .either(
      ["slots": .list(["starts_at": .instant, "ends_at": .instant, "local": .instant]), "timezone": .text],
      [
        "starts_at": .instant, "ends_at": .instant, "local": .instant, "free": .boolean,
        "reasons": .list(["code": .text, "detail": .text]), "timezone": .text,
      ]))
}
