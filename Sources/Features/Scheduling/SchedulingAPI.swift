import Core
import JSON
import Postgres
import Site
import Time
import Web

// GET /api/users/mentors/{id}/slots/ — the same rules, question and answer as everywhere; only the showing is JSON.

/// What a client asks for: civil dates in a named zone, or instants.
struct SlotsQuery: Equatable {
  let range: Range<Instant>
  let zone: Zone
  let duration: Duration
  /// The instant whose reasons are wanted.
  let explained: Instant?

  static let longest: Duration = .days(62)
  private static let known: Set<String> = ["from", "to", "timezone", "duration", "explain", "at"]

  init(_ query: Fields, now: Instant) throws {
    for name in query.names where !Self.known.contains(name) {
      throw Problem(400, "There is no filter \(name) here.", errors: [name: ["This filter is not known."]])
    }
    func wrong(_ name: String, _ sentence: String) -> Problem { Problem(400, sentence, errors: [name: [sentence]]) }
    let name = query.text("timezone")
    guard let zone = name.isEmpty ? .utc : Zone(name) else {
      throw wrong("timezone", "timezone is no IANA zone, such as Asia/Karachi.")
    }
    self.zone = zone
    func instant(_ field: String, isEnd: Bool) throws -> Instant? {
      let text = query.text(field)
      if text.isEmpty { return nil }
      // A form turns the plus of an offset into a space.
      if let instant = Instant(rfc3339: text) ?? Instant(rfc3339: text.replacing(" ", with: "+")) { return instant }
      guard let date = CivilDate(text) else {
        throw wrong(field, "\(field) is neither an RFC 3339 instant nor a date, such as 2026-11-23.")
      }
      guard !name.isEmpty else {
        throw wrong("timezone", "A date needs a timezone: the same day begins at other instants elsewhere.")
      }
      let day = zone.day(date)
      return isEnd ? day.upperBound : day.lowerBound
    }
    let from = try instant("from", isEnd: false) ?? now
    let to = try instant("to", isEnd: true) ?? from + .days(7)
    guard from <= to else { throw wrong("to", "to lies before from.") }
    guard to - from <= Self.longest else { throw wrong("to", "At most 62 days can be asked for at once.") }
    range = from..<to
    let minutes = query.text("duration").isEmpty ? 60 : query.int("duration")
    guard let minutes, TutorTimes.durations.contains(minutes) else {
      throw wrong("duration", "duration is one of 15, 30, 45, 60, 90 and 120 minutes.")
    }
    duration = .minutes(minutes)
    if query.isOn("explain") {
      guard let at = try instant("at", isEnd: false) else {
        throw wrong("at", "explain=1 needs at: the instant to explain.")
      }
      explained = at
    } else {
      explained = nil
    }
  }
}

extension SchedulingFeature {
  func slots(_ request: Request, guest: Guest, tutor: ID<User>) async throws -> Response {
    let now = clock.now
    let query = try SlotsQuery(request.query, now: now)
    guard try await database.first(.listedTutor(tutor)) != nil else { throw Failure.notFound }
    if let start = query.explained {
      let stretch = start..<start + query.duration
      let answer = try await times.answer(of: tutor, for: stretch, learner: guest.id, now: now, in: database)
      return explanation(answer, of: stretch, in: query.zone, for: request)
    }
    let openings = try await times.openings(
      of: tutor, lasting: query.duration, in: query.range, for: guest.id, now: now, in: database)
    return Response.json { w in
      w.object { w in
        w.array("slots") { w in
          for opening in openings {
            w.object { w in
              w.field("starts_at", opening.starts)
              w.field("ends_at", opening.ends)
              w.field("local", query.zone.rfc3339(opening.starts))
            }
          }
        }
        w.field("timezone", query.zone.identifier)
      }
    }
  }

  private func explanation(
    _ answer: Availability.Answer, of stretch: Range<Instant>, in zone: Zone, for request: Request
  ) -> Response {
    let context = site.context(language: request.language, zone: zone.identifier)
    var reasons: [Availability.Reason] = []
    if case .refused(let all) = answer { reasons = all }
    return Response.json { w in
      w.object { w in
        w.field("starts_at", stretch.lowerBound)
        w.field("ends_at", stretch.upperBound)
        w.field("local", zone.rfc3339(stretch.lowerBound))
        w.field("free", reasons.isEmpty)
        w.array("reasons") { w in
          for reason in reasons {
            w.object { w in
              w.field("code", reason.code)
              w.field("detail", reason.publicWords(context))
            }
          }
        }
        w.field("timezone", zone.identifier)
      }
    }
  }
}

extension Zone {
  /// The wall clock with its offset: `2026-11-23T10:00:00+01:00`.
  func rfc3339(_ instant: Instant) -> String {
    let local = local(instant)
    let minutes = abs(local.offset) / 60
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return
      "\(local.date)T\(local.time):\(two(local.second))\(local.offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }
}
