package import Core
package import Postgres

/// The books: append-only double entry, hash-chained in the database. Every balance is a fold over postings.
///
/// Other rooms post in the transaction of what they do, so that money and its cause are one commit. Posting takes a lock
/// that is held until that commit: post last, after every row and every keyed job, or two transactions wait for each other.
package struct Ledger: Sendable {
  let clock: WallClock

  package init(clock: WallClock = .system) { self.clock = clock }

  /// Posts an entry once: the same kind and reference again answers the first. An entry that moves nothing is not posted.
  ///
  /// An overdraft is refused at commit: `PostgresError` naming the constraint `ledger_not_overdrawn`.
  @discardableResult
  package func post(_ entry: Entry, in tx: Transaction) async throws -> Posted? {
    entry.isEmpty ? nil : try await tx.one(.post(entry, as: .new(), at: clock.now))
  }

  /// Whether an entry of this kind stands for this reference. It waits for nobody: what is not committed yet is not seen.
  package func isPosted<Of>(_ kind: Entry.Kind, _ reference: ID<Of>, in store: some Querying) async throws -> Bool {
    try await store.one(.isPosted(kind, reference.as()))
  }

  /// What one account holds.
  package func balance(of account: Account, in currency: Currency, from store: some Querying) async throws -> Money {
    try await store.first(.balance(of: account, in: currency)) ?? .zero(currency)
  }

  /// What accounts of these kinds hold together for one owner (nobody: the house), by currency.
  package func balances(of owner: ID<User>?, _ kinds: [Account.Kind], from store: some Querying) async throws -> [Money]
  {
    try await store.all(.balances(of: owner, kinds: kinds))
  }

  /// The lines that make up a balance, the newest first, each with what there was after it.
  package func explanation(
    of owner: ID<User>, _ kinds: [Account.Kind], limit: Int = 100, from store: some Querying
  ) async throws -> [BalanceLine] {
    try await store.all(.explanation(of: owner, kinds: kinds, limit: limit))
  }

  /// The fee in force, in basis points; to be frozen into what is sold now.
  package func feeBasisPoints(at now: Instant, from store: some Querying) async throws -> Int {
    try await store.first(.feeBasisPoints(at: now)) ?? 1800
  }

  /// A new fee from `validFrom` on. What was sold before keeps its own.
  package func setFee(basisPoints: Int, from validFrom: Instant, in tx: Transaction) async throws {
    try await tx.run(.insertFee(basisPoints, from: validFrom))
  }

  /// Every posting there is, the oldest first, some hundred at a time; all of them as of one moment when the transaction
  /// is a snapshot.
  package func walk(in tx: Transaction, _ body: ([PostingLine]) async throws -> Void) async throws {
    try await tx.walk(.everyPosting, body)
  }

  /// Whatever `gone` holds, `keep` holds from now on, account by account: the two are one person. Nothing when it held
  /// nothing. As with ``post(_:in:)``, the lock is held until the commit.
  @discardableResult
  package func takeOver(from gone: ID<User>, to keep: ID<User>, in tx: Transaction) async throws -> Posted? {
    // First the lock, then the sums: what others post meanwhile comes before or after, never between.
    _ = try await tx.all(.lock)
    var lines: [Entry.Line] = []
    for held in try await tx.all(.holdings(of: gone)) {
      guard let (old, new) = held.accounts(of: gone, and: keep) else { continue }
      lines += [.init(old, -held.amount), .init(new, held.amount)]
    }
    return try await post(Entry(.merge, ID<LedgerTransaction>.new(), memo: [:], lines: lines), in: tx)
  }

  /// Rebuilds the chain from nothing and compares.
  package func verify(in store: some Querying) async throws -> Verification { try await store.one(.verification) }
}
