import Core

/// The kinds of file the house takes, told by how they begin, never by what the sender calls them.
enum FileKind: String, Sendable, CaseIterable {
  case jpeg, png, webp
  case mp3, m4a, mp4, webm, weba, ogg, wav
  case pdf

  var isPicture: Bool { [.jpeg, .png, .webp].contains(self) }
  var isSample: Bool { [.mp3, .m4a, .mp4, .webm, .weba, .ogg, .wav].contains(self) }

  var mediaType: String {
    switch self {
    case .jpeg: "image/jpeg"
    case .png: "image/png"
    case .webp: "image/webp"
    case .mp3: "audio/mpeg"
    case .m4a: "audio/mp4"
    case .mp4: "video/mp4"
    case .webm: "video/webm"
    case .weba: "audio/webm"
    case .ogg: "audio/ogg"
    case .wav: "audio/wav"
    case .pdf: "application/pdf"
    }
  }

  /// `declared` only chooses between two readings of the same bytes: WebM and MP4 may hold sound alone.
  init?(beginning bytes: [UInt8], declared: String) {
    func has(_ text: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    let isSound = declared.lowercased().hasPrefix("audio/")
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if has("RIFF", at: 0), has("WEBP", at: 8) {
      self = .webp
    } else if has("RIFF", at: 0), has("WAVE", at: 8) {
      self = .wav
    } else if has("OggS", at: 0) {
      self = .ogg
    } else if has("%PDF-", at: 0) {
      self = .pdf
    } else if has("ID3", at: 0) || Self.isLayerThree(bytes) {
      self = .mp3
    } else if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]), bytes.prefix(64).windowContains("webm") {
      self = isSound ? .weba : .webm
    } else if has("ftyp", at: 4) {
      let brand = String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self)
      switch brand {
      case "M4A ", "M4B ", "M4P ": self = .m4a
      case "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV", "f4v ":
        self = isSound ? .m4a : .mp4
      default: return nil
      }
    } else {
      return nil
    }
  }

  /// The sender's name for it with the ending its content deserves; without slashes and quotes, also accented ones.
  func filename(from name: String) -> String {
    let stem = name.pieces(at: ".", keepsEmpty: true).dropLast().joined(separator: ".")
    let scalars = (stem.isEmpty ? name : stem).unicodeScalars.filter { $0 != "/" && $0 != "\\" && $0 != "\"" }
    let clean = String(String.UnicodeScalarView(scalars)).prefix(120).trimmingSpaces()
    return (clean.isEmpty || clean.allSatisfy { $0 == "." } ? "file" : clean) + "." + ending
  }

  private var ending: String {
    switch self {
    case .jpeg: "jpg"
    case .weba: "webm"
    default: rawValue
    }
  }

  /// A frame of MPEG audio layer III: sync, a version, layer bits 01, a bit rate and a sample rate that exist.
  private static func isLayerThree(_ b: [UInt8]) -> Bool {
    b.count >= 4 && b[0] == 0xFF && b[1] & 0xE0 == 0xE0 && b[1] & 0x18 != 0x08 && b[1] & 0x06 == 0x02
      && b[2] & 0xF0 != 0xF0
      && b[2] & 0xF0 != 0 && b[2] & 0x0C != 0x0C
  }
}

extension Sequence where Element == UInt8 {
  fileprivate func windowContains(_ text: String) -> Bool {
    let all = Array(self)
    let wanted = Array(text.utf8)
    return all.indices.contains { all[$0...].starts(with: wanted) }
  }
}
