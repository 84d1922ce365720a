import Postgres

extension Figure {
  /// What waits, how long the oldest has been due, and what was given up: the same for every feature's jobs.
  package static let jobs: [Figure] = [
    Figure(
      "jobs_open", "Jobs that are not done, by name.", by: "name",
      Query("select name, count(*)::float8 from jobs where finished_at is null and dead_at is null group by name")),
    Figure(
      "jobs_oldest_due_seconds", "For how long the job that has been due longest has waited.",
      Query(
        """
        select coalesce(max(extract(epoch from now() - greatest(run_at, created_at))), 0)::float8
          from jobs where finished_at is null and dead_at is null and lease_owner is null and run_at <= now()
        """)),
    Figure(
      "jobs_dead", "Jobs given up within a day, by name.", by: "name",
      Query("select name, count(*)::float8 from jobs where dead_at > now() - interval '1 day' group by name")),
    Figure(
      "events_undispatched", "Events whose listeners have no jobs yet.",
      Query("select count(*)::float8 from events where dispatched_at is null")),
  ]
}
