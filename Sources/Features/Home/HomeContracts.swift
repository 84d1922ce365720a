import Web

// What the dashboards' part of the published API gives.
extension Contract {
  static let learnerDashboard = Contract(
    "What comes next for the caller as a learner.", gives: 200,
    [
      "upcoming": .list(lesson), "lessons_held": .count, "lessons_30d": .count,
      "hours_held": .count,
    ], names: ["booking": "/upcoming/0/id"])
  static let tutorDashboard = Contract(
    "What comes next for the caller as a tutor.", gives: 200,
    [
      "requests": .list(lesson), "upcoming": .list(lesson), "earned": .list(.money),
      "lessons_held": .count, "lessons_30d": .count,
    ], names: ["booking": "/requests/0/id"])

  private static let lesson = Schema.named(
    "UpcomingLesson",
    [
      "id": .id, "status": .text, "starts_at": .instant, "ends_at": .instant, "subject": .text, "with": .text,
      "price": .money,
    ])
}
