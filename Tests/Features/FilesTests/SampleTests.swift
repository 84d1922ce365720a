import Core
import Media
import Testing

@testable import Files

@Suite struct SampleTests {
  private func judge(_ streams: [MediaFacts.Stream], seconds: Int = 60, promised: Int? = nil, as kind: FileKind)
    -> FileRefusal?
  {
    let facts = MediaFacts(streams: streams, length: .seconds(seconds), promised: promised.map { .seconds($0) })
    do throws(FileRefusal) { try Sample.judge(facts, as: kind) } catch { return error }
    return nil
  }

  private let film = MediaFacts.Stream(.picture, "h264", width: 1920, height: 1080)
  private let sound = MediaFacts.Stream(.sound, "aac")

  @Test func `what browsers play is taken`() {
    #expect(judge([film, sound], promised: 60, as: .mp4) == nil)
    #expect(judge([film], as: .mp4) == nil)
    #expect(judge([sound], as: .m4a) == nil)
    #expect(judge([.init(.sound, "mp3"), .init(.cover, "mjpeg", width: 600, height: 600)], as: .mp3) == nil)
    #expect(judge([.init(.picture, "vp9", width: 1080, height: 1920), .init(.sound, "opus")], as: .webm) == nil)
    // Telephones write tracks of their own beside.
    #expect(judge([film, sound, .init(.other, ""), .init(.other, "mov_text")], as: .mp4) == nil)
  }

  @Test func `what they do not play is refused by name`() {
    #expect(judge([.init(.picture, "mpeg4", width: 32, height: 32)], as: .mp4) == .unplayable)
    #expect(judge([.init(.sound, "wmav2")], as: .m4a) == .unplayable)
    #expect(judge([.init(.other, "")], as: .mp4) == .unplayable)
    #expect(judge([film, sound], as: .mp3) == .unplayable)
    #expect(judge([.init(.cover, "mjpeg", width: 600, height: 600)], as: .mp3) == .unplayable)
  }

  @Test func `streams, pictures and lengths are bounded`() {
    #expect(judge([film, film], as: .mp4) == .unplayable)
    #expect(judge([sound, sound, sound], as: .m4a) == .unplayable)
    #expect(judge([film, sound] + Array(repeating: .init(.other, ""), count: 5), as: .mp4) == .unplayable)
    for (width, height) in [(4097, 100), (3840, 2161), (0, 100), (100, -1)] {
      #expect(judge([.init(.picture, "h264", width: width, height: height)], as: .mp4) == .tooManyPixels)
    }
    #expect(
      judge([.init(.sound, "mp3"), .init(.cover, "png", width: 30_000, height: 30_000)], as: .mp3) == .tooManyPixels)
    #expect(judge([sound], seconds: 1800, as: .m4a) == nil)
    #expect(judge([sound], seconds: 1801, as: .m4a) == .tooLong)
    #expect(judge([sound], seconds: 60, promised: 86_400, as: .m4a) == .tooLong)
    #expect(judge([sound], seconds: 60, promised: 70, as: .m4a) == .damaged)
  }
}
