package import Core
import Glibc

// How often anybody may ask. A bucket is one instant, the one at which it will be full again (the generic cell rate
// algorithm, ITU-T I.371): a token costs `period / count` of it, and a bucket is empty when it would be full only a
// whole period from now. One instant a holder is all there is to keep, here or in a store that several nodes share.

/// So many at once, all of them back within the period.
package struct Quota: Sendable, Hashable {
  /// Stands in the `RateLimit` fields and in a store's keys: small letters, digits and hyphens.
  package let name: String
  /// At least 1.
  package let count: Int
  package let period: Duration
  /// What one token costs, in microseconds.
  package let interval: Int64

  package init(_ name: String, _ count: Int, per period: Duration) {
    precondition(count >= 1 && period > .zero, "a quota allows something within some time")
    self.name = name
    self.count = count
    self.period = period
    interval = max(1, period.microseconds / Int64(count))
  }

  /// Spends one token of a bucket that will be full `until` then (in microseconds from now; 0 or less: it is full), and
  /// says when it will be full afterwards. A store that others share does the same sum in its own words.
  package func spend(_ until: Int64) -> (verdict: LimitVerdict, until: Int64) {
    let whole = interval * Int64(count)
    // A clock that was set back must not lock anybody out for longer than a period.
    let missing = min(max(0, until), whole)
    let after = missing + interval
    let isAllowed = after <= whole
    let left = isAllowed ? after : missing
    return (
      LimitVerdict(
        isAllowed: isAllowed, remaining: Int((whole - left) / interval),
        retryAfter: isAllowed ? 0 : Self.seconds(after - whole), reset: Self.seconds(left)), left
    )
  }

  private static func seconds(_ microseconds: Int64) -> Int { Int((microseconds + 999_999) / 1_000_000) }
}

/// What a bucket answered.
package struct LimitVerdict: Sendable, Equatable {
  package let isAllowed: Bool
  /// Whole tokens left.
  package let remaining: Int
  /// Seconds until one token is there again; 0 when this one was given.
  package let retryAfter: Int
  /// Seconds until the bucket is full.
  package let reset: Int

  package init(isAllowed: Bool, remaining: Int, retryAfter: Int, reset: Int) {
    self.isAllowed = isAllowed
    self.remaining = remaining
    self.retryAfter = retryAfter
    self.reset = reset
  }
}

/// Where buckets are kept. One process keeps its own (``MemoryLimits``); several nodes of one site share one.
package protocol LimitStore: Sendable {
  /// Spends one token of the holder's bucket, if there is one, all in one step. A bucket that was never seen is full.
  /// `holder` names no person in clear: an address, an internal number, or a hash.
  ///
  /// Throws when the store cannot be asked; the caller then counts in its own memory.
  func spend(_ quota: Quota, holder: String, at now: Instant) async throws -> LimitVerdict
}

/// Buckets in this process, shared by all loops; sharded, so that they seldom meet.
///
/// The memory is bounded: when a shard is full, full buckets go first (they are as good as new), then those nearest to
/// full. Who has spent most is forgotten last, so nobody washes a record clean by calling from many addresses.
package final class MemoryLimits: LimitStore {
  /// Hashed once: the shard, the look-up and the entry all ask for it.
  private struct Key: Hashable {
    let quota: String
    let holder: String
    let hash: Int

    init(quota: String, holder: String) {
      self.quota = quota
      self.holder = holder
      var hasher = Hasher()
      hasher.combine(quota)
      hasher.combine(holder)
      hash = hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
  }

  private static let shardCount = 16
  private let mostInShard: Int
  /// When each bucket will be full.
  private let shards: [Locked<[Key: Instant]>]

  /// At most so many buckets, about a hundred bytes each.
  package init(most: Int = 100_000) {
    mostInShard = max(8, most / Self.shardCount)
    shards = (0..<Self.shardCount).map { _ in Locked([:]) }
  }

  package func spend(_ quota: Quota, holder: String, at now: Instant) async -> LimitVerdict {
    take(quota, holder: holder, at: now)
  }

  /// The same, at once.
  package func take(_ quota: Quota, holder: String, at now: Instant) -> LimitVerdict {
    let key = Key(quota: quota.name, holder: holder)
    let shard = shards[Int(UInt(bitPattern: key.hash) % UInt(Self.shardCount))]
    return shard.withLock { buckets in
      if buckets.count >= mostInShard, buckets[key] == nil { sweep(&buckets, at: now) }
      return Self.spend(quota, of: &buckets[key, default: now], at: now)
    }
  }

  private static func spend(_ quota: Quota, of full: inout Instant, at now: Instant) -> LimitVerdict {
    let (verdict, until) = quota.spend((full - now).microseconds)
    full = now + .microseconds(until)
    return verdict
  }

  /// How many buckets are remembered.
  package var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

  private func sweep(_ buckets: inout [Key: Instant], at now: Instant) {
    buckets = buckets.filter { $0.value > now }
    guard buckets.count >= mostInShard else { return }
    let middle = buckets.values.sorted()[buckets.count / 4]
    buckets = buckets.filter { $0.value > middle }
  }
}
