import Core
package import Postgres

/// A fact that has happened, told in the same commit as the change it describes. Named in the past tense, and holding
/// keys rather than copies.
package protocol Event: Codable, Sendable {
  /// Unique in the house: `bookings.lesson-finished`.
  static var name: String { get }
}

/// What a feature does when it hears of an event of another.
///
/// Every reaction to an event is a job of its own: tried again when it fails, in no order among events. It is known by its
/// name, `tutors.refresh-listing`, or without one by the module it stands in; two of a module to one event need names.
package struct Reaction: Sendable {
  package let event: String
  let handler: JobHandler

  /// Runs in the transaction that records it: what it writes there happens exactly once for each event.
  package init<E: Event>(
    _ type: E.Type, _ name: String = "", in file: StaticString = #fileID,
    _ run: @escaping @Sendable (E, Transaction) async throws -> Void
  ) {
    self.init(E.name, name, file, .transactional { payload, _, tx in try await run(decode(payload), tx) })
  }

  /// Runs at least once for each event: for what happens outside the database, or bears repetition.
  package init<E: Event>(
    _ type: E.Type, _ name: String = "", in file: StaticString = #fileID,
    _ run: @escaping @Sendable (E) async throws -> Void
  ) {
    self.init(E.name, name, file, .plain { payload, _ in try await run(decode(payload)) })
  }

  private init(_ event: String, _ name: String, _ file: StaticString, _ work: JobHandler.Work) {
    self.event = event
    let listener = name.isEmpty ? String(file.description.prefix { $0 != "/" }) : name
    handler = JobHandler(name: "reaction/\(event)/\(listener)", limit: .seconds(600), work: work)
  }

  /// What its jobs are called.
  package var job: String { handler.name }
}

/// What is done again and again, by one node of the site each time.
package struct Schedule: Sendable {
  package let name: String
  package let every: Duration
  let handler: JobHandler

  /// Runs at the site's first start, then every `every`. Turns missed while no node ran are made up for once. A turn is
  /// a job: it is tried again when it fails, and none begins while one goes on.
  package init(_ name: String, every: Duration, _ run: @escaping @Sendable () async throws -> Void) {
    precondition(every >= .milliseconds(1))
    self.name = name
    self.every = every
    handler = JobHandler(name: "schedule/\(name)", limit: .seconds(3600), work: .plain { _, _ in try await run() })
  }
}
