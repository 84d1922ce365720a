import Core
import HTML
import Platform
import Site

/// One sentence for the whole, then a line for each part.
struct StatusPage: View {
  let report: Report

  func title(_ page: PageContext) -> String { page.t("status.title") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    guard let at = report.at else {
      return "\(page.head(t("status.title")))\(page.banner(.info, t("status.unknown")))"
    }
    let tone: Tone =
      switch report.overall {
      case .well, .off: .success
      case .limited: .warning
      case .down: .danger
      }
    let parts: [HTML] = report.components.map { component in
      let isWell = component.condition == .well
      return """
        <li class="\(isWell ? "ok" : "bad")">\(page.icon(isWell ? "check" : "alert"))<div><strong>\(t("status.part.\(component.name)"))</strong>\
        <p>\(t("status.\(component.condition.rawValue).\(component.name)"))</p></div></li>
        """
    }
    return """
      \(page.head(t("status.title"), lead: t("status.lead")))
      \(page.banner(tone, t("status.overall.\(report.overall.rawValue)")))
      <ul class="checks" aria-label="\(t("status.parts"))">\(parts)</ul>
      <p class="muted">\(t("status.seen")) \(page.moment(at))</p>
      """
  }
}
