-- What people upload, by name; the bytes lie in the content store under their hash. `owner_id` is a person of
-- Accounts, who stands on this room: therefore no foreign key from here.
create table files (
  id         uuid primary key,
  owner_id   uuid,
  purpose    text   not null check (purpose in ('photo', 'picture', 'sample', 'document')),
  sha256     text   not null check (sha256 ~ '^[0-9a-f]{64}$'),
  byte_size  bigint not null check (byte_size > 0),
  media_type text   not null,
  filename   text   not null check (length(filename) between 1 and 200),
  width      int    check (width > 0),
  height     int    check (height > 0),
  created_at timestamptz not null default now()
);
create index files_of_owner on files (owner_id, created_at desc) where owner_id is not null;
create index files_by_content on files (sha256);
