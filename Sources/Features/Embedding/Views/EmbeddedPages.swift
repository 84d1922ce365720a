import Core
import HTML
import Site
import Time
import Tutors
import Web

/// The frame's own document: no header, no footer, no form, nothing of the reader. Every link leads out of the frame but
/// those that say otherwise.
struct EmbeddedShell {
  let view: any View
  let look: Look
  let page: PageContext
  let framers: [String]

  var markup: HTML {
    let t = page.t
    let theme = look.theme == .auto ? nil : look.theme.rawValue
    let style: HTML? =
      look.styleFields.isEmpty
      ? nil
      : "<link rel=\"stylesheet\" href=\"\(EmbeddingPaths.style() + "?" + look.styleFields.encoded)\">\n"
    return """
      <!doctype html>
      <html lang="\(t.language.rawValue)" dir="\(t.language.isRightToLeft ? "rtl" : "ltr")"\(attribute: "data-theme", theme) data-zone="\(page.zone.identifier)" data-hears="\(framers.joined(separator: " "))">
      <head>
      <meta charset="utf-8">
      <base target="_top">
      <title>\(view.title(page)) · \(page.site.name)</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex">
      <meta name="color-scheme" content="\(theme ?? "light dark")">
      <link rel="stylesheet" href="\(page.asset("css/app.css"))">
      \(style)<script type="module" src="\(page.asset("islands/embed-frame.js"))"></script>
      </head>
      <body class="embed">
      <main id="main" class="stack">
      \(view.body(page))
      </main>
      <footer class="embed-foot"><p class="muted small">\(t("embedding.opens", site: page.site.name))</p>\
      <a class="link small" href="\(Doors.home())">\(page.site.name)</a></footer>
      </body>
      </html>
      """
  }
}

/// One tutor with the times that are free.
struct EmbeddedTutor: View {
  let card: PublicCard
  let slots: HTML
  /// The parameters of the list that led here.
  let back: Fields?

  func title(_ page: PageContext) -> String { page.t("embedding.book", name: card.name) }

  func body(_ page: PageContext) -> HTML {
    let way: HTML? = back.map { fields in
      """
      <p><a class="link" target="_self" href="\(EmbeddingPaths.tutors() + (fields.isEmpty ? "" : "?" + fields.encoded))">\
      \(page.icon("chevron-left"))\(page.t("embedding.allTutors"))</a></p>
      """
    }
    return """
      \(way)<header class="embed-head">\(page.avatar(card.name, of: card.id, photo: card.photo, size: "large"))
      <div><h1><a href="\(Doors.tutor(card.slug))">\(card.name)</a></h1><p class="tutor-headline">\(card.headline)</p>
      <p class="tutor-meta">\(page.rating(thousandths: card.rating, count: card.ratingCount))\(page.price(card.rate, perHour: true))</p></div></header>
      \(slots)
      """
  }
}

/// Several tutors, each a way into the times.
struct EmbeddedList: View {
  let cards: [PublicCard]
  let subject: (slug: String, title: String)?
  /// Which tutors these are, as parameters for the way back.
  let inner: Fields
  let look: Look
  /// What is free before this instant is free no more.
  let limit: Instant

  func title(_ page: PageContext) -> String {
    subject.map { page.t("embedding.listFor", subject: $0.title) } ?? page.t("embedding.list")
  }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let all = Doors.tutors() + (subject.map { "?subject=\($0.slug)" } ?? "")
    let items: [HTML] = cards.map { card in
      var fields = look.fields
      for (name, value) in inner { fields.add(name, value) }
      fields.add("list", "1")
      let address = EmbeddingPaths.tutor(card.slug) + "?" + fields.encoded
      let next: HTML? = card.nextFree.flatMap { instant in
        instant > limit
          ? "<p class=\"tutor-next\">\(page.icon("clock"))\(t("tutors.nextFree")) \(page.soon(instant))</p>" : nil
      }
      return """
        <article class="tutor-card">\(page.avatar(card.name, of: card.id, photo: card.photo, size: "large"))
        <div class="tutor-main"><h2><a target="_self" href="\(address)">\(card.name)</a></h2><p class="tutor-headline">\(card.headline)</p>
        <p class="tutor-meta">\(page.rating(thousandths: card.rating, count: card.ratingCount))<span>\(page.listText(Array(card.subjects.prefix(3))))</span></p></div>
        <div class="tutor-side">\(page.price(card.rate, perHour: true))\(next)</div></article>
        """
    }
    let list: HTML =
      cards.isEmpty
      ? "<p class=\"muted\">\(t("embedding.none"))</p>" : "<div class=\"tutor-list\">\(items)</div>"
    return """
      <h1>\(title(page))</h1>
      \(list)
      <p><a class="link more" href="\(all)">\(t("embedding.everybody"))\(page.icon("arrow-right"))</a></p>
      """
  }
}

/// A tutor who is not to be had: gone, resting, or never here.
struct EmbeddedNobody: View {
  func title(_ page: PageContext) -> String { page.t("embedding.gone") }

  func body(_ page: PageContext) -> HTML {
    """
    <h1>\(title(page))</h1>
    <p>\(page.t("embedding.goneWords"))</p>
    <p><a class="link more" href="\(Doors.tutors())">\(page.t("embedding.everybody"))\(page.icon("arrow-right"))</a></p>
    """
  }
}
