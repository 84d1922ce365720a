-- When what the directory shows changed last. Answers are kept by the servers while the sum of these numbers stands; it
-- grows in the commit of every change, whoever makes it. A transaction counts in the row that its own number chooses, so
-- that changes of different tutors seldom wait for each other.
create table listing_stamps (
  shard  int    primary key,
  number bigint not null
) with (fillfactor = 10);
insert into listing_stamps (shard, number) select shard, 0 from generate_series(0, 63) shard;

create function stamp_listings() returns trigger language plpgsql as $$
begin
  if exists (select from changed) then
    update listing_stamps set number = number + 1 where shard = (pg_current_xact_id()::text::bigint % 64)::int;
  end if;
  return null;
end $$;
create trigger listings_stamp_insert after insert on tutor_listings referencing new table as changed for each statement execute function stamp_listings();
create trigger listings_stamp_update after update on tutor_listings referencing new table as changed for each statement execute function stamp_listings();
create trigger listings_stamp_delete after delete on tutor_listings referencing old table as changed for each statement execute function stamp_listings();
create trigger subjects_stamp_insert after insert on subjects referencing new table as changed for each statement execute function stamp_listings();
create trigger subjects_stamp_update after update on subjects referencing new table as changed for each statement execute function stamp_listings();
create trigger subjects_stamp_delete after delete on subjects referencing old table as changed for each statement execute function stamp_listings();
