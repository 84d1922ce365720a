\set learner random(1, :learners)
select b.id, b.state, b.starts_at, b.ends_at, b.price_amount, b.currency, b.room_code, s.title, u.full_name,
       (select count(*) from bookings c where c.learner_id = b.learner_id)
  from bookings b join subjects s on s.id = b.subject_id join users u on u.id = b.tutor_id
 where b.learner_id = bench_id(1, :learner) order by b.starts_at desc, b.id limit 20;
