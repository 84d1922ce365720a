import CResolv
import CSystem
import Core
import Glibc

/// The machine itself: clock, disk, limits, and whether the folder of the site can be written. Blocks.
package struct MachineCheck {
  private let home: String
  private let wantedDescriptors: Int

  /// - Parameter wantedDescriptors: one for each connection, file and session that may be open at once.
  package init(home: String, wantedDescriptors: Int = 10_000) {
    self.home = home
    self.wantedDescriptors = wantedDescriptors
  }

  package func clock() -> Finding {
    var most = 0
    guard tl_clock_is_kept(&most) != 0 else {
      return Finding(
        "clock", .warning, "Nothing keeps this machine's clock right.",
        cure: "`timedatectl set-ntp true`, or install chrony. Containers take their host's clock: look there.")
    }
    return Finding("clock", .well, "The clock is kept right, to within \(most / 1000) ms.")
  }

  package func limits() -> Finding {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let most = Int(clamping: limit.rlim_max)
    guard most >= wantedDescriptors else {
      return Finding(
        "limits", .broken, "The process may open \(most) files and connections; \(wantedDescriptors) are wanted.",
        cure: "LimitNOFILE=65536 in the systemd unit, `--ulimit nofile=65536` for a container.")
    }
    return Finding("limits", .well, "The process may open \(most) files and connections.")
  }

  package func disk() -> Finding {
    var space = statvfs()
    guard statvfs(home, &space) == 0 else {
      return Finding("disk", .broken, "\(home) cannot be looked at: \(Self.reason).", cure: "Put TUTALINK_HOME right.")
    }
    let free = Int(clamping: UInt64(space.f_bavail) &* UInt64(space.f_frsize)) >> 20
    let share = space.f_blocks == 0 ? 100 : Int(UInt64(space.f_bavail) &* 100 / UInt64(space.f_blocks))
    let words = "\(free) MB are free on the disk of \(home) (\(share) %)"
    let cure = "Make room or a larger disk: old logs and backups first."
    if free < 256 { return Finding("disk", .broken, words + ".", cure: cure) }
    if free < 2048 || share < 5 { return Finding("disk", .warning, words + ".", cure: cure) }
    if space.f_files > 0, space.f_favail * 100 / space.f_files < 2 {
      return Finding("disk", .broken, "The disk of \(home) has nearly no room for more files.", cure: cure)
    }
    return Finding("disk", .well, words + ".")
  }

  /// Writes, flushes, renames, reads back and removes, as an upload does.
  package func store() -> Finding {
    let folder = home + "/files"
    let path = "\(folder)/incoming/doctor-\(getpid())"
    let cure = "Give the folder to the user the server runs as: chown -R tutalink \(home)."
    func broken(_ what: String) -> Finding { Finding("store", .broken, "\(what): \(Self.reason).", cure: cure) }
    for folder in [home, folder, folder + "/incoming"] where mkdir(folder, 0o750) != 0 && errno != EEXIST {
      return broken("\(folder) cannot be made")
    }
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return broken("Nothing can be written into \(folder)") }
    defer { unlink(path) }
    let bytes = [UInt8](repeating: 0x74, count: 65_536)
    let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    guard isWritten, close(file) == 0 else { return broken("A file in \(folder) cannot be completed") }
    guard rename(path, path + ".done") == 0 else { return broken("A file in \(folder) cannot be renamed") }
    defer { unlink(path + ".done") }
    var read = [UInt8](repeating: 0, count: bytes.count)
    let again = open(path + ".done", O_RDONLY | O_CLOEXEC)
    defer { close(again) }
    guard again >= 0, Glibc.read(again, &read, read.count) == bytes.count, read == bytes else {
      return broken("A file in \(folder) does not come back as it was written")
    }
    return Finding("store", .well, "\(folder) takes files and gives them back.")
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
