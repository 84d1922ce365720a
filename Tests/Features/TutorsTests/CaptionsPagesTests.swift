import Core
import Postgres
import Site
import TestKit
import Testing
import Web

@testable import Tutors

@Suite struct CaptionsPagesTests {
  private let good = Array("WEBVTT\n\n00:01.000 --> 00:02.000\n<b>Hello & good evening\n".utf8)

  /// Dan, listed, with a film and a recording.
  private func withSamples(_ body: (Guild, _ film: ID<Sample>, _ sound: ID<Sample>) async throws -> Void) async throws {
    try await withGuild { guild in
      try await guild.list(.dan)
      let film = ID<Sample>.new(), sound = ID<Sample>.new()
      for (id, kind) in [(film, "video"), (sound, "audio")] {
        let file = ID<StoredFile>.new()
        try await guild.database.run(
          Query<Void>(
            """
            insert into files (id, owner_id, purpose, sha256, byte_size, media_type, filename)
            values (\(file), \(Person.dan.id), 'sample', repeat('a', 64), 8, 'video/webm', 'a.webm')
            """))
        try await guild.database.run(
          .insertSample(id, of: Person.dan.id, file: file, kind: kind, title: "My \(kind)"))
      }
      try await body(guild, film, sound)
    }
  }

  private func captionFiles(_ guild: Guild) async throws -> Int {
    try await guild.database.one(Query<Int>("select count(*) from files where purpose = 'captions'"))
  }

  @Test func `captions that would be shown wrong are refused in plain words, and good ones stand under the film`()
    async throws
  {
    try await withSamples { guild, film, sound async throws in
      let address = TutorPaths.sampleCaptions(film)
      let before = await guild.site.get("/tutor/profile?step=samples", as: .dan)
      #expect(before.text.contains("No captions") && before.text.contains("No transcript"))
      #expect(pageFaults(before.text) == [])
      for (language, name, bytes, sentence) in [
        ("en", "a.vtt", [], "Choose a caption file first."),
        ("xx", "a.vtt", good, "Choose the language of the captions."),
        ("en", "a.vtt", Array("<html><script>alert(1)</script>".utf8), "Line 1 belongs to no caption."),
        ("en", "a.srt", Array("1\n00:00:02,000 --> 00:00:01,000\nHi".utf8), "The time in line 2 cannot be read"),
        ("en", "a.vtt", Array("WEBVTT\n".utf8), "There are no captions in this file."),
        ("en", "a.vtt", [0xFF, 0xFE, 0x57, 0], "This is no plain text."),
        ("en", "a.vtt", [UInt8](repeating: 32, count: 600 << 10), "larger than 512 kB"),
      ] {
        let page = await guild.upload(address, ["language": language], file: ("captions", name, bytes), as: .dan)
        #expect(page.status == 422 && page.text.contains(sentence), "\(sentence)")
        #expect(pageFaults(page.text) == [])
      }
      #expect(try await captionFiles(guild) == 0)
      // Neither to another's film nor to sound.
      #expect(
        await guild.upload(address, ["language": "en"], file: ("captions", "a.vtt", good), as: .ada).status >= 400)
      #expect(
        await guild.upload(
          TutorPaths.sampleCaptions(sound), ["language": "en"], file: ("captions", "a.vtt", good), as: .dan
        )
        .status == 404)
      for language in ["en", "ar", "en"] {
        #expect(
          await guild.upload(address, ["language": language], file: ("captions", "a.vtt", good), as: .dan).status == 303
        )
      }
      #expect(try await captionFiles(guild) == 2, "a new file takes the place of the old")
      let page = await guild.site.get("/tutors/dan")
      #expect(pageFaults(page.text) == [])
      #expect(page.text.contains("<track kind=\"captions\" srclang=\"ar\" label=\"Arabic\""))
      #expect(page.text.matches(of: #/<track [^>]* default>/#).map { $0.output.contains("srclang=\"en\"") } == [true])
      let editor = await guild.site.get("/tutor/profile?step=samples", as: .dan)
      #expect(!editor.text.contains("No captions") && pageFaults(editor.text) == [])
    }
  }

  @Test func `captions go with their language, and with their film`() async throws {
    try await withSamples { guild, film, _ async throws in
      for language in ["en", "ar"] {
        #expect(
          await guild.upload(
            TutorPaths.sampleCaptions(film), ["language": language], file: ("captions", "a.vtt", good), as: .dan
          ).status == 303)
      }
      try await guild.list(.ada)
      #expect(await guild.site.post(TutorPaths.sampleCaptionsRemoval(film, "en"), as: .ada).status < 400)
      #expect(try await captionFiles(guild) == 2, "nobody takes away another's")
      for _ in 0..<2 {
        #expect(await guild.site.post(TutorPaths.sampleCaptionsRemoval(film, "en"), as: .dan).status == 303)
        #expect(try await captionFiles(guild) == 1)
      }
      #expect(await guild.site.post(TutorPaths.sample(film), as: .dan).status == 303)
      #expect(try await captionFiles(guild) == 0)
    }
  }

  @Test func `sent at the same moment, one file a language stays, and never more than ten languages`() async throws {
    try await withSamples { guild, film, _ async throws in
      let good = good
      let statuses = await withTaskGroup(of: Int.self) { group in
        for language in TutorLanguages.codes.prefix(12) {
          for _ in 0..<2 {
            group.addTask {
              await guild.upload(
                TutorPaths.sampleCaptions(film), ["language": language], file: ("captions", "a.vtt", good), as: .dan
              ).status
            }
          }
        }
        return await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(Set(statuses) == [303, 422])
      #expect(try await guild.database.one(Query<Int>("select count(*) from sample_captions")) == 10)
      #expect(try await captionFiles(guild) == 10)
    }
  }

  @Test func `a transcript is kept, shown, given back when it is too long, and taken away`() async throws {
    try await withSamples { guild, film, sound async throws in
      let address = TutorPaths.sampleTranscript(sound)
      let long = "begin" + String(repeating: "é", count: 19_996)
      let page = await guild.site.post(address, ["transcript": long], as: .dan)
      #expect(page.status == 422 && page.text.contains("up to 20,000 characters") && page.text.contains("beginé"))
      #expect(pageFaults(page.text) == [])
      #expect(await guild.site.post(address, ["transcript": "La la\n\n<b>la</b>"], as: .ada).status >= 400)
      #expect(await guild.site.post(address, ["transcript": "La la\n\n<b>la</b>"], as: .dan).status == 303)
      let shown = await guild.site.get("/tutors/dan")
      #expect(shown.text.contains("<p>La la</p><p>&lt;b&gt;la&lt;/b&gt;</p>") && pageFaults(shown.text) == [])
      #expect(await guild.site.post(address, ["transcript": ""], as: .dan).status == 303)
      #expect(!(await guild.site.get("/tutors/dan")).text.contains("La la"))
    }
  }
}
