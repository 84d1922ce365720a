-- What people want to hear of, and how. A row is a departure from the rule, which is that everything is told everywhere;
-- which topics there are, and which of them cannot be switched off, the room says (Topic.swift). People belong to Accounts,
-- who stands on this room: therefore no foreign keys to them.
create table muted_notices (
  user_id  uuid not null,
  topic    text not null check (topic ~ '^[a-z]{1,20}$'),
  channel  text not null check (channel in ('mail', 'push')),
  muted_at timestamptz not null default now(),
  primary key (user_id, topic, channel)
);

-- Hours in which nobody is disturbed, on the clock of the person's own zone; over midnight when they end before they begin.
create table quiet_hours (
  user_id   uuid primary key,
  from_hour int not null check (from_hour between 0 and 23),
  to_hour   int not null check (to_hour between 0 and 23),
  constraint quiet_hours_pass check (from_hour <> to_hour)
);

-- What a notice and a letter are about, as they were told. Nothing: they cannot be switched off.
alter table notifications add column topic text;
alter table mails add column topic text;
