import Core
import Jobs
import Postgres
import Web

/// A search that somebody keeps under a name.
struct SavedSearch: Equatable, RowDecodable {
  let id: ID<SavedSearch>
  let name: String
  let query: String
  /// Whether letters tell of new tutors.
  let sendsMail: Bool

  /// How many a person may keep.
  static let most = 20

  enum Refusal: String, Error, Equatable { case noName = "no-name", longName = "long-name", tooMany = "too-many" }

  init(row: inout RowReader) throws {
    id = try row.next()
    name = try row.next()
    query = try row.next()
    sendsMail = try row.next()
  }

  /// The question of an address, as it is kept: what the search page reads, in one order, without the place in the list.
  /// Two addresses that ask the same are one search.
  static func question(_ query: Fields) -> String {
    let fields = TutorSearch.fields(of: query).with("after", nil).with("view", nil)
    return Fields(fields.pairs.filter { !$0.value.isEmpty }.sorted { ($0.name, $0.value) < ($1.name, $1.value) })
      .encoded
  }

  /// The name as it is kept; lengths are counted as the database counts.
  static func name(_ text: String) throws(Refusal) -> String {
    guard !text.isEmpty else { throw .noName }
    guard text.unicodeScalars.count <= 80 else { throw .longName }
    return text
  }
}

/// Looks whether a saved search has found somebody new, and writes of it.
struct LookForTutors: Job {
  static let name = "tutors.look"
  let search: ID<SavedSearch>
}

/// A saved search with what the job needs to ask it again.
struct OpenSearch: RowDecodable {
  let user: ID<User>
  let zone: String
  let name: String
  let query: String
  let since: Instant

  init(row: inout RowReader) throws {
    user = try row.next()
    zone = try row.next()
    name = try row.next()
    query = try row.next()
    since = try row.next()
  }
}
