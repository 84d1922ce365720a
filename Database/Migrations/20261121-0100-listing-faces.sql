-- A list is twenty rows, and each was unpacked again for every field a card shows. A row now holds what a card shows in
-- columns of its own, and the document as it is sent, small enough together to lie in the table unpacked.
alter table tutor_listings
  add column slug      text,
  add column full_name text,
  add column headline  text,
  add column photo_id  uuid,
  add column titles    text[],   -- of what is taught, in the tutor's order
  add column city      text;
alter table tutor_listings alter column document drop expression;
alter table tutor_listings alter column document set storage main;
update tutor_listings
   set slug = card->>'slug', full_name = card->>'full_name', headline = coalesce(card->>'headline', ''),
       photo_id = (card->>'photo_id')::uuid, city = card->>'city',
       titles = array(select s->>'title' from jsonb_array_elements(card->'subjects') s);
alter table tutor_listings
  alter column slug set not null,
  alter column full_name set not null,
  alter column headline set not null,
  alter column titles set not null,
  drop column card;

-- What the facets count stands in the index they read, so that a thousand rows need not be fetched for it.
drop index listings_by_rate, listings_overall_by_rate;
create index listings_by_rate on tutor_listings (subject_id, rate, tutor_id) include (rating, currency, category, languages, modes);
create index listings_overall_by_rate on tutor_listings (rate, tutor_id) include (category, languages, modes) where is_main;
