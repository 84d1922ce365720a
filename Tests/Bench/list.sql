\set subject random(90, 110)
\set low random(1000, 1099)
\set high random(6000, 6099)
select l.tutor_id, l.document, l.next_frees,
       (select count(*) from (select 1 from tutor_listings c
         where c.subject_id = bench_id(3, :subject) and c.rate between :low and :high limit 10001) found)
  from tutor_listings l
 where l.subject_id = bench_id(3, :subject) and l.rate between :low and :high
 order by l.rating desc, l.rating_count desc, l.tutor_id desc limit 21;
