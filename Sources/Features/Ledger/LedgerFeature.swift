package import Core
package import Jobs
import Platform
package import Postgres
package import Web

/// The books are checked once a day, whether or not anybody asks.
///
/// Owns `ledger_accounts`, `ledger_transactions`, `ledger_postings`, `fee_schedules`. Publishes `ledger_balances`. Emits and
/// hears nothing: other rooms post through ``Ledger``.
package struct LedgerFeature: Feature {
  let database: Database
  let ledger: Ledger
  let log: Log

  package init(database: Database, ledger: Ledger, log: Log) {
    self.database = database
    self.ledger = ledger
    self.log = log
  }

  package func routes(_ routes: inout Routes) {}

  package var schedules: [Schedule] {
    [
      Schedule("ledger.verify", every: .hours(24)) {
        let verification = try await ledger.verify(in: database)
        if verification.holds {
          log.info("ledger.verified", ["links": .number(verification.links), "head": .text(verification.head)])
        } else {
          log.error(
            "ledger.broken",
            [
              "at": .number(verification.brokenAt ?? 0), "reason": .text(verification.reason ?? ""),
              "head": .text(verification.head),
            ])
        }
      }
    ]
  }
}
