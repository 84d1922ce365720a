package import Jobs
package import Web

/// Everything a feature offers to the house. Read a feature's conformance as its table of contents.
package protocol Feature: Sendable {
  /// Its addresses: pages, API calls and sockets.
  func routes(_ routes: inout Routes)
  /// What it does later, by job name.
  var jobs: [JobHandler] { get }
  /// What it does when it hears of an event of another feature.
  var reactions: [Reaction] { get }
  /// What it does again and again.
  var schedules: [Schedule] { get }
  /// What it counts in the database, for metrics and alerts.
  var figures: [Figure] { get }
}

extension Feature {
  package var jobs: [JobHandler] { [] }
  package var reactions: [Reaction] { [] }
  package var schedules: [Schedule] { [] }
  package var figures: [Figure] { [] }

  /// The feature's name in maps and logs: its type without the word.
  package var name: String {
    let type = String(describing: Self.self)
    return type.hasSuffix("Feature") ? String(type.dropLast(7)) : type
  }
}
