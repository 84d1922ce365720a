import Compression
import Core

/// Which coding a client wants (RFC 9110, 12.5.3).
enum AcceptEncoding {
  /// Of what there is, the one it weighs most, in doubt the first; nothing when it wants the bytes as they are.
  static func choose(_ header: String?, from offered: [Compression]) -> Compression? {
    guard let header, !offered.isEmpty else { return nil }
    var weights: [String: Int] = [:]
    for entry in header.split(separator: ",") {
      let parts = entry.split(separator: ";")
      guard let name = parts.first?.trimmingSpaces().lowercased(), !name.isEmpty else { continue }
      weights[name] = parts.dropFirst().lazy.compactMap { weight($0.trimmingSpaces()) }.first ?? 1000
    }
    var best: (coding: Compression, weight: Int)?
    for coding in offered {
      let weight = weights[coding.rawValue] ?? weights["*"] ?? 0
      if weight > best?.weight ?? 0 { best = (coding, weight) }
    }
    guard let best, best.weight >= weights["identity"] ?? 0 else { return nil }
    return best.coding
  }

  /// `q=0.5` in thousandths; what is malformed weighs nothing.
  private static func weight(_ text: String) -> Int? {
    guard text.lowercased().hasPrefix("q=") else { return nil }
    guard let value = Double(text.dropFirst(2)), (0...1).contains(value) else { return 0 }
    return Int((value * 1000).rounded())
  }
}
