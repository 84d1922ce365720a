import Core
import Glibc

/// Durations of one kind, from any thread.
final class Delays: Sendable {
  private let values = Locked<[Int]>([])

  func add(_ nanoseconds: Int) { values.withLock { $0.append(nanoseconds) } }

  var count: Int { values.withLock { $0.count } }

  /// Milliseconds below which that share of them lies; 1 is the longest.
  func part(_ share: Double) -> Double {
    let sorted = values.withLock { $0.sorted() }
    guard !sorted.isEmpty else { return 0 }
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e6
  }
}

/// A figure that any thread raises and the main thread waits for.
final class Count: Sendable {
  private let value = Locked(0)

  func add(_ more: Int = 1) { value.withLock { $0 += more } }
  var now: Int { value.withLock { $0 } }
}

/// The server, as the system sees it.
struct Server: Sendable {
  let process: Int

  /// Seconds of processor time so far.
  var cpu: Double {
    let fields = Self.read("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  var kilobytes: Int {
    for line in Self.read("/proc/\(process)/status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
      return Int(line.filter(\.isNumber)) ?? 0
    }
    return 0
  }

  private static func read(_ path: String) -> String {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = Glibc.read(file, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }
}

/// What was seen, beside what is promised; and the tally.
final class Report: Sendable {
  private struct State {
    var rows: [[String]] = []
    var passed = 0
    var failed = 0
  }

  private let state = Locked(State())

  func row(_ what: String, _ seen: String, _ promise: String = "") {
    state.withLock { $0.rows.append([what, seen, promise]) }
    print("  \(what): \(seen)\(promise.isEmpty ? "" : "   (\(promise))")")
    fflush(nil)
  }

  func check(_ sentence: String, _ holds: Bool, _ seen: String = "") {
    state.withLock { state in if holds { state.passed += 1 } else { state.failed += 1 } }
    print("  \(holds ? "✔" : "✘") \(sentence)\(holds || seen.isEmpty ? "" : " (\(seen))")")
    fflush(nil)
  }

  func heading(_ text: String) {
    print("\n── \(text)")
    fflush(nil)
  }

  /// Whether nothing failed.
  func finish() -> Bool {
    let state = state.withLock { $0 }
    let rows = [["what", "seen", "promised"]] + state.rows
    func width(_ column: Int) -> Int { rows.map { $0[column].count }.max() ?? 0 }
    let widths = (0..<3).map(width)
    print()
    for (number, row) in rows.enumerated() {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      print("| " + cells.joined(separator: " | ") + " |")
      if number == 0 { print("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|") }
    }
    print("\nLoad: \(state.passed) passed, \(state.failed) failed.")
    return state.failed == 0 && state.passed > 0
  }
}

extension Double {
  /// With that many places behind the point.
  func places(_ count: Int) -> String {
    var scale = 1.0
    for _ in 0..<count { scale *= 10 }
    let whole = Int((self * scale).rounded())
    guard count > 0 else { return String(whole) }
    let fraction = String(abs(whole) % Int(scale))
    return "\(whole / Int(scale))." + String(repeating: "0", count: count - fraction.count) + fraction
  }
}

extension Int {
  func padded(_ width: Int) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}
