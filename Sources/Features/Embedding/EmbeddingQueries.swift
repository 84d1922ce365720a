import Core
import Postgres

// Owns embed_origins. A tutor's are that tutor's; those without a tutor are the site's.

/// An origin that may hold our frames.
struct AllowedOrigin: RowDecodable, Equatable {
  let origin: SiteOrigin
  /// Whether it is allowed for one tutor's page only.
  let isTutors: Bool

  init(row: inout RowReader) throws {
    origin = SiteOrigin(stored: try row.next())
    isTutors = try row.next()
  }
}

extension SQL {
  // Whose an origin is, as the index `one_embed_origin` has it: a tutor's, or nobody's, which is the site's.
  fileprivate static var owner: SQL { "coalesce(tutor_id, '00000000-0000-0000-0000-000000000000')" }
  fileprivate static func owner(_ tutor: ID<User>?) -> SQL {
    "coalesce(\(tutor)::uuid, '00000000-0000-0000-0000-000000000000')"
  }
}

extension Query where Row == AllowedOrigin {
  /// Who may frame a tutor's page (the tutor's own list and the site's), or with no tutor the lists of tutors.
  static func framers(of tutor: ID<User>?) -> Self {
    Query(
      """
      select origin, tutor_id is not null from embed_origins
       where \(SQL.owner) in (\(SQL.owner(nil)), \(SQL.owner(tutor))) order by origin, tutor_id limit \(2 * SiteOrigin.most)
      """)
  }

  /// What this owner allowed; no tutor is the site.
  static func origins(of owner: ID<User>?) -> Self {
    Query(
      """
      select origin, tutor_id is not null from embed_origins where \(SQL.owner) = \(SQL.owner(owner))
       order by added_at, origin
      """)
  }
}

extension Query<Void> {
  /// Waits until nobody else adds to this owner's list; held until the transaction ends.
  static func turnToAllow(_ owner: ID<User>?) -> Self {
    Query("select pg_advisory_xact_lock(hashtextextended(\("embed " + (owner?.description ?? "site")), 0))")
  }

  /// Nothing when it is allowed already, or the list is full.
  static func allow(_ origin: SiteOrigin, by owner: ID<User>?, at now: Instant) -> Self {
    Query(
      """
      insert into embed_origins (tutor_id, origin, added_at) select \(owner)::uuid, \(origin.text), \(now)
       where (select count(*) from embed_origins where \(SQL.owner) = \(SQL.owner(owner))) < \(SiteOrigin.most)
      on conflict do nothing
      """)
  }

  static func forbid(_ origin: String, of owner: ID<User>?) -> Self {
    Query("delete from embed_origins where \(SQL.owner) = \(SQL.owner(owner)) and origin = \(origin)")
  }
}
