package import Core
import JSON
package import Postgres
import Scheduling

extension SQL {
  static var reservation: SQL {
    """
    b.state, b.mode, b.starts_at, b.ends_at, b.currency, b.price_amount, b.paid_amount, b.refund_amount, b.refund_rule, b.policy,
    b.created_at, b.hold_expires_at, b.request_expires_at, b.proposed_starts_at, b.proposed_by, b.begun_at, b.finished_at,
    b.sequence, b.moved_late
    """
  }

  /// What ``Booked`` reads; a `where` follows.
  static var booked: SQL {
    """
    select b.id, b.learner_id, l.full_name, l.photo_file_id, b.learner_zone, b.tutor_id, t.full_name, t.photo_file_id, b.tutor_zone,
           f.slug, b.subject_id, s.title, s.slug, b.fee_basis_points, b.room_code, b.learner_note, b.created_at,
           \(SQL.reservation)
      from bookings b
      join people l on l.id = b.learner_id
      join people t on t.id = b.tutor_id
      join subjects s on s.id = b.subject_id
      left join tutor_facts f on f.tutor_id = b.tutor_id
    """
  }

  /// A hold, or one that lapsed, is the learner's own affair: the tutor's list does not show it.
  static var cameAbout: SQL {
    "not (b.state in ('held', 'awaiting_payment', 'expired') and b.paid_amount = 0 and b.price_amount > 0)"
  }

  static var live: SQL { "('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress')" }
}

extension Query where Row == Booked {
  /// Nothing comes back unless the booking is this person's: loading is the permission check.
  static func booking(_ id: ID<Booking>, of user: ID<User>) -> Self {
    Query("\(SQL.booked) where b.id = \(id) and (b.learner_id = \(user) or b.tutor_id = \(user))")
  }

  /// For the house itself: jobs, gateways, rooms, staff.
  static func booking(_ id: ID<Booking>) -> Self { Query("\(SQL.booked) where b.id = \(id)") }

  /// The same, kept from others until the transaction ends.
  static func locked(_ id: ID<Booking>) -> Self { Query("\(SQL.booked) where b.id = \(id) for update of b") }

  static func list(
    of user: ID<User>, as party: Party?, isPast: Bool, states: [Reservation.State] = [],
    after cursor: (Instant, ID<Booking>)? = nil,
    now: Instant, limit: Int
  ) -> Self {
    let mine: SQL =
      switch party {
      case .learner: "b.learner_id = \(user)"
      case .tutor: "b.tutor_id = \(user) and \(SQL.cameAbout)"
      case nil: "(b.learner_id = \(user) or (b.tutor_id = \(user) and \(SQL.cameAbout)))"
      }
    // No lesson is longer than eight hours (`booking_has_length`), so that what is ahead is a stretch of the index.
    let when: SQL =
      isPast
      ? "(b.state not in \(SQL.live) or b.ends_at <= \(now))"
      : """
      b.state in \(SQL.live) and b.ends_at > \(now)::timestamptz - interval '2 hours'
      and b.starts_at > \(now)::timestamptz - interval '10 hours'
      """
    let which: SQL = states.isEmpty ? "" : "and b.state = any(\(states.map(\.rawValue)))"
    let from: SQL =
      if let cursor {
        isPast
          ? "and (b.starts_at, b.id) < (\(cursor.0), \(cursor.1))"
          : "and (b.starts_at, b.id) > (\(cursor.0), \(cursor.1))"
      } else { "" }
    let order: SQL = isPast ? "b.starts_at desc, b.id desc" : "b.starts_at, b.id"
    return Query("\(SQL.booked) where \(mine) and \(when) \(which) \(from) order by \(order) limit \(limit)")
  }

  /// Everything of a person, newest first, for the API's list.
  static func all(
    of user: ID<User>, as party: Party?, states: [Reservation.State], after cursor: (Instant, ID<Booking>)?,
    isAscending: Bool,
    limit: Int
  ) -> Self {
    let mine: SQL =
      switch party {
      case .learner: "b.learner_id = \(user)"
      case .tutor: "b.tutor_id = \(user)"
      case nil: "(b.learner_id = \(user) or b.tutor_id = \(user))"
      }
    let which: SQL = states.isEmpty ? "" : "and b.state = any(\(states.map(\.rawValue)))"
    let from: SQL =
      if let cursor {
        isAscending
          ? "and (b.starts_at, b.id) > (\(cursor.0), \(cursor.1))"
          : "and (b.starts_at, b.id) < (\(cursor.0), \(cursor.1))"
      } else { "" }
    let order: SQL = isAscending ? "b.starts_at, b.id" : "b.starts_at desc, b.id desc"
    return Query("\(SQL.booked) where \(mine) \(which) \(from) order by \(order) limit \(limit)")
  }
}

extension Query where Row == PlannedLesson {
  /// What is or was on in `range`, in order. What came to nothing (expired, declined, cancelled) takes no place.
  static func planned(by user: ID<User>, in range: Range<Instant>) -> Self {
    // No lesson is longer than eight hours (`booking_has_length`), so that both halves are read from their index.
    let stretch: SQL =
      "starts_at > \(range.lowerBound)::timestamptz - interval '8 hours' and starts_at < \(range.upperBound)"
    return Query(
      """
      select b.id, b.tutor_id = \(user), b.state, b.starts_at, b.ends_at, b.blocked, s.title, p.full_name
        from bookings b
        join subjects s on s.id = b.subject_id
        join people p on p.id = case when b.tutor_id = \(user) then b.learner_id else b.tutor_id end
       where b.id = any(array(select id from bookings where learner_id = \(user) and \(stretch)
                              union all select id from bookings where tutor_id = \(user) and \(stretch)))
         and b.ends_at > \(range.lowerBound) and b.state not in ('expired', 'declined', 'cancelled')
         and (b.learner_id = \(user) or \(SQL.cameAbout))
       order by b.starts_at, b.id
      """
    ) { row in
      let id: ID<Booking> = try row.next()
      let teaches: Bool = try row.next()
      let state: Reservation.State = try row.next()
      let (start, end): (Instant, Instant) = (try row.next(), try row.next())
      return PlannedLesson(
        id: id, party: teaches ? .tutor : .learner, state: state, during: start..<end, blocked: try row.next(),
        subject: try row.next(), name: try row.next())
    }
  }
}

extension Query<Int> {
  static func count(of user: ID<User>, as party: Party?, states: [Reservation.State]) -> Self {
    let mine: SQL =
      switch party {
      case .learner: "b.learner_id = \(user)"
      case .tutor: "b.tutor_id = \(user)"
      case nil: "(b.learner_id = \(user) or b.tutor_id = \(user))"
      }
    let which: SQL = states.isEmpty ? "" : "and b.state = any(\(states.map(\.rawValue)))"
    return Query("select count(*) from bookings b where \(mine) \(which)")
  }

  /// How many requests wait for this tutor's word.
  static func openRequests(of tutor: ID<User>) -> Self {
    Query("select count(*) from bookings where tutor_id = \(tutor) and state = 'requested'")
  }
}

extension SQL {
  /// Waits until nobody else books with or as these two; held until the transaction ends. Whoever they are in a booking,
  /// they are waited for in one order, so that bookers queue up instead of deadlocking on the constraint that judges.
  static func turn(_ one: ID<User>, _ other: ID<User>) -> SQL {
    let (first, second) = one < other ? (one, other) : (other, one)
    return """
      select pg_advisory_xact_lock(hashtextextended(\("person " + first.description), 0)),
             pg_advisory_xact_lock(hashtextextended(\("person " + second.description), 0))
      """
  }
}

extension Query where Row == Booked {
  /// Takes the time and writes the first line of its history, in one statement, which answers the booking.
  static func insert(_ new: NewBooking, by actor: Actor, channel: Channel) -> Self {
    let r = new.reservation
    return Query(
      """
      with turn as materialized (\(SQL.turn(new.offer.tutor, new.learner))), made as (
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
               paid_amount, fee_basis_points, policy, hold_expires_at, request_expires_at, room_code, learner_note, learner_zone,
               tutor_zone, created_at, updated_at)
        select \(new.id), \(new.learner), \(new.offer.tutor), \(new.offer.subject), \(r.state.rawValue), \(r.mode.rawValue),
               \(r.startsAt), \(r.endsAt), \(new.blocked), \(r.price.amount), \(r.price.currency), \(r.paid.amount),
               \(new.offer.feeBasisPoints), \(r.policy.text)::jsonb, \(r.holdExpiresAt), \(r.requestExpiresAt), \(new.roomCode),
               \(new.note), \(new.learnerZone), \(new.offer.zone), \(r.bookedAt), \(r.bookedAt)
          from turn
        returning id, learner_id
      ), noted as (
        insert into booking_events (id, booking_id, at, actor_id, actor_kind, act, to_state, channel)
        select \(ID<BookingEvent>.new()), id, \(r.bookedAt), \(actor.id), \(actor.kind), 'book', \(r.state.rawValue), \(channel.rawValue)
          from made
      )
      select p.full_name, p.photo_file_id from made join people p on p.id = made.learner_id
      """
    ) { row in
      Booked(
        new,
        learner: Booked.Person(
          id: new.learner, name: try row.next(), photo: try row.next(), zone: new.learnerZone))
    }
  }
}

/// One line of a booking's history.
package struct BookingEvent: Sendable, RowDecodable {
  package let at: Instant
  package let act: String
  package let actorKind: String
  package let actorName: String?
  package let from: Reservation.State?
  package let to: Reservation.State
  package let reason: String?

  package init(row: inout RowReader) throws {
    at = try row.next()
    act = try row.next()
    actorKind = try row.next()
    actorName = try row.next()
    from = try row.next()
    to = try row.next()
    reason = try row.next()
  }
}

extension Query where Row == BookingEvent {
  static func history(of booking: ID<Booking>) -> Self {
    Query(
      """
      select e.at, e.act, e.actor_kind, p.full_name, e.from_state, e.to_state, e.reason
        from booking_events e left join people p on p.id = e.actor_id
       where e.booking_id = \(booking) order by e.at, e.id
      """)
  }
}

extension Query where Row == Offer {
  static func offers(of slug: String, at now: Instant) -> Self {
    Query(
      "select \(SQL.offer(at: now)) \(SQL.offerTables) where f.slug = \(slug) and f.is_listed order by s.position, u.title"
    )
  }

  static func offers(of tutor: ID<User>, at now: Instant) -> Self {
    Query(
      "select \(SQL.offer(at: now)) \(SQL.offerTables) where f.tutor_id = \(tutor) and f.is_listed order by s.position, u.title"
    )
  }
}

extension Query where Row == Occasion {
  /// What a tutor offers, in one subject when its key or slug is given, with what a booking near `start` is judged by.
  static func occasions(
    of tutor: ID<User>, in subject: String?, around start: Instant, for learner: ID<User>, at now: Instant
  ) -> Self {
    // In one subject there is one.
    let which: SQL =
      if let subject {
        if let id = ID<Subject>(subject) { "and s.subject_id = \(id)" } else { "and u.slug = \(subject)" }
      } else { "order by s.position, u.title" }
    return Query(
      """
      select \(SQL.offer(at: now)),
             \(SQL.diary(around: start..<start + .hours(8), for: learner, now: now))
        \(SQL.offerTables)
       where f.tutor_id = \(tutor) and f.is_listed \(which)
      """)
  }
}

extension SQL {
  /// What ``Offer`` reads of ``offerTables``: what a tutor offers in a subject, with the terms in force.
  static func offer(at now: Instant) -> SQL {
    """
    f.tutor_id, f.slug, f.full_name, f.photo_file_id, coalesce(a.zone, f.zone), f.currency, f.approval, s.subject_id, u.slug,
    u.title, s.hourly_rate, s.durations, coalesce(a.buffer_before, 0), coalesce(a.buffer_after, 0),
    coalesce((select basis_points from fee_schedules where valid_from <= \(now) order by valid_from desc limit 1), 1800),
    coalesce((select terms from booking_policies where tutor_id = f.tutor_id),
             (select terms from booking_policies where tutor_id is null), '{}')
    """
  }

  static var offerTables: SQL {
    """
    from tutor_facts f
    join tutor_subjects s on s.tutor_id = f.tutor_id
    join subjects u on u.id = s.subject_id and u.is_active
    left join availability_settings a on a.tutor_id = f.tutor_id
    """
  }
}

extension Query where Row == ID<Booking> {
  /// Holds in the way of `stretch` whose time is up. They are expired before their sweep comes, so that a lazy clock
  /// never costs anybody a time.
  static func overdue(in stretch: Range<Instant>, of tutor: ID<User>, or learner: ID<User>, at now: Instant) -> Self {
    Query(
      """
      select id from bookings
       where state in ('held', 'awaiting_payment') and hold_expires_at <= \(now)
         and ((tutor_id = \(tutor) and blocked && \(stretch)) or (learner_id = \(learner) and during && \(stretch)))
      """)
  }

  /// What the clock has to close: overdue holds, unanswered requests, lessons that nobody spoke of. (That a lesson is over
  /// is said twice: by itself it is a stretch of the index, and only what lies in it has its terms looked into.)
  static func due(at now: Instant, limit: Int) -> Self {
    Query(
      """
      (select id from bookings where state in ('held', 'awaiting_payment') and hold_expires_at <= \(now)
        order by hold_expires_at limit \(limit))
      union all
      (select id from bookings where state = 'requested' and (request_expires_at <= \(now) or starts_at <= \(now))
        order by request_expires_at limit \(limit))
      union all
      (select id from bookings where state in ('confirmed', 'in_progress') and ends_at <= \(now)
          and ends_at <= \(now)::timestamptz - make_interval(hours => coalesce((policy->>'settle_hours')::int, 24))
        order by ends_at limit \(limit))
      """)
  }
}

extension Query<Void> {
  static func turn(tutor: ID<User>, learner: ID<User>) -> Self { Query(SQL.turn(tutor, learner)) }

  /// Writes what a transition changed, with its line of history, in one statement.
  static func store(
    _ after: Reservation, of id: ID<Booking>, blocked: Range<Instant>?, act: Reservation.Act, from: Reservation.State,
    by actor: Actor,
    channel: Channel, reason: String?, details: String, at now: Instant
  ) -> Self {
    Query(
      """
      with changed as (
        update bookings
           set state = \(after.state.rawValue), starts_at = \(after.startsAt), ends_at = \(after.endsAt),
               blocked = coalesce(\(blocked), blocked), paid_amount = \(after.paid.amount), refund_amount = \(after.refund?.amount.amount),
               refund_rule = \(after.refund?.rule.rawValue), hold_expires_at = \(after.holdExpiresAt),
               request_expires_at = \(after.requestExpiresAt), sequence = \(after.sequence), moved_late = \(after.movedLate),
               proposed_starts_at = \(after.proposal?.startsAt), proposed_by = \(after.proposal?.by.rawValue),
               begun_at = \(after.begunAt), finished_at = \(after.finishedAt), updated_at = \(now)
         where id = \(id)
        returning id
      )
      insert into booking_events (id, booking_id, at, actor_id, actor_kind, act, from_state, to_state, reason, channel, details)
      select \(ID<BookingEvent>.new()), id, \(now), \(actor.id), \(actor.kind), \(act.name), \(from.rawValue), \(after.state.rawValue),
             \(reason), \(channel.rawValue), \(details)::jsonb
        from changed
      """)
  }

  static func keep(_ answer: KeptAnswer, of user: ID<User>, under key: String, to request: String, at now: Instant)
    -> Self
  {
    Query(
      """
      insert into idempotency_keys (user_id, key, request_hash, status, body, created_at)
      values (\(user), \(key), encode(sha256(convert_to(\(request), 'UTF8')), 'hex'), \(answer.status), \(answer.body), \(now))
      """)
  }

  static func forgetAnswers(before: Instant) -> Self {
    Query("delete from idempotency_keys where created_at < \(before)")
  }
}

/// An answer that the same request gets again.
struct KeptAnswer: Equatable, Sendable {
  let status: Int
  let body: String
}

extension Query where Row == (Bool, Int, String) {
  /// What was answered under this key, and whether the question was the same.
  static func answer(of user: ID<User>, under key: String, to request: String) -> Self {
    Query(
      """
      select request_hash = encode(sha256(convert_to(\(request), 'UTF8')), 'hex'), status, body
        from idempotency_keys where user_id = \(user) and key = \(key)
      """)
  }
}

/// How mail reaches a person of a booking: for their own invitation only.
struct Reachable: Sendable, RowDecodable {
  let name: String
  let mail: String

  init(row: inout RowReader) throws {
    name = try row.next()
    mail = try row.next()
  }
}

extension Query where Row == Reachable {
  static func reach(_ user: ID<User>) -> Self {
    Query("select full_name, email from people_contact where id = \(user)")
  }
}
