import Core
import Postgres

/// What serving a file needs.
struct FileCard: RowDecodable {
  let sha256: String
  let mediaType: String
  let filename: String
  let purpose: FilePurpose

  init(row: inout RowReader) throws {
    sha256 = try row.next()
    mediaType = try row.next()
    filename = try row.next()
    purpose = try row.next()
  }
}

extension FilePurpose: Readable, Bindable {}

extension Query where Row == FileCard {
  /// Nothing comes back unless the file is for everybody, or the viewer's own, or the viewer is of those who judge what
  /// people hand in: loading is the permission check.
  static func card(of file: ID<StoredFile>, for viewer: ID<User>?, asStaff isStaff: Bool) -> Self {
    Query(
      """
      select sha256, media_type, filename, purpose from files
       where id = \(file) and (purpose <> 'document' or owner_id = \(viewer) or \(isStaff))
      """)
  }
}

extension Query where Row == String {
  /// Which of these contents have a row.
  static func named(among hashes: [String]) -> Self {
    Query("select distinct sha256 from files where sha256 = any(\(hashes))")
  }
}

extension Query<Void> {
  static func insert(_ id: ID<StoredFile>, _ file: PreparedFile, owner: ID<User>?, purpose: FilePurpose) -> Self {
    Query(
      """
      insert into files (id, owner_id, purpose, sha256, byte_size, media_type, filename, width, height)
      values (\(id), \(owner), \(purpose), \(file.sha256), \(file.byteSize), \(file.mediaType), \(file.filename), \(file.width), \(file.height))
      """)
  }

  static func delete(_ file: ID<StoredFile>) -> Self { Query("delete from files where id = \(file)") }
}
