package import Core
package import Jobs
package import Platform
package import Postgres
package import Web

/// Keeps the audit log whole: links what a crash left behind, and checks the chain once a day.
///
/// Owns `audit_entries`, `audit_links`, `audit_unlinked`. Reads `people`, `people_contact` (Accounts) for names. Emits and
/// hears nothing: other rooms write through ``AuditLog``, administrators read it in Admin.
package struct AuditFeature: Feature {
  let database: Database
  let audit: AuditLog
  let log: Log

  package init(database: Database, audit: AuditLog, log: Log) {
    self.database = database
    self.audit = audit
    self.log = log
  }

  package func routes(_ routes: inout Routes) {}

  package var schedules: [Schedule] {
    [
      Schedule("audit.link", every: .minutes(1)) { try await audit.link(in: database) },
      Schedule("audit.verify", every: .hours(24)) {
        let found = try await audit.verify(in: database)
        if found.holds {
          // The head in the log is a witness outside the database.
          log.info("audit.verified", ["links": .number(found.links), "head": .text(found.head)])
        } else {
          log.error("audit.broken", ["at": .number(found.brokenAt ?? 0), "what": .text(found.sentence)])
        }
      },
    ]
  }
}
