import Core
import Glibc
import Jobs
import Loop
import Postgres
import TestDatabase
import Testing

@testable import JobsWorker

/// Real processes that do jobs, killed by SIGKILL wherever they happen to be.
@Suite struct KilledWorkerTests {
  /// One process of `JobsWorker`, which lies beside the tests.
  private final class Process {
    struct DidNotStart: Error { let program: String }
    private let pid: pid_t
    private let output: Int32

    init(_ address: String) throws {
      var path = [CChar](repeating: 0, count: 4096)
      let length = readlink("/proc/self/exe", &path, path.count - 1)
      let program =
        String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/JobsWorker"
      var pipes: [Int32] = [0, 0]
      pipe2(&pipes, O_CLOEXEC)
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
      defer { posix_spawn_file_actions_destroy(&actions) }
      var words = [strdup(program), strdup(address), nil]
      defer { for word in words { free(word) } }
      var pid = pid_t()
      guard posix_spawn(&pid, program, &actions, nil, &words, environ) == 0 else {
        throw DidNotStart(program: program)
      }
      close(pipes[1])
      (self.pid, output) = (pid, pipes[0])
    }

    /// It may have died by itself already.
    var isAlive: Bool { waitpid(pid, nil, WNOHANG) == 0 }

    deinit {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      close(output)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `whoever is killed whenever, each effect happens once, and what kills its workers waits for a person`()
    async throws
  {
    var dice = Dice()
    print("killed workers: SEED=\(dice.seed)")
    let count = 300
    try await withDatabaseAddress(jobsOnly) { address in
      let database = Database(url: address, loops: testLoops, log: .silent)
      try await database.run(
        Query("create table effects (kind text, number int, key uuid unique, at timestamptz default now())"))
      try await database.run(Query("create table calls (key uuid)"))
      func effects(_ kind: String) async throws -> [Int] {
        try await database.all(Query<Int>("select number from effects where kind = \(kind) order by number"))
      }
      func progress() async throws -> Int { try await database.one(Query<Int>("select count(*) from effects")) }
      try await database.transaction { tx in
        try await tx.enqueue(all: (0..<count).map { WriteDown(number: $0) })
        try await tx.enqueue(all: (0..<count).map { CallOutside(number: $0) })
        try await tx.enqueue(Poison())
      }

      var workers = try (0..<3).map { _ in try Process(address) }
      var kills = 0
      var next = Int.random(in: 1...30, using: &dice)
      while true {
        let done = try await progress()
        for index in workers.indices where !workers[index].isAlive { workers[index] = try Process(address) }
        // The first at once: it is killed even where the work is done before this test gets its next turn.
        if kills == 0 || done >= next, kills < 15 {
          kills += 1
          // Gone before its successor begins.
          workers.remove(at: .random(in: 0..<workers.count, using: &dice))
          workers.append(try Process(address))
          next = done + .random(in: 1...60, using: &dice)
        }
        let figures = try await database.one(.jobFigures(at: .now))
        let open = try await database.all(.openJobs()).filter { !$0.name.hasPrefix("schedule/") }
        if done >= 3 * count, figures.dead == 1, figures.undispatchedEvents == 0, open.isEmpty { break }
        try await database.loops.any.sleep(.milliseconds(10))
      }
      // How many fit in depends on how often this test got its turn.
      print("killed workers: \(kills)")
      #expect(kills > 0)
      for kind in ["written", "heard", "outside"] {
        let numbers = try await effects(kind)
        #expect(numbers == Array(0..<count), "\(kind)")
      }
      let calls = try await database.one(Query<Int>("select count(*) from calls"))
      #expect(calls >= count)

      // The dead letter says what became of it, and runs again when a person says so.
      let dead = try #require(try await database.first(.deadJobs()))
      #expect(dead.name == Poison.name && dead.attempts == 2 && dead.lastError == "the worker vanished")
      #expect(try await effects("cured").isEmpty)
      try await database.run(Query("insert into effects (kind, number) values ('cure', 0)"))
      #expect(try await database.transaction { tx in try await tx.rerun(dead.id) })
      while try await effects("cured").isEmpty {
        for index in workers.indices where !workers[index].isAlive { workers[index] = try Process(address) }
        try await database.loops.any.sleep(.milliseconds(10))
      }
      #expect(try await effects("cured") == [0])
      #expect(!(try await database.transaction { tx in try await tx.rerun(dead.id) }))
      workers = []
      await database.close()
    }
  }
}
