import Core

enum EmbeddingPaths {
  static let tutors = Path("/embed/tutors")
  static let tutor = Path("/embed/tutors/:slug", as: String.self)
  static let widget = Path("/embed/widget.js")
  static let style = Path("/embed/style.css")

  static let tutorOrigins = Path("/tutor/embedding/origins")
  static let tutorOriginRemoval = Path("/tutor/embedding/origins/removal")
  static let siteOrigins = Path("/admin/embedding/origins")
  static let siteOriginRemoval = Path("/admin/embedding/origins/removal")
}
