package import Accounts
import Audit
package import Core
package import Ledger
import Notices
package import Postgres
import Web

/// One account of two, in one transaction: lessons, reviews, files and messages name the one that stays, its books take
/// over what the other holds, and the other is closed and remembered as merged. What stands in the way is named, all of
/// it at once, and then nothing is changed.
package struct UserMerge: Sendable {
  let keep: ID<User>
  let gone: ID<User>
  let ledger: Ledger
  let sessions: Sessions

  package init(keep: ID<User>, gone: ID<User>, ledger: Ledger, sessions: Sessions) {
    self.keep = keep
    self.gone = gone
    self.ledger = ledger
    self.sessions = sessions
  }

  package struct Report: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
      /// `table.column`
      package let place: String
      package let rows: Int
    }
    package fileprivate(set) var moved: [Line] = []
    /// In words.
    package fileprivate(set) var conflicts: [String] = []
  }

  /// Takes back what a trial, or one that met a conflict, has done.
  private struct TakenBack: Error { let report: Report }

  /// What moved, or would; `isTrial` leaves everything as it was.
  package func run(isTrial: Bool, in database: Database) async throws -> Report {
    do {
      return try await database.transaction { tx in
        let report = try await merge(in: tx)
        if isTrial || !report.conflicts.isEmpty { throw TakenBack(report: report) }
        return report
      }
    } catch let back as TakenBack { return back.report }
  }

  private func merge(in tx: Transaction) async throws -> Report {
    var report = Report()
    if let refusal = try await sessions.mergeRefusal(of: gone, into: keep, in: tx) {
      report.conflicts = [Self.sentence(refusal)]
      return report
    }
    // A tutor's profile is a page people know, with its own address: it is kept, not moved.
    if try await tx.one(.isTutor(gone)) {
      report.conflicts.append(
        "The account that would go has a tutor's profile. Keep that one, and let the other go.")
    }
    try await Notices.forgetChoices(of: gone, in: tx)
    for line in try await tx.all(.repoint(gone, to: keep)) {
      if line.place.hasPrefix("tutors.") { continue }
      if let hindrance = line.hindrance {
        report.conflicts.append(Self.sentence(hindrance, at: line.place))
      } else {
        report.moved.append(.init(place: line.place, rows: line.moved))
      }
    }
    guard report.conflicts.isEmpty else { return report }
    report.moved += try await sessions.merge(gone, into: keep, by: .command, in: tx).map {
      .init(place: $0.place, rows: $0.rows)
    }
    // Last: it holds the books until the commit.
    if let entry = try await ledger.takeOver(from: gone, to: keep, in: tx) {
      report.moved.append(.init(place: "ledger (entry \(entry.number))", rows: 1))
    }
    return report
  }

  private static func sentence(_ refusal: MergeRefusal) -> String {
    switch refusal {
    case .same: "Both names are one account."
    case .nobody: "One of the two is gone."
    case .elsewhere: "One of the two was merged into another account before."
    case .staff: "The account that would go keeps the site. Take its role first."
    }
  }

  private static func sentence(_ constraint: String, at place: String) -> String {
    switch constraint {
    case "one_place_at_a_time": "Both have a lesson at one time (\(place)). Cancel or move one of them."
    case "booking_of_two_people":
      "One of the two is the other's tutor in a lesson (\(place)); nobody teaches themselves."
    default: "Both have what there may be one of: \(place) (\(constraint))."
    }
  }
}

struct Repointed: RowDecodable {
  let place: String
  let moved: Int
  let hindrance: String?

  init(row: inout RowReader) throws {
    place = try row.next()
    moved = try row.next()
    hindrance = try row.next()
  }
}

extension Query where Row == Repointed {
  static func repoint(_ gone: ID<User>, to keep: ID<User>) -> Self {
    Query("select place, moved, hindrance from repoint_person(\(gone), \(keep))")
  }
}

extension Query<Bool> {
  static func isTutor(_ user: ID<User>) -> Self {
    Query("select exists (select from tutors where user_id = \(user))")
  }
}
