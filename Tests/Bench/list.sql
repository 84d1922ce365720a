-- The best single statement for a page of the list with its number, as many as the server counts to. The best are walked to, not sought
-- by their rate: planned for any rates, that would fetch and sort all between them.
\set subject random(90, 110)
\set low random(1000, 1999)
\set high random(5000, 6999)
select l.tutor_id, l.document, l.next_frees,
       (select count(*) from (select 1 from tutor_listings c
         where c.subject_id = bench_id(3, :subject) and c.rate between :low and :high limit 1001) found)
  from tutor_listings l
 where l.subject_id = bench_id(3, :subject) and l.rate + 0 between :low and :high
 order by l.rating desc, l.rating_count desc, l.tutor_id desc limit 21;
