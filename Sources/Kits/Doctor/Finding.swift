/// What one look at one part found, in words for whoever keeps the machine.
package struct Finding: Sendable, Equatable {
  package enum State: String, Sendable { case well, warning, broken }

  /// What was looked at, in one word.
  package let part: String
  package let state: State
  package let says: String
  /// What to do about it.
  package let cure: String?

  package init(_ part: String, _ state: State, _ says: String, cure: String? = nil) {
    self.part = part
    self.state = state
    self.says = says
    self.cure = cure
  }

  /// One line, and the cure under it.
  package var text: String {
    let sign =
      switch state {
      case .well: "✔"
      case .warning: "!"
      case .broken: "✘"
      }
    return "\(sign) \(part): \(says)" + (cure.map { "\n    → \($0)" } ?? "")
  }
}
