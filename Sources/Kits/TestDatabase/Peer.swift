import Glibc
package import JSON

/// A program of `Tests/Peers` that runs for one test. Says which ports it took; ends with the test.
package final class Peer: Sendable {
  package struct DidNotStart: Error { package let script: String }

  /// What the program printed when it was ready.
  package let ready: JSON
  private let process: pid_t
  private let output: Int32

  /// `python` comes from `TUTALINK_PYTHON`, or the virtual environment that `bin/setup` made.
  package init(_ script: String, _ arguments: [String] = []) throws {
    let python = getenv("TUTALINK_PYTHON").map { String(cString: $0) } ?? ".venv/bin/python"
    let folder = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
    let program = python.hasPrefix("/") ? python : folder + "/" + python
    var pipes: [Int32] = [0, 0]
    pipe(&pipes)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_addclose(&actions, pipes[0])
    // Python tells of every broken connection, which is what these tests make.
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var pid = pid_t()
    var words: [UnsafeMutablePointer<CChar>?] = ([program, folder + "/Tests/Peers/" + script] + arguments).map {
      strdup($0)
    }
    words.append(nil)
    defer { for word in words { free(word) } }
    guard posix_spawn(&pid, program, &actions, nil, words, environ) == 0 else { throw DidNotStart(script: program) }
    close(pipes[1])
    process = pid
    output = pipes[0]
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(output, &byte, 1) == 1, byte != 10 { line.append(byte) }
    guard let json = try? JSON.read(line) else {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      close(output)
      throw DidNotStart(script: script)
    }
    ready = json
  }

  /// A port it said it took.
  package func port(_ name: String) -> Int { ready[name]?.int ?? 0 }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    close(output)
  }
}

/// A port nobody listens on (tcpmux, RFC 1078).
package let deadPort = 1
