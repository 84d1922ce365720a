-- Of where a tutor teaches in person only the middle of a square of the 0.1° grid is kept, whoever writes it: some eleven
-- kilometres, as the map of the search draws it. (`Coordinates.kept` in Tutors does the same before.)
create function keep_the_cell() returns trigger language plpgsql as $$
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

create trigger tutors_keep_the_cell before insert or update of latitude, longitude on tutors
  for each row execute function keep_the_cell();

-- A town that a learner names is found among those that tutors name.
create index listings_by_city on tutor_listings (lower(city)) where is_main and cell is not null;
