package import Core
package import Jobs
import Platform
package import Postgres
import Site
package import Web

/// Keeps what people upload and shows it to those who may see it.
///
/// Owns `files` and the content store. Other rooms take uploads in through ``Files``.
package struct FilesFeature: Feature {
  let database: Database
  let files: Files
  let clock: WallClock

  package init(database: Database, files: Files, clock: WallClock) {
    self.database = database
    self.files = files
    self.clock = clock
  }

  package func routes(_ routes: inout Routes) {
    routes.on(.get, Doors.file, as: Guest.self, show)
  }

  package var schedules: [Schedule] {
    [
      Schedule("files.sweep", every: .hours(24)) {
        _ = try await files.sweep(database: database, before: clock.now - .hours(24))
      }
    ]
  }

  /// A file under whatever name its link gives. A row's content never changes, so what is for everybody may be kept
  /// for ever. Only pictures and captions, which we made anew, are shown by themselves; all else is saved when it is opened. (A page
  /// plays a sample all the same: what is embedded is not opened.)
  func show(_ request: Request, guest: Guest, file: ID<StoredFile>, name: String) async throws -> Response {
    let card = try await database.one(
      .card(of: file, for: guest.id, asStaff: guest.identity?.roles.contains(where: \.isStaff) ?? false))
    guard let content = try await files.open(card.sha256) else { throw Failure.notFound }
    return .file(
      content, type: card.mediaType, for: request, download: card.purpose.isRemade ? nil : card.filename,
      cacheControl: card.purpose.isPublic ? "public, max-age=31536000, immutable" : "private, no-store")
  }
}
