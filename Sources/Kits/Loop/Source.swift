import CEvent
import CSystem
import Core

/// A descriptor watched by one loop. Subclass it to be told when there is something to read or room to write.
///
/// Not Sendable by intent: every member is touched on the loop's thread only. The source does not own its
/// descriptor; close it after ``Loop/remove(_:)``, never before. It is `open` because Swift has no lesser word for a class
/// that another module of the package may subclass.
open class Source {
  package let fd: Int32
  package let loop: Loop
  /// Whether the loop watches it now.
  package internal(set) var isWatched = false
  var reading: OpaquePointer?
  var writing: OpaquePointer?

  package init(fd: Int32, loop: Loop) {
    self.fd = fd
    self.loop = loop
  }

  /// There is something to read, or the other side is gone. Level-triggered: called again until it is read.
  open func readable() {}
  /// There is room to write. Called only while wanted, see ``Loop/want(write:_:)``.
  open func writable() {}
}

/// A timer on one loop, made by ``Loop/timer(_:)``. Its owner holds it; letting go of it cancels it.
package final class LoopTimer {
  private let action: () -> Void
  private let loop: Loop
  private var event: OpaquePointer?

  init(_ loop: Loop, _ action: @escaping () -> Void) {
    self.loop = loop
    self.action = action
    event = event_new(
      loop.base, -1, 0,
      { _, _, context in
        let timer = Unmanaged<LoopTimer>.fromOpaque(context!).takeUnretainedValue()
        timer.loop.awake()
        // The action may let go of its own timer.
        withExtendedLifetime(timer) { timer.action() }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Runs the action once, `delay` from now. Setting it again moves it.
  package func set(after delay: Duration) {
    precondition(loop.inLoop, "a loop's timer is set on the loop")
    let microseconds = max(0, delay.microseconds)
    var interval = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
    event_add(event, &interval)
  }

  /// Forgets what was set. It may be set again.
  package func cancel() {
    precondition(loop.inLoop, "a loop's timer is cancelled on the loop")
    event_del(event)
  }

  deinit {
    guard let event else { return }
    if loop.inLoop || loop.isOver { return event_free(event) }
    let address = UInt(bitPattern: event)
    loop.post { event_free(OpaquePointer(bitPattern: address)) }
  }
}
