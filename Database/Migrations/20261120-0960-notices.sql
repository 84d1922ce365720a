-- What the house tells people: in the app, and by mail. Kinds and values are kept, not sentences: the words are chosen
-- when they are shown or sent. People belong to Accounts, who stands on this room: therefore no foreign keys to them.
create table notifications (
  id         uuid primary key,
  number     bigint generated always as identity,      -- rises; what a socket that was away resumes after
  user_id    uuid not null,
  kind       text not null,
  params     jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
  link       text check (link ~ '^/[^/]' or link = '/'),
  created_at timestamptz not null default now(),
  read_at    timestamptz
);
create index notifications_of_user on notifications (user_id, number desc);
create index notifications_unread on notifications (user_id) where read_at is null;

create table mails (
  id         uuid primary key,
  user_id    uuid,
  to_address text,                                     -- known when it is written; before that it is looked up
  kind       text not null,
  params     jsonb not null default '{}' check (jsonb_typeof(params) = 'object'),
  link       text check (link ~ '^/[^/]' or link = '/'),
  ics        text,
  ics_method text check (ics_method in ('REQUEST', 'CANCEL', 'PUBLISH')),
  booking_id uuid,
  state      text not null default 'queued' constraint mail_state check (state in
               ('queued', 'outbox', 'sent', 'failed', 'bounced', 'dropped')),
  attempts   int  not null default 0,
  last_error text,
  reply      text,                                     -- what the relay said
  subject    text,
  body_text  text,                                     -- kept in the outbox only; gone once it is sent
  body_html  text,
  created_at timestamptz not null default now(),
  sent_at    timestamptz,
  constraint mail_has_reader check (user_id is not null or to_address is not null),
  constraint mail_invitation_whole check ((ics is null) = (ics_method is null))
);
create index mails_by_age on mails (created_at desc, id);
create index mails_of_user on mails (user_id, created_at desc);
create index mails_of_booking on mails (booking_id, created_at) where booking_id is not null;
create index mails_unsent on mails (created_at) where state in ('queued', 'failed', 'bounced');

-- Published: what became of each mail. `body_*` is there while no mail server is set up.
create view mail_log as
  select id, user_id, to_address, kind, booking_id, state, attempts, last_error, reply, subject, body_text, body_html, ics,
         created_at, sent_at
    from mails;

-- Published: how much waits unread.
create view unread_notices as
  select user_id, count(*)::int as unread from notifications where read_at is null group by user_id;
