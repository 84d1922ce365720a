-- One review per finished lesson. Swift says it kindly; the constraint makes it true under races.
create table reviews (
  id         uuid primary key,
  booking_id uuid not null references bookings constraint one_review_per_lesson unique,
  tutor_id   uuid not null references users,
  author_id  uuid not null references users,
  stars      int  not null check (stars between 1 and 5),
  words      text not null check (length(words) <= 2000),
  clarity    int check (clarity between 1 and 5),
  patience   int check (patience between 1 and 5),
  preparation int check (preparation between 1 and 5),
  punctuality int check (punctuality between 1 and 5),
  written_at timestamptz not null default now(),
  reply      text check (length(reply) between 1 and 2000),
  replied_at timestamptz,
  hidden_at  timestamptz,
  hidden_reason text check (length(hidden_reason) <= 500)
);
create index reviews_by_tutor on reviews (tutor_id, written_at desc, id) where hidden_at is null;
create index reviews_by_author on reviews (author_id, written_at desc);

-- Published: what anybody may read.
create view published_reviews as
  select id, booking_id, tutor_id, author_id, stars, words, written_at from reviews where hidden_at is null;
