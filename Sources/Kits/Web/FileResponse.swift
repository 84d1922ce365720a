import Core
import Glibc

// Files as answers: validators (RFC 9110, 8.8 and 13), one byte range (14.2), and a name to save under (RFC 6266).
extension Response {
  /// The file at `path`, or 404. Ranges and validators of the request are honoured; the kernel copies the bytes.
  /// `download` is the name to save it under; without one the browser shows it.
  package static func file(
    path: String, type: String, for request: Request, download: String? = nil,
    cacheControl: String = "private, no-cache"
  ) throws -> Response {
    guard let file = OpenFile(path: path) else { throw Failure.notFound }
    return .file(file, type: type, for: request, download: download, cacheControl: cacheControl)
  }

  package static func file(
    _ file: OpenFile, type: String, for request: Request, download: String? = nil,
    cacheControl: String = "private, no-cache"
  ) -> Response {
    let tag =
      "\"" + String(file.inode, radix: 36) + "-" + String(file.size, radix: 36) + "-" + String(file.modified, radix: 36)
      + "\""
    var response = Response(
      200,
      headers: [
        ("content-type", type), ("accept-ranges", "bytes"), ("etag", tag),
        ("last-modified", HTTPDate.text(file.modified)),
        ("cache-control", cacheControl),
        ("content-disposition", disposition(download)),
      ], body: .file(file, offset: 0, length: file.size))
    if let wanted = request.header("if-none-match") {
      if Validator.matches(wanted, tag) { return response.notModified }
    } else if let since = request.header("if-modified-since").flatMap(HTTPDate.read), file.modified <= since {
      return response.notModified
    }
    guard request.method == .get, let text = request.header("range") else { return response }
    if let condition = request.header("if-range"), condition != tag, condition != HTTPDate.text(file.modified) {
      return response
    }
    switch ByteRange.read(text, size: file.size) {
    case .all: return response
    case .part(let offset, let length):
      response.status = 206
      response.set("content-range", "bytes \(offset)-\(offset + length - 1)/\(file.size)")
      response.body = .file(file, offset: offset, length: length)
      return response
    case .none:
      var problem = Problem(416, "The range lies outside the file.")
      problem.headers = [.init(name: "content-range", value: "bytes */\(file.size)")]
      var refusal = Response.problem(problem, for: request)
      refusal.set("content-range", "bytes */\(file.size)")
      return refusal
    }
  }

  private var notModified: Response {
    var copy = self
    copy.status = 304
    copy.body = .none
    copy.headers.removeAll { $0.name == "content-type" || $0.name == "content-disposition" }
    return copy
  }

  /// Plain ASCII for old readers, UTF-8 for the rest.
  static func disposition(_ name: String?) -> String {
    guard let name else { return "inline" }
    let plain = String(
      decoding: name.utf8.map { $0 >= 32 && $0 < 127 && $0 != 34 && $0 != 92 && $0 != 37 ? $0 : UInt8(ascii: "_") },
      as: UTF8.self)
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(PercentEncoding.encode(name))"
  }
}

/// What a `Range` header asks of a file.
enum ByteRange: Equatable {
  case all
  case part(offset: Int, length: Int)
  case none

  /// One range is served; several, or another unit, get the whole file, as the standard allows.
  static func read(_ header: String, size: Int) -> ByteRange {
    guard header.begins("bytes=") else { return .all }
    let text = Substring(header.utf8.dropFirst(6))
    guard !text.utf8.contains(UInt8(ascii: ",")) else { return .all }
    let ends = text.pieces(at: "-", most: 2, keepsEmpty: true).map { $0.trimmingSpaces() }
    guard ends.count == 2 else { return .all }
    func number(_ text: String) -> Int? { text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int(text) : nil }
    if ends[0].isEmpty {
      guard let suffix = number(ends[1]) else { return .all }
      guard suffix > 0, size > 0 else { return .none }
      let length = min(suffix, size)
      return .part(offset: size - length, length: length)
    }
    guard let first = number(ends[0]) else { return .all }
    if ends[1].isEmpty { return first < size ? .part(offset: first, length: size - first) : .none }
    guard let last = number(ends[1]), last >= first else { return .all }
    return first < size ? .part(offset: first, length: min(last, size - 1) - first + 1) : .none
  }
}

/// Dates as HTTP writes them: `Fri, 20 Nov 2026 18:00:00 GMT` (RFC 9110, 5.6.7).
enum HTTPDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  static func text(_ seconds: Int) -> String {
    let day = seconds / 86_400
    let date = Instant.civil(Int64(day))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let rest = seconds % 86_400
    return "\(days[day % 7]), \(two(Int(date.day))) \(months[Int(date.month) - 1]) \(date.year) "
      + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
  }

  /// Only the form everybody sends; the two obsolete ones are ignored.
  static func read(_ text: String) -> Int? {
    let parts = text.pieces(at: " ")
    guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]),
      let month = months.firstIndex(of: String(parts[2])),
      let year = Int64(parts[3])
    else { return nil }
    let time = parts[4].pieces(at: ":").compactMap { Int64($0) }
    // Judged before they are multiplied: an hour of nineteen digits would overflow.
    guard time.count == 3, (1970...9999).contains(year), (1...31).contains(day), (0...23).contains(time[0]),
      (0...59).contains(time[1]), (0...60).contains(time[2])
    else { return nil }
    return Int(Instant.dayNumber(year, Int64(month + 1), day) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2])
  }
}
