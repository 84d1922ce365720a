import Core
import HTML
import Site

/// Stands at whatever address could not be reached. It is the same for everybody, so it may be kept on the device.
struct OfflinePage: View {
  var layout: Layout { .bare }

  func title(_ page: PageContext) -> String { page.t("webapp.offline") }

  /// `data-method` is rewritten by the service worker when a form was on its way: then nothing is loaded again by itself.
  func body(_ page: PageContext) -> HTML {
    let t = page.t
    return """
      <div class="empty" data-island="offline" data-method="get">\(page.art("offline"))<h1>\(title(page))</h1>
      <p class="offline-page">\(t("webapp.offlineWords"))</p><p class="offline-form" hidden>\(t("webapp.offlineForm"))</p>
      <p role="status" class="muted" data-state></p>
      <ul class="list offline-drafts" aria-label="\(t("webapp.drafts"))" hidden></ul>
      <div class="actions"><a class="button primary" href="\(Doors.home())" data-again>\(page.icon("refresh"))<span>\(t("webapp.again"))</span></a>\
      <button class="button" type="button" data-back hidden>\(t("webapp.back"))</button></div></div>
      """
  }
}
