import Core
import Glibc
import Synchronization

/// Counters, gauges and histograms by name, told in the Prometheus text format (version 0.0.4). What is counted on a
/// hot path holds its ``Counter`` and never looks it up.
package final class Metrics: Sendable {
  package final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    package func add(_ n: Int = 1) { value.wrappingAdd(n, ordering: .relaxed) }
    package var count: Int { value.load(ordering: .relaxed) }
  }

  package final class Gauge: Sendable {
    private let value = Atomic<Int>(0)
    package func set(_ n: Int) { value.store(n, ordering: .relaxed) }
    package func add(_ n: Int) { value.wrappingAdd(n, ordering: .relaxed) }
    package var current: Int { value.load(ordering: .relaxed) }
  }

  package final class Histogram: Sendable {
    /// Upper bounds in seconds.
    package static let seconds: [Double] = [
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    let bounds: [Double]
    private let buckets: [Counter]
    private let microseconds = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    init(bounds: [Double]) {
      self.bounds = bounds
      buckets = bounds.map { _ in Counter() }
    }

    package func observe(_ value: Double) {
      if let at = bounds.firstIndex(where: { value <= $0 }) { buckets[at].add() }
      total.wrappingAdd(1, ordering: .relaxed)
      microseconds.wrappingAdd(Int(value * 1_000_000), ordering: .relaxed)
    }

    package var count: Int { total.load(ordering: .relaxed) }

    fileprivate func write(_ name: String, _ labels: [(String, String)], into out: inout String) {
      var running = 0
      for (bound, bucket) in zip(bounds, buckets) {
        running += bucket.count
        out += "\(name)_bucket\(Metrics.text(labels + [("le", Metrics.text(bound))])) \(running)\n"
      }
      out += "\(name)_bucket\(Metrics.text(labels + [("le", "+Inf")])) \(count)\n"
      out +=
        "\(name)_sum\(Metrics.text(labels)) \(Metrics.text(Double(microseconds.load(ordering: .relaxed)) / 1_000_000))\n"
      out += "\(name)_count\(Metrics.text(labels)) \(count)\n"
    }
  }

  private enum Series: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case read(@Sendable () -> Double)
    case total(@Sendable () -> Double)
    case rows(@Sendable () -> [(labels: [(String, String)], value: Double)])
    case histogram(Histogram)

    var type: String {
      switch self {
      case .counter, .total: "counter"
      case .gauge, .read, .rows: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  private struct Family: Sendable {
    var help: String
    var series: [(labels: [(String, String)], key: String, value: Series)] = []
  }

  private let families = Locked<(order: [String], byName: [String: Family])>(([], [:]))

  package init() {}

  /// The counter of that name and these labels, made when it is first asked for.
  package func counter(_ name: String, _ help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter {
    guard case .counter(let counter) = series(name, help, labels, { .counter(Counter()) }) else { return Counter() }
    return counter
  }

  package func gauge(_ name: String, _ help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
    guard case .gauge(let gauge) = series(name, help, labels, { .gauge(Gauge()) }) else { return Gauge() }
    return gauge
  }

  /// A gauge that is read when asked. `read` is called on whatever thread asks.
  package func gauge(
    _ name: String, _ help: String, labels: KeyValuePairs<String, String> = [:], read: @escaping @Sendable () -> Double
  ) {
    _ = series(name, help, labels, { .read(read) })
  }

  /// A counter that somebody else keeps, read when asked, on whatever thread asks. It must never fall.
  package func counter(
    _ name: String, _ help: String, labels: KeyValuePairs<String, String> = [:], read: @escaping @Sendable () -> Double
  ) {
    _ = series(name, help, labels, { .total(read) })
  }

  /// A gauge whose labels are known only when it is read; no rows, and the family is not told at all.
  package func gauges(
    _ name: String, _ help: String, read: @escaping @Sendable () -> [(labels: [(String, String)], value: Double)]
  ) {
    _ = series(name, help, [:], { .rows(read) })
  }

  /// A distribution, in seconds unless `bounds` are of something else.
  package func histogram(
    _ name: String, _ help: String, labels: KeyValuePairs<String, String> = [:], bounds: [Double] = Histogram.seconds
  ) -> Histogram {
    guard case .histogram(let histogram) = series(name, help, labels, { .histogram(Histogram(bounds: bounds)) }) else {
      return Histogram(bounds: bounds)
    }
    return histogram
  }

  private func series(
    _ name: String, _ help: String, _ labels: KeyValuePairs<String, String>, _ make: () -> Series
  ) -> Series {
    let labels = labels.map { ($0.key, $0.value) }
    let key = Self.text(labels)
    return families.withLock { families in
      if families.byName[name] == nil {
        families.order.append(name)
        families.byName[name] = Family(help: help)
      }
      if let known = families.byName[name]!.series.first(where: { $0.key == key }) { return known.value }
      let value = make()
      families.byName[name]!.series.append((labels, key, value))
      return value
    }
  }

  /// Everything, as Prometheus reads it.
  package var text: String {
    let families = families.withLock { $0 }
    var out = ""
    for name in families.order {
      guard let family = families.byName[name], let first = family.series.first else { continue }
      out += "# HELP \(name) \(family.help)\n# TYPE \(name) \(first.value.type)\n"
      for series in family.series {
        switch series.value {
        case .counter(let counter): out += "\(name)\(series.key) \(counter.count)\n"
        case .gauge(let gauge): out += "\(name)\(series.key) \(gauge.current)\n"
        case .read(let read), .total(let read): out += "\(name)\(series.key) \(Self.text(read()))\n"
        case .rows(let read):
          for row in read() { out += "\(name)\(Self.text(row.labels)) \(Self.text(row.value))\n" }
        case .histogram(let histogram): histogram.write(name, series.labels, into: &out)
        }
      }
    }
    return out
  }

  fileprivate static func text(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    func escape(_ text: String) -> String {
      var out = ""
      for character in text {
        switch character {
        case "\\": out += "\\\\"
        case "\"": out += "\\\""
        case "\n": out += "\\n"
        default: out.append(character)
        }
      }
      return out
    }
    return "{" + labels.map { "\($0.0)=\"\(escape($0.1))\"" }.joined(separator: ",") + "}"
  }

  fileprivate static func text(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
  }
}
