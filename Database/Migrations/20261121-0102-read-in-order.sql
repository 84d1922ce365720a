-- What is shown newest first, or counted while it waits, is found by an index and not by reading a whole table.
create index bookings_by_age on bookings (created_at desc, id desc);
create index reviews_to_quote on reviews (written_at desc) where hidden_at is null and stars = 5 and length(words) between 40 and 240;
create index mails_waiting on mails (state) where state in ('queued', 'outbox');
