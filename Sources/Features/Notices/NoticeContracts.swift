import Web

// What the notification centre's part of the published API takes and gives.
extension Contract {
  static let notices = Contract(
    "What the caller has been told, newest first.",
    asks: ["unread": .flag, "page_size": .integer(1...100), "cursor": .text], gives: 200,
    .page(of: notice, and: ["unread": .count]), names: ["notice": "/results/0/id"])
  static let readNotices = Contract(
    "Marks all that there are as read.", gives: 200, ["read": .count])
  static let changeNotice = Contract(
    "Marks one as read or unread.", takes: ["read": .boolean], gives: 200, notice)

  private static let notice = Schema.named(
    "Notification",
    [
      "id": .id, "type": .text, "content": .text, "link": .address.orNull, "timestamp": .instant, "read": .boolean,
    ])
}
