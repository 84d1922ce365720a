import Bus
import Core
import Doctor
import Jobs
import Loop
import Platform
import Postgres
import Redis
import Site
import Web

// What is looked at while the house stands: the parts people are told of, and the figures of the kits.

extension House {
  /// The parts of the site on its status page, each with the look that tells how it is.
  static func components(
    _ config: Config, database: Database, redis: Redis?, relay: NodeRelay?, disk: BlockingPool
  ) -> [Component] {
    let home = config.home
    let turn = RelayCheck(stun: config.stunURLs, turn: config.turnURLs, secret: config.turnSecret, patience: 1200)
    let hasRelay = !config.turnURLs.isEmpty
    let hasMail = config.smtpURL != nil
    return [
      Component("database") {
        let began = Instant.now
        _ = try await database.one(Query<Int>("select 1"))
        return Instant.now - began > .seconds(1) ? .limited : .well
      },
      Component("files") {
        let machine = MachineCheck(home: home)
        return try await disk.run { worst([machine.store(), machine.disk()]) }
      },
      Component("mail") {
        guard hasMail else { return .off }
        let waited = try await database.one(
          Query<Double>(
            "select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 from mails where state = 'queued'")
        )
        return late(waited, limited: 300, down: 3600)
      },
      Component("relay") {
        guard hasRelay else { return .off }
        return try await disk.run {
          let found = turn.findings()
          let broken = found.count { $0.state == .broken }
          return broken == 0 ? .well : broken < found.count ? .limited : .down
        }
      },
      Component("jobs") {
        let waited = try await database.one(
          Query<Double>(
            """
            select coalesce(max(extract(epoch from now() - greatest(run_at, created_at))), 0)::float8
              from jobs where finished_at is null and dead_at is null and lease_owner is null and run_at <= now()
            """))
        return late(waited, limited: 120, down: 1800)
      },
      Component("live") {
        // One that hangs is found out by asking; who does not answer is given up by its link.
        if let redis { _ = try? await redis.command("PING") }
        return live(redis, relay)
      },
    ]
  }

  /// How what people of one node say and do reaches those of the others. Off where there is one node.
  static func live(_ redis: Redis?, _ relay: NodeRelay?) -> Condition {
    guard let relay else { return .off }
    if relay.figures.isCut { return .down }
    return redis?.isUp == false ? .limited : .well
  }

  /// What every page says: parts that are down, and what is late where people wait for it. A disk that is filling up is for
  /// whoever keeps the site. Redis is not waited for: it is told of from the first page on.
  static func troubles(_ watch: Watch, redis: Redis?, relay: NodeRelay?) -> [Trouble] {
    let seen = watch.sight.conditions
    return watch.components.compactMap { component in
      let condition = component.name == "live" ? live(redis, relay) : seen[component.name] ?? .off
      let isTold = condition == .down || condition == .limited && ["database", "mail", "live"].contains(component.name)
      return isTold ? Trouble(component.name, condition.rawValue) : nil
    }
  }

  private static func late(_ seconds: Double, limited: Double, down: Double) -> Condition {
    seconds > down ? .down : seconds > limited ? .limited : .well
  }

  private static func worst(_ findings: [Finding]) -> Condition {
    if findings.contains(where: { $0.state == .broken }) { return .down }
    return findings.contains { $0.state == .warning } ? .limited : .well
  }

  /// Figures that the kits keep themselves, read when Prometheus asks.
  static func count(
    database: Database, loops: LoopGroup, runner: Runner, pools: KeyValuePairs<String, BlockingPool>,
    in metrics: Metrics
  ) {
    metrics.counter("database_queries_failed_total", "Statements that failed, refused ones too.") {
      Double(database.statistics.failures)
    }
    metrics.counter("database_queries_slow_total", "Statements slower than SLOW_QUERY_MS.") {
      Double(database.statistics.slowQueries)
    }
    metrics.counter("database_pool_timeouts_total", "Tasks that waited for a session in vain.") {
      Double(database.statistics.timeouts)
    }
    metrics.gauge("database_sessions", "Sessions with the database.") { Double(database.statistics.connections) }
    metrics.gauge("database_sessions_idle", "Sessions nobody uses now.") { Double(database.statistics.idle) }
    metrics.gauge("database_pool_waiting", "Tasks that wait for a session now.") { Double(database.statistics.waiting) }
    for loop in loops.loops {
      metrics.counter(
        "loop_busy_seconds_total", "For how long a loop has been at work, not waiting; its rate is how full it is.",
        labels: ["loop": loop.name]
      ) { Double(loop.busy.microseconds) / 1_000_000 }
    }
    for (name, pool) in pools {
      metrics.gauge("pool_threads_working", "Threads at work.", labels: ["pool": name]) { Double(pool.figures.working) }
      metrics.gauge("pool_waiting", "What waits for a thread.", labels: ["pool": name]) { Double(pool.figures.waiting) }
    }
    metrics.counter("jobs_done_total", "Jobs this node has done.") { Double(runner.statisticsNow.done) }
    metrics.counter("jobs_failed_total", "Tries of jobs that failed on this node.") {
      Double(runner.statisticsNow.failed)
    }
    metrics.counter("jobs_dead_total", "Jobs this node gave up.") { Double(runner.statisticsNow.dead) }
    metrics.gauge("jobs_running", "Jobs this node does now.") { Double(runner.statisticsNow.running) }
    let began = Instant.now
    metrics.gauge("process_start_time_seconds", "When this node started.") { Double(began.microseconds) / 1_000_000 }
  }
}
