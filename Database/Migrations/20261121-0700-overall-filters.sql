-- Filters that no order of the list helps (level, currency, grade) are judged within the index, not row by row in the table.
drop index listings_overall_by_rate;
create index listings_overall_by_rate on tutor_listings (rate, tutor_id)
  include (category, languages, modes, level, currency, gpa, rating) where is_main;
