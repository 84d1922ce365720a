package import Core
import Glibc
import Synchronization

/// The loops of a process, running. One per core is enough for a server.
package final class LoopGroup: Sendable {
  package let loops: [Loop]
  private let next = Atomic<Int>(0)

  /// Starts `count` loops.
  package init(count: Int, log: Log = Log()) {
    precondition(count > 0)
    loops = (0..<count).map { Loop(name: "loop-\($0)", log: log) }
    for loop in loops { loop.start() }
  }

  /// The caller's own loop when it runs on one of these, otherwise each in turn.
  package var any: Loop {
    if let current = Loop.current, loops.contains(where: { $0 === current }) { return current }
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: turn) % UInt(loops.count))]
  }

  /// Stops every loop and waits for their threads. Not from a loop.
  package func stop() {
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }
}
