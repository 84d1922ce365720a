import Core
import Media

/// What sound or film must be to be shown as a tutor's sample: what browsers play, whole, and of a bounded length and size.
enum Sample {
  static let longest = Duration.minutes(30)
  /// Pixels of a picture, and of its longer side: 4K, upright too.
  static let mostPixels = 3840 * 2160
  static let longestSide = 4096
  /// Sound and picture, a second language, and the tracks that telephones write beside them.
  static let mostStreams = 6

  private static let sounds: Set<String> = [
    "mp3", "aac", "opus", "vorbis", "flac", "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le",
  ]
  private static let pictures: Set<String> = ["h264", "hevc", "vp8", "vp9", "av1"]

  static func judge(_ facts: MediaFacts, as kind: FileKind) throws(FileRefusal) {
    let sounds = facts.streams.filter { $0.kind == .sound }
    let pictures = facts.streams.filter { $0.kind == .picture }
    guard facts.streams.count <= mostStreams, sounds.count <= 2, pictures.count <= 1 else { throw .unplayable }
    guard sounds.allSatisfy({ Self.sounds.contains($0.codec) }),
      pictures.allSatisfy({ Self.pictures.contains($0.codec) }),
      kind.isSoundOnly ? !sounds.isEmpty && pictures.isEmpty : !sounds.isEmpty || !pictures.isEmpty
    else { throw .unplayable }
    for picture in facts.streams where picture.kind == .picture || picture.kind == .cover {
      guard (1...longestSide).contains(picture.width), (1...longestSide).contains(picture.height),
        picture.width * picture.height <= mostPixels
      else { throw .tooManyPixels }
    }
    guard facts.length <= longest, facts.promised ?? .zero <= longest + .seconds(1) else { throw .tooLong }
    guard !facts.isCutShort else { throw .damaged }
  }
}

extension FileKind {
  /// What is promised to be sound alone.
  var isSoundOnly: Bool { [.mp3, .m4a, .weba, .ogg, .wav].contains(self) }

  /// The container of sound or film that its first bytes promise.
  var container: MediaProbe.Container? {
    switch self {
    case .mp3: .mp3
    case .m4a, .mp4: .mov
    case .webm, .weba: .matroska
    case .ogg: .ogg
    case .wav: .wav
    case .jpeg, .png, .webp, .pdf: nil
    }
  }
}
