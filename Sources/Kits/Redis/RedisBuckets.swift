/// Token buckets kept in Redis, so that all nodes of a site spend from the same. A bucket is the instant at which it will be
/// full again (the generic cell rate algorithm), by the server's clock; the script runs alone, so two nodes cannot spend one
/// token twice. A bucket that is full again is forgotten.
package struct RedisBuckets: Sendable {
  let redis: Redis
  let prefix: String

  package init(_ redis: Redis, prefix: String) {
    self.redis = redis
    self.prefix = prefix
  }

  /// Spends a token, if there is one, and says what was missing before: microseconds until the bucket would have been full.
  /// A token was there when that and `interval` together are at most `interval` × `count`.
  ///
  /// - Parameter interval: what one token costs, in microseconds.
  package func spend(
    _ key: String, interval: Int64, count: Int, within limit: Duration = .milliseconds(250)
  ) async throws -> Int64 {
    let (whole, overflow) = interval.multipliedReportingOverflow(by: Int64(count))
    guard !overflow else { throw RedisError(description: "a bucket larger than time") }
    let reply = try await redis.command(
      "EVAL", Self.script, "1", prefix + key, String(interval), String(whole), within: limit)
    guard let missing = reply.text.flatMap({ Int64($0) }) else {
      throw RedisError(description: "a bucket answered nothing that can be read")
    }
    return missing
  }

  /// A clock that was set back must not lock anybody out for longer than a period. Microseconds since 1970 are whole numbers
  /// in a double until the year 2255.
  private static let script = """
    local interval, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
    local clock = redis.call('TIME')
    local now = clock[1] * 1000000 + clock[2]
    local missing = math.min(math.max(0, (tonumber(redis.call('GET', KEYS[1])) or 0) - now), whole)
    local after = missing + interval
    if after <= whole then
      redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', string.format('%.0f', math.ceil(after / 1000) + 1))
    end
    return string.format('%.0f', missing)
    """
}
