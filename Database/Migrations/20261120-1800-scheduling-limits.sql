-- A week's limit beside the day's, and when the figures that search shows stop being true by the mere passing of time.
alter table availability_settings
  add weekly_limit int check (weekly_limit between 1 and 100),
  add figures_stale_at timestamptz not null default '-infinity';
create index settings_by_staleness on availability_settings (figures_stale_at);
