-- What Database/Migrations make of an empty database. Written by bin/db schema; do not edit.
-- PostgreSQL 15

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
CREATE TABLE public.audit_entries (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    act text NOT NULL,
    channel text NOT NULL,
    actor_id uuid,
    subject_kind text,
    subject_id text,
    address text,
    request_id text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    once_key text,
    CONSTRAINT audit_entries_act_check CHECK ((act ~ '^[a-z-]+(\.[a-z-]+)+$'::text)),
    CONSTRAINT audit_entries_address_check CHECK ((length(address) <= 60)),
    CONSTRAINT audit_entries_channel_check CHECK ((channel = ANY (ARRAY['web'::text, 'api'::text, 'command'::text, 'system'::text]))),
    CONSTRAINT audit_entries_details_check CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT audit_entries_once_key_check CHECK ((length(once_key) <= 200)),
    CONSTRAINT audit_entries_request_id_check CHECK ((length(request_id) <= 60)),
    CONSTRAINT audit_entries_subject_id_check CHECK ((length(subject_id) <= 100)),
    CONSTRAINT audit_entries_subject_kind_check CHECK ((subject_kind ~ '^[a-z_]{1,40}$'::text)),
    CONSTRAINT audit_subject_whole CHECK (((subject_kind IS NULL) = (subject_id IS NULL)))
);
CREATE FUNCTION public.audit_canonical(e public.audit_entries) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select jsonb_build_array(e.id, (extract(epoch from e.at) * 1000000)::bigint, e.act, e.channel, e.actor_id,
    e.subject_kind, e.subject_id, e.address, e.request_id, e.details, e.once_key)::text
$$;
CREATE FUNCTION public.audit_link() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.audit_queue() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into audit_unlinked (entry_id) values (new.id);
  return new;
end $$;
CREATE FUNCTION public.audit_verify(now timestamp with time zone, OUT links bigint, OUT head text, OUT waiting bigint, OUT broken_at bigint, OUT entry uuid, OUT reason text) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
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
CREATE FUNCTION public.keep_taken_times() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  live constant text[] := '{held,awaiting_payment,requested,confirmed,in_progress}';
begin
  if tg_op = 'UPDATE' then
    if (old.state = any(live)) = (new.state = any(live))
       and (old.blocked, old.starts_at, old.ends_at, old.tutor_id, old.learner_id)
         is not distinct from (new.blocked, new.starts_at, new.ends_at, new.tutor_id, new.learner_id) then
      return null;
    end if;
  end if;
  if tg_op <> 'INSERT' then
    if old.state = any(live) then
      delete from taken_times where booking_id = old.id;
    end if;
  end if;
  if tg_op <> 'DELETE' then
    if new.state = any(live) then
      insert into taken_times (person_id, booking_id, teaches, during, taken)
      values (new.tutor_id, new.id, true, new.during, new.blocked), (new.learner_id, new.id, false, new.during, new.during);
    end if;
  end if;
  return null;
end $$;
CREATE FUNCTION public.keep_the_cell() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if new.latitude is null or new.longitude is null then
    new.latitude := null;
    new.longitude := null;
  else
    new.latitude := (least(1799, floor((new.latitude + 90) * 10)) + 0.5) / 10 - 90;
    new.longitude := (mod(floor((new.longitude + 180) * 10)::int, 3600) + 0.5) / 10 - 180;
  end if;
  return new;
end $$;
CREATE TABLE public.ledger_transactions (
    id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    reference uuid NOT NULL,
    memo jsonb DEFAULT '{}'::jsonb NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT ledger_transactions_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT ledger_transactions_kind_check CHECK ((kind ~ '^[a-z_]{1,40}$'::text)),
    CONSTRAINT ledger_transactions_prev_hash_check CHECK ((length(prev_hash) = 32)),
    CONSTRAINT ledger_transactions_seq_check CHECK ((seq > 0))
);
CREATE FUNCTION public.ledger_canonical(t public.ledger_transactions) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select concat_ws('|', t.seq, t.id, (extract(epoch from t.at) * 1000000)::bigint, t.kind, t.reference, t.memo::text,
    (select string_agg(concat_ws(':', p.line, a.kind, p.account_id, p.amount, p.currency), ';' order by p.line)
       from ledger_postings p join ledger_accounts a on a.id = p.account_id where p.transaction_id = t.id))
$$;
CREATE FUNCTION public.ledger_hash(t public.ledger_transactions) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  select sha256(t.prev_hash || convert_to(ledger_canonical(t), 'UTF8'))
$$;
CREATE FUNCTION public.ledger_link() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform ledger_lock();
  select seq + 1, hash into new.seq, new.prev_hash from ledger_transactions order by seq desc limit 1;
  if not found then
    new.seq := 1;
    new.prev_hash := decode(repeat('00', 32), 'hex');
  end if;
  new.hash := ledger_hash(new);
  return new;
end $$;
CREATE FUNCTION public.ledger_lock() RETURNS void
    LANGUAGE sql
    AS $$ select pg_advisory_xact_lock(7305795820) $$;
CREATE FUNCTION public.ledger_post(id uuid, at timestamp with time zone, kind text, reference uuid, memo jsonb, fresh uuid[], kinds text[], owners text[], purposes text[], amounts bigint[], currencies text[], OUT transaction_id uuid, OUT transaction_seq bigint, OUT is_new boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
begin
  perform ledger_lock();
  select t.id, t.seq, false into transaction_id, transaction_seq, is_new
    from ledger_transactions t where t.kind = ledger_post.kind and t.reference = ledger_post.reference;
  if found then return; end if;
  insert into ledger_accounts (id, kind, owner, purpose, currency)
  select distinct on (l.kind, l.owner, l.purpose, l.currency)
         l.fresh, l.kind, nullif(l.owner, '')::uuid, nullif(l.purpose, '')::uuid, l.currency
    from unnest(fresh, kinds, owners, purposes, currencies) as l (fresh, kind, owner, purpose, currency)
   order by l.kind, l.owner, l.purpose, l.currency
  on conflict on constraint one_account_per_purpose do nothing;
  insert into ledger_postings (transaction_id, line, account_id, amount, currency)
  select ledger_post.id, l.line, a.id, l.amount, l.currency
    from unnest(kinds, owners, purposes, amounts, currencies) with ordinality as l (kind, owner, purpose, amount, currency, line)
    join ledger_accounts a on a.kind = l.kind and a.owner is not distinct from nullif(l.owner, '')::uuid
     and a.purpose is not distinct from nullif(l.purpose, '')::uuid and a.currency = l.currency;
  insert into ledger_transactions as t (id, seq, at, kind, reference, memo, prev_hash, hash)
  values (ledger_post.id, 1, ledger_post.at, ledger_post.kind, ledger_post.reference, ledger_post.memo, '', '')
  returning t.id, t.seq, true into transaction_id, transaction_seq, is_new;
end $$;
CREATE FUNCTION public.ledger_refuse_sealed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from ledger_transactions where id = new.transaction_id) then
    raise exception 'transaction % is sealed', new.transaction_id
      using errcode = 'check_violation', constraint = 'ledger_sealed';
  end if;
  if new.currency <> (select currency from ledger_accounts where id = new.account_id) then
    raise exception 'account % is of another currency', new.account_id
      using errcode = 'check_violation', constraint = 'ledger_one_currency';
  end if;
  return new;
end $$;
CREATE FUNCTION public.ledger_verify(OUT links bigint, OUT head bytea, OUT broken_at bigint, OUT reason text) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
declare
  t ledger_transactions;
  before bytea := decode(repeat('00', 32), 'hex');
begin
  links := 0;
  head := before;
  for t in select * from ledger_transactions order by seq loop
    reason := case
      when t.seq <> links + 1 then 'gap'
      when t.prev_hash <> before then 'order'
      when t.hash is distinct from sha256(before || convert_to(ledger_canonical(t), 'UTF8')) then 'content'
      when exists (select from ledger_postings p where p.transaction_id = t.id group by p.currency having sum(p.amount) <> 0)
        then 'balance'
      when not exists (select from ledger_postings p where p.transaction_id = t.id) then 'empty'
    end;
    if reason is not null then
      broken_at := t.seq;
      return;
    end if;
    links := t.seq;
    before := t.hash;
    head := before;
  end loop;
  if exists (select from ledger_postings p where not exists (select from ledger_transactions x where x.id = p.transaction_id)) then
    broken_at := links + 1;
    reason := 'stray postings';
  end if;
end $$;
CREATE FUNCTION public.ledger_weigh() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from ledger_postings where transaction_id = new.transaction_id group by currency having sum(amount) <> 0) then
    raise exception 'transaction % does not balance', new.transaction_id
      using errcode = 'check_violation', constraint = 'ledger_balanced';
  end if;
  if new.amount < 0
    and exists (select from ledger_accounts where id = new.account_id and kind in ('learner_wallet', 'held', 'refunds_payable'))
    and (select sum(amount) from ledger_postings where account_id = new.account_id) < 0
  then
    raise exception 'account % would be overdrawn', new.account_id
      using errcode = 'check_violation', constraint = 'ledger_not_overdrawn';
  end if;
  return null;
end $$;
CREATE FUNCTION public.listing_kind(category text, languages text[], modes text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((category || ' '::text) || array_to_string(languages, ','::text)) || ' '::text) || array_to_string(modes, ','::text));
CREATE FUNCTION public.plain_words(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ select lower(public.unaccent('public.unaccent'::regdictionary, words)) $$;
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
CREATE FUNCTION public.refuse_retired_key() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.repoint_person(gone uuid, keep uuid) RETURNS TABLE(place text, moved bigint, hindrance text)
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
declare
  c record;
begin
  -- Of what both have of a kind that is had once, the one that stays is enough.
  delete from favourites f where f.user_id = gone
    and exists (select from favourites k where k.user_id = keep and k.tutor_id = f.tutor_id);
  delete from favourites where user_id = gone and tutor_id = keep;
  for c in
    select t.oid, t.relname::text as tab, a.attname::text as col
      from pg_class t
      join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
      join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where t.relkind in ('r', 'p') and not t.relispartition and a.atttypid = 'uuid'::regtype
       -- Accounts sees to its own; `taken_times` follows its bookings by trigger.
       and t.relname not in ('users', 'user_roles', 'sessions', 'letters', 'second_factors', 'recovery_codes',
                             'idempotency_keys', 'taken_times')
       and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'append_only')
       and (a.attname in ('user_id', 'owner_id', 'author_id', 'learner_id', 'payer_id', 'actor_id', 'sender_id',
                          'recipient_id', 'person_id', 'reader_id')
            or exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'f'
                         and k.confrelid = 'users'::regclass and k.conkey = array[a.attnum]))
     order by t.relname, a.attnum
  loop
    place := c.tab || '.' || c.col;
    hindrance := null;
    begin
      execute format('update %I set %I = $1 where %I = $2', c.tab, c.col, c.col) using keep, gone;
      get diagnostics moved = row_count;
    exception when integrity_constraint_violation or unique_violation or exclusion_violation or check_violation
                or foreign_key_violation then
      get stacked diagnostics hindrance = constraint_name;
      moved := 0;
    end;
    if moved > 0 or hindrance is not null then return next; end if;
  end loop;
end $_$;
CREATE TABLE public.bookings (
    id uuid NOT NULL,
    learner_id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    state text NOT NULL,
    mode text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    during tstzrange GENERATED ALWAYS AS (tstzrange(starts_at, ends_at, '[)'::text)) STORED NOT NULL,
    blocked tstzrange NOT NULL,
    price_amount integer NOT NULL,
    currency text NOT NULL,
    paid_amount integer DEFAULT 0 NOT NULL,
    refund_amount integer,
    refund_rule text,
    fee_basis_points integer NOT NULL,
    policy jsonb NOT NULL,
    hold_expires_at timestamp with time zone,
    request_expires_at timestamp with time zone,
    sequence integer DEFAULT 0 NOT NULL,
    room_code text NOT NULL,
    learner_note text,
    learner_zone text NOT NULL,
    tutor_zone text NOT NULL,
    proposed_starts_at timestamp with time zone,
    proposed_by text,
    moved_late boolean DEFAULT false NOT NULL,
    begun_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE FUNCTION public.sound_booking(b public.bookings) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  broken constant text := case
    when b.state not in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress', 'completed', 'expired', 'declined',
                         'cancelled', 'no_show_learner', 'no_show_tutor', 'disputed') then 'booking_state_is_known'
    when b.mode not in ('instant', 'request') then 'booking_mode_is_known'
    when b.learner_id = b.tutor_id then 'booking_of_two_people'
    when b.ends_at <= b.starts_at or b.ends_at - b.starts_at > interval '8 hours' then 'booking_has_length'
    when not b.blocked @> tstzrange(b.starts_at, b.ends_at, '[)') then 'booking_buffers_hold_it'
    when b.state in ('held', 'awaiting_payment') and b.hold_expires_at is null then 'booking_hold_ends'
    when b.state = 'in_progress' and b.begun_at is null then 'booking_in_progress_begun'
    when (b.proposed_starts_at is null) <> (b.proposed_by is null) then 'booking_proposal_whole'
    when b.proposed_by not in ('learner', 'tutor') then 'booking_proposed_by_one_of_two'
    when b.price_amount < 0 then 'booking_price_not_negative'
    when b.paid_amount not in (0, b.price_amount) then 'booking_paid_wholly_or_not'
    when b.refund_amount not between 0 and b.paid_amount then 'booking_refund_within_paid'
    when b.fee_basis_points not between 0 and 10000 then 'booking_fee_within_price'
    when length(b.currency) <> 3 or b.currency ~ '[^A-Z]' then 'booking_currency_of_three_letters'
    when length(b.room_code) not between 8 and 40 or b.room_code ~ '[^a-z0-9-]' then 'booking_room_code_is_one'
    when length(b.learner_note) > 1000 then 'booking_note_not_too_long'
  end;
begin
  if broken is not null then
    raise check_violation using message = format('A booking breaks %s.', broken), table = 'bookings', constraint = broken;
  end if;
  return true;
end $$;
CREATE TABLE public.booking_events (
    id uuid NOT NULL,
    booking_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid,
    actor_kind text NOT NULL,
    act text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text,
    channel text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE FUNCTION public.sound_booking_event(e public.booking_events) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    AS $$
declare
  broken constant text := case
    when e.actor_kind not in ('learner', 'tutor', 'staff', 'system') then 'booking_event_actor_is_known'
    when e.actor_kind <> 'system' and e.actor_id is null then 'booking_event_of_person'
    when e.channel not in ('web', 'api', 'job', 'gateway', 'room') then 'booking_event_channel_is_known'
    when length(e.reason) > 500 then 'booking_event_reason_not_too_long'
  end;
begin
  if broken is not null then
    raise check_violation
      using message = format('A line of a booking''s history breaks %s.', broken), table = 'booking_events', constraint = broken;
  end if;
  return true;
end $$;
CREATE FUNCTION public.stamp_listings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from changed) then
    update listing_stamps set number = number + 1 where shard = (pg_current_xact_id()::text::bigint % 64)::int;
  end if;
  return null;
end $$;
CREATE TABLE public.activity_log (
    id uuid NOT NULL,
    user_id uuid,
    actor_id uuid,
    kind text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.agreements (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    document text NOT NULL,
    version_id uuid,
    agreed_at timestamp with time zone NOT NULL,
    CONSTRAINT agreement_document CHECK ((document = ANY (ARRAY['terms'::text, 'privacy'::text])))
);
CREATE TABLE public.room_stays (
    id uuid NOT NULL,
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    reason text,
    CONSTRAINT room_stays_check CHECK ((left_at >= joined_at))
);
CREATE TABLE public.rooms (
    id uuid NOT NULL,
    booking_id uuid NOT NULL,
    code text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    opened_at timestamp with time zone,
    ended_at timestamp with time zone,
    last_message integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT rooms_code_check CHECK ((code ~ '^[a-z0-9-]{8,40}$'::text)),
    CONSTRAINT rooms_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'open'::text, 'ended'::text])))
);
CREATE VIEW public.attendance AS
 SELECT r.booking_id,
    s.user_id,
    min(s.joined_at) AS first_joined_at,
    (COALESCE(sum(EXTRACT(epoch FROM (COALESCE(s.left_at, s.seen_at) - s.joined_at))), (0)::numeric))::bigint AS seconds
   FROM (public.room_stays s
     JOIN public.rooms r ON ((r.id = s.room_id)))
  GROUP BY r.booking_id, s.user_id;
CREATE TABLE public.audit_links (
    seq bigint NOT NULL,
    entry_id uuid NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_links_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT audit_links_prev_hash_check CHECK ((length(prev_hash) = 32)),
    CONSTRAINT audit_links_seq_check CHECK ((seq > 0))
);
CREATE TABLE public.audit_unlinked (
    entry_id uuid NOT NULL
);
CREATE TABLE public.availability_hours (
    tutor_id uuid NOT NULL,
    weekday integer NOT NULL,
    hours int4range NOT NULL,
    CONSTRAINT availability_hours_hours_check CHECK (((lower(hours) >= 0) AND (upper(hours) <= 1440) AND (NOT isempty(hours)))),
    CONSTRAINT availability_hours_weekday_check CHECK (((weekday >= 1) AND (weekday <= 7)))
);
CREATE TABLE public.availability_override_hours (
    tutor_id uuid NOT NULL,
    date date NOT NULL,
    hours int4range NOT NULL,
    CONSTRAINT availability_override_hours_hours_check CHECK (((lower(hours) >= 0) AND (upper(hours) <= 1440) AND (NOT isempty(hours))))
);
CREATE TABLE public.availability_overrides (
    tutor_id uuid NOT NULL,
    date date NOT NULL,
    is_closed boolean DEFAULT false NOT NULL,
    note text,
    CONSTRAINT availability_overrides_note_check CHECK ((length(note) <= 200))
);
CREATE TABLE public.availability_settings (
    tutor_id uuid NOT NULL,
    zone text NOT NULL,
    buffer_before integer DEFAULT 0 NOT NULL,
    buffer_after integer DEFAULT 0 NOT NULL,
    notice integer DEFAULT 720 NOT NULL,
    horizon_days integer DEFAULT 60 NOT NULL,
    step integer DEFAULT 30 NOT NULL,
    daily_limit integer,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    weekly_limit integer,
    figures_stale_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT availability_settings_buffer_after_check CHECK (((buffer_after >= 0) AND (buffer_after <= 240))),
    CONSTRAINT availability_settings_buffer_before_check CHECK (((buffer_before >= 0) AND (buffer_before <= 240))),
    CONSTRAINT availability_settings_daily_limit_check CHECK (((daily_limit >= 1) AND (daily_limit <= 24))),
    CONSTRAINT availability_settings_horizon_days_check CHECK (((horizon_days >= 1) AND (horizon_days <= 366))),
    CONSTRAINT availability_settings_notice_check CHECK (((notice >= 0) AND (notice <= 43200))),
    CONSTRAINT availability_settings_step_check CHECK ((step = ANY (ARRAY[15, 30, 60]))),
    CONSTRAINT availability_settings_weekly_limit_check CHECK (((weekly_limit >= 1) AND (weekly_limit <= 100)))
);
CREATE TABLE public.booking_policies (
    tutor_id uuid,
    terms jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT booking_policies_terms_check CHECK ((jsonb_typeof(terms) = 'object'::text))
);
CREATE TABLE public.taken_times (
    person_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    teaches boolean NOT NULL,
    during tstzrange NOT NULL,
    taken tstzrange NOT NULL
);
CREATE VIEW public.busy_times AS
 SELECT taken_times.person_id,
    taken_times.booking_id,
    taken_times.teaches,
    taken_times.during,
    taken_times.taken
   FROM public.taken_times;
CREATE TABLE public.credentials (
    id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    issuer text,
    year integer,
    gpa numeric(5,2),
    gpa_scale numeric(5,2),
    file_id uuid,
    state text DEFAULT 'unverified'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT credentials_check CHECK (((kind = 'gpa'::text) = ((gpa IS NOT NULL) AND (gpa_scale IS NOT NULL)))),
    CONSTRAINT credentials_check1 CHECK (((gpa IS NULL) OR ((gpa >= (0)::numeric) AND (gpa_scale > (0)::numeric) AND (gpa <= gpa_scale)))),
    CONSTRAINT credentials_issuer_check CHECK ((length(issuer) <= 160)),
    CONSTRAINT credentials_kind_check CHECK ((kind = ANY (ARRAY['degree'::text, 'certificate'::text, 'gpa'::text, 'experience'::text]))),
    CONSTRAINT credentials_state_check CHECK ((state = ANY (ARRAY['unverified'::text, 'verified'::text, 'rejected'::text]))),
    CONSTRAINT credentials_title_check CHECK (((length(title) >= 1) AND (length(title) <= 160))),
    CONSTRAINT credentials_year_check CHECK (((year >= 1940) AND (year <= 2100)))
);
CREATE TABLE public.embed_origins (
    tutor_id uuid,
    origin text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT embed_origin_is_plain CHECK (((origin ~ '^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$'::text) AND (length(origin) <= 260)))
);
CREATE TABLE public.events (
    id bigint NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    dispatched_at timestamp with time zone
);
ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.favourites (
    user_id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.fee_schedules (
    id uuid NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    basis_points integer DEFAULT 1800 NOT NULL,
    CONSTRAINT fee_schedules_basis_points_check CHECK (((basis_points >= 0) AND (basis_points <= 10000)))
);
CREATE TABLE public.files (
    id uuid NOT NULL,
    owner_id uuid,
    purpose text NOT NULL,
    sha256 text NOT NULL,
    byte_size bigint NOT NULL,
    media_type text NOT NULL,
    filename text NOT NULL,
    width integer,
    height integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT files_byte_size_check CHECK ((byte_size > 0)),
    CONSTRAINT files_filename_check CHECK (((length(filename) >= 1) AND (length(filename) <= 200))),
    CONSTRAINT files_height_check CHECK ((height > 0)),
    CONSTRAINT files_purpose_check CHECK ((purpose = ANY (ARRAY['photo'::text, 'picture'::text, 'sample'::text, 'captions'::text, 'document'::text]))),
    CONSTRAINT files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT files_width_check CHECK ((width > 0))
);
CREATE TABLE public.gateway_events (
    id uuid NOT NULL,
    provider text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    CONSTRAINT gateway_events_body_check CHECK ((length(body) <= 100000))
);
CREATE TABLE public.idempotency_keys (
    user_id uuid NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    status integer NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);
CREATE TABLE public.jobs (
    id uuid NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    key text,
    run_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 10 NOT NULL,
    leased_until timestamp with time zone,
    lease_owner text,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    dead_at timestamp with time zone,
    CONSTRAINT a_job_ends_once CHECK (((finished_at IS NULL) OR (dead_at IS NULL))),
    CONSTRAINT a_lease_has_an_owner CHECK (((leased_until IS NULL) = (lease_owner IS NULL))),
    CONSTRAINT jobs_max_attempts_check CHECK ((max_attempts > 0))
);
ALTER TABLE public.jobs ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.ledger_accounts (
    id uuid NOT NULL,
    kind text NOT NULL,
    owner uuid,
    purpose uuid,
    currency text NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ledger_accounts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ledger_accounts_kind_check CHECK ((kind = ANY (ARRAY['gateway_clearing'::text, 'learner_wallet'::text, 'held'::text, 'tutor_payable'::text, 'platform_fees'::text, 'refunds_payable'::text])))
);
CREATE VIEW public.ledger_balances AS
SELECT
    NULL::uuid AS account_id,
    NULL::text AS kind,
    NULL::uuid AS owner,
    NULL::uuid AS purpose,
    NULL::text AS currency,
    NULL::bigint AS amount;
CREATE TABLE public.ledger_postings (
    transaction_id uuid NOT NULL,
    line smallint NOT NULL,
    account_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT ledger_postings_amount_check CHECK ((amount <> 0)),
    CONSTRAINT ledger_postings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
CREATE VIEW public.ledger_movements AS
 SELECT a.kind AS account,
    a.owner,
    t.kind,
    t.at,
    p.amount,
    p.currency
   FROM ((public.ledger_transactions t
     JOIN public.ledger_postings p ON ((p.transaction_id = t.id)))
     JOIN public.ledger_accounts a ON ((a.id = p.account_id)));
CREATE TABLE public.legal_versions (
    id uuid NOT NULL,
    document text NOT NULL,
    language text NOT NULL,
    number integer NOT NULL,
    words text NOT NULL,
    author_id uuid NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT legal_document CHECK ((document = ANY (ARRAY['terms'::text, 'privacy'::text]))),
    CONSTRAINT legal_language CHECK ((language = ANY (ARRAY['en'::text, 'es'::text, 'ar'::text, 'ur'::text]))),
    CONSTRAINT legal_versions_number_check CHECK ((number > 0)),
    CONSTRAINT legal_words_fit CHECK (((length(words) >= 1) AND (length(words) <= 60000)))
);
CREATE VIEW public.lesson_facts AS
 SELECT bookings.id,
    bookings.tutor_id,
    bookings.learner_id,
    bookings.subject_id,
    bookings.state,
    bookings.mode,
    bookings.starts_at,
    bookings.ends_at,
    bookings.begun_at,
    bookings.finished_at,
    bookings.room_code,
    bookings.price_amount,
    bookings.currency,
    bookings.paid_amount,
    bookings.fee_basis_points,
    bookings.hold_expires_at,
    bookings.learner_zone,
    bookings.tutor_zone,
    bookings.created_at
   FROM public.bookings;
CREATE TABLE public.letters (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT letters_purpose_check CHECK ((purpose = ANY (ARRAY['verify'::text, 'reset'::text, 'change-email'::text])))
);
CREATE TABLE public.listing_stamps (
    shard integer NOT NULL,
    number bigint NOT NULL
)
WITH (fillfactor='10');
CREATE TABLE public.mails (
    id uuid NOT NULL,
    user_id uuid,
    to_address text,
    kind text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    link text,
    ics text,
    ics_method text,
    booking_id uuid,
    state text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    reply text,
    subject text,
    body_text text,
    body_html text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    topic text,
    held_until timestamp with time zone,
    CONSTRAINT mail_has_reader CHECK (((user_id IS NOT NULL) OR (to_address IS NOT NULL))),
    CONSTRAINT mail_invitation_whole CHECK (((ics IS NULL) = (ics_method IS NULL))),
    CONSTRAINT mail_state CHECK ((state = ANY (ARRAY['queued'::text, 'outbox'::text, 'sent'::text, 'failed'::text, 'bounced'::text, 'dropped'::text]))),
    CONSTRAINT mails_ics_method_check CHECK ((ics_method = ANY (ARRAY['REQUEST'::text, 'CANCEL'::text, 'PUBLISH'::text]))),
    CONSTRAINT mails_link_check CHECK (((link ~ '^/[^/]'::text) OR (link = '/'::text))),
    CONSTRAINT mails_params_check CHECK ((jsonb_typeof(params) = 'object'::text))
);
CREATE VIEW public.mail_log AS
 SELECT mails.id,
    mails.user_id,
    mails.to_address,
    mails.kind,
    mails.booking_id,
    mails.state,
    mails.attempts,
    mails.last_error,
    mails.reply,
    mails.subject,
    mails.body_text,
    mails.body_html,
    mails.ics,
    mails.created_at,
    mails.sent_at
   FROM public.mails;
CREATE TABLE public.maintenance (
    is_only boolean DEFAULT true NOT NULL,
    sentence text NOT NULL,
    minutes integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT maintenance_is_only_check CHECK (is_only),
    CONSTRAINT maintenance_minutes_check CHECK (((minutes >= 1) AND (minutes <= 10000))),
    CONSTRAINT maintenance_sentence_check CHECK (((length(sentence) >= 1) AND (length(sentence) <= 500)))
);
CREATE TABLE public.muted_notices (
    user_id uuid NOT NULL,
    topic text NOT NULL,
    channel text NOT NULL,
    muted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT muted_notices_channel_check CHECK ((channel = ANY (ARRAY['mail'::text, 'push'::text]))),
    CONSTRAINT muted_notices_topic_check CHECK ((topic ~ '^[a-z]{1,20}$'::text))
);
CREATE TABLE public.notifications (
    id uuid NOT NULL,
    number bigint NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    link text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    topic text,
    CONSTRAINT notifications_link_check CHECK (((link ~ '^/[^/]'::text) OR (link = '/'::text))),
    CONSTRAINT notifications_params_check CHECK ((jsonb_typeof(params) = 'object'::text))
);
ALTER TABLE public.notifications ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.notifications_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    kind text DEFAULT 'web'::text NOT NULL,
    family uuid NOT NULL,
    remembered boolean DEFAULT false NOT NULL,
    device text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT sessions_device_check CHECK ((length(device) <= 200)),
    CONSTRAINT sessions_kind_check CHECK ((kind = ANY (ARRAY['web'::text, 'api'::text])))
);
CREATE VIEW public.open_sessions AS
 SELECT sessions.id,
    sessions.user_id,
    sessions.expires_at
   FROM public.sessions
  WHERE (sessions.revoked_at IS NULL);
CREATE TABLE public.payments (
    id uuid NOT NULL,
    booking_id uuid NOT NULL,
    payer_id uuid NOT NULL,
    provider text NOT NULL,
    amount integer NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    provider_ref text,
    checkout_url text,
    failure text,
    receipt_number bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    succeeded_at timestamp with time zone,
    CONSTRAINT paid_payment_has_receipt CHECK (((state = 'succeeded'::text) = (receipt_number IS NOT NULL))),
    CONSTRAINT payments_amount_check CHECK ((amount > 0)),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT payments_failure_check CHECK ((length(failure) <= 60)),
    CONSTRAINT payments_provider_check CHECK ((provider ~ '^[a-z_]{1,30}$'::text)),
    CONSTRAINT payments_state_check CHECK ((state = ANY (ARRAY['created'::text, 'processing'::text, 'requires_action'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    email public.citext NOT NULL,
    username public.citext NOT NULL,
    full_name text NOT NULL,
    password_hash text NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    zone text DEFAULT 'UTC'::text NOT NULL,
    department text,
    year_of_study integer,
    photo_file_id uuid,
    learning_goals text,
    verified_at timestamp with time zone,
    suspended_at timestamp with time zone,
    terms_accepted_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    merged_into uuid,
    CONSTRAINT not_merged_into_oneself CHECK ((merged_into <> id)),
    CONSTRAINT users_department_check CHECK ((length(department) <= 120)),
    CONSTRAINT users_email_check CHECK (((length((email)::text) >= 3) AND (length((email)::text) <= 254))),
    CONSTRAINT users_full_name_check CHECK (((length(full_name) >= 1) AND (length(full_name) <= 120))),
    CONSTRAINT users_learning_goals_check CHECK ((length(learning_goals) <= 2000)),
    CONSTRAINT users_username_check CHECK ((username OPERATOR(public.~) '^[a-z0-9][a-z0-9._-]{2,29}$'::public.citext)),
    CONSTRAINT users_year_of_study_check CHECK (((year_of_study >= 1) AND (year_of_study <= 12)))
);
CREATE VIEW public.people AS
 SELECT users.id,
    users.full_name,
    (users.username)::text AS username,
    users.photo_file_id,
    users.language,
    users.zone,
    ((users.verified_at IS NOT NULL) AND (users.suspended_at IS NULL)) AS is_active
   FROM public.users;
CREATE VIEW public.people_contact AS
 SELECT users.id,
    users.full_name,
    (users.email)::text AS email,
    users.language,
    users.zone,
    (users.verified_at IS NOT NULL) AS email_verified,
    (users.suspended_at IS NOT NULL) AS is_suspended
   FROM public.users;
CREATE TABLE public.reviews (
    id uuid NOT NULL,
    booking_id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    author_id uuid NOT NULL,
    stars integer NOT NULL,
    words text NOT NULL,
    clarity integer,
    patience integer,
    preparation integer,
    punctuality integer,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    reply text,
    replied_at timestamp with time zone,
    hidden_at timestamp with time zone,
    hidden_reason text,
    CONSTRAINT reviews_clarity_check CHECK (((clarity >= 1) AND (clarity <= 5))),
    CONSTRAINT reviews_hidden_reason_check CHECK ((length(hidden_reason) <= 500)),
    CONSTRAINT reviews_patience_check CHECK (((patience >= 1) AND (patience <= 5))),
    CONSTRAINT reviews_preparation_check CHECK (((preparation >= 1) AND (preparation <= 5))),
    CONSTRAINT reviews_punctuality_check CHECK (((punctuality >= 1) AND (punctuality <= 5))),
    CONSTRAINT reviews_reply_check CHECK (((length(reply) >= 1) AND (length(reply) <= 2000))),
    CONSTRAINT reviews_stars_check CHECK (((stars >= 1) AND (stars <= 5))),
    CONSTRAINT reviews_words_check CHECK ((length(words) <= 2000))
);
CREATE VIEW public.published_reviews AS
 SELECT reviews.id,
    reviews.booking_id,
    reviews.tutor_id,
    reviews.author_id,
    reviews.stars,
    reviews.words,
    reviews.written_at
   FROM public.reviews
  WHERE (reviews.hidden_at IS NULL);
CREATE TABLE public.push_keys (
    id uuid NOT NULL,
    public_key text NOT NULL,
    private_key text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.push_subscriptions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    key_id uuid NOT NULL,
    endpoint text NOT NULL,
    public_key text NOT NULL,
    secret text NOT NULL,
    device text,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT push_subscriptions_device_check CHECK ((length(device) <= 200)),
    CONSTRAINT push_subscriptions_endpoint_check CHECK (((endpoint ~ '^https?://'::text) AND (length(endpoint) <= 1000))),
    CONSTRAINT push_subscriptions_public_key_check CHECK ((length(public_key) = 87))
);
CREATE TABLE public.quiet_hours (
    user_id uuid NOT NULL,
    from_hour integer NOT NULL,
    to_hour integer NOT NULL,
    CONSTRAINT quiet_hours_from_hour_check CHECK (((from_hour >= 0) AND (from_hour <= 23))),
    CONSTRAINT quiet_hours_pass CHECK ((from_hour <> to_hour)),
    CONSTRAINT quiet_hours_to_hour_check CHECK (((to_hour >= 0) AND (to_hour <= 23)))
);
CREATE TABLE public.receipt_counter (
    is_only boolean DEFAULT true NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT receipt_counter_is_only_check CHECK (is_only)
);
CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_codes_code_hash_check CHECK ((length(code_hash) = 32))
);
CREATE TABLE public.refunds (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    amount integer NOT NULL,
    currency text NOT NULL,
    rule text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    provider_ref text,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT refunds_amount_check CHECK ((amount > 0)),
    CONSTRAINT refunds_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text])))
);
CREATE TABLE public.room_messages (
    room_id uuid NOT NULL,
    number integer NOT NULL,
    user_id uuid NOT NULL,
    client_id text NOT NULL,
    words text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT room_messages_client_id_check CHECK (((length(client_id) >= 1) AND (length(client_id) <= 64))),
    CONSTRAINT room_messages_words_check CHECK (((length(words) >= 1) AND (length(words) <= 4000)))
);
CREATE TABLE public.room_quality (
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    rtt_ms integer,
    loss_permille integer,
    kbps_in integer,
    kbps_out integer,
    frame_height integer,
    relayed boolean,
    grade text,
    rung text,
    jitter_ms integer,
    CONSTRAINT room_quality_grade_check CHECK ((grade = ANY (ARRAY['good'::text, 'fair'::text, 'poor'::text, 'lost'::text]))),
    CONSTRAINT room_quality_rung_check CHECK ((rung = ANY (ARRAY['full'::text, 'low'::text, 'audio'::text])))
);
CREATE TABLE public.room_seats (
    room_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    resume_hash bytea,
    admitted_at timestamp with time zone,
    denied_at timestamp with time zone,
    seen_at timestamp with time zone,
    connection uuid,
    knocked_at timestamp with time zone,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT room_seats_role_check CHECK ((role = ANY (ARRAY['tutor'::text, 'learner'::text])))
);
CREATE TABLE public.sample_captions (
    sample_id uuid NOT NULL,
    language text NOT NULL,
    file_id uuid NOT NULL,
    CONSTRAINT captions_have_a_language CHECK ((language ~ '^[a-z]{2}$'::text))
);
CREATE TABLE public.saved_search_hits (
    search_id uuid NOT NULL,
    tutor_id uuid NOT NULL
);
CREATE TABLE public.saved_searches (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    mail_since timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_searches_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT saved_searches_query_check CHECK ((length(query) <= 2000))
);
CREATE TABLE public.schedules (
    name text NOT NULL,
    next_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone
);
CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    hash text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.sealing_keys (
    id text NOT NULL,
    first_seen timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT sealing_keys_id_check CHECK ((id ~ '^[A-Za-z0-9_-]{1,32}$'::text))
);
CREATE TABLE public.second_factors (
    user_id uuid NOT NULL,
    secret text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failed_at timestamp with time zone,
    CONSTRAINT second_factors_failures_check CHECK ((failures >= 0))
);
CREATE TABLE public.simulated_charges (
    id text NOT NULL,
    reference text NOT NULL,
    amount integer NOT NULL,
    currency text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    refunded integer DEFAULT 0 NOT NULL,
    return_url text NOT NULL,
    idempotency_key text NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT simulated_charges_check CHECK (((refunded >= 0) AND (refunded <= amount))),
    CONSTRAINT simulated_charges_state_check CHECK ((state = ANY (ARRAY['open'::text, 'authenticating'::text, 'processing'::text, 'succeeded'::text, 'declined'::text, 'cancelled'::text])))
);
CREATE TABLE public.simulated_refunds (
    id text NOT NULL,
    charge_id text NOT NULL,
    amount integer NOT NULL,
    idempotency_key text NOT NULL,
    CONSTRAINT simulated_refunds_amount_check CHECK ((amount > 0))
);
CREATE TABLE public.subjects (
    id uuid NOT NULL,
    slug text NOT NULL,
    title text NOT NULL,
    code text,
    category text NOT NULL,
    level text,
    "position" integer DEFAULT 0 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    CONSTRAINT subjects_category_check CHECK ((category = ANY (ARRAY['university'::text, 'school'::text, 'languages'::text, 'music'::text, 'professional'::text]))),
    CONSTRAINT subjects_code_check CHECK ((length(code) <= 20)),
    CONSTRAINT subjects_level_check CHECK ((level = ANY (ARRAY['beginner'::text, 'intermediate'::text, 'advanced'::text, 'university'::text]))),
    CONSTRAINT subjects_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'::text)),
    CONSTRAINT subjects_title_check CHECK (((length(title) >= 1) AND (length(title) <= 120)))
);
CREATE TABLE public.tutors (
    user_id uuid NOT NULL,
    slug text NOT NULL,
    headline text,
    biography text,
    experience text,
    years_teaching integer,
    city text,
    latitude double precision,
    longitude double precision,
    modes text[] DEFAULT '{online}'::text[] NOT NULL,
    approval text DEFAULT 'instant'::text NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    verdict_reason text,
    submitted_at timestamp with time zone,
    verified_at timestamp with time zone,
    completion integer DEFAULT 0 NOT NULL,
    response_minutes integer,
    lessons_held integer DEFAULT 0 NOT NULL,
    rating_sum integer DEFAULT 0 NOT NULL,
    rating_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tutors_approval_check CHECK ((approval = ANY (ARRAY['instant'::text, 'request'::text]))),
    CONSTRAINT tutors_biography_check CHECK ((length(biography) <= 6000)),
    CONSTRAINT tutors_city_check CHECK ((length(city) <= 80)),
    CONSTRAINT tutors_completion_check CHECK (((completion >= 0) AND (completion <= 100))),
    CONSTRAINT tutors_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT tutors_experience_check CHECK ((length(experience) <= 3000)),
    CONSTRAINT tutors_headline_check CHECK ((length(headline) <= 120)),
    CONSTRAINT tutors_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT tutors_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT tutors_modes_check CHECK (((modes <@ '{online,in_person}'::text[]) AND (cardinality(modes) > 0))),
    CONSTRAINT tutors_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{1,79}$'::text)),
    CONSTRAINT tutors_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'verified'::text, 'rejected'::text, 'paused'::text]))),
    CONSTRAINT tutors_verdict_reason_check CHECK ((length(verdict_reason) <= 1000)),
    CONSTRAINT tutors_years_teaching_check CHECK (((years_teaching >= 0) AND (years_teaching <= 70)))
);
CREATE VIEW public.tutor_facts AS
 SELECT t.user_id AS tutor_id,
    t.slug,
    p.full_name,
    p.username,
    p.photo_file_id,
    p.zone,
    p.language,
    t.headline,
    t.currency,
    t.approval,
    ((t.state = 'verified'::text) AND p.is_active) AS is_listed,
    t.state,
    t.rating_sum,
    t.rating_count
   FROM (public.tutors t
     JOIN public.people p ON ((p.id = t.user_id)));
CREATE TABLE public.tutor_languages (
    tutor_id uuid NOT NULL,
    language text NOT NULL,
    fluency text NOT NULL,
    CONSTRAINT tutor_languages_fluency_check CHECK ((fluency = ANY (ARRAY['basic'::text, 'conversational'::text, 'fluent'::text, 'native'::text]))),
    CONSTRAINT tutor_languages_language_check CHECK ((language ~ '^[a-z]{2,3}$'::text))
);
CREATE TABLE public.tutor_listings (
    tutor_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    category text NOT NULL,
    level text,
    rate integer NOT NULL,
    currency text NOT NULL,
    rating integer DEFAULT 0 NOT NULL,
    rating_count integer DEFAULT 0 NOT NULL,
    lessons_held integer DEFAULT 0 NOT NULL,
    gpa integer,
    languages text[] NOT NULL,
    modes text[] NOT NULL,
    cell integer,
    latitude double precision,
    longitude double precision,
    free_mask bit(168) DEFAULT (repeat('0'::text, 168))::bit(168) NOT NULL,
    next_free timestamp with time zone,
    next_frees timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    words text NOT NULL,
    lexemes tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED,
    document text NOT NULL,
    is_main boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    slug text NOT NULL,
    full_name text NOT NULL,
    headline text NOT NULL,
    photo_id uuid,
    titles text[] NOT NULL,
    city text,
    kind text GENERATED ALWAYS AS (public.listing_kind(category, languages, modes)) STORED NOT NULL
);
ALTER TABLE ONLY public.tutor_listings ALTER COLUMN document SET STORAGE MAIN;
CREATE TABLE public.tutor_samples (
    id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    file_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    transcript text,
    CONSTRAINT transcript_is_bounded CHECK (((length(transcript) >= 1) AND (length(transcript) <= 20000))),
    CONSTRAINT tutor_samples_kind_check CHECK ((kind = ANY (ARRAY['audio'::text, 'video'::text]))),
    CONSTRAINT tutor_samples_title_check CHECK (((length(title) >= 1) AND (length(title) <= 120)))
);
CREATE TABLE public.tutor_subjects (
    tutor_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    hourly_rate integer NOT NULL,
    durations integer[] DEFAULT '{60}'::integer[] NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    CONSTRAINT tutor_subjects_durations_check CHECK (((durations <@ '{15,30,45,60,90,120}'::integer[]) AND (cardinality(durations) > 0))),
    CONSTRAINT tutor_subjects_hourly_rate_check CHECK (((hourly_rate >= 0) AND (hourly_rate <= 100000000)))
);
CREATE VIEW public.tutors_with_hours AS
 SELECT DISTINCT availability_hours.tutor_id
   FROM public.availability_hours;
CREATE VIEW public.unread_notices AS
 SELECT notifications.user_id,
    (count(*))::integer AS unread
   FROM public.notifications
  WHERE (notifications.read_at IS NULL)
  GROUP BY notifications.user_id;
CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_roles_role_check CHECK ((role = ANY (ARRAY['learner'::text, 'tutor'::text, 'guardian'::text, 'support'::text, 'finance'::text, 'moderator'::text, 'admin'::text])))
);
ALTER TABLE ONLY public.activity_log
    ADD CONSTRAINT activity_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT agreements_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_links
    ADD CONSTRAINT audit_links_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.audit_unlinked
    ADD CONSTRAINT audit_unlinked_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audited_once UNIQUE (once_key);
ALTER TABLE ONLY public.availability_overrides
    ADD CONSTRAINT availability_overrides_pkey PRIMARY KEY (tutor_id, date);
ALTER TABLE ONLY public.availability_settings
    ADD CONSTRAINT availability_settings_pkey PRIMARY KEY (tutor_id);
ALTER TABLE public.booking_events
    ADD CONSTRAINT booking_event_is_sound CHECK (public.sound_booking_event(booking_events.*));
ALTER TABLE ONLY public.booking_events
    ADD CONSTRAINT booking_events_pkey PRIMARY KEY (id);
ALTER TABLE public.bookings
    ADD CONSTRAINT booking_is_sound CHECK (public.sound_booking(bookings.*));
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.gateway_events
    ADD CONSTRAINT each_event_once UNIQUE (provider, event_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.favourites
    ADD CONSTRAINT favourites_pkey PRIMARY KEY (user_id, tutor_id);
ALTER TABLE ONLY public.fee_schedules
    ADD CONSTRAINT fee_schedules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.gateway_events
    ADD CONSTRAINT gateway_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.availability_hours
    ADD CONSTRAINT hours_do_not_overlap EXCLUDE USING gist (tutor_id WITH =, weekday WITH =, hours WITH &&);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_postings
    ADD CONSTRAINT ledger_postings_pkey PRIMARY KEY (transaction_id, line);
ALTER TABLE ONLY public.ledger_transactions
    ADD CONSTRAINT ledger_transactions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.legal_versions
    ADD CONSTRAINT legal_versions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.letters
    ADD CONSTRAINT letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.listing_stamps
    ADD CONSTRAINT listing_stamps_pkey PRIMARY KEY (shard);
ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY public.muted_notices
    ADD CONSTRAINT muted_notices_pkey PRIMARY KEY (user_id, topic, channel);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT one_account_per_email UNIQUE (email);
ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT one_account_per_purpose UNIQUE NULLS NOT DISTINCT (kind, owner, purpose, currency);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT one_account_per_username UNIQUE (username);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT one_answer_per_key PRIMARY KEY (user_id, key);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT one_booking_per_room_code UNIQUE (room_code);
ALTER TABLE ONLY public.simulated_charges
    ADD CONSTRAINT one_charge_per_key UNIQUE (idempotency_key);
ALTER TABLE ONLY public.fee_schedules
    ADD CONSTRAINT one_fee_per_instant UNIQUE (valid_from);
ALTER TABLE ONLY public.sample_captions
    ADD CONSTRAINT one_file_a_language PRIMARY KEY (sample_id, language);
ALTER TABLE ONLY public.saved_search_hits
    ADD CONSTRAINT one_hit_per_search PRIMARY KEY (search_id, tutor_id);
ALTER TABLE ONLY public.legal_versions
    ADD CONSTRAINT one_legal_version_per_number UNIQUE (document, language, number);
ALTER TABLE ONLY public.letters
    ADD CONSTRAINT one_letter_per_token UNIQUE (token_hash);
ALTER TABLE ONLY public.audit_links
    ADD CONSTRAINT one_link_per_entry UNIQUE (entry_id);
ALTER TABLE ONLY public.room_messages
    ADD CONSTRAINT one_message_per_client_id UNIQUE (room_id, user_id, client_id);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT one_payment_per_provider_ref UNIQUE (provider, provider_ref);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT one_payment_per_receipt UNIQUE (receipt_number);
ALTER TABLE ONLY public.taken_times
    ADD CONSTRAINT one_place_at_a_time EXCLUDE USING gist (person_id WITH =, taken WITH &&);
ALTER TABLE ONLY public.booking_policies
    ADD CONSTRAINT one_policy_per_tutor UNIQUE NULLS NOT DISTINCT (tutor_id);
ALTER TABLE ONLY public.push_keys
    ADD CONSTRAINT one_push_key UNIQUE (public_key);
ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT one_push_subscription_per_endpoint UNIQUE (endpoint);
ALTER TABLE ONLY public.simulated_refunds
    ADD CONSTRAINT one_refund_per_key UNIQUE (idempotency_key);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT one_review_per_lesson UNIQUE (booking_id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT one_room_per_booking UNIQUE (booking_id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT one_room_per_code UNIQUE (code);
ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT one_saved_search_per_question UNIQUE (user_id, query);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT one_session_per_token UNIQUE (token_hash);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT one_subject_per_slug UNIQUE (slug);
ALTER TABLE ONLY public.ledger_transactions
    ADD CONSTRAINT one_transaction_per_link UNIQUE (seq);
ALTER TABLE ONLY public.tutors
    ADD CONSTRAINT one_tutor_per_slug UNIQUE (slug);
ALTER TABLE ONLY public.availability_override_hours
    ADD CONSTRAINT override_hours_do_not_overlap EXCLUDE USING gist (tutor_id WITH =, date WITH =, hours WITH &&);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_transactions
    ADD CONSTRAINT posted_once UNIQUE (kind, reference);
ALTER TABLE ONLY public.push_keys
    ADD CONSTRAINT push_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscriptions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.quiet_hours
    ADD CONSTRAINT quiet_hours_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.receipt_counter
    ADD CONSTRAINT receipt_counter_pkey PRIMARY KEY (is_only);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.room_messages
    ADD CONSTRAINT room_messages_pkey PRIMARY KEY (room_id, number);
ALTER TABLE ONLY public.room_quality
    ADD CONSTRAINT room_quality_pkey PRIMARY KEY (room_id, user_id, at);
ALTER TABLE ONLY public.room_seats
    ADD CONSTRAINT room_seats_pkey PRIMARY KEY (room_id, user_id);
ALTER TABLE ONLY public.room_stays
    ADD CONSTRAINT room_stays_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT saved_searches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sealing_keys
    ADD CONSTRAINT sealing_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.simulated_charges
    ADD CONSTRAINT simulated_charges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.simulated_refunds
    ADD CONSTRAINT simulated_refunds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT subjects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.taken_times
    ADD CONSTRAINT taken_times_pkey PRIMARY KEY (booking_id, teaches);
ALTER TABLE ONLY public.tutor_languages
    ADD CONSTRAINT tutor_languages_pkey PRIMARY KEY (tutor_id, language);
ALTER TABLE ONLY public.tutor_listings
    ADD CONSTRAINT tutor_listings_pkey PRIMARY KEY (tutor_id, subject_id);
ALTER TABLE ONLY public.tutor_samples
    ADD CONSTRAINT tutor_samples_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tutor_subjects
    ADD CONSTRAINT tutor_subjects_pkey PRIMARY KEY (tutor_id, subject_id);
ALTER TABLE ONLY public.tutors
    ADD CONSTRAINT tutors_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX activity_of_user ON public.activity_log USING btree (user_id, at DESC);
CREATE INDEX agreements_of_user ON public.agreements USING btree (user_id, document, agreed_at DESC);
CREATE INDEX audit_by_act ON public.audit_entries USING btree (act, at DESC, id DESC);
CREATE INDEX audit_by_actor ON public.audit_entries USING btree (actor_id, at DESC, id DESC) WHERE (actor_id IS NOT NULL);
CREATE INDEX audit_by_subject ON public.audit_entries USING btree (subject_id, at DESC, id DESC) WHERE (subject_id IS NOT NULL);
CREATE INDEX audit_by_time ON public.audit_entries USING btree (at DESC, id DESC);
CREATE INDEX availability_hours_in_order ON public.availability_hours USING btree (tutor_id, weekday, hours);
CREATE INDEX booking_events_in_order ON public.booking_events USING btree (booking_id, at, id);
CREATE INDEX bookings_by_age ON public.bookings USING btree (created_at DESC, id DESC);
CREATE INDEX bookings_by_creation ON public.bookings USING brin (created_at) WITH (pages_per_range='16', autosummarize='on');
CREATE INDEX bookings_held ON public.bookings USING btree (hold_expires_at) WHERE (state = ANY (ARRAY['held'::text, 'awaiting_payment'::text]));
CREATE INDEX bookings_of_learner ON public.bookings USING btree (learner_id, starts_at DESC, id);
CREATE INDEX bookings_of_pair ON public.bookings USING btree (tutor_id, learner_id, finished_at DESC) WHERE (state = 'completed'::text);
CREATE INDEX bookings_of_tutor ON public.bookings USING btree (tutor_id, starts_at DESC, id);
CREATE INDEX bookings_requested ON public.bookings USING btree (request_expires_at) WHERE (state = 'requested'::text);
CREATE INDEX bookings_unsettled ON public.bookings USING btree (ends_at) WHERE (state = ANY (ARRAY['confirmed'::text, 'in_progress'::text]));
CREATE INDEX credentials_of_tutor ON public.credentials USING btree (tutor_id, created_at);
CREATE INDEX events_dispatched ON public.events USING btree (dispatched_at) WHERE (dispatched_at IS NOT NULL);
CREATE INDEX events_to_dispatch ON public.events USING btree (id) WHERE (dispatched_at IS NULL);
CREATE INDEX files_by_content ON public.files USING btree (sha256);
CREATE INDEX files_of_owner ON public.files USING btree (owner_id, created_at DESC) WHERE (owner_id IS NOT NULL);
CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);
CREATE INDEX jobs_dead ON public.jobs USING btree (dead_at DESC) WHERE (dead_at IS NOT NULL);
CREATE INDEX jobs_due ON public.jobs USING btree (run_at, number) WHERE ((finished_at IS NULL) AND (dead_at IS NULL));
CREATE INDEX jobs_finished ON public.jobs USING btree (finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX jobs_open_by_name ON public.jobs USING btree (name) WHERE ((finished_at IS NULL) AND (dead_at IS NULL));
CREATE INDEX ledger_accounts_by_owner ON public.ledger_accounts USING btree (owner, kind);
CREATE INDEX ledger_postings_by_account ON public.ledger_postings USING btree (account_id) INCLUDE (amount);
CREATE INDEX ledger_transactions_by_reference ON public.ledger_transactions USING btree (reference);
CREATE INDEX ledger_transactions_by_time ON public.ledger_transactions USING brin (at) WITH (pages_per_range='16', autosummarize='on');
CREATE INDEX letters_of_user ON public.letters USING btree (user_id, purpose, created_at DESC);
CREATE INDEX listings_by_cell ON public.tutor_listings USING btree (cell, subject_id) INCLUDE (rate, rating);
CREATE INDEX listings_by_city ON public.tutor_listings USING btree (lower(city)) WHERE (is_main AND (cell IS NOT NULL));
CREATE INDEX listings_by_lexemes ON public.tutor_listings USING gin (lexemes) WHERE is_main;
CREATE INDEX listings_by_rate ON public.tutor_listings USING btree (subject_id, rate, tutor_id) INCLUDE (rating, currency, kind, category, languages, modes);
CREATE INDEX listings_by_rating ON public.tutor_listings USING btree (subject_id, rating DESC, rating_count DESC, tutor_id DESC) INCLUDE (rate, currency, level);
CREATE INDEX listings_by_words ON public.tutor_listings USING gin (words public.gin_trgm_ops) WHERE is_main;
CREATE INDEX listings_overall ON public.tutor_listings USING btree (rating DESC, rating_count DESC, tutor_id DESC) WHERE is_main;
CREATE INDEX listings_overall_by_rate ON public.tutor_listings USING btree (rate, tutor_id) INCLUDE (kind, category, languages, modes, level, currency, gpa, rating) WHERE is_main;
CREATE INDEX listings_overall_soon ON public.tutor_listings USING btree (next_free, tutor_id) WHERE (is_main AND (next_free IS NOT NULL));
CREATE INDEX listings_soon ON public.tutor_listings USING btree (subject_id, next_free, tutor_id) WHERE (next_free IS NOT NULL);
CREATE INDEX mails_by_age ON public.mails USING btree (created_at DESC, id);
CREATE INDEX mails_of_booking ON public.mails USING btree (booking_id, created_at) WHERE (booking_id IS NOT NULL);
CREATE INDEX mails_of_user ON public.mails USING btree (user_id, created_at DESC);
CREATE INDEX mails_unsent ON public.mails USING btree (created_at) WHERE (state = ANY (ARRAY['queued'::text, 'failed'::text, 'bounced'::text]));
CREATE INDEX mails_waiting ON public.mails USING btree (state) WHERE (state = ANY (ARRAY['queued'::text, 'outbox'::text]));
CREATE INDEX notifications_of_user ON public.notifications USING btree (user_id, number DESC);
CREATE INDEX notifications_unread ON public.notifications USING btree (user_id) WHERE (read_at IS NULL);
CREATE UNIQUE INDEX one_embed_origin ON public.embed_origins USING btree (COALESCE(tutor_id, '00000000-0000-0000-0000-000000000000'::uuid), origin);
CREATE UNIQUE INDEX one_open_payment_per_booking ON public.payments USING btree (booking_id) WHERE (state = ANY (ARRAY['created'::text, 'processing'::text, 'requires_action'::text]));
CREATE UNIQUE INDEX one_open_stay ON public.room_stays USING btree (room_id, user_id) WHERE (left_at IS NULL);
CREATE UNIQUE INDEX one_waiting_job_per_key ON public.jobs USING btree (name, key) WHERE ((key IS NOT NULL) AND (lease_owner IS NULL) AND (finished_at IS NULL) AND (dead_at IS NULL));
CREATE INDEX payments_of_booking ON public.payments USING btree (booking_id, created_at DESC);
CREATE INDEX payments_of_payer ON public.payments USING btree (payer_id, created_at DESC, id);
CREATE INDEX payments_unsettled ON public.payments USING btree (updated_at) WHERE (state = ANY (ARRAY['created'::text, 'processing'::text, 'requires_action'::text]));
CREATE INDEX push_subscriptions_of_key ON public.push_subscriptions USING btree (key_id);
CREATE INDEX push_subscriptions_of_user ON public.push_subscriptions USING btree (user_id, created_at);
CREATE INDEX refunds_of_payment ON public.refunds USING btree (payment_id, created_at);
CREATE INDEX reviews_by_author ON public.reviews USING btree (author_id, written_at DESC);
CREATE INDEX reviews_by_tutor ON public.reviews USING btree (tutor_id, written_at DESC, id) WHERE (hidden_at IS NULL);
CREATE INDEX reviews_to_quote ON public.reviews USING btree (written_at DESC) WHERE ((hidden_at IS NULL) AND (stars = 5) AND ((length(words) >= 40) AND (length(words) <= 240)));
CREATE INDEX room_quality_by_time ON public.room_quality USING btree (at);
CREATE INDEX samples_of_tutor ON public.tutor_samples USING btree (tutor_id, created_at);
CREATE INDEX saved_search_hits_of_tutor ON public.saved_search_hits USING btree (tutor_id);
CREATE INDEX saved_searches_with_letters ON public.saved_searches USING btree (id) WHERE (mail_since IS NOT NULL);
CREATE INDEX sessions_of_family ON public.sessions USING btree (family);
CREATE INDEX sessions_of_user ON public.sessions USING btree (user_id, created_at DESC);
CREATE INDEX settings_by_staleness ON public.availability_settings USING btree (figures_stale_at);
CREATE INDEX stays_of_room ON public.room_stays USING btree (room_id, joined_at);
CREATE INDEX taken_times_of_person ON public.taken_times USING hash (person_id);
CREATE INDEX tutors_by_state ON public.tutors USING btree (state, submitted_at);
CREATE INDEX tutors_by_verification ON public.tutors USING btree (verified_at) WHERE (state = 'verified'::text);
CREATE INDEX users_by_age ON public.users USING btree (created_at DESC, id);
CREATE INDEX users_by_role ON public.user_roles USING btree (role, user_id);
CREATE OR REPLACE VIEW public.ledger_balances AS
 SELECT a.id AS account_id,
    a.kind,
    a.owner,
    a.purpose,
    a.currency,
    (COALESCE(sum(p.amount), (0)::numeric))::bigint AS amount
   FROM (public.ledger_accounts a
     LEFT JOIN public.ledger_postings p ON ((p.account_id = a.id)))
  GROUP BY a.id;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_links FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.booking_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.fee_schedules FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.ledger_accounts FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.ledger_postings FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.ledger_transactions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.legal_versions FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER keep_taken_times AFTER INSERT OR DELETE OR UPDATE OF state, starts_at, ends_at, blocked, tutor_id, learner_id ON public.bookings FOR EACH ROW EXECUTE FUNCTION public.keep_taken_times();
ALTER TABLE public.bookings ENABLE ALWAYS TRIGGER keep_taken_times;
CREATE TRIGGER link BEFORE INSERT ON public.ledger_transactions FOR EACH ROW EXECUTE FUNCTION public.ledger_link();
CREATE TRIGGER listings_stamp_delete AFTER DELETE ON public.tutor_listings REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER listings_stamp_insert AFTER INSERT ON public.tutor_listings REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER listings_stamp_update AFTER UPDATE ON public.tutor_listings REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER live_key BEFORE INSERT OR UPDATE OF secret ON public.second_factors FOR EACH ROW EXECUTE FUNCTION public.refuse_retired_key('secret');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.audit_links FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.ledger_accounts FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.ledger_postings FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.ledger_transactions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.legal_versions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER push_keys_seal BEFORE INSERT OR UPDATE OF private_key ON public.push_keys FOR EACH ROW EXECUTE FUNCTION public.refuse_retired_key('private_key');
CREATE TRIGGER push_subscriptions_seal BEFORE INSERT OR UPDATE OF secret ON public.push_subscriptions FOR EACH ROW EXECUTE FUNCTION public.refuse_retired_key('secret');
CREATE TRIGGER queue AFTER INSERT ON public.audit_entries FOR EACH ROW EXECUTE FUNCTION public.audit_queue();
CREATE TRIGGER sealed BEFORE INSERT ON public.ledger_postings FOR EACH ROW EXECUTE FUNCTION public.ledger_refuse_sealed();
CREATE TRIGGER subjects_stamp_delete AFTER DELETE ON public.subjects REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER subjects_stamp_insert AFTER INSERT ON public.subjects REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER subjects_stamp_update AFTER UPDATE ON public.subjects REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.stamp_listings();
CREATE TRIGGER tutors_keep_the_cell BEFORE INSERT OR UPDATE OF latitude, longitude ON public.tutors FOR EACH ROW EXECUTE FUNCTION public.keep_the_cell();
CREATE CONSTRAINT TRIGGER weighed AFTER INSERT ON public.ledger_postings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_weigh();
ALTER TABLE ONLY public.activity_log
    ADD CONSTRAINT activity_log_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.activity_log
    ADD CONSTRAINT activity_log_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT agreements_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT agreements_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.legal_versions(id);
ALTER TABLE ONLY public.audit_links
    ADD CONSTRAINT audit_links_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES public.audit_entries(id);
ALTER TABLE ONLY public.audit_unlinked
    ADD CONSTRAINT audit_unlinked_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES public.audit_entries(id);
ALTER TABLE ONLY public.availability_hours
    ADD CONSTRAINT availability_hours_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.availability_override_hours
    ADD CONSTRAINT availability_override_hours_tutor_id_date_fkey FOREIGN KEY (tutor_id, date) REFERENCES public.availability_overrides(tutor_id, date) ON DELETE CASCADE;
ALTER TABLE ONLY public.availability_overrides
    ADD CONSTRAINT availability_overrides_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.availability_settings
    ADD CONSTRAINT availability_settings_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.booking_events
    ADD CONSTRAINT booking_events_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.booking_events
    ADD CONSTRAINT booking_events_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.booking_policies
    ADD CONSTRAINT booking_policies_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_learner_id_fkey FOREIGN KEY (learner_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.embed_origins
    ADD CONSTRAINT embed_origins_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.favourites
    ADD CONSTRAINT favourites_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.favourites
    ADD CONSTRAINT favourites_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_owner_fkey FOREIGN KEY (owner) REFERENCES public.users(id);
ALTER TABLE ONLY public.ledger_postings
    ADD CONSTRAINT ledger_postings_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.ledger_accounts(id);
ALTER TABLE ONLY public.ledger_postings
    ADD CONSTRAINT ledger_postings_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.ledger_transactions(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.letters
    ADD CONSTRAINT letters_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.push_subscriptions
    ADD CONSTRAINT push_subscription_key FOREIGN KEY (key_id) REFERENCES public.push_keys(id);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.second_factors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.room_messages
    ADD CONSTRAINT room_messages_room_id_fkey FOREIGN KEY (room_id) REFERENCES public.rooms(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.room_messages
    ADD CONSTRAINT room_messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.room_quality
    ADD CONSTRAINT room_quality_room_id_fkey FOREIGN KEY (room_id) REFERENCES public.rooms(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.room_quality
    ADD CONSTRAINT room_quality_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.room_seats
    ADD CONSTRAINT room_seats_room_id_fkey FOREIGN KEY (room_id) REFERENCES public.rooms(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.room_seats
    ADD CONSTRAINT room_seats_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.room_stays
    ADD CONSTRAINT room_stays_room_id_fkey FOREIGN KEY (room_id) REFERENCES public.rooms(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.room_stays
    ADD CONSTRAINT room_stays_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.rooms
    ADD CONSTRAINT rooms_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES public.bookings(id);
ALTER TABLE ONLY public.sample_captions
    ADD CONSTRAINT sample_captions_sample_id_fkey FOREIGN KEY (sample_id) REFERENCES public.tutor_samples(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.saved_search_hits
    ADD CONSTRAINT saved_search_hits_search_id_fkey FOREIGN KEY (search_id) REFERENCES public.saved_searches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.saved_search_hits
    ADD CONSTRAINT saved_search_hits_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.saved_searches
    ADD CONSTRAINT saved_searches_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.second_factors
    ADD CONSTRAINT second_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.simulated_refunds
    ADD CONSTRAINT simulated_refunds_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES public.simulated_charges(id);
ALTER TABLE ONLY public.tutor_languages
    ADD CONSTRAINT tutor_languages_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tutor_listings
    ADD CONSTRAINT tutor_listings_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.tutor_listings
    ADD CONSTRAINT tutor_listings_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tutor_samples
    ADD CONSTRAINT tutor_samples_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tutor_subjects
    ADD CONSTRAINT tutor_subjects_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.tutor_subjects
    ADD CONSTRAINT tutor_subjects_tutor_id_fkey FOREIGN KEY (tutor_id) REFERENCES public.tutors(user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.tutors
    ADD CONSTRAINT tutors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.users(id);
