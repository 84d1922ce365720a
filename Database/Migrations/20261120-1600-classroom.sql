-- The live room of a booking: who sat where and when, what was said, how well it carried.
create table rooms (
  id         uuid primary key,
  booking_id uuid not null references bookings constraint one_room_per_booking unique,
  code       text not null constraint one_room_per_code unique check (code ~ '^[a-z0-9-]{8,40}$'),
  state      text not null default 'waiting' check (state in ('waiting', 'open', 'ended')),
  opened_at  timestamptz,
  ended_at   timestamptz,
  last_message int not null default 0,       -- the number of the newest message; numbers are allotted under this row's lock
  created_at timestamptz not null default now()
);

create table room_seats (
  room_id     uuid not null references rooms on delete cascade,
  user_id     uuid not null references users,
  role        text not null check (role in ('tutor', 'learner')),
  resume_hash bytea,                          -- proves that a returning browser is the one that left
  admitted_at timestamptz,
  denied_at   timestamptz,
  seen_at     timestamptz,
  primary key (room_id, user_id)
);

-- Attendance is what presence was: one row per stay. An open stay has no end; a sweep closes those of lost sockets.
create table room_stays (
  id        uuid primary key,
  room_id   uuid not null references rooms on delete cascade,
  user_id   uuid not null references users,
  joined_at timestamptz not null,
  seen_at   timestamptz not null,
  left_at   timestamptz check (left_at >= joined_at),
  reason    text
);
create unique index one_open_stay on room_stays (room_id, user_id) where left_at is null;
create index stays_of_room on room_stays (room_id, joined_at);

create table room_messages (
  room_id   uuid not null references rooms on delete cascade,
  number    int  not null,
  user_id   uuid not null references users,
  client_id text not null check (length(client_id) between 1 and 64),
  words     text not null check (length(words) between 1 and 4000),
  at        timestamptz not null default now(),
  primary key (room_id, number),
  constraint one_message_per_client_id unique (room_id, user_id, client_id)
);

create table room_quality (
  room_id uuid not null references rooms on delete cascade,
  user_id uuid not null references users,
  at      timestamptz not null,
  rtt_ms  int, loss_permille int, kbps_in int, kbps_out int, frame_height int, relayed boolean,
  primary key (room_id, user_id, at)
);

-- Published: how long each side was there, kept with the booking.
create view attendance as
  select r.booking_id, s.user_id, min(s.joined_at) as first_joined_at,
         coalesce(sum(extract(epoch from coalesce(s.left_at, s.seen_at) - s.joined_at)), 0)::bigint as seconds
    from room_stays s join rooms r on r.id = s.room_id group by r.booking_id, s.user_id;
