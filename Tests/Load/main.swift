// Ten thousand people on one server, as a program: it opens their sockets, says what they say, and counts.
// Started by `bin/test load`, which makes the database and starts the server.
import Core
import Glibc

signal(SIGPIPE, SIG_IGN)
var limit = rlimit()
getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
limit.rlim_cur = limit.rlim_max
setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)

let words = CommandLine.arguments.dropFirst()
let arguments = words.compactMap { Int($0) }
guard arguments.count >= 2, let port = UInt16(exactly: arguments[0]) else {
  print("usage: load PORT PROCESS [SOCKETS [SECONDS]] [quiet | api | begin | return | behind | announce]…")
  exit(64)
}
var size = Size()
size.scenes = words.filter { Int($0) == nil }
if arguments.count > 2 {
  size.sockets = max(200, arguments[2])
  size.storm = min(1000, size.sockets / 10)
  size.slow = min(20, size.sockets / 100)
}
if arguments.count > 3 { size.seconds = max(1, arguments[3]) }
if Int(limit.rlim_cur) < size.sockets + 2 * size.storm + 100 {
  print("A process may hold only \(limit.rlim_cur) descriptors here; ask for fewer sockets, or raise ulimit -n.")
  exit(64)
}
let scenes = Scenes(
  Place(port: port, origin: "http://127.0.0.1:\(port)"), Server(process: arguments[1]), size)
exit(scenes.run() ? 0 : 1)
