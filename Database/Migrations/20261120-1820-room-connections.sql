-- Which socket holds a seat, who knocks, and when a seat last changed, so that a restarted server knows it all.
alter table room_seats
  add column connection uuid,
  add column knocked_at timestamptz,
  add column changed_at timestamptz not null default now();

-- What the two ends made of the link, in words.
alter table room_quality
  add column grade text check (grade in ('good', 'fair', 'poor', 'lost')),
  add column rung  text check (rung in ('full', 'low', 'audio')),
  add column jitter_ms int;
