import Web

// What the reviews' part of the published API takes and gives.
extension Contract {
  static let rate = Contract(
    "Rates the newest lesson with this tutor that was held and not reviewed; 409 when there is none.",
    takes: [
      "rating": .integer(1...5), "comment": .text(0...Review.longest).optional,
      "aspects": Schema(.object(Review.Aspect.allCases.map { .init($0.rawValue, .integer(1...5).optional) }))
        .optional,
    ], gives: 201, ["booking": .id, "rating": .integer(1...5), "comment": .text], refuses: [409],
    names: ["booking": "/booking"])
}
