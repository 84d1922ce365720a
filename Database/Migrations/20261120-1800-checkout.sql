-- Money through gateways. A payment belongs to one booking; what a gateway says is kept as it came before it is believed.
create table payments (
  id             uuid primary key,
  booking_id     uuid not null references bookings,
  payer_id       uuid not null references users,
  provider       text not null check (provider ~ '^[a-z_]{1,30}$'),
  amount         int  not null check (amount > 0),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  state          text not null check (state in ('created', 'processing', 'requires_action', 'succeeded', 'failed', 'cancelled')),
  provider_ref   text,
  checkout_url   text,
  failure        text check (length(failure) <= 60),
  receipt_number bigint constraint one_payment_per_receipt unique,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  succeeded_at   timestamptz,
  constraint one_payment_per_provider_ref unique (provider, provider_ref),
  constraint paid_payment_has_receipt check ((state = 'succeeded') = (receipt_number is not null))
);
-- One way to pay is open at a time, and a booking is paid once.
create unique index one_open_payment_per_booking on payments (booking_id) where state in ('created', 'processing', 'requires_action');
create index payments_of_booking on payments (booking_id, created_at desc);
create index payments_of_payer on payments (payer_id, created_at desc, id);
create index payments_unsettled on payments (updated_at) where state in ('created', 'processing', 'requires_action');

-- Receipt numbers have no gaps: the number is allotted in the transaction that needs it, under this row's lock.
create table receipt_counter (is_only boolean primary key default true check (is_only), last bigint not null);
insert into receipt_counter (last) values (0);

create table refunds (
  id           uuid primary key,
  payment_id   uuid not null references payments,
  booking_id   uuid not null references bookings,
  amount       int  not null check (amount > 0),
  currency     text not null,
  rule         text not null,
  state        text not null default 'pending' check (state in ('pending', 'succeeded', 'failed')),
  provider_ref text,
  created_at   timestamptz not null,
  settled_at   timestamptz
);
create index refunds_of_payment on refunds (payment_id, created_at);

-- The inbox: each thing a gateway says, once, with what came of it. A forged one is kept too, as refused.
create table gateway_events (
  id          uuid primary key,
  provider    text not null,
  event_id    text not null,
  kind        text not null,
  body        text not null check (length(body) <= 100000),
  received_at timestamptz not null,
  outcome     text not null,
  constraint each_event_once unique (provider, event_id)
);

-- The simulated gateway keeps its own books, as a real one would: the site reads them only through its interface.
create table simulated_charges (
  id         text primary key,
  reference  text not null,                       -- the site's payment
  amount     int  not null,
  currency   text not null,
  state      text not null default 'open' check (state in ('open', 'authenticating', 'processing', 'succeeded', 'declined', 'cancelled')),
  refunded   int  not null default 0 check (refunded between 0 and amount),
  return_url text not null,
  idempotency_key text not null constraint one_charge_per_key unique,
  version    int not null default 0,
  created_at timestamptz not null
);
create table simulated_refunds (
  id         text primary key,
  charge_id  text not null references simulated_charges,
  amount     int not null check (amount > 0),
  idempotency_key text not null constraint one_refund_per_key unique
);
