-- Whether the site rests, for all nodes: a row while it does. Each node hears of a change on the channel `maintenance`.
create table maintenance (
  is_only       boolean     primary key default true check (is_only),
  sentence      text        not null check (length(sentence) between 1 and 500),
  minutes       int         not null check (minutes between 1 and 10000),   -- what people are told to wait
  since         timestamptz not null default now()
);
