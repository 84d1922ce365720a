import Core
import Glibc

// Everything tests write lies in one folder a process, which goes with the process: nobody has to tidy up after a test, and
// one that stopped half way leaves nothing. A process that was killed leaves its folder to the next one: whoever lives
// holds a lock on theirs.

/// An empty folder for a test. It is there as long as the tests run.
package struct Folder: Sendable {
  package let path: String

  package init() {
    var template = Array((Scratch.folder + "/XXXXXX").utf8CString)
    guard let made = mkdtemp(&template) else { preconditionFailure("\(Scratch.folder) takes no more folders") }
    path = String(cString: made)
  }

  /// Writes a file there, in place of one of that name; a name with slashes makes folders too.
  package func write(_ name: String, _ text: String) { write(name, Array(text.utf8)) }

  package func write(_ name: String, _ bytes: [UInt8]) {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/" + part
      mkdir(folder, 0o700)
    }
    guard let file = fopen(path + "/" + name, "w") else { preconditionFailure("\(name) cannot be written") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }
}

/// The folder of this process.
private enum Scratch {
  private static let prefix = "tutalink-test-"

  static let folder: String = {
    sweep()
    var template = Array("/tmp/\(prefix)XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { preconditionFailure("/tmp takes no folders") }
    let folder = String(cString: made)
    let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    flock(lock, LOCK_EX | LOCK_NB)
    atexit { Scratch.remove(Scratch.folder) }
    return folder
  }()

  /// Removes what processes that are gone have left: folders nobody holds. One of this minute may not be held yet.
  private static func sweep() {
    guard let all = opendir("/tmp") else { return }
    defer { closedir(all) }
    while let entry = readdir(all) {
      // Read where it lies: an entry is no longer than its name.
      let place = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
      let name = String(cString: place.assumingMemoryBound(to: CChar.self))
      guard name.hasPrefix(prefix) else { continue }
      let path = "/tmp/" + name
      var facts = stat()
      guard lstat(path, &facts) == 0, facts.st_uid == getuid(), time(nil) - facts.st_mtim.tv_sec > 60 else { continue }
      let lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard lock >= 0 else { continue }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { remove(path) }
      close(lock)
    }
  }

  /// With everything in it; links are not followed.
  private static func remove(_ path: String) {
    _ = nftw(path, { path, _, _, _ in Glibc.remove(path) }, 16, Int32(FTW_DEPTH | FTW_PHYS))
  }
}
