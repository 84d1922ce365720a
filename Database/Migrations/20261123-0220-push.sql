-- The key pairs that say to push services who we are (VAPID, RFC 8292). The newest is given to browsers; older ones stay
-- while a browser that subscribed with them is left, for each accepts messages under its own key only.
create table push_keys (
  id          uuid primary key,
  public_key  text not null constraint one_push_key unique,
  private_key text not null,                           -- sealed
  created_at  timestamptz not null
);
create trigger push_keys_seal before insert or update of private_key on push_keys
  for each row execute function refuse_retired_key('private_key');

-- Browsers that want to be told. Its vendor gives one address to one browser, whoever sits before it: the last one to ask
-- has it. It is told while the session it was asked in has not been ended.
create table push_subscriptions (
  id         uuid primary key,
  user_id    uuid not null,
  session_id uuid not null,
  key_id     uuid not null constraint push_subscription_key references push_keys,
  endpoint   text not null constraint one_push_subscription_per_endpoint unique
               check (endpoint ~ '^https?://' and length(endpoint) <= 1000),
  public_key text not null check (length(public_key) = 87),
  secret     text not null,                            -- sealed
  device     text check (length(device) <= 200),       -- as browsers call themselves
  created_at timestamptz not null,
  used_at    timestamptz                               -- when its vendor last took something for it
);
create index push_subscriptions_of_user on push_subscriptions (user_id, created_at);
create index push_subscriptions_of_key on push_subscriptions (key_id);
create trigger push_subscriptions_seal before insert or update of secret on push_subscriptions
  for each row execute function refuse_retired_key('secret');
