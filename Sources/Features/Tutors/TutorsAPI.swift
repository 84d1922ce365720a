import Core
import JSON
import Postgres
import Site
import Time
import Web

// The directory's façades in the published API: three paths, one engine, one allow-listed projection.
extension TutorsFeature {
  func apiRoutes(_ routes: inout Routes) {
    let browsing: RouteLimits = .rate(.discovery)
    routes.api(.get, TutorPaths.apiTutors, as: Guest.self, limits: browsing, .searchTutors, apiSearch)
    routes.api(.get, TutorPaths.apiMentors, as: Guest.self, limits: browsing, .searchTutors, apiSearch)
    routes.api(.get, TutorPaths.apiDiscover, as: Guest.self, limits: browsing, .discoverTutors, apiDiscover)
    routes.api(.get, TutorPaths.apiMentor, as: Guest.self, limits: browsing, .oneTutor, apiMentor)
  }

  func apiSearch(_ request: Request, guest: Guest) async throws -> Response {
    try await answer(try TutorSearch.parameters(request.query, now: clock.now), request)
  }

  /// `subjects`, `rate_min`, `rate_max`, `availability`, `location`: the same search by other words.
  func apiDiscover(_ request: Request, guest: Guest) async throws -> Response {
    var query = Fields()
    for (name, value) in request.query {
      switch name {
      case "subjects": query.add("subject", value)
      case "location": query.add("near", value)
      case "availability": query.add("available_within_hours", value)
      default: query.add(name, value)
      }
    }
    return try await answer(try TutorSearch.parameters(query, now: clock.now), request)
  }

  /// A page of the list as it is sent, but for its head, which tells the request's own address.
  private struct Listed: Sendable {
    let count: Int
    let next: PageCursor?
    /// A JSON array.
    let results: [UInt8]
  }

  /// What these answers look like: another number, and no client takes an old one for a new one.
  private static let form = 1

  /// The tag is known before anything is looked up: who holds the answer already costs next to nothing.
  private func answer(_ search: TutorSearch, _ request: Request) async throws -> Response {
    let minute = TutorSearch.minute(of: clock.now)
    let hasFacets = request.query.isOn("facets")
    let key = "list \(search.key(in: minute))"
    let stamp = try await snapshots.stamp()
    let tag = stamp.tag("\(Self.form) \(hasFacets) \(key)")
    if request.holds(tag) { return .unchanged(tag) }
    let listed = try await snapshots.value(key, at: stamp, weight: { $0.results.count + 100 }) {
      let isCrowd = crowds.isKnown(search, at: stamp, minute)
      let found = try await database.all(.documents(search, isCrowd: isCrowd, now: minute))
      let page = FoundPage(found, of: search, id: \.id)
      return Listed(
        count: try await count(found, search, at: stamp, minute), next: page.next,
        results: JSONWriter.bytes(capacity: 100 + page.rows.count * 1100) { $0.write(page.rows) })
    }
    let facets =
      hasFacets ? try await facets(search, at: stamp, minute) + subjectFacets(search, at: stamp, minute) : []
    let next = listed.next.map {
      site.url + request.path + "?" + request.query.with("cursor", $0.text).encoded
    }
    let document = JSONWriter.bytes(capacity: listed.results.count + 600 + facets.count * 80) { w in
      w.object { w in
        w.field("count", listed.count)
        w.field("next", next)
        w.field("previous", String?.none)
        w.key("results")
        w.raw(listed.results)
        if !facets.isEmpty {
          w.object("facets") { w in
            for (name, values) in Dictionary(grouping: facets, by: \.facet).sorted(by: { $0.key < $1.key }) {
              w.field(named: name, values)
            }
          }
        }
      }
    }
    return Response.bytes(document, type: "application/json").tagged(tag)
  }

  func apiMentor(_ request: Request, guest: Guest, mentor: ID<User>) async throws -> Response {
    guard let profile = try await database.first(.profile(of: mentor)) else { throw Failure.notFound }
    return Response.json(200) { w in
      w.object { w in
        w.field("card", profile.document)
        w.field("biography", profile.biography)
        w.field("experience", profile.experience)
        w.field("years_teaching", profile.yearsTeaching)
        w.field("timezone", profile.zone)
        w.field("approval", profile.approval)
        w.key("languages")
        w.raw(profile.languages)
        w.key("samples")
        w.raw(profile.samples)
      }
    }.tagged(for: request)
  }
}

extension FacetCount: JSONWritable {
  func write(to writer: inout JSONWriter) {
    writer.object { w in
      w.field("value", value)
      w.field("label", label)
      w.field("count", count)
    }
  }
}

extension TutorDocument: JSONWritable {
  /// The stored document with what changes by the hour put in behind its last field.
  func write(to writer: inout JSONWriter) {
    writer.object(extending: json) { w in
      w.array("next_free") { w in for instant in nextFrees { w.write(instant) } }
      if let kilometres { w.field("distance_km", kilometres) }
    }
  }
}

extension TutorSearch {
  private static let known: Set<String> = [
    "course", "gpa", "paid", "subject", "rate_min", "rate_max", "currency", "language", "level", "weekday", "time_from",
    "time_to",
    "timezone", "available_within_hours", "near", "radius_km", "mode", "instrument", "genre", "verified", "rating_min",
    "q", "ordering",
    "page_size", "cursor", "facets",
  ]

  /// Reads the API's parameters; an unknown or malformed one is refused with 400, never ignored.
  static func parameters(_ query: Fields, now: Instant) throws(Problem) -> TutorSearch {
    var search = TutorSearch()
    var errors: [String: [String]] = [:]
    func refuse(_ name: String, _ sentence: String) { errors[name, default: []].append(sentence) }
    for (name, _) in query where !known.contains(name) && errors[name] == nil {
      refuse(name, "There is no filter of this name.")
    }
    func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
      guard let text = query[name] else { return nil }
      guard let value = Int(text), range.contains(value) else {
        refuse(name, "A whole number from \(range.lowerBound) to \(range.upperBound) was expected.")
        return nil
      }
      return value
    }
    func text(_ name: String) -> String {
      let value = query.text(name)
      if value.count > 100 { refuse(name, "This is too long.") }
      return value
    }
    search.words = [text("q"), text("instrument"), text("genre")].filter { !$0.isEmpty }.joined(separator: " ")
    search.subject = query["subject"] == nil ? text("course") : text("subject")
    search.level = text("level")
    search.language = text("language")
    search.rateMin = number("rate_min", 0...100_000_000)
    search.rateMax = number("rate_max", 0...100_000_000)
    search.freeWithin = number("available_within_hours", 1...2160)
    search.pageSize = number("page_size", 1...100) ?? 20
    if let paid = query["paid"] {
      switch paid {
      case "true": search.isPaid = true
      case "false": search.isPaid = false
      default: refuse("paid", "Say true or false.")
      }
    }
    if let verified = query["verified"], verified != "true" { refuse("verified", "Only verified tutors are listed.") }
    if let gpa = query["gpa"] {
      // Of 4, the scale most people mean; the stored figure is in thousandths of each one's own scale.
      if let hundredths = minorUnits(gpa, decimals: 2), hundredths <= 400 {
        search.gpaMin = hundredths * 1000 / 400
      } else {
        refuse("gpa", "A number from 0 to 4 was expected.")
      }
    }
    if let rating = query["rating_min"] {
      if let hundredths = minorUnits(rating, decimals: 2), hundredths <= 500 {
        search.ratingMin = hundredths * 10
      } else {
        refuse("rating_min", "A number from 0 to 5 was expected.")
      }
    }
    if let code = query["currency"] {
      search.currency = Currency(code)
      if search.currency == nil { refuse("currency", "A currency is three capital letters.") }
    }
    switch text("mode") {
    case "": break
    case let mode where mode == "online" || mode == "in_person": search.mode = mode
    default: refuse("mode", "Say online or in_person.")
    }
    if let near = query["near"] {
      let halves = near.split(separator: ",").map { Double($0.trimmingSpaces()) }
      if halves.count == 2, let latitude = halves[0], let longitude = halves[1], (-90...90).contains(latitude),
        (-180...180).contains(longitude)
      {
        search.near = Place(latitude: latitude, longitude: longitude, radius: number("radius_km", 1...200) ?? 25)
      } else {
        refuse("near", "Latitude and longitude were expected, such as 52.52,13.40.")
      }
    }
    if let ordering = query["ordering"] {
      if let order = Order(ordering: ordering) {
        search.order = order
      } else {
        refuse("ordering", "Choose -rating, rate, -rate, next_free or -lessons_held.")
      }
    }
    if let text = query["cursor"] {
      search.cursor = PageCursor(text)
      if search.cursor == nil { refuse("cursor", "This is no cursor of ours.") }
    }
    if query["weekday"] != nil || query["time_from"] != nil || query["time_to"] != nil {
      let weekday = number("weekday", 1...7)
      let from = query["time_from"].map { CivilTime($0) } ?? .midnight
      let to = query["time_to"].map { CivilTime($0) } ?? .endOfDay
      let zone = Zone(query["timezone"] ?? "UTC")
      if zone == nil { refuse("timezone", "This is no IANA time zone.") }
      if from == nil { refuse("time_from", "A time such as 17:30 was expected.") }
      if to == nil { refuse("time_to", "A time such as 17:30 was expected.") }
      if let from, let to, let zone { search.hours = hours(weekday: weekday, from: from, to: to, zone: zone, now: now) }
    }
    guard errors.isEmpty else { throw Problem(400, "Some filters were not understood.", errors: errors) }
    return search
  }
}
