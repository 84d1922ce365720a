package import Bookings
package import Bus
package import Core
import HTML
import JSON
package import Jobs
package import Ledger
package import Platform
package import Postgres
import Scheduling
package import Site
import Time
package import Tutors
package import Web

/// The landing page, and the dashboards that tell learners and tutors what comes next.
///
/// Owns nothing. Reads `lesson_facts` (Bookings), `ledger_movements` (Ledger), `published_reviews` (Reviews). Hears of changed bookings and tells the
/// open dashboards of both people.
package struct HomeFeature: Feature {
  static let dashboardSocket = Path("/ws/dashboard/:user/", as: ID<User>.self)
  static let apiLearner = Path("/api/dashboard/learner/")
  static let apiTutor = Path("/api/dashboard/tutor/")

  let database: Database
  let site: Site
  let bus: Bus
  let bookings: Bookings
  let tutors: TutorsFeature
  let ledger: Ledger
  let clock: WallClock

  package init(
    database: Database, site: Site, bus: Bus, bookings: Bookings, tutors: TutorsFeature, ledger: Ledger,
    clock: WallClock
  ) {
    self.database = database
    self.site = site
    self.bus = bus
    self.bookings = bookings
    self.tutors = tutors
    self.ledger = ledger
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.home, as: Guest.self, landing)
    routes.on(.get, Doors.dashboard, as: Member.self, dashboard)
    routes.api(.get, Self.apiLearner, as: Member.self, .learnerDashboard, apiLearner)
    routes.api(.get, Self.apiTutor, as: Tutor.self, .tutorDashboard, apiTutor)
    routes.socket(Self.dashboardSocket, as: Member.self) { _, member, user in
      guard member.id == user else { throw Failure.forbidden }
      return DashboardChannel(bus: bus, user: user)
    }
  }

  package var reactions: [Reaction] {
    [Reaction(BookingChanged.self, "home.live-dashboards") { change in tell(change) }]
  }

  // MARK: Landing

  func landing(_ request: Request, guest: Guest) async throws -> Response {
    let page = site.context(for: request)
    return site.page(
      LandingPage(
        freeSoon: try await tutors.freeSoon(4, page), topics: try await tutors.topics(),
        words: try await database.all(.kindWords)),
      for: request)
  }

  // MARK: Dashboards

  func dashboard(_ request: Request, member: Member) async throws -> Response {
    let page = site.context(for: request)
    let isTutor = member.identity.roles.contains(.tutor)
    let upcoming = try await bookings.upcoming(of: member.id, limit: 8, from: database)
    let requests = isTutor ? upcoming.filter { $0.party(of: member.id) == .tutor && $0.state == .requested } : []
    let lessons = upcoming.filter { booked in !requests.contains { $0.id == booked.id } }
    var tutorSide: DashboardPage.TutorSide?
    if isTutor {
      let progress = try await tutors.progress(of: member.id)
      tutorSide = DashboardPage.TutorSide(
        score: progress?.score ?? 0, state: progress?.state ?? "draft",
        earned: try await ledger.balances(of: member.id, [.tutorPayable], from: database),
        figures: try await database.one(.figures(ofTutor: member.id, since: clock.now - .days(30))))
    }
    let learner = try await database.one(.figures(ofLearner: member.id, since: clock.now - .days(30)))
    // Who runs the site and neither learns nor teaches has their day's work in the office.
    if member.identity.roles.contains(.admin), !isTutor, lessons.isEmpty, learner.held == 0 {
      return .see(Doors.admin())
    }
    return site.page(
      DashboardPage(
        viewer: member.id, name: member.identity.name, lessons: lessons, requests: requests,
        toReview: try await database.all(.toReview(by: member.id, since: clock.now - .days(60))),
        learner: learner, tutor: tutorSide,
        saved: try await tutors.favourites(member.id, page),
        suggestions: lessons.isEmpty && !isTutor ? try await tutors.freeSoon(3, page) : .none,
        figures: try await figures(of: member.id, isTutor: isTutor, page)),
      for: request)
  }

  /// A year of the reader's months, and a tutor's coming weeks.
  private func figures(of user: ID<User>, isTutor: Bool, _ page: PageContext) async throws -> FiguresSection {
    let time = page.months(FiguresSection.months)
    var learning = FiguresSection.Figures()
    learning.lessons = try await database.all(.lessons(of: user, teaching: false, by: time.bounds, until: page.now))
    learning.money = try await database.all(.money(ofLearner: user, by: time.bounds))
    guard isTutor else { return FiguresSection(time: time, learning: learning, teaching: nil) }
    var teaching = FiguresSection.Figures()
    teaching.lessons = try await database.all(.lessons(of: user, teaching: true, by: time.bounds, until: page.now))
    teaching.money = try await database.all(.money(ofTutor: user, by: time.bounds))
    teaching.ratings = try await database.all(.ratings(of: user, by: time.bounds))
    if let rules = try await TutorTimes().timetable(of: user, now: page.now, in: database)?.rules {
      let range = rules.zone.day(rules.zone.date(page.now)).lowerBound..<page.now + .days(30)
      teaching.weeks = FilledWeek.weeks(
        4, of: rules, lessons: try await database.all(.lessonsAhead(ofTutor: user, in: range)), now: page.now)
    }
    return FiguresSection(time: time, learning: learning, teaching: teaching)
  }

  func apiLearner(_ request: Request, member: Member) async throws -> Response {
    let now = clock.now
    let rows = try await database.all(.dashboard(ofLearner: member.id, since: now - .days(30), now: now))
    guard let figures = rows.first?.figures else { throw Failure.notFound }
    return Response.json(200) { w in
      w.object { w in
        w.array("upcoming", rows.compactMap(\.lesson)) { w, lesson in write(lesson, to: &w) }
        w.field("lessons_held", figures.held)
        w.field("lessons_30d", figures.recent)
        w.field("hours_held", figures.minutes / 60)
      }
    }.tagged(for: request)
  }

  func apiTutor(_ request: Request, tutor: Tutor) async throws -> Response {
    let now = clock.now
    let rows = try await database.all(.dashboard(ofTutor: tutor.id, since: now - .days(30), now: now))
    guard let figures = rows.first?.figures else { throw Failure.notFound }
    let lessons = rows.compactMap(\.lesson)
    let earned = try await ledger.balances(of: tutor.id, [.tutorPayable], from: database)
    return Response.json(200) { w in
      w.object { w in
        w.array("requests", lessons.filter { $0.state == "requested" }) { w, lesson in write(lesson, to: &w) }
        w.array("upcoming", lessons.filter { $0.state != "requested" }) { w, lesson in write(lesson, to: &w) }
        w.array("earned", earned) { w, money in w.write(money) }
        w.field("lessons_held", figures.held)
        w.field("lessons_30d", figures.recent)
      }
    }.tagged(for: request)
  }

  private func write(_ lesson: NextLesson, to w: inout JSONWriter) {
    w.object { w in
      w.field("id", lesson.id)
      w.field("status", lesson.state)
      w.field("starts_at", lesson.starts)
      w.field("ends_at", lesson.ends)
      w.field("subject", lesson.subject)
      w.field("with", lesson.with)
      w.field("price", lesson.price)
    }
  }

  // MARK: Live

  /// Tells the open dashboards of both people; at least once, and twice does no harm: the page looks again.
  private func tell(_ change: BookingChanged) {
    let isRequest = change.to == "requested" || change.from == "requested"
    for user in [change.tutor, change.learner] {
      bus.publish(
        DashboardChannel.topic(of: user), Self.message(isRequest ? "request_update" : "session_update", change))
    }
    if change.to == "completed" {
      bus.publish(DashboardChannel.topic(of: change.tutor), Self.message("earnings_update", change))
    }
  }

  private static func message(_ type: String, _ change: BookingChanged) -> String {
    JSONWriter.text { w in
      w.object { w in
        w.field("type", type)
        w.object("data") { w in
          w.field("booking", change.booking)
          w.field("status", change.to)
        }
      }
    }
  }
}

/// One open dashboard. It only listens.
final class DashboardChannel: Conversation {
  private let bus: Bus
  private let user: ID<User>

  init(bus: Bus, user: ID<User>) {
    self.bus = bus
    self.user = user
  }

  static func topic(of user: ID<User>) -> String { "dashboard.\(user)" }

  func opened(_ socket: Socket) async { socket.join(Self.topic(of: user), on: bus) }
  func received(_ text: String, on socket: Socket) async {}
  func closed(_ socket: Socket) async {}
}
