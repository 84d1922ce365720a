-- What people agree to and what is done with what they leave here, as administrators wrote it, by language. Forward only:
-- a new wording is a new row, and what somebody agreed to can be read for good. The newest of a language is in force.
-- Who wrote it belongs to Accounts, who stands on this room: therefore no foreign key.
create table legal_versions (
  id           uuid primary key,
  document     text not null constraint legal_document check (document in ('terms', 'privacy')),
  language     text not null constraint legal_language check (language in ('en', 'es', 'ar', 'ur')),
  -- From one, by document and language.
  number       int  not null check (number > 0),
  -- Markdown.
  words        text not null constraint legal_words_fit check (length(words) between 1 and 60000),
  author_id    uuid not null,
  published_at timestamptz not null,
  -- Two administrators, one version: the second is told.
  constraint one_legal_version_per_number unique (document, language, number)
);
create trigger append_only before update or delete on legal_versions for each row execute function refuse_change();
create trigger never_emptied before truncate on legal_versions for each statement execute function refuse_change();
