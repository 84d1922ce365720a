import Audit
import Core
import HTML
import Jobs
import Legal
import Site
import Tutors

enum AdminSection: String, CaseIterable, Sendable {
  case overview, verification, people, bookings, outbox, jobs, audit, legal, embedding

  var address: String {
    switch self {
    case .overview: Doors.admin()
    case .verification: AdminPaths.verification()
    case .people: AdminPaths.people()
    case .bookings: AdminPaths.bookings()
    case .outbox: AdminPaths.outbox()
    case .jobs: AdminPaths.jobs()
    case .audit: AdminPaths.audit()
    case .legal: AdminPaths.legal()
    case .embedding: Doors.siteEmbedding()
    }
  }

  var icon: String {
    switch self {
    case .overview: "home"
    case .verification: "shield-check"
    case .people: "users"
    case .bookings: "calendar"
    case .outbox: "mail"
    case .jobs: "refresh"
    case .audit: "list"
    case .legal: "book"
    case .embedding: "code"
    }
  }
}

/// The rooms of the administration, one frame for all.
struct AdminPage: View {
  static let pageSize = 50

  enum Content: Sendable {
    case overview(SiteFigures, booksHold: Bool, links: Int, SiteCharts, legal: [LegalVersionLine])
    case people([PersonLine], words: String)
    case waiting([TutorForReview])
    case tutor(TutorForReview, credentials: [CredentialForReview], problem: String?)
    case bookings([BookingLine])
    case outbox([MailLine])
    case mail(MailLine)
    case jobs(JobFigures, dead: [JobRecord], schedules: [ScheduleLine])
    case audit(AuditPage)
    case legalTexts(LegalTextsPage)
    case legalEditor(LegalEditor)
  }

  let section: AdminSection
  let content: Content

  func title(_ page: PageContext) -> String {
    if case .legalEditor(let editor) = content { return editor.title(page) }
    return page.t.sentence("admin.\(section.rawValue)", [:])
  }

  func body(_ page: PageContext) -> HTML {
    let places: [HTML] = AdminSection.allCases.map {
      "<a href=\"\($0.address)\"\(attribute: "aria-current", $0 == section ? "page" : nil)>\(page.icon($0.icon))\(page.t.sentence("admin.\($0.rawValue)", [:]))</a>"
    }
    return """
      <div class="split side-first"><nav class="side-nav" aria-label="\(page.t("site.admin"))">\(places)</nav>
      <div class="stack loose">\(page.head(title(page)))\(inner(page))</div></div>
      """
  }

  private func inner(_ page: PageContext) -> HTML {
    switch content {
    case .overview(let figures, let holds, let links, let charts, let texts):
      (LegalTextsPage.missing(texts, page) ?? .none) + overview(figures, holds, links, page) + charts.markup(page)
    case .people(let people, let words): self.people(people, words, page)
    case .waiting(let tutors): waiting(tutors, page)
    case .tutor(let tutor, let credentials, let problem): self.tutor(tutor, credentials, problem, page)
    case .bookings(let lines): bookings(lines, page)
    case .outbox(let mails): outbox(mails, page)
    case .mail(let mail): self.mail(mail, page)
    case .jobs(let figures, let dead, let schedules): jobs(figures, dead, schedules, page)
    case .audit(let audit): audit.body(page)
    case .legalTexts(let texts): texts.body(page)
    case .legalEditor(let editor): editor.body(page)
    }
  }

  private func table(_ heads: [String], _ rows: [HTML]) -> HTML { adminTable(heads, rows) }

  private func more(_ cursor: PageCursor?, _ page: PageContext) -> HTML {
    page.pages(newer: nil, older: cursor.map { section.address + "?after=" + $0.text })
  }

  private func overview(_ figures: SiteFigures, _ holds: Bool, _ links: Int, _ page: PageContext) -> HTML {
    let t = page.t
    func stat(_ label: String, _ value: Int) -> HTML {
      let figure = value > SiteFigures.most ? "\(SiteFigures.most)+" : String(value)
      return "<div class=\"stat\"><p class=\"stat-label\">\(label)</p><p class=\"stat-value\">\(figure)</p></div>"
    }
    let waiting: HTML? =
      figures.waiting > 0
      ? page.banner(
        .accent, t("admin.waitingCount", count: figures.waiting),
        actions: page.buttonLink(t("admin.look"), to: AdminPaths.verification(), "primary")) : nil
    let books =
      holds ? page.banner(.success, t("admin.booksHold", count: links)) : page.banner(.danger, t("admin.booksBroken"))
    return """
      \(waiting)<div class="stats">\(stat(t("admin.people"), figures.people))\(stat(t("admin.listedTutors"), figures.tutors))\(stat(t("admin.lessonsAhead"), figures.lessonsAhead))\
      \(stat(t("admin.lessonsHeld"), figures.lessonsHeld))\(stat(t("admin.mailsWaiting"), figures.mailsWaiting))\(stat(t("admin.deadJobs"), figures.deadJobs))</div>\(books)
      <p><a class="button quiet" href="\(AdminPaths.books())">\(page.icon("download")) \(t("admin.exportBooks"))</a></p>
      """
  }

  private func people(_ people: [PersonLine], _ words: String, _ page: PageContext) -> HTML {
    let t = page.t
    let rows: [HTML] = people.prefix(Self.pageSize).map { person in
      let state =
        person.isSuspended
        ? page.status("cancelled") : person.isVerified ? page.status("verified") : page.status("unverified")
      let act =
        person.isSuspended
        ? page.postButton(t("admin.restore"), to: AdminPaths.suspension(person.id), "small")
        : page.postButton(
          t("admin.suspend"), to: AdminPaths.suspension(person.id), "small danger", fields: [("suspend", "1")],
          asking: t("admin.suspendAsk", name: person.name))
      return """
        <tr><th scope="row" data-label="\(t("admin.name"))">\(person.name)<p class="muted small">\(person.username)</p></th><td data-label="\(t("accounts.email"))">\(person.email)</td>
        <td data-label="\(t("admin.roles"))">\(page.listText(person.roles.map { t.sentence("admin.role.\($0)", [:]) }))</td><td data-label="\(t("checkout.state"))">\(state)</td><td>\(act)</td></tr>
        """
    }
    let cursor = people.count > Self.pageSize ? people[Self.pageSize - 1] : nil
    return """
      <form class="search-row" role="search" action="\(AdminPaths.people())"><label class="visually-hidden" for="people-q">\(t("admin.searchPeople"))</label>
      <input class="input" id="people-q" type="search" name="q" value="\(words)" placeholder="\(t("admin.searchPeople"))"><button class="button">\(t("admin.search"))</button></form>
      \(table([t("admin.name"), t("accounts.email"), t("admin.roles"), t("checkout.state"), t("admin.act")], rows))\(more(cursor.map { PageCursor(key: $0.createdAt.rfc3339, id: $0.id.description) }, page))
      """
  }

  private func waiting(_ tutors: [TutorForReview], _ page: PageContext) -> HTML {
    let t = page.t
    guard !tutors.isEmpty else { return page.empty("inbox", t("admin.noneWaiting"), t("admin.noneWaitingWords")) }
    let rows: [HTML] = tutors.map { tutor in
      let since: HTML? = tutor.submittedAt.map { page.ago($0) }
      return """
        <li class="list-row">\(page.avatar(tutor.name, of: tutor.id))<div class="list-main"><a href="\(AdminPaths.tutor(tutor.id))">\(tutor.name)</a><p class="muted small">\(tutor.headline)</p></div><div class="list-end">\(since)</div></li>
        """
    }
    return "<section class=\"card\"><ul class=\"list\">\(rows)</ul></section>"
  }

  private func tutor(
    _ tutor: TutorForReview, _ credentials: [CredentialForReview], _ problem: String?, _ page: PageContext
  ) -> HTML {
    let t = page.t
    let error: HTML? = problem.map { page.banner(.danger, t.sentence($0, [:])) }
    let rows: [HTML] = credentials.map { credential in
      let file: HTML? = credential.file.map { " <a href=\"\(Doors.file($0, "evidence"))\">\(t("tutors.evidence"))</a>" }
      let act =
        credential.state == "verified"
        ? page.postButton(t("admin.unverify"), to: AdminPaths.credential(tutor.id, credential.id), "small")
        : page.postButton(
          t("admin.credentialGood"), to: AdminPaths.credential(tutor.id, credential.id), "small", icon: "check",
          fields: [("good", "1")])
      return """
        <li class="list-row">\(page.icon("award"))<div class="list-main"><strong>\(credential.title)</strong> \(credential.gpa)<p class="muted small">\(credential.issuer)\(file)</p></div>\
        <div class="list-end cluster">\(page.status(credential.state))\(act)</div></li>
        """
    }
    let list: HTML =
      credentials.isEmpty ? "<p class=\"muted\">\(t("admin.noCredentials"))</p>" : "<ul class=\"list\">\(rows)</ul>"
    let verdict: HTML = """
      <section class="card stack"><h2>\(t("admin.verdict"))</h2>\(error)
      <form class="form" method="post" action="\(AdminPaths.verdict(tutor.id))">\(page.csrfField)
      \(page.field(Field("reason", t("admin.reason"), .area(rows: 3), hint: t("admin.reasonHint"), isRequired: false, longest: 1000)))
      <div class="actions"><button class="button primary" name="verdict" value="verify">\(page.icon("shield-check"))<span>\(t("admin.verify"))</span></button>
      <button class="button" name="verdict" value="reject">\(t("admin.sendBack"))</button></div></form></section>
      """
    return """
      <section class="card"><div class="spread"><h2>\(tutor.name)</h2>\(page.status(tutor.state))</div><p>\(tutor.email)</p><p class="lead">\(tutor.headline)</p>
      <p>\(tutor.subjects.map { "<span class=\"chip\">\($0)</span> " as HTML })</p><div class="prose" dir="auto">\(Markdown.render(tutor.biography ?? ""))\(Markdown.render(tutor.experience ?? ""))</div></section>
      <section class="card"><h2>\(t("tutors.credentials"))</h2>\(list)</section>\(verdict)
      """
  }

  private func bookings(_ lines: [BookingLine], _ page: PageContext) -> HTML {
    let t = page.t
    guard !lines.isEmpty else { return page.empty("calendar", t("admin.noBookings"), t("admin.noBookingsWords")) }
    let rows: [HTML] = lines.prefix(Self.pageSize).map { line in
      """
      <tr><th scope="row" data-label="\(t("checkout.lesson"))">\(line.subject)</th><td data-label="\(t("admin.tutor"))">\(line.tutor)</td><td data-label="\(t("admin.learner"))">\(line.learner)</td>
      <td data-label="\(t("checkout.date"))">\(page.moment(line.startsAt))</td><td class="numeric" data-label="\(t("checkout.amount"))">\(page.money(line.price))</td><td data-label="\(t("checkout.state"))">\(page.status(line.state))</td></tr>
      """
    }
    let cursor = lines.count > Self.pageSize ? lines[Self.pageSize - 1] : nil
    let files: HTML = """
      <p><a class="button quiet" href="\(AdminPaths.bookingsFile())">\(page.icon("download")) \(t("admin.exportBookings"))</a></p>
      """
    return files
      + table(
        [
          t("checkout.lesson"), t("admin.tutor"), t("admin.learner"), t("checkout.date"), t("checkout.amount"),
          t("checkout.state"),
        ], rows)
      + more(cursor.map { PageCursor(key: $0.createdAt.rfc3339, id: $0.id.description) }, page)
  }

  private func outbox(_ mails: [MailLine], _ page: PageContext) -> HTML {
    let t = page.t
    guard !mails.isEmpty else { return page.empty("inbox", t("admin.noMail"), t("admin.noMailWords")) }
    let rows: [HTML] = mails.prefix(Self.pageSize).map { mail in
      """
      <tr><th scope="row" data-label="\(t("admin.mailSubject"))"><a href="\(AdminPaths.mail(mail.id))">\(mail.subject ?? mail.kind)</a></th><td data-label="\(t("admin.mailTo"))">\(mail.to)</td>
      <td data-label="\(t("checkout.state"))">\(page.status(mail.state))</td><td data-label="\(t("checkout.date"))">\(page.ago(mail.createdAt))</td></tr>
      """
    }
    let cursor = mails.count > Self.pageSize ? mails[Self.pageSize - 1] : nil
    return table([t("admin.mailSubject"), t("admin.mailTo"), t("checkout.state"), t("checkout.date")], rows)
      + more(cursor.map { PageCursor(key: $0.createdAt.rfc3339, id: $0.id.description) }, page)
  }

  private func mail(_ mail: MailLine, _ page: PageContext) -> HTML {
    let t = page.t
    let error: HTML? = mail.error.map { page.banner(.warning, $0) }
    let link: HTML? = mail.link.map { page.buttonLink(t("accounts.openLetter"), to: $0, "primary") }
    return """
      <section class="card stack"><dl class="facts rows"><div><dt>\(t("admin.mailTo"))</dt><dd>\(mail.to)</dd></div><div><dt>\(t("checkout.state"))</dt><dd>\(page.status(mail.state))</dd></div>
      <div><dt>\(t("checkout.date"))</dt><dd>\(page.moment(mail.createdAt))</dd></div></dl>\(error)<h2>\(mail.subject ?? mail.kind)</h2><pre class="prose letter">\(mail.text ?? t("admin.mailGone"))</pre>\(link)</section>
      """
  }

  private func jobs(_ figures: JobFigures, _ dead: [JobRecord], _ schedules: [ScheduleLine], _ page: PageContext)
    -> HTML
  {
    let t = page.t
    let rows: [HTML] = dead.map { job in
      """
      <tr><th scope="row" data-label="\(t("admin.job"))"><code>\(job.name)</code></th><td data-label="\(t("admin.error"))">\(job.lastError)<p class="muted small"><code>\(job.payload)</code></p></td><td class="numeric" data-label="\(t("admin.attempts"))">\(job.attempts)</td><td data-label="\(t("admin.gaveUp"))">\(job.deadAt.map { page.ago($0) })</td>
      <td>\(page.postButton(t("admin.rerun"), to: AdminPaths.rerun(job.id), "small", icon: "refresh"))</td></tr>
      """
    }
    let failed: HTML =
      dead.isEmpty
      ? page.banner(.success, t("admin.noDeadJobs"))
      : table([t("admin.job"), t("admin.error"), t("admin.attempts"), t("admin.gaveUp"), t("admin.act")], rows)
    let turns: [HTML] = schedules.map {
      let last: HTML = $0.lastAt.map { page.ago($0) } ?? HTML(t("admin.never"))
      return
        "<tr><th scope=\"row\" data-label=\"\(t("admin.job"))\"><code>\($0.name)</code></th><td data-label=\"\(t("admin.last"))\">\(last)</td><td data-label=\"\(t("admin.nextTurn"))\">\(page.moment($0.nextAt))</td></tr>"
    }
    return """
      <p>\(t("admin.jobsNow", waiting: figures.due + figures.later, running: figures.running))</p>\(failed)
      <section class="section"><h2>\(t("admin.schedules"))</h2>\(table([t("admin.job"), t("admin.last"), t("admin.nextTurn")], turns))</section>
      """
  }
}

/// A table of the office.
func adminTable(_ heads: [String], _ rows: [HTML]) -> HTML {
  let cells: [HTML] = heads.map { "<th scope=\"col\">\($0)</th>" }
  return
    "<div class=\"table-box\"><table class=\"table\"><thead><tr>\(cells)</tr></thead><tbody>\(rows)</tbody></table></div>"
}
