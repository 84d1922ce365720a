import Web

// What the directory's part of the published API takes and gives.
extension Contract {
  static let searchTutors = Contract(
    "Finds tutors by what they teach, cost and are free for.",
    asks: [
      "q": words, "subject": words, "course": words, "instrument": words, "genre": words, "level": words,
      "language": words, "paid": .choice("true", "false"), "rate_min": .integer(0...100_000_000),
      "rate_max": .integer(0...100_000_000), "currency": .text(3...3), "gpa": .number(0...4),
      "rating_min": .number(0...5),
      "verified": .choice("true"), "weekday": .integer(1...7), "time_from": .text, "time_to": .text, "timezone": .text,
      "available_within_hours": .integer(1...2160), "near": .text.saying("Latitude and longitude: 52.52,13.40."),
      "radius_km": .integer(1...200), "mode": .choice("online", "in_person"), "ordering": ordering,
      "page_size": .integer(1...100), "cursor": .text, "facets": .flag,
    ], gives: 200, found, names: ["mentor": "/results/0/id", "tutor": "/results/0/id"])
  static let discoverTutors = Contract(
    "The same search by other words.",
    asks: [
      "subjects": words, "rate_min": .integer(0...100_000_000), "rate_max": .integer(0...100_000_000),
      "availability": .integer(1...2160), "location": .text, "radius_km": .integer(1...200), "ordering": ordering,
      "page_size": .integer(1...100), "cursor": .text, "facets": .flag,
    ], gives: 200, found, names: ["mentor": "/results/0/id", "tutor": "/results/0/id"])
  static let oneTutor = Contract(
    "A tutor's public profile.", gives: 200,
    [
      "card": card, "biography": .text.orNull, "experience": .text.orNull, "years_teaching": .integer(0...70).orNull,
      "timezone": .text, "approval": .choice("instant", "request"),
      "languages": .list(["language": .text, "fluency": .text]),
      "samples": .list(["kind": .text, "title": .text, "url": .address]),
    ])

  private static let words = Schema.text(0...100)
  private static let ordering = Schema.choice("-rating", "rate", "-rate", "next_free", "-lessons_held")

  private static let found = Schema.page(
    of: card,
    and: ["facets": Schema.map(.list(["value": .text, "label": .text, "count": .count])).optional])

  private static let card = Schema.named(
    "TutorCard",
    [
      "id": .id, "slug": .text, "full_name": .text, "headline": .text.orNull, "photo": .address.orNull,
      "subjects": .list(["id": .id, "slug": .text, "title": .text, "code": .text.orNull, "rate": .money]),
      "languages": .list(.text), "rate_from": .money,
      "rating": ["average": .number(0...5), "count": .count], "lessons_held": .count,
      "verified": .boolean,
      "credentials": .list([
        "kind": .text, "title": .text, "issuer": .text.orNull, "year": .integer.orNull,
      ]), "modes": .list(.choice("online", "in_person")), "city": .text.orNull,
      "response_minutes": .integer.orNull, "featured": .boolean, "next_free": .list(.instant),
      "distance_km": .number.optional,
    ])
}
