import Core
import HTML

/// A part of the site that is not well just now, as the page of status names it.
package struct Trouble: Sendable, Equatable {
  /// A part of the status page: its sentence is `status.<condition>.<part>`.
  package let part: String
  /// `limited` or `down`.
  package let condition: String

  package init(_ part: String, _ condition: String) {
    self.part = part
    self.condition = condition
  }
}

/// What every page says, above its own words, while something that people would notice is not well. Asked for each page, so
/// the answer comes from memory.
package final class Troubles: Sendable {
  /// In a struct: a closure that is itself the lock's value is wrapped anew by each look at it (its generic form and back),
  /// and every later look goes through all wrappings before it.
  private struct Source { var trouble: @Sendable () -> [Trouble] }

  private let source = Locked(Source { [] })

  init() {}

  /// Who knows. Before it is set nothing is wrong.
  package func ask(_ source: @escaping @Sendable () -> [Trouble]) {
    self.source.withLock { $0.trouble = source }
  }

  var now: [Trouble] { source.withLock { $0.trouble }() }
}

extension Site {
  /// A sentence for each trouble there is now. For pages without the shell's frame, and for sockets of open ones.
  package func troubleSentences(_ t: Wording) -> [String] { troubles.now.map { $0.sentence(t) } }
}

extension Trouble {
  func sentence(_ t: Wording) -> String { t("status.\(condition).\(part)") }
}

extension PageContext {
  /// A sentence for each trouble, and the way to the page that tells more.
  func troubles() -> HTML? {
    let troubles = site.troubles.now
    // The page of status says it itself, of every part.
    guard !troubles.isEmpty, path != Doors.status() else { return nil }
    let sentences = troubles.map { $0.sentence(t) }
    let rest: [HTML] = sentences.dropFirst().map { "<p>\($0)</p>" }
    let banner = banner(
      troubles.contains { $0.condition == "down" } ? .danger : .warning, sentences[0], "\(rest)",
      actions: "<a href=\"\(Doors.status())\">\(t("site.status"))</a>")
    return "<aside class=\"site-troubles\" aria-label=\"\(t("site.troubles"))\">\(banner)</aside>"
  }
}
