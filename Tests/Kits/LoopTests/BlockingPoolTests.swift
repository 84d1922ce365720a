import Core
import Glibc
import Testing

@testable import Loop

@Suite struct BlockingPoolTests {
  @Test func `work runs off the loop and its result comes back to it`() async throws {
    let group = LoopGroup(count: 1, log: .silent)
    let pool = BlockingPool(threads: 2)
    let loop = group.any
    try await Task(executorPreference: loop) {
      let wasOnLoop = try await pool.run { Loop.current != nil }
      #expect(!wasOnLoop)
      #expect(loop.inLoop)
      await #expect(throws: Failure.conflict("no")) { try await pool.run { throw Failure.conflict("no") } }
    }.value
    group.stop()
  }

  /// Of so many short pieces, in the order they began: how many were at work then, each itself among them.
  private func crowds(in pool: BlockingPool, pieces: Int) async throws -> [Int] {
    let seen = Locked((now: 0, crowds: [Int]()))
    try await withThrowingTaskGroup(of: Void.self) { children in
      for _ in 0..<pieces {
        children.addTask {
          try await pool.run {
            seen.withLock {
              $0.now += 1
              $0.crowds.append($0.now)
            }
            usleep(500)
            seen.withLock { $0.now -= 1 }
          }
        }
      }
      try await children.waitForAll()
    }
    #expect(seen.withLock { $0.now } == 0)
    return seen.withLock { $0.crowds }
  }

  @Test func `no more than the given threads work at once`() async throws {
    let seen = try await crowds(in: BlockingPool(threads: 3), pieces: 60)
    #expect(seen.count == 60)
    #expect(seen.allSatisfy { (1...3).contains($0) })
  }

  @Test func `a background pool works one at a time while the rest of the process works`() async throws {
    // The others are told to have worked all the time.
    let pool = BlockingPool(threads: 4, waiting: 100) { _ in Int64(Instant.now.microseconds) * 1000 }
    let seen = try await crowds(in: pool, pieces: 24)
    #expect(seen.count == 24)
    // The first of each thread may begin before anything is known.
    #expect(seen.dropFirst(4).allSatisfy { $0 == 1 })
    #expect(pool.figures.waiting == 0)
  }

  @Test func `a background pool fills all its threads while nothing else works, and again when that is so once more`()
    async throws
  {
    let time = Locked<(now: Int64, step: Int64)>((0, 1_000_000_000))
    let pool = BlockingPool(threads: 2, waiting: 100) { _ in
      time.withLock {
        $0.now += $0.step
        return $0.now
      }
    }
    // A piece's answer comes before its thread has rested and told what it saw.
    func runOne() async throws {
      try await pool.run {}
      while pool.figures.working > 0 { await Task.yield() }
    }
    try await runOne()
    time.withLock { $0.step = 0 }
    try await runOne()
    let gates = (0..<2).map { _ in UnsafeMutablePointer<sem_t>.allocate(capacity: 1) }
    defer { gates.forEach { $0.deallocate() } }
    gates.forEach { sem_init($0, 0, 0) }
    let addresses = gates.map { UInt(bitPattern: $0) }
    // Each waits for the other: one at a time would never end.
    try await withThrowingTaskGroup(of: Void.self) { children in
      for own in 0..<2 {
        children.addTask {
          try await pool.run {
            sem_post(UnsafeMutablePointer<sem_t>(bitPattern: addresses[own])!)
            sem_wait(UnsafeMutablePointer<sem_t>(bitPattern: addresses[1 - own])!)
          }
        }
      }
      try await children.waitForAll()
    }
  }

  @Test func `a full queue refuses, and cancelled work does not begin`() async throws {
    let pool = BlockingPool(threads: 1, waiting: 1)
    let hold = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    defer { hold.deallocate() }
    sem_init(hold, 0, 0)
    let address = UInt(bitPattern: hold)
    let (begun, told) = AsyncStream.makeStream(of: Void.self)
    let first = Task {
      try await pool.run {
        told.yield()
        sem_wait(UnsafeMutablePointer<sem_t>(bitPattern: address)!)
      }
    }
    for await _ in begun { break }
    let ran = Locked(false)
    // Only one of two finds room; which, is the scheduler's choice.
    let (refusals, refuse) = AsyncStream.makeStream(of: Void.self)
    let others = (0..<2).map { _ in
      Task {
        do { try await pool.run { ran.withLock { $0 = true } } } catch {
          if error as? Failure == .unavailable { refuse.yield() }
          throw error
        }
      }
    }
    for await _ in refusals { break }
    for task in others { task.cancel() }
    sem_post(UnsafeMutablePointer<sem_t>(bitPattern: address)!)
    try await first.value
    var cancelled = 0
    for task in others {
      do { try await task.value } catch is CancellationError { cancelled += 1 } catch {}
    }
    #expect(cancelled == 1)
    #expect(!ran.withLock { $0 })
  }
}
