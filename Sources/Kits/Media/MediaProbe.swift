// What sound or film holds, read by ffprobe within bounds (BoundedProgram). The container is named to it, so that a file
// cannot choose a reader of its own (a play list that fetches addresses, say); it reads every packet's head and decodes
// only what it needs to know the streams. See docs/decisions/media.md.
import Core

/// What a file of sound or film holds.
package struct MediaFacts: Sendable, Equatable {
  package enum Kind: Sendable, Equatable { case sound, picture, cover, other }

  package struct Stream: Sendable, Equatable {
    package var kind: Kind
    /// As ffmpeg names it: `opus`, `h264`.
    package var codec: String
    /// In pixels; 0 for what is no picture.
    package var width = 0
    package var height = 0

    package init(_ kind: Kind, _ codec: String, width: Int = 0, height: Int = 0) {
      self.kind = kind
      self.codec = codec
      self.width = width
      self.height = height
    }
  }

  package var streams: [Stream]
  /// To the end of the last packet that is there.
  package var length: Duration
  /// What the container promises; nothing when it does not say (a browser's own recording).
  package var promised: Duration?

  package init(streams: [Stream], length: Duration, promised: Duration?) {
    self.streams = streams
    self.length = length
    self.promised = promised
  }

  /// Whether less is there than the container promises, by more than rounding.
  package var isCutShort: Bool {
    guard let promised else { return false }
    return promised - length > max(.seconds(1), promised / 20)
  }
}

/// Looks into files of sound and film.
package struct MediaProbe: Sendable {
  /// The containers it is asked about, by the names of ffmpeg's readers.
  package enum Container: String, Sendable, CaseIterable { case mp3, mov, matroska, ogg, wav }

  package enum Failure: Error, Equatable {
    /// It cannot be read as that container, or reading it passed a bound.
    case unreadable
    /// There is no program to look with.
    case missing
  }

  /// Where Debian puts it.
  package static let place = "/usr/bin/ffprobe"

  private let program: BoundedProgram

  package init(program: BoundedProgram = BoundedProgram(path: MediaProbe.place)) { self.program = program }

  /// Reads the whole file. Blocks for up to the program's bounds; for a pool's thread.
  package func look(at path: String, as container: Container) throws(Failure) -> MediaFacts {
    var reading = Reading()
    do throws(BoundedProgram.Failure) {
      try program.run(
        [
          "-v", "quiet", "-hide_banner", "-threads", "1", "-protocol_whitelist", "file", "-f", container.rawValue,
          "-probesize", "8000000", "-analyzeduration", "8000000", "-show_entries",
          "packet=pts_time,duration_time:stream=codec_type,codec_name,width,height:stream_disposition=attached_pic:"
            + "format=duration", "-of", "compact", "file:" + path,
        ], { reading.take($0) })
    } catch {
      throw error == .missing ? .missing : .unreadable
    }
    guard let facts = reading.facts else { throw .unreadable }
    return facts
  }

  /// The program's lines: `packet|pts_time=1.0|duration_time=0.02`, `stream|codec_name=opus|…`, `format|duration=…`.
  struct Reading {
    private var line: [UInt8] = []
    private var end = 0.0
    private var packets = 0
    private var promised: Double?
    private var streams: [MediaFacts.Stream] = []

    /// Nothing when there was no packet, or more streams than a player could want.
    var facts: MediaFacts? {
      guard packets > 0, (1...64).contains(streams.count), end.isFinite, (0..<1e9).contains(end) else { return nil }
      return MediaFacts(
        streams: streams, length: .microseconds(Int64(end * 1e6)),
        promised: promised.flatMap { $0.isFinite && (0..<1e9).contains($0) ? .microseconds(Int64($0 * 1e6)) : nil })
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
      for byte in bytes {
        if byte == UInt8(ascii: "\n") {
          read()
          line.removeAll(keepingCapacity: true)
        } else if line.count < 1000 {
          line.append(byte)
        }
      }
    }

    private mutating func read() {
      let parts = line.split(separator: UInt8(ascii: "|"))
      func value(_ name: String) -> String? {
        for part in parts.dropFirst() where part.starts(with: name.utf8) {
          let rest = part.dropFirst(name.utf8.count)
          if rest.first == UInt8(ascii: "=") { return String(decoding: rest.dropFirst(), as: UTF8.self) }
        }
        return nil
      }
      switch parts.first.map({ String(decoding: $0, as: UTF8.self) }) {
      case "packet":
        packets += 1
        guard let at = value("pts_time").flatMap(Double.init) else { return }
        end = max(end, at + (value("duration_time").flatMap(Double.init) ?? 0))
      case "stream":
        guard streams.count <= 64 else { return }
        let isCover = value("disposition:attached_pic") == "1"
        let kind: MediaFacts.Kind
        switch value("codec_type") {
        case "audio": kind = .sound
        case "video": kind = isCover ? .cover : .picture
        default: kind = .other
        }
        streams.append(
          MediaFacts.Stream(
            kind, value("codec_name") ?? "", width: value("width").flatMap(Int.init) ?? 0,
            height: value("height").flatMap(Int.init) ?? 0))
      case "format": promised = value("duration").flatMap(Double.init)
      default: break
      }
    }
  }
}
