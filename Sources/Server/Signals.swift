import CSystem
import Glibc

/// SIGTERM and SIGINT as something to wait for.
///
/// By a handler that writes a byte into a pipe, not by sigwait(3): the main thread of a Swift program ends in libdispatch,
/// which lets every signal through there, and a signal that one thread does not block never reaches the one that waits.
enum Signals {
  nonisolated(unsafe) fileprivate static var pipe: (read: Int32, write: Int32) = (-1, -1)

  /// Before anything else.
  static func arm() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe2(&ends, O_CLOEXEC) == 0, "no pipe")
    pipe = (ends[0], ends[1])
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      let before = errno
      var one: UInt8 = 1
      _ = write(Signals.pipe.write, &one, 1)
      errno = before
    }
    action.sa_flags = SA_RESTART
    sigaction(SIGTERM, &action, nil)
    sigaction(SIGINT, &action, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns at the first of them. A second one ends the process at once.
  static func wait() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let box = Unmanaged.passRetained(Box(continuation))
      var thread = pthread_t()
      pthread_create(&thread, nil, waiter, box.toOpaque())
      pthread_detach(thread)
    }
  }

  fileprivate final class Box {
    let continuation: CheckedContinuation<Void, Never>
    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }
  }
}

private func waiter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  let box = Unmanaged<Signals.Box>.fromOpaque(argument!).takeRetainedValue()
  var byte: UInt8 = 0
  while read(Signals.pipe.read, &byte, 1) < 1 {}
  box.continuation.resume()
  while read(Signals.pipe.read, &byte, 1) < 1 {}
  _exit(130)
}

/// Writes to standard error at once.
func complain(_ text: String) {
  let bytes = Array(text.utf8)
  _ = write(2, bytes, bytes.count)
}
