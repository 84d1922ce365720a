-- What a booking and a line of its history must hold, each said by one function that the table's one check calls.
--
-- PostgreSQL keeps a check as text and reads it anew for every statement that writes the table: sixteen checks on a
-- booking and four on a line of its history were a fifth of what making a booking costs. A function's expressions are read
-- once in a session. What a row breaks is still told by the name of a rule, as if each were a constraint of its own.
-- To change a rule: replace the function, drop the check and add it again, so that rows already there are judged too.

create function sound_booking(b bookings) returns boolean language plpgsql immutable as $$
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

create function sound_booking_event(e booking_events) returns boolean language plpgsql immutable as $$
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

alter table bookings
  drop constraint bookings_state_check,
  drop constraint bookings_mode_check,
  drop constraint booking_of_two_people,
  drop constraint booking_has_length,
  drop constraint booking_buffers_hold_it,
  drop constraint booking_hold_ends,
  drop constraint booking_in_progress_begun,
  drop constraint booking_proposal_whole,
  drop constraint bookings_proposed_by_check,
  drop constraint bookings_price_amount_check,
  drop constraint bookings_check,
  drop constraint bookings_check1,
  drop constraint bookings_fee_basis_points_check,
  drop constraint bookings_currency_check,
  drop constraint bookings_room_code_check,
  drop constraint bookings_learner_note_check,
  add constraint booking_is_sound check (sound_booking(bookings));

alter table booking_events
  drop constraint booking_events_actor_kind_check,
  drop constraint booking_event_of_person,
  drop constraint booking_events_channel_check,
  drop constraint booking_events_reason_check,
  add constraint booking_event_is_sound check (sound_booking_event(booking_events));

-- The condition of a trigger is read anew as well: what changes nobody's time is now told by the function.
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
      delete from taken_times where person_id in (old.tutor_id, old.learner_id) and booking_id = old.id;
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
drop trigger take_times on bookings;
drop trigger move_times on bookings;
drop trigger give_times_back on bookings;
create trigger keep_taken_times after insert or delete or update of state, starts_at, ends_at, blocked, tutor_id, learner_id
  on bookings for each row execute function keep_taken_times();
alter table bookings enable always trigger keep_taken_times;
