-- What is done later, and what is told to whom: written in the same commit as its cause, so that neither is ever lost
-- nor happens for something that did not.

create table jobs (
  id           uuid primary key,
  -- The order in which they were asked for.
  number       bigint not null generated always as identity,
  name         text not null,
  payload      jsonb not null,
  -- Waiting jobs of one name and key are one job.
  key          text,
  -- Not before; the epoch means at once.
  run_at       timestamptz not null default 'epoch',
  attempts     int not null default 0,
  max_attempts int not null default 10 check (max_attempts > 0),
  leased_until timestamptz,
  lease_owner  text,
  last_error   text,
  created_at   timestamptz not null default now(),
  finished_at  timestamptz,
  -- Given up; waits for a person.
  dead_at      timestamptz,
  constraint a_job_ends_once check (finished_at is null or dead_at is null),
  constraint a_lease_has_an_owner check ((leased_until is null) = (lease_owner is null))
);
create index jobs_due on jobs (run_at, number) where finished_at is null and dead_at is null;
create unique index one_waiting_job_per_key on jobs (name, key)
  where key is not null and lease_owner is null and finished_at is null and dead_at is null;
create index jobs_open_by_name on jobs (name) where finished_at is null and dead_at is null;
create index jobs_dead on jobs (dead_at desc) where dead_at is not null;
create index jobs_finished on jobs (finished_at) where finished_at is not null;

-- The outbox: facts that have happened, until every listener has its job.
create table events (
  id            bigint primary key generated always as identity,
  name          text not null,
  payload       jsonb not null,
  at            timestamptz not null default now(),
  dispatched_at timestamptz
);
create index events_to_dispatch on events (id) where dispatched_at is null;
create index events_dispatched on events (dispatched_at) where dispatched_at is not null;

-- What is done again and again, by one node each time: whoever moves the row on has the turn.
create table schedules (
  name    text primary key,
  next_at timestamptz not null,
  last_at timestamptz
);
