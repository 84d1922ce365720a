package import Accounts
import Audit
package import Core
package import Files
import HTML
package import Jobs
import Media
package import Notices
package import Platform
package import Postgres
package import Site
import Time
package import Towns
package import Web

/// Tutors describe what they teach; administrators verify it; everybody searches and reads it.
///
/// Owns `subjects`, `tutors`, `tutor_languages`, `tutor_subjects`, `credentials`, `tutor_samples`, `sample_captions`, `tutor_listings`,
/// `favourites`, `saved_searches`, `saved_search_hits`. Reads `people` (Accounts). Publishes `tutor_facts`. Emits ``TutorChanged`` and ``TutorSubmitted``;
/// hears of activated and changed accounts. The search is in `TutorDirectory.swift`, the API in `TutorsAPI.swift`; both
/// answer from ``Snapshots``.
package struct TutorsFeature: Feature {
  let database: Database
  let site: Site
  let files: Files
  let notices: Notices
  let accounts: Accounts
  let clock: WallClock
  let currency: Currency
  let panels: Panels
  /// Where towns are, when this machine knows.
  let towns: Towns?
  /// What was made of `tutor_listings` and `subjects`, while they stand.
  let snapshots: Snapshots
  /// What is known to find more than is counted to.
  let crowds = Crowds()
  /// Cards drawn lately: bytes.
  let drawnCards = Memo<DrawnCard, HTML>(limit: 2 << 20)

  /// What upper rooms show on a tutor's page.
  package struct Panels: Sendable {
    /// Live slots in the reader's zone (Scheduling).
    package var slots: Panel<ID<User>>
    /// What learners say (Reviews).
    package var reviews: Panel<ID<User>>
    /// The cancellation policy in sentences (Bookings).
    package var policy: Panel<ID<User>>

    package init(slots: Panel<ID<User>> = .none, reviews: Panel<ID<User>> = .none, policy: Panel<ID<User>> = .none) {
      self.slots = slots
      self.reviews = reviews
      self.policy = policy
    }
  }

  package init(
    database: Database, site: Site, files: Files, notices: Notices, accounts: Accounts, clock: WallClock,
    currency: Currency = .usd, panels: Panels = Panels(), towns: Towns? = nil
  ) {
    self.database = database
    self.site = site
    self.files = files
    self.notices = notices
    self.accounts = accounts
    self.clock = clock
    self.currency = currency
    self.panels = panels
    self.towns = towns
    snapshots = Snapshots(of: database, stamp: .listings)
  }

  package func routes(_ routes: inout Routes) {
    let browsing: RouteLimits = .rate(.discovery)
    routes.on(.get, Doors.tutors, as: Guest.self, limits: browsing, search)
    routes.on(.get, Doors.tutor, as: Guest.self, limits: browsing, show)
    routes.on(.get, TutorPaths.compare, as: Guest.self, limits: browsing, compare)
    routes.on(.get, TutorPaths.savedSearches, as: Member.self, savedSearches)
    routes.on(.post, TutorPaths.savedSearches, as: Member.self, keepSearch)
    routes.on(.post, TutorPaths.savedSearchRemoval, as: Member.self, forgetSearch)
    routes.on(.post, TutorPaths.savedSearchLetters, as: Member.self, searchLetters)
    routes.on(.post, TutorPaths.favourite, as: Member.self, favour)
    routes.on(.get, Doors.tutorProfile, as: Member.self, profile)
    // Nine thousand characters of a script that takes twelve bytes for each in a form.
    routes.on(.post, TutorPaths.about, as: Member.self, limits: .body(kilobytes: 160), saveAbout)
    routes.on(.post, TutorPaths.place, as: Tutor.self, savePlace)
    routes.on(.post, TutorPaths.subjects, as: Tutor.self, saveSubject)
    routes.on(.post, TutorPaths.subject, as: Tutor.self, removeSubject)
    routes.on(.post, TutorPaths.languages, as: Tutor.self, saveLanguage)
    routes.on(.post, TutorPaths.language, as: Tutor.self, removeLanguage)
    routes.on(.post, TutorPaths.credentials, as: Tutor.self, limits: .upload(megabytes: 12), saveCredential)
    routes.on(.post, TutorPaths.credential, as: Tutor.self, removeCredential)
    routes.on(
      .post, TutorPaths.samples, as: Tutor.self, limits: [.upload(megabytes: 51), .deadline(.minutes(5))], saveSample)
    routes.on(.post, TutorPaths.sample, as: Tutor.self, removeSample)
    routes.on(.post, TutorPaths.sampleCaptions, as: Tutor.self, limits: .upload(megabytes: 1), saveCaptions)
    routes.on(.post, TutorPaths.sampleCaptionsRemoval, as: Tutor.self, removeCaptions)
    routes.on(.post, TutorPaths.sampleTranscript, as: Tutor.self, limits: .body(kilobytes: 320), saveTranscript)
    routes.on(.post, TutorPaths.submission, as: Tutor.self, submit)
    routes.on(.post, TutorPaths.pause, as: Tutor.self, pause)
    apiRoutes(&routes)
  }

  package var jobs: [JobHandler] {
    [JobHandler(LookForTutors.self) { job, _ in try await look(job) }]
  }

  package var schedules: [Schedule] {
    [Schedule("tutors.search-letters", every: .hours(24)) { try await lookThrough() }]
  }

  package var reactions: [Reaction] {
    [Reaction(ProfileChanged.self, "tutors.refresh-listing") { event, tx in try await refresh(event.user, in: tx) }]
  }

  // MARK: The public page

  func show(_ request: Request, guest: Guest, slug: String) async throws -> Response {
    guard let tutor = try await database.first(.tutor(slug: slug, for: guest.id)) else { throw Failure.notFound }
    let page = site.context(for: request)
    return site.page(
      TutorPage(
        tutor: tutor, subjects: try await database.all(.subjects(of: tutor.id)),
        languages: try await database.all(.languages(of: tutor.id)),
        credentials: try await database.all(.credentials(of: tutor.id, onlyVerified: true)),
        samples: try await database.all(.samples(of: tutor.id)),
        isFavourite: try await favouriteState(of: tutor.id, for: guest.id),
        slots: try await panels.slots(tutor.id, page),
        reviews: try await panels.reviews(tutor.id, page), policy: try await panels.policy(tutor.id, page)),
      for: request)
  }

  private func favouriteState(of tutor: ID<User>, for viewer: ID<User>?) async throws -> Bool? {
    guard let viewer, viewer != tutor else { return nil }
    return try await database.first(.isFavourite(tutor, of: viewer)) ?? false
  }

  func favour(_ request: Request, member: Member, slug: String) async throws -> Response {
    guard let tutor = try await database.first(.tutor(slug: slug, for: nil)) else { throw Failure.notFound }
    if request.form.isOn("off") {
      try await database.run(.unfavour(tutor.id, by: member.id))
    } else {
      try await database.run(.favour(tutor.id, by: member.id))
    }
    return .see(Doors.tutor(slug))
  }

  // MARK: The tutor's own profile, step by step

  func profile(_ request: Request, member: Member) async throws -> Response {
    let step = ProfileStep(rawValue: request.query.text("step"))
    return try await profilePage(request, member.id, step: step ?? .about, note: request.query.text("saved"))
  }

  private func profilePage(
    _ request: Request, _ user: ID<User>, step: ProfileStep, about: TutorAbout.Draft? = nil,
    refusals: [TutorAbout.Refusal] = [], words: String? = nil, place: String? = nil, note: String = "",
    status: Int = 200
  ) async throws -> Response {
    guard let tutor = try await database.first(.tutor(user)) else {
      return site.page(
        ProfileEditor(
          tutor: nil, step: .about, about: about ?? TutorAbout.Draft(), refusals: refusals,
          completion: Completion(Completion.Facts()),
          currency: currency, subjects: [], offers: [], languages: [], credentials: [], samples: [], note: note),
        for: request, status: status)
    }
    let facts = try await database.first(.completion(of: user))?.facts ?? Completion.Facts()
    return site.page(
      ProfileEditor(
        tutor: tutor, step: step, about: about ?? TutorAbout.Draft(tutor), refusals: refusals,
        completion: Completion(facts),
        currency: tutor.currency, subjects: try await database.all(.subjects),
        offers: try await database.all(.subjects(of: user)),
        languages: try await database.all(.languages(of: user)),
        credentials: try await database.all(.credentials(of: user, onlyVerified: false)),
        samples: try await database.all(.samples(of: user)), words: words,
        note: note, typedPlace: place, knowsTowns: towns != nil),
      for: request, status: status
    ).with(rights: PageRights(asksPlace: step == .about))
  }

  private func refused(_ field: String, _ reason: String, at step: ProfileStep, _ request: Request, _ user: ID<User>)
    async throws -> Response
  {
    try await profilePage(request, user, step: step, refusals: [.init(field: field, reason: reason)], status: 422)
  }

  private func saved(_ step: ProfileStep, next: ProfileStep? = nil) -> Response {
    .see(Doors.tutorProfile() + "?step=\((next ?? step).rawValue)&saved=\(step.rawValue)")
  }

  /// The first save makes a tutor of a learner.
  func saveAbout(_ request: Request, member: Member) async throws -> Response {
    let form = request.form
    let draft = TutorAbout.Draft(
      headline: form.text("headline"), biography: form.text("biography"), experience: form.text("experience"),
      yearsTeaching: form.text("years_teaching"), city: form.text("city"), modes: form.all("modes"),
      approval: form.text("approval"))
    let about: TutorAbout
    do throws(TutorAbout.Refusals) { about = try TutorAbout(draft) } catch {
      return try await profilePage(request, member.id, step: .about, about: draft, refusals: error.list, status: 422)
    }
    try await database.transaction { tx in
      // Two usernames may make one slug, at the same moment too: whoever comes second has the own number behind it.
      let slug = String(member.identity.username.map { $0.isLetter || $0.isNumber ? $0 : "-" })
      if try await tx.affected(.insertTutor(member.id, slug: slug, currency: currency)) == 0 {
        let numbered = "\(slug)-\(member.id.description.suffix(12))"
        try await tx.run(.insertTutor(member.id, slug: numbered, currency: currency))
      }
      try await tx.run(.update(about, of: member.id, at: clock.now))
      try await accounts.grantTutor(to: member.id, in: tx)
      try await changed(member.id, in: tx)
    }
    return saved(.about, next: .subjects)
  }

  /// Where a tutor teaches in person: the square that holds what was typed, or nowhere.
  func savePlace(_ request: Request, tutor: Tutor) async throws -> Response {
    guard let record = try await database.first(.tutor(tutor.id)) else { return saved(.about) }
    let text = request.form.text("place")
    if request.form.text("do") == "remove" {
      try await change(tutor.id) { tx in try await tx.run(.setPlace(nil, of: tutor.id, at: clock.now)) }
      return saved(.about)
    }
    func refused(_ reason: String) async throws -> Response {
      try await profilePage(
        request, tutor.id, step: .about, refusals: [.init(field: "place", reason: reason)], place: text, status: 422)
    }
    guard record.modes.contains("in_person") else { return try await refused("online") }
    guard !text.isEmpty else { return try await refused("missing") }
    let place: Coordinates
    do throws(Coordinates.Refusal) { place = try Coordinates(typed: text) } catch {
      guard error == .unreadable else { return try await refused(error.rawValue) }
      guard let towns else { return try await refused("unreadable") }
      guard let town = try await towns.find(text) else { return try await refused("town") }
      place = Coordinates(latitude: town.latitude, longitude: town.longitude)
    }
    try await change(tutor.id) { tx in try await tx.run(.setPlace(place.kept, of: tutor.id, at: clock.now)) }
    return saved(.about)
  }

  func saveSubject(_ request: Request, tutor: Tutor) async throws -> Response {
    let form = request.form
    guard let record = try await database.first(.tutor(tutor.id)) else { return saved(.about) }
    guard let subject = ID<Subject>(form.text("subject")),
      try await database.all(.subjects).contains(where: { $0.id == subject })
    else {
      return try await refused("subject", "missing", at: .subjects, request, tutor.id)
    }
    let isFree = form.isOn("is_free")
    guard let rate = isFree ? 0 : minorUnits(form.text("rate"), decimals: record.currency.decimals), rate <= 100_000_000
    else {
      return try await refused("rate", "malformed", at: .subjects, request, tutor.id)
    }
    guard rate > 0 || isFree else { return try await refused("rate", "zero", at: .subjects, request, tutor.id) }
    let durations = [15, 30, 45, 60, 90, 120].filter { form.all("durations").contains(String($0)) }
    guard !durations.isEmpty else { return try await refused("durations", "missing", at: .subjects, request, tutor.id) }
    try await change(tutor.id) { tx in
      try await tx.run(.offer(SubjectOffer(subject: subject, hourlyRate: rate, durations: durations), by: tutor.id))
    }
    return saved(.subjects)
  }

  func removeSubject(_ request: Request, tutor: Tutor, subject: ID<Subject>) async throws -> Response {
    try await remove(.withdraw(subject, of: tutor.id), of: tutor.id)
    return saved(.subjects)
  }

  func saveLanguage(_ request: Request, tutor: Tutor) async throws -> Response {
    let language = request.form.text("language")
    let fluency = request.form.text("fluency")
    guard TutorLanguages.codes.contains(language) else {
      return try await refused("language", "missing", at: .languages, request, tutor.id)
    }
    guard TutorLanguages.fluencies.contains(fluency) else {
      return try await refused("fluency", "missing", at: .languages, request, tutor.id)
    }
    try await change(tutor.id) { tx in
      try await tx.run(.speak(SpokenLanguage(language: language, fluency: fluency), tutor.id))
    }
    return saved(.languages)
  }

  func removeLanguage(_ request: Request, tutor: Tutor, language: String) async throws -> Response {
    try await remove(.unspeak(language, tutor.id), of: tutor.id)
    return saved(.languages)
  }

  func saveCredential(_ request: Request, tutor: Tutor) async throws -> Response {
    let form = request.form
    let kind = form.text("kind"), title = form.text("title")
    guard ["degree", "certificate", "gpa", "experience"].contains(kind) else {
      return try await refused("kind", "missing", at: .credentials, request, tutor.id)
    }
    guard !title.isEmpty, title.unicodeScalars.count <= 160 else {
      return try await refused("title", "missing", at: .credentials, request, tutor.id)
    }
    guard form.text("issuer").unicodeScalars.count <= 160 else {
      return try await refused("issuer", "tooLong", at: .credentials, request, tutor.id)
    }
    var year: Int?
    if !form.text("year").isEmpty {
      year = form.int("year")
      guard let year, (1940...2100).contains(year) else {
        return try await refused("year", "outOfRange", at: .credentials, request, tutor.id)
      }
    }
    var gpa: (value: String, scale: String)?
    if kind == "gpa" {
      guard let value = minorUnits(form.text("gpa"), decimals: 2),
        let scale = minorUnits(form.text("gpa_scale"), decimals: 2),
        scale > 0, scale <= 10_000, value <= scale
      else { return try await refused("gpa", "outOfRange", at: .credentials, request, tutor.id) }
      func decimal(_ hundredths: Int) -> String { String(Money(hundredths, .usd).description.prefix { $0 != " " }) }
      gpa = (decimal(value), decimal(scale))
    }
    var evidence: PreparedFile?
    if let upload = request.files.first(where: { $0.field == "evidence" && $0.size > 0 }) {
      do { evidence = try await files.prepare(document: upload) } catch let refusal as FileRefusal {
        return try await refused("evidence", refusal.rawValue, at: .credentials, request, tutor.id)
      }
    }
    try await change(tutor.id) { tx in
      var file: ID<StoredFile>?
      if let evidence { file = try await files.keep(evidence, owner: tutor.id, purpose: .document, in: tx) }
      try await tx.run(
        .insertCredential(
          ID.new(), of: tutor.id, kind: kind, title: title,
          issuer: form.text("issuer").isEmpty ? nil : form.text("issuer"), year: year,
          gpa: gpa?.value, scale: gpa?.scale, file: file))
    }
    return saved(.credentials)
  }

  func removeCredential(_ request: Request, tutor: Tutor, credential: ID<Credential>) async throws -> Response {
    try await remove(.deleteCredential(credential, of: tutor.id), of: tutor.id)
    return saved(.credentials)
  }

  func saveSample(_ request: Request, tutor: Tutor) async throws -> Response {
    let title = request.form.text("title")
    guard !title.isEmpty, title.unicodeScalars.count <= 120 else {
      return try await refused("title", "missing", at: .samples, request, tutor.id)
    }
    guard let upload = request.files.first(where: { $0.field == "sample" && $0.size > 0 }) else {
      return try await refused("sample", "missing", at: .samples, request, tutor.id)
    }
    guard try await database.all(.samples(of: tutor.id)).count < 5 else {
      return try await refused("sample", "tooMany", at: .samples, request, tutor.id)
    }
    let sample: PreparedFile
    do { sample = try await files.prepare(sample: upload) } catch let refusal as FileRefusal {
      return try await refused("sample", refusal.rawValue, at: .samples, request, tutor.id)
    }
    try await change(tutor.id) { tx in
      let file = try await files.keep(sample, owner: tutor.id, purpose: .sample, in: tx)
      try await tx.run(
        .insertSample(
          ID.new(), of: tutor.id, file: file, kind: sample.mediaType.hasPrefix("video/") ? "video" : "audio",
          title: title))
    }
    return saved(.samples)
  }

  func removeSample(_ request: Request, tutor: Tutor, sample: ID<Sample>) async throws -> Response {
    try await remove(.deleteSample(sample, of: tutor.id), of: tutor.id)
    return saved(.samples)
  }

  /// The captions of a film in one language; those that were there make room.
  func saveCaptions(_ request: Request, tutor: Tutor, sample: ID<Sample>) async throws -> Response {
    func refused(_ field: String, _ reason: String, line: Int? = nil) async throws -> Response {
      try await profilePage(
        request, tutor.id, step: .samples,
        refusals: [.init(field: field, reason: reason, line: line, sample: sample)], status: 422)
    }
    guard try await database.all(.samples(of: tutor.id)).contains(where: { $0.id == sample && $0.isFilm }) else {
      throw Failure.notFound
    }
    let language = request.form.text("language")
    guard TutorLanguages.codes.contains(where: { $0.isSpelled(language) }) else {
      return try await refused("captionsLanguage", "missing")
    }
    guard let upload = request.files.first(where: { $0.field == "captions" && $0.size > 0 }) else {
      return try await refused("captions", "missing")
    }
    let captions: PreparedFile
    do { captions = try await files.prepare(captions: upload) } catch let refusal as Captions.Refusal {
      return try await refused("captions", refusal.reason, line: refusal.line)
    }
    let isTaken = try await database.transaction { tx in
      guard try await tx.first(.film(sample, of: tutor.id)) != nil else { throw Failure.notFound }
      let languages = try await tx.all(.captionLanguages(of: sample))
      guard languages.contains(language) || languages.count < SampleLine.mostLanguages else { return false }
      for case let file? in try await tx.all(.deleteCaptions(language, of: sample, of: tutor.id)) {
        try await files.forget(file, in: tx)
      }
      let file = try await files.keep(captions, owner: tutor.id, purpose: .captions, in: tx)
      try await tx.run(.insertCaptions(language, of: sample, file: file))
      return true
    }
    return isTaken ? saved(.samples) : try await refused("captions", "tooMany")
  }

  func removeCaptions(_ request: Request, tutor: Tutor, sample: ID<Sample>, language: String) async throws -> Response {
    try await database.transaction { tx in
      for case let file? in try await tx.all(.deleteCaptions(language, of: sample, of: tutor.id)) {
        try await files.forget(file, in: tx)
      }
    }
    return saved(.samples)
  }

  /// What is said in a sample, in words; no words take it away.
  func saveTranscript(_ request: Request, tutor: Tutor, sample: ID<Sample>) async throws -> Response {
    let words = request.form.text("transcript")
    guard words.unicodeScalars.count <= SampleLine.longestTranscript else {
      return try await profilePage(
        request, tutor.id, step: .samples,
        refusals: [.init(field: "transcript", reason: "tooLong", sample: sample)], words: words, status: 422)
    }
    let count = try await database.affected(
      .setTranscript(words.isEmpty ? nil : words, of: sample, of: tutor.id))
    guard count > 0 else { throw Failure.notFound }
    return saved(.samples)
  }

  func submit(_ request: Request, tutor: Tutor) async throws -> Response {
    switch try await act(.submit, on: tutor.id, by: AuditOrigin(request), reason: nil) {
    case .success: return saved(.finish)
    case .failure: return try await refused("submission", "incomplete", at: .finish, request, tutor.id)
    }
  }

  func pause(_ request: Request, tutor: Tutor) async throws -> Response {
    let act: ListingState.Act = request.form.isOn("resume") ? .resume : .pause
    guard case .success = try await self.act(act, on: tutor.id, by: AuditOrigin(request), reason: nil) else {
      throw Failure.conflict(site.context(for: request).t("tutors.stateMoved"))
    }
    return saved(.finish)
  }

  // MARK: Changing

  /// Changes something of a profile: one transaction with what follows from it.
  private func change(_ tutor: ID<User>, _ body: (Transaction) async throws -> Void) async throws {
    try await database.transaction { tx in
      try await body(tx)
      try await changed(tutor, in: tx)
    }
  }

  /// Takes something of a profile away. What was not there, or is somebody else's, stays, and nothing follows.
  private func remove(_ query: Query<Void>, of tutor: ID<User>) async throws {
    try await database.transaction { tx in
      if try await tx.affected(query) > 0 { try await changed(tutor, in: tx) }
    }
  }

  /// The same of what may have a file.
  private func remove(_ query: Query<ID<StoredFile>?>, of tutor: ID<User>) async throws {
    try await database.transaction { tx in
      let removed = try await tx.all(query)
      for case let file? in removed { try await files.forget(file, in: tx) }
      if !removed.isEmpty { try await changed(tutor, in: tx) }
    }
  }

  private func changed(_ tutor: ID<User>, in tx: Transaction) async throws {
    if let row = try await tx.first(.completion(of: tutor)) {
      try await tx.run(.setCompletion(Completion(row.facts).score, of: tutor))
    }
    try await refresh(tutor, in: tx)
    try await tx.emit(TutorChanged(tutor: tutor))
  }
}

extension TutorAbout.Draft {
  init(_ tutor: TutorRecord) {
    self.init(
      headline: tutor.headline ?? "", biography: tutor.biography ?? "", experience: tutor.experience ?? "",
      yearsTeaching: tutor.yearsTeaching.map(String.init) ?? "", city: tutor.city ?? "", modes: tutor.modes,
      approval: tutor.approval)
  }
}

/// The languages a tutor may teach in, by ISO 639-1 code; their names are in the catalogue.
enum TutorLanguages {
  static let codes = [
    "ar", "bn", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "sw", "tr",
    "uk", "ur", "vi", "zh",
  ]
  static let fluencies = ["native", "fluent", "conversational", "basic"]
}
