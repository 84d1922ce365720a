import Core
import Glibc
import Testing

@testable import Loop

@Suite struct LoopTests {
  let group = LoopGroup(count: 2, log: .silent)

  @Test func `a task with the loop as preference stays on its thread across every wait`() async throws {
    for loop in group.loops {
      try await Task(executorPreference: loop) {
        #expect(loop.inLoop)
        try await loop.sleep(.milliseconds(1))
        #expect(Loop.current === loop)
        try await withThrowingTaskGroup(of: Bool.self) { children in
          for _ in 0..<10 { children.addTask { loop.inLoop } }
          for try await isIn in children { #expect(isIn) }
        }
        #expect(loop.inLoop)
      }.value
    }
    #expect(Loop.current == nil)
    group.stop()
  }

  @Test func `what is posted runs on the loop, in the order of its poster`() async {
    let seen = Locked<[Int]>([])
    let loop = group.loops[0]
    await withCheckedContinuation { continuation in
      for number in 0..<1000 {
        loop.post {
          #expect(loop.inLoop)
          seen.withLock { $0.append(number) }
          if number == 999 { continuation.resume() }
        }
      }
    }
    #expect(seen.withLock { $0 } == Array(0..<1000))
    group.stop()
  }

  private final class Pipe: Source, @unchecked Sendable {
    let heard: () -> Void
    init(_ fd: Int32, _ loop: Loop, _ heard: @escaping () -> Void) {
      self.heard = heard
      super.init(fd: fd, loop: loop)
    }
    override func readable() {
      heard()
      loop.remove(self)
    }
  }

  @Test func `between two turns every ready descriptor is served once`() async {
    let loop = group.loops[0]
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (reader, writer) = (ends[0], ends[1])
    let seen = Locked<[String]>([])
    await withCheckedContinuation { continuation in
      loop.post {
        loop.add(Pipe(reader, loop) { seen.withLock { $0.append("descriptor") } })
        _ = write(writer, "x", 1)
        loop.post { seen.withLock { $0.append("post") } }
        loop.postNextTurn {
          seen.withLock { $0.append("turn") }
          continuation.resume()
        }
      }
    }
    #expect(seen.withLock { $0 } == ["post", "descriptor", "turn"])
    close(reader)
    close(writer)
    group.stop()
  }

  @Test func `sleeping off the loop works too, and who lay down later for a shorter time wakes first`() async throws {
    let loop = group.any
    let woken = Locked<[String]>([])
    // Far apart, so that no scheduler turns their times round; and the long one is not waited for.
    let long = Task {
      try? await loop.sleep(.seconds(3600))
      woken.withLock { $0.append("long") }
    }
    for step in [1, 2, 3] {
      try await loop.sleep(.milliseconds(step))
      woken.withLock { $0.append("\(step)") }
    }
    long.cancel()
    await long.value
    #expect(woken.withLock { $0 } == ["1", "2", "3", "long"])
    group.stop()
  }

  @Test func `a cancelled sleeper wakes at once, before or after it lay down`() async {
    let loop = group.any
    for cancelsEarly in [true, false] {
      let sleeper = Task(executorPreference: loop) {
        try await loop.sleep(.seconds(3600))
      }
      if !cancelsEarly { await withCheckedContinuation { done in loop.post { loop.post { done.resume() } } } }
      sleeper.cancel()
      await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
    group.stop()
  }

  @Test func `a source hears of bytes, of room, and not after it was removed`() async {
    final class Echo: Source, @unchecked Sendable {
      var got: [UInt8] = []
      var wrote = 0
      var heard: (() -> Void)?
      override func readable() {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(fd, &bytes, 64)
        got += bytes.prefix(max(0, count))
        heard?()
      }
      override func writable() {
        wrote += 1
        loop.want(write: false, self)
        heard?()
      }
    }
    let loop = group.loops[1]
    let ends = [Int32](unsafeUninitializedCapacity: 2) { buffer, count in
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, buffer.baseAddress)
      count = 2
    }
    let echo = Echo(fd: ends[0], loop: loop)
    func heard(_ act: @escaping @Sendable () -> Void) async {
      await withCheckedContinuation { done in
        loop.post {
          echo.heard = {
            echo.heard = nil
            done.resume()
          }
          act()
        }
      }
    }
    await heard {
      loop.add(echo)
      _ = write(ends[1], "hello", 5)
    }
    await heard { loop.want(write: true, echo) }
    await withCheckedContinuation { done in
      loop.post {
        loop.remove(echo)
        _ = write(ends[1], "gone", 4)
        done.resume()
      }
    }
    await withCheckedContinuation { done in loop.post { done.resume() } }
    #expect(echo.got == Array("hello".utf8))
    #expect(echo.wrote == 1)
    close(ends[0])
    close(ends[1])
    group.stop()
  }

  @Test func `a turn that blocks is logged`() async {
    let lines = Locked<[String]>([])
    let loop = Loop(name: "watched", log: Log(sink: { line in lines.withLock { $0.append(line) } }))
    loop.start()
    await withCheckedContinuation { done in
      loop.post {
        usleep(60_000)
        done.resume()
      }
    }
    loop.stop()
    loop.join()
    #expect(lines.withLock { $0 }.contains { $0.contains("loop.slow_turn") && $0.contains("watched") })
    group.stop()
  }

  @Test func `the turn hook is asked again until it has no more`() async {
    let loop = group.any
    let calls = Locked(0)
    await withCheckedContinuation { done in
      loop.post {
        loop.turn = {
          let call = calls.withLock { calls in
            calls += 1
            return calls
          }
          if call == 5 { done.resume() }
          return call < 5
        }
      }
    }
    #expect(calls.withLock { $0 } >= 5)
    group.stop()
  }

  @Test func `ten thousand tasks from many threads all run`() async {
    let loops = group.loops
    let sum = await withTaskGroup(of: Int.self) { children in
      for number in 0..<10_000 {
        children.addTask(executorPreference: loops[number % 2]) {
          await Task.yield()
          return number
        }
      }
      return await children.reduce(0, +)
    }
    #expect(sum == 49_995_000)
    group.stop()
  }
}
