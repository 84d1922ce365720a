-- When a tutor teaches: wall-clock hours in the tutor's zone. Instants are derived, never stored.
create table availability_settings (
  tutor_id       uuid primary key references tutors on delete cascade,
  zone           text not null,
  buffer_before  int not null default 0  check (buffer_before between 0 and 240),     -- minutes
  buffer_after   int not null default 0  check (buffer_after between 0 and 240),
  notice         int not null default 720 check (notice between 0 and 43200),         -- minutes
  horizon_days   int not null default 60 check (horizon_days between 1 and 366),
  step           int not null default 30 check (step in (15, 30, 60)),                -- minutes between starts
  daily_limit    int check (daily_limit between 1 and 24),
  updated_at     timestamptz not null default now()
);

-- Monday is 1. An end of 1440 is midnight; hours that cross midnight are two rows.
create table availability_hours (
  tutor_id uuid not null references tutors on delete cascade,
  weekday  int not null check (weekday between 1 and 7),
  hours    int4range not null check (lower(hours) >= 0 and upper(hours) <= 1440 and not isempty(hours)),  -- minutes of the day
  constraint hours_do_not_overlap exclude using gist (tutor_id with =, weekday with =, hours with &&)
);

-- What a date has instead of its weekday's hours; no rows of hours and `is_closed` means the day is off.
create table availability_overrides (
  tutor_id uuid not null references tutors on delete cascade,
  date     date not null,
  is_closed boolean not null default false,
  note     text check (length(note) <= 200),
  primary key (tutor_id, date)
);
create table availability_override_hours (
  tutor_id uuid not null,
  date     date not null,
  hours    int4range not null check (lower(hours) >= 0 and upper(hours) <= 1440 and not isempty(hours)),
  foreign key (tutor_id, date) references availability_overrides on delete cascade,
  constraint override_hours_do_not_overlap exclude using gist (tutor_id with =, date with =, hours with &&)
);

-- Published: which tutors have set hours at all.
create view tutors_with_hours as select distinct tutor_id from availability_hours;
