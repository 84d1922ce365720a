-- A hold and a booking are one row, so no second path can win a time; the store itself refuses overlap.

-- Terms as data, one row per tutor, and one of nobody: the house's. A booking freezes a copy.
create table booking_policies (
  tutor_id   uuid references users constraint one_policy_per_tutor unique nulls not distinct,
  terms      jsonb not null check (jsonb_typeof(terms) = 'object'),
  updated_at timestamptz not null default now()
);
insert into booking_policies (tutor_id, terms) values (null, '{
  "free_cancel_hours": 24, "late_refund_percent": 50, "grace_minutes": 30, "reschedule_cutoff_hours": 12,
  "no_show_minutes": 15, "no_show_refund_percent": 0, "hold_minutes": 10, "request_expiry_hours": 24,
  "settle_hours": 24, "dispute_days": 7}');

create table bookings (
  id               uuid primary key,
  learner_id       uuid not null references users,
  tutor_id         uuid not null references users,
  subject_id       uuid not null references subjects,
  state            text not null check (state in
                     ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress', 'completed', 'expired', 'declined',
                      'cancelled', 'no_show_learner', 'no_show_tutor', 'disputed')),
  mode             text not null check (mode in ('instant', 'request')),
  starts_at        timestamptz not null,
  ends_at          timestamptz not null,
  during           tstzrange not null generated always as (tstzrange(starts_at, ends_at, '[)')) stored,
  blocked          tstzrange not null,                       -- `during` with the tutor's buffers before and after
  price_amount     int  not null check (price_amount >= 0),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  paid_amount      int  not null default 0 check (paid_amount in (0, price_amount)),
  refund_amount    int  check (refund_amount between 0 and paid_amount),
  refund_rule      text,
  fee_basis_points int  not null check (fee_basis_points between 0 and 10000),
  policy           jsonb not null,
  hold_expires_at    timestamptz,
  request_expires_at timestamptz,
  sequence         int  not null default 0,                  -- iCalendar SEQUENCE: rises whenever an invitation changes
  room_code        text not null constraint one_booking_per_room_code unique check (room_code ~ '^[a-z0-9-]{8,40}$'),
  learner_note     text check (length(learner_note) <= 1000),
  learner_zone     text not null,
  tutor_zone       text not null,
  proposed_starts_at timestamptz,                            -- another time somebody asks for; the lesson stands until it is agreed
  proposed_by      text check (proposed_by in ('learner', 'tutor')),
  moved_late       boolean not null default false,           -- moved when cancelling already had its price
  begun_at         timestamptz,
  finished_at      timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  constraint booking_of_two_people check (learner_id <> tutor_id),
  constraint booking_has_length check (ends_at > starts_at and ends_at <= starts_at + interval '8 hours'),
  constraint booking_buffers_hold_it check (blocked @> tstzrange(starts_at, ends_at, '[)')),
  constraint booking_hold_ends check (state not in ('held', 'awaiting_payment') or hold_expires_at is not null),
  constraint booking_proposal_whole check ((proposed_starts_at is null) = (proposed_by is null)),
  constraint booking_in_progress_begun check (state <> 'in_progress' or begun_at is not null),
  constraint one_lesson_at_a_time_for_tutor exclude using gist (tutor_id with =, blocked with &&)
    where (state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress')),
  constraint one_lesson_at_a_time_for_learner exclude using gist (learner_id with =, during with &&)
    where (state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress'))
);
create index bookings_of_learner on bookings (learner_id, starts_at desc, id);
create index bookings_of_tutor on bookings (tutor_id, starts_at desc, id);
create index bookings_live_of_learner on bookings (learner_id, starts_at) where state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress');
create index bookings_live_of_tutor on bookings (tutor_id, starts_at) where state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress');
create index bookings_of_pair on bookings (tutor_id, learner_id, finished_at desc) where state = 'completed';
create index bookings_held on bookings (hold_expires_at) where state in ('held', 'awaiting_payment');
create index bookings_requested on bookings (request_expires_at) where state = 'requested';
create index bookings_unsettled on bookings (ends_at) where state in ('confirmed', 'in_progress');

-- Who changed what, when, why, through what. Append-only.
create table booking_events (
  id         uuid primary key,
  booking_id uuid not null references bookings,
  at         timestamptz not null,
  actor_id   uuid references users,
  actor_kind text not null check (actor_kind in ('learner', 'tutor', 'staff', 'system')),
  act        text not null,
  from_state text,
  to_state   text not null,
  reason     text check (length(reason) <= 500),
  channel    text not null check (channel in ('web', 'api', 'job', 'gateway', 'room')),
  details    jsonb not null default '{}',
  constraint booking_event_of_person check (actor_kind = 'system' or actor_id is not null)
);
create index booking_events_in_order on booking_events (booking_id, at, id);
create trigger append_only before update or delete on booking_events for each row execute function refuse_change();

-- The same key and body answer the same; the row is written in the transaction it speaks of.
create table idempotency_keys (
  user_id      uuid not null references users on delete cascade,
  key          text not null check (length(key) between 1 and 200),
  request_hash text not null,
  status       int  not null,
  body         text not null,
  created_at   timestamptz not null default now(),
  constraint one_answer_per_key primary key (user_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- Published: what became of lessons.
create view lesson_facts as
  select id, tutor_id, learner_id, subject_id, state, mode, starts_at, ends_at, begun_at, finished_at, room_code,
         price_amount, currency, paid_amount, fee_basis_points, hold_expires_at, learner_zone, tutor_zone, created_at
    from bookings;

-- Published: times that are taken. An overdue hold still stands here until it is swept; who books over it expires it first.
create view booking_busy as
  select id as booking_id, tutor_id, learner_id, blocked, during
    from bookings
   where state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress');
