-- What is taught, by whom, for how much. `tutor_listings` is the read model that search answers from.
create table subjects (
  id        uuid primary key,
  slug      text not null constraint one_subject_per_slug unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
  title     text not null check (length(title) between 1 and 120),
  code      text check (length(code) <= 20),
  category  text not null check (category in ('university', 'school', 'languages', 'music', 'professional')),
  level     text check (level in ('beginner', 'intermediate', 'advanced', 'university')),
  position  int  not null default 0,
  is_active boolean not null default true
);

create table tutors (
  user_id        uuid primary key references users on delete cascade,
  slug           text not null constraint one_tutor_per_slug unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,79}$'),
  headline       text check (length(headline) <= 120),
  biography      text check (length(biography) <= 6000),          -- Markdown, as written
  experience     text check (length(experience) <= 3000),
  years_teaching int  check (years_teaching between 0 and 70),
  city           text check (length(city) <= 80),
  latitude       double precision check (latitude between -90 and 90),
  longitude      double precision check (longitude between -180 and 180),
  modes          text[] not null default '{online}' check (modes <@ '{online,in_person}' and cardinality(modes) > 0),
  approval       text not null default 'instant' check (approval in ('instant', 'request')),
  currency       text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  state          text not null default 'draft' check (state in ('draft', 'submitted', 'verified', 'rejected', 'paused')),
  verdict_reason text check (length(verdict_reason) <= 1000),
  submitted_at   timestamptz,
  verified_at    timestamptz,
  completion     int not null default 0 check (completion between 0 and 100),
  response_minutes int,
  lessons_held   int not null default 0,
  rating_sum     int not null default 0,
  rating_count   int not null default 0,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
create index tutors_by_state on tutors (state, submitted_at);

create table tutor_languages (
  tutor_id uuid not null references tutors on delete cascade,
  language text not null check (language ~ '^[a-z]{2,3}$'),
  fluency  text not null check (fluency in ('basic', 'conversational', 'fluent', 'native')),
  primary key (tutor_id, language)
);

create table tutor_subjects (
  tutor_id    uuid not null references tutors on delete cascade,
  subject_id  uuid not null references subjects,
  hourly_rate int  not null check (hourly_rate between 0 and 100000000),   -- minor units of the tutor's currency; 0 is free
  durations   int[] not null default '{60}' check (durations <@ '{15,30,45,60,90,120}' and cardinality(durations) > 0),
  position    int not null default 0,
  primary key (tutor_id, subject_id)
);

create table credentials (
  id          uuid primary key,
  tutor_id    uuid not null references tutors on delete cascade,
  kind        text not null check (kind in ('degree', 'certificate', 'gpa', 'experience')),
  title       text not null check (length(title) between 1 and 160),
  issuer      text check (length(issuer) <= 160),
  year        int  check (year between 1940 and 2100),
  gpa         numeric(5,2),
  gpa_scale   numeric(5,2),
  file_id     uuid,
  state       text not null default 'unverified' check (state in ('unverified', 'verified', 'rejected')),
  created_at  timestamptz not null default now(),
  check ((kind = 'gpa') = (gpa is not null and gpa_scale is not null)),
  check (gpa is null or (gpa >= 0 and gpa_scale > 0 and gpa <= gpa_scale))
);
create index credentials_of_tutor on credentials (tutor_id, created_at);

create table tutor_samples (
  id       uuid primary key,
  tutor_id uuid not null references tutors on delete cascade,
  file_id  uuid not null,
  kind     text not null check (kind in ('audio', 'video')),
  title    text not null check (length(title) between 1 and 120),
  created_at timestamptz not null default now()
);
create index samples_of_tutor on tutor_samples (tutor_id, created_at);

-- One row per tutor and subject with everything that is filtered, sorted or shown, and the public card ready to send.
-- Kept by Tutors alone (`refresh_listing`); only verified tutors stand here. `card` holds allow-listed public fields.
create table tutor_listings (
  tutor_id       uuid not null references tutors on delete cascade,
  subject_id     uuid not null references subjects,
  category       text not null,
  level          text,
  rate           int  not null,
  currency       text not null,
  rating         int  not null default 0,      -- average in thousandths of a star, 0 without reviews
  rating_count   int  not null default 0,
  lessons_held   int  not null default 0,
  gpa            int,                           -- best verified GPA in thousandths of its scale
  languages      text[] not null,
  modes          text[] not null,
  cell           int,                           -- 0.1° grid: (latitude+90)*10 * 3600 + (longitude+180)*10
  latitude       double precision,
  longitude      double precision,
  free_mask      bit(168) not null default repeat('0', 168)::bit(168),   -- hours of the UTC week with an opening
  next_free      timestamptz,                   -- the first of next_frees, to sort by
  next_frees     timestamptz[] not null default '{}',
  words          text not null,                 -- folded words for trigram and full-text search
  lexemes        tsvector generated always as (to_tsvector('simple', words)) stored,
  card           jsonb not null,
  document       text not null generated always as ((card - 'photo_id') #>> '{}') stored,   -- the card as the API sends it
  is_main        boolean not null,              -- the tutor's first subject: the row that answers when no subject is asked for
  updated_at     timestamptz not null default now(),
  primary key (tutor_id, subject_id)
);
create index listings_by_rating on tutor_listings (subject_id, rating desc, rating_count desc, tutor_id desc) include (rate, currency, level);
create index listings_by_rate on tutor_listings (subject_id, rate, tutor_id) include (rating, currency);
create index listings_soon on tutor_listings (subject_id, next_free, tutor_id) where next_free is not null;
create index listings_by_cell on tutor_listings (cell, subject_id) include (rate, rating);
create index listings_by_words on tutor_listings using gin (words gin_trgm_ops) where is_main;
create index listings_by_lexemes on tutor_listings using gin (lexemes) where is_main;
create index listings_overall on tutor_listings (rating desc, rating_count desc, tutor_id desc) where is_main;
create index listings_overall_by_rate on tutor_listings (rate, tutor_id) where is_main;
create index listings_overall_soon on tutor_listings (next_free, tutor_id) where is_main and next_free is not null;

create table favourites (
  user_id  uuid not null references users on delete cascade,
  tutor_id uuid not null references tutors on delete cascade,
  at       timestamptz not null default now(),
  primary key (user_id, tutor_id)
);

-- Published: a tutor as other rooms may show one.
create view tutor_facts as
  select t.user_id as tutor_id, t.slug, p.full_name, p.username, p.photo_file_id, p.zone, p.language, t.headline, t.currency, t.approval,
         t.state = 'verified' and p.is_active as is_listed, t.state, t.rating_sum, t.rating_count
    from tutors t join people p on p.id = t.user_id;
