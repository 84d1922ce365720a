-- Published: what moved on whose account, when and by what kind of entry; for charts, which sum it.
create view ledger_movements as
  select a.kind as account, a.owner, t.kind, t.at, p.amount, p.currency
    from ledger_transactions t
    join ledger_postings p on p.transaction_id = t.id
    join ledger_accounts a on a.id = p.account_id;

-- The administration looks at what is recent. Both tables grow in time's order, so that a page's first and last instant
-- are enough to pass over the rest; nothing is written for it with a row.
create index ledger_transactions_by_time on ledger_transactions using brin (at) with (pages_per_range = 16, autosummarize = on);
create index bookings_by_creation on bookings using brin (created_at) with (pages_per_range = 16, autosummarize = on);
