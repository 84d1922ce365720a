package import Core
import JSON
package import Postgres

// Owns audit_entries, audit_links, audit_unlinked.

enum AuditEntry {}

/// An entry as it is read.
package struct AuditLine: RowDecodable, Equatable {
  package let cursor: PageCursor
  package let at: Instant
  package let act: String
  package let channel: String
  package let actor: String?
  package let actorName: String?
  package let subjectKind: String?
  package let subject: String?
  package let subjectName: String?
  package let address: String?
  package let request: String?
  package let details: [String: String]

  package init(row: inout RowReader) throws {
    let id: String = try row.next()
    at = try row.next()
    cursor = PageCursor(key: at.rfc3339, id: id)
    act = try row.next()
    channel = try row.next()
    actor = try row.next()
    actorName = try row.next()
    subjectKind = try row.next()
    subject = try row.next()
    subjectName = try row.next()
    address = try row.next()
    request = try row.next()
    let json = try JSON.read(Array(try row.next(String.self).utf8))
    var details: [String: String] = [:]
    for (key, value) in json.object ?? [:] { details[key] = value.string ?? value.text }
    self.details = details
  }
}

/// Which entries are looked for.
package struct AuditFilter: Sendable, Equatable {
  /// An act's name or what it begins with.
  package var act = ""
  /// Who did it, or to whom or what it was done: an id.
  package var concerned: String?
  /// Days, in UTC; both belong to it.
  package var from: Instant?
  package var until: Instant?

  package init() {}
}

extension Query<Void> {
  static func insert(
    _ act: AuditAct, _ origin: AuditOrigin, _ subject: AuditSubject?, _ details: String, once: String?, at now: Instant
  ) -> Self {
    Query(
      """
      insert into audit_entries
        (id, at, act, channel, actor_id, subject_kind, subject_id, address, request_id, details, once_key)
      values (\(ID<AuditEntry>.new()), \(now), \(act.rawValue), \(origin.channel.rawValue), \(origin.actor),
              \(subject?.kind), \(subject?.id), \(origin.address), \(origin.request), \(details)::jsonb, \(once))
      on conflict on constraint audited_once do nothing
      """)
  }
}

extension Query<Int> {
  static var link: Self { Query("select audit_link()") }
}

extension Query<Bool> {
  static func hasHead(_ hash: [UInt8]) -> Self {
    Query("select exists (select from audit_links where hash = \(hash))")
  }
}

extension Query where Row == AuditVerification {
  static func verification(at now: Instant) -> Self {
    Query("select links, head, waiting, broken_at, entry::text, reason from audit_verify(\(now))") { row in
      AuditVerification(
        links: try row.next(), head: try row.next(), waiting: try row.next(), brokenAt: try row.next(),
        entry: try row.next(), reason: try row.next())
    }
  }
}

extension Query where Row == AuditLine {
  /// The newest first.
  static func lines(_ filter: AuditFilter, before: PageCursor?, limit: Int) -> Self {
    var conditions: [SQL] = ["true"]
    if let before, let at = Instant(rfc3339: before.key), let id = ID<AuditEntry>(before.id) {
      conditions.append("(e.at, e.id) < (\(at), \(id))")
    }
    if !filter.act.isEmpty { conditions.append("(e.act = \(filter.act) or starts_with(e.act, \(filter.act + ".")))") }
    if let id = filter.concerned {
      let actor: SQL = ID<User>(id).map { " or e.actor_id = \($0)" } ?? ""
      conditions.append("(e.subject_id = \(id)\(actor))")
    }
    if let from = filter.from { conditions.append("e.at >= \(from)") }
    if let until = filter.until { conditions.append("e.at < \(until)") }
    return Query(
      """
      select e.id::text, e.at, e.act, e.channel, e.actor_id::text, a.full_name, e.subject_kind, e.subject_id,
             (select s.full_name from people s where s.id = case when e.subject_kind = 'user' then e.subject_id::uuid end),
             e.address, e.request_id, e.details::text
        from audit_entries e
        left join people a on a.id = e.actor_id
       where \(conditions.joined(" and ")) order by e.at desc, e.id desc limit \(limit)
      """)
  }
}
