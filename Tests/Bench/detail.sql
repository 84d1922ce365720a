\set tutor random(1, :tutors)
select l.document, l.next_frees, t.biography, t.experience, t.years_teaching, t.approval, u.zone,
       (select json_agg(json_build_object('language', language, 'fluency', fluency)) from tutor_languages g where g.tutor_id = t.user_id),
       (select json_agg(json_build_object('kind', kind, 'title', title, 'file', file_id)) from tutor_samples s where s.tutor_id = t.user_id)
  from tutor_listings l join tutors t on t.user_id = l.tutor_id join users u on u.id = t.user_id
 where l.tutor_id = bench_id(2, :tutor) and l.is_main and t.state = 'verified';
