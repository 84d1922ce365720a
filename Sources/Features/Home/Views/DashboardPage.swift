import Bookings
import Core
import HTML
import Site
import Time

/// What now? The next lesson first, then what waits for an answer, then the rest.
struct DashboardPage: View {
  struct TutorSide: Sendable {
    let score: Int
    let state: String
    let earned: [Money]
    let figures: LessonFigures
  }

  let viewer: ID<User>
  let name: String
  let lessons: [Booked]
  let requests: [Booked]
  let toReview: [ToReview]
  let learner: LessonFigures
  let tutor: TutorSide?
  let saved: HTML
  let suggestions: HTML
  let figures: FiguresSection

  func title(_ page: PageContext) -> String { page.t("site.dashboard") }

  func body(_ page: PageContext) -> HTML {
    let t = page.t
    let first = name.split(separator: " ").first.map(String.init) ?? name
    return """
      \(page.head(t("home.hello", name: first), lead: t("home.helloLead", day: page.dayText(page.now), zone: page.zoneText())))
      <div class="stack loose" data-island="dashboard" data-user="\(viewer.description)"><p class="visually-hidden" role="status" data-live></p>
      \(setUp(page))\(isBeginning ? .none : next(page))\(requestSection(page))
      \(isNew ? .none : statSection(page))
      \(upcoming(page))\(reviewSection(page))\(savedSection(page))\(isNew ? .none : figures.markup(page))</div>
      """
  }

  /// Nothing has been held yet: figures and charts would be noughts.
  private var isNew: Bool { learner.held == 0 && (tutor?.figures.held ?? 0) == 0 && figures.isEmpty }

  /// A tutor whose profile was never sent in, with nothing booked: what to do stands by itself.
  private var isBeginning: Bool { tutor?.state == "draft" && lessons.isEmpty }

  private func statSection(_ page: PageContext) -> HTML { "<div class=\"stats\">\(stats(page))</div>" }

  private func other(_ booked: Booked) -> Booked.Person {
    booked.party(of: viewer) == .learner ? booked.tutor : booked.learner
  }

  private func stat(_ label: String, _ value: String, _ note: String? = nil) -> HTML {
    let below: HTML? = note.map { "<p class=\"stat-note\">\($0)</p>" }
    return "<div class=\"stat\"><p class=\"stat-label\">\(label)</p><p class=\"stat-value\">\(value)</p>\(below)</div>"
  }

  private func stats(_ page: PageContext) -> [HTML] {
    let t = page.t
    guard let tutor else {
      return [
        stat(t("home.lessonsTaken"), "\(learner.held)", t("home.inThirtyDays", count: learner.recent)),
        stat(t("home.hours"), "\(learner.minutes / 60)"), stat(t("home.tutorsMet"), "\(learner.people)"),
      ]
    }
    let earned =
      tutor.earned.isEmpty ? page.money(.zero(.usd)) : page.listText(tutor.earned.map { page.money($0) })
    return [
      stat(t("home.earned"), earned, t("home.earnedNote")),
      stat(t("home.lessonsHeld"), "\(tutor.figures.held)", t("home.inThirtyDays", count: tutor.figures.recent)),
      stat(t("home.learnersMet"), "\(tutor.figures.people)"),
    ]
  }

  /// A tutor who is not listed yet has one thing to do before any other.
  private func setUp(_ page: PageContext) -> HTML {
    guard let tutor, tutor.state != "verified" else { return .none }
    let t = page.t
    if tutor.state == "submitted" {
      return page.banner(.info, t("home.beingVerified"), HTML(t("home.beingVerifiedWords")))
    }
    if isBeginning { return steps(tutor.score, page) }
    return page.banner(
      .accent, t("home.profileTo", score: tutor.score), HTML(t("home.profileToWords")),
      actions: page.buttonLink(t("home.finishProfile"), to: Doors.tutorProfile(), "primary"))
  }

  private func steps(_ score: Int, _ page: PageContext) -> HTML {
    let t = page.t
    func step(_ icon: String, _ title: String, _ words: String) -> HTML {
      "<li>\(page.icon(icon))<div><strong>\(title)</strong><p>\(words)</p></div></li>"
    }
    return """
      <section class="card stack" aria-labelledby="begin-title"><h2 id="begin-title">\(t("home.begin"))</h2>
      <ol class="checks">\(step("user", t("home.begin1"), t("home.profileTo", score: score)))\
      \(step("calendar", t("home.begin2"), t("home.noLessonsTutorWords")))\(step("shield-check", t("home.begin3"), t("home.beingVerifiedWords")))</ol>
      <div class="actions">\(page.buttonLink(t("home.finishProfile"), to: Doors.tutorProfile(), "primary"))\
      \(page.buttonLink(t("site.availability"), to: Doors.availability()))</div></section>
      """
  }

  private func next(_ page: PageContext) -> HTML {
    let t = page.t
    guard let booked = lessons.first else {
      guard tutor == nil else {
        return page.empty(
          "calendar", t("home.noLessonsTutor"), t("home.noLessonsTutorWords"),
          action: page.buttonLink(t("site.availability"), to: Doors.availability(), "primary"))
      }
      return page.empty(
        "search", t("home.noLessons"), t("home.noLessonsWords"),
        action: page.buttonLink(t("site.findTutor"), to: Doors.tutors(), "primary")) + suggested(page)
    }
    let start = booked.reservation.startsAt
    // The door opens a quarter of an hour early, as Bookings has it.
    let opens = start - .minutes(15)
    let person = other(booked)
    let mayEnter = (booked.state == .confirmed || booked.state == .inProgress) && page.now >= opens
    let action: HTML =
      booked.state.isUnpaid
      ? page.buttonLink(t("home.payNow"), to: Doors.checkout(booked.id), "primary large")
      : mayEnter
        ? page.buttonLink(t("home.enterRoom"), to: Doors.deviceCheck(booked.id), "accent large", icon: "video")
        : page.buttonLink(t("home.seeBooking"), to: Doors.booking(booked.id), "large")
    return """
      <article class="next-lesson"><div><p class="eyebrow">\(t("home.nextLesson"))</p><h2>\(t("home.lessonWith", subject: booked.subjectTitle, name: person.name))</h2>
      \(page.bothZones(start, other: Zone(person.zone) ?? .utc, name: person.name))</div>
      <div class="next-lesson-side">\(page.status(booked.state.rawValue))<span class="countdown" data-island="countdown" data-until="\(start.rfc3339)"><span class="visually-hidden">\(t("home.beginsIn"))</span>\
      <span class="countdown-clock">\(page.timeText(start))</span></span>\(action)</div></article>
      """
  }

  private func suggested(_ page: PageContext) -> HTML {
    guard !suggestions.isEmpty else { return .none }
    return
      "<section class=\"section\"><h2>\(page.t("home.freeSoon"))</h2><div class=\"tutor-list\">\(suggestions)</div></section>"
  }

  private func row(_ booked: Booked, _ page: PageContext) -> HTML {
    let person = other(booked)
    return """
      <li class="list-row">\(page.avatar(person.name, of: person.id, photo: person.photo))<div class="list-main"><a href="\(Doors.booking(booked.id))">\(page.t("home.lessonWith", subject: booked.subjectTitle, name: person.name))</a>\
      <p class="muted small">\(page.moment(booked.reservation.startsAt)) · \(page.durationText(minutes: booked.minutes))</p></div><div class="list-end">\(page.status(booked.state.rawValue))</div></li>
      """
  }

  private func requestSection(_ page: PageContext) -> HTML {
    guard !requests.isEmpty else { return .none }
    return
      "<section class=\"card\"><h2>\(page.t("home.requests", count: requests.count))</h2><ul class=\"list\">\(requests.map { row($0, page) })</ul></section>"
  }

  private func upcoming(_ page: PageContext) -> HTML {
    let rest = lessons.dropFirst()
    guard !rest.isEmpty else { return .none }
    return """
      <section class="card"><header class="card-head"><h2>\(page.t("home.upcoming"))</h2><a class="link more" href="\(Doors.bookings())">\(page.t("home.allBookings"))</a></header>
      <ul class="list">\(rest.map { row($0, page) })</ul></section>
      """
  }

  private func reviewSection(_ page: PageContext) -> HTML {
    guard !toReview.isEmpty else { return .none }
    let rows: [HTML] = toReview.map {
      """
      <li class="list-row">\(page.icon("star"))<div class="list-main"><span>\(page.t("home.lessonWith", subject: $0.subject, name: $0.tutor))</span></div>\
      <div class="list-end">\(page.buttonLink(page.t("home.review"), to: Doors.review($0.booking), "small"))</div></li>
      """
    }
    return "<section class=\"card\"><h2>\(page.t("home.toReview"))</h2><ul class=\"list\">\(rows)</ul></section>"
  }

  private func savedSection(_ page: PageContext) -> HTML {
    guard !saved.isEmpty else { return .none }
    return
      "<section class=\"section\"><h2>\(page.t("home.saved"))</h2><div class=\"tutor-list\">\(saved)</div></section>"
  }
}
