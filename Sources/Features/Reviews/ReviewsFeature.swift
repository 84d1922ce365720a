package import Core
import JSON
import Jobs
package import Notices
package import Platform
package import Postgres
package import Site
package import Tutors
package import Web

/// Learners rate finished lessons; visitors read the ratings on a tutor's page; the tutor may answer.
///
/// Owns `reviews`. Reads `lesson_facts` (Bookings), `people` (Accounts), `tutor_facts` and `subjects` (Tutors). Emits
/// ``ReviewWritten``.
package struct ReviewsFeature: Feature {
  let database: Database
  let site: Site
  let tutors: Tutors
  let notices: Notices
  let clock: WallClock

  package init(database: Database, site: Site, tutors: Tutors, notices: Notices, clock: WallClock) {
    self.database = database
    self.site = site
    self.tutors = tutors
    self.notices = notices
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    // Words that others read; how often somebody may write them is counted with what they write in lessons.
    let words: RouteLimits = .rate(.messages)
    routes.on(.get, ReviewPaths.list, as: Guest.self, list)
    routes.on(.get, Doors.review, as: Member.self, compose)
    routes.on(.post, Doors.review, as: Member.self, limits: words, publish)
    routes.on(.post, ReviewPaths.reply, as: Tutor.self, limits: words, reply)
    routes.api(.post, ReviewPaths.apiRate, as: Member.self, limits: words, .rate, apiRate)
  }

  /// What stands on a tutor's page.
  package var panel: Panel<ID<User>> {
    Panel { tutor, page in
      ReviewList(
        summary: try await database.one(.summary(of: tutor)),
        reviews: try await database.all(.reviews(of: tutor, limit: 10)),
        mayReply: page.viewer?.user == tutor
      ).body(page)
    }
  }

  func list(_ request: Request, viewer: Guest, slug: String) async throws -> Response {
    guard let tutor = try await database.first(.tutor(slug: slug)) else { throw Failure.notFound }
    return site.page(
      ReviewsPage(
        slug: slug,
        list: ReviewList(
          summary: try await database.one(.summary(of: tutor)),
          reviews: try await database.all(.reviews(of: tutor, limit: 200)),
          mayReply: viewer.id == tutor)),
      for: request)
  }

  func compose(_ request: Request, learner: Member, booking: ID<Booking>) async throws -> Response {
    guard let occasion = try await database.first(.occasion(of: booking, for: learner.id)) else {
      throw Failure.notFound
    }
    let isOpen = occasion.finishedAt != nil && !occasion.isReviewed
    let refusal: Review.Refusal? = isOpen ? nil : occasion.isReviewed ? .alreadyReviewed : .notFinished
    return site.page(ReviewForm(occasion: occasion, draft: ReviewDraft(), refusal: refusal), for: request)
  }

  func publish(_ request: Request, learner: Member, booking: ID<Booking>) async throws -> Response {
    guard let occasion = try await database.first(.occasion(of: booking, for: learner.id)) else {
      throw Failure.notFound
    }
    let draft = ReviewDraft(request.form)
    do {
      try await store(draft, on: occasion)
    } catch let refusal as Review.Refusal {
      return site.page(ReviewForm(occasion: occasion, draft: draft, refusal: refusal), for: request, status: 422)
    }
    return .see(Doors.tutor(occasion.tutorSlug))
  }

  /// Decides and stores; the rating that search sorts by changes in the same commit.
  private func store(_ draft: ReviewDraft, on occasion: Review.Occasion) async throws {
    let review = try Review(of: occasion, draft, at: clock.now)
    do {
      try await database.transaction { tx in
        _ = try await tx.run(.takeTurn(of: review.tutor))
        try await tx.run(.insert(ID.new(), review, at: clock.now))
        let summary = try await tx.one(.summary(of: review.tutor))
        try await tutors.setRating(of: review.tutor, sum: summary.sum, count: summary.count, in: tx)
        try await notices.tell(
          review.tutor, "reviews.written", ["stars": .number(review.stars), "subject": .text(occasion.subject)],
          link: Doors.tutor(occasion.tutorSlug), in: tx)
        try await tx.emit(ReviewWritten(tutor: review.tutor, booking: review.booking, stars: review.stars))
      }
    } catch let error as PostgresError where error.constraint == "one_review_per_lesson" {
      throw Review.Refusal.alreadyReviewed  // Two tabs, one lesson: the constraint decides.
    }
  }

  func reply(_ request: Request, tutor: Tutor, review: ID<ReviewID>) async throws -> Response {
    let words = request.form.text("words")
    guard !words.isEmpty, words.unicodeScalars.count <= Review.longest else {
      throw Problem(422, site.context(for: request).t("reviews.replyLength", count: Review.longest))
    }
    try await database.transaction { tx in
      guard let answered = try await tx.first(.reply(words, to: review, by: tutor.id, at: clock.now)) else {
        throw Failure.notFound
      }
      try await notices.tell(
        answered.author, "reviews.answered", ["tutor": .text(tutor.identity.name)],
        link: Doors.booking(answered.booking), mail: false, in: tx)
    }
    return .see(LocalAddress.read(request.form["next"]) ?? Doors.dashboard())
  }

  /// Rates the newest lesson of the two that was held and not reviewed; 409 when there is none.
  func apiRate(_ request: Request, member: Member, mentor: ID<User>) async throws -> Response {
    let json = try request.json()
    guard let occasion = try await database.first(.newestOccasion(with: mentor, for: member.id)) else {
      throw Failure.conflict("There is no finished lesson with this tutor that you have not reviewed yet.")
    }
    var draft = ReviewDraft()
    draft.stars = json["rating"]?.int ?? 0
    draft.words = json["comment"]?.string?.trimmingSpaces() ?? ""
    for aspect in Review.Aspect.allCases {
      if let value = json["aspects"]?[aspect.rawValue] { draft.aspects[aspect] = value.int ?? 0 }
    }
    do { try await store(draft, on: occasion) } catch let refusal as Review.Refusal {
      if refusal == .alreadyReviewed {
        throw Failure.conflict(site.context(for: request).t("reviews.refusal.alreadyReviewed"))
      }
      throw Problem(
        422, site.context(for: request).t.sentence("reviews.refusal.\(refusal.rawValue)", [:]), kind: refusal.rawValue)
    }
    return .json(201) { w in
      w.object { w in
        w.field("booking", occasion.booking)
        w.field("rating", draft.stars)
        w.field("comment", draft.words)
      }
    }
  }
}

extension ReviewDraft {
  init(_ form: Fields) {
    stars = form.int("stars") ?? 0
    words = form.text("words")
    for aspect in Review.Aspect.allCases where !form.text(aspect.rawValue).isEmpty {
      aspects[aspect] = form.int(aspect.rawValue) ?? 0
    }
  }
}
