-- The names (never the secrets) of the keys that seal columns, so that one can be retired for good: a process that
-- still holds a retired key may read with it and no longer write.
create table sealing_keys (
  id         text primary key check (id ~ '^[A-Za-z0-9_-]{1,32}$'),
  first_seen timestamptz not null default now(),
  retired_at timestamptz
);

-- Before a row with a sealed text is written: its key must be in use, and stays so until the writer commits.
-- The argument is the column's name. A writer holds the key's row in share, the one who retires it holds it alone.
create function refuse_retired_key() returns trigger language plpgsql as $$
declare
  sealed text := to_jsonb(new) ->> tg_argv[0];
  key text := split_part(sealed, '.', 1);
  retired timestamptz;
begin
  if sealed is null then return new; end if;
  select retired_at into retired from sealing_keys where id = key for key share;
  if not found then
    insert into sealing_keys (id) values (key) on conflict do nothing;
    select retired_at into retired from sealing_keys where id = key for key share;
  end if;
  if retired is not null then
    raise exception 'the key % was retired', key
      using errcode = 'check_violation', constraint = 'sealing_key_in_use';
  end if;
  return new;
end $$;
