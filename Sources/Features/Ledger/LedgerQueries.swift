package import Core
import JSON
package import Postgres

/// What the books answered to an entry.
package struct Posted: Equatable, Sendable, RowDecodable {
  package let transaction: ID<LedgerTransaction>
  package let number: Int
  /// False when the same kind and reference had been posted before: nothing was written now.
  package let isNew: Bool

  package init(row: inout RowReader) throws {
    transaction = try row.next()
    number = try row.next()
    isNew = try row.next()
  }
}

/// What a rebuild of the chain from nothing found.
package struct Verification: Equatable, Sendable, RowDecodable {
  /// How many links hold.
  package let links: Int
  /// The hash of the last of them, in base 16. Kept elsewhere, it also shows a tail that was cut off.
  package let head: String
  package let brokenAt: Int?
  package let reason: String?

  package var holds: Bool { brokenAt == nil }

  package init(row: inout RowReader) throws {
    links = try row.next()
    head = try row.next()
    brokenAt = try row.next()
    reason = try row.next()
  }
}

/// One line of "explain this balance": what happened, how much it moved, and what there was afterwards.
package struct BalanceLine: Equatable, Sendable, RowDecodable {
  package let number: Int
  package let at: Instant
  package let kind: Entry.Kind
  package let reference: ID<Reference>
  package let memo: [String: String]
  package let moved: Money
  package let balance: Money

  package init(row: inout RowReader) throws {
    number = try row.next()
    at = try row.next()
    kind = try row.next()
    reference = try row.next()
    let words: String = try row.next()
    let currency: Currency = try row.next()
    moved = Money(try row.next(), currency)
    balance = Money(try row.next(), currency)
    var memo: [String: String] = [:]
    for (name, value) in try JSON.read(words).object ?? [:] { memo[name] = value.string }
    self.memo = memo
  }
}

/// One posting with the entry it belongs to, as an auditor wants it.
package struct PostingLine: Equatable, Sendable, RowDecodable {
  package let number: Int
  package let at: Instant
  package let kind: String
  package let reference: ID<Reference>
  package let account: String
  /// Nobody: the house.
  package let owner: ID<User>?
  package let purpose: ID<Reference>?
  package let moved: Money
  package let memo: String
  /// The chain's link, in base 16.
  package let hash: String

  package init(row: inout RowReader) throws {
    number = try row.next()
    at = try row.next()
    kind = try row.next()
    reference = try row.next()
    account = try row.next()
    owner = try row.next()
    purpose = try row.next()
    let currency: Currency = try row.next()
    moved = Money(try row.next(), currency)
    memo = try row.next()
    hash = try row.next()
  }
}

extension Query where Row == PostingLine {
  static var everyPosting: Self {
    Query(
      """
      select t.seq, t.at, t.kind, t.reference, a.kind, a.owner, a.purpose, p.currency, p.amount, t.memo::text,
             encode(t.hash, 'hex')
        from ledger_transactions t
        join ledger_postings p on p.transaction_id = t.id
        join ledger_accounts a on a.id = p.account_id
       order by t.seq, p.line
      """)
  }
}

extension Entry.Kind: Readable {}

extension Query where Row == Posted {
  static func post(_ entry: Entry, as id: ID<LedgerTransaction>, at now: Instant) -> Self {
    let lines = entry.lines
    let memo = JSON.object(
      entry.memo.sorted { $0.key < $1.key }.reduce(into: JSON.Object()) { $0[$1.key] = .string($1.value) }
    ).text
    let owners = lines.map { $0.account.owner?.description ?? "" }
    let purposes = lines.map { $0.account.purpose?.description ?? "" }
    return Query(
      """
      select transaction_id, transaction_seq, is_new
        from ledger_post(\(id), \(now), \(entry.kind.rawValue), \(entry.reference), \(memo)::jsonb,
               \(lines.map { _ in ID<LedgerAccount>.new() }), \(lines.map(\.account.kind.rawValue)), \(owners), \(purposes),
               \(lines.map(\.amount.amount))::bigint[], \(lines.map(\.amount.currency.code)))
      """)
  }
}

extension Query<Bool> {
  static func isPosted(_ kind: Entry.Kind, _ reference: ID<Reference>) -> Self {
    Query("select exists (select from ledger_transactions where kind = \(kind.rawValue) and reference = \(reference))")
  }
}

extension Query where Row == Verification {
  static var verification: Self { Query("select links, encode(head, 'hex'), broken_at, reason from ledger_verify()") }
}

extension Query where Row == BalanceLine {
  /// The newest lines first; the running balance is a fold over all of them.
  static func explanation(of owner: ID<User>, kinds: [Account.Kind], limit: Int) -> Self {
    Query(
      """
      select t.seq, t.at, t.kind, t.reference, t.memo, a.currency, sum(p.amount)::bigint,
             (sum(sum(p.amount)) over (partition by a.currency order by t.seq))::bigint
        from ledger_accounts a
        join ledger_postings p on p.account_id = a.id
        join ledger_transactions t on t.id = p.transaction_id
       where a.owner = \(owner) and a.kind = any(\(kinds.map(\.rawValue)))
       group by t.id, a.currency
      having sum(p.amount) <> 0
       order by t.seq desc limit \(limit)
      """)
  }
}

extension Query where Row == Money {
  static func balances(of owner: ID<User>?, kinds: [Account.Kind]) -> Self {
    Query(
      """
      select currency, sum(amount)::bigint from ledger_balances
       where owner is not distinct from \(owner) and kind = any(\(kinds.map(\.rawValue)))
       group by currency order by currency
      """
    ) { row in
      let currency: Currency = try row.next()
      return Money(try row.next(), currency)
    }
  }

  static func balance(of account: Account, in currency: Currency) -> Self {
    Query(
      """
      select currency, amount from ledger_balances
       where kind = \(account.kind.rawValue) and owner is not distinct from \(account.owner)
         and purpose is not distinct from \(account.purpose) and currency = \(currency)
      """
    ) { row in
      let currency: Currency = try row.next()
      return Money(try row.next(), currency)
    }
  }
}

/// What one account of an owner holds.
struct Holding: RowDecodable {
  let kind: Account.Kind
  let purpose: ID<Reference>?
  let amount: Money

  init(row: inout RowReader) throws {
    kind = try row.next()
    purpose = try row.next()
    let currency: Currency = try row.next()
    amount = Money(try row.next(), currency)
  }

  /// The account, and the same of another owner.
  func accounts(of owner: ID<User>, and other: ID<User>) -> (Account, Account)? {
    switch kind {
    case .learnerWallet: (.learnerWallet(owner), .learnerWallet(other))
    case .held: purpose.map { (.held(owner, for: $0), .held(other, for: $0)) }
    case .tutorPayable: (.tutorPayable(owner), .tutorPayable(other))
    case .refundsPayable: (.refundsPayable(owner), .refundsPayable(other))
    case .gatewayClearing, .platformFees: nil
    }
  }
}

extension Account.Kind: Readable {}

extension Query where Row == Holding {
  static func holdings(of owner: ID<User>) -> Self {
    Query(
      "select kind, purpose, currency, amount from ledger_balances where owner = \(owner) and amount <> 0 order by account_id"
    )
  }
}

extension Query<String> {
  static var lock: Self { Query("select ledger_lock()::text") }
}

extension Query<Int> {
  static func feeBasisPoints(at now: Instant) -> Self {
    Query("select basis_points from fee_schedules where valid_from <= \(now) order by valid_from desc limit 1")
  }
}

extension Query<Void> {
  static func insertFee(_ basisPoints: Int, from validFrom: Instant) -> Self {
    Query(
      "insert into fee_schedules (id, valid_from, basis_points) values (\(ID<Reference>.new()), \(validFrom), \(basisPoints))"
    )
  }
}
