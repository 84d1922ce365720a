import Core
import Glibc
import Testing

@testable import Media

@Suite struct MediaProbeTests {
  private let probe = MediaProbe()

  private func look(_ bytes: [UInt8], as container: MediaProbe.Container) throws(MediaProbe.Failure) -> MediaFacts {
    let file = Scratch(bytes)
    return try probe.look(at: file.path, as: container)
  }

  @Test func `streams, pictures and lengths are found in every container`() throws {
    let song = try look(Clips.song, as: .mp3)
    #expect(song.streams == [.init(.sound, "mp3")])
    #expect(song.length > .milliseconds(400) && song.length < .milliseconds(700))
    #expect(try look(Clips.voice, as: .ogg).streams == [.init(.sound, "opus")])
    #expect(try look(Clips.note, as: .mov).streams == [.init(.sound, "aac")])
    let film = try look(Clips.film, as: .mov)
    #expect(film.streams == [.init(.picture, "h264", width: 32, height: 32), .init(.sound, "aac")])
    #expect(film.length > .milliseconds(1900) && film.length < .milliseconds(2200) && !film.isCutShort)
    #expect(
      try look(Clips.recording, as: .matroska).streams
        == [.init(.picture, "vp8", width: 32, height: 32), .init(.sound, "opus")])
    let silence = try look(Clips.silence(seconds: 90), as: .wav)
    #expect(silence.streams == [.init(.sound, "pcm_u8")] && silence.length == .seconds(90) && !silence.isCutShort)
  }

  @Test func `what is cut short is seen`() throws {
    #expect(try look(Array(Clips.film.prefix(3200)), as: .mov).isCutShort)
    // Of a WAV less than was promised is simply shorter, and plays.
    #expect(try look(Array(Clips.silence(seconds: 90).prefix(40_044)), as: .wav).length == .seconds(40))
    // Without its table of contents nothing can be read.
    #expect(throws: MediaProbe.Failure.unreadable) { try look(Array(Clips.film.prefix(600)), as: .mov) }
  }

  @Test(arguments: MediaProbe.Container.allCases)
  func `what only begins like sound is none`(container: MediaProbe.Container) {
    let beginnings = [
      "ID3\u{4}", "RIFF\u{24}\u{0}\u{0}\u{0}WAVEfmt ", "OggS", "\u{0}\u{0}\u{0}\u{18}ftypisom", "#EXTM3U\n", "",
    ]
    for beginning in beginnings {
      let bytes = Array(beginning.utf8) + Array(repeating: Array("<script>alert(1)</script>".utf8), count: 200).joined()
      #expect(throws: MediaProbe.Failure.unreadable, "\(beginning)") { try look(bytes, as: container) }
    }
    #expect(throws: MediaProbe.Failure.unreadable) { try look([], as: container) }
  }

  @Test func `the container is what we say, so no play list leads anywhere`() {
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    for container in MediaProbe.Container.allCases {
      #expect(throws: MediaProbe.Failure.unreadable) { try look(Array(list.utf8), as: container) }
    }
  }

  @Test func `bent files are refused or read, and never hurt`() {
    var seed: UInt64 = 7
    func next() -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1
      return Int(seed >> 40)
    }
    let clips: [([UInt8], MediaProbe.Container)] = [
      (Clips.film, .mov), (Clips.recording, .matroska), (Clips.voice, .ogg),
    ]
    for (clip, container) in clips {
      for _ in 0..<5 {
        var bent = clip
        for _ in 0..<20 { bent[next() % bent.count] = UInt8(truncatingIfNeeded: next()) }
        _ = try? look(bent, as: container)
      }
    }
  }

  @Test func `lines of the program are read, whatever stands in them`() {
    func facts(_ text: String) -> MediaFacts? {
      var reading = MediaProbe.Reading()
      // In pieces, as they come through a pipe.
      for byte in text.utf8 { withUnsafeBytes(of: byte) { reading.take($0) } }
      return reading.facts
    }
    #expect(facts("") == nil)
    #expect(facts("stream|codec_type=audio|codec_name=opus\n") == nil)
    #expect(facts("packet|pts_time=1.5|duration_time=0.5\n") == nil)
    #expect(facts("packet|pts_time=nan\nstream|codec_type=audio\n")?.length == .zero)
    #expect(facts("packet|pts_time=1e300\nstream|codec_type=audio\n") == nil)
    #expect(
      facts("packet|pts_time=1.5|duration_time=0.5\nstream|codec_type=data\nformat|duration=9e99\n")
        == MediaFacts(streams: [.init(.other, "")], length: .seconds(2), promised: nil))
    #expect(
      facts(
        "packet|pts_time=0\nstream|codec_name=mjpeg|codec_type=video|width=99999999999999999999|disposition:attached_pic=1\n"
      )?
      .streams == [.init(.cover, "mjpeg")])
    #expect(facts("packet|pts_time=0\n" + String(repeating: "stream|codec_type=audio\n", count: 65)) == nil)
  }
}

@Suite struct BoundedProgramTests {
  private func say(_ program: BoundedProgram, _ script: String) throws(BoundedProgram.Failure) -> String {
    var heard: [UInt8] = []
    try program.run(["-c", script]) { heard += $0 }
    return String(decoding: heard, as: UTF8.self)
  }

  private let shell = BoundedProgram(path: "/bin/bash")

  @Test func `it hears what is said and knows how it ended`() throws {
    #expect(try say(shell, "echo a; echo b") == "a\nb\n")
    #expect(throws: BoundedProgram.Failure.ended(3)) { try say(shell, "exit 3") }
    #expect(throws: BoundedProgram.Failure.missing) { try say(BoundedProgram(path: "/nowhere"), "") }
    #expect(throws: BoundedProgram.Failure.missing) { try say(BoundedProgram(path: "/etc/passwd"), "") }
  }

  @Test func `it knows nothing of us: no environment, no descriptor, another folder`() throws {
    setenv("TUTALINK_MEDIA_SECRET", "x", 1)
    #expect(try !say(shell, "export -p").contains("TUTALINK"))
    #expect(try say(shell, "pwd") == "/\n")
    let file = Scratch([1])
    let descriptor = open(file.path, O_RDONLY)
    defer { close(descriptor) }
    let open = try say(shell, "for f in 3 4 5 6 7 8 9 \(descriptor); do : <&$f && echo $f; done 2>/dev/null; true")
    #expect(open == "")
  }

  @Test func `it reaches no network and writes no file`() throws {
    // The port does not matter: there is no socket to connect with. Elsewhere it would be refused.
    let answer = try say(shell, "(exec 3<>/dev/tcp/127.0.0.1/1) 2>&1; true")
    #expect(answer.contains("not permitted") && !answer.contains("refused"), "\(answer)")
    let file = Scratch(Array("kept".utf8))
    #expect(
      try say(shell, "echo longer > \(file.path) || echo refused") == "refused\n" || file.bytes == Array("kept".utf8))
    #expect(file.bytes.count <= 4, "nothing was written")
  }

  @Test func `time, processor and words are bounded`() {
    var brief = shell
    brief.seconds = 1
    #expect(throws: BoundedProgram.Failure.exceeded) {
      try say(brief, "read -t 30 <> <(:); while :; do read -t 1; done")
    }
    var tired = shell
    tired.processorSeconds = 1
    #expect(throws: BoundedProgram.Failure.exceeded) { try say(tired, "while :; do :; done") }
    var quiet = shell
    quiet.words = 1000
    #expect(throws: BoundedProgram.Failure.exceeded) { try say(quiet, "while :; do echo words; done") }
  }
}

/// A file that goes with its holder.
final class Scratch {
  let path: String

  init(_ bytes: [UInt8]) {
    var template = Array("/tmp/tutalink-media-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  var bytes: [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var room = [UInt8](repeating: 0, count: 100)
    let count = read(descriptor, &room, 100)
    return Array(room.prefix(max(0, count)))
  }

  deinit { unlink(path) }
}
