import JSON

/// What one browser says of its link, cut to what can be: figures of a stranger's making.
struct QualitySample: Equatable, Sendable {
  let rtt: Int?
  let lossPermille: Int?
  let kilobitsIn: Int?
  let kilobitsOut: Int?
  let height: Int?
  let isRelayed: Bool?
  let grade: String?
  let rung: String?
  let jitter: Int?

  init(_ json: JSON) {
    func whole(_ name: String, upTo limit: Int) -> Int? {
      json[name]?.double.flatMap { $0.isFinite ? Int(min(max($0.rounded(), 0), Double(limit))) : nil }
    }
    func word(_ name: String, of known: [String]) -> String? {
      json[name]?.string.flatMap { known.contains($0) ? $0 : nil }
    }
    rtt = whole("rtt_ms", upTo: 60_000)
    jitter = whole("jitter_ms", upTo: 60_000)
    let losses = ["loss", "uplink_loss"].compactMap { json[$0]?.double }.filter(\.isFinite)
    lossPermille = losses.max().map { Int((min(max($0, 0), 1) * 1000).rounded()) }
    let received = ["audio_kbps", "video_kbps"].compactMap { whole($0, upTo: 1_000_000) }
    kilobitsIn = received.isEmpty ? nil : received.reduce(0, +)
    kilobitsOut = whole("sent_kbps", upTo: 1_000_000)
    height = whole("height", upTo: 10_000)
    isRelayed = json["route"]?.string.map { $0 == "relay" }
    grade = word("grade", of: ["good", "fair", "poor", "lost"])
    rung = word("rung", of: ["full", "low", "audio"])
  }
}
