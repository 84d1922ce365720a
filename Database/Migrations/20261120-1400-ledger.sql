-- Double entry, append-only, hash-chained. The ledger knows accounts and postings; of lessons it knows only a reference.
--
-- Sign: a posting adds to what its account holds. `gateway_clearing` is where money comes from and goes back to, so its
-- balance is minus what the outside world has put in; every other account holds what is owed to its owner.
create table ledger_accounts (
  id       uuid primary key,
  kind     text not null check (kind in
             ('gateway_clearing', 'learner_wallet', 'held', 'tutor_payable', 'platform_fees', 'refunds_payable')),
  owner    uuid references users,      -- nobody: the house
  purpose  uuid,                       -- what the money is set aside for, when it is
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  opened_at timestamptz not null default now(),
  constraint one_account_per_purpose unique nulls not distinct (kind, owner, purpose, currency)
);
create index ledger_accounts_by_owner on ledger_accounts (owner, kind);

create table ledger_transactions (
  id        uuid primary key,
  seq       bigint not null constraint one_transaction_per_link unique check (seq > 0),
  at        timestamptz not null,
  kind      text   not null check (kind ~ '^[a-z_]{1,40}$'),
  reference uuid   not null,
  memo      jsonb  not null default '{}',
  prev_hash bytea  not null check (length(prev_hash) = 32),
  hash      bytea  not null check (length(hash) = 32),
  constraint posted_once unique (kind, reference)
);
create index ledger_transactions_by_reference on ledger_transactions (reference);

create table ledger_postings (
  transaction_id uuid     not null references ledger_transactions deferrable initially deferred,
  line           smallint not null,
  account_id     uuid     not null references ledger_accounts,
  amount         bigint   not null check (amount <> 0),
  currency       text     not null check (currency ~ '^[A-Z]{3}$'),
  primary key (transaction_id, line)
);
create index ledger_postings_by_account on ledger_postings (account_id) include (amount);

create trigger append_only before update or delete on ledger_accounts     for each row execute function refuse_change();
create trigger append_only before update or delete on ledger_transactions for each row execute function refuse_change();
create trigger append_only before update or delete on ledger_postings     for each row execute function refuse_change();
create trigger never_emptied before truncate on ledger_accounts     for each statement execute function refuse_change();
create trigger never_emptied before truncate on ledger_transactions for each statement execute function refuse_change();
create trigger never_emptied before truncate on ledger_postings     for each statement execute function refuse_change();

-- Postings come before their transaction, which seals them: its hash covers them, so none may follow.
create function ledger_refuse_sealed() returns trigger language plpgsql as $$
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
create trigger sealed before insert on ledger_postings for each row execute function ledger_refuse_sealed();

-- The text a link's hash is taken over: everything the transaction says, in one reading.
create function ledger_canonical(t ledger_transactions) returns text language sql stable as $$
  select concat_ws('|', t.seq, t.id, (extract(epoch from t.at) * 1000000)::bigint, t.kind, t.reference, t.memo::text,
    (select string_agg(concat_ws(':', p.line, a.kind, p.account_id, p.amount, p.currency), ';' order by p.line)
       from ledger_postings p join ledger_accounts a on a.id = p.account_id where p.transaction_id = t.id))
$$;

create function ledger_hash(t ledger_transactions) returns bytea language sql stable as $$
  select sha256(t.prev_hash || convert_to(ledger_canonical(t), 'UTF8'))
$$;

-- One writer at a time, so that the numbers have no gaps and each link knows the one before it.
create function ledger_lock() returns void language sql as $$ select pg_advisory_xact_lock(7305795820) $$;

create function ledger_link() returns trigger language plpgsql as $$
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
create trigger link before insert on ledger_transactions for each row execute function ledger_link();

-- At commit every transaction weighs nothing in each currency, and nobody's own money is below zero.
create function ledger_weigh() returns trigger language plpgsql as $$
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
create constraint trigger weighed after insert on ledger_postings
  deferrable initially deferred for each row execute function ledger_weigh();

-- Posts an entry in one round trip, once: the same kind and reference again answers the first and writes nothing.
-- Lines are parallel arrays; an empty text is "nobody" or "nothing in particular".
create function ledger_post(
  id uuid, at timestamptz, kind text, reference uuid, memo jsonb,
  fresh uuid[], kinds text[], owners text[], purposes text[], amounts bigint[], currencies text[],
  out transaction_id uuid, out transaction_seq bigint, out is_new boolean
) language plpgsql as $$
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

-- Rebuilds the chain from nothing and compares. `broken_at` is the first link that does not hold, `head` the last that does.
create function ledger_verify(out links bigint, out head bytea, out broken_at bigint, out reason text) language plpgsql stable as $$
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

-- What the house keeps of a price, from when. Frozen into each booking; a row is never changed, a new one follows it.
create table fee_schedules (
  id           uuid primary key,
  valid_from   timestamptz not null constraint one_fee_per_instant unique,
  basis_points int not null default 1800 check (basis_points between 0 and 10000)
);
create trigger append_only before update or delete on fee_schedules for each row execute function refuse_change();
insert into fee_schedules (id, valid_from, basis_points) values ('01900000-0000-7000-8000-000000001800', '2020-01-01T00:00:00Z', 1800);

-- Published: what an account holds. A fold, never a stored figure.
create view ledger_balances as
  select a.id as account_id, a.kind, a.owner, a.purpose, a.currency, coalesce(sum(p.amount), 0)::bigint as amount
    from ledger_accounts a left join ledger_postings p on p.account_id = a.id group by a.id;
