import Core
import Glibc
package import Media

/// The program that looks into uploaded sound and film, tried on a second of silence: from the folder where uploads lie, and
/// within the bounds it has there. Blocks for as long as those allow.
package struct MediaCheck {
  private let home: String
  private let program: BoundedProgram

  package init(home: String, program: BoundedProgram = BoundedProgram(path: MediaProbe.place)) {
    self.home = home
    self.program = program
  }

  package func finding() -> Finding {
    let folder = home + "/files/incoming"
    for folder in [home, home + "/files", folder] { mkdir(folder, 0o750) }
    let path = "\(folder)/doctor-\(getpid()).wav"
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      return Finding(
        "media", .broken, "Sound and film cannot be tried, for nothing can be written into \(folder).",
        cure: "First `tutalink doctor store`, then this again.")
    }
    defer { unlink(path) }
    let sound = Self.silence
    let written = write(file, sound, sound.count)
    close(file)
    guard written == sound.count else {
      return Finding(
        "media", .broken, "Sound and film cannot be tried, for a file in \(folder) cannot be completed.",
        cure: "First `tutalink doctor store disk`, then this again.")
    }
    do throws(MediaProbe.Failure) {
      let facts = try MediaProbe(program: program).look(at: path, as: .wav)
      guard facts.streams == [.init(.sound, "pcm_u8")], facts.length == .seconds(1) else {
        return broken("reads a second of silence as something else", cure: Self.reinstall)
      }
      return Finding("media", .well, "\(program.path) looks into sound and film, shut off from network and files.")
    } catch {
      guard error == .missing else {
        return broken(
          "does not read a second of silence within its bounds (\(program.memory >> 20) MB, \(program.seconds) s)",
          cure: Self.reinstall)
      }
      guard access(program.path, X_OK) != 0 else {
        return broken(
          "does not start where it is shut off from network and files",
          cure:
            "`ffprobe -version` as the server's user says whether it starts at all. If it does, the kernel must allow "
            + "seccomp filters and resource limits: look at the container's security profile.")
      }
      return broken("is not there", cure: "apt install ffmpeg")
    }
  }

  private static let reinstall =
    "apt install --reinstall ffmpeg; `ffprobe -version` as the server's user says whether it starts at all."

  private func broken(_ what: String, cure: String) -> Finding {
    Finding(
      "media", .broken, "\(program.path) \(what). Until then uploads of sound and film are turned away.", cure: cure)
  }

  /// A WAV file: one channel, 8,000 samples a second of eight bits, for a second.
  private static let silence: [UInt8] = {
    func little(_ number: UInt32, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    let rate: UInt32 = 8000
    var file = Array("RIFF".utf8) + little(36 + rate, 4) + Array("WAVEfmt ".utf8) + little(16, 4)
    file += little(1, 2) + little(1, 2) + little(rate, 4) + little(rate, 4) + little(1, 2) + little(8, 2)
    file += Array("data".utf8) + little(rate, 4)
    return file + [UInt8](repeating: 0x80, count: Int(rate))
  }()
}
