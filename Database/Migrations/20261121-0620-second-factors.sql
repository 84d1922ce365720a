-- A second proof of who signs in: time-based one-time codes (RFC 6238), and ten codes on paper for when the phone is gone.
-- The secret is sealed. No code is good twice: `last_step` only grows, a paper code is marked used.
create table second_factors (
  user_id      uuid primary key references users on delete cascade,
  secret       text        not null,
  created_at   timestamptz not null,
  confirmed_at timestamptz,             -- until a code has been given once, it counts for nothing
  last_step    bigint      not null default 0,
  failures     int         not null default 0 check (failures >= 0),
  failed_at    timestamptz
);
create trigger live_key before insert or update of secret on second_factors
  for each row execute function refuse_retired_key('secret');

create table recovery_codes (
  user_id   uuid  not null references second_factors on delete cascade,
  code_hash bytea not null check (length(code_hash) = 32),   -- of 80 random bits: nothing to guess
  used_at   timestamptz,
  primary key (user_id, code_hash)
);
