import Core
import Testing

@testable import Media

@Suite struct CaptionsTests {
  private func read(_ text: String, longest: Duration = .minutes(30)) throws(Captions.Refusal) -> Captions {
    try Captions(reading: Array(text.utf8), longest: longest)
  }

  private func refusal(_ text: String) -> Captions.Refusal? {
    do throws(Captions.Refusal) { _ = try read(text) } catch { return error }
    return nil
  }

  @Test func `a file is written as it was meant`() throws {
    let captions = try read(
      """
      WEBVTT - A film
      Kind: captions

      STYLE
      ::cue { color: red }

      NOTE not for readers

      intro
      00:01.000 --> 00:02.500 line:10% align:start region:fred position:120%
      <v.loud Ada  Obi>Hello & <i>welcome <c.x>all</c>
      to <00:02.000>this</i> &lt;room&gt;

      2
      01:00:03.000 --> 01:00:04.000
      مرحبا

      """, longest: .hours(2))
    #expect(
      captions.text == """
        WEBVTT

        00:00:01.000 --> 00:00:02.500 line:10% align:start
        <v Ada Obi>Hello &amp; <i>welcome all
        to this</i> &lt;room&gt;</v>

        01:00:03.000 --> 01:00:04.000
        مرحبا

        """)
    #expect(try read(captions.text, longest: .hours(2)) == captions)
  }

  @Test func `SubRip becomes WebVTT, from whichever system it comes`() throws {
    let file =
      "\u{FEFF}1\r\n00:00:01,000 --> 00:00:02,000\r\n<font color=\"red\"><b>One</font>\r\n\r\n2\r\n0:00:02,000 --> 0:00:03,000\r\n- two\r\n- three\r\n"
    let wanted =
      "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b>One</b>\n\n00:00:02.000 --> 00:00:03.000\n- two\n- three\n"
    #expect(try read(file).text == wanted)
    #expect(try read(String(file.unicodeScalars.filter { $0 != "\n" })).text == wanted)
    #expect(try read(wanted).text == wanted)
  }

  @Test(
    arguments: [
      ("", Captions.Refusal.empty), ("WEBVTT\n", .empty), ("WEBVTT\n\n00:01.000 --> 00:02.000\n<b></b>\n", .empty),
      ("A letter, not captions", .parted(line: 1)),
      ("WEBVTT\n\nHello\n\n00:01.000 --> 00:02.000\nHi\n", .parted(line: 3)),
      ("1\n00:01.000 --> 00:02.000\nHi\n2\n00:03.000 --> 00:04.000\nHo\n", .parted(line: 5)),
      ("00:01.000 --> 00:01.000\nHi", .time(line: 1)), ("00:02.000 --> 00:01.000\nHi", .time(line: 1)),
      ("00:01.00 --> 00:02.000\nHi", .time(line: 1)), ("00:61.000 --> 00:62.000\nHi", .time(line: 1)),
      ("00:01.000 -->\nHi", .time(line: 1)), ("99999999999999999999:00:00.000 --> 00:02.000\nHi", .time(line: 1)),
      ("00:٠1.000 --> 00:02.000\nHi", .time(line: 1)),
      ("00:29:59.000 --> 00:30:00.001\nHi", .late(line: 1)),
      ("00:02.000 --> 00:03.000\nHi\n\n00:01.000 --> 00:04.000\nHo", .order(line: 4)),
      ("00:01.000 --> 00:02.000\nHi\u{0}", .notText), ("00:01.000 --> 00:02.000\nHi\u{1B}[31m", .notText),
    ] as [(String, Captions.Refusal)])
  func `what would be shown wrong is refused, with the line it stands in`(_ file: String, _ wanted: Captions.Refusal) {
    #expect(refusal(file) == wanted)
  }

  @Test func `what is too much is refused`() {
    let head = "00:01.000 --> 00:02.000\n"
    #expect(refusal(head + String(repeating: "a", count: 801)) == .long(line: 2))
    #expect(refusal(head + String(repeating: "a\n", count: 9)) == .long(line: 10))
    #expect(refusal(String(repeating: head + "a\n\n", count: 3001)) == .many)
    #expect(refusal(String(repeating: " ", count: Captions.largest + 1)) == .tooLarge)
    #expect(throws: Captions.Refusal.notText) { try Captions(reading: [0xFF, 0xFE, 0x31, 0], longest: .minutes(1)) }
  }

  @Test func `markup that a browser would guess at comes out closed and in order, or as words`() throws {
    for (written, shown) in [
      ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"), ("a < b", "a &lt; b"), ("a > b & c", "a &gt; b &amp; c"),
      ("<script>alert(1)</script>", "alert(1)"), ("</b>x", "x"), ("<v -- >x", "x"),
      ("<v A --&gt;>x", "<v A --&gt;>x</v>"),
      ("<i>\n</i>x", "<i></i>\nx"), ("x\n<c>\n</c>\ny", "x\ny"), ("x <c>", "x"),
      ("&nbsp;&rlm;&amp;lt;", "\u{A0}\u{200F}&amp;lt;"),
      (
        String(repeating: "<b>", count: 20) + "x",
        String(repeating: "<b>", count: 8) + "x" + String(repeating: "</b>", count: 8)
      ),
    ] {
      let captions = try read("00:01.000 --> 00:02.000\n\(written)\n")
      #expect(captions.cues.map(\.text) == [shown], "\(written)")
      #expect(try read(captions.text) == captions, "\(written)")
    }
  }
}
