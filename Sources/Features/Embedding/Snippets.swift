import Core
import HTML
import Site
import Web

/// What is pasted into another page, in the three ways there are.
struct Snippets: Equatable, Sendable {
  let owner: EmbeddingOwner
  /// The address people see, without a trailing slash.
  let siteURL: String
  let look: Look
  /// A subject's slug, for the whole site.
  let subject: String?
  /// The widget opens on a touch, over the page, instead of standing in it.
  let isDialog: Bool

  /// The public page, which is also what stands there without the script.
  var address: String {
    switch owner {
    case .tutor(_, let slug, _, _): siteURL + Doors.tutor(slug)
    case .site: siteURL + Doors.tutors() + (subject.map { "?subject=\($0)" } ?? "")
    }
  }

  /// The page in the frame, on this site.
  var frame: String {
    var fields = look.fields
    switch owner {
    case .tutor(_, let slug, _, _):
      return EmbeddingPaths.tutor(slug) + (fields.isEmpty ? "" : "?" + fields.encoded)
    case .site:
      if let subject { fields.add("subject", subject) }
      return EmbeddingPaths.tutors() + (fields.isEmpty ? "" : "?" + fields.encoded)
    }
  }

  /// `label` is what a visitor reads on the link.
  func script(_ label: String) -> String {
    Self.text(
      """
      <a class="tutalink" href="\(href: address)"\(attribute: "data-accent", look.accent?.text)\
      \(attribute: "data-theme", look.theme == .auto ? nil : look.theme.rawValue)\
      \(attribute: "data-radius", look.radius.map(String.init))\(attribute: "data-lang", look.language?.rawValue)\
      \(attribute: "data-as", isDialog ? "dialog" : nil)>\(label)</a>
      <script async src="\(href: siteURL + EmbeddingPaths.widget())"></script>
      """)
  }

  func iframe(_ label: String) -> String {
    Self.text(
      "<iframe src=\"\(href: siteURL + frame)\" title=\"\(label)\" width=\"100%\" height=\"640\" loading=\"lazy\" style=\"border:0\"></iframe>"
    )
  }

  func link(_ label: String) -> String { Self.text("<a href=\"\(href: address)\">\(label)</a>") }

  private static func text(_ html: HTML) -> String { String(decoding: html.bytes, as: UTF8.self) }
}
