package import Core
package import Postgres

/// Something to be done later: what it is called, and the little it needs to know. It is stored as JSON, so a job holds
/// keys, not copies of what may have changed by the time it runs.
///
/// A job runs at least once, perhaps twice after a crash: it bears repetition, or is a transactional one.
package protocol Job: Codable, Sendable {
  /// Unique in the house and never changed while jobs of it wait: `notices.send-mail`.
  static var name: String { get }
  /// After so many failures it is given up and waits for a person.
  static var maximumAttempts: Int { get }
}

extension Job {
  package static var maximumAttempts: Int { 10 }
}

/// The marker of ``Attempt/id``.
package enum QueuedJob {}

/// One try at a job.
package struct Attempt: Sendable {
  /// The same for every try: what an outside service is given so that it does the thing once.
  package let id: ID<QueuedJob>
  /// From 1.
  package let number: Int
  /// Whether a failure now is the end.
  package let isLast: Bool
  /// When the job was asked for, by the database's clock.
  package let enqueuedAt: Instant
}

/// Thrown by a job that will never succeed: it is given up at once.
package struct Hopeless: Error, CustomStringConvertible {
  package let description: String
  package init(_ reason: String) { description = reason }
}

/// Thrown by a job whose time has not come: it runs again at the instant, and this try does not count.
package struct NotYet: Error {
  package let until: Instant
  package init(until: Instant) { self.until = until }
}

/// How jobs of one name are done.
package struct JobHandler: Sendable {
  enum Work: Sendable {
    case plain(@Sendable (_ payload: String, Attempt) async throws -> Void)
    case transactional(@Sendable (_ payload: String, Attempt, Transaction) async throws -> Void)
  }

  package let name: String
  let limit: Duration
  let work: Work

  /// Runs at least once. `limit`: cancelled, and counted as a failure, after so long.
  package init<J: Job>(
    _ type: J.Type, limit: Duration = .seconds(600), _ run: @escaping @Sendable (J, Attempt) async throws -> Void
  ) {
    self.init(name: J.name, limit: limit, work: .plain { payload, attempt in try await run(decode(payload), attempt) })
  }

  /// Runs inside the transaction that marks the job as done: what it writes there happens exactly once.
  package init<J: Job>(
    _ type: J.Type, limit: Duration = .seconds(600),
    _ run: @escaping @Sendable (J, Attempt, Transaction) async throws -> Void
  ) {
    self.init(
      name: J.name, limit: limit,
      work: .transactional { payload, attempt, tx in try await run(decode(payload), attempt, tx) })
  }

  init(name: String, limit: Duration, work: Work) {
    self.name = name
    self.limit = limit
    self.work = work
  }
}
