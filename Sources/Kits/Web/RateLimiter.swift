package import Core
import Glibc

/// Token buckets by key, in memory: each key may spend `capacity` at once and gets `refillPerSecond` back. Shared by all
/// loops; sharded, so that they seldom meet.
package final class RateLimiter: Sendable {
  package struct Verdict: Sendable, Equatable {
    package let isAllowed: Bool
    /// Whole tokens left.
    package let remaining: Int
    /// Seconds until one token is there again; 0 when there is one.
    package let retryAfter: Int
    /// Seconds until the bucket is full.
    package let reset: Int
  }

  private struct Bucket {
    var tokens: Double
    var at: Instant
  }

  private static let shardCount = 16
  /// A shard that grows beyond this forgets the keys whose buckets are full again: they are as good as new.
  private static let sweepAt = 4096

  package let capacity: Double
  package let refillPerSecond: Double
  private let shards: [Locked<[String: Bucket]>]

  package init(capacity: Double, refillPerSecond: Double) {
    precondition(capacity >= 1 && refillPerSecond > 0)
    self.capacity = capacity
    self.refillPerSecond = refillPerSecond
    shards = (0..<Self.shardCount).map { _ in Locked([:]) }
  }

  /// Spends one token of the key's, if there is one.
  package func take(_ key: String, at now: Instant) -> Verdict {
    let shard = shards[Int(UInt(bitPattern: key.hashValue) % UInt(Self.shardCount))]
    return shard.withLock { buckets in
      if buckets.count >= Self.sweepAt { sweep(&buckets, at: now) }
      var bucket = buckets[key] ?? Bucket(tokens: capacity, at: now)
      refill(&bucket, at: now)
      let isAllowed = bucket.tokens >= 1
      if isAllowed { bucket.tokens -= 1 }
      buckets[key] = bucket
      let missing = max(0, 1 - bucket.tokens)
      return Verdict(
        isAllowed: isAllowed, remaining: Int(bucket.tokens), retryAfter: Int((missing / refillPerSecond).rounded(.up)),
        reset: Int(((capacity - bucket.tokens) / refillPerSecond).rounded(.up)))
    }
  }

  /// How many keys are remembered.
  package var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

  private func refill(_ bucket: inout Bucket, at now: Instant) {
    // A clock that was set back gives nothing and takes nothing.
    let seconds = max(0, Double((now - bucket.at).microseconds) / 1_000_000)
    bucket.tokens = min(capacity, bucket.tokens + seconds * refillPerSecond)
    bucket.at = now
  }

  /// When all are in use the shard is emptied: forgetting is kinder than growing without end.
  private func sweep(_ buckets: inout [String: Bucket], at now: Instant) {
    buckets = buckets.filter { _, bucket in
      let seconds = Double((now - bucket.at).microseconds) / 1_000_000
      return bucket.tokens + seconds * refillPerSecond < capacity
    }
    if buckets.count >= Self.sweepAt { buckets.removeAll(keepingCapacity: true) }
  }
}
