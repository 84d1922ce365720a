import Platform
import Web

extension Contract {
  static let status = Contract(
    "How each part of the site is, as last seen; at most a quarter minute old.", gives: 200,
    [
      "status": .choice(Condition.self), "checked_at": .instant.orNull,
      "components": .list(["name": .text, "status": .choice(Condition.self)]),
    ])
}
