-- A person is in one place at a time, whether teaching or learning: the store refuses what the rules refuse, also when
-- two bookings that share a person in different roles are made at the same instant.
--
-- Each live booking takes two stretches: its tutor's, with the buffers that were agreed, and its learner's. They follow
-- the booking by trigger, so that no way of writing one can forget them, and a constraint keeps each person's apart.
create table taken_times (
  person_id  uuid not null,
  booking_id uuid not null,
  teaches    boolean not null,
  during     tstzrange not null,
  taken      tstzrange not null,
  primary key (person_id, booking_id),
  constraint one_place_at_a_time exclude using gist (person_id with =, taken with &&)
);

-- People who gave and took lessons at once before this was refused keep both; the later one is then not guarded.
insert into taken_times (person_id, booking_id, teaches, during, taken)
select person, id, teaches, during, taken
  from bookings, lateral (values (tutor_id, true, blocked), (learner_id, false, during)) as side (person, teaches, taken)
 where state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress')
 order by created_at, id
on conflict do nothing;

create function keep_taken_times() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from taken_times where person_id in (old.tutor_id, old.learner_id) and booking_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    if new.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress') then
      insert into taken_times (person_id, booking_id, teaches, during, taken)
      values (new.tutor_id, new.id, true, new.during, new.blocked), (new.learner_id, new.id, false, new.during, new.during);
    end if;
  end if;
  return null;
end $$;

create trigger take_times after insert on bookings for each row
  when (new.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress'))
  execute function keep_taken_times();
create trigger move_times after update of state, starts_at, ends_at, blocked, tutor_id, learner_id on bookings for each row
  when ((old.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress'))
          <> (new.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress'))
        or (old.blocked, old.starts_at, old.ends_at, old.tutor_id, old.learner_id)
          is distinct from (new.blocked, new.starts_at, new.ends_at, new.tutor_id, new.learner_id))
  execute function keep_taken_times();
create trigger give_times_back after delete on bookings for each row
  when (old.state in ('held', 'awaiting_payment', 'requested', 'confirmed', 'in_progress'))
  execute function keep_taken_times();
-- Also where ordinary triggers sleep (session_replication_role, loading): the constraint is worth what its rows are.
alter table bookings enable always trigger take_times;
alter table bookings enable always trigger move_times;
alter table bookings enable always trigger give_times_back;

-- Each kept one role of a person apart; one_place_at_a_time keeps all of them.
alter table bookings drop constraint one_lesson_at_a_time_for_tutor;
alter table bookings drop constraint one_lesson_at_a_time_for_learner;

-- Published: who is taken when. An overdue hold still stands here until it is swept; who books over it expires it first.
create view busy_times as select person_id, booking_id, teaches, during, taken from taken_times;
drop view booking_busy;
