import TestKit
import Testing

@testable import Site

@Suite struct MessageTests {
  private func wording(_ text: String, _ values: [String: any MessageValue] = [:]) throws -> String {
    try Message(parsing: text).wording(values, plural: { $0 == 1 ? "one" : "other" })
  }

  @Test func `values are put in by name, and one that is missing shows its name`() throws {
    #expect(try wording("Hello {name}, {day}", ["name": "Ada", "day": "Friday"]) == "Hello Ada, Friday")
    #expect(try wording("Hello { name }", ["name": "Ada"]) == "Hello Ada")
    #expect(try wording("Hello {name}") == "Hello {name}")
    #expect(try wording("a # stays outside a choice") == "a # stays outside a choice")
    #expect(try wording("") == "")
  }

  @Test func `a plural prefers the exact number, then the language's category, then other`() throws {
    let text = "{count, plural, =0 {nothing} one {# lesson} other {# lessons with {name}}}"
    #expect(try wording(text, ["count": 0, "name": "Ada"]) == "nothing")
    #expect(try wording(text, ["count": 1, "name": "Ada"]) == "1 lesson")
    #expect(try wording(text, ["count": 5, "name": "Ada"]) == "5 lessons with Ada")
    #expect(try wording("{count, plural, other {#}}", ["count": 1]) == "1")
  }

  @Test func `a select chooses by the value, a nested one too, and falls to other`() throws {
    let text = "{kind, select, paid {{count, plural, one {# payment} other {# payments}}} other {none}}"
    #expect(try wording(text, ["kind": "paid", "count": 2]) == "2 payments")
    #expect(try wording(text, ["kind": "strange"]) == "none")
    #expect(try wording(text) == "none")
  }

  @Test(arguments: [
    "{", "}", "{name", "{}", "{ }", "a {count, plural} b", "{count, plural, one {x}}", "{count, plural, other {x}",
    "{count, plural, other",
    "{count, plural, other}", "{count, ordinal, other {x}}", "{a}}", "{count, plural, other {{}}}",
  ])
  func `a malformed sentence is refused when the catalogue is read`(text: String) {
    #expect(throws: Message.Malformed.self) { try Message(parsing: text) }
  }

  @Test func `no sentence brings the parser down`() {
    // The same five thousand each time: what traps can be looked at again.
    var state: UInt64 = 20_261_120
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let pieces = ["{", "}", ",", "#", "plural", "select", "other", "one", " ", "count", "=0", "é", "🙂", "\u{301}"]
    var read = 0
    for _ in 0..<5000 {
      let text = (0..<next(14)).map { _ in pieces[next(pieces.count)] }.joined()
      guard let message = try? Message(parsing: text) else { continue }
      _ = message.wording(["count": 1], plural: { _ in "one" })
      read += 1
    }
    #expect(read > 100)
  }
}
