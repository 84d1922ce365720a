import CSystem
import Glibc

/// SIGTERM and SIGINT as something to wait for.
enum Signals {
  /// Before any thread is made, so that every thread inherits the mask.
  static func block() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    pthread_sigmask(SIG_BLOCK, &set, nil)
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
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, SIGTERM)
  sigaddset(&set, SIGINT)
  var signal: Int32 = 0
  sigwait(&set, &signal)
  box.continuation.resume()
  sigwait(&set, &signal)
  _exit(130)
}

/// Writes to standard error at once.
func complain(_ text: String) {
  let bytes = Array(text.utf8)
  _ = write(2, bytes, bytes.count)
}
