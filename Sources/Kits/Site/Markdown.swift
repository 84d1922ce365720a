import CCmark
import Glibc
package import HTML

/// A person's longer words, written in Markdown (CommonMark with GitHub's tables and strikethrough, through cmark-gfm).
///
/// Raw HTML and dangerous addresses are dropped by the renderer's safe mode, pictures become their words, and headings start
/// below the page's own and skip no level.
package enum Markdown {
  /// - Parameter level: of the heading under which the words stand; their own begin one below it.
  package static func render(_ text: String, under level: Int = 2) -> HTML {
    cmark_gfm_core_extensions_ensure_registered()
    let options = CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_HARDBREAKS
    guard let parser = cmark_parser_new(options) else { return .none }
    defer { cmark_parser_free(parser) }
    for name in ["table", "strikethrough", "autolink"] {
      if let found = cmark_find_syntax_extension(name) { cmark_parser_attach_syntax_extension(parser, found) }
    }
    var text = text
    text.withUTF8 { buffer in
      buffer.withMemoryRebound(to: CChar.self) { cmark_parser_feed(parser, $0.baseAddress, $0.count) }
    }
    guard let document = cmark_parser_finish(parser) else { return .none }
    defer { cmark_node_free(document) }
    tame(document, under: Int32(level))
    guard let rendered = cmark_render_html(document, options, cmark_parser_get_syntax_extensions(parser)) else {
      return .none
    }
    defer { free(rendered) }
    return HTML(trusted: Array(UnsafeRawBufferPointer(start: rendered, count: strlen(rendered))))
  }

  /// A profile's `#` is not the page's title. A picture from elsewhere would tell its owner who reads this, and the page's
  /// policy would not load it: its words stand for it.
  private static func tame(_ document: OpaquePointer, under level: Int32) {
    // The levels as written of the headings that this one stands under.
    var open: [Int32] = []
    guard let walk = cmark_iter_new(document) else { return }
    defer { cmark_iter_free(walk) }
    while case let event = cmark_iter_next(walk), event != CMARK_EVENT_DONE {
      guard let node = cmark_iter_get_node(walk) else { continue }
      switch (cmark_node_get_type(node), event) {
      case (CMARK_NODE_HEADING, CMARK_EVENT_ENTER):
        // Who begins with `##`, or leaves one out, means the next one all the same.
        let written = cmark_node_get_heading_level(node)
        while let last = open.last, last >= written { open.removeLast() }
        open.append(written)
        cmark_node_set_heading_level(node, min(6, level + Int32(open.count)))
      case (CMARK_NODE_IMAGE, CMARK_EVENT_EXIT):
        // A node may be taken away when the walk leaves it, and not before.
        while let child = cmark_node_first_child(node), cmark_node_insert_before(node, child) == 1 {}
        cmark_node_free(node)
      default: break
      }
    }
  }
}
