import Core
import HTML
import Site

/// All that a person was told, newest first.
struct NotificationCentre: View {
  let notices: [StoredNotice]
  let unread: Int
  let showsOnlyUnread: Bool
  let isFirstPage: Bool
  let older: String?

  var layout: Layout { .narrow }

  func title(_ page: PageContext) -> String { page.t("notices.title") }

  func body(_ page: PageContext) -> HTML {
    let all: HTML? =
      unread > 0 ? page.postButton(page.t("notices.readAll"), to: NoticePaths.readings(), "quiet", icon: "check") : nil
    let choices = page.buttonLink(page.t("notices.choices"), to: Doors.noticeChoices(), "quiet", icon: "settings")
    let here = Doors.notifications() + (showsOnlyUnread ? "?unread=1&before=" : "?before=")
    return """
      \(page.head(page.t("notices.title"), lead: page.t("notices.unread", count: unread), actions: "\(all)\(choices)"))
      <nav class="tabs" aria-label="\(page.t("notices.filter"))">
      <a href="\(Doors.notifications())"\(attribute: "aria-current", showsOnlyUnread ? nil : "page")>\(page.t("notices.all"))</a>
      <a href="\(Doors.notifications() + "?unread=1")"\(attribute: "aria-current", showsOnlyUnread ? "page" : nil)>\(page.t("notices.onlyUnread"))</a>
      </nav>
      \(notices.isEmpty ? empty(page) : "<div class=\"notices\" role=\"list\">\(notices.map { row($0, page) })</div>")
      \(page.pages(newer: isFirstPage ? nil : Doors.notifications(), older: older.map { here + $0 }))
      """
  }

  private func empty(_ page: PageContext) -> HTML {
    showsOnlyUnread && isFirstPage
      ? page.empty("inbox", page.t("notices.noneUnread"), page.t("notices.noneUnreadHint"))
      : page.empty(
        "inbox", page.t("notices.none"), page.t("notices.noneHint"),
        action: page.buttonLink(page.t("site.findTutor"), to: Doors.tutors(), "primary"))
  }

  private func row(_ notice: StoredNotice, _ page: PageContext) -> HTML {
    let sentence = page.sentence(notice.kind, notice.values)
    let words: HTML =
      notice.link == nil ? "<p>\(sentence)</p>" : "<p><a href=\"\(NoticePaths.notice(notice.id))\">\(sentence)</a></p>"
    let state: HTML? = notice.isRead ? nil : "<span class=\"visually-hidden\">\(page.t("notices.new")) </span>"
    let button: HTML? =
      notice.isRead ? nil : page.postButton(page.t("notices.read"), to: NoticePaths.reading(notice.id), "quiet small")
    return """
      <div class="notice\(notice.isRead ? "" : " unread")" role="listitem"><span class="notice-icon">\(page.icon(Self.icon(of: notice.kind)))</span>\
      <div class="notice-body">\(state)\(words)<p class="muted">\(page.ago(notice.createdAt))</p></div>\(button)</div>
      """
  }

  /// By the room the notice comes from.
  static func icon(of kind: String) -> String {
    switch kind.prefix(while: { $0 != "." }) {
    case "bookings", "scheduling": "calendar"
    case "checkout", "ledger": "wallet"
    case "classroom": "video"
    case "reviews": "star"
    case "tutors": "shield-check"
    case "accounts": "user"
    default: "bell"
    }
  }
}
