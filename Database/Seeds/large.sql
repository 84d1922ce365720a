-- A large town: what `bin/bench` measures against. Run by psql as the cluster's superuser, on a migrated database:
--   -v tutors=100000 -v learners=200000 -v bookings=500000 -v password=<hash of a known password>
-- The same every time, but for the dates, which are counted from today. Keys are made of their number, so that whoever
-- measures can name them: bench_id(1, n) is learner n, bench_id(2, n) tutor n, bench_id(4, n) booking n.
\set ON_ERROR_STOP on
\timing off
-- What is written here is consistent by construction; checking each of two million references would take longer than it.
set session_replication_role = replica;
set synchronous_commit = off;
begin;

create function bench_id(kind int, n bigint) returns uuid language sql immutable as
  $$ select ('01900000-' || lpad(to_hex(kind), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
-- A number in [0, 1) that depends on its arguments only.
create function bench_u(n bigint, k int) returns double precision language sql immutable as
  $$ select (hashint8extended(n, k) & 1048575) / 1048576.0 $$;
create function bench_pick(n bigint, k int, among text[]) returns text language sql immutable as
  $$ select among[1 + floor(bench_u(n, k) * cardinality(among))::int] $$;

-- Three hundred subjects; the first are taught most.
insert into subjects (id, slug, title, code, category, level, position)
select bench_id(3, n), 'large-subject-' || n,
       bench_pick(n, 1, '{Calculus,Algebra,Statistics,Mechanics,Optics,Chemistry,Biology,Grammar,Composition,Phonetics,Piano,Violin,Drawing,Programming,Databases,Accounting}')
         || ' ' || n,
       'L' || n, (array['university', 'school', 'languages', 'music', 'professional'])[1 + n % 5],
       (array['beginner', 'intermediate', 'advanced', 'university'])[1 + n % 4], n
  from generate_series(1, 300) n;

insert into users (id, email, username, full_name, password_hash, zone, verified_at, terms_accepted_at, created_at)
select bench_id(kind, n), role || n || '@large.example', role || n,
       bench_pick(n, 10 + kind, '{Amina,Bilal,Chen,Dalia,Elif,Farid,Grace,Hana,Imran,Joana,Karim,Lena,Maria,Noor,Omar,Priya,Qasim,Rosa,Samir,Tariq,Uma,Vera,Wei,Yusuf,Zara}')
         || ' ' || bench_pick(n, 20 + kind, '{Adeyemi,Baig,Costa,Diaz,Evans,Farooq,Gupta,Haddad,Ito,Jansen,Khan,Lopez,Malik,Nguyen,Okafor,Petrov,Qureshi,Rossi,Singh,Tan,Usman,Varga,Wang,Yilmaz,Zafar}'),
       :'password', 'UTC', now(), now(), now() - bench_u(n, 30) * interval '700 days'
  from (values (1, 'learner', :learners), (2, 'tutor', :tutors)) kinds (kind, role, count), generate_series(1, count) n;
insert into user_roles (user_id, role)
select bench_id(kind, n), role
  from (values (1, 'learner', :learners), (2, 'tutor', :tutors)) kinds (kind, role, count), generate_series(1, count) n;

-- Nine in ten tutors live round twenty towns, which is what makes a search nearby hard.
insert into tutors (user_id, slug, headline, biography, experience, years_teaching, city, latitude, longitude, modes, state,
                    verified_at, completion, response_minutes, lessons_held, created_at)
select bench_id(2, n), 'tutor-' || n,
       bench_pick(n, 40, '{Patient,Exact,Warm,Experienced,Cheerful,Thorough}') || ' lessons in '
         || bench_pick(n, 41, '{mathematics,physics,languages,music,writing,computing}') || ' for '
         || bench_pick(n, 42, '{beginners,school,exams,university,work,pleasure}'),
       repeat('I teach by examples that come from what my learners do, and I check what was understood before we go on. ', 6),
       repeat('Ten years at school and in evening classes. ', 3), (bench_u(n, 43) * 30)::int,
       bench_pick(n, 44, '{Karachi,Lahore,London,Berlin,Lagos,Nairobi,Lima,Madrid,Cairo,Istanbul,Delhi,Mumbai,Dhaka,Jakarta,Manila,Toronto,Austin,Boston,Leeds,Oslo}'),
       -40 + 5 * floor(bench_u(n, 44) * 20) + bench_u(n, 45) * case when bench_u(n, 46) < 0.9 then 0.5 else 5 end,
       -100 + 10 * floor(bench_u(n, 44) * 20) + bench_u(n, 47) * case when bench_u(n, 46) < 0.9 then 0.5 else 10 end,
       case when bench_u(n, 48) < 0.3 then '{online,in_person}'::text[] else '{online}' end,
       'verified', now(), 80 + (bench_u(n, 49) * 20)::int, (bench_u(n, 50) * 300)::int, (bench_u(n, 51) ^ 3 * 400)::int,
       now() - bench_u(n, 30) * interval '700 days'
  from generate_series(1, :tutors) n;

insert into tutor_languages (tutor_id, language, fluency)
select bench_id(2, n), language, fluency
  from generate_series(1, :tutors) n,
       lateral (values ('en', 'fluent'), (bench_pick(n, 60, '{ar,ur,es,de,fr,tr,hi,pt}'), 'native')) spoken (language, fluency);

-- Three subjects each, never the same twice; squared, so that the first subjects have most tutors. One in twelve is free.
insert into tutor_subjects (tutor_id, subject_id, hourly_rate, durations, position)
select bench_id(2, n), bench_id(3, 1 + (floor(300 * bench_u(n, 70) ^ 2)::int + step) % 300),
       case when n % 12 = 0 then 0 else 500 + 100 * floor(bench_u(n * 3 + place, 71) * 95)::int end, '{30,60}', place
  from generate_series(1, :tutors) n,
       lateral (values (0, 0), (1, 1 + floor(bench_u(n, 72) * 149)::int), (2, 151 + floor(bench_u(n, 73) * 148)::int)) chosen (place, step);

-- Ten spans a week each: a million for a hundred thousand.
insert into availability_settings (tutor_id, zone, notice, horizon_days, step, figures_stale_at)
select bench_id(2, n), 'UTC', 0, 60, 30, 'infinity' from generate_series(1, :tutors) n;
insert into availability_hours (tutor_id, weekday, hours)
select bench_id(2, n), weekday, hours
  from generate_series(1, :tutors) n, generate_series(1, 5) weekday,
       lateral (values (int4range(480, 720)), (int4range(780, 1080))) spans (hours);

-- Four of five lessons are past, of which the store no longer guards the time; the fifth of every other tutor is to come.
insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency, paid_amount,
                      fee_basis_points, policy, room_code, learner_zone, tutor_zone, begun_at, finished_at, created_at)
select bench_id(4, n), bench_id(1, 1 + n * 7919 % :learners), bench_id(2, 1 + n % :tutors), ts.subject_id,
       case when is_past then 'completed' else 'confirmed' end, 'instant', at, at + interval '1 hour',
       tstzrange(at, at + interval '1 hour', '[)'), hourly_rate, 'USD', hourly_rate, 1500, terms, 'large-' || lpad(to_hex(n), 10, '0'),
       'UTC', 'UTC', case when is_past then at end, case when is_past then at + interval '1 hour' end, least(at, now()) - interval '3 days'
  from (select n, n < :bookings * 4 / 5 as is_past,
               date_trunc('day', now()) + (8 + floor(bench_u(n, 80) * 10)) * interval '1 hour'
                 + floor(case when n < :bookings * 4 / 5 then -1 - bench_u(n, 81) * 360 else 2 + bench_u(n, 81) * 25 end) * interval '1 day' as at
          from generate_series(0::bigint, :bookings - 1) n) lessons
  join tutor_subjects ts on ts.tutor_id = bench_id(2, 1 + n % :tutors) and ts.position = 0,
       (select terms from booking_policies where tutor_id is null) house
 where is_past or n % 2 = 0;

insert into reviews (id, booking_id, tutor_id, author_id, stars, words, written_at)
select bench_id(5, n), bench_id(4, n), bench_id(2, 1 + n % :tutors), bench_id(1, 1 + n * 7919 % :learners),
       5 - floor(bench_u(n, 90) ^ 2 * 4)::int,
       bench_pick(n, 91, '{"Clear and patient; I understood it the first time.","Came prepared, and had an example for every question.","A good hour, though we ran out of time.","My daughter looks forward to every lesson.","Exact, friendly, on time."}'),
       now() - bench_u(n, 81) * interval '360 days'
  from generate_series(0::bigint, :bookings * 4 / 5 - 1) n;

update tutors set rating_sum = stars, rating_count = count
  from (select tutor_id, sum(stars) as stars, count(*) as count from reviews group by tutor_id) r where r.tutor_id = user_id;

-- The read model, as Tutors writes it for one tutor, for all at once.
insert into tutor_listings (tutor_id, subject_id, category, level, rate, currency, rating, rating_count, lessons_held, languages, modes,
                            cell, latitude, longitude, free_mask, next_free, next_frees, words, document, slug, full_name,
                            headline, titles, city, is_main)
with offers as (
       select ts.*, s.slug, s.title, s.code, s.category, s.level from tutor_subjects ts join subjects s on s.id = ts.subject_id),
     offered as (
       select tutor_id, string_agg(concat_ws(' ', title, code), ' ') as words, min(hourly_rate) as rate_from,
              array_agg(title order by position) as titles,
              jsonb_agg(jsonb_build_object('id', subject_id, 'slug', slug, 'title', title, 'code', code,
                'rate', jsonb_build_object('amount', hourly_rate, 'currency', 'USD')) order by position) as subjects
         from offers group by tutor_id),
     spoken as (select tutor_id, array_agg(language order by language) as languages from tutor_languages group by tutor_id),
     faces as materialized (
       select t.*, l.languages,
              case when rating_count = 0 then 0 else round(rating_sum * 1000.0 / rating_count)::int end as rating,
              plain_words(concat_ws(' ', p.full_name, t.headline, t.city, o.words)) as words,
              now() + (1 + floor(bench_u(hashtext(t.slug), 100) * 72)) * interval '1 hour' as next_free,
              jsonb_build_object('id', t.user_id, 'slug', t.slug, 'full_name', p.full_name, 'headline', t.headline, 'photo', null,
                'subjects', o.subjects, 'languages', l.languages,
                'rate_from', jsonb_build_object('amount', o.rate_from, 'currency', 'USD'),
                'rating', jsonb_build_object('average', round(rating_sum * 1.0 / greatest(rating_count, 1), 2), 'count', rating_count),
                'lessons_held', t.lessons_held, 'verified', true, 'credentials', '[]'::jsonb, 'modes', t.modes, 'city', t.city,
                'response_minutes', t.response_minutes, 'featured', false)::text as document, p.full_name, o.titles
         from tutors t join users p on p.id = t.user_id join offered o on o.tutor_id = t.user_id join spoken l on l.tutor_id = t.user_id
        where t.slug like 'tutor-%')
select f.user_id, o.subject_id, o.category, o.level, o.hourly_rate, 'USD', f.rating, f.rating_count, f.lessons_held, f.languages, f.modes,
       floor((f.latitude + 90) * 10)::int * 3600 + floor((f.longitude + 180) * 10)::int, f.latitude, f.longitude,
       repeat(repeat('0', 8) || repeat('1', 10) || repeat('0', 6), 7)::bit(168), f.next_free,
       array[f.next_free, f.next_free + interval '1 hour', f.next_free + interval '1 day'], f.words, f.document, f.slug, f.full_name,
       f.headline, f.titles, f.city, o.position = 0
  from faces f join offers o on o.tutor_id = f.user_id;

commit;
reset session_replication_role;
-- Index-only scans need it.
vacuum (analyze);
