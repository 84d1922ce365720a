-- Both rows of a booking are written where its own row was, at the end, and found there when it gives its times back: the key
-- was led by the person before, and each row went to a place of its own. Whose times they are, taken_times_of_person tells.
alter table taken_times drop constraint taken_times_pkey;
alter table taken_times add primary key (booking_id, teaches);

create or replace function keep_taken_times() returns trigger language plpgsql as $$
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
