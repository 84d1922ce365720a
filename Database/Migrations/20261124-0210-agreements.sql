-- Who agreed to which wording, and when. Those who came before this table agreed to what the box said
-- (users.terms_accepted_at).
create table agreements (
  id         uuid primary key,
  user_id    uuid not null references users on delete cascade,
  document   text not null constraint agreement_document check (document in ('terms', 'privacy')),
  -- None: the standard text of the software, for nobody had written one.
  version_id uuid references legal_versions,
  agreed_at  timestamptz not null
);
create index agreements_of_user on agreements (user_id, document, agreed_at desc);
