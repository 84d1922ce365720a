import CSystem
import Glibc

/// A file opened for sending; closed when the last answer that holds it is gone.
package final class OpenFile: Sendable {
  let descriptor: Int32
  package let size: Int
  /// Seconds since 1970.
  package let modified: Int
  let inode: UInt64

  /// Nothing when there is no regular file at the path.
  package init?(path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    size = Int(status.st_size)
    modified = Int(status.st_mtim.tv_sec)
    inode = UInt64(status.st_ino)
  }

  deinit { close(descriptor) }

  /// The bytes there are of that stretch.
  package func read(offset: Int, length: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      count = 0
      while count < length {
        let got = pread(descriptor, buffer.baseAddress! + count, length - count, off_t(offset + count))
        if got <= 0 { break }
        count += got
      }
    }
  }
}

/// A file that is removed when the last one who holds this lets go.
package final class TemporaryFile: Sendable {
  package let path: String

  /// Takes charge of the file at the path.
  package init(path: String) { self.path = path }

  deinit { unlink(path) }
}

/// Bytes that do not move and are shared by any number of answers.
package final class SharedBytes: Sendable {
  nonisolated(unsafe) let start: UnsafeMutableRawPointer
  package let count: Int

  package init(_ bytes: [UInt8]) {
    count = bytes.count
    start = .allocate(byteCount: max(1, bytes.count), alignment: 16)
    bytes.withUnsafeBytes { if $0.count > 0 { start.copyMemory(from: $0.baseAddress!, byteCount: $0.count) } }
  }

  deinit { start.deallocate() }

  package var array: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }
}
