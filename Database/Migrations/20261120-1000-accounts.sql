-- People, how they prove who they are, and what they may do. Tokens and session keys are stored as hashes only.
create table users (
  id                uuid primary key,
  email             citext not null constraint one_account_per_email unique check (length(email) between 3 and 254),
  username          citext not null constraint one_account_per_username unique check (username ~ '^[a-z0-9][a-z0-9._-]{2,29}$'),
  full_name         text   not null check (length(full_name) between 1 and 120),
  password_hash     text   not null,
  language          text   not null default 'en',
  zone              text   not null default 'UTC',
  department        text   check (length(department) <= 120),
  year_of_study     int    check (year_of_study between 1 and 12),
  photo_file_id     uuid,
  learning_goals    text   check (length(learning_goals) <= 2000),
  verified_at       timestamptz,
  suspended_at      timestamptz,
  terms_accepted_at timestamptz not null,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
create index users_by_age on users (created_at desc, id);

-- A role is held, not chosen: the same person may learn, tutor and administer.
create table user_roles (
  user_id uuid not null references users on delete cascade,
  role    text not null check (role in ('learner', 'tutor', 'guardian', 'support', 'finance', 'moderator', 'admin')),
  granted_at timestamptz not null default now(),
  primary key (user_id, role)
);
create index users_by_role on user_roles (role, user_id);

create table sessions (
  id           uuid primary key,
  user_id      uuid not null references users on delete cascade,
  token_hash   bytea not null constraint one_session_per_token unique,
  kind         text not null default 'web' check (kind in ('web', 'api')),
  family       uuid not null,          -- refresh tokens of one sign-in; reuse of an old one revokes them all
  remembered   boolean not null default false,
  device       text check (length(device) <= 200),
  created_at   timestamptz not null default now(),
  seen_at      timestamptz not null default now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz
);
create index sessions_of_user on sessions (user_id, created_at desc);
create index sessions_of_family on sessions (family);

-- Single-use letters: address verification, password reset.
create table letters (
  id         uuid primary key,
  user_id    uuid not null references users on delete cascade,
  purpose    text not null check (purpose in ('verify', 'reset', 'change-email')),
  token_hash bytea not null constraint one_letter_per_token unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz
);
create index letters_of_user on letters (user_id, purpose, created_at desc);

-- Who did what to an account: sign-ins, changes, verdicts. No secrets, no addresses of others.
create table activity_log (
  id      uuid primary key,
  user_id uuid references users on delete set null,
  actor_id uuid references users on delete set null,
  kind    text not null,
  details jsonb not null default '{}',
  at      timestamptz not null default now()
);
create index activity_of_user on activity_log (user_id, at desc);

-- Published: what other rooms may show of a person.
create view people as
  select id, full_name, username::text as username, photo_file_id, language, zone, verified_at is not null and suspended_at is null as is_active
    from users;

-- Published to Notices alone: how to reach a person.
create view people_contact as
  select id, full_name, email::text as email, language, zone, verified_at is not null as email_verified,
         suspended_at is not null as is_suspended
    from users;
