// A process that does jobs and nothing else, for the tests that kill it: `JobsWorker ADDRESS`. It says `ready` when it works.
import Core
import Glibc
import Jobs
import Loop
import Postgres

/// An effect in our own store: written in the transaction that marks the job as done.
struct WriteDown: Job {
  static let name = "tests.write-down"
  let number: Int
}

/// Told with each ``WriteDown``.
struct WrittenDown: Event {
  static let name = "tests.written-down"
  let number: Int
}

/// An effect outside of our store, at somebody who does a thing once for each key: the attempt's.
struct CallOutside: Job {
  static let name = "tests.call-outside"
  let number: Int
}

/// Kills whoever does it, until there is a cure.
struct Poison: Job {
  static let name = "tests.poison"
  static let maximumAttempts = 2
}

@main struct Worker {
  static func main() async throws {
    let loops = LoopGroup(count: 1)
    let database = Database(url: CommandLine.arguments[1], loops: loops, connectionsPerLoop: 6, log: .silent)
    // Each effect takes a moment, so that a kill often comes in the middle of one.
    let runner = Runner(
      database: database,
      handlers: [
        JobHandler(WriteDown.self) { job, _, tx in
          try await tx.run(Query("insert into effects (kind, number) values ('written', \(job.number))"))
          _ = try await tx.all(Query<String>("select pg_sleep(0.002)::text"))
          try await tx.emit(WrittenDown(number: job.number))
        },
        JobHandler(CallOutside.self) { job, attempt in
          try await database.run(Query("insert into calls (key) values (\(attempt.id))"))
          try await database.run(
            Query(
              "insert into effects (kind, number, key) values ('outside', \(job.number), \(attempt.id)) on conflict (key) do nothing"
            ))
          _ = try await database.all(Query<String>("select pg_sleep(0.002)::text"))
        },
        JobHandler(Poison.self) { _, _, tx in
          guard try await tx.one(Query<Bool>("select exists (select from effects where kind = 'cure')")) else {
            kill(getpid(), SIGKILL)
            return
          }
          try await tx.run(Query("insert into effects (kind, number) values ('cured', 0)"))
        },
      ],
      reactions: [
        Reaction(WrittenDown.self, "tests.hear") { event, tx in
          try await tx.run(Query("insert into effects (kind, number) values ('heard', \(event.number))"))
        }
      ],
      schedules: [
        Schedule("tests.often", every: .milliseconds(200)) {
          try await database.run(Query("insert into calls (key) values (\(ID<QueuedJob>.new()))"))
        }
      ],
      log: .silent, workers: 4, lease: .milliseconds(600))
    await runner.start()
    print("ready")
    fflush(nil)
    try await loops.any.sleep(.seconds(3600))
  }
}
