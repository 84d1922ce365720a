import Crypto
import HTML
import Web

/// The one style sheet, and the two ways in which a page has it.
///
/// Nothing is painted before it is there. A browser that does not have it yet gets it inside of its first page: a link
/// costs a slow phone another answer, behind which the sheet waits for all else that was asked for at the same time. Once
/// the browser keeps the sheet (the service worker does) a cookie names it, and pages only link to it. A sheet that has
/// changed has another address, so that the cookie names it no more and the next page brings it
/// (docs/decisions/style-sheet.md).
struct Sheet: Sendable {
  private let address: String
  let link: HTML
  let element: HTML
  /// What the content policy lets in: the SHA-256 of what stands between the tags, in Base64.
  let digest: String
  /// Whether it can stand in a page at all: nothing in it ends the element, and the parser of pages changes none of it
  /// (carriage returns become line feeds there, and the digest would be another's).
  private let isSafe: Bool

  init(_ assets: Assets) {
    let content = assets.content(of: "css/app.css") ?? []
    address = assets.address("css/app.css")
    link = Self.link(address)
    element = "<style data-sheet=\"\(address)\">\(HTML(trusted: content))</style>"
    digest = Base64.encode(SHA256.hash(content))
    isSafe =
      !content.isEmpty && !content.contains(13) && !content.contains(0)
      && !zip(content, content.dropFirst()).contains { $0 == (UInt8(ascii: "<"), UInt8(ascii: "/")) }
  }

  static func link(_ address: String) -> HTML { "<link rel=\"stylesheet\" href=\"\(address)\">" }

  /// Whether the page that answers this should bring the sheet: a person goes to it (`Sec-Fetch-Dest`; programs, frames and
  /// the worker's own calls are answered with the link), and does not say that the sheet is kept. The worker's word is a
  /// cookie like `theme`, written by the page.
  func isWanted(by request: Request) -> Bool {
    isSafe && request.header("sec-fetch-dest") == "document" && request.cookies["sheet"] != address
  }
}
