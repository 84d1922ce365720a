-- One account made of two. What was written down about the one that goes stays as it was written (append-only tables
-- are left); everything else that names it names the other from then on. Columns are found in the catalogue, so that a
-- table that is made later is not forgotten.
alter table users add column merged_into uuid references users
  constraint not_merged_into_oneself check (merged_into <> id);

-- What moves by itself: every column that refers to a person, or is named as one that does where the owner stands on a
-- higher floor. What may not move is answered with the constraint that refuses it, and is not moved.
create function repoint_person(gone uuid, keep uuid)
  returns table (place text, moved bigint, hindrance text) language plpgsql as $$
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
end $$;
