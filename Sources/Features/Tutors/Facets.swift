import Postgres

/// How many of those found have a facet's value.
struct FacetCount: RowDecodable, Equatable {
  let facet: String
  let value: String
  let label: String
  let count: Int

  init(row: inout RowReader) throws {
    facet = try row.next()
    value = try row.next()
    label = try row.next()
    count = try row.next()
  }

  private init(_ facet: String, _ value: String, count: Int) {
    self.facet = facet
    self.value = value
    label = value
    self.count = count
  }

  /// The facets that a kind names, by their names, each with its most frequent value first.
  ///
  /// Bytes and short lists, for these are a few codes on every page: characters and dictionaries took as long as all its cards.
  static func counts(of kinds: [KindCount]) -> [FacetCount] {
    let facets = ["category", "language", "mode"]
    var counts = [[(value: String, count: Int)]](repeating: [], count: facets.count)
    for kind in kinds {
      let bytes = Array(kind.kind.utf8)
      var facet = 0
      var start = 0
      for at in 0...bytes.count {
        let ends = at == bytes.count || bytes[at] == UInt8(ascii: " ")
        guard ends || bytes[at] == UInt8(ascii: ",") else { continue }
        if at > start, facet < facets.count {
          let value = String(decoding: bytes[start..<at], as: UTF8.self)
          if let known = counts[facet].firstIndex(where: { $0.value == value }) {
            counts[facet][known].count += kind.count
          } else {
            counts[facet].append((value, kind.count))
          }
        }
        start = at + 1
        if ends { facet += 1 }
      }
    }
    return zip(facets, counts).flatMap { facet, counts in
      counts.sorted { ($1.count, $0.value) < ($0.count, $1.value) }.map { FacetCount(facet, $0.value, count: $0.count) }
    }
  }
}

/// How many of those found are of one kind: of one category, with the same languages and modes (`tutor_listings.kind`).
struct KindCount: RowDecodable, Equatable {
  let kind: String
  let count: Int

  init(row: inout RowReader) throws {
    kind = try row.next()
    count = try row.next()
  }
}
