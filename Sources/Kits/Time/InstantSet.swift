package import Core

/// A set of instants as sorted, disjoint, half-open stretches that do not touch: two sets are equal when they hold the
/// same instants.
package struct InstantSet: Hashable, Sendable {
  package private(set) var ranges: [Range<Instant>]

  package init() { ranges = [] }

  /// The union of `ranges`, which may come in any order, touch, overlap, and be empty.
  package init(_ ranges: some Sequence<Range<Instant>>) {
    self.ranges = []
    for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
  }

  package init(_ range: Range<Instant>) { ranges = range.isEmpty ? [] : [range] }

  package var isEmpty: Bool { ranges.isEmpty }

  /// The sum of all stretches.
  package var duration: Duration { ranges.reduce(.zero) { $0 + ($1.upperBound - $1.lowerBound) } }

  package func contains(_ instant: Instant) -> Bool {
    let at = firstEnding(after: instant)
    return at < ranges.count && ranges[at].lowerBound <= instant
  }

  /// Whether all of `range` is inside. The empty range is inside everything.
  package func contains(_ range: Range<Instant>) -> Bool {
    guard !range.isEmpty else { return true }
    let at = firstEnding(after: range.lowerBound)
    return at < ranges.count && ranges[at].lowerBound <= range.lowerBound && range.upperBound <= ranges[at].upperBound
  }

  /// Whether any of `range` is inside.
  package func overlaps(_ range: Range<Instant>) -> Bool {
    guard !range.isEmpty else { return false }
    let at = firstEnding(after: range.lowerBound)
    return at < ranges.count && ranges[at].lowerBound < range.upperBound
  }

  package func union(_ other: InstantSet) -> InstantSet {
    var result = InstantSet()
    var mine = ranges[...]
    var theirs = other.ranges[...]
    while let a = mine.first, let b = theirs.first {
      if a.lowerBound <= b.lowerBound { result.append(mine.removeFirst()) } else { result.append(theirs.removeFirst()) }
    }
    for range in mine { result.append(range) }
    for range in theirs { result.append(range) }
    return result
  }

  package func intersection(_ other: InstantSet) -> InstantSet {
    var result = InstantSet()
    var mine = 0
    var theirs = 0
    while mine < ranges.count, theirs < other.ranges.count {
      let a = ranges[mine]
      let b = other.ranges[theirs]
      let low = max(a.lowerBound, b.lowerBound)
      let high = min(a.upperBound, b.upperBound)
      if low < high { result.ranges.append(low..<high) }
      if a.upperBound < b.upperBound { mine += 1 } else { theirs += 1 }
    }
    return result
  }

  package func subtracting(_ other: InstantSet) -> InstantSet {
    var result = InstantSet()
    var theirs = 0
    for range in ranges {
      var start = range.lowerBound
      while theirs < other.ranges.count, other.ranges[theirs].upperBound <= start { theirs += 1 }
      var at = theirs
      while at < other.ranges.count, other.ranges[at].lowerBound < range.upperBound {
        if start < other.ranges[at].lowerBound { result.ranges.append(start..<other.ranges[at].lowerBound) }
        start = max(start, other.ranges[at].upperBound)
        at += 1
      }
      if start < range.upperBound { result.ranges.append(start..<range.upperBound) }
    }
    return result
  }

  /// Adds a stretch that begins no earlier than the last one.
  private mutating func append(_ range: Range<Instant>) {
    guard let last = ranges.last, range.lowerBound <= last.upperBound else {
      ranges.append(range)
      return
    }
    ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
  }

  /// The first stretch that ends after `instant`.
  private func firstEnding(after instant: Instant) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= instant { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
