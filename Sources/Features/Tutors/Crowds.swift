import Core
import Postgres

/// Questions that are known to find more tutors than anybody counts to (``TutorSearch/countCap``).
///
/// Counting is the one part of a list whose cost grows with the site. But whoever asks for rates from 20 to 60 finds all
/// that was found from 30 to 50: when that was more than is counted to, this is, too, for as long as the listings stand.
/// What is told is therefore the same as if it were counted anew.
final class Crowds: Sendable {
  private struct Range {
    let stamp: Stamp
    let from: Int
    let to: Int
  }

  /// The narrowest rates that were found to be enough, by all that is asked besides.
  private let enough = Memo<String, Range>(limit: 4096)

  /// Whether the question is one of them, at the stamp its answer is made at.
  func isKnown(_ search: TutorSearch, at stamp: Stamp, _ minute: Instant) -> Bool {
    let range = Self.range(of: search, at: stamp)
    guard let known = enough.find(Self.rest(of: search, minute)), known.stamp == stamp else { return false }
    return range.from <= known.from && known.to <= range.to
  }

  /// It found more than is counted to.
  func learn(_ search: TutorSearch, at stamp: Stamp, _ minute: Instant) {
    let range = Self.range(of: search, at: stamp)
    let rest = Self.rest(of: search, minute)
    // Of two that overlap otherwise the one known stays: which of them serves more questions nobody knows.
    if let known = enough.find(rest), known.stamp == stamp, range.from < known.from || known.to < range.to { return }
    enough.hold(range, under: rest)
  }

  private static func range(of search: TutorSearch, at stamp: Stamp) -> Range {
    Range(stamp: stamp, from: search.rateMin ?? .min, to: search.rateMax ?? .max)
  }

  private static func rest(of search: TutorSearch, _ minute: Instant) -> String {
    var rest = search
    (rest.rateMin, rest.rateMax) = (nil, nil)
    return rest.filterKey(in: minute)
  }
}
