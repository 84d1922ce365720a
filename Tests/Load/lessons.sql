-- The lessons of `bin/test load`, upon a town of Database/Seeds/large.sql: one for each tutor, all under way now, and a
-- session for each of their people, whose token is known because it is only here.
--   -v rooms=6000
\set ON_ERROR_STOP on
set session_replication_role = replica;
begin;

insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency, paid_amount,
                      fee_basis_points, policy, room_code, learner_zone, tutor_zone)
select bench_id(6, n), bench_id(1, n + 1), bench_id(2, n + 1), ts.subject_id, 'confirmed', 'instant', start, start + interval '2 hours',
       tstzrange(start, start + interval '2 hours', '[)'), 0, 'USD', 0, 1500, terms, 'load-' || lpad(n::text, 5, '0'), 'UTC', 'UTC'
  from generate_series(0, :rooms - 1) n
  join tutor_subjects ts on ts.tutor_id = bench_id(2, n + 1) and ts.position = 0,
       (select now() - interval '2 minutes' as start) s, (select terms from booking_policies where tutor_id is null) house;

insert into sessions (id, user_id, token_hash, family, expires_at)
select bench_id(6 + kind, n), bench_id(kind, n + 1), sha256(convert_to('load-' || role || '-' || lpad(n::text, 5, '0'), 'UTF8')),
       bench_id(6 + kind, n), now() + interval '1 day'
  from (values (1, 'learner'), (2, 'tutor')) kinds (kind, role), generate_series(0, :rooms - 1) n;

-- What the room of everybody is told: ids that end in their number, in tens.
insert into notifications (id, user_id, kind, params)
select ('01900000-0009-7000-8000-' || lpad(n::text, 12, '0'))::uuid, bench_id(1, 1), 'classroom.waiting', '{"name": {"text": {"_0": "Ada"}}, "subject": {"text": {"_0": "Calculus"}}}' from generate_series(1, 10) n;

commit;
reset session_replication_role;
vacuum (analyze);
