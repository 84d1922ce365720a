package import Core
import JSON
package import Postgres

/// Told to every node's runner when there is something to do.
let jobsChannel = "jobs"

func decode<Value: Decodable>(_ payload: String) throws -> Value {
  do { return try JSON.decode(Value.self, from: payload) } catch { throw Hopeless("unreadable payload: \(error)") }
}

extension Transaction {
  /// Asks for a job, in this commit; runners hear of it right after.
  ///
  /// - Parameters:
  ///   - at: not before; without it, at once.
  ///   - key: while one with this key waits, there is no second: the earlier time and the newer contents win. One that
  ///     has begun does not count, so that what changes while it runs is not overlooked.
  @discardableResult package func enqueue<J: Job>(
    _ job: J, at instant: Instant? = nil, key: String? = nil
  ) async throws -> ID<QueuedJob> {
    defer { wakeRunners() }
    let id = ID<QueuedJob>.new()
    let payload = try JSON.encode(job)
    let insert: SQL = """
      insert into jobs (id, name, payload, key, run_at, max_attempts)
      values (\(id), \(J.name), \(payload), \(key), coalesce(\(instant), 'epoch'::timestamptz), \(J.maximumAttempts))
      """
    // Without a key there is nothing to be asked back.
    guard key != nil else {
      try send(Query(insert))
      return id
    }
    return try await one(
      Query<ID<QueuedJob>>(
        """
        \(insert)
        on conflict (name, key)
          where key is not null and lease_owner is null and finished_at is null and dead_at is null
          do update set run_at = least(jobs.run_at, excluded.run_at), payload = excluded.payload
        returning id
        """))
  }

  /// Asks for many jobs of one kind with one statement.
  package func enqueue<J: Job>(all jobs: [J], at instant: Instant? = nil) async throws {
    guard !jobs.isEmpty else { return }
    try await run(
      Query(
        """
        insert into jobs (id, name, payload, run_at, max_attempts)
        select id, \(J.name), payload::jsonb, coalesce(\(instant), 'epoch'::timestamptz), \(J.maximumAttempts)
          from unnest(\(jobs.map { _ in ID<QueuedJob>.new() })::uuid[], \(jobs.map { try JSON.encode($0) })::text[])
               as asked (id, payload)
        """))
    wakeRunners()
  }

  /// Takes back the waiting job of this key, if there is one. True when there was.
  @discardableResult package func withdraw<J: Job>(_: J.Type, key: String) async throws -> Bool {
    try await affected(
      Query(
        """
        delete from jobs where name = \(J.name) and key = \(key)
           and lease_owner is null and finished_at is null and dead_at is null
        """)) > 0
  }

  /// Tells the house, in this commit, that something has happened. Whoever has a ``Reaction`` to it hears soon after.
  package func emit<E: Event>(_ event: E) async throws {
    try send(Query("insert into events (name, payload) values (\(E.name), \(JSON.encode(event)))"))
    wakeRunners()
  }

  /// Gives a dead job its attempts back and lets it run at once. False when it is not dead, or when a newer one of its
  /// key waits already.
  package func rerun(_ job: ID<QueuedJob>) async throws -> Bool {
    let done = try await affected(
      Query(
        """
        update jobs set dead_at = null, attempts = 0, run_at = 'epoch'
         where id = \(job) and dead_at is not null
           and not exists (select from jobs waiting
                            where waiting.name = jobs.name and waiting.key = jobs.key and waiting.lease_owner is null
                              and waiting.finished_at is null and waiting.dead_at is null)
        """))
    wakeRunners()
    return done > 0
  }

  private func wakeRunners() {
    let database = database
    afterCommit { database.announce(jobsChannel) }
  }
}

/// A job as an operator sees it.
package struct JobRecord: RowDecodable {
  package let id: ID<QueuedJob>
  package let name: String
  /// JSON.
  package let payload: String
  package let key: String?
  package let attempts: Int
  package let maximumAttempts: Int
  package let lastError: String?
  package let enqueuedAt: Instant
  /// Not before; the epoch means at once.
  package let runAt: Instant
  package let deadAt: Instant?

  package init(row: inout RowReader) throws {
    id = try row.next()
    name = try row.next()
    payload = try row.next()
    key = try row.next()
    attempts = try row.next()
    maximumAttempts = try row.next()
    lastError = try row.next()
    enqueuedAt = try row.next()
    runAt = try row.next()
    deadAt = try row.next()
  }
}

extension Query where Row == JobRecord {
  private static var columns: SQL {
    "id, name, payload, key, attempts, max_attempts, last_error, created_at, run_at, dead_at"
  }

  /// The jobs that were given up, newest first.
  package static func deadJobs(limit: Int = 100) -> Self {
    Query("select \(columns) from jobs where dead_at is not null order by dead_at desc limit \(limit)")
  }

  /// The jobs that are not done yet, next first.
  package static func openJobs(limit: Int = 100) -> Self {
    Query(
      """
      select \(columns) from jobs where finished_at is null and dead_at is null
       order by run_at, number limit \(limit)
      """)
  }
}

/// How the queue stands.
package struct JobFigures: RowDecodable {
  /// Due and not begun.
  package let due: Int
  /// For a later time.
  package let later: Int
  package let running: Int
  package let dead: Int
  package let undispatchedEvents: Int

  package init(row: inout RowReader) throws {
    due = try row.next()
    later = try row.next()
    running = try row.next()
    dead = try row.next()
    undispatchedEvents = try row.next()
  }
}

extension Query where Row == JobFigures {
  package static func jobFigures(at now: Instant) -> Self {
    Query(
      """
      select count(*) filter (where run_at <= \(now) and lease_owner is null),
             count(*) filter (where run_at > \(now) and lease_owner is null),
             count(*) filter (where lease_owner is not null),
             (select count(*) from jobs where dead_at is not null),
             (select count(*) from events where dispatched_at is null)
        from jobs where finished_at is null and dead_at is null
      """)
  }
}

/// A job a runner has leased.
struct LeasedJob: RowDecodable {
  let id: ID<QueuedJob>
  let number: Int
  let name: String
  let payload: String
  let attempt: Int
  let maximumAttempts: Int
  let enqueuedAt: Instant
  let runAt: Instant

  init(row: inout RowReader) throws {
    id = try row.next()
    number = try row.next()
    name = try row.next()
    payload = try row.next()
    attempt = try row.next()
    maximumAttempts = try row.next()
    enqueuedAt = try row.next()
    runAt = try row.next()
  }
}

extension Query where Row == LeasedJob {
  /// Leases up to `limit` due jobs: nobody else gets them before `until`.
  static func claim(_ names: [String], limit: Int, owner: String, now: Instant, until: Instant) -> Self {
    Query(
      """
      with due as materialized (
        select id from jobs
         where finished_at is null and dead_at is null and run_at <= \(now) and attempts < max_attempts
           and (leased_until is null or leased_until < \(now)) and name = any(\(names))
         order by run_at, number limit \(limit)
           for update skip locked)
      update jobs set attempts = attempts + 1, leased_until = \(until), lease_owner = \(owner)
        from due where jobs.id = due.id
      returning jobs.id, number, name, payload, attempts, max_attempts, created_at, run_at
      """)
  }
}

extension Query where Row == ID<QueuedJob> {
  /// Prolongs leases; returns those that are still ours.
  static func renew(_ jobs: [ID<QueuedJob>], owner: String, until: Instant) -> Self {
    Query(
      """
      update jobs set leased_until = \(until)
       where id = any(\(jobs)) and lease_owner = \(owner) and finished_at is null and dead_at is null
      returning id
      """)
  }

  /// Buries what its worker left behind on the last attempt: it may be what killed the worker.
  static func buryAbandoned(now: Instant) -> Self {
    Query(
      """
      update jobs set dead_at = \(now), leased_until = null, lease_owner = null,
             last_error = coalesce(last_error, 'the worker vanished')
       where finished_at is null and dead_at is null and run_at <= \(now) and leased_until < \(now)
         and attempts >= max_attempts
      returning id
      """)
  }
}

extension Query where Row == Instant {
  /// When something will next be due.
  static func nextDue(_ names: [String]) -> Self {
    Query(
      """
      select greatest(run_at, leased_until) from jobs
       where finished_at is null and dead_at is null and name = any(\(names)) order by run_at limit 1
      """)
  }
}

extension Query<Void> {
  /// Each of these writes only while the lease is still held: `affected` tells.
  private static func held(_ job: LeasedJob, by owner: String) -> SQL {
    """
    id = \(job.id) and lease_owner = \(owner) and attempts = \(job.attempt) and finished_at is null and dead_at is null
    """
  }

  static func finish(_ job: LeasedJob, owner: String, now: Instant, note: String? = nil) -> Self {
    Query(
      """
      update jobs set finished_at = \(now), leased_until = null, lease_owner = null, last_error = \(note)
       where \(held(job, by: owner))
      """)
  }

  static func finish(_ jobs: [LeasedJob], owner: String, now: Instant) -> Self {
    Query(
      """
      update jobs set finished_at = \(now), leased_until = null, lease_owner = null, last_error = null
        from unnest(\(jobs.map(\.id))::uuid[], \(jobs.map(\.attempt))::int[]) as done (id, attempt)
       where jobs.id = done.id and lease_owner = \(owner) and attempts = done.attempt
         and finished_at is null and dead_at is null
      """)
  }

  static func retry(_ job: LeasedJob, owner: String, at: Instant, error: String) -> Self {
    Query(
      """
      update jobs set run_at = \(at), leased_until = null, lease_owner = null, last_error = \(error)
       where \(held(job, by: owner))
      """)
  }

  static func bury(_ job: LeasedJob, owner: String, now: Instant, error: String) -> Self {
    Query(
      """
      update jobs set dead_at = \(now), leased_until = null, lease_owner = null, last_error = \(error)
       where \(held(job, by: owner))
      """)
  }

  /// Gives a job back as if it had not been taken.
  static func giveBack(_ job: LeasedJob, owner: String, at: Instant) -> Self {
    Query(
      """
      update jobs set attempts = attempts - 1, run_at = \(at), leased_until = null, lease_owner = null
       where \(held(job, by: owner))
      """)
  }

  /// Makes a job of every reaction to every new event; who does it first does it alone.
  static func dispatch(_ reactions: [Reaction], now: Instant) -> Self {
    Query(
      """
      with fresh as (
        select id from events where dispatched_at is null order by id limit 500 for update skip locked),
      taken as (
        update events set dispatched_at = \(now) from fresh where events.id = fresh.id
        returning events.id, name, payload)
      insert into jobs (id, name, payload)
      select gen_random_uuid(), reaction.job, taken.payload
        from taken join unnest(\(reactions.map(\.event))::text[], \(reactions.map(\.job))::text[])
               as reaction (event, job) on reaction.event = taken.name
       order by taken.id
      """)
  }

  static func know(_ schedules: [Schedule], now: Instant) -> Self {
    Query(
      """
      insert into schedules (name, next_at) select unnest(\(schedules.map(\.name))::text[]), \(now)
          on conflict do nothing
      """)
  }

  /// Makes a job of every schedule that is due, unless one is under way; who moves the row on does it alone.
  static func tick(_ schedules: [Schedule], now: Instant) -> Self {
    Query(
      """
      with due as (
        select name from schedules where next_at <= \(now) and name = any(\(schedules.map(\.name)))
           for update skip locked),
      moved as (
        update schedules
           set last_at = \(now),
               next_at = next_at + make_interval(secs => every / 1e6)
                         * (1 + floor(extract(epoch from \(now)::timestamptz - next_at) * 1e6 / every))
          from due join unnest(\(schedules.map(\.name))::text[],
                               \(schedules.map { Int($0.every.microseconds) })::bigint[]) as plan (name, every)
               using (name)
         where schedules.name = due.name
        returning schedules.name)
      insert into jobs (id, name, payload)
      select gen_random_uuid(), 'schedule/' || name, 'null'
        from moved
       where not exists (select from jobs where jobs.name = 'schedule/' || moved.name
                                            and finished_at is null and dead_at is null)
      """)
  }

  static func sweepJobs(before: Instant) -> Self { Query("delete from jobs where finished_at < \(before)") }
  static func sweepEvents(before: Instant) -> Self { Query("delete from events where dispatched_at < \(before)") }
}
