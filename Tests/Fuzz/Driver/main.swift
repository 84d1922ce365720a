import FuzzTargets
import Glibc

// libFuzzer's own arguments, with the target's name in FUZZ_TARGET: `bin/test fuzz` calls it. Built only with
// TUTALINK_FUZZ=1, against the fuzzer's library without a main of its own.

@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

let wanted = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
if wanted.isEmpty {
  for target in FuzzTarget.all { print(target.name, target.longest) }
  exit(0)
}

enum Chosen {
  static let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else { fatalError("no fuzz target \(name)") }
    return target
  }()

  static func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
}

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(runFuzzer(&count, &arguments) { bytes, count in Chosen.run(bytes, count) })
