import CICal
package import Core
import Glibc

/// An iCalendar text (RFC 5545, RFC 5546) of events in UTC. libical writes, escapes and folds it.
///
/// An invitation stays the same entry in people's calendars as long as its ``Event/uid`` stays, and a later one replaces
/// an earlier one when its ``Event/sequence`` has risen; the store keeps both.
package struct CalendarDocument: Sendable {
  package enum Method: String, Sendable {
    /// Asks attendees to take the event, or its change, into their calendars.
    case request = "REQUEST"
    /// Takes it out again.
    case cancel = "CANCEL"
    /// For feeds and downloads: nobody is asked anything.
    case publish = "PUBLISH"
  }

  package struct Person: Hashable, Sendable {
    package let name: String
    /// A mail address, without `mailto:`.
    package let mail: String
    package init(name: String, mail: String) {
      self.name = name
      self.mail = mail
    }
  }

  package enum Status: String, Sendable {
    case tentative = "TENTATIVE"
    case confirmed = "CONFIRMED"
    case cancelled = "CANCELLED"
  }

  package struct Event: Sendable {
    /// The same for ever, and worldwide unique: the booking's id `@` the site's host.
    package let uid: String
    package let sequence: Int
    package let during: Range<Instant>
    /// When this version was made; calendars of some clients compare it.
    package let stamp: Instant
    package let summary: String
    package let description: String
    package let location: String
    package let url: String
    package let status: Status
    package let organizer: Person?
    package let attendees: [Person]

    package init(
      uid: String, sequence: Int, during: Range<Instant>, stamp: Instant, summary: String, description: String = "",
      location: String = "", url: String = "", status: Status = .confirmed, organizer: Person? = nil,
      attendees: [Person] = []
    ) {
      self.uid = uid
      self.sequence = sequence
      self.during = during
      self.stamp = stamp
      self.summary = summary
      self.description = description
      self.location = location
      self.url = url
      self.status = status
      self.organizer = organizer
      self.attendees = attendees
    }
  }

  package let method: Method
  /// Who made the text: `-//TutaLink//Lessons//EN`.
  package let product: String
  /// The title of a feed; empty for invitations.
  package let name: String
  package let events: [Event]

  package init(_ method: Method, product: String, name: String = "", events: [Event]) {
    self.method = method
    self.product = product
    self.name = name
    self.events = events
  }

  /// The content type of the text, with the method that mail clients look for (RFC 6047, 2.4).
  package var contentType: String { "text/calendar; charset=utf-8; method=\(method.rawValue)" }

  /// libical keeps its error state and its scratch memory per thread, but its tables are filled on first use without a
  /// lock. A document takes tens of microseconds, so one thread writes at a time.
  private static let turn = Locked(0)

  /// The text, with CRLF line ends.
  package var text: String { Self.turn.withLock { _ in write() } }

  private func write() -> String {
    let calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT)!
    defer { icalcomponent_free(calendar) }
    icalcomponent_add_property(calendar, icalproperty_new_version("2.0"))
    icalcomponent_add_property(calendar, icalproperty_new_prodid(Self.line(product)))
    icalcomponent_add_property(calendar, icalproperty_new_calscale("GREGORIAN"))
    let methods: [Method: icalproperty_method] = [
      .request: ICAL_METHOD_REQUEST, .cancel: ICAL_METHOD_CANCEL, .publish: ICAL_METHOD_PUBLISH,
    ]
    icalcomponent_add_property(calendar, icalproperty_new_method(methods[method]!))
    if !name.isEmpty {
      let property = icalproperty_new(ICAL_X_PROPERTY)!
      icalproperty_set_x_name(property, "X-WR-CALNAME")
      icalproperty_set_value(property, icalvalue_new_text(Self.text(name)))
      icalcomponent_add_property(calendar, property)
    }
    for event in events { icalcomponent_add_component(calendar, component(event)) }
    guard let text = icalcomponent_as_ical_string_r(calendar) else { return "" }
    defer { free(text) }
    return String(cString: text)
  }

  private func component(_ event: Event) -> OpaquePointer {
    let component = icalcomponent_new(ICAL_VEVENT_COMPONENT)!
    func add(_ property: OpaquePointer?) { icalcomponent_add_property(component, property) }
    add(icalproperty_new_uid(Self.line(event.uid)))
    add(icalproperty_new_sequence(Int32(clamping: event.sequence)))
    add(icalproperty_new_dtstamp(Self.time(event.stamp)))
    add(icalproperty_new_dtstart(Self.time(event.during.lowerBound)))
    add(icalproperty_new_dtend(Self.time(event.during.upperBound)))
    add(icalproperty_new_summary(Self.text(event.summary)))
    if !event.description.isEmpty { add(icalproperty_new_description(Self.text(event.description))) }
    if !event.location.isEmpty { add(icalproperty_new_location(Self.text(event.location))) }
    if !event.url.isEmpty { add(icalproperty_new_url(Self.line(event.url))) }
    switch method == .cancel ? .cancelled : event.status {
    case .tentative: add(icalproperty_new_status(ICAL_STATUS_TENTATIVE))
    case .confirmed: add(icalproperty_new_status(ICAL_STATUS_CONFIRMED))
    case .cancelled: add(icalproperty_new_status(ICAL_STATUS_CANCELLED))
    }
    add(icalproperty_new_transp(ICAL_TRANSP_OPAQUE))
    if let organizer = event.organizer {
      let property = icalproperty_new_organizer("mailto:" + Self.line(organizer.mail))!
      icalproperty_add_parameter(property, icalparameter_new_cn(Self.parameter(organizer.name)))
      add(property)
    }
    for attendee in event.attendees {
      let property = icalproperty_new_attendee("mailto:" + Self.line(attendee.mail))!
      icalproperty_add_parameter(property, icalparameter_new_cn(Self.parameter(attendee.name)))
      icalproperty_add_parameter(property, icalparameter_new_role(ICAL_ROLE_REQPARTICIPANT))
      if method == .request {
        icalproperty_add_parameter(property, icalparameter_new_partstat(ICAL_PARTSTAT_NEEDSACTION))
        icalproperty_add_parameter(property, icalparameter_new_rsvp(ICAL_RSVP_TRUE))
      }
      add(property)
    }
    return component
  }

  /// In UTC; what is finer than a second is cut off.
  private static func time(_ instant: Instant) -> icaltimetype {
    icaltime_from_timet_with_zone(time_t(instant.seconds), 0, icaltimezone_get_utc_timezone())
  }

  /// Text without control characters but line feeds, which libical escapes. A bare carriage return would end a line.
  private static func text(_ words: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in words.unicodeScalars where scalar == "\n" || scalar == "\t" || !isControl(scalar) {
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// A value that libical writes as it is: nothing in it may end the line.
  private static func line(_ words: String) -> String {
    String(String.UnicodeScalarView(words.unicodeScalars.filter { !isControl($0) }))
  }

  /// A parameter's value may hold no quotation mark at all (RFC 5545, 3.2).
  private static func parameter(_ words: String) -> String {
    String(String.UnicodeScalarView(line(words).unicodeScalars.map { $0 == "\"" ? "'" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar.value == 0x7F }
}
