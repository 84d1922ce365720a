-- The sites that may show pages of this one in a frame: for one tutor's page when a tutor is named, else for all of them.
create table embed_origins (
  tutor_id   uuid references tutors on delete cascade,
  -- As browsers spell it: scheme, host, port when it is not the usual one. It stands in a header field, so nothing else.
  origin     text not null constraint embed_origin_is_plain
             check (origin ~ '^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$' and length(origin) <= 260),
  added_at   timestamptz not null default now()
);
create unique index one_embed_origin on embed_origins (coalesce(tutor_id, '00000000-0000-0000-0000-000000000000'), origin);
