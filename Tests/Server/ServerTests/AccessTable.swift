import JSON

/// Who may reach a route, and whose thing it is about: the whole policy of the site in one place. A route that is not named
/// here fails `AccessTests`, so nothing can be opened by forgetting.
struct Access: Sendable {
  enum Who: Sendable { case everyone, members, tutors, administrators }

  /// The people of the matrix. A session of somebody suspended, or never verified, proves nothing.
  enum Role: String, CaseIterable, Sendable {
    case guest, learner, tutor, otherTutor, administrator, suspended, unverified
  }

  /// What an address names. `World` makes a fresh one for every request that may change it.
  enum Thing: String, Sendable {
    /// Nothing that belongs to anybody.
    case none
    /// A confirmed lesson of the learner with the tutor.
    case booking
    /// One that waits for the learner's money.
    case unpaid
    /// One that was held and not reviewed.
    case lesson
    /// A payment of the learner's, open or settled.
    case payment, receipt
    /// A notice of the learner's; a session of the learner's.
    case notice, session
    /// A search that the learner keeps; a device of the learner's that is told.
    case search, device
    /// Of the tutor's profile.
    case credential, sample, film, captions, subject, language, date
    /// A document of the tutor's.
    case document
    /// A review of the tutor's, who may reply.
    case review
    /// The room of a booking, by its code.
    case room
    /// The learner's own live channel.
    case channel
    /// What only the administration sees.
    case mail, job, applicant, applicantsCredential, person

    var owners: Set<Role> {
      switch self {
      case .none: []
      case .booking, .room: [.learner, .tutor]
      case .unpaid, .lesson, .payment, .receipt, .notice, .session, .search, .device, .channel: [.learner]
      case .credential, .sample, .film, .captions, .subject, .language, .date, .review: [.tutor]
      case .document: [.tutor, .administrator]
      case .mail, .job, .applicant, .applicantsCredential, .person: [.administrator]
      }
    }
  }

  /// How an address answers whoever the thing does not belong to. Either way nothing changes.
  enum Foreign: Sendable {
    /// As if it were not there.
    case absent
    /// That it may not be done: the address itself names somebody.
    case forbidden
    /// Nothing is done, and nothing is told apart: taking away what one does not have.
    case unmoved
  }

  let who: Who
  var thing = Thing.none
  var foreign = Foreign.absent
  /// Who of its owners may do this at all; another is told 403.
  var doers: Set<Role>?
  /// Parts of the address that name nobody's property.
  var parts: [String] = []
  var form: KeyValuePairs<String, String> = [:]
  var json: JSON?
  /// The address is all the proof there is: whoever holds it may, from wherever (RFC 8058).
  var isByAddress = false

  static let everyone = Access(who: .everyone)
  static let members = Access(who: .members)
  static let tutors = Access(who: .tutors)
  static let administrators = Access(who: .administrators)

  func of(_ thing: Thing, _ foreign: Foreign = .absent, doneBy doers: Role...) -> Access {
    changed {
      $0.thing = thing
      $0.foreign = foreign
      $0.doers = doers.isEmpty ? nil : Set(doers)
    }
  }
  func at(_ parts: String...) -> Access { changed { $0.parts = parts } }
  func sending(_ form: KeyValuePairs<String, String>) -> Access { changed { $0.form = form } }
  func saying(_ json: JSON) -> Access { changed { $0.json = json } }

  var byAddress: Access { changed { $0.isByAddress = true } }

  private func changed(_ change: (inout Access) -> Void) -> Access {
    var copy = self
    change(&copy)
    return copy
  }

  static let table: [String: Access] = [
    // Accounts
    "GET /account": .members,
    "POST /account": .members.sending(["full_name": "Lena Hofer", "language": "en", "zone": "UTC"]),
    "POST /account/password": .members.sending(["old": "x", "new": "y"]),
    "POST /account/photo": .members,
    "GET /account/security": .members,
    "POST /account/security/recovery-codes": .members.sending(["factor_password": "x", "code": "000000"]),
    "GET /account/security/second-factor": .members,
    "POST /account/security/second-factor": .members.sending(["factor_password": "x"]),
    "POST /account/security/second-factor/code": .members.sending(["code": "000000"]),
    "POST /account/security/second-factor/removal": .members.sending(["factor_password": "x", "code": "000000"]),
    "POST /account/sessions": .members,
    "POST /account/sessions/:session": .members.of(.session, .unmoved),
    "GET /api/auth/captcha/:form/": .everyone.at("register"),
    "POST /api/auth/login/": .everyone.saying(["email": "nobody@example.org", "password": "x"]),
    "POST /api/auth/logout/": .members,
    "POST /api/auth/password-reset/": .everyone.saying(["email": "nobody@example.org"]),
    "POST /api/auth/password-reset/confirm/": .everyone.saying(["token": "x", "password": "y"]),
    "POST /api/auth/register/": .everyone.saying([:]),
    "POST /api/auth/verify-email/": .everyone.saying(["token": "x"]),
    "POST /api/token/": .everyone.saying(["email": "nobody@example.org", "password": "x"]),
    "POST /api/token/refresh/": .everyone.saying(["refresh": "x"]),
    "GET /api/users/me/": .members,
    "PATCH /api/users/me/": .members.saying(["learning_goals": "All of it"]),
    "POST /api/ws-ticket/": .members,
    "GET /forgotten-password": .everyone,
    "POST /forgotten-password": .everyone.sending(["email": "nobody@example.org"]),
    "POST /language": .everyone.sending(["language": "ar"]),
    "GET /register": .everyone,
    "POST /register": .everyone,
    "GET /reset-password": .everyone,
    "POST /reset-password": .everyone,
    "GET /sign-in": .everyone,
    "GET /sign-in/code": .everyone,
    "POST /sign-in/code": .everyone.sending(["code": "000000"]),
    "POST /sign-in": .everyone.sending(["login": "nobody", "password": "x"]),
    "POST /sign-out": .everyone,
    "POST /verification-letters": .everyone.sending(["email": "nobody@example.org"]),
    "GET /verify": .everyone,
    "POST /verify": .everyone,

    // The site as an app; the rooms for builders, which are open in development only.
    "GET /gallery": .everyone,
    "GET /gallery/sentences": .everyone,
    "GET /manifest.webmanifest": .everyone,
    "GET /offline/:language": .everyone.at("en"),
    "GET /service-worker.js": .everyone,

    // Admin
    "GET /admin": .administrators,
    "GET /admin/audit": .administrators,
    "GET /admin/bookings": .administrators,
    "GET /admin/bookings.csv": .administrators,
    "GET /admin/jobs": .administrators,
    "POST /admin/jobs/:job/rerun": .administrators.of(.job),
    "GET /admin/ledger.csv": .administrators,
    "GET /admin/legal": .administrators,
    "GET /admin/legal/:document/:language": .administrators.at("terms", "es"),
    "POST /admin/legal/:document/:language": .administrators.at("terms", "es").sending(["text": "Sea amable."]),
    "GET /admin/outbox": .administrators,
    "GET /admin/outbox/:mail": .administrators.of(.mail),
    "GET /admin/people": .administrators,
    "POST /admin/people/:user/suspension": .administrators.of(.person).sending(["suspend": "1"]),
    "GET /admin/verification": .administrators,
    "GET /admin/verification/:tutor": .administrators.of(.applicant),
    "POST /admin/verification/:tutor/credentials/:credential": .administrators.of(.applicantsCredential).sending([
      "good": "1"
    ]),
    "POST /admin/verification/:tutor/verdict": .administrators.of(.applicant).sending(["verdict": "verify"]),

    // Bookings
    "GET /api/bookings/": .members,
    "POST /api/bookings/": .members.saying([
      "tutor": "01900000-0000-7000-8000-000000000001", "starts_at": "2030-01-01T10:00:00Z",
    ]),
    "GET /api/bookings/:booking/": .members.of(.booking),
    "PATCH /api/bookings/:booking/": .members.of(.booking).saying(["action": "confirm_outcome"]),
    "DELETE /api/bookings/:booking/": .members.of(.booking).saying(["reason": "ill"]),
    "GET /bookings": .members,
    "GET /bookings/:booking": .members.of(.booking),
    "POST /bookings/:booking/answer": .members.of(.booking).sending(["answer": "accept"]),
    "GET /bookings/:booking/cancellation": .members.of(.booking),
    "POST /bookings/:booking/cancellation": .members.of(.booking),
    "GET /bookings/:booking/invitation.ics": .members.of(.booking),
    "POST /bookings/:booking/outcome": .members.of(.booking).sending(["outcome": "held"]),
    "POST /bookings/:booking/proposal": .members.of(.booking).sending(["answer": "accept"]),
    "GET /bookings/:booking/time": .members.of(.booking),
    "POST /bookings/:booking/time": .members.of(.booking).sending(["starts_at": "2030-01-01T10:00:00Z"]),
    "GET /tutors/:slug/book": .everyone.at("amal"),
    "POST /tutors/:slug/book": .members.at("hiro").sending(["starts_at": "2020-01-01T10:00:00Z"]),

    // Checkout
    "GET /api/finances/": .members,
    "GET /api/finances/balances/": .members,
    "GET /api/finances/transactions/": .members,
    "GET /api/payments/:payment/": .members.of(.payment),
    "POST /api/payments/:payment/refund/": .members.of(.payment).saying(["reason": "ill"]),
    "GET /api/payments/history/": .members,
    "POST /api/payments/process/": .members.saying(["booking": "01900000-0000-7000-8000-000000000001"]),
    "POST /api/payments/webhooks/:provider/": .everyone.at("simulated").saying([:]),
    "GET /checkout/:booking": .members.of(.unpaid),
    "POST /checkout/:booking": .members.of(.unpaid),
    "GET /checkout/:booking/return": .members.of(.unpaid),
    "GET /payments/:payment/receipt": .members.of(.receipt),
    "GET /simulated-gateway/:charge": .everyone.at("nothing"),
    "POST /simulated-gateway/:charge": .everyone.at("nothing").sending(["card": "4242424242424242"]),
    "GET /simulated-gateway/:charge/authentication": .everyone.at("nothing"),
    "POST /simulated-gateway/:charge/authentication": .everyone.at("nothing"),
    "POST /simulated-gateway/:charge/cancellation": .everyone.at("nothing"),
    "GET /wallet": .members,

    // Classroom
    "GET /lessons/:booking/check": .members.of(.booking),
    "GET /lessons/:booking/ended": .members.of(.booking),
    "GET /lessons/:booking/room": .members.of(.booking),
    "SOCKET /ws/session/:room_code/": .members.of(.room, .forbidden),

    // Embedding
    "GET /admin/embedding": .administrators,
    "POST /admin/embedding/origins": .administrators.sending(["origin": "https://school.example"]),
    "POST /admin/embedding/origins/removal": .administrators.sending(["origin": "https://school.example"]),
    "GET /embed/style.css": .everyone,
    "GET /embed/tutors": .everyone,
    "GET /embed/tutors/:slug": .everyone.at("amal"),
    "GET /embed/widget.js": .everyone,
    "GET /tutor/embedding": .tutors,
    "POST /tutor/embedding/origins": .tutors.sending(["origin": "https://school.example"]),
    "POST /tutor/embedding/origins/removal": .tutors.sending(["origin": "https://school.example"]),

    // Files
    "GET /files/:file/:name": .everyone.of(.document),

    // Home
    "GET /": .everyone,
    "GET /api/dashboard/learner/": .members,
    "GET /api/dashboard/tutor/": .tutors,
    "GET /dashboard": .members,
    "SOCKET /ws/dashboard/:user/": .members.of(.channel, .forbidden),

    // Legal
    "GET /privacy": .everyone,
    "GET /terms": .everyone,

    // Notices
    "GET /account/notifications": .members,
    "POST /account/notifications": .members.sending(["topic": "reviews", "mail.reviews": "1"]),
    "POST /account/notifications/devices": .members.sending(["endpoint": "https://push.example/x"]),
    "POST /account/notifications/devices/:device/removal": .members.of(.device),
    "POST /account/notifications/trial": .members,
    "GET /unsubscribe/:token": .everyone.at("nothing"),
    "POST /unsubscribe/:token": .everyone.at("nothing").byAddress,
    "POST /unsubscribe/:token/undo": .everyone.at("nothing").byAddress,
    "GET /api/notifications/": .members,
    "PATCH /api/notifications/:notice/": .members.of(.notice).saying(["read": true]),
    "POST /api/notifications/read-all/": .members,
    "GET /notifications": .members,
    "GET /notifications/:notice": .members.of(.notice),
    "POST /notifications/:notice/reading": .members.of(.notice),
    "POST /notifications/readings": .members,
    "SOCKET /ws/notifications/:user/": .members.of(.channel, .forbidden),

    // OpenAPI
    "GET /api/openapi.json": .everyone,
    "GET /api/docs/": .everyone,

    // Reviews
    "POST /api/users/mentors/:mentor/rate/": .members.at("01900000-0000-7000-8000-000000000001").saying(["rating": 5]),
    "GET /lessons/:booking/review": .members.of(.lesson),
    "POST /lessons/:booking/review": .members.of(.lesson).sending(["stars": "5", "words": "Good"]),
    "POST /reviews/:review/reply": .tutors.of(.review).sending(["words": "Thank you"]),
    "GET /tutors/:slug/reviews": .everyone.at("amal"),

    // Scheduling
    "GET /api/users/mentors/:tutor/slots/": .everyone.at("01900000-0000-7000-8000-000000000001"),
    "GET /tutor/availability": .tutors,
    "POST /tutor/availability": .tutors,
    "POST /tutor/availability/preview": .tutors,
    "POST /tutor/availability/dates/preview": .tutors.sending(["from": "2030-01-01"]),
    "POST /tutor/availability/dates": .tutors.sending(["date": "2030-01-01"]),
    "POST /tutor/availability/dates/:date/removal": .tutors.of(.date, .unmoved),

    // Server
    "GET /healthz": .everyone,
    "GET /readyz": .everyone,

    // Status
    "GET /api/status/": .everyone,
    "GET /status": .everyone,

    // Tutors
    "GET /api/accounts/tutors/discover/": .everyone,
    "GET /api/tutors/": .everyone,
    "GET /api/users/mentors/": .everyone,
    "GET /api/users/mentors/:mentor/": .everyone.at("01900000-0000-7000-8000-000000000001"),
    "GET /compare": .everyone,
    "GET /saved-searches": .members,
    "POST /saved-searches": .members.sending(["name": "Algebra", "query": "subject=algebra"]),
    "POST /saved-searches/:search/letters": .members.of(.search),
    "POST /saved-searches/:search/removal": .members.of(.search),
    "GET /tutor/profile": .members,
    "POST /tutor/profile/about": .members.sending(["headline": "x"]),
    "POST /tutor/profile/credentials": .tutors,
    "POST /tutor/profile/credentials/:credential": .tutors.of(.credential, .unmoved),
    "POST /tutor/profile/languages": .tutors,
    "POST /tutor/profile/languages/:language": .tutors.of(.language, .unmoved),
    "POST /tutor/profile/pause": .tutors,
    "POST /tutor/profile/place": .tutors.sending(["place": "33.68, 73.05"]),
    "POST /tutor/profile/samples": .tutors,
    "POST /tutor/profile/samples/:sample": .tutors.of(.sample, .unmoved),
    "POST /tutor/profile/samples/:sample/captions": .tutors.of(.film),
    "POST /tutor/profile/samples/:sample/captions/:language": .tutors.of(.captions, .unmoved),
    "POST /tutor/profile/samples/:sample/transcript": .tutors.of(.sample).sending(["transcript": "La la la"]),
    "POST /tutor/profile/subjects": .tutors,
    "POST /tutor/profile/subjects/:subject": .tutors.of(.subject, .unmoved),
    "POST /tutor/profile/submission": .tutors,
    "GET /tutors": .everyone,
    "GET /tutors/:slug": .everyone.at("amal"),
    "POST /tutors/:slug/favourite": .members.at("hiro").sending(["on": "1"]),
  ]
}
