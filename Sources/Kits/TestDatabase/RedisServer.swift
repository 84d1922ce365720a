import Core
import Glibc

/// A real `redis-server` on a port of its own, which can be killed, stopped and started again.
package final class RedisServer: Sendable {
  /// On the loopback.
  package let port: Int
  private let process = Locked<pid_t>(0)

  package static var isInstalled: Bool { access("/usr/bin/redis-server", X_OK) == 0 }

  /// Has just been started: it answers a little later.
  package init(password: String? = nil) {
    port = freePort()
    start(password: password)
  }

  deinit { kill() }

  /// Starts it again on its port, empty.
  package func start(password: String? = nil) {
    var words = [
      "/usr/bin/redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
      "--logfile", "/dev/null", "--dir", "/tmp",
    ]
    if let password { words += ["--requirepass", password] }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // Its own output: should the tests crash, what reads theirs is not kept waiting.
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for output in [Int32(1), 2] { posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0) }
    var child = pid_t()
    let status = posix_spawn(&child, words[0], &actions, nil, &arguments, environ)
    precondition(status == 0, "redis-server does not start")
    process.withLock { $0 = child }
  }

  /// Ends it at once, as a crash would.
  package func kill() { end(SIGKILL) }

  /// It goes on to accept, and says nothing, until ``resume()``.
  package func pause() { _ = Glibc.kill(process.withLock { $0 }, SIGSTOP) }
  package func resume() { _ = Glibc.kill(process.withLock { $0 }, SIGCONT) }

  private func end(_ signal: Int32) {
    let child = process.withLock { child in
      defer { child = 0 }
      return child
    }
    guard child > 0 else { return }
    Glibc.kill(child, signal)
    var status: Int32 = 0
    waitpid(child, &status, 0)
  }
}
