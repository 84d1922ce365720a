import Testing

@testable import Files

@Suite struct FileKindTests {
  func kind(_ text: String, declared: String = "") -> FileKind? {
    FileKind(beginning: Array(text.utf8), declared: declared)
  }

  @Test func `a kind is told by the first bytes, whatever the sender says`() {
    #expect(FileKind(beginning: Samples.redBlueJPEG, declared: "text/html") == .jpeg)
    #expect(FileKind(beginning: Samples.palettePNG, declared: "image/jpeg") == .png)
    #expect(FileKind(beginning: Samples.lossyWebP, declared: "") == .webp)
    #expect(kind("RIFF1234WAVEfmt ") == .wav)
    #expect(kind("OggS\u{0}\u{2}") == .ogg)
    #expect(kind("%PDF-1.7") == .pdf)
    #expect(kind("ID3\u{4}") == .mp3)
    #expect(FileKind(beginning: [0xFF, 0xFB, 0x90, 0x64], declared: "") == .mp3)
    #expect(kind("0000ftypM4A 0000") == .m4a)
    #expect(kind("0000ftypisom0000") == .mp4)
    #expect(kind("0000ftypisom0000", declared: "audio/mp4") == .m4a)
    let webm: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3, 0x9F, 0x42, 0x82, 0x84] + Array("webm".utf8)
    #expect(FileKind(beginning: webm, declared: "video/webm") == .webm)
    #expect(FileKind(beginning: webm, declared: "audio/webm") == .weba)
  }

  @Test(arguments: [
    "", "<html>", "<svg xmlns=\"http://www.w3.org/2000/svg\">", "GIF89a", "PK\u{3}\u{4}", "RIFF1234AVI ",
    "0000ftypqt  ", "MZ", "#!/bin/sh", "OggX",
    "0000ftypheic", "%!PS",
  ])
  func `what is not among ours is none`(_ text: String) {
    #expect(kind(text, declared: "image/jpeg") == nil)
    #expect(kind(text, declared: "audio/mpeg") == nil)
  }

  @Test func `matroska that is not webm, and sync bytes without a frame, are none`() {
    #expect(FileKind(beginning: [0x1A, 0x45, 0xDF, 0xA3] + Array("matroska".utf8), declared: "video/webm") == nil)
    #expect(FileKind(beginning: [0xFF, 0xFF, 0xFF, 0xFF], declared: "audio/mpeg") == nil)
    #expect(FileKind(beginning: [0xFF, 0xE0], declared: "audio/mpeg") == nil)
  }

  @Test func `a name keeps its words and gets the ending of its content`() {
    #expect(FileKind.jpeg.filename(from: "me.PNG") == "me.jpg")
    #expect(FileKind.mp3.filename(from: "my song.final.wav") == "my song.final.mp3")
    #expect(FileKind.pdf.filename(from: "diploma") == "diploma.pdf")
    #expect(
      FileKind.pdf.filename(from: ".htaccess") == "htaccess.pdf"
        || FileKind.pdf.filename(from: ".htaccess").hasSuffix(".pdf"))
    #expect(FileKind.jpeg.filename(from: "..") == "file.jpg")
    let accented = FileKind.jpeg.filename(from: "a/\u{301}b\"\u{301}c.png")
    #expect(accented == "a\u{301}b\u{301}c.jpg")
    #expect(FileKind.weba.filename(from: String(repeating: "x", count: 300)).count == 125)
  }
}
