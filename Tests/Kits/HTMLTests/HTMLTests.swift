import HTML
import Testing

@Suite struct HTMLTests {
  @Test func `a person's words are escaped`() {
    let words = #"<script>alert("x") & 'y'</script>"#
    let html: HTML = "<p>\(words)</p>"
    #expect(html.text == "<p>&lt;script&gt;alert(&quot;x&quot;) &amp; &#39;y&#39;&lt;/script&gt;</p>")
  }

  @Test func `markup, lists and nothing are put in as they are`() {
    let item: HTML = "<li>\(1)</li>"
    let nothing: HTML? = nil
    let html: HTML = "<ul>\([item, item])\(nothing)</ul>"
    #expect(html.text == "<ul><li>1</li><li>1</li></ul>")
  }

  @Test(arguments: ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.test", "/\\evil.test"])
  func `a foreign address with a dangerous scheme becomes a harmless one`(address: String) {
    let html: HTML = "<a href=\"\(href: address)\">x</a>"
    #expect(html.text == ##"<a href="#">x</a>"##)
  }

  @Test func `own and ordinary foreign addresses stay`() {
    let own: HTML = "<a href=\"\("/tutors?q=a&b=c")\">x</a>"
    let foreign: HTML = "<a href=\"\(href: "https://example.org/")\">x</a>"
    #expect(own.text == #"<a href="/tutors?q=a&amp;b=c">x</a>"#)
    #expect(foreign.text == #"<a href="https://example.org/">x</a>"#)
  }

  @Test func `optional attributes and flags print with their space or not at all`() {
    let absent: String? = nil
    let html: HTML =
      "<input\(flag: "checked", when: true)\(flag: "disabled", when: false)\(attribute: "id", "a")\(attribute: "title", absent)>"
    #expect(html.text == #"<input checked id="a">"#)
  }

  @Test func `parts are joined with a separator between them`() {
    let parts: [HTML] = ["a", "b"]
    #expect(parts.joined(", ").text == "a, b")
  }
}
