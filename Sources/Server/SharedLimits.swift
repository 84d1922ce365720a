import Core
import Redis
import Web

/// The buckets of the rate limits in Redis, for all nodes together.
struct SharedLimits: LimitStore {
  let buckets: RedisBuckets

  init(_ redis: Redis) { buckets = RedisBuckets(redis, prefix: "tutalink:limit:") }

  func spend(_ quota: Quota, holder: String, at now: Instant) async throws -> LimitVerdict {
    let missing = try await buckets.spend(
      quota.name + ":" + holder, interval: quota.interval, count: quota.count)
    return quota.spend(missing).verdict
  }
}
