import Core
import Crypto
import JSON
import Media
import Web

@testable import Checkout
@testable import Files
@testable import Tutors

extension FuzzTarget {
  static let pictures = FuzzTarget("pictures", longest: 16_384) { bytes in
    guard let picture = try? Picture.remade(bytes, to: .square(64)) else { return }
    hold(picture.width <= 64 && picture.height <= 64, "a picture has the size that was asked for")
    hold((try? Picture.remade(picture.bytes, to: .within(64))) != nil, "what we make can be read")
  }

  static let fileKinds = FuzzTarget("file-kinds", longest: 512) { bytes in
    for declared in ["application/pdf", "audio/mpeg", "video/mp4", ""] {
      _ = FileKind(beginning: bytes, declared: declared)
    }
  }

  static let captions = FuzzTarget("captions") { bytes in
    guard let captions = try? Captions(reading: bytes, longest: .minutes(30)) else { return }
    hold(!captions.cues.isEmpty, "captions say something")
    hold(captions.cues.allSatisfy { $0.start < $0.end }, "what begins ends later")
    hold(zip(captions.cues, captions.cues.dropFirst()).allSatisfy { $0.start <= $1.start }, "cues stand in order")
    hold(
      (try? Captions(reading: Array(captions.text.utf8), longest: .minutes(30))) == captions,
      "captions are read as they are written")
  }

  /// Signed as the provider would, so that what lies behind the signature is reached too; the first line is the time.
  static let webhooks = FuzzTarget("webhooks") { bytes in
    let secret = [UInt8](repeating: 7, count: 32)
    let parts = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
    let time = text(parts[0]), body = parts.count > 1 ? parts[1] : []
    let signature = Hex.encode(HMAC.sign(Array("\(time).".utf8) + body, key: secret))
    for header in [time, "t=\(time),v1=\(signature)", text(bytes)] {
      var headers = Headers()
      headers.add(SimulatedGateway.header, header)
      let request = Request(.post, "/api/payments/webhooks/simulated/", headers: headers, body: body)
      _ = try? SimulatedGateway.news(in: request, now: Instant(seconds: 1_800_000_000), key: secret)
    }
  }

  static let search = FuzzTarget("search") { bytes in
    guard let fields = Fields(urlencoded: bytes) else { return }
    let now = Instant(seconds: 1_800_000_000)
    guard let search = try? TutorSearch.parameters(fields, now: now) else { return }
    hold((1...100).contains(search.pageSize), "a page has a bounded size")
  }
}
