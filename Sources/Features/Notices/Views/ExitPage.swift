import Core
import HTML
import Site

/// Where the address at the foot of a letter leads. No form token: the address itself is what counts, and the page knows
/// nobody.
struct ExitPage: View {
  enum State: Sendable { case asks, left, cameBack }

  let topic: Topic
  let token: String
  let state: State

  var layout: Layout { .bare }

  func title(_ page: PageContext) -> String {
    switch state {
    case .asks: page.t("notices.exit")
    case .left: page.t("notices.exitDone")
    case .cameBack: page.t("notices.exitUndone")
    }
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let words: String
    let button: HTML
    func form(_ address: String, _ label: String, _ look: String) -> HTML {
      "<form class=\"inline\" method=\"post\" action=\"\(address)\"><button class=\"button \(look)\">\(label)</button></form>"
    }
    switch state {
    case .asks:
      words = t("notices.exitWords", topic: topic.name(page), site: page.site.name)
      button = form(NoticePaths.unsubscription(token), t("notices.exitButton"), "primary")
    case .left:
      words = t("notices.exitDoneWords", topic: topic.name(page), site: page.site.name)
      button = form(NoticePaths.resubscription(token), t("notices.exitUndo"), "")
    case .cameBack:
      words = t("notices.exitUndoneWords", topic: topic.name(page), site: page.site.name)
      button = form(NoticePaths.unsubscription(token), t("notices.exitButton"), "")
    }
    return """
      <div class="empty">\(page.art("inbox"))<h1>\(title(page))</h1><p role="status">\(words)</p>
      <div class="actions">\(button)\(page.buttonLink(t("notices.exitChoices"), to: Doors.noticeChoices(), "quiet"))</div></div>
      """
  }
}
