-- Who did what to whom: append-only and hash-chained, as the ledger is.
--
-- An entry is written in the transaction of what it tells of. Its link in the chain follows right after the commit:
-- linking takes a lock, and held until the end of a long transaction it would make those of everybody else wait.
create table audit_entries (
  id           uuid primary key,
  at           timestamptz not null,
  act          text  not null check (act ~ '^[a-z-]+(\.[a-z-]+)+$'),
  channel      text  not null check (channel in ('web', 'api', 'command', 'system')),
  actor_id     uuid,      -- no reference: what was written stays, whoever goes
  subject_kind text  check (subject_kind ~ '^[a-z_]{1,40}$'),
  subject_id   text  check (length(subject_id) <= 100),
  address      text  check (length(address) <= 60),
  request_id   text  check (length(request_id) <= 60),
  details      jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
  once_key     text  constraint audited_once unique check (length(once_key) <= 200),
  constraint audit_subject_whole check ((subject_kind is null) = (subject_id is null))
);
create index audit_by_time    on audit_entries (at desc, id desc);
create index audit_by_act     on audit_entries (act, at desc, id desc);
create index audit_by_actor   on audit_entries (actor_id, at desc, id desc) where actor_id is not null;
create index audit_by_subject on audit_entries (subject_id, at desc, id desc) where subject_id is not null;

create table audit_links (
  seq       bigint primary key check (seq > 0),
  entry_id  uuid  not null references audit_entries constraint one_link_per_entry unique,
  prev_hash bytea not null check (length(prev_hash) = 32),
  hash      bytea not null check (length(hash) = 32)
);

-- What is written and not linked yet: a queue, and no more.
create table audit_unlinked (
  entry_id uuid primary key references audit_entries
);

create trigger append_only before update or delete on audit_entries for each row execute function refuse_change();
create trigger append_only before update or delete on audit_links   for each row execute function refuse_change();
create trigger never_emptied before truncate on audit_entries for each statement execute function refuse_change();
create trigger never_emptied before truncate on audit_links   for each statement execute function refuse_change();

create function audit_queue() returns trigger language plpgsql as $$
begin
  insert into audit_unlinked (entry_id) values (new.id);
  return new;
end $$;
create trigger queue after insert on audit_entries for each row execute function audit_queue();

-- Everything an entry says, in one reading: an array keeps its places, so nothing can be moved from one to another.
create function audit_canonical(e audit_entries) returns text language sql stable as $$
  select jsonb_build_array(e.id, (extract(epoch from e.at) * 1000000)::bigint, e.act, e.channel, e.actor_id,
    e.subject_kind, e.subject_id, e.address, e.request_id, e.details, e.once_key)::text
$$;

-- Links what waits, in the order it happened; one at a time. Answers how many.
create function audit_link() returns bigint language plpgsql as $$
declare
  e audit_entries;
  last bigint;
  before bytea;
  count bigint := 0;
begin
  perform pg_advisory_xact_lock(7305795821);
  select seq, hash into last, before from audit_links order by seq desc limit 1;
  if not found then
    last := 0;
    before := decode(repeat('00', 32), 'hex');
  end if;
  for e in
    select a.* from audit_unlinked u join audit_entries a on a.id = u.entry_id order by a.at, a.id
  loop
    last := last + 1;
    count := count + 1;
    insert into audit_links (seq, entry_id, prev_hash, hash)
    values (last, e.id, before, sha256(before || convert_to(last || '|' || audit_canonical(e), 'UTF8')))
    returning hash into before;
    delete from audit_unlinked where entry_id = e.id;
  end loop;
  return count;
end $$;

-- Rebuilds the chain from nothing and compares. `broken_at` is the first link that does not hold, `head` the last hash
-- that does. `waiting` entries are not linked yet; one that waits for over an hour, or neither waits nor is linked, is
-- told as well.
create function audit_verify(now timestamptz, out links bigint, out head text, out waiting bigint, out broken_at bigint,
  out entry uuid, out reason text) language plpgsql stable as $$
declare
  l audit_links;
  e audit_entries;
  before bytea := decode(repeat('00', 32), 'hex');
begin
  links := 0;
  select count(*) into waiting from audit_unlinked;
  for l in select * from audit_links order by seq loop
    select * into e from audit_entries where id = l.entry_id;
    reason := case
      when l.seq <> links + 1 then 'gap'
      when l.prev_hash <> before then 'order'
      when e.id is null then 'missing'
      when l.hash is distinct from sha256(before || convert_to(l.seq || '|' || audit_canonical(e), 'UTF8')) then 'content'
    end;
    if reason is not null then
      broken_at := l.seq;
      entry := l.entry_id;
      head := encode(before, 'hex');
      return;
    end if;
    links := l.seq;
    before := l.hash;
  end loop;
  head := encode(before, 'hex');
  select a.id into entry from audit_entries a
   where not exists (select from audit_links x where x.entry_id = a.id)
     and not exists (select from audit_unlinked u where u.entry_id = a.id)
   order by a.at, a.id limit 1;
  if entry is not null then
    broken_at := links + 1;
    reason := 'unlinked';
    return;
  end if;
  select a.id into entry from audit_unlinked u join audit_entries a on a.id = u.entry_id
   where a.at < now - interval '1 hour' order by a.at, a.id limit 1;
  if entry is not null then
    broken_at := links + 1;
    reason := 'late';
  end if;
end $$;
