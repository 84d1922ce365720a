import Core

/// What a body became.
struct ReceivedBody: Sendable {
  var bytes: [UInt8] = []
  var form = Fields()
  var files: [UploadedFile] = []
}

/// Takes a body as it comes, by its content type. After a refusal the rest is swallowed, so that the answer reaches a
/// client that is still sending. Touched by one thread at a time.
final class BodyReader {
  private enum Kind {
    case form, json, raw, file, multipart
  }

  /// What a form or JSON may have in bytes when the route does not say.
  static let usualLimit = 64 << 10

  let limit: Int
  private let kind: Kind
  private let type: String
  private let folder: String
  private var received = 0
  private var bytes: [UInt8] = []
  private var multipart: MultipartReader?
  private var sink: FileSink?
  private(set) var refusal: Problem?

  /// Decides by the head alone. `length` is what the client declares, nil when chunked. Throws 413 and 415.
  init(route: Route, contentType: String?, length: Int?, folder: String) throws(Problem) {
    limit = route.limits.body ?? Self.usualLimit
    self.folder = folder
    let media = MediaType(contentType ?? "")
    type = media.name
    if let length, length > limit { throw Self.tooLarge(limit) }
    let hasPlainText =
      media.parameters["charset"].map { $0.lowercased() == "utf-8" || $0.lowercased() == "utf8" } ?? true
    switch media.name {
    case _ where route.limits.isWebhook: kind = .raw
    case "application/x-www-form-urlencoded" where route.kind == .page: kind = .form
    case "application/json": kind = .json
    case "multipart/form-data" where route.kind == .page || route.limits.takesFiles:
      guard let boundary = media.parameters["boundary"], Self.isBoundary(boundary) else {
        throw Problem(400, "The form has no boundary.")
      }
      kind = .multipart
      multipart = MultipartReader(boundary: boundary, takesFiles: route.limits.takesFiles, folder: folder)
    case _ where route.limits.takesFiles && !media.name.isEmpty: kind = .file
    default: throw Problem(415, route.kind == .api ? "Send application/json." : "Send a form.")
    }
    guard hasPlainText || kind == .raw || kind == .file else { throw Problem(415, "Send UTF-8.") }
    if kind == .form || kind == .json || kind == .raw { bytes.reserveCapacity(min(length ?? 0, limit)) }
  }

  static func tooLarge(_ limit: Int) -> Problem {
    Problem(
      413,
      "What you sent is larger than the \(limit >= 1 << 20 ? "\(limit >> 20) MB" : "\(limit >> 10) kB") allowed here.")
  }

  func feed(_ chunk: UnsafeRawBufferPointer) {
    guard refusal == nil else { return }
    received += chunk.count
    guard received <= limit else { return refuse(Self.tooLarge(limit)) }
    do throws(Problem) {
      switch kind {
      case .form, .json, .raw: bytes.append(contentsOf: chunk)
      case .file:
        if sink == nil { sink = try FileSink(folder: folder) }
        try sink!.write(chunk)
      case .multipart: try multipart!.feed(chunk)
      }
    } catch { refuse(error) }
  }

  /// The body is over. Once.
  func finish() throws(Problem) -> ReceivedBody {
    if let refusal { throw refusal }
    switch kind {
    case .json, .raw: return ReceivedBody(bytes: bytes)
    case .form:
      guard let form = Fields(urlencoded: bytes) else { throw Problem(400, "The form is malformed, or not UTF-8.") }
      return ReceivedBody(bytes: bytes, form: form)
    case .file:
      let sink = if let sink { sink } else { try FileSink(folder: folder) }
      return ReceivedBody(
        files: [UploadedFile(field: "body", filename: "body", declaredType: type, size: sink.size, file: sink.finish())]
      )
    case .multipart:
      let (form, files) = try multipart.take()!.finish()
      return ReceivedBody(form: form, files: files)
    }
  }

  private func refuse(_ problem: Problem) {
    refusal = problem
    bytes = []
    multipart = nil
    sink = nil
  }

  /// bchars of RFC 2046, at most 70.
  private static func isBoundary(_ text: String) -> Bool {
    (1...70).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122: true
        case 39...41, 43...47, 58, 61, 63, 95: true
        default: false
        }
      }
  }
}

/// `type/subtype; name=value` (RFC 9110, 8.3.1).
struct MediaType {
  /// Lower case, without parameters.
  let name: String
  let parameters: [String: String]

  init(_ text: String) {
    // What programs send, as they spell it.
    if text == "application/json" {
      (name, parameters) = (text, [:])
      return
    }
    let bare = text.prefix { $0 != ";" }.trimmingSpaces()
    name = bare.lowercased()
    parameters = MultipartReader.parameters(text, kind: name) ?? [:]
  }
}
