-- A search somebody keeps under a name, and whom it has told of whom, so that nobody is told twice.
create table saved_searches (
  id         uuid primary key,
  user_id    uuid not null references users on delete cascade,
  name       text not null check (length(name) between 1 and 80),
  query      text not null check (length(query) <= 2000),   -- the page's own parameters, as an address has them
  mail_since timestamptz,                                    -- tutors verified after this are written of; null for no letters
  created_at timestamptz not null,
  constraint one_saved_search_per_question unique (user_id, query)
);
create index saved_searches_with_letters on saved_searches (id) where mail_since is not null;

create table saved_search_hits (
  search_id uuid not null references saved_searches on delete cascade,
  tutor_id  uuid not null references tutors on delete cascade,
  constraint one_hit_per_search primary key (search_id, tutor_id)
);
create index saved_search_hits_of_tutor on saved_search_hits (tutor_id);

-- Who is new: few among many, found by when they were verified.
create index tutors_by_verification on tutors (verified_at) where state = 'verified';
