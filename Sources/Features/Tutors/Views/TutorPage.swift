import Core
import HTML
import Site

/// A tutor's public page.
struct TutorPage: View {
  let tutor: TutorRecord
  let subjects: [TutorSubjectLine]
  let languages: [SpokenLanguage]
  let credentials: [CredentialLine]
  let samples: [SampleLine]
  /// Nothing for guests and for the tutor.
  let isFavourite: Bool?
  let slots: HTML
  let reviews: HTML
  let policy: HTML

  func title(_ page: PageContext) -> String { tutor.name }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let notListed: HTML? =
      tutor.isListed
      ? nil
      : page.banner(
        .info, t("tutors.onlyYou"), HTML(t("tutors.onlyYouWords")),
        actions: page.buttonLink(t("tutors.edit"), to: Doors.tutorProfile()))
    let verified: HTML? =
      tutor.isListed ? "<span class=\"verified\">\(page.icon("shield-check"))\(t("tutors.verifiedMark"))</span>" : nil
    let place: HTML? = tutor.city.map { "<span>\(page.icon("map-pin"))\($0)</span>" }
    let spoken = languages.map {
      t.sentence("language.\($0.language)", [:]) + " (" + t.sentence("tutors.fluency.\($0.fluency)", [:]) + ")"
    }
    let modes = page.listText(tutor.modes.map { t.sentence("tutors.mode.\($0)", [:]) })
    let years: HTML? = tutor.yearsTeaching.map {
      "<div><dt>\(t("tutors.years"))</dt><dd>\(t("tutors.yearsValue", count: $0))</dd></div>"
    }
    let answer: HTML? = tutor.responseMinutes.map {
      "<div><dt>\(t("tutors.answersWithin"))</dt><dd>\(page.durationText(minutes: $0))</dd></div>"
    }
    let experience: HTML? = tutor.experience.map {
      "<section class=\"section\"><h2>\(t("tutors.experience"))</h2><div class=\"prose\" dir=\"auto\">\(Markdown.render($0))</div></section>"
    }
    let book: HTML? =
      tutor.isListed
      ? page.buttonLink(t("tutors.bookLesson"), to: Doors.book(tutor.slug), "primary large wide", icon: "calendar")
      : nil
    // On a phone the order is far below the story; what one does next stays at the thumb.
    let bar: HTML? = book.map { "<div class=\"actions sticky on-phones\">\($0)</div>" }
    return """
      \(notListed)
      <header class="page-head"><div class="cluster">\(page.avatar(tutor.name, of: tutor.id, photo: tutor.photo, size: "huge"))
      <div><h1>\(tutor.name) \(verified)</h1><p class="lead tutor-words">\(tutor.headline)</p>
      <p class="tutor-meta">\(page.rating(thousandths: tutor.rating, count: tutor.ratingCount))\
      <span>\(page.icon("book"))\(t("tutors.lessonsHeld", count: tutor.lessonsHeld))</span>\(place)</p></div></div>
      <div class="actions">\(favourite(page))</div></header>
      <div class="split"><div>
      <section class="section"><h2>\(t("tutors.about"))</h2><div class="prose" dir="auto">\(Markdown.render(tutor.biography ?? ""))</div></section>
      \(experience)\(sampleList(page))\(credentialList(page))
      \(slots)\(reviews)
      </div><aside class="stack">
      <section class="card"><h2>\(t("tutors.lessons"))</h2><ul class="list">\(subjects.map { subject($0, page) })</ul>\(book)</section>
      <section class="card"><h2>\(t("tutors.facts"))</h2><dl class="facts rows">
      <div><dt>\(t("tutors.spoken"))</dt><dd>\(page.listText(spoken))</dd></div>
      <div><dt>\(t("tutors.where"))</dt><dd>\(modes)</dd></div>\(years)\(answer)
      <div><dt>\(t("tutors.approval"))</dt><dd>\(tutor.approval == "instant" ? t("tutors.instant") : t("tutors.request"))</dd></div>
      </dl></section>
      \(policy)
      </aside></div>\(bar)
      """
  }

  private func subject(_ line: TutorSubjectLine, _ page: PageContext) -> HTML {
    let code: HTML? = line.code.map { " <span class=\"muted\">\($0)</span>" }
    let durations = line.durations.map { page.durationText(minutes: $0) }.joined(separator: " · ")
    return """
      <li class="list-row"><div class="list-main"><strong>\(line.title)</strong>\(code)<p class="muted small">\(durations)</p></div>\
      <div class="list-end">\(page.price(Money(line.hourlyRate, tutor.currency), perHour: true))</div></li>
      """
  }

  private func favourite(_ page: PageContext) -> HTML {
    guard let isFavourite else { return .none }
    return page.postButton(
      isFavourite ? page.t("tutors.unfavour") : page.t("tutors.favour"), to: TutorPaths.favourite(tutor.slug), "",
      icon: "heart",
      fields: isFavourite ? [("off", "1")] : [])
  }

  private func sampleList(_ page: PageContext) -> HTML {
    guard !samples.isEmpty else { return .none }
    let players: [HTML] = samples.map { sample in
      let address = Doors.file(sample.file, "sample")
      let player: HTML =
        sample.isFilm
        ? "<video controls preload=\"none\" data-island=\"sample\" src=\"\(address)\" aria-label=\"\(sample.title)\">\(tracks(of: sample, page))</video>"
        : "<audio controls preload=\"none\" data-island=\"sample\" src=\"\(address)\" aria-label=\"\(sample.title)\"></audio>"
      return
        "<figure class=\"card sample\">\(player)<figcaption>\(sample.title)</figcaption>\(transcript(of: sample, page))</figure>"
    }
    return "<section class=\"section\"><h2>\(page.t("tutors.samples"))</h2>\(players)</section>"
  }

  /// The reader's language is shown from the start, or else the first; the player offers the others and none. The files
  /// are the site's own, so no `crossorigin` is wanted: with it they would be asked for without need.
  private func tracks(of sample: SampleLine, _ page: PageContext) -> [HTML] {
    let shown = sample.captions.first { $0.language == page.t.language.rawValue } ?? sample.captions.first
    return sample.captions.map {
      "<track kind=\"captions\" srclang=\"\($0.language)\" label=\"\(page.t.sentence("language.\($0.language)", [:]))\" src=\"\(Doors.file($0.file, "captions.vtt"))\"\(flag: "default", when: $0 == shown)>"
    }
  }

  private func transcript(of sample: SampleLine, _ page: PageContext) -> HTML? {
    guard let words = sample.transcript else { return nil }
    let paragraphs: [HTML] = words.split(whereSeparator: \.isNewline).map { "<p>\(String($0))</p>" }
    return """
      <details class="disclosure"\(flag: "open", when: words.utf8.count < 1000)><summary>\(page.t("tutors.transcript"))<span class="visually-hidden">: \(sample.title)</span></summary>\
      <div class="prose" dir="auto">\(paragraphs)</div></details>
      """
  }

  private func credentialList(_ page: PageContext) -> HTML {
    guard !credentials.isEmpty else { return .none }
    let lines: [HTML] = credentials.map {
      "<li class=\"list-row\">\(page.icon("award"))<div class=\"list-main\">\(CredentialText(line: $0).markup(page))</div></li>"
    }
    return
      "<section class=\"section\"><h2>\(page.t("tutors.credentials"))</h2><ul class=\"list\">\(lines)</ul></section>"
  }
}

/// A credential in one line.
struct CredentialText {
  let line: CredentialLine

  func markup(_ page: PageContext) -> HTML {
    let gpa: HTML? =
      if let gpa = line.gpa, let scale = line.gpaScale {
        " <span class=\"numeric\">\(page.t("tutors.gpaOf", gpa: gpa, scale: scale))</span>"
      } else { nil }
    let from = [line.issuer, line.year.map(String.init)].compactMap { $0 }.joined(separator: " · ")
    let note: HTML? = from.isEmpty ? nil : "<p class=\"muted small\">\(from)</p>"
    return "<strong>\(line.title)</strong>\(gpa)\(note)"
  }
}
