-- What is said in a tutor's samples: captions of a film, one file a language, and a transcript.
alter table tutor_samples add column transcript text
  constraint transcript_is_bounded check (length(transcript) between 1 and 20000);

create table sample_captions (
  sample_id uuid not null references tutor_samples on delete cascade,
  language  text not null constraint captions_have_a_language check (language ~ '^[a-z]{2}$'),
  file_id   uuid not null,
  constraint one_file_a_language primary key (sample_id, language)
);
