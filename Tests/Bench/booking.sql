-- The best single statement that takes a time. The hours are so many that two never meet: a collision would end the run.
\set learner random(1, :learners)
\set tutor random(1, :tutors)
\set hour random(1, 10000000)
insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                      fee_basis_points, policy, hold_expires_at, room_code, learner_zone, tutor_zone)
select gen_random_uuid(), bench_id(1, :learner), bench_id(2, :tutor), ts.subject_id, 'held', 'instant', at, at + interval '1 hour',
       tstzrange(at, at + interval '1 hour', '[)'), ts.hourly_rate, 'USD', 1500, p.terms, now() + interval '10 minutes',
       left(md5(random()::text), 20), 'UTC', 'UTC'
  from (select timestamptz '2030-01-01 00:00Z' + :hour * interval '1 hour' as at) t, tutor_subjects ts, booking_policies p
 where ts.tutor_id = bench_id(2, :tutor) and ts.position = 0 and p.tutor_id is null;
