import CSandbox
import Glibc

/// A program of the system that looks into a stranger's file, in a process of its own: without network, without an
/// environment, unable to write, and bounded in time, processor, memory and words. What breaks it breaks nothing else.
///
/// Blocks; for a pool's thread.
package struct BoundedProgram: Sendable {
  /// Where it lies.
  package var path: String
  /// Seconds by the clock after which it is ended.
  package var seconds = 20
  /// Seconds of a processor.
  package var processorSeconds = 10
  /// Bytes of address space.
  package var memory = 1 << 30
  /// Bytes of words it may say.
  package var words = 64 << 20

  package enum Failure: Error, Equatable {
    /// It is not there, or cannot be held within its bounds.
    case missing
    /// It passed a bound.
    case exceeded
    /// It ended with that status; 128 and more: by a signal.
    case ended(Int32)
  }

  package init(path: String) { self.path = path }

  /// Runs it to its end. `hear` gets what it says, piece by piece.
  package func run(_ arguments: [String], _ hear: (UnsafeRawBufferPointer) -> Void) throws(Failure) {
    guard access(path, X_OK) == 0 else { throw .missing }
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .missing }
    defer { close(ends[0]) }
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let pid = tl_spawn_bounded(path, &words, ends[1], UInt64(processorSeconds), UInt64(memory))
    close(ends[1])
    guard pid > 0 else { throw .missing }
    let isWhole = listen(ends[0], hear)
    if !isWhole { kill(-pid, SIGKILL) }
    // Whatever it started and left behind goes with it.
    defer { kill(-pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard isWhole else { throw .exceeded }
    switch tl_exit_status(status) {
    case 0: return
    case 127: throw .missing
    case 128 + SIGXCPU, 128 + SIGKILL: throw .exceeded
    case let other: throw .ended(other)
    }
  }

  /// Whether it said all within its bounds.
  private func listen(_ end: Int32, _ hear: (UnsafeRawBufferPointer) -> Void) -> Bool {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { room.deallocate() }
    var now = timespec()
    func milliseconds() -> Int {
      clock_gettime(CLOCK_MONOTONIC, &now)
      return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
    let deadline = milliseconds() + seconds * 1000
    var said = 0
    while true {
      let left = deadline - milliseconds()
      guard left > 0 else { return false }
      var wanted = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wanted, 1, Int32(left))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return false }
      let count = Glibc.read(end, room.baseAddress, room.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return false }
      if count == 0 { return true }
      said += count
      guard said <= words else { return false }
      hear(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
  }
}
