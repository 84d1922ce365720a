-- What every room stands on: interval exclusion over keys, fast search in words, folding of case and accents.
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
create extension if not exists citext;
create extension if not exists unaccent;

-- unaccent() is only stable, because its dictionary could change; ours does not, and indexes need immutability.
create function plain_words(words text) returns text
  language sql immutable strict parallel safe
  as $$ select lower(public.unaccent('public.unaccent'::regdictionary, words)) $$;

-- Rows that explain money or history are written once. A trigger says so to whoever tries otherwise.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
