-- What is said in a sample of film is a file of its own kind.
alter table files drop constraint files_purpose_check;
alter table files add constraint files_purpose_check
  check (purpose in ('photo', 'picture', 'sample', 'captions', 'document'));
